"""Call keys: what they cover and what they don't."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fcc.providers.base import Message, ModelRequest, Sampling
from fcc.simulation import call_key, fingerprint

text = st.text(max_size=20)
messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), text), max_size=3
).map(tuple)
samplings = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0.1, 1),
    max_tokens=st.none() | st.integers(1, 9),
    seed=st.none() | st.integers(0, 9),
    stop=st.lists(text, max_size=2).map(tuple),
)
requests = st.builds(ModelRequest, messages, text, samplings, text)


@given(requests, text, requests, text)
def test_equal_calls_and_only_those_share_a_key(
    a: ModelRequest, backend_a: str, b: ModelRequest, backend_b: str
) -> None:
    """Two calls have one key exactly when the model is sent the same by the same backend at the same place."""
    same = (a, backend_a) == (b, backend_b)
    assert (call_key(a, backend_a) == call_key(b, backend_b)) == same
    assert call_key(a, backend_a) == call_key(replace(a), backend_a)


@given(requests)
def test_every_covered_field_changes_the_key(request: ModelRequest) -> None:
    """Messages, model, each sampling parameter, place and backend each make it another call."""
    key = call_key(request, "b/1")
    others = [
        replace(request, messages=(*request.messages, Message("user", "more"))),
        replace(request, model=request.model + "x"),
        replace(request, call_id=request.call_id + "x"),
        *(
            replace(request, sampling=replace(request.sampling, **{name: value}))
            for name, value in [
                ("temperature", 1.7171),
                ("top_p", 0.0171),
                ("max_tokens", 99),
                ("seed", 99),
                ("stop", ("§§",)),
            ]
        ),
    ]
    assert key not in {call_key(other, "b/1") for other in others}
    assert call_key(request, "b/2") != key


def test_a_key_is_the_same_on_every_machine() -> None:
    """A key written today is found tomorrow: this one was taken from a record."""
    request = ModelRequest(
        (Message("system", "s"), Message("user", "ü\ud800")), "m", Sampling(temperature=0.5), "a/0/0/0/0"
    )
    assert (
        call_key(request, "deterministic/1")
        == "b5e41be48061e2fb3a02818a9f3b96af84a2e94091f8204997b35dd5b6e6ca20"
    )


@given(st.dictionaries(text, st.integers() | text, max_size=5))
def test_the_order_of_keys_does_not_matter(mapping: dict[str, object]) -> None:
    """A mapping has one fingerprint, however it was put together."""
    assert fingerprint(mapping) == fingerprint(dict(reversed(mapping.items())))
