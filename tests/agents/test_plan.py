"""Plans: order, and what is found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.agents import Chain
from fcc.agents.plan import order_steps, split_models
from fcc.errors import ConfigError, FccError, InvalidFileError
from fcc.wiring import open_catalog

CHAIN = """\
name: {name}
inputs:
  city: {{default: Bern}}
steps:
  first: {{persona: JUS, task: "About {{{{ inputs.city }}}}"}}
"""


def chain_file(text: str, name: str = "c.yaml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def plan_error(text: str) -> str:
    with pytest.raises(InvalidFileError) as caught:
        open_catalog().plan(chain_file(text))
    return caught.value.message


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [f"s{n}" for n in range(draw(st.integers(1, 60)))]
    order = draw(st.permutations(names))
    return {
        name: draw(st.lists(st.sampled_from(order[: order.index(name)]), max_size=4))
        if order.index(name)
        else []
        for name in names
    }


@given(graphs())
def test_every_step_comes_once_and_after_its_needs(needs: dict[str, list[str]]) -> None:
    """Any graph of up to 60 steps without a circle is put in an order that honours it."""
    order, circle = order_steps(needs)
    assert circle == []
    assert sorted(order) == sorted(needs)
    assert all(order.index(need) < order.index(name) for name, wanted in needs.items() for need in wanted)


def test_order_keeps_to_the_file() -> None:
    """Steps that do not need one another run as they are written."""
    order, _ = order_steps({"c": [], "a": ["b"], "b": []})
    assert order == ["c", "b", "a"]


def test_a_circle_is_named_step_by_step() -> None:
    """Who needs whom in a circle is written out."""
    text = "name: c\nsteps:\n"
    text += "".join(f"  {a}: {{persona: JUS, task: t, needs: [{b}]}}\n" for a, b in ("ab", "bc", "ca"))
    assert "c.yaml:3:30: steps need one another in a circle: a → b → c → a" in plan_error(text)


def test_a_step_that_needs_itself_is_a_circle() -> None:
    """The smallest circle is found, too."""
    assert "a → a" in plan_error("name: c\nsteps:\n  a: {persona: JUS, task: t, needs: [a]}\n")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{persona: JSU, task: t}", "c.yaml:3:7: no persona is called 'JSU'; did you mean JUS?"),
        (
            "{persona: JUS, prompt: delivery-pipline}",
            "no prompt is called 'delivery-pipline'; did you mean delivery-pipeline?",
        ),
        ("{persona: JUS, task: t, needs: [b]}", "c.yaml:3:38: step 'a' needs 'b', which is no step"),
        ("{persona: JUS, task: '{{ inputs.ctiy }}'}", "but the chain has no input 'ctiy'"),
        ("{persona: JUS, task: '{{ handoff.b }}'}", "but 'b' is no step"),
        ("{persona: JUS, task: '{{ other }}'}", "but a task is given only `inputs.…` and `handoff.…`"),
        ("{persona: JUS, task: '{{'}", "line 1 of the task: template error"),
        ("{persona: JUS, task: t, needs: [b, b]}", "`needs` names a step twice"),
        ("{persona: JUS}", "give either `prompt`"),
        ("{persona: JUS, task: t, prompt: p}", "give either `prompt`"),
        ("{persona: JUS, task: t, model: 3}", "`steps.a.model`: input should be a valid string"),
        ("{persona: JUS, task: t, handoff: {chars: 3}}", "unknown key `chars`; did you mean `characters`?"),
        ("{persona: JUS, task: t, handoff: {characters: 0}}", "greater than or equal to 1"),
        ("{persona: JUS, tusk: t}", "unknown key `tusk`; did you mean `task`?"),
    ],
)
def test_mistakes_in_a_step_are_found_before_anything_runs(step: str, expected: str) -> None:
    """A name that nothing has, a variable that isn't given, an unknown key: each with its place."""
    assert expected in plan_error(f"name: c\nsteps:\n  a: {step}\n")


