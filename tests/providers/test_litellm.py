"""Real HTTP through LiteLLM, against a server on this machine: replies, keys, identity, cost, connections."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from fcc.errors import AuthenticationError, ConfigError
from fcc.providers.base import Message, ModelRequest, ResponseFormat, Sampling, Usage
from fcc.providers.litellm import LiteLLMProvider, Price
from support.openai_server import DEFAULT_TEXT, Scripted

MODEL = "openai/local-model"
REQUEST = ModelRequest(messages=(Message("system", "Be brief."), Message("user", "hello")))
COUNTED = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 30},
}


def ask(provider, request=REQUEST):
    return asyncio.run(provider.complete(request))


def local(server, **options):
    return LiteLLMProvider(options.pop("model", MODEL), api_base=server.url, **options)


def test_the_reply_is_what_the_server_said(openai_server):
    """Text, answering model, tokens, finish reason and origin are the server's; the latency is measured."""
    openai_server.script([Scripted("Hello!", model="served-7b", usage=COUNTED, delay=0.05)])
    reply = ask(local(openai_server))
    assert (reply.text, reply.model, reply.origin) == ("Hello!", "served-7b", "live")
    assert reply.usage == Usage(1000, 500, 400, 30)
    assert (reply.finish_reason, reply.attempts) == ("stop", 1)
    assert 0.05 <= reply.latency < 5


def test_the_request_is_what_was_asked(openai_server):
    """Messages and all sampling parameters reach the server, under the model's own name, with the call's id."""
    sampling = Sampling(temperature=0.2, top_p=0.9, max_tokens=64, seed=7, stop=("END", "STOP"))
    ask(local(openai_server), ModelRequest(REQUEST.messages, "", sampling, "build/0/1/0/0"))
    (received,) = openai_server.requests
    assert received.json == {
        "model": "local-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "temperature": 0.2,
        "top_p": 0.9,
        "max_tokens": 64,
        "seed": 7,
        "stop": ["END", "STOP"],
    }
    assert received.headers["x-call-id"] == "build/0/1/0/0"


def test_what_is_not_asked_for_is_not_sent(openai_server):
    """Without sampling and call id, the model's own defaults hold."""
    ask(local(openai_server))
    (received,) = openai_server.requests
    assert set(received.json) == {"model", "messages"}
    assert "x-call-id" not in received.headers


def test_the_model_of_the_request_goes_first(openai_server):
    """One provider can be asked for another model of the same server."""
    reply = ask(local(openai_server), ModelRequest(REQUEST.messages, model="openai/other"))
    assert openai_server.requests[0].json["model"] == "other"
    assert reply.model == "other"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
        ("abort", "abort"),
    ],
)
def test_finish_reasons(openai_server, said, reason):
    """The usual reasons are normalised; a word that nobody knows is kept rather than called `stop`."""
    openai_server.script([Scripted(finish_reason=said)])
    assert ask(local(openai_server)).finish_reason == reason


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}])
def test_tokens_that_were_not_counted_are_unknown(openai_server, usage):
    """A server that does not count gives None, not 0, and then there is no cost either."""
    openai_server.script([Scripted(usage=usage)])
    reply = ask(local(openai_server, price=Price(1.0, 2.0)))
    assert reply.usage == Usage()
    assert reply.cost is None


def test_a_price_of_ones_own(openai_server):
    """Dollars a million tokens, by what the server counted."""
    openai_server.always(Scripted(usage=COUNTED))
    assert ask(local(openai_server, price=Price(2.0, 10.0))).cost == pytest.approx(0.007)
    assert ask(local(openai_server, price=Price(0.0, 0.0))).cost == 0.0


def test_the_listed_price(openai_server):
    """A model in LiteLLM's table has a cost; cached tokens cost less there."""
    plain = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    openai_server.script([Scripted(usage=plain), Scripted(usage=COUNTED)])
    provider = local(openai_server, model="openai/gpt-4o-mini")
    full, cached = ask(provider).cost, ask(provider).cost
    assert full == pytest.approx(0.00045)
    assert 0 < cached < full


