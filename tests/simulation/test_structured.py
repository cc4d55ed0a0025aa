"""Answers that must fit a JSON Schema: asked for, checked, asked for once more, and typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import fcc
from fcc.errors import InvalidFileError
from fcc.providers.deterministic.sample import write_sample
from fcc.simulation.run_folder import read_files
from fcc.simulation.structured import parse_output
from fcc.simulation.verify import verify
from fcc.wiring import open_catalog


class Alert(BaseModel):
    """What is wrong."""

    severity: str = Field(pattern="^(low|high)$")
    replicas: int = Field(ge=1, le=9)
    notes: list[str] = []


SCHEMA = Alert.model_json_schema()
GOOD = '{"severity": "high", "replicas": 3}'


def chain(**more: Any) -> fcc.Chain:
    triage = {"persona": "PBD", "task": "Triage.", "output": {"schema": Alert}, **more.pop("triage", {})}
    return fcc.Chain.model_validate(
        {"name": "t", "steps": {"triage": triage, **more.pop("steps", {})}, **more}
    )


def run(
    *answers: str, made: fcc.Chain | None = None, **options: Any
) -> tuple[fcc.RunRecord, list[fcc.ModelRequest]]:
    asked: list[fcc.ModelRequest] = []
    given = iter(answers)

    def answer(request: fcc.ModelRequest) -> str:
        asked.append(request)
        return next(given)

    return fcc.run(made or chain(), model=fcc.FunctionProvider(answer), **options), asked


def test_the_schema_is_in_the_prompt_and_in_the_request() -> None:
    """A model without a mode of its own for it is told, too; the task stays as it is."""
    record, (request,) = run(GOOD)
    assert request.messages[-1].content.startswith("Triage.\n\nAnswer with one JSON value")
    assert json.loads(request.messages[-1].content.partition("no fence.\n\n")[2]) == SCHEMA
    assert request.response_format is not None
    assert request.response_format.schema == SCHEMA
    assert record.step("triage").status == "completed"


def test_the_result_is_typed() -> None:
    """As JSON, and as the model that it was asked for; it is approved for fitting, not for its prose."""
    record, _ = run(GOOD)
    step = record.step("triage")
    assert step.data == {"severity": "high", "replicas": 3}
    assert step.parsed(Alert) == Alert(severity="high", replicas=3)
    assert step.score == 1
    assert fcc.RunRecord.from_json(record.to_json()).step("triage").data == step.data


def test_one_repair_with_what_is_wrong() -> None:
    """The second question holds the answer and why it does not fit; the second answer counts."""
    record, asked = run('{"severity": "medium", "replicas": 12}', GOOD)
    assert [request.call_id for request in asked] == ["triage/0/0/0/0", "triage/0/0/1/0"]
    roles = [message.role for message in asked[1].messages]
    assert roles == ["system", "user", "assistant", "user"]
    said = asked[1].messages[-1].content
    assert "- $.severity: 'medium' does not match" in said
    assert "- $.replicas: 12 is greater than the maximum of 9" in said
    assert record.step("triage").data == {"severity": "high", "replicas": 3}


def test_a_second_misfit_is_a_clear_failure_and_no_outage() -> None:
    """BLOCKED, what needs it is skipped, and asking again by `resume` has nothing to do."""
    made = chain(steps={"next": {"persona": "ASC", "needs": ["triage"], "task": "{{ handoff.triage }}"}})
    record, asked = run("no", "still no", made=made)
    step = record.step("triage")
    assert len(asked) == 2
    assert (step.status, step.error.code if step.error else "") == ("failed", "invalid-output")
    assert [finding.rule for finding in step.findings] == ["output-schema"]
    assert "it is no JSON" in step.findings[0].message
    assert record.verdict is not None
    assert record.verdict.decision == "BLOCKED"
    assert record.step("next").status == "skipped"


@pytest.mark.parametrize("answers", [[GOOD], ["no", GOOD], ["no", "no"]])
def test_a_run_with_a_schema_verifies(tmp_path, answers) -> None:
    """Each question, also the repair, renders again; data and misfit follow from the recorded reply."""
    run(*answers, out=tmp_path / "r")
    assert verify(*read_files(tmp_path / "r")).flaws == ()


def test_a_changed_datum_is_found(tmp_path) -> None:
    """What is edited in the record no longer follows from the reply."""
    run(GOOD, out=tmp_path / "r")
    record, log, files = read_files(tmp_path / "r")
    edited = record.replace(b'"replicas": 3\n', b'"replicas": 4\n')
    assert edited != record
    assert any(
        "data are not what its output holds" in flaw.message for flaw in verify(edited, log, files).flaws
    )


def test_data_steer_what_follows() -> None:
    """A condition reads into the value; a step without a schema has none, and that is said before anything runs."""
    after = {
        "persona": "ASC",
        "needs": ["triage"],
        "task": "Go.",
        "when": 'outputs.triage.data.severity == "high"',
    }
    assert run(GOOD, "went", made=chain(steps={"next": after}))[0].step("next").status == "completed"
    low = GOOD.replace("high", "low")
    assert run(low, made=chain(steps={"next": after}))[0].step("next").status == "skipped"
    misspelt = {**after, "when": 'outputs.triage.data.sevrity == "high"'}
    with pytest.raises(InvalidFileError, match="sevrity"):
        open_catalog(None).plan(chain(steps={"next": misspelt}))
    plain = {"name": "t", "steps": {"triage": {"persona": "PBD", "task": "x"}, "next": after}}
    with pytest.raises(InvalidFileError, match="data"):
        open_catalog(None).plan(fcc.Chain.model_validate(plain))


def test_offline_the_stand_in_answers_by_the_schema() -> None:
    """A chain with a schema runs deterministically, though a pattern needs an example."""
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 3}}}
    record = fcc.run(chain(triage={"output": {"schema": schema}}))
    assert record.step("triage").data == {"a": 3}


def test_with_until_each_round_is_repaired(tmp_path) -> None:
    """Refinement asks for the form again; a round that was repaired is refined like any other."""
    until = {"condition": "round >= 1", "rounds": 2}
    record, asked = run(GOOD, "no", GOOD, made=chain(triage={"until": until}), out=tmp_path / "r")
    assert [request.call_id for request in asked] == ["triage/0/0/0/0", "triage/0/1/0/0", "triage/0/1/1/0"]
    assert record.step("triage").data is not None
    assert verify(*read_files(tmp_path / "r")).flaws == ()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nonsense"}, "no JSON Schema"),
        ({"$ref": "http://example.com/s.json"}, "only `#/"),
        ({"$ref": "#/nowhere"}, "does not hold"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "only `#/"),
    ],
)
def test_a_schema_that_is_none_or_leads_elsewhere(schema: dict[str, Any], said: str) -> None:
    """Refused with the chain, before anything is asked; no reference ever goes to a file or the network."""
    with pytest.raises(ValueError, match=said):
        chain(triage={"output": {"schema": schema}})


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n{GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here it is:\n\n```\n{GOOD}\n```\nAnything else?",
        f"Sure! {GOOD} Let me know.",
        f"~~~json\n{GOOD}\n~~~",
    ],
)
def test_a_value_is_found_as_models_write_it(text: str) -> None:
    """Alone, in its one fence, or with words around it."""
    assert parse_output(text, SCHEMA).value == {"severity": "high", "replicas": 3}


@pytest.mark.parametrize(
    "text",
    [
        "", "none", "{", '{"a": NaN}', "[" * 5000, f"```\n{GOOD}\n```\n```\n{GOOD}\n```", f"{GOOD} and {GOOD}", "null",
    ],
)  # fmt: skip
def test_what_holds_no_one_value(text: str) -> None:
    """Nothing, half of one, several, too deep, or none that fits: a problem in words, never an exception."""
    found = parse_output(text, SCHEMA)
    assert found.value is None
    assert found.problems


@pytest.mark.parametrize("text", ['{"a": 1e999}', '{"a": "\\ud800"}', "[" * 200 + "]" * 200])
def test_what_no_record_can_hold_does_not_fit(text: str) -> None:
    """Infinity, half of a surrogate pair, or what nests too deeply for whoever reads the record."""
    found = parse_output(text, {})
    assert found.value is None
    assert found.problems


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_is_parsed_or_has_problems(text: str) -> None:
    """Whatever a model writes, there is a value that fits or a reason."""
    found = parse_output(text, {"type": "object"})
    assert isinstance(found.value, dict) or found.problems


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "string", "minLength": 5, "maxLength": 8},
            {"type": "integer", "minimum": -3},
            {"type": "integer", "exclusiveMinimum": 4, "multipleOf": 5},
            {"type": "number", "maximum": -1},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", "b"]},
            {"const": 7},
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            {"type": ["string", "null"]},
        ]
    ),
    lambda inner: (
        st.builds(
            lambda properties: {"type": "object", "properties": properties, "required": sorted(properties)},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        )
        | st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            inner,
            st.integers(0, 3),
        )
    ),
    max_leaves=6,
)


@given(SCHEMAS)
@settings(max_examples=200)
def test_a_sample_fits_its_schema(schema: dict[str, Any]) -> None:
    """What the stand-in writes for the usual parts of a schema fits it, the same every time."""
    text = write_sample(schema)
    assert parse_output(text, schema).problems == ()
    assert write_sample(schema) == text
