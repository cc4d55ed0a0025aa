"""How facts find one another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

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

_SLOT = re.compile(r"-(?:blue|green|canary|stable|primary)$")


def compatible(one: str, other: str) -> bool:
    """Whether two namespaces may be the same; one that is not given may be any."""
    return not one or not other or one == other


def matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels fit a selector that asks for at least one."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def selected(facts: Facts, by: Service | Selection) -> list[Workload]:
    """The workloads whose pods a Service or policy selects."""
    wanted = by.selector if isinstance(by, Service) else by.labels
    return [
        workload
        for workload in facts.of(Workload)
        if compatible(by.namespace, workload.namespace) and matches(wanted, workload.labels)
    ]


def listed(names: Iterable[object]) -> str:
    """Names as a text, each once."""
    return ", ".join(f"`{name}`" for name in sorted(set(map(str, names)))) or "none"


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