def test_a_model_that_is_not_listed_has_no_cost(openai_server):
    """Unknown is None, never 0."""
    assert ask(local(openai_server)).cost is None


def test_replies_go_to_those_who_asked(openai_server):
    """Many calls at once on one provider: each is made once and gets an answer of its own."""
    openai_server.script([f"answer {n}" for n in range(30)])
    provider = local(openai_server)

    async def together():
        return await asyncio.gather(*(provider.complete(REQUEST) for _ in range(30)))

    assert {reply.text for reply in asyncio.run(together())} == {f"answer {n}" for n in range(30)}
    assert len(openai_server.requests) == 30


# keys and addresses


def test_a_server_of_ones_own_needs_no_key(openai_server, monkeypatch):
    """It is called without one, and the key for OpenAI is never sent to it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-meant-for-openai-only")
    assert ask(local(openai_server)).text == DEFAULT_TEXT
    assert "sk-meant" not in str(openai_server.requests[0].headers)


def test_the_key_comes_from_the_variable_that_is_named(openai_server, monkeypatch):
    """`api_key_env` names it, and it is read when the call is made."""
    provider = local(openai_server, api_key_env="GATEWAY_KEY")
    monkeypatch.setenv("GATEWAY_KEY", "gateway-key-1234")
    ask(provider)
    assert openai_server.requests[0].headers["authorization"] == "Bearer gateway-key-1234"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_says_what_to_set(openai_server, monkeypatch, value):
    """The error names the variable and the way without a key; nothing was sent."""
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("GATEWAY_KEY", value)
    with pytest.raises(AuthenticationError, match="GATEWAY_KEY is not set") as caught:
        ask(local(openai_server, api_key_env="GATEWAY_KEY"))
    assert "export GATEWAY_KEY=" in caught.value.hint
    assert "--model deterministic" in caught.value.hint
    assert openai_server.requests == []


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "gpt-4o-mini"])
def test_openai_without_a_key(model):
    """The usual variable is named before anything is sent."""
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY is not set"):
        ask(LiteLLMProvider(model))


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_the_usual_variable_names_the_server(openai_server, monkeypatch, variable):
    """An `openai/…` model goes where the environment says, with the environment's key if there is one."""
    monkeypatch.setenv(variable, openai_server.url)
    provider = LiteLLMProvider(MODEL)
    assert ask(provider).text == DEFAULT_TEXT
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-this-gateway")
    ask(provider)
    assert [r.headers["authorization"] for r in openai_server.requests] == [
        "Bearer not-needed",
        "Bearer sk-for-this-gateway",
    ]
    assert provider.identity == f"litellm/{MODEL}@127.0.0.1"


def test_the_identity():
    """The model and its host, or its label; no port, no path, no user, no key."""
    base = "http://ann:secret@Models.Example:8000/v1"
    assert LiteLLMProvider(MODEL, api_base=base).identity == f"litellm/{MODEL}@models.example"
    assert LiteLLMProvider(MODEL, api_base=base, endpoint="lab").identity == f"litellm/{MODEL}@lab"
    assert LiteLLMProvider("ollama/llama3").identity == "litellm/ollama/llama3@default"


