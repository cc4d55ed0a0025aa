"""Two runs side by side: where they diverged, why, and how far it spread."""

from __future__ import annotations

import itertools
from dataclasses import replace

import fcc
from fcc.errors import UnavailableError
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest
from fcc.simulation import RunRecord
from fcc.simulation.diff import RunDiff, diff_runs


def why(diff: RunDiff) -> dict[str, list[str]]:
    return {step.name: [cause.kind for cause in step.causes] for step in diff.steps if not step.same}


def test_equal_runs_are_the_same() -> None:
    """Two runs of the stand-in differ in nothing but id and time."""
    found = diff_runs(fcc.run("devops-deployment"), fcc.run("devops-deployment"))
    assert found.same
    assert found.first is None
    assert found.spread == []


def test_an_input_is_named_with_both_values_and_how_far_it_spread() -> None:
    """The first step that diverged, what in its fingerprints differed, the text, and the steps after it."""
    one, other = fcc.run("devops-deployment"), fcc.run("devops-deployment", inputs={"framework": "pytorch"})
    found = diff_runs(one, other)
    assert found.first.name == "requirements"
    assert found.first.causes[0] == ("input", "input framework: 'scikit-learn' → 'pytorch'", "framework")
    assert "-- Framework: scikit-learn" in found.first.text
    assert "+- Framework: pytorch" in found.first.text
    assert found.spread == [
        name
        for name in ("pipeline", "infrastructure", "monitoring")
        if other.outputs[name] != one.outputs[name]
    ]


def flaky() -> FunctionProvider:
    """A model that never says the same twice."""
    count = itertools.count()

    async def answer(request: ModelRequest) -> ModelReply:
        text = (await DeterministicProvider().complete(request)).text
        return ModelReply(f"Take {next(count) + 1000}.\n{text}", "m", "live")

    return FunctionProvider(answer)


def test_the_models_own_sampling_is_told_from_the_rest() -> None:
    """The same question with another answer; what comes after was asked something else."""
    found = diff_runs(
        fcc.run("devops-deployment", model=(model := flaky())), fcc.run("devops-deployment", model=model)
    )
    assert why(found) == {
        "requirements": ["sampling"],
        "pipeline": ["upstream"],
        "infrastructure": ["upstream"],
        "monitoring": ["upstream"],
    }
    assert found.first.causes[0].text == "the same question got another answer: the model's own sampling"


def test_a_model_a_persona_a_prompt_and_a_handoff_are_each_told() -> None:
    """By what the fingerprints say, in the words of the files."""
    one = fcc.run("devops-deployment")
    assert why(diff_runs(one, fcc.run("devops-deployment", model={"pipeline": flaky()})))["pipeline"] == [
        "model"
    ]

    from dataclasses import replace

    def changed(part: str, value: str) -> RunRecord:
        step = one.steps[1]
        call = replace(step.calls[0], key=value, fingerprints={**step.calls[0].fingerprints, part: value})
        return replace(
            one, steps=(one.steps[0], replace(step, calls=(call,), output="other"), *one.steps[2:])
        )

    for part, kind in (
        ("persona", "persona"),
        ("template", "template"),
        ("handoff", "handoff"),
        ("item", "item"),
    ):
        assert why(diff_runs(one, changed(part, "x")))["pipeline"] == [kind]


def test_an_outage_is_a_difference_of_status() -> None:
    """What one run has and the other has not."""

    def down(_request: ModelRequest) -> str:
        raise UnavailableError("down")

    found = diff_runs(
        fcc.run("devops-deployment"), fcc.run("devops-deployment", model={"pipeline": FunctionProvider(down)})
    )
    assert found.first.name == "pipeline"
    assert found.first.causes[-1] == ("status", "completed → failed (unavailable)", "")
    assert found.verdicts == ("APPROVED", "NO VERDICT")


def test_steps_that_only_one_run_has_are_told() -> None:
    """Another chain, or another item."""
    step = {"persona": "JUS", "task": "t"}
    one = fcc.run(fcc.Chain.model_validate({"name": "c", "steps": {"a": step}}), run_id="one")
    other = fcc.run(fcc.Chain.model_validate({"name": "c", "steps": {"a": step, "b": step}}), run_id="other")
    assert diff_runs(one, other).steps[1].causes[0] == ("new", "one has no such step", "")
    assert diff_runs(other, one).steps[1].causes[0] == ("new", "one has no such step", "")


def test_what_asks_no_model_differs_by_what_it_rests_on() -> None:
    """Halted steps, gates and rehearsals follow the step that diverged; a rehearsal has no sampling of its own."""
    chain = fcc.Chain.model_validate(
        {
            "name": "c",
            "inputs": {"availability_sla": {"default": "99.9%"}},
            "steps": {
                "build": {"persona": "DVE", "task": "Write:\n- Kubernetes manifests (Deployment, Service)\n"},
                "ready": {"needs": ["build"], "gate": {"rules": [{"allow": "true"}]}},
                "dry": {"needs": ["build"], "rehearse": {"scenarios": ["bad-image"]}},
                "report": {"persona": "JUS", "task": "Tell.", "needs": ["dry"]},
            },
        }
    )
    good, bad = fcc.run(chain), fcc.run(chain, model={"build": "deterministic:secret-in-env"})
    found = diff_runs(bad, good)
    assert found.origins == ["build"]
    assert found.spread == ["ready", "dry", "report"]
    steps = {step.name: step for step in found.steps}
    assert steps["dry"].causes[0].text == "skipped (halted) → completed, upstream build changed"
    built = good.step("dry")
    other = replace(good, steps=tuple(replace(s, output="Other.") if s is built else s for s in good.steps))
    assert why(diff_runs(good, other)) == {"dry": ["rehearsal"]}
    given = replace(other, inputs={"availability_sla": "99%"})
    assert why(diff_runs(good, given))["dry"] == ["input"]
