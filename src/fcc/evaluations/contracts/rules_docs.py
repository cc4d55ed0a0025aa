"""Rules about documentation: links, navigation, plan and facts, and the job that builds it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcc.evaluations.contracts._docs import (
    Build,
    LeftOut,
    Page,
    Planned,
    Site,
    Stated,
    key_of,
    path_of,
)
from fcc.evaluations.contracts._lookup import listed
from fcc.evaluations.contracts.facts import Facts
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_GENERATED = re.compile(r"(?:fn(?:ref)?:|:~:|__|_\d+$|top$|L\d+)")
"""Anchors that renderers make without a heading: of footnotes, of code, of the top."""
_NUMBERED = re.compile(r"\d+$")
_NO_PAGE = re.compile(
    r"(?:^|/)(?:[._][^/]*|404\.md|includes?/.*|snippets?/.*|overrides/.*|partials/.*)(?:$|/)"
)
_STRICT = re.compile(r"--strict\b|\s-\w*s\b")
_MOST_FILTERS = 100
_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _pages(facts: Facts) -> dict[str, Page]:
    return {page.path: page for page in facts.of(Page)}


def _paths(facts: Facts) -> dict[str, str]:
    """Where each file lies, and its name in the set."""
    return {path_of(source.file): source.file for source in facts.sources}


def _sites(facts: Facts) -> dict[str, Site]:
    """The site whose folder holds each page that is in one, by the page's path."""
    by_depth = sorted(facts.of(Site), key=lambda site: len(site.folder))
    return {page.path: site for site in by_depth for page in facts.of(Page) if _below(page.path, site.folder)}


def _below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _links(facts: Facts) -> Iterator[Clash]:
    known = facts.once(_paths)
    sites = facts.once(_sites)
    for page in facts.of(Page):
        site = sites.get(page.path)
        for target in page.targets if site is not None and site.closed else ():
            if site is not None and _below(target.page, site.folder) and target.page not in known:
                yield Clash(
                    target.place,
                    f"links to `{target.written}`, but there is no `{target.page}`",
                    "Link to a page that is there, or write this one.",
                    site.place,
                )


def _anchors(facts: Facts) -> Iterator[Clash]:
    pages, sites = facts.once(_pages), facts.once(_sites)
    for page in facts.of(Page):
        for target in page.targets:
            other = pages.get(target.page)
            if other is None or other.open or not target.anchor or _GENERATED.match(target.anchor):
                continue
            if (site := sites.get(other.path)) is not None and not site.closed:
                continue
            key = key_of(target.anchor)
            if key and not {key, _NUMBERED.sub("", key)} & other.anchors:
                yield Clash(
                    target.place,
                    f"links to `{target.written}`, but `{other.path}` has no heading or anchor of that name",
                    "Name a heading that is there: in lower case, with hyphens for spaces.",
                    other.place,
                )


def _entries(facts: Facts) -> Iterator[Clash]:
    known, pages = facts.once(_paths), facts.once(_pages)
    for site in facts.of(Site):
        if site.closed and any(_below(path, site.folder) for path in pages):
            for path, place in site.nav:
                if path not in known:
                    yield Clash(
                        place,
                        f"the navigation names `{path}`, which is not there",
                        "Name a page that is there, or write this one.",
                    )


def _unlisted(facts: Facts) -> Iterator[Clash]:
    pages = facts.once(_pages)
    for site in facts.of(Site):
        listed_paths = {path for path, _ in site.nav}
        for path, page in pages.items() if site.has_nav and site.closed and not site.hides else ():
            own = path.removeprefix(f"{site.folder}/")
            beside = path.removesuffix("README.md") + "index.md"
            hidden = page.draft or _NO_PAGE.search(own) or (path.endswith("README.md") and beside in pages)
            if _below(path, site.folder) and path not in listed_paths and not hidden:
                yield Clash(
                    site.place,
                    f"the navigation leaves out `{path}`, so that only a link or a search leads there",
                    "Name it under `nav`, or under `not_in_nav` where that is meant.",
                    page.place,
                )


