"""Rules about images: what is built, scanned, deployed and run must be one and the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
        for image, name in running:
            if name.repository in made:
                continue
            near = [repository for repository in made if _is_near(name, repository, whole=whole)]
            if near:
                other = made[near[0]][0][0].place
                yield Clash(
                    image.place,
                    f"runs image {name.repository}, but the workflow builds {near[0]}",
                    "Name the same repository on both sides.",
                    other,
                )


def _is_near(name: Name, repository: str, *, whole: bool) -> bool:
    """Whether an image is meant to be the one that is built.

    By its name alone; or, where nothing that is built is run, by its owner, or by a name that is much alike.
    """
    last, owner = repository.rpartition("/")[2], repository.rpartition("/")[0]
    if name.last == last:
        return True
    if not whole:
        return False
    if owner and name.repository.rpartition("/")[0] == owner:
        return True
    from difflib import SequenceMatcher

    return SequenceMatcher(None, name.last, last).ratio() > _ALIKE


def _tag_is_built(facts: Facts) -> Iterator[Clash]:
    made = built(facts)
    deployed = {name.repository for _, name in images(facts, "deployed")}
    for image, name in images(facts, "run", "chart", "named"):
        tags = [other for _, other in made.get(name.repository, ())]
        if not tags or name.digest or UNKNOWN in name.tag or any(UNKNOWN in other.tag for other in tags):
            continue
        literal = {other.tag for other in tags if COMMIT not in other.tag}
        commits = any(COMMIT in other.tag for other in tags)
        tag = name.tag or "latest"
        if tag in literal or (commits and _HASH.match(tag)):
            continue
        if not literal and tag != "latest" and name.repository in deployed:
            continue
        sure = image.role != "named" and (literal or tag == "latest")
        pushed = listed([*literal, *(["the commit"] if commits else [])])
        yield Clash(
            image.place,
            f"names {name.repository}:{tag}, but the workflow tags it {pushed}",
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
