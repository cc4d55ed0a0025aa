"""How facts find one another."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from heapq import nsmallest
from operator import itemgetter
from typing import Generic, NamedTuple, Protocol, TypeVar

from fcc.evaluations.contracts.facts import (
    COMMIT,
    UNKNOWN,
    Container,
    Facts,
    Image,
    ImageUser,
    Selection,
    Service,
    Workload,
)

_MOST_LISTED = 10
_EACH = object()
"""Stands for every key."""
_SLOT = re.compile(r"-(?:blue|green|canary|stable|primary)$")


class _Placed(Protocol):
    @property
    def namespace(self) -> str: ...


class _Named(_Placed, Protocol):
    @property
    def name(self) -> str: ...


class _Labelled(_Placed, Protocol):
    @property
    def labels(self) -> Mapping[str, str]: ...


Placed = TypeVar("Placed", bound=_Placed)
Named = TypeVar("Named", bound=_Named)
Labelled = TypeVar("Labelled", bound=_Labelled)


def compatible(one: str, other: str) -> bool:
    """Whether two namespaces may be the same; one that is not given may be any."""
    return not one or not other or one == other


def matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels fit a selector that asks for at least one."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


class Shelf(Generic[Placed]):
    """Objects, found by their namespace and by keys such as their names; always in their order."""

    def __init__(self, items: Iterable[Placed], keys: Callable[[Placed], Iterable[Hashable]]) -> None:
        self._found: dict[tuple[str | None, Hashable], list[tuple[int, Placed]]] = {}
        for at, item in enumerate(items):
            for key in (_EACH, *keys(item)):
                for namespace in (None, item.namespace):
                    self._found.setdefault((namespace, key), []).append((at, item))

    def find(self, namespace: str, key: Hashable = _EACH) -> list[Placed]:
        """What may be in a namespace ("" for any) and has a key, or all of it."""
        if not namespace:
            return [item for _, item in self._found.get((None, key), ())]
        here, anywhere = self._found.get((namespace, key), []), self._found.get(("", key), [])
        both = sorted([*here, *anywhere], key=itemgetter(0)) if here and anywhere else here or anywhere
        return [item for _, item in both]


def by_name(items: Iterable[Named]) -> Shelf[Named]:
    """Objects by their names."""
    return Shelf(items, lambda item: (item.name,))


def by_label(items: Iterable[Labelled]) -> Shelf[Labelled]:
    """Objects by each of their labels, as key and value."""
    return Shelf(items, lambda item: item.labels.items())


def labelled(shelf: Shelf[Labelled], namespace: str, wanted: Mapping[str, str]) -> list[Labelled]:
    """The objects that may be in a namespace and have all of some labels, of which there is at least one."""
    found = [shelf.find(namespace, pair) for pair in wanted.items()]
    return [item for item in min(found, key=len) if matches(wanted, item.labels)] if found else []


def services(facts: Facts) -> Shelf[Service]:
    """The Services by name; for `facts.once`."""
    return by_name(facts.of(Service))


def workloads(facts: Facts) -> dict[tuple[str, str], list[Workload]]:
    """The workloads by kind and name; for `facts.once`."""
    found: dict[tuple[str, str], list[Workload]] = {}
    for item in facts.of(Workload):
        found.setdefault((item.kind, item.name), []).append(item)
    return found


def labelled_pods(facts: Facts) -> Shelf[Workload]:
    """The workloads by the labels of their pods; for `facts.once`."""
    return by_label(facts.of(Workload))


def _selections(_facts: Facts) -> dict[tuple[str, frozenset[tuple[str, str]]], list[Workload]]:
    return {}


def selected(facts: Facts, by: Service | Selection) -> list[Workload]:
    """The workloads whose pods a Service or policy selects; the same list for the same selector."""
    wanted = by.selector if isinstance(by, Service) else by.labels
    known, key = facts.once(_selections), (by.namespace, frozenset(wanted.items()))
    if key not in known:
        known[key] = labelled(facts.once(labelled_pods), by.namespace, wanted)
    return known[key]


def reached(facts: Facts) -> list[tuple[list[Workload], list[Service]]]:
    """The workloads that Services select, with all Services that select just these; for `facts.once`."""
    found: dict[int, tuple[list[Workload], list[Service]]] = {}
    for service in facts.of(Service):
        pods = selected(facts, service)
        if pods:
            found.setdefault(id(pods), (pods, []))[1].append(service)
    return list(found.values())


def listed(names: Iterable[object]) -> str:
    """Names as a text, each once; of many the first ten in their order, and how many more there are."""
    each = set(map(str, names))
    text = ", ".join(f"`{name}`" for name in nsmallest(_MOST_LISTED, each)) or "none"
    more = len(each) - _MOST_LISTED
    return f"{text} and {more:,} more" if more > 0 else text


class Name(NamedTuple):
    """An image's reference, taken apart."""

    repository: str
    tag: str
    """"" where there is none."""
    digest: bool

    @property
    def last(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def known(self) -> bool:
        """Whether the repository can be told."""
        return bool(self.repository) and UNKNOWN not in self.repository and COMMIT not in self.repository


def image_name(reference: str) -> Name:
    """The parts of an image's reference; Docker Hub's prefixes are left out."""
    rest, digest, _ = reference.strip().partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    for prefix in ("docker.io/", "index.docker.io/", "registry-1.docker.io/"):
        head = head.removeprefix(prefix)
    return Name(head.removeprefix("library/").lower(), tag, bool(digest))


def images(facts: Facts, *roles: str) -> list[tuple[Image, Name]]:
    """The images in some roles whose repository can be told."""
    found = [(image, image_name(image.reference)) for image in facts.of(Image) if image.role in roles]
    return [(image, name) for image, name in found if name.known]


def built(facts: Facts) -> dict[str, list[tuple[Image, Name]]]:
    """What the workflows build, by repository; empty where one of them can't be told."""
    found: dict[str, list[tuple[Image, Name]]] = {}
    for image in facts.of(Image):
        if image.role == "built":
            name = image_name(image.reference)
            if not name.known:
                return {}
            found.setdefault(name.repository, []).append((image, name))
    return found


def serving(facts: Facts) -> Iterator[tuple[Workload, Container]]:
    """Each container that runs as long as its pod, with its workload."""
    for workload in facts.of(Workload):
        for container in workload.containers:
            if not container.init and container.image:
                yield workload, container


def own(facts: Facts) -> list[tuple[Workload, Container]]:
    """The containers that run the image of the one Dockerfile there is; empty where that can't be told."""
    if len({user.place.file for user in facts.of(ImageUser)}) != 1:
        return []
    running = [(workload, container, image_name(container.image)) for workload, container in serving(facts)]
    repositories = {name.repository for _, _, name in running}
    made = set(built(facts)) & repositories
    if not made and len(repositories) == 1 and all("/" in repository for repository in repositories):
        made = repositories
    return [(workload, container) for workload, container, name in running if name.repository in made]


def one_application(facts: Facts) -> list[tuple[Workload, Container]]:
    """The containers that are asked by HTTP, where all of them are one application's; else empty."""
    found = [
        (workload, container)
        for workload, container in serving(facts)
        if any(probe.path for probe in container.probes)
    ]
    names = {_SLOT.sub("", workload.name) for workload, _ in found}
    return found if len(names) == 1 else []