FLOW = """\
name: c
inputs:
  n: {{type: integer, default: 1}}
  regions: {{type: list, default: [eu]}}
events: {{alert: {{description: An alert.}}}}
{extra}
steps:
  a: {{persona: JUS, task: t}}
  b: {step}
"""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            "{persona: JUS, task: t, when: outputs.a.score > 0}",
            "`when` asks for 'a', which the step doesn't need",
        ),
        ("{persona: JUS, task: t, when: outputs.a.score > 0}", "c.yaml:9:"),
        (
            "{persona: JUS, task: t, needs: [a], when: outputs.a.scor > 0}",
            "has no `scor`; did you mean `score`?",
        ),
        ("{persona: JUS, task: t, when: inputs.n}", "`when`: this gives a number, and a boolean is needed"),
        ("{persona: JUS, task: t, when: 'inputs.n >'}", "`when`: not an expression"),
        (
            "{persona: JUS, task: t, foreach: inputs.n}",
            "`foreach`: this gives a number, and a list is needed",
        ),
        (
            "{persona: JUS, task: t, until: {condition: scor > 1}}",
            "there is no `scor` here; did you mean `score`?",
        ),
        ("{persona: JUS, task: t, until: {condition: score > 1, prompt: refin}}", "did you mean refine"),
        ("{persona: JUS, task: t, until: {condition: score > 1, rounds: 0}}", "greater than or equal to 1"),
        ("{persona: JUS, task: t, on: alrt}", "no event 'alrt' under `events`; did you mean `alert`?"),
        ("{persona: JUS, task: t, once: true}", "only in a chain with `environments`"),
        (
            "{persona: JUS, task: '{{ item }}'}",
            "but a task is given only `inputs.…` and `handoff.…` and `evidence.…` and `events.…`",
        ),
        ("{persona: JUS, task: '{{ events.alrt }}'}", "the chain has no event 'alrt'; did you mean `alert`?"),
        ("{persona: JUS, task: t, gate: readiness}", "a gate asks no model and has no `persona`"),
        ("{needs: [a]}", "give a `persona`, or make it a gate"),
        ("{needs: [a], gate: readines}", "no policy is called 'readines'"),
        (
            "{needs: [a], gate: {rules: [{deny: eror > 0}]}}",
            "there is no `eror` here; did you mean `errors`?",
        ),
        (
            "{needs: [a], gate: {rules: [{deny: errors > 0, allow: score > 1}]}}",
            "give one of `allow`, `deny` and `ask`",
        ),
        ("{needs: [a], gate: {rules: []}}", "at least 1 item"),
        ("{needs: [a], approve: {question: Go?, policy: readiness}}", "has none of a gate's rules"),
        ("{needs: [a], approve: {}}", "`steps.b.approve.question` is missing"),
        ("{persona: JUS, task: t, limits: {max_cost: 0}}", "greater than 0"),
    ],
)
def test_mistakes_in_flow_are_found_before_anything_runs(step: str, expected: str) -> None:
    """Expressions are checked for names and types, and each name for what it names, with its place."""
    assert expected in plan_error(FLOW.format(step=step, extra=""))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("environments: {a: {}}", "'a' is the name of a step, too"),
        ("environments: {dev: {inputs: {m: 1}}}", "no input 'm'"),
        ("environments: {dev: {inputs: {n: x}}}", "input 'n' must be an integer, not 'x'"),
        ("environments: {dev: {readiness: nope}}", "no policy is called 'nope'"),
        ("environments: {dev: {gate: {rules: [{allow: inputs.m > 1}]}}}", "`inputs` has no `m`"),
    ],
)
def test_mistakes_in_environments(extra: str, expected: str) -> None:
    """An environment's name, inputs and policies are checked like the chain's own."""
    assert expected in plan_error(FLOW.format(step="{persona: JUS, task: t}", extra=extra))


def test_a_step_that_runs_once_needs_none_that_runs_in_each_environment() -> None:
    """There would be no telling which of them it means."""
    text = FLOW.format(
        step="{persona: JUS, task: t, once: true, needs: [a]}", extra="environments: {dev: {}}"
    )
    assert "step 'b' runs once and can't need 'a'" in plan_error(text)


def test_a_gate_hands_nothing_on() -> None:
    """A prompt that asks for a gate's output is told why there is none."""
    text = FLOW.format(step="{needs: [a], gate: readiness}", extra="")
    text += "  c: {persona: PBD, needs: [b], task: '{{ handoff.b }}'}\n"
    assert "'b' is a gate and hands nothing on" in plan_error(text)


