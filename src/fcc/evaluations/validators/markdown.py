"""Markdown pages: front matter, headings, code blocks, links and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from fcc.evaluations._page import LONGEST, Heading, PageText, read_page
from fcc.evaluations.validators.check import NotCheckedError, advice, error, warning
from fcc.simulation import Finding

_CONFLICT = re.compile(r"<{7} \S|>{7} \S+(?: \(.*\))?\s*$|\|{7} \S")
_MOST_ADVICE = 20


def check(text: str) -> Iterator[Finding]:
    """The findings on a page.

    A page is invalid where a renderer would show something else than what is meant: front matter that is no YAML, a code
    block that is never closed, the marks of a merge. What is amiss for readers and searches is a warning; what is a
    matter of style is advice.

    Raises:
        NotCheckedError: the page is too long.
    """
    if len(text) > LONGEST:
        raise NotCheckedError(f"it has more than {LONGEST:,} characters")
    page = read_page(text)
    yield from _front_matter(page)
    yield from _fences(page)
    yield from _conflicts(page, text)
    yield from _titles(page)
    yield from _headings(page.headings)
    yield from _anchors(page.headings)
    yield from _links(page)
    yield from _tabs(page, text)


def _front_matter(page: PageText) -> Iterator[Finding]:
    if page.front is not None and page.front.problem:
        hint = "Write it as YAML between two lines of three dashes; quote a value that holds a colon or a bracket."
        yield error("markdown-front-matter", page.front.problem, page.front.line, hint)


def _fences(page: PageText) -> Iterator[Finding]:
    for fence in page.fences:
        if not fence.closed:
            hint = "Close it; around a block that holds fences itself, use one more backtick than they have."
            yield error("markdown-fence", "a code block starts here and is never closed", fence.line, hint)
    bare = [fence for fence in page.fences if not fence.info]
    for fence in bare[:_MOST_ADVICE]:
        hint = "Name one behind its first fence, such as `bash`; `text` where it is none."
        yield advice("markdown-language", "the code block has no language", fence.line, hint)


def _conflicts(page: PageText, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in "<>|" and _CONFLICT.match(line) and number not in page.code:
            hint = "Decide for one of the sides, and take the marks out."
            yield error("markdown-conflict", "a mark of a merge that was not finished", number, hint)
            return


def _titles(page: PageText) -> Iterator[Finding]:
    first = [heading for heading in page.headings if heading.level == 1]
    for heading in first[1:2]:
        hint = f"The first is on line {first[0].line}; begin this one with `##`."
        yield warning(
            "markdown-title",
            f"a second heading of the first level: {heading.text[:60]!r}",
            heading.line,
            hint,
        )
    if first or page.html_title or page.title:
        return
    message, hint = (
        "the page has no title",
        "Give it a heading of the first level, or `title` in its front matter.",
    )
    front = page.front
    if front is not None and front.data and not {"name", "layout", "about"} & front.data.keys():
        yield warning("markdown-title", message, 1, hint)
    elif page.headings:
        yield advice("markdown-title", message, page.headings[0].line, hint)


def _headings(headings: tuple[Heading, ...]) -> Iterator[Finding]:
    for above, heading in pairwise(headings):
        if heading.level > above.level + 1:
            message = f"the heading {heading.text[:60]!r} is of level {heading.level}, right below one of level {above.level}"
            hint = f"Begin it with `{'#' * (above.level + 1)}`."
            yield warning("markdown-heading", message, heading.line, hint)


def _anchors(headings: tuple[Heading, ...]) -> Iterator[Finding]:
    """An anchor that is given twice; and headings of one text below the same one, which can't be told apart."""
    given: dict[str, int] = {}
    above: list[Heading] = []
    seen: dict[tuple[tuple[int, ...], str], int] = {}
    for heading in headings:
        while above and above[-1].level >= heading.level:
            above.pop()
        key = (tuple(item.line for item in above), heading.text.casefold())
        above.append(heading)
        if heading.anchor in given:
            hint = f"It is that of line {given[heading.anchor]}, too; give each heading its own."
            yield warning(
                "markdown-anchor", f"the anchor `#{heading.anchor}` is given twice", heading.line, hint
            )
        elif heading.anchor:
            given[heading.anchor] = heading.line
        elif heading.text and key in seen:
            message = f"the heading {heading.text[:60]!r} stands twice in one part"
            hint = f"The other is on line {seen[key]}: a link leads to that one. Say what is different about this one."
            yield warning("markdown-anchor", message, heading.line, hint)
        seen.setdefault(key, heading.line)


def _links(page: PageText) -> Iterator[Finding]:
    for link in page.links:
        if link.picture and not link.text:
            hint = "Say in the brackets what it shows, for whoever does not see it."
            yield warning(
                "markdown-image",
                f"the picture `{link.target[:60]}` has no words that stand for it",
                link.line,
                hint,
            )
        elif not link.picture and link.target in {"", "#"} and link.text:
            yield warning(
                "markdown-link", f"the link {link.text[:60]!r} leads nowhere", link.line, "Give it a target."
            )
        elif not link.picture and link.target and not link.text:
            hint = "Say in the brackets where it leads."
            yield warning("markdown-link", f"the link to `{link.target[:60]}` has no text", link.line, hint)


def _tabs(page: PageText, text: str) -> Iterator[Finding]:
    tabs = [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if line.startswith("\t") and number not in page.code
    ]
    if tabs:
        hint = "Indent with spaces: how wide a tab is depends on the renderer."
        yield advice(
            "markdown-tab",
            f"{len(tabs)} lines are indented with a tab"
            if len(tabs) > 1
            else "the line is indented with a tab",
            tabs[0],
            hint,
        )
