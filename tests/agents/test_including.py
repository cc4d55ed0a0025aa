"""Chains that include others, and steps that take inputs from steps: what they come to, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcc.agents import Plan
from fcc.errors import InvalidFileError
from fcc.wiring import open_catalog
from fcc.workspace import KINDS

PACK = """\
name: pack
inputs:
  model: {default: m}
  metric: {default: auc}
events:
  alert: {}
steps:
  train: {persona: JUS, task: "Train {{ inputs.model }}."}
  handover:
    persona: JUS
    needs: [train]
    task: Hand it over.
    output:
      schema:
        type: object
        properties:
          model: {type: string}
          metric: {type: object}
          region: {type: string}
"""
SHIP = """\
name: ship
inputs:
  model: {default: m}
  region: {default: eu}
steps:
  build: {persona: PBD, task: "Build {{ inputs.model }}."}
  test: {persona: PBD, task: "Test in {{ inputs.region }}.", needs: [build]}
"""
BOTH = """\
name: both
include:
  - chain: pack
  - chain: ship
    needs: [handover]
    inputs_from: handover
steps:
  report: {persona: JUS, task: "Report {{ handoff.test }}", needs: [test]}
"""


@pytest.fixture(autouse=True)
def _workspace() -> None:
    for kind in KINDS:
        Path(kind).mkdir()
    write(pack=PACK, ship=SHIP, both=BOTH)


def write(**chains: str) -> None:
    for name, text in chains.items():
        Path(f"agents/{name}.yaml").write_text(text)


def plan(name: str = "both") -> Plan:
    return open_catalog().plan(name)


def problems(name: str = "both") -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        plan(name)
    return list(map(str, caught.value.problems))


def test_the_steps_of_included_chains_come_before_the_chains_own() -> None:
    """Their first steps need what the include says, all take inputs from where it says, and the chain is resolved."""
    made = plan()
    steps = made.chain.steps
    assert made.order == ("train", "handover", "build", "test", "report")
    assert made.chain.include == ()
    assert steps["build"].needs == ("handover",)
    assert steps["test"].needs == ("build",)
    assert (steps["test"].inputs_from, steps["test"].takes) == ("handover", ("model", "region"))
    assert steps["train"].inputs_from is steps["report"].inputs_from is None
    assert list(made.chain.inputs) == ["model", "metric", "region"]
    assert list(made.chain.events) == ["alert"]


def test_an_included_chain_takes_inputs_of_its_own_only() -> None:
    """`metric` is an object in the data and a text in the other chain: that is nobody's business here."""
    assert plan().chain.inputs["metric"].default == "auc"


def test_a_chain_of_includes_needs_no_steps_and_can_be_included() -> None:
    """Three chains become one; the own input goes before the included one."""
    text = "name: all\ninclude: [{chain: both}]\ninputs: {region: {default: us}}\n"
    write(all=text)
    made = plan("all")
    assert made.order == plan().order
    assert made.chain.inputs["region"].default == "us"


def test_a_circle_of_includes_is_said() -> None:
    """With the chains in order, at the include that closes it."""
    write(pack="name: pack\ninclude: [{chain: both}]\n")
    assert problems()[0] == (
        "agents/pack.yaml:2:12: chains include one another in a circle: both → pack → both"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("chain: ship", "chain: shop", "agents/both.yaml:4:5: no chain is called 'shop'; did you mean ship?"),
        (
            "  report:",
            "  build:",
            "agents/both.yaml:4:5: 'ship' and 'both' both have a step 'build'; names of steps must not clash",
        ),
        (
            "needs: [handover]",
            "needs: [handoff]",
            "agents/both.yaml:5:13: step 'build' needs 'handoff', which is",
        ),
        (
            "inputs_from: handover",
            "inputs_from: handoff",
            "agents/both.yaml:6:5: `inputs_from` names 'handoff', which is no step; did you mean `handover`?",
        ),
        (
            "    inputs_from: handover",
            "    inputs_from: train",
            "agents/both.yaml:6:5: `inputs_from` names 'train', which has no `output`",
        ),
        (
            "    needs: [handover]\n",
            "",
            "agents/both.yaml:5:5: `inputs_from` names 'handover', which 'build' does not need",
        ),
    ],
)
def test_mistakes_of_an_include_stand_where_it_stands(old: str, new: str, expected: str) -> None:
    """File, line and column are those of the include, whichever chain's steps it is about."""
    write(both=BOTH.replace(old, new))
    assert any(problem.startswith(expected) for problem in problems()), problems()


def test_mistakes_of_an_included_step_stand_in_its_own_file() -> None:
    """A persona that is not there, and a variable that the chain does not have."""
    write(ship=SHIP.replace('PBD, task: "Build {{ inputs.model }}."', "X1, task: t"))
    assert problems()[0].startswith("agents/ship.yaml:6:11: no persona is called 'X1'")
    write(ship=SHIP.replace("inputs.region", "inputs.regio"))
    assert (
        "agents/ship.yaml:7:24: the prompt uses `inputs.regio` (agents/ship.yaml[steps.test.task]:1)"
        in problems()[0]
    )


