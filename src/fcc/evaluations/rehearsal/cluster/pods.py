"""When a simulated pod is ready, from its probes and from what becomes of its image. Pure.

Probes are timed as in Kubernetes' documentation ("Configure Liveness, Readiness and Startup Probes"): the first after
`initialDelaySeconds`, then one each `periodSeconds`; restarts wait 10 s, twice as long each time, at most 300 s
("Pod Lifecycle", container restarts).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

START_SECONDS: Final = 5.0
"""From a pod's creation to its containers' start: scheduling and the pull of the image. An assumption."""
BOOT_SECONDS: Final = 5.0
"""From a container's start until it answers its probes. An assumption; a scenario may say otherwise."""
_HORIZON = 4 * 3600.0
"""How far ahead the restarts of a container are known, in seconds."""
_FIRST_BACKOFF = 10.0
_LONGEST_BACKOFF = 300.0


class Fate(NamedTuple):
    """What becomes of the containers of an image."""

    pulls: bool = True
    """Whether there is such an image."""
    runs_seconds: float | None = None
    """How long each start lives before it crashes; None for one that stays. It never answers a probe."""
    boot_seconds: float = BOOT_SECONDS


class Life(NamedTuple):
    """A pod's life, in seconds since it was created."""

    ready: tuple[tuple[float, float], ...]
    """The spans in which it is ready, in order; the last may be open (`inf`)."""
    restarts: tuple[float, ...] = ()
    """When a container was started again, as far as it is known ahead."""


class _Probe(NamedTuple):
    delay: float
    period: float
    failures: int
    successes: int
    answers: bool
    """False where its port has a name that no port of the container has."""


def life_of(template: Mapping[str, Any], fates: Mapping[str, Fate]) -> Life:
    """The life of a pod of this template; `fates` by image, and an image without one starts and stays."""
    containers = [item for item in template.get("spec", {}).get("containers", []) if isinstance(item, dict)]
    lives = [_container(item, fates.get(str(item.get("image", "")), Fate())) for item in containers]
    spans = lives[0].ready if lives else ()
    for life in lives[1:]:
        spans = tuple(_both(spans, life.ready))
    return Life(spans, tuple(sorted(time for life in lives for time in life.restarts)))


def _both(
    these: Sequence[tuple[float, float]], those: Sequence[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """Where two lists of spans overlap."""
    for start, end in these:
        for other_start, other_end in those:
            span = max(start, other_start), min(end, other_end)
            if span[0] < span[1]:
                yield span


def _container(container: Mapping[str, Any], fate: Fate) -> Life:  # noqa: PLR0911 - one for each end
    if not fate.pulls:
        return Life(())
    startup, liveness, readiness = (
        _probe(container, name) for name in ("startupProbe", "livenessProbe", "readinessProbe")
    )
    if fate.runs_seconds is not None:
        starts = list(_starts(fate.runs_seconds))
        probed = startup is not None or readiness is not None
        spans = () if probed else tuple((start, start + fate.runs_seconds) for start in starts)
        return Life(spans, tuple(starts[1:]))
    boot, begin = START_SECONDS + fate.boot_seconds, START_SECONDS
    started = begin
    if startup is not None:
        passed = _passes(startup, begin, begin, boot)
        if passed is None:
            return _killed(startup, begin)
        started = passed
    if liveness is not None and _passes(liveness, begin, started, boot) is None:
        return _killed(liveness, started)
    if readiness is None:
        return Life(((started, math.inf),))
    ready = _first_success(readiness, begin, started, boot)
    if ready is None:
        return Life(())
    return Life(((ready + (readiness.successes - 1) * readiness.period, math.inf),))


def _starts(runs: float) -> Iterator[float]:
    start, backoff = START_SECONDS, _FIRST_BACKOFF
    while start < _HORIZON:
        yield start
        start += runs + backoff
        backoff = min(backoff * 2, _LONGEST_BACKOFF)


def _killed(probe: _Probe, started: float) -> Life:
    """The life of a container that a probe kills each time before it answers."""
    lasts = max(started - START_SECONDS, 0.0) + probe.delay + probe.failures * probe.period
    return Life((), tuple(_starts(lasts))[1:])


def _first_success(probe: _Probe, begin: float, from_: float, boot: float) -> float | None:
    """The first time at which a probe is answered; None where it never is."""
    if not probe.answers:
        return None
    first = max(begin + probe.delay, from_)
    return first + max(0, math.ceil((boot - first) / probe.period)) * probe.period


def _passes(probe: _Probe, begin: float, from_: float, boot: float) -> float | None:
    """When a probe is answered before it has failed too often; None where it is not."""
    answered = _first_success(probe, begin, from_, boot)
    first = max(begin + probe.delay, from_)
    if answered is None or (answered - first) / probe.period >= probe.failures:
        return None
    return answered


def _probe(container: Mapping[str, Any], name: str) -> _Probe | None:
    said = container.get(name)
    if not isinstance(said, dict):
        return None
    port = next(
        (how.get("port") for key in ("httpGet", "tcpSocket") if isinstance(how := said.get(key), dict)), None
    )
    ports = [item for item in container.get("ports") or () if isinstance(item, dict)]
    known = not isinstance(port, str) or port.isdigit() or port in {item.get("name") for item in ports}
    return _Probe(
        number(said.get("initialDelaySeconds"), 0.0),
        max(1.0, number(said.get("periodSeconds"), 10.0)),
        int(max(1.0, number(said.get("failureThreshold"), 3.0))),
        int(max(1.0, number(said.get("successThreshold"), 1.0))),
        known,
    )


def number(value: Any, default: float) -> float:
    """A figure of a manifest that is not negative; what is none reads as the default."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _HORIZON:
        return default
    return float(value)
