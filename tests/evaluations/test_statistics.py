"""Paired differences: intervals, the sign test, and what they come to."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.statistics import (
    PairedDifference,
    paired_difference,
    sign_test,
    subset_interval,
)

FIGURES = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), min_size=6, max_size=9)


def permutation_p(values: list[float]) -> float:
    """The two-sided p of the permutation test that turns signs, by trying all of them."""
    seen = abs(math.fsum(values)) - 1e-9
    turned = itertools.product((1, -1), repeat=len(values))
    sums = [abs(math.fsum(s * v for s, v in zip(signs, values, strict=True))) for signs in turned]
    return sum(1 for total in sums if total >= seen) / len(sums)


@pytest.mark.parametrize(
    ("up", "down", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (6, 0, 0.03125),
        (5, 1, 0.21875),
        (8, 2, 0.109375),
        (7, 7, 1.0),
        (20, 9, 0.06142834573984146),
        (100, 70, 0.025844387581341693),
    ],
)
def test_the_sign_test_is_the_binomial_test(up: int, down: int, p: float) -> None:
    """It gives what scipy.stats.binomtest (1.17) gives, whichever side is larger."""
    assert sign_test(up, down) == pytest.approx(p, rel=1e-12)
    assert sign_test(down, up) == sign_test(up, down)


def test_the_subset_interval_is_the_inverted_permutation_test() -> None:
    """Just inside its ends the test that turns signs keeps a value, just outside it refuses it."""
    values = [0.1, -0.2, 0.35, 0.05, 0.4, 0.3, 0.25, -0.05]
    interval = subset_interval(values)
    assert interval == pytest.approx((-0.05, 1 / 3))
    for end, inwards in zip(interval, (1e-6, -1e-6), strict=True):
        assert permutation_p([value - end - inwards for value in values]) > 0.05
        assert permutation_p([value - end + inwards for value in values]) <= 0.05


@settings(max_examples=40, deadline=None)
@given(FIGURES)
def test_an_effect_is_what_the_permutation_test_separates(values: list[float]) -> None:
    """The interval leaves 0 out only where the exact test refuses 0 at 5 %, and moves with the values."""
    found = paired_difference(values)
    if found.effect("higher") != "not separated":
        assert permutation_p(values) <= 0.05
        assert found.effect("lower") != found.effect("higher")
    low, high = subset_interval(values)
    assert low <= high
    moved = subset_interval([value + 7 for value in values])
    assert moved == pytest.approx((low + 7, high + 7))


def test_few_items_have_no_interval() -> None:
    """Five that all differ in one direction prove nothing at 95 %; six do."""
    assert paired_difference([]).mean is None
    five, six = paired_difference([0.5] * 5), paired_difference([0.5] * 6)
    assert (five.interval, five.effect("higher")) == (None, "not separated")
    assert (six.interval, six.effect("higher"), six.effect("lower")) == ((0.5, 0.5), "helps", "hurts")
    assert paired_difference([-1.0] * 6).effect("higher") == "hurts"
    assert subset_interval([0.5] * 5, level=0.9) == (0.5, 0.5)


def test_ties_separate_nothing() -> None:
    """Where most items do not differ, the interval holds 0; ups and downs are counted without ties."""
    found = paired_difference([0.0] * 6 + [0.3] * 4)
    assert found.effect("higher") == "not separated"
    assert (found.up, found.down, found.p) == (4, 0, 0.125)
    assert paired_difference([0.1 + 0.2 - 0.3] * 8).up == 0


def test_many_items_are_sampled_the_same_every_time() -> None:
    """Beyond fourteen, the same seed gives the same interval; it is near what Student's t gives for normal values."""
    random = Random(3)
    values = [random.gauss(0.2, 0.5) for _ in range(60)]
    first = subset_interval(values)
    assert first == subset_interval(values)
    assert first != subset_interval(values, seed=1)
    mean = math.fsum(values) / 60
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / 59 / 60)
    assert first == pytest.approx((mean - 2.001 * spread, mean + 2.001 * spread), abs=0.015)


def test_the_subset_interval_covers_what_it_says() -> None:
    """Of 300 samples of nothing, about one in twenty is told apart: never more than one in ten."""
    random = Random(1)
    for size in (6, 8, 18):
        samples = [[random.gauss(0, 1) for _ in range(size)] for _ in range(300)]
        wrong = [s for s in samples if not (i := subset_interval(s, resamples=399)) or i[0] > 0 or i[1] < 0]
        assert len(wrong) <= 30


def test_against_scipy() -> None:
    """Where scipy is installed, the sign test and the interval's ends agree with it."""
    stats = pytest.importorskip("scipy.stats")
    numpy = pytest.importorskip("numpy")
    assert sign_test(13, 4) == pytest.approx(stats.binomtest(13, 17).pvalue)
    values = [0.1, -0.2, 0.35, 0.05, 0.4, 0.3, 0.25, -0.05]
    low, _ = subset_interval(values)

    def p(at: float) -> float:
        shifted = (numpy.array([value - at for value in values]),)
        test = stats.permutation_test(shifted, numpy.mean, permutation_type="samples", n_resamples=math.inf)
        return float(test.pvalue)

    assert p(low - 1e-6) <= 0.05 < p(low + 1e-6)


def test_a_difference_says_what_it_is() -> None:
    """Mean, interval, counts and p of one set of differences."""
    found = paired_difference([0.2, 0.1, 0.3, 0.2, 0.1, 0.4, -0.1])
    assert isinstance(found, PairedDifference)
    assert found.mean == pytest.approx(1.2 / 7)
    assert (found.n, found.up, found.down, found.p) == (7, 6, 1, 0.125)