def test_inputs_that_differ_are_declared_by_the_chain_itself() -> None:
    """Which of two it is can't be guessed; words that differ do not matter."""
    write(ship=SHIP.replace("model: {default: m}", "model: {default: m, description: Which.}"))
    plan()
    write(ship=SHIP.replace("model: {default: m}", "model: {default: n}"))
    assert problems() == [
        "agents/both.yaml:4:5: 'ship' and 'pack' have different inputs 'model'; declare it in your own `inputs`"
    ]
    write(both=BOTH + "inputs: {model: {default: o}}\n")
    assert plan().chain.inputs["model"].default == "o"


def test_a_promotion_is_not_included() -> None:
    """Its environments would be those of the whole."""
    write(ship=SHIP + "environments: {dev: {}}\n")
    assert problems() == [
        "agents/both.yaml:4:5: 'ship' has `environments`, and a chain that has some can't be included"
    ]


STEP = "{persona: JUS, task: t, needs: [handover], inputs_from: handover"


@pytest.mark.parametrize(
    ("own", "schema", "expected"),
    [
        (
            f"{STEP}}}",
            "{type: object, properties: {other: {}}}",
            "its schema has the properties other; name some",
        ),
        (f"{STEP}}}", "{type: array}", "its schema is no object's, with `properties`"),
        (
            f"{STEP}}}",
            "{type: object, properties: {n: {type: string}}}",
            "the input 'n' is of the type `integer`",
        ),
        (
            f"{STEP}}}",
            "{type: object, properties: {run: {}}}",
            "the input 'run' is a run, which can't be taken",
        ),
        (f"{STEP}, takes: [m]}}", "{type: object, properties: {n: {}}}", "the chain has no input 'm'"),
        (
            f"{STEP}, foreach: inputs.list}}",
            "{type: object, properties: {list: {}}}",
            "`foreach` is unfolded before",
        ),
        (
            "{persona: JUS, task: t, takes: [n]}",
            "{type: object}",
            "`takes` says what is taken with `inputs_from`",
        ),
        (
            "{persona: JUS, task: t, inputs_from: handover}",
            "{type: object, properties: {n: {}}}",
            "which 'own' does not need, however far back; add it to `needs`",
        ),
    ],
)
def test_data_that_can_be_no_inputs_are_found_before_anything_runs(
    own: str, schema: str, expected: str
) -> None:
    """Names, types and the order of things are told by the schema."""
    write(
        c=f"""\
name: c
inputs: {{n: {{type: integer, default: 1}}, list: {{type: list, default: []}}, run: {{type: run}}}}
steps:
  handover: {{persona: JUS, task: t, output: {{schema: {schema}}}}}
  own: {own}
"""
    )
    assert any(expected in problem for problem in problems("c")), problems("c")


def test_data_of_each_of_a_list_are_several() -> None:
    """There is no one value that could be taken."""
    text = """\
name: c
inputs: {n: {default: x}}
steps:
  many: {persona: JUS, task: t, foreach: [1, 2], output: {schema: {type: object, properties: {n: {}}}}}
  own: {persona: JUS, task: t, needs: [many], inputs_from: many}
"""
    write(c=text)
    assert "runs for each of a list: its data are several" in problems("c")[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{type: run, default: last}", "a run has no `default`"),
        ("{type: string, chain: pack}", "only an input of `type: run` has a `chain`"),
    ],
)
def test_what_an_input_that_is_a_run_has(given: str, expected: str) -> None:
    """Its default is its chain's newest run."""
    write(c=f"name: c\ninputs: {{x: {given}}}\nsteps: {{a: {{persona: JUS, task: t}}}}\n")
    assert expected in problems("c")[0]


@pytest.mark.parametrize(
    ("rehearse", "expected"),
    [
        ("{scenarios: []}", "should have at least 1 item"),
        ("{scenarios: [nope]}", "5:38: no scenario is called 'nope'"),
        ("{scenarios: [x], run: pack}", "the chain has no input 'pack' of `type: run`; known here: earlier"),
        ("{scenarios: [x], alert: fire}", "the chain has no event 'fire' under `events`; known here: alert"),
        ("{scenarios: [x]}, persona: JUS", "a rehearsal asks no model and has no `persona`"),
        ("{scenarios: [x]}, needs: []", "there are no files to rehearse"),
    ],
)
def test_mistakes_of_a_rehearsal(rehearse: str, expected: str) -> None:
    """What it names must be there, and there must be files."""
    write(
        c=f"""\
name: c
inputs: {{earlier: {{type: run}}}}
events: {{alert: {{}}}}
steps:
  rehearsal: {{rehearse: {rehearse}}}
"""
    )
    assert any(expected in problem for problem in problems("c")), problems("c")


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("evidence.gate", "'gate' is a gate and hands nothing on"),
        ("evidence.late", "the step doesn't need 'late'; add it to `needs`"),
        ("evidence.nope", "'nope' is no step"),
    ],
)
def test_evidence_is_of_steps_that_are_needed(variable: str, expected: str) -> None:
    """However far back, but never of what may not have run."""
    write(
        c=f"""\
name: c
steps:
  far: {{persona: JUS, task: t}}
  gate: {{needs: [far], gate: {{rules: [{{allow: score > 0}}]}}}}
  own: {{persona: JUS, needs: [gate], task: "{{{{ evidence.far }}}} {{{{ {variable} }}}}"}}
  late: {{persona: JUS, task: t}}
"""
    )
    (problem,) = problems("c")
    assert expected in problem
