"""Rules about a workflow: the stages that were asked for, their order, and what its commands name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from fcc.evaluations.contracts._lookup import compatible, listed
from fcc.evaluations.contracts.facts import (
    Autoscaler,
    Facts,
    Job,
    KubeUse,
    Resource,
    ScriptCall,
    Service,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_MATERIAL = re.compile(r"<material-(\w+)[^>]*>.*?</material-\1>", re.DOTALL)
_HEADING = re.compile(r"\bstages?\b[^\n]{0,80}:\s*$", re.IGNORECASE)
_ITEM = re.compile(r"\s{0,8}(\d{1,3}[.)]|[-*])\s+(\S.*)$")
_WORD = re.compile(r"[a-z]{2,}")
_IDLE = {"and", "the", "of", "with", "for", "to", "in", "stage", "step", "run", "or", "on", "an"}
_LIKE = {"deployment": "deploy", "deploying": "deploy", "deployed": "deploy", "rollout": "deploy"}
_LIKE |= {"testing": "test", "linting": "lint", "scanning": "scan", "building": "build", "prod": "production"}
_LIKE |= {"validate": "validation", "validating": "validation", "unittest": "unit", "stage": "staging"}
_LIKE |= {"docker": "container", "image": "container", "kubernetes": "deploy", "kubectl": "deploy"}
_CHECKS = {"test", "lint", "scan", "validation", "unit", "security", "check"}
_ENVIRONMENT = re.compile(r"-(?:dev|development|test|qa|stage|staging|canary|preview|prod|production)$")


class Stage(NamedTuple):
    """A stage that a task asks for."""

    text: str
    words: frozenset[str]
    detail: frozenset[str]
    """Words in brackets."""
    ordered: bool


def _stem(word: str) -> str:
    plain = _LIKE.get(word, word)
    return plain[:-1] if len(plain) > 3 and plain.endswith("s") and not plain.endswith("ss") else plain  # noqa: PLR2004 - `css`


def _stems(text: str) -> frozenset[str]:
    return frozenset(_LIKE.get(_stem(word), _stem(word)) for word in _WORD.findall(text.lower())) - _IDLE


def stages(facts: Facts) -> list[Stage]:
    """The stages that the tasks list, in their order."""
    for task in facts.context.tasks.values():
        found: list[Stage] = []
        listing = False
        for line in _MATERIAL.sub("", task).splitlines():
            item = _ITEM.match(line) if listing else None
            if item:
                main = re.sub(r"\([^)]*\)", " ", item[2])
                detail = " ".join(re.findall(r"\(([^)]*)\)", item[2]))
                found.append(Stage(item[2].strip(), _stems(main), _stems(detail), item[1][0].isdigit()))
            elif line.strip():
                listing = bool(_HEADING.search(line))
        if len(found) > 1:
            return found
    return []


def _assigned(facts: Facts) -> list[tuple[Stage, Job | None]]:
    """Each stage with the job that does it: the one whose words are most like its own."""
    asked = stages(facts)
    jobs = [_spoken(job) for job in facts.of(Job)] if asked else []
    shared = Counter(word for stage in asked for word in stage.words | stage.detail)
    found: list[tuple[Stage, Job | None]] = []
    for stage in asked:
        ranked = [(_likeness(stage, names, said, shared), job) for job, names, said in jobs]
        best = max(ranked, key=lambda pair: pair[0], default=(0.0, None))
        found.append((stage, best[1] if best[0] > 0 else None))
    return found


def _spoken(job: Job) -> tuple[Job, frozenset[str], frozenset[str]]:
    return job, _stems(f"{job.id} {job.name}".replace("_", " ")), _stems(" ".join(job.words))


def _likeness(stage: Stage, names: frozenset[str], said: frozenset[str], shared: Counter[str]) -> float:
    """How much a job is like a stage; 0 where none of the words that only this stage has, or too few, are there."""
    both = stage.words & names
    own = {word for word in stage.words | stage.detail if shared[word] == 1}
    if not own & (names | said) and (own & stage.words or len(both) < len(stage.words)):
        return 0.0
    weight = sum(1 / shared[word] for word in both) + 0.2 * len(own & (said - names))
    return max(weight - 0.1 * len(names - stage.words - stage.detail), 0.01)


def _closure(facts: Facts) -> dict[tuple[str, str], set[str]]:
    """For each job, by file and id, every job of its file that is done before it."""
    direct = {(job.place.file, job.id): set(job.needs) for job in facts.of(Job)}
    closed: dict[tuple[str, str], set[str]] = {}
    for (file, name), needs in direct.items():
        seen: set[str] = set()
        open_ = list(needs)
        while open_:
            current = open_.pop()
            if current not in seen:
                seen.add(current)
                open_ += direct.get((file, current), ())
        closed[file, name] = seen
    return closed


def _stage_missing(facts: Facts) -> Iterator[Clash]:
    jobs = facts.of(Job)
    for stage, job in _assigned(facts) if jobs else ():
        if job is None:
            message = f"no job does the stage that was asked for: {stage.text}"
            yield Clash(jobs[0].place, message, "Add a job for it, ordered by `needs`.")


def _stage_order(facts: Facts) -> Iterator[Clash]:
    before = _closure(facts) if facts.context.tasks else {}
    pairs = [(stage, job) for stage, job in _assigned(facts) if job is not None and stage.ordered]
    for (early, first), (late, second) in pairwise(pairs):
        if first.id == second.id or first.place.file != second.place.file:
            continue
        if first.id in before[second.place.file, second.id]:
            continue
        swapped = second.id in before[first.place.file, first.id]
        yield Clash(
            second.needs_place,
            f"job `{second.id}` ({late.text}) does not wait for `{first.id}` ({early.text}), which was asked for "
            "before it",
            f"Let `{second.id}` need `{first.id}`.",
            first.place,
            None if swapped or second.deploys else "warning",
        )


def _deploys_last(facts: Facts) -> Iterator[Clash]:
    before = _closure(facts)
    asked = bool(facts.context.tasks) and bool(stages(facts))
    for job in facts.of(Job):
        if not job.deploys:
            continue
        done = before[job.place.file, job.id]
        for check in facts.of(Job):
            same_file = check.place.file == job.place.file and check.id != job.id
            if (
                not same_file
                or check.deploys
                or not _stems(f"{check.id} {check.name}".replace("_", " ")) & _CHECKS
            ):
                continue
            after = job.id in before[check.place.file, check.id] or _follows_a_deployment(
                facts, check, before
            )
            if check.id not in done and not after:
                yield Clash(
                    job.needs_place,
                    f"job `{job.id}` deploys without waiting for `{check.id}`",
                    f"Let `{job.id}` need `{check.id}`, itself or through another job.",
                    check.place,
                    None if asked else "warning",
                )


def _follows_a_deployment(facts: Facts, check: Job, before: dict[tuple[str, str], set[str]]) -> bool:
    deploying = {job.id for job in facts.of(Job) if job.deploys and job.place.file == check.place.file}
    return bool(deploying & before[check.place.file, check.id])


_CHANGES = {"set", "scale", "patch", "autoscale", "edit"}
"""What is done to one's own objects; others are only looked at."""
_OBJECTS = {"Deployment", "StatefulSet", "DaemonSet"}


