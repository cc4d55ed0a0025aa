"""Rules about images: what is built, scanned, deployed and run must be one and the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fcc.evaluations.contracts._likeness import Likeness
from fcc.evaluations.contracts._lookup import Name, built, image_name, images, listed
from fcc.evaluations.contracts.facts import COMMIT, UNKNOWN, Facts, Image
from fcc.evaluations.contracts.rule import Clash, rule

_HASH = re.compile(r"(?:sha-?)?[0-9a-f]{7,40}$")
_ALIKE = 0.6


def _built_and_run(facts: Facts) -> Iterator[Clash]:
    made = built(facts)
    if not made:
        return
    for role in ("run", "chart"):
        running = images(facts, role)
        whole = all(name.repository not in made for _, name in running)
        nearest = _Nearest(facts, made, whole=whole)
        for image, name in running:
            near = None if name.repository in made else nearest.to(name)
            if near is not None:
                yield Clash(
                    image.place,
                    f"runs image {name.repository}, but the workflow builds {near}",
                    "Name the same repository on both sides.",
                    made[near][0][0].place,
                )


class _Nearest:
    """Which of the repositories that are built an image is meant to be.

    By its name alone; or, where nothing that is built is run, by its owner, or by a name that is much alike.
    """

    def __init__(self, facts: Facts, made: Iterable[str], *, whole: bool) -> None:
        self._likeness, self._whole = facts.once(Likeness), whole
        self._by_last: dict[str, str] = {}
        self._by_owner: dict[str, str] = {}
        for repository in made:
            owner, _, last = repository.rpartition("/")
            self._by_last.setdefault(last, repository)
            self._by_owner.setdefault(owner, repository)

    def to(self, name: Name) -> str | None:
        """The repository, if there is one."""
        owner = name.repository.rpartition("/")[0]
        if name.last in self._by_last or not self._whole:
            return self._by_last.get(name.last)
        if owner and owner in self._by_owner:
            return self._by_owner[owner]
        like = self._likeness.best("images", name.last, self._by_last, _ALIKE)
        return self._by_last[like] if like is not None else None


class _Tags(NamedTuple):
    """The tags that workflows give to a repository."""

    literal: frozenset[str]
    commits: bool
    known: bool


def _pushed(found: list[tuple[Image, Name]]) -> _Tags:
    tags = [name.tag for _, name in found]
    return _Tags(
        frozenset(tag for tag in tags if COMMIT not in tag),
        any(COMMIT in tag for tag in tags),
        not any(UNKNOWN in tag for tag in tags),
    )


def _tag_is_built(facts: Facts) -> Iterator[Clash]:
    made = built(facts)
    pushed = {repository: _pushed(found) for repository, found in made.items()}
    deployed = {name.repository for _, name in images(facts, "deployed")}
    for image, name in images(facts, "run", "chart", "named"):
        tags = pushed.get(name.repository)
        if tags is None or name.digest or UNKNOWN in name.tag or not tags.known:
            continue
        tag = name.tag or "latest"
        if tag in tags.literal or (tags.commits and _HASH.match(tag)):
            continue
        if not tags.literal and tag != "latest" and name.repository in deployed:
            continue
        sure = image.role != "named" and (tags.literal or tag == "latest")
        names = listed([*tags.literal, *(["the commit"] if tags.commits else [])])
        yield Clash(
            image.place,
            f"names {name.repository}:{tag}, but the workflow tags it {names}",
            "Run a tag that the workflow pushes.",
            made[name.repository][0][0].place,
            None if sure else "warning",
        )


def _pinned(facts: Facts) -> Iterator[Clash]:
    for image in facts.of(Image):
        name = image_name(image.reference)
        if image.role not in {"run", "chart", "base", "compose"} or not name.known or name.digest:
            continue
        if name.tag in {"", "latest"}:
            what = "`latest`" if name.tag else "no tag, which means `latest`"
            yield Clash(
                image.place,
                f"image {name.repository} has {what}: what runs can change without a change here",
                "Name a version, a commit or a digest.",
            )


def _deployed_is_built(facts: Facts) -> Iterator[Clash]:
    yield from _among_built(facts, "deployed", "deploys", "Deploy the image that the workflow builds.")


def _scanned_is_built(facts: Facts) -> Iterator[Clash]:
    made = built(facts)
    if not any(name.repository in made for _, name in images(facts, "scanned")):
        yield from _among_built(facts, "scanned", "scans", "Scan the image that the workflow builds.")


def _among_built(facts: Facts, role: str, verb: str, hint: str) -> Iterator[Clash]:
    made = built(facts)
    for image, name in images(facts, role):
        if made and name.repository not in made:
            first = next(iter(made.values()))[0][0]
            message = f"{verb} image {name.repository}, but the workflow builds {listed(made)}"
            yield Clash(image.place, message, hint, first.place)


RULES = (
    rule(
        "image-built", "error", "Manifests and charts run the image that the workflow builds", _built_and_run
    ),
    rule("image-tag", "error", "The tag that runs is one that the workflow pushes", _tag_is_built),
    rule("image-pinned", "warning", "Images are named by version, commit or digest", _pinned),
    rule("image-deployed", "error", "Commands deploy the image that the workflow builds", _deployed_is_built),
    rule("image-scanned", "error", "The scan looks at the image that the workflow builds", _scanned_is_built),
)