def test_a_handoff_from_a_step_that_is_not_needed_is_found() -> None:
    """The message says what to add."""
    text = "name: c\nsteps:\n  a: {persona: JUS, task: t}\n  b: {persona: PBD, task: '{{ handoff.a }}'}\n"
    assert "the step doesn't need 'a'; add it to `needs`" in plan_error(text)


def test_every_mistake_of_a_chain_is_reported_at_once() -> None:
    """Three mistakes in three steps give three lines."""
    text = "name: c\nreadiness: nope\nsteps:\n  a: {persona: X1, task: t}\n  b: {persona: PBD, prompt: nope}\n  c: {persona: PBD, task: t, needs: [d]}\n"
    assert len(plan_error(text).splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: c\nsteps: {}\n", "`steps` is missing"),
        ("name: c\n", "`steps` is missing"),
        ("name: a b\nsteps: {a: {persona: JUS, task: t}}\n", "`name`: string should match pattern"),
        ("name: c\nsteps: {A-1: {persona: JUS, task: t}}\n", "should match pattern"),
        (
            "name: c\ninputs: {n: {type: integer, default: x}}\nsteps: {a: {persona: JUS, task: t}}\n",
            "default must be an integer",
        ),
        ("name: c\ninputs: {n: {type: int}}\nsteps: {a: {persona: JUS, task: t}}\n", "'string', 'integer'"),
        (
            "name: c\nreadiness: {ready_at: 2}\nsteps: {a: {persona: JUS, task: t}}\n",
            "less than or equal to 1",
        ),
    ],
)
def test_mistakes_in_a_chain_file(text: str, expected: str) -> None:
    """The shape of the file is checked as a whole."""
    assert expected in plan_error(text)


def test_inputs_are_checked_all_at_once() -> None:
    """Missing values and wrong types come in one error; an unknown name suggests a near one."""
    chain = Chain.model_validate(
        {
            "name": "c",
            "inputs": {
                "a": {},
                "n": {"type": "integer", "default": 1},
                "e": {"choices": ["dev", "prod"], "default": "dev"},
            },
            "steps": {"s": {"persona": "JUS", "task": "t"}},
        }
    )
    assert chain.resolve_inputs({"a": "x"}) == {"a": "x", "n": 1, "e": "dev"}
    with pytest.raises(ConfigError) as caught:
        chain.resolve_inputs({"n": True, "e": "test"})
    assert caught.value.message.splitlines() == [
        "input 'a' has no default and was not given",
        "input 'n' must be an integer, not True",
        "input 'e' must be one of dev, prod, not 'test'",
    ]
    with pytest.raises(ConfigError, match="no input of c is called"):
        chain.resolve_inputs({"b": 1})


def test_models_are_split_by_step() -> None:
    """`model` is for every step, `step=model` for one; a step that does not exist is a mistake."""
    chain = open_catalog().plan("devops-deployment").chain
    assert split_models(["a/b", "pipeline=c/d"], chain) == {"*": "a/b", "pipeline": "c/d"}
    with pytest.raises(ConfigError, match="did you mean `pipeline`"):
        split_models(["pipline=x"], chain)
    with pytest.raises(ConfigError, match="names no model"):
        split_models(["pipeline="], chain)


def test_a_chain_bears_the_name_of_its_file(tmp_path: Path) -> None:
    """In a workspace a chain is found by its file's name, so the two must agree."""
    from fcc.workspace import KINDS, Workspace

    for kind in KINDS:
        (tmp_path / kind).mkdir()
    (tmp_path / "agents" / "one.yaml").write_text(CHAIN.format(name="two"))
    with pytest.raises(InvalidFileError, match="calls itself 'two', but its file is named 'one'"):
        open_catalog(Workspace.at(tmp_path)).plan("one")


@given(st.text(max_size=80))
def test_any_chain_text_is_planned_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No text makes planning fail in any way but its own."""
    path = tmp_path_factory.mktemp("c") / "c.yaml"
    path.write_text(f"name: c\nsteps:\n  a: {text}", encoding="utf-8", errors="replace")
    try:
        open_catalog().plan(path)
    except FccError as error:
        assert error.exit_code == 2
