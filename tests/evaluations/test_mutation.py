"""Mutation testing: what counts as caught, seen, missed and not applied, and what the clean run is held against."""

import pytest

import fcc
from fcc.errors import ConfigError, FccError
from fcc.evaluations.mutation import mutate
from fcc.providers.deterministic.defects import DEFECTS, Defect
from fcc.simulation import Finding, RunRecord
from fcc.simulation.record import ErrorRecord, StepRecord
from fcc.simulation.verdict import Verdict


def defect(id_="d", category="agreement", note=""):
    return Defect(id_, category, "step", f"{id_} is wrong.", "", lambda text, _prompt: text, note)


def record(decision="APPROVED", output="text", status="completed", error=None):
    step = StepRecord("step", "ABC", status, output=output, error=error)
    return RunRecord(
        id="run", chain={}, personas={}, prompts={}, policy={}, inputs={}, models={}, status="completed",
        started="2026-01-01T00:00:00.000Z", steps=(step,), verdict=Verdict((), None, decision, ()),
    )  # fmt: skip


def finding(rule, severity="error", file="a.yaml", line=0, message="is wrong"):
    return Finding(rule, severity, message, file, line)


def judged(*, clean=(), found=(), note="", **changes):
    """The one result where the clean run and the other one come to this."""
    cells = {"": record(), "d": record(**{"output": "spoilt"} | changes)}
    findings = {"text": clean, "": clean}

    def evaluate(of):
        return findings.get(of.steps[0].output if of is cells[""] else "none", found)

    table = mutate([defect(note=note)], cells.__getitem__, evaluate)
    return table.results[0]


def test_a_new_error_is_a_catch_by_its_rule():
    """The rules of errors are named, each once and sorted, and those of lower findings are not."""
    found = (finding("z"), finding("b"), finding("b", line=9), finding("c", "warning"))
    result = judged(found=found)
    assert (result.outcome, result.caught_by, result.verdict) == ("caught", ("b", "z"), "APPROVED")


def test_what_the_clean_run_has_too_catches_nothing():
    """A rule's finding on another line or in other words is the same finding; one more of it is a new one."""
    known = (finding("b", line=3),)
    assert judged(clean=known, found=(finding("b", line=4, message="and 3 more"),)).outcome == "missed"
    assert judged(clean=known, found=(*known, finding("b", line=8))).caught_by == ("b",)
    assert judged(clean=known, found=(finding("b", file="c.yaml"),)).caught_by == ("b",)


def test_a_warning_is_seen_and_not_caught():
    """A warning or advice more is only seen, with the defect's note; nothing more is missed."""
    result = judged(found=(finding("w", "warning"), finding("a", "advice")), note="a matter of taste")
    assert (result.outcome, result.caught_by, result.note) == ("seen", ("w",), "a matter of taste")
    assert judged(found=(finding("a", "advice"),)).caught_by == ("a",)
    missed = judged(note="a matter of taste")
    assert (missed.outcome, missed.caught_by, missed.note) == ("missed", (), "a matter of taste")


def test_a_run_that_is_not_approved_is_a_catch():
    """The warnings that made the score fall are named; without any, the score is."""
    by_gate = judged(decision="BLOCKED", found=(finding("text-refusal", "warning"),), note="never shown")
    assert (by_gate.outcome, by_gate.caught_by, by_gate.note) == ("caught", ("text-refusal",), "")
    assert judged(decision="BLOCKED").caught_by == ("score",)


def test_an_outage_is_caught_by_having_no_verdict():
    """The failed step's error code is named, since an outage is no failed check."""
    result = judged(decision="NO VERDICT", output="", status="failed", error=ErrorRecord("rate-limit", "429"))
    assert (result.outcome, result.caught_by, result.verdict) == ("caught", ("rate-limit",), "NO VERDICT")


def test_a_verdict_that_the_clean_run_has_too_proves_nothing():
    """Where the clean run is blocked already, being blocked is no catch."""
    cells = {"": record("BLOCKED"), "d": record("BLOCKED", "spoilt")}
    assert mutate([defect()], cells.__getitem__, lambda _: ()).results[0].outcome == "missed"


def test_a_defect_without_effect_is_not_counted_as_missed():
    """Outputs as on the clean run, or a refusal to seed it, mean that there was nothing to catch."""

    def run_cell(id_):
        if id_ == "refused":
            raise ConfigError("the defect refused does not apply")
        return record()

    table = mutate([defect("idle", note="never shown"), defect("refused")], run_cell, lambda _: ())
    assert [result.outcome for result in table.results] == ["not applied", "not applied"]
    assert "no step" in table.results[0].note
    assert table.results[1].note == "the defect refused does not apply"


def test_errors_of_a_cell_are_not_hidden():
    """A clean run that can't be made, and an error of another kind, are the caller's to hear of."""

    def no_clean_run(_):
        raise ConfigError("no such chain")

    def no_second_run(id_):
        if id_:
            raise FccError("the disk is full")
        return record()

    for run_cell, message in ((no_clean_run, "no such chain"), (no_second_run, "disk is full")):
        with pytest.raises(FccError, match=message):
            mutate([defect()], run_cell, lambda _: ())


def test_false_alarms_are_what_the_clean_run_is_warned_of():
    """Errors and warnings count, advice does not; the clean run's decision is kept."""
    found = (finding("e"), finding("w", "warning"), finding("a", "advice"))
    table = mutate([], lambda _: record("BLOCKED"), lambda _: found)
    assert table.false_alarms == found[:2]
    assert (table.results, table.clean_decision) == ((), "BLOCKED")


def test_counts_are_by_category_in_order():
    """Each category has its counts; results can be picked by what became of them."""
    outputs = {"": "text", "a": "1", "b": "2", "c": "text"}
    table = mutate(
        [defect("a"), defect("b", "text"), defect("c")],
        lambda id_: record(output=outputs[id_]),
        lambda of: (finding("r"),) if of.outputs["step"] == "1" else (),
    )
    assert table.categories == (("agreement", 1, 0, 0, 1), ("text", 0, 0, 1, 0))
    assert [result.defect for result in table.of("missed", "not applied")] == ["b", "c"]


def test_the_built_in_chain_catches_an_outage_and_a_refusal():
    """Seeded through the provider, both leave the run unapproved; the clean run is approved."""
    chosen = [DEFECTS["rate-limit"], DEFECTS["refusal"]]

    def run_cell(id_):
        return fcc.run("devops-deployment", model=fcc.DeterministicProvider(id_))

    table = mutate(chosen, run_cell, lambda of: [item for step in of.steps for item in step.findings])
    assert table.clean_decision == "APPROVED"
    assert [result.outcome for result in table.results] == ["caught", "caught"]
    assert [result.verdict for result in table.results] == ["NO VERDICT", "BLOCKED"]
    assert table.results[0].caught_by == ("rate-limit",)