def _targets(facts: Facts) -> Iterator[Clash]:
    known: dict[str, list[Workload | Service | Autoscaler]] = {"Service": [*facts.of(Service)]}
    known["HorizontalPodAutoscaler"] = [*facts.of(Autoscaler)]
    for kind in _OBJECTS:
        known[kind] = [item for item in facts.of(Workload) if item.kind == kind]
    from difflib import get_close_matches

    made = {name for use in facts.of(KubeUse) if use.creates for name in use.names}
    written = _written(facts)
    for use in facts.of(KubeUse) if facts.whole else ():
        near = [item for item in known.get(use.kind, ()) if item.name]
        names = {item.name for item in near}
        if use.creates or not use.names or not near or set(use.names) & (made | names):
            continue
        meant = use.verb in _CHANGES or any(get_close_matches(name, names, cutoff=0.6) for name in use.names)
        others = not meant and use.namespace and use.namespace not in {item.namespace for item in near}
        if not others and not set(use.names) & written.get(use.place.file, set()):
            yield Clash(
                use.name_place,
                f"names {use.kind} {listed(use.names)}, but there is {listed(names)}",
                f"Name a {use.kind} that is there.",
                near[0].place,
                None if meant else "warning",
            )


_WRITTEN = re.compile(r"\bname\"?\s{0,4}:\s{0,4}\"?([\w.-]{1,253})")


