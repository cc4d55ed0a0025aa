"""Personas at work: their chains, their first card, and whether a card helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcc.cli.app import execute
from fcc.errors import ConfigError, NotFoundError, RateLimitError
from fcc.providers import FunctionProvider, ModelReply, ModelRequest
from fcc.wiring import Catalog, open_catalog
from fcc.wiring.persona_score import ScoreRequest, plan_score, score_persona
from fcc.wiring.personas import chains_using, new_persona, try_examples

GOOD = "The service listens on port 8080 and answers in 200 ms. It is checked by a probe every 10 s.\n"


@pytest.fixture
def catalog() -> Catalog:
    assert execute(["init", "."]) == 0
    return open_catalog()


def tasks(number: int) -> tuple[Path, ...]:
    lines = [
        f"- 'Say in two sentences which port service {n} uses, and how it is checked.'\n"
        for n in range(number)
    ]
    Path("tasks.yaml").write_text("".join(lines))
    return (Path("tasks.yaml"),)


def test_chains_are_told_by_their_own_steps(catalog: Catalog) -> None:
    """Each chain that names the persona, with the steps; a chain that is invalid is passed over."""
    assert chains_using(catalog, "PBD")["devops-deployment"] == ["pipeline"]
    assert chains_using(catalog, "NOBODY") == {}
    Path("agents/bad.yaml").write_text("name: [\n")
    Path("agents/own.yaml").write_text("name: own\nsteps:\n  a: {persona: RNW, task: t}\n")
    assert chains_using(open_catalog(), "RNW")["own"] == ["a"]


@pytest.mark.parametrize("name", ["", "Quality: the 'best' \"Engineer\" #1 {x}", "  "])
def test_a_first_card_loads_and_holds(catalog: Catalog, name: str) -> None:
    """As it is written it is a valid persona with a rule of each kind, and its examples are as they should be."""
    path = new_persona(catalog, "QAE", name)
    assert path == Path.cwd() / "personas" / "qae.yaml"
    fresh = open_catalog()
    assert fresh.personas["QAE"].name == (name.strip() or "QAE")
    results = try_examples(fresh, ["QAE"])["QAE"]
    assert [result.held for result in results] == ["enforced", "judged", "only words"]
    assert all(result.holds for result in results)
    assert all(len(line) <= 90 for line in path.read_text().splitlines())


def test_nothing_is_overwritten(catalog: Catalog) -> None:
    """Not a persona, not a file; no id leads out of the folder; without a workspace it is said how to make one."""
    new_persona(catalog, "QAE")
    before = Path("personas/qae.yaml").read_text()
    with pytest.raises(ConfigError, match="there is a persona PBD already"):
        new_persona(catalog, "PBD")
    with pytest.raises(ConfigError, match=r"qae.yaml is there already"):
        new_persona(open_catalog(), "qae")
    for bad in ("../x", "a b", "", "x" * 65, "-x", "a/b"):
        with pytest.raises(ConfigError, match="is no id"):
            new_persona(catalog, bad)
    with pytest.raises(ConfigError, match="one line"):
        new_persona(catalog, "NEW", "a\nb")
    assert Path("personas/qae.yaml").read_text() == before
    from fcc.workspace import Workspace

    with pytest.raises(ConfigError, match="no workspace") as caught:
        new_persona(Catalog(Workspace()), "X")
    assert "fcc-agents init" in caught.value.hint


def test_examples_are_tried_for_all_or_some(catalog: Catalog) -> None:
    """Without ids, of every persona; an id given twice is tried once; one that there is not is said."""
    assert list(try_examples(catalog)) == catalog.personas.ids
    assert list(try_examples(catalog, ["PBD", "JUS", "PBD"])) == ["PBD", "JUS"]
    with pytest.raises(NotFoundError):
        try_examples(catalog, ["NO"])


def test_a_card_that_helps_is_seen_to(catalog: Catalog) -> None:
    """A model that answers well only with the card: each item once, whatever the repeats, and the score helps."""
    asked: list[ModelRequest] = []

    def answer(request: ModelRequest) -> ModelReply:
        asked.append(request)
        with_card = "You are Pipeline Builder (PBD)" in request.messages[0].content
        return ModelReply(GOOD if with_card else "TODO TBD lorem ipsum", "m", "function", cost=0.25)

    request = ScoreRequest("PBD", (FunctionProvider(answer),), files=tasks(7), repeat=2)
    found = score_persona(request, catalog)
    (model,) = found.models
    assert (model.model, model.calls, model.cost) == ("function/function/1", 28, 7.0)
    assert len({one.call_id for one in asked}) == 28
    score = model.effects[0]
    assert (score.effect, score.difference.n, score.difference.up) == ("helps", 7, 7)
    assert found.items == tuple(f"tasks.yaml#{n}" for n in range(1, 8))
    assert {one.messages[1].content for one in asked if "PBD" not in one.messages[0].content} == {
        one.messages[1].content for one in asked if "PBD" in one.messages[0].content
    }


def test_steps_of_chains_are_the_tasks(catalog: Catalog) -> None:
    """With the hand-offs of the stand-in's run; the stand-in is asked once, and told to be one."""
    found = score_persona(ScoreRequest("PBD", repeat=5), catalog)
    assert "devops-deployment/pipeline" in found.items
    assert found.models[0].calls == 2 * len(found.items)
    assert found.models[0].cost == 0
    assert any("stand-in" in note for note in found.notes)
    handed: list[str] = []

    def answer(request: ModelRequest) -> str:
        handed.append(request.messages[1].content)
        return GOOD

    only = ScoreRequest("PBD", (FunctionProvider(answer),), chain="devops-deployment", step="pipeline")
    score_persona(only, catalog)
    assert len(set(handed)) == 1
    assert "<material-" in handed[0]


