"""Facts of documentation: pages, the site that is built of them, the plan and the inventory that they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from posixpath import join, normpath
from typing import Any, NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from fcc.evaluations._page import Link, PageText, read_page
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_OF_STEP = re.compile(r"^artifacts/[^/]+/")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|/|\\|.*[{}<>$*]")
_PAGE = re.compile(r"(?i)\.(?:md|markdown)$")
_INCLUDES = re.compile(r"(?m)\{\{|\{%|^[ \t]*(?:--8<--|:::|;--8<--)|^import .* from |<[A-Z]\w+")
"""Marks of what puts more on a page than stands in its file: templates, snippets, API documentation, components."""
_HTML_HEADING = re.compile(r"(?s)<h[1-6][^>]*>(.{1,300}?)</h[1-6]>")
_MARKUP = re.compile(r"<[^<>]*>")
_NOT_WORD = re.compile(r"[\W_]+")
_ID = re.compile(r"[A-Z]{1,4}-?\d{1,6}$")
_PLAIN_PLUGINS = frozenset(
    [
        "autorefs", "git-authors", "git-committers", "git-committers-2", "git-revision-date",
        "git-revision-date-localized", "glightbox", "meta", "mermaid2", "minify", "mkdocstrings", "offline", "optimize",
        "privacy", "redirects", "rss", "search", "social", "typeset",
    ]
)  # fmt: skip
"""Plugins of MkDocs that make no pages and leave the navigation alone."""
_RUNS = re.compile(r"\bmkdocs\s+(?:build|gh-deploy)\b([^\n;&|]*)|\bmike\s+deploy\b([^\n;&|]*)")
_CONFIG = re.compile(r"(?:\s-f|--config-file)[ =]+[\"']?([\w./-]+)")
_PACKAGES = re.compile(r"\bpip3?\s+install\b[^\n;&|]*?\s(?:-r|--requirement)[ =]*([\w./-]*doc[\w./-]*)")
_INSTALLS = re.compile(
    r"\b(?:pip3?|pipx|npm|uv|apt|apt-get|brew)\s+(?:-\S+\s+)*(?:pip\s+)?(?:install|ci|sync)\b[^\n;&|]*"
)
_PUBLISHES = re.compile(r"(?i)pages|publish|deploy")
_ABOUT_DOCS = re.compile(r"(?i)(?:^|[^a-z])(?:docs?|documentation|mkdocs)(?:[^a-z]|$)")
_MOST_DEPTH = 20


class Target(NamedTuple):
    """Where a link of a page leads within the set."""

    page: str
    """The path of the page that it leads to, which may not be there."""
    anchor: str
    written: str
    place: Place


class Page(NamedTuple):
    """A page in Markdown."""

    path: str
    """Where it lies, without the folder of the step that wrote it."""
    anchors: frozenset[str]
    """Keys (`key_of`) of every place in it that a link can lead to."""
    open: bool
    """Whether there may be more in it than stands in its file."""
    targets: tuple[Target, ...]
    sources: tuple[tuple[str, Place], ...]
    """The ids of facts that its front matter names."""
    draft: bool
    place: Place


class Site(NamedTuple):
    """A configuration of MkDocs."""

    folder: str
    """The one that its pages lie in."""
    nav: tuple[tuple[str, Place], ...]
    """The path of each page of the navigation, below the folder."""
    has_nav: bool
    closed: bool
    """Whether every page lies in the folder, and the navigation is all that is written."""
    hides: bool
    """Whether pages are left out of site or navigation on purpose."""
    strict: bool
    place: Place


class Planned(NamedTuple):
    """A page of a plan."""

    path: str
    facts: tuple[tuple[str, Place], ...]
    place: Place


class LeftOut(NamedTuple):
    """A fact that a plan leaves out on purpose."""

    id: str


class Stated(NamedTuple):
    """A fact of an inventory."""

    id: str
    place: Place


class Build(NamedTuple):
    """A workflow that builds documentation, or is named as if it did."""

    commands: tuple[tuple[str, Place], ...]
    """What follows `mkdocs build`."""
    may: bool
    """Whether a step builds it, or calls something that may; or nothing is published."""
    filters: tuple[tuple[tuple[str, ...], Place], ...]
    """The paths whose change starts it, by event."""
    files: tuple[tuple[str, Place], ...]
    """Configurations and lists of packages that it names."""
    place: Place


def path_of(file: str) -> str:
    """A file's path in the delivery: without the folder of the step that wrote it."""
    return normpath(_OF_STEP.sub("", file))


def key_of(anchor: str) -> str:
    """What is the same of an anchor in every renderer: its letters and digits."""
    return _NOT_WORD.sub("", unquote(anchor)).casefold()