def _written(facts: Facts) -> dict[str, set[str]]:
    """The names of objects that scripts and workflows write themselves, by file."""
    files = {use.place.file for use in facts.of(KubeUse)}
    return {
        source.file: set(_WRITTEN.findall(source.text)) for source in facts.sources if source.file in files
    }


def _containers(facts: Facts) -> Iterator[Clash]:
    for use in facts.of(KubeUse):
        found = [item for item in facts.of(Workload) if item.kind == use.kind and item.name in use.names]
        names = {container.name for item in found for container in item.containers}
        for name in use.containers:
            if names and name not in names and re.fullmatch(r"[\w.-]+", name):
                yield Clash(
                    use.place,
                    f"sets the image of container `{name}`, but {use.kind} {listed(use.names)} has {listed(names)}",
                    "Name a container that is there.",
                    found[0].containers[0].place,
                )


def _namespace(facts: Facts) -> Iterator[Clash]:
    placed = [item for item in facts.of(Workload) if item.namespace]
    known = {item.namespace for item in facts.of(Resource) if item.namespace}
    for use in facts.of(KubeUse):
        base = _ENVIRONMENT.sub("", use.namespace)
        bases = {_ENVIRONMENT.sub("", name) for name in known}
        named = [item for item in placed if item.name in use.names and item.kind == use.kind]
        if not use.namespace or not named or any(compatible(use.namespace, item.namespace) for item in named):
            continue
        if base not in bases and use.namespace not in known:
            yield Clash(
                use.place,
                f"names {use.kind} {listed(use.names)} in namespace `{use.namespace}`, but it is in "
                f"{listed(item.namespace for item in named)}",
                "Use the namespace of the manifests.",
                named[0].place,
            )


def _scripts(facts: Facts) -> Iterator[Clash]:
    files = [source.file for source in facts.sources if source.kind in {"shell", "python"}]
    for call in facts.of(ScriptCall):
        folder = call.path.rpartition("/")[0]
        beside = [file for file in files if f"/{file}".rpartition("/")[0].endswith(f"/{folder}")]
        if beside and not any(f"/{file}".endswith(f"/{call.path}") for file in beside):
            yield Clash(
                call.place,
                f"runs `{call.path}`, but {folder}/ has {listed(file.rpartition('/')[2] for file in beside)}",
                "Run a script that is there, or add this one.",
                Place(beside[0], 1),
            )


RULES = (
    rule("stage-missing", "error", "Each stage that was asked for has a job", _stage_missing),
    rule("stage-order", "error", "Jobs wait for one another as the stages were asked for", _stage_order),
    rule(
        "deploy-after-checks", "error", "Nothing is deployed before tests and scans are done", _deploys_last
    ),
    rule("kubectl-target", "error", "Commands name objects that are there", _targets),
    rule("kubectl-container", "error", "Commands set the image of a container that is there", _containers),
    rule("kubectl-namespace", "warning", "Commands use the namespace of the manifests", _namespace),
    rule("script-exists", "error", "Scripts that a workflow runs are there", _scripts),
)
