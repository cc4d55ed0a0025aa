"""Statistics of paired measurements: the same items, measured in two ways. Pure; standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

RESAMPLES = 9_999
SEED = 20
_EXACT = 14
"""Up to how many items every subset is counted: 16,383 of 14."""
_EQUAL = 1e-9
"""What is nearer to 0 comes from rounding."""

Direction = Literal["higher", "lower"]
Effect = Literal["helps", "hurts", "not separated"]


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """By how much one way differs from another over the same items."""

    n: int
    """Items that were measured in both ways."""
    mean: float | None
    """The mean of the differences; None without items."""
    interval: Interval | None
    """Of the mean; None where there are too few items for one."""
    up: int
    """Items whose difference is above 0."""
    down: int
    """Items whose difference is below 0; the rest are tied."""

    @property
    def p(self) -> float:
        """Of the exact sign test, two-sided."""
        return sign_test(self.up, self.down)

    def effect(self, better: Direction) -> Effect:
        """What the difference comes to: told from none where the interval leaves 0 out."""
        low, high = self.interval or (0.0, 0.0)
        if low <= _EQUAL and high >= -_EQUAL:
            return "not separated"
        return "helps" if (low > 0) == (better == "higher") else "hurts"


def paired_difference(differences: Sequence[float], *, level: float = 0.95) -> PairedDifference:
    """What is known of the mean of differences, one for each item.

    Several measurements of one item are not independent of each other: give their mean as one difference.
    """
    return PairedDifference(
        len(differences),
        math.fsum(differences) / len(differences) if differences else None,
        subset_interval(differences, level=level),
        sum(1 for difference in differences if difference > _EQUAL),
        sum(1 for difference in differences if difference < -_EQUAL),
    )


def subset_interval(
    values: Sequence[float], *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval | None:
    """The interval of a mean by the means of subsets; of paired measurements, give the differences.

    The means of all 2**n - 1 subsets cut the line into 2**n parts that hold the centre of a symmetric distribution with
    the same probability each, whatever the distribution: Hartigan, Using subsample values as typical values, Journal
    of the American Statistical Association 64 (1969), 1303-1317. It leaves 0 out where the permutation test that turns
    signs does, and differences that come to nothing are symmetric about 0. At 95 %, six values are the fewest that
    have one; None for fewer. Beyond 14 values, `resamples` subsets are drawn, the same ones for the same seed.
    """
    n = len(values)
    means = _every_mean(values) if n <= _EXACT else _drawn_means(values, resamples, Random(seed))  # noqa: S311 - no secret
    rank = math.floor((len(means) + 1) * (1 - level) / 2 + _EQUAL)
    if rank < 1:
        return None
    means.sort()
    return Interval(means[rank - 1], means[-rank])


def _every_mean(values: Sequence[float]) -> list[float]:
    sums = [(0.0, 0)]
    for value in values:
        sums += [(total + value, count + 1) for total, count in sums]
    return [total / count for total, count in sums if count]


def _drawn_means(values: Sequence[float], many: int, random: Random) -> list[float]:
    means: list[float] = []
    while len(means) < many:
        chosen = random.getrandbits(len(values))
        if chosen:
            picked = [value for index, value in enumerate(values) if chosen >> index & 1]
            means.append(math.fsum(picked) / len(picked))
    return means


def sign_test(up: int, down: int) -> float:
    """The two-sided p of the exact sign test: how likely coins are to fall at least as unevenly. Ties are left out.

    Twice the smaller tail of the binomial distribution with p = 1/2, at most 1: Conover, Practical Nonparametric
    Statistics (3rd edition, 1999), section 3.4.
    """
    n, few = up + down, min(up, down)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / (1 << n))
