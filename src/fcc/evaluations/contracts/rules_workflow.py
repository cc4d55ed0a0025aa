"""Rules about a workflow: the stages that were asked for, their order, and what its commands name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from typing import NamedTuple

from fcc.evaluations.contracts._likeness import Likeness
from fcc.evaluations.contracts._lookup import compatible, listed, workloads
from fcc.evaluations.contracts._scripts import ScriptCall
from fcc.evaluations.contracts.facts import (
    Autoscaler,
    Facts,
    Job,
    KubeUse,
    Resource,
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
_MOST_STAGES = 50
_MOST_BEFORE = 300
"""How many jobs before one are looked for."""
_MOST_CHECKS = 10
"""How many checks are named for which one job does not wait."""
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
            return found[:_MOST_STAGES]
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
        while open_ and len(seen) < _MOST_BEFORE:
            current = open_.pop()
            if current not in seen:
                seen.add(current)
                open_ += direct.get((file, current), ())
        closed[file, name] = seen
    return closed


def _stage_missing(facts: Facts) -> Iterator[Clash]:
    jobs = facts.of(Job)
    for stage, job in facts.once(_assigned) if jobs else ():
        if job is None:
            message = f"no job does the stage that was asked for: {stage.text}"
            yield Clash(jobs[0].place, message, "Add a job for it, ordered by `needs`.")


def _stage_order(facts: Facts) -> Iterator[Clash]:
    before = facts.once(_closure) if facts.context.tasks else {}
    pairs = [(stage, job) for stage, job in facts.once(_assigned) if job is not None and stage.ordered]
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
    before = facts.once(_closure)
    asked = bool(facts.context.tasks) and bool(stages(facts))
    deploying: dict[str, set[str]] = {}
    for job in facts.of(Job):
        if job.deploys:
            deploying.setdefault(job.place.file, set()).add(job.id)
    checks: dict[str, list[Job]] = {}
    for job in facts.of(Job):
        file = job.place.file
        checked = not job.deploys and _stems(f"{job.id} {job.name}".replace("_", " ")) & _CHECKS
        if checked and file in deploying and not deploying[file] & before[file, job.id]:
            checks.setdefault(file, []).append(job)
    for job in facts.of(Job) if checks else ():
        done = before[job.place.file, job.id]
        early = (check for check in checks.get(job.place.file, ()) if job.deploys and check.id not in done)
        for check in islice(early, _MOST_CHECKS):
            yield Clash(
                job.needs_place,
                f"job `{job.id}` deploys without waiting for `{check.id}`",
                f"Let `{job.id}` need `{check.id}`, itself or through another job.",
                check.place,
                None if asked else "warning",
            )


_CHANGES = {"set", "scale", "patch", "autoscale", "edit"}
"""What is done to one's own objects; others are only looked at."""
_OBJECTS = {"Deployment", "StatefulSet", "DaemonSet"}


class _Known(NamedTuple):
    """The objects of one kind."""

    names: dict[str, None]
    namespaces: set[str]
    first: Place


def _known(facts: Facts) -> dict[str, _Known]:
    named: list[tuple[str, Workload | Service | Autoscaler]] = [
        ("Service", item) for item in facts.of(Service)
    ]
    named += [("HorizontalPodAutoscaler", item) for item in facts.of(Autoscaler)]
    named += [(item.kind, item) for item in facts.of(Workload) if item.kind in _OBJECTS]
    found: dict[str, _Known] = {}
    for kind, item in named:
        if item.name:
            known = found.setdefault(kind, _Known({}, set(), item.place))
            known.names[item.name] = None
            known.namespaces.add(item.namespace)
    return found


def _targets(facts: Facts) -> Iterator[Clash]:
    known, likeness = _known(facts), facts.once(Likeness)
    uses = [use for use in facts.of(KubeUse) if use.names]
    made = {name for use in uses if use.creates for name in use.names}
    written = _written(facts)
    inside = _inside(facts, known)
    for use in uses if facts.whole else ():
        near = known.get(use.kind)
        if use.creates or near is None or any(name in made or name in near.names for name in use.names):
            continue
        if set(use.names) & written.get(use.place.file, set()):
            continue
        meant = use.verb in _CHANGES or any(
            likeness.best(use.kind, name, near.names, 0.6) for name in use.names
        )
        if not meant and use.namespace and use.namespace not in near.namespaces:
            continue
        sure = meant and not use.elsewhere and (not use.namespace or use.namespace in inside)
        yield Clash(
            use.name_place,
            f"names {use.kind} {listed(use.names)}, but there is {listed(near.names)}",
            f"Name a {use.kind} that is there.",
            near.first,
            None if sure else "warning",
        )


def _inside(facts: Facts, known: Mapping[str, _Known]) -> set[str]:
    """The namespaces of the manifests; where some name none, also those where commands find such an object."""
    found = {item.name if item.kind == "Namespace" else item.namespace for item in facts.of(Resource)}
    for use in facts.of(KubeUse):
        near = known.get(use.kind)
        if near and "" in near.namespaces and any(name in near.names for name in use.names):
            found.add(use.namespace)
    return found


_WRITTEN = re.compile(r"\bname\"?\s{0,4}:\s{0,4}\"?([\w.-]{1,253})")


def _written(facts: Facts) -> dict[str, set[str]]:
    """The names of objects that scripts and workflows write themselves, by file."""
    files = {use.place.file for use in facts.of(KubeUse)}
    return {
        source.file: set(_WRITTEN.findall(source.text)) for source in facts.sources if source.file in files
    }


def _containers(facts: Facts) -> Iterator[Clash]:
    known = facts.once(workloads)
    for use in facts.of(KubeUse):
        found = [item for name in dict.fromkeys(use.names) for item in known.get((use.kind, name), ())]
        names = {container.name for item in found for container in item.containers}
        for name in use.containers:
            if names and name not in names and re.fullmatch(r"[\w.-]+", name):
                yield Clash(
                    use.place,
                    f"sets the image of container `{name}`, but {use.kind} {listed(use.names)} has {listed(names)}",
                    "Name a container that is there.",
                    next(container.place for item in found for container in item.containers),
                )


def _namespace(facts: Facts) -> Iterator[Clash]:
    known = {item.namespace for item in facts.of(Resource) if item.namespace}
    bases = {_ENVIRONMENT.sub("", name) for name in known}
    for use in facts.of(KubeUse):
        if not use.namespace or use.namespace in known or _ENVIRONMENT.sub("", use.namespace) in bases:
            continue
        found = [item for name in use.names for item in facts.once(workloads).get((use.kind, name), ())]
        named = [item for item in found if item.namespace]
        if named and not any(compatible(use.namespace, item.namespace) for item in named):
            yield Clash(
                use.place,
                f"names {use.kind} {listed(use.names)} in namespace `{use.namespace}`, but it is in "
                f"{listed(item.namespace for item in named)}",
                "Use the namespace of the manifests.",
                named[0].place,
            )


def _scripts(facts: Facts) -> Iterator[Clash]:
    by_folder: dict[str, list[str]] = {}
    for source in facts.sources:
        parts = source.file.split("/")[:-1]
        for at in range(len(parts)) if source.kind in {"shell", "python"} else ():
            by_folder.setdefault("/".join(parts[at:]), []).append(source.file)
    for call in facts.of(ScriptCall):
        folder = call.path.rpartition("/")[0]
        beside = by_folder.get(folder, [])
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
