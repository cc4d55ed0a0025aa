"""Looking ahead: which steps would ask, why, and what it may take; and that it is what then happens."""

from __future__ import annotations

from typing import Any

import pytest

import fcc
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest, Usage
from fcc.simulation.preview import Preview
from fcc.wiring import RunRequest, prepare


def paid() -> FunctionProvider:
    async def answer(request: ModelRequest) -> ModelReply:
        text = (await DeterministicProvider().complete(request)).text
        return ModelReply(text, "m", "live", Usage(100, 250), 0.01)

    return FunctionProvider(answer)


def look(chain: Any = "devops-deployment", **options: Any) -> Preview:
    return prepare(RunRequest(chain, **options)).preview()


def rows(preview: Preview) -> dict[str, tuple[str, list[str]]]:
    return {step.name: (step.action, [cause.text for cause in step.causes]) for step in preview.steps}


def test_a_first_run_asks_every_step() -> None:
    """With about as many tokens as its prompts have, and no price where nobody knows it."""
    found = look(model=paid())
    assert {step.action for step in found.steps} == {"ask"}
    assert rows(found)["pipeline"] == ("ask", ["first run"])
    record = fcc.run("devops-deployment")
    for step in found.steps:
        sent = sum(len(message.content) for message in record.step(step.name).calls[0].request.messages) // 4
        assert abs((step.input_tokens or 0) - sent) <= sent * 0.1
    assert found.total("output_tokens") is None
    assert found.total("cost") is None
    assert look().total("cost") == 0


def test_the_same_again_asks_nothing() -> None:
    """Every reply is known."""
    record = fcc.run("devops-deployment", model=paid())
    found = look(model=paid(), reuse=record)
    assert {step.action for step in found.steps} == {"keep"}
    assert found.asked == []
    assert found.against == (record.id,)


def test_what_an_edit_reaches_is_asked_and_why() -> None:
    """The input that differs, and the steps upstream that change; output tokens as the last time."""
    record = fcc.run("devops-deployment", model=paid())
    found = look(model=paid(), reuse=record, inputs={"latency_sla": "< 50ms p95"})
    assert rows(found) == {
        "requirements": ("ask", ["input latency_sla: '< 100ms p99' → '< 50ms p95'"]),
        "pipeline": ("ask", ["upstream requirements changes"]),
        "infrastructure": ("ask", ["upstream pipeline changes"]),
        "monitoring": (
            "ask",
            ["input latency_sla: '< 100ms p99' → '< 50ms p95'", "upstream infrastructure changes"],
        ),
    }
    assert [step.output_tokens for step in found.steps] == [250] * 4


def test_a_new_version_of_a_persona_is_told_as_one() -> None:
    """`persona version 1 → 2`, and what comes after it by the step upstream."""
    from fcc.agents.plan import make_plan
    from fcc.wiring import open_catalog

    catalog = open_catalog()
    record = fcc.run("devops-deployment")
    changed = catalog.personas.get("PBD").model_copy(
        update={"version": 2, "role_title": "Pipeline Architect"}
    )
    plan = make_plan(
        catalog.chain("devops-deployment")[0],
        persona=lambda id_: changed if id_ == "PBD" else catalog.personas.get(id_),
        prompt=catalog.prompts.get,
        policy=catalog.policy,
    )
    assert rows(look(plan, reuse=record)) == {
        "requirements": ("keep", []),
        "pipeline": ("ask", ["persona version 1 → 2"]),
        "infrastructure": ("ask", ["upstream pipeline changes"]),
        "monitoring": ("ask", ["upstream infrastructure changes"]),
    }


def test_another_model_is_told() -> None:
    """Swapped for one step, it reaches what comes after."""
    record = fcc.run("devops-deployment")
    found = look(reuse=record, model={"infrastructure": paid()})
    assert rows(found)["infrastructure"] == ("ask", ["model deterministic/1 → function/function/1"])
    assert rows(found)["requirements"] == ("keep", [])


def test_flow_is_looked_at_as_far_as_it_is_known() -> None:
    """A condition on inputs is decided now, one on an output that is not there yet is left open; events and gates are told."""
    step = {"persona": "JUS", "task": "Write about {{ inputs.env }}."}
    chain = fcc.Chain.model_validate(
        {
            "name": "c",
            "inputs": {"env": {"default": "dev"}},
            "events": {"alert": {}},
            "steps": {
                "a": step,
                "b": {**step, "when": 'inputs.env == "prod"'},
                "c": {**step, "needs": ["a"], "when": "outputs.a.score > 0.9"},
                "d": {**step, "on": "alert"},
                "g": {"needs": ["a"], "approve": {"question": "?"}},
                "e": {**step, "needs": ["g"]},
            },
        }
    )
    found = {step.name: (step.action, step.note) for step in look(chain).steps}
    assert found == {
        "a": ("ask", ""),
        "b": ("skip", '`inputs.env == "prod"` does not hold'),
        "c": ("ask", "if `outputs.a.score > 0.9`"),
        "d": ("skip", "no alert came"),
        "g": ("gate", "a person is asked"),
        "e": ("ask", ""),
    }


def test_looking_ahead_writes_and_asks_nothing(tmp_path) -> None:
    """No folder, no ledger, no call."""

    def never(_request: ModelRequest) -> str:
        raise AssertionError("asked")

    look(model=FunctionProvider(never), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_five_hundred_steps_are_looked_at() -> None:
    """A long chain is looked at step by step, each with what it needs; how fast is in benchmarks/."""
    steps = {
        f"s{n}": {
            "persona": "JUS",
            "task": f"Part {n}" + "".join(f" {{{{ handoff.s{m} }}}}" for m in range(max(0, n - 2), n)),
            "needs": [f"s{m}" for m in range(max(0, n - 2), n)],
        }
        for n in range(500)
    }
    found = look(fcc.Chain.model_validate({"name": "long", "steps": steps}))
    assert len(found.asked) == 500


@pytest.mark.parametrize("output_tokens", [None, 10])
def test_a_price_in_a_profile_is_enough(output_tokens: int | None) -> None:
    """LiteLLM is not asked where the profile says what tokens cost."""
    from fcc.providers.litellm import LiteLLMProvider, Price

    provider = LiteLLMProvider("openai/m", api_base="http://127.0.0.1:1/v1", price=Price(1.0, 2.0))
    expected = None if output_tokens is None else pytest.approx(0.00003)
    assert provider.estimate_cost(10, output_tokens) == expected