def test_openais_variable_is_for_openais_models(monkeypatch):
    """A base URL for OpenAI changes nothing for another vendor's model."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert LiteLLMProvider("anthropic/claude-x").identity.endswith("@default")
    assert LiteLLMProvider("gpt-4o-mini").identity.endswith("@127.0.0.1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": " "}, "needs the name of a model"),
        ({"timeout": 0.0}, "lets no call end"),
        ({"api_base": "localhost:8000"}, "api_base is not the address of a server"),
    ],
)
def test_a_wrong_set_up_is_refused(options, said):
    """Before any call, as a mistake in the set-up."""
    with pytest.raises(ConfigError, match=said):
        LiteLLMProvider(**{"model": MODEL} | options)


# connections


def test_one_provider_serves_one_loop_after_the_other(openai_server):
    """Connections of a loop that has ended are closed and not used again."""
    provider = local(openai_server)
    assert [ask(provider).text for _ in range(3)] == [DEFAULT_TEXT] * 3


def test_calls_go_on_after_closing(openai_server):
    """`aclose` ends connections, not the provider."""
    provider = local(openai_server)

    async def closing():
        await provider.aclose()
        first = await provider.complete(REQUEST)
        await provider.aclose()
        return first, await provider.complete(REQUEST)

    assert len(asyncio.run(closing())) == 2


def test_closing_one_leaves_the_calls_of_another_alone(openai_server):
    """A run that ends does not cut off one that is still waiting in the same loop."""
    openai_server.script([Scripted("slow", delay=0.3)])

    async def both():
        slow = asyncio.create_task(local(openai_server).complete(REQUEST))
        await asyncio.sleep(0.1)
        await local(openai_server).aclose()
        return await slow

    assert asyncio.run(both()).text == "slow"


def test_a_cancelled_call_ends_at_once(openai_server):
    """Cancelling does not wait for the answer, and is not turned into another error."""
    openai_server.script([Scripted(delay=0.5)])

    async def cancelled():
        task = asyncio.create_task(local(openai_server).complete(REQUEST))
        await asyncio.sleep(0.1)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


SCRIPT = """
import asyncio, gc, itertools, os, sys, time
from fcc.errors import UnavailableError
from fcc.providers.base import Message, ModelRequest
from fcc.providers.litellm import LiteLLMProvider

assert "litellm" not in sys.modules, "imported before the first call"
provider = LiteLLMProvider("openai/local-model", api_base=sys.argv[1])
request = ModelRequest((Message("user", "hello"),))

ticks = []

async def ticking():
    while True:
        ticks.append(time.perf_counter())
        await asyncio.sleep(0.01)

async def main():
    beside = asyncio.create_task(ticking())
    await asyncio.gather(provider.complete(request), provider.complete(request))
    beside.cancel()
    longest = max(after - before for before, after in itertools.pairwise(ticks))
    assert longest < (ticks[-1] - ticks[0]) / 2, "the loop stood still during the import"
    try:
        await provider.complete(request)
    except UnavailableError:
        return
    raise AssertionError("the third answer is a 500")

asyncio.run(main())
gc.collect()
assert gc.isenabled()
assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "true", "the user's own setting was replaced"
assert os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] == "True"
"""


def test_a_fresh_process_stays_quiet(openai_server):
    """First call, success and failure: nothing on stdout or stderr, warnings as errors, the loop goes on."""
    openai_server.script(["one", Scripted(finish_reason="abort"), Scripted(status=500)])
    path = os.pathsep.join(sys.path)
    env = os.environ | {"PYTHONPATH": path, "LITELLM_LOCAL_MODEL_COST_MAP": "true"}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, openai_server.url]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("model", "schemas", "native"),
    [
        ("openai/local-model", None, False),
        ("openai/local-model", True, True),
        ("openai/gpt-4o-mini", None, True),
        ("openai/gpt-4o-mini", False, False),
    ],
)
def test_the_native_mode_for_schemas(openai_server, model, schemas, native):
    """It is used where LiteLLM reports it, or where the caller knows better; strictly where the schema allows it."""
    loose = {"type": "object", "properties": {"a": {"type": "string"}}}
    strict = loose | {"required": ["a"], "additionalProperties": False}
    for schema, is_strict in ((loose, False), (strict, True)):
        form = ResponseFormat(schema, "triage")
        ask(
            local(openai_server, model=model, schemas=schemas),
            ModelRequest(REQUEST.messages, response_format=form),
        )
        sent = openai_server.requests[-1].json.get("response_format")
        expected = {"name": "triage", "schema": schema, "strict": is_strict}
        assert sent == ({"type": "json_schema", "json_schema": expected} if native else None)


def test_a_stream_is_told_as_it_comes(openai_server):
    """Piece by piece, together the reply's text, with what the server counted."""
    openai_server.always(Scripted("one two three", usage=COUNTED, model="served-7b"))
    told = []
    reply = asyncio.run(local(openai_server).stream(REQUEST, told.append))
    assert told == ["one", " two", " three"]
    assert (reply.text, reply.model, reply.usage) == ("one two three", "served-7b", Usage(1000, 500, 400, 30))
    assert openai_server.requests[0].json["stream"] is True