def page(source: Source) -> Iterator[Page]:
    """The page that a file is; a step's whole answer is none."""
    if source.file.startswith("outputs/"):
        return
    text, place = read_page(source.text), partial(Place, source.file)
    path = path_of(source.file)
    front = text.front.data if text.front is not None else None
    named = (front or {}).get("sources")
    line = text.front.lines.get("sources", 1) if text.front is not None else 1
    ids = (
        [item for item in named if isinstance(item, str) and _ID.match(item)]
        if isinstance(named, list)
        else []
    )
    yield Page(
        path,
        frozenset(_anchors(text, source.text)),
        bool(_INCLUDES.search(source.text)) or not (text.headings or text.html_title),
        tuple(target for link in text.links if (target := _target(link, path, place(link.line))) is not None),
        tuple((item, place(line)) for item in ids),
        bool((front or {}).get("draft")),
        place(1),
    )


def _anchors(page: PageText, text: str) -> Iterator[str]:
    for heading in page.headings:
        yield key_of(heading.anchor or heading.text)
        plain = normalize("NFKD", heading.text).encode("ascii", "ignore").decode()
        yield key_of(plain)
    for anchor in page.anchors:
        yield key_of(anchor)
    for found in _HTML_HEADING.finditer(text):
        yield key_of(_MARKUP.sub("", found[1]))


def _target(link: Link, path: str, place: Place) -> Target | None:
    if not link.target or _ELSEWHERE.match(link.target):
        return None
    bare, _, anchor = link.target.partition("#")
    bare = unquote(bare.partition("?")[0])
    if bare and not _PAGE.search(bare):
        return None
    leads = normpath(join(path.rpartition("/")[0], bare)) if bare else path
    return None if leads.startswith("..") else Target(leads, anchor, link.target, place)


def site(node: Node, source: Source) -> Iterator[Site]:
    """The site that a configuration describes."""
    base = path_of(source.file).rpartition("/")[0]
    folder = normpath(join(base, node.get("docs_dir").text or "docs"))
    nav = tuple(_entries(node.get("nav"), folder, 0))
    names = [str(next(iter(item.value))) if isinstance(item.value, dict) and item.value else item.text
             for item in node.get("plugins").items]  # fmt: skip
    names += [name for name, _ in node.get("plugins").entries]
    plain = {name.rpartition("/")[2] for name in names} <= _PLAIN_PLUGINS
    pages = all(_PAGE.search(path) for path, _ in nav)
    yield Site(
        folder,
        nav,
        has_nav=bool(nav),
        closed=plain and pages and not node.get("hooks") and not node.get("INHERIT"),
        hides=bool(node.get("not_in_nav") or node.get("exclude_docs") or node.get("draft_docs")),
        strict=node.get("strict").value is True,
        place=node.first("nav", "site_name").place,
    )


def _entries(node: Node, folder: str, depth: int) -> Iterator[tuple[str, Place]]:
    if node.text:
        if not re.match(r"[a-z][a-z0-9+.-]*:|//|/", node.text):
            yield normpath(join(folder, node.text)), node.place
        return
    for item in (*node.items, *(item for _, item in node.entries)) if depth < _MOST_DEPTH else ():
        yield from _entries(item, folder, depth + 1)


def plan(node: Node) -> Iterator[Any]:
    """The pages of a plan, and the facts of an inventory; nothing of any other document."""
    pages, stated = node.get("pages").items, node.get("facts").items
    if pages and all(_PAGE.search(item.get("path").text) for item in pages):
        for item in pages:
            ids = tuple((fact.text, fact.place) for fact in item.get("facts").items)
            yield Planned(normpath(item.get("path").text), ids, item.place)
        yield from (LeftOut(item.text) for item in node.get("left_out").items)
    if stated and all(item.get("id").text and item.get("says").text for item in stated):
        yield from (Stated(item.get("id").text, item.get("id").place) for item in stated)


def build(node: Node, source: Source) -> Iterator[Build]:
    """What a workflow does about documentation."""
    lines = source.text.split("\n")
    jobs = [job for _, job in node.get("jobs").entries]
    steps = [step for job in jobs for step in job.get("steps").items]
    runs = [
        (step.get("run").text, step.get("run").first_line(lines)) for step in steps if step.get("run").text
    ]
    commands: list[tuple[str, Place]] = []
    files: list[tuple[str, Place]] = []
    for text, first in runs:
        for pattern, found in ((_RUNS, commands), (_PACKAGES, files), (_CONFIG, files)):
            for match in pattern.finditer(text):
                place = Place(source.file, first + text.count("\n", 0, match.start()))
                found.append((next((group for group in match.groups() if group is not None), ""), place))
    named = f"{source.file.rpartition('/')[2].partition('.')[0]} {node.get('name').text}"
    if not (commands or _ABOUT_DOCS.search(named)):
        return
    called = [job.get("uses").text for job in jobs] + [step.get("uses").text for step in steps]
    said = [_INSTALLS.sub("", text) for text, _ in runs] + called
    may = any(map(_ABOUT_DOCS.search, said)) or not any(map(_PUBLISHES.search, said))
    events = [event for _, event in node.get("on").entries]
    filters = tuple(
        (event.get("paths").texts, event.get("paths").place) for event in events if event.get("paths")
    )
    config = files if commands else []
    yield Build(
        tuple(commands), bool(commands) or may or any(called[: len(jobs)]), filters, tuple(config), node.place
    )
