"""Calibration: judges whose faults are known are measured to have them, and only good ones may decide."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.errors import BudgetError, ConfigError, InvalidFileError, UnavailableError
from fcc.evaluations.calibration import (
    FEWEST,
    GENERAL,
    Calibration,
    CalibrationPair,
    builtin_pairs,
    calibrate,
    may_decide,
    read_pairs,
    wilson,
)
from fcc.evaluations.judge import Judge
from fcc.evaluations.text import explain
from fcc.providers import DeterministicProvider, FunctionProvider, ModelRequest, Sampling

PAIRS = builtin_pairs()
BETTER = {pair.better for pair in PAIRS}
LEVELS = {item.name: [words for _, words in item.levels] for item in GENERAL}


def shown(request: ModelRequest, name: str) -> str:
    text = request.messages[1].content
    mark = re.search(r"between <(material-[0-9a-f]+) …>", text)[1]
    return re.search(rf'<{mark} from="{name}">\n(.*?)\n</{mark}>', text, re.DOTALL)[1]


def judging(worth):
    """A judge that goes by `worth(text, request)`: the higher one wins, and over 0 gets the highest level."""

    def answer(request: ModelRequest) -> str:
        form = request.response_format.schema["properties"]
        if "better" in next(iter(form.values()))["properties"]:
            one, other = (worth(shown(request, name), request) for name in ("answer A", "answer B"))
            said = {"better": "A" if one > other else "B" if other > one else "neither"}
            return json.dumps({name: {"reason": "", **said} for name in form})
        rung = -1 if worth(shown(request, "answer"), request) > 0 else 0
        return json.dumps({name: {"reason": "", "level": LEVELS[name][rung]} for name in form})

    return answer


def perfect(text: str, _request: ModelRequest) -> int:
    return int(text in BETTER)


def likes_length(text: str, _request: ModelRequest) -> int:
    return len(text)


def measured(answer, pairs=PAIRS, **more) -> Calibration:
    return asyncio.run(calibrate(Judge(FunctionProvider(answer), "m", **more), pairs, date="2026-01-01"))


def test_a_perfect_judge_may_decide() -> None:
    """Every pair right, no bias, and an interval that lies above the floor."""
    found = measured(judging(perfect))
    assert (found.compared.n, found.compared.right, found.compared.accuracy) == (len(PAIRS), len(PAIRS), 1.0)
    assert found.scored.accuracy == 1.0
    assert found.compared.interval[0] > 0.85
    assert (found.position_bias, found.inconsistency, found.length_bias) == (0.0, 0.0, 0.0)
    assert found.self_consistency is None
    assert found.answered_by == ("m",)
    assert found.cost is None
    assert found.good_enough()


@pytest.mark.parametrize(("choice", "bias"), [("A", 1.0), ("B", -1.0)])
def test_a_judge_that_goes_by_the_place_is_found_out(choice: str, bias: float) -> None:
    """Every pair turns with the order: all ties, nothing right, full bias to that place."""

    def answer(request: ModelRequest) -> str:
        if '"better"' in json.dumps(request.response_format.schema):
            return json.dumps({name: {"reason": "", "better": choice} for name in LEVELS})
        return judging(perfect)(request)

    found = measured(answer)
    assert (found.position_bias, found.inconsistency) == (bias, 1.0)
    assert (found.compared.right, found.compared.tied) == (0, len(PAIRS))
    assert found.length_bias is None
    assert found.scored.good_enough()
    assert not found.good_enough()


def test_a_judge_that_likes_length_is_found_out() -> None:
    """It is consistent, and right no more often than the better answer is the longer one; the bias says by how much."""
    found = measured(judging(likes_length))
    unequal = [pair for pair in PAIRS if len(pair.better) != len(pair.worse)]
    wrong = sum(len(pair.worse) > len(pair.better) for pair in unequal)
    assert found.length_bias == wrong / len(unequal) == pytest.approx(0.5, abs=0.1)
    assert (found.position_bias, found.inconsistency) == (0.0, 0.0)
    assert found.compared.accuracy < 0.6
    assert not found.good_enough()


def test_a_judge_that_always_says_the_same_is_useless() -> None:
    """It prefers nothing and scores all alike: only ties, none right."""
    found = measured(judging(lambda _text, _request: 1))
    assert found.compared.tied == found.scored.tied == len(PAIRS)
    assert (found.compared.accuracy, found.scored.accuracy) == (0.0, 0.0)
    assert not found.good_enough()


def test_the_deterministic_provider_is_no_judge() -> None:
    """It reads the schema and not the text: all ties, and the place is what it goes by."""
    found = asyncio.run(calibrate(Judge(DeterministicProvider()), PAIRS, date="2026-01-01"))
    assert found.judge_model == "deterministic/1"
    assert found.compared.tied == found.scored.tied == len(PAIRS)
    assert found.position_bias == 1.0
    assert found.cost == 0.0
    assert not found.good_enough(floor=0.0)


def test_an_outage_is_counted_and_is_no_wrong_answer() -> None:
    """Pairs that could not be judged are in no share; a judge that never answers has no accuracy."""

    def half(request: ModelRequest) -> str:
        if int(request.call_id.split("/")[1], 16) % 2:
            raise UnavailableError("down")
        return judging(perfect)(request)

    found = measured(half)
    for measure in (found.compared, found.scored):
        assert measure.n + measure.not_judged == len(PAIRS)
        assert 0 < measure.n < len(PAIRS)
        assert measure.accuracy == 1.0
    nothing = measured(lambda _: "no idea")
    assert (nothing.compared.n, nothing.compared.not_judged) == (0, len(PAIRS))
    assert (nothing.compared.accuracy, nothing.compared.interval) == (None, (0.0, 1.0))
    assert (nothing.position_bias, nothing.inconsistency, nothing.length_bias) == (None, None, None)
    assert not nothing.good_enough()


def test_a_used_up_budget_stops_the_calibration() -> None:
    """It is raised as it is, and not as a group."""

    def spent(_request: ModelRequest) -> str:
        raise BudgetError("spent")

    with pytest.raises(BudgetError):
        measured(spent)


def test_self_consistency_is_the_share_of_samples_that_agree() -> None:
    """One of four samples that always differs leaves three quarters."""

    def answer(request: ModelRequest) -> str:
        odd = request.call_id.endswith("/3")
        return judging(lambda text, _: (text in BETTER) != odd)(request)

    found = measured(answer, samples=4, sampling=Sampling(temperature=1))
    assert found.self_consistency == 0.75
    assert found.compared.accuracy == 1.0


def test_a_pair_with_a_broken_text_says_nothing_of_the_judge() -> None:
    """It is decided without asking, is counted apart, and is in no measure."""
    broken = CalibrationPair(task="Say how to roll back.", better=PAIRS[0].better, worse="Error: 500")
    found = measured(judging(perfect), [*PAIRS, broken])
    assert (found.gated, found.compared.n, found.scored.n) == (1, len(PAIRS), len(PAIRS))


def test_few_pairs_are_not_enough() -> None:
    """A perfect judge on one pair less than the fewest may not decide."""
    assert measured(judging(perfect), PAIRS[:FEWEST]).good_enough()
    assert not measured(judging(perfect), PAIRS[: FEWEST - 1]).good_enough()


def test_a_calibration_holds_for_one_judge_and_one_prompt() -> None:
    """Another model, another criterion or another sampling needs one of its own; a bad one never helps."""
    found = measured(judging(perfect))
    judge = Judge(FunctionProvider(str), "m")
    assert may_decide([found], judge.name, judge.prompt_hash(GENERAL))
    assert not may_decide([found], "n", judge.prompt_hash(GENERAL))
    assert not may_decide([found], judge.name, judge.prompt_hash(GENERAL[:1]))
    warm = Judge(FunctionProvider(str), "m", sampling=Sampling(temperature=1))
    assert not may_decide([found], warm.name, warm.prompt_hash(GENERAL))
    assert not may_decide([], judge.name, judge.prompt_hash(GENERAL))
    assert not may_decide([measured(judging(likes_length))], judge.name, judge.prompt_hash(GENERAL))


def test_the_set_of_pairs_is_known_in_whatever_order() -> None:
    """The same pairs have the same fingerprint; another pair changes it."""
    mixed = random.Random(1).sample(PAIRS, len(PAIRS))
    assert measured(judging(perfect), mixed) == measured(judging(perfect))
    assert measured(judging(perfect), PAIRS[1:]).pairs != measured(judging(perfect)).pairs


def test_a_calibration_is_kept_and_read_again(tmp_path: Path) -> None:
    """The file names its schema and gives the same calibration; one that is none says where."""
    found = measured(judging(likes_length))
    path = tmp_path / "judges" / "m.json"
    found.write(path)
    assert json.loads(path.read_text())["schema"] == "fcc.calibration/1"
    assert Calibration.read(path) == found
    path.write_text(path.read_text().replace("fcc.calibration/1", "fcc.calibration/9"))
    with pytest.raises(InvalidFileError, match=r"m\.json:2:"):
        Calibration.read(path)


def test_the_builtin_pairs_test_the_judge_and_no_pattern() -> None:
    """At least 24, each task once; no side is broken, and the worse one is the longer in half of them."""
    assert len(PAIRS) >= 24
    assert len({pair.task for pair in PAIRS}) == len(PAIRS)
    for pair in PAIRS:
        for text in (pair.better, pair.worse):
            tripped = {gate.name for gate in explain(text, pair.task).gates if gate.tripped}
            assert tripped <= {"truncated", "off-topic", "placeholders"}
    longer = sum(len(pair.worse) > len(pair.better) for pair in PAIRS)
    assert longer == len(PAIRS) / 2


def test_pairs_are_read_from_yaml_and_json_lines(tmp_path: Path) -> None:
    """Both forms give the same pairs; blank lines and escaped characters are read."""
    rows = [
        {"task": "t", "better": "gut \U0001f600", "worse": "w"},
        {"task": "u", "better": "b", "worse": "c"},
    ]
    lines, listed = tmp_path / "pairs.jsonl", tmp_path / "pairs.yaml"
    lines.write_text("\n\n".join(map(json.dumps, rows)) + "\n")
    listed.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert read_pairs(lines) == read_pairs(listed) == tuple(CalibrationPair(**row) for row in rows)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        (
            "p.jsonl",
            '{"task": "t", "better": "b", "worse": "w"}\n{"task": "t", "bettr": "b", "worse": "w"}\n',
            "2:1",
        ),
        ("p.jsonl", '\n{"task": "t",\n', r"2:\d+"),
        ("p.jsonl", "[" * 100_000, "1:1"),
        ("p.jsonl", "1\n", "1:1"),
        ("p.jsonl", "", "1:1"),
        ("p.yaml", "- task: t\n  better: b\n  worse: w\n- task: t\n  better: b\n  wurse: w\n", "6:3"),
        ("p.yaml", "- task: t\n  better: same\n  worse: same\n", "1:3"),
        ("p.yaml", "- task: t\n  better: 5\n  worse: ''\n", "2:3"),
        ("p.yaml", "task: t\n", "1:1"),
        ("p.yaml", "", "1:1"),
    ],
)
def test_a_file_that_holds_no_pairs_says_where(tmp_path: Path, name: str, text: str, place: str) -> None:
    """Every problem names file, line and column."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InvalidFileError, match=rf"{re.escape(name)}:{place}:"):
        read_pairs(path)


def test_a_file_of_pairs_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error says which file could not be read."""
    with pytest.raises(ConfigError, match=r"none\.jsonl"):
        read_pairs(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_published_one(k: int, n: int, low: float, high: float) -> None:
    """The method's examples in Newcombe, Statistics in Medicine 17 (1998), table I, and the closed form at 0 and n."""
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share(share: tuple[int, int]) -> None:
    """It lies in 0 to 1, holds k/n, and mirrors when successes and failures change places."""
    k, n = share
    low, high = wilson(k, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= k / n <= high
        assert math.isclose(wilson(n - k, n)[0], 1 - high, abs_tol=1e-12)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3)])
def test_what_is_no_share_has_no_interval(k: int, n: int) -> None:
    """It is refused and not made up."""
    with pytest.raises(ValueError, match="no share"):
        wilson(k, n)