def test_a_step_with_a_schema_is_asked_for_its_form(catalog: Catalog) -> None:
    """The schema goes with the request; an answer that does not fit it is an error."""
    chain = (
        "name: own\nsteps:\n  a:\n    persona: RNW\n    task: Give a port.\n    output:\n      schema:\n"
        "        {type: object, required: [port], properties: {port: {type: integer}}}\n"
    )
    Path("agents/own.yaml").write_text(chain)

    def answer(request: ModelRequest) -> str:
        assert request.response_format is not None
        return '{"port": 1}' if "RNW" in request.messages[0].content else "No."

    found = score_persona(ScoreRequest("RNW", (FunctionProvider(answer),), chain="own"), open_catalog())
    score, errors, _ = found.models[0].effects
    assert (errors.without, errors.with_card, score.with_card) == (1, 0, 1)


def test_an_outage_is_missing_and_no_zero(catalog: Catalog) -> None:
    """A call that is not answered is told, and its item is left out of the pairs."""

    def answer(request: ModelRequest) -> str:
        if "service 1 " in request.messages[1].content and "PBD" not in request.messages[0].content:
            raise RateLimitError("too many")
        return GOOD

    found = score_persona(ScoreRequest("PBD", (FunctionProvider(answer),), files=tasks(3)), catalog)
    assert found.models[0].failed == ("tasks.yaml#2, bare: too many",)
    assert [effect.difference.n for effect in found.models[0].effects] == [2, 2, 2]
    assert found.models[0].cost is None


def test_what_can_be_asked_of_nobody_is_said(catalog: Catalog) -> None:
    """No persona, chain, step, task or model of that name: told before anything is asked."""
    with pytest.raises(NotFoundError):
        score_persona(ScoreRequest("NO"), catalog)
    with pytest.raises(NotFoundError):
        score_persona(ScoreRequest("PBD", chain="nothing"), catalog)
    with pytest.raises(ConfigError, match="asks nothing of RNW"):
        score_persona(ScoreRequest("RNW", chain="devops-deployment"), catalog)
    with pytest.raises(ConfigError, match="at a step 'x'"):
        score_persona(ScoreRequest("PBD", step="x"), catalog)
    with pytest.raises(ConfigError, match="no model"):
        score_persona(ScoreRequest("PBD", ()), catalog)
    Path("empty.md").write_text(" \n")
    Path("none.yaml").write_text("a: 1\n")
    for name in ("empty.md", "none.yaml"):
        with pytest.raises(ConfigError, match="holds no task"):
            score_persona(ScoreRequest("PBD", files=(Path(name),)), catalog)


def test_a_chain_that_cannot_run_by_itself_is_passed_over(catalog: Catalog) -> None:
    """Of several chains, one that needs what is not here is told; the others are used."""
    Path("agents/needy.yaml").write_text(
        "name: needy\ninputs: {x: {type: string}}\nsteps:\n  a: {persona: RNW, task: 'Say {{ inputs.x }}.'}\n"
    )
    found = score_persona(ScoreRequest("RNW"), open_catalog())
    assert any(note.startswith("needy: ") for note in found.notes)
    assert found.items == ("release-notes/draft",)


def test_the_plan_counts_and_asks_nobody(catalog: Catalog) -> None:
    """Calls, tokens and cost by model, before anything is spent; what is not known is None."""

    def never(request: ModelRequest) -> str:
        raise AssertionError(request)

    mine = FunctionProvider(never)
    plan = plan_score(ScoreRequest("PBD", (mine, "deterministic"), files=tasks(2), repeat=3), catalog)
    own, stand_in = plan.models
    assert (own.calls, own.output_tokens, own.cost) == (12, None, None)
    assert (stand_in.calls, own.input_tokens) == (4, 3 * stand_in.input_tokens)
    assert plan.items == ("tasks.yaml#1", "tasks.yaml#2")
    steps = plan_score(ScoreRequest("PBD", chain="devops-deployment"), catalog)
    assert (steps.models[0].calls, steps.models[0].cost) == (2, 0)
    assert steps.models[0].output_tokens