def _planned(facts: Facts) -> Iterator[Clash]:
    known = facts.once(_paths)
    for site in facts.of(Site):
        for page in facts.of(Planned):
            if _below(page.path, site.folder) and page.path not in known:
                yield Clash(
                    page.place,
                    f"the plan has a page `{page.path}`, which nobody wrote",
                    "Write it, or take it out of the plan.",
                    site.place,
                )


def _sources(facts: Facts) -> Iterator[Clash]:
    stated: dict[str, Place] = {}
    for fact in facts.of(Stated):
        if fact.id in stated:
            yield Clash(
                fact.place, f"two facts have the id {fact.id}", "Give each an id of its own.", stated[fact.id]
            )
        stated.setdefault(fact.id, fact.place)
    named = [("the plan", item) for page in facts.of(Planned) for item in page.facts]
    named += [("the page", item) for page in facts.of(Page) for item in page.sources]
    known = listed(stated)
    for who, (name, place) in named if stated else ():
        if name not in stated:
            yield Clash(
                place,
                f"{who} rests on the fact {name}, but the inventory has {known}",
                "Name a fact that is there; where it is true, find its source first.",
                next(iter(stated.values())),
            )


def _untold(facts: Facts) -> Iterator[Clash]:
    planned = facts.of(Planned)
    told = {name for page in planned for name, _ in page.facts} | {item.id for item in facts.of(LeftOut)}
    for fact in facts.of(Stated) if planned else ():
        if fact.id not in told:
            yield Clash(
                fact.place,
                f"no page of the plan tells the fact {fact.id}",
                "Give it to a page, or name it under `left_out`.",
                planned[0].place,
            )


def _builds(facts: Facts) -> Iterator[Clash]:
    sites, known = facts.of(Site), facts.once(_paths)
    for build in facts.of(Build) if sites else ():
        if not build.may:
            yield Clash(
                build.place,
                "this workflow publishes documentation, but no step of it builds any",
                "Add a step: mkdocs build --strict",
                sites[0].place,
            )
        yield from _lenient(build, sites)
        for name, place in build.files:
            if not any(path == name or path.endswith(f"/{name}") for path in map(str, known)):
                hint = "Name a file that is there, or add this one."
                yield Clash(place, f"the build of the documentation needs `{name}`, which is not there", hint)
        yield from _started(build, facts)


def _lenient(build: Build, sites: list[Site]) -> Iterator[Clash]:
    for options, place in build.commands:
        if not _STRICT.search(options) and not any(site.strict for site in sites):
            message = "a link that leads nowhere does not fail this build"
            yield Clash(
                place, message, "Add --strict, or `strict: true` to mkdocs.yml.", sites[0].place, "advice"
            )


def _started(build: Build, facts: Facts) -> Iterator[Clash]:
    """That a change of a page starts the build, where it is only started by changes of some paths."""
    sites, pages = facts.of(Site), facts.once(_pages)
    published = [path for path in pages if any(_below(path, site.folder) for site in sites)]
    for patterns, place in build.filters if build.commands and published else ():
        wanted = [_matcher(pattern) for pattern in patterns[:_MOST_FILTERS] if not pattern.startswith("!")]
        if not any(pattern.search(path) for pattern in wanted for path in published):
            yield Clash(
                place,
                f"a change of a page, such as `{published[0]}`, does not start this build",
                "Add the folder of the pages to `paths`.",
                sites[0].place,
            )


def _matcher(pattern: str) -> re.Pattern[str]:
    """A path filter of GitHub as a regular expression; the set may lie in a folder of its own."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("(?:^|/)" + "".join(_GLOB.get(part, re.escape(part)) for part in parts) + "$")


RULES = (
    rule("docs-link", "error", "Links between the pages of a site lead to pages that are there", _links),
    rule("docs-anchor", "warning", "Links to a part of a page lead to a heading that is there", _anchors),
    rule("docs-nav-entry", "error", "The navigation names pages that are there", _entries),
    rule("docs-nav-page", "warning", "Every page of a site is in its navigation", _unlisted),
    rule("docs-page-missing", "error", "Every page of the plan was written", _planned),
    rule("docs-source", "error", "Pages and plan rest on facts of the inventory", _sources),
    rule("docs-fact-untold", "warning", "Every fact of the inventory has its page", _untold),
    rule("docs-build", "warning", "A workflow builds the documentation when a page changes", _builds),
)
