"""What is known of a product, each fact with its source, and the pages on which it is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.text import clean, fence, quote, section, words

INVENTORY = "research/inventory.yaml"
PLAN = "blueprint/pages.yaml"

_FACT = re.compile(
    r"(?:(?P<topic>[^:`()]{2,40}): )?(?P<says>.{3,}?)(?: \((?:source|from|see): (?P<source>[^()]{2,120})\))?\.?$"
)
_TOPIC_WORDS = 5


class Known(NamedTuple):
    """One fact of the request."""

    id: str
    topic: str
    says: str
    source: str
    """"" where the request names none: then it is a question."""


class Page(NamedTuple):
    """One page of the site."""

    path: str
    title: str
    kind: str
    """As in Diátaxis (https://diataxis.fr): landing, tutorial, how-to, reference."""
    question: str
    signs: tuple[str, ...]
    """Words in the topic of a fact that is told here."""
    label: str
    """What leads a reader here."""


PAGES = (
    Page(
        "docs/index.md",
        "",
        "landing",
        "What is it, and is it for me?",
        (" purpose", " overview", " about ", " what it ", " audience"),
        "know whether it is for you",
    ),
    Page(
        "docs/quick-start.md",
        "Quick start",
        "tutorial",
        "How do I get a first result?",
        (" first ", " install", " access", " start", " set up ", " setup", " sign up ", " example"),
        "get a first result",
    ),
    Page(
        "docs/reference.md",
        "Reference",
        "reference",
        "What exactly does it take, answer and promise?",
        (),
        "look something up",
    ),
    Page(
        "docs/runbook.md",
        "Runbook",
        "how-to",
        "It fails: what do I do?",
        (" alert", " backup", " deploy", " failure", " health", " incident", " log ", " logs ", " metric",
         " monitor", " on call ", " restart", " restore", " roll back ", " rollback", " runbook"),
        "act when it fails",
    ),
)  # fmt: skip
"""The pages, in the order of the navigation."""


def product(brief: Brief) -> str:
    """What is documented."""
    given = {key.lower(): value for key, value in brief.figures}
    return clean(given.get("product") or brief.facts.model or "The product", 60)


def given(brief: Brief, key: str) -> str:
    """A figure of the request, or ""."""
    return next((value for name, value in brief.figures if name.lower() == key), "")


def known(brief: Brief) -> list[Known]:
    """The facts that the request lists, with their ids in its order."""
    found = []
    for number, note in enumerate(brief.notes, 1):
        match = _FACT.match(clean(note, 400))
        if match is None:
            continue
        says = match["says"].strip()
        topic = match["topic"] or " ".join(says.split()[:_TOPIC_WORDS])
        found.append(Known(f"F{number}", _upper(topic.strip("`*., ")), _upper(says), match["source"] or ""))
    return found


def told(brief: Brief) -> dict[str, list[Known]]:
    """The facts with a source, by the path of the page on which each is told; on the landing page at least one.

    Where no page can spare one, the landing page tells the first fact as well.
    """
    pages: dict[str, list[Known]] = {page.path: [] for page in PAGES}
    for fact in known(brief):
        if fact.source:
            pages[_page(fact).path].append(fact)
    if not pages["docs/index.md"]:
        rest = max(pages.values(), key=len)
        pages["docs/index.md"] = [rest.pop(0)] if len(rest) > 1 else rest[:1]
    return pages


def title_of(page: Page, brief: Brief) -> str:
    """The page's title; of the landing page, the product's name."""
    return page.title or product(brief)


def links_of(page: Page, brief: Brief) -> list[Page]:
    """The pages that one leads to: the landing page to all others, the others to the one after them and back."""
    others = [other for other in PAGES if other is not page and told(brief)[other.path]]
    if page.kind == "landing":
        return others
    after = others[others.index(PAGES[0]) + 1 :] if PAGES[0] in others else others
    return [PAGES[0], *after[:1]]


def write_inventory(brief: Brief) -> str:
    """The inventory: facts that have a source, and as questions those that have none."""
    facts = known(brief)
    sourced = [fact for fact in facts if fact.source]
    lines = [
        f"product: {quote(product(brief))}",
        f"audience: {quote(given(brief, 'audience') or 'whoever uses it')}",
    ]
    lines += ["facts:", *(line for fact in sourced for line in _entry(fact))] if sourced else ["facts: []"]
    asked = [
        f"  - {quote(f'{fact.id}: {fact.says}: where does this stand?')}" for fact in facts if not fact.source
    ]
    lines += ["questions:", *asked] if asked else ["questions: []"]
    sources = sorted({fact.source for fact in sourced})
    note = (
        f"{len(sourced)} facts about {product(brief)} from {len(sources)} sources; {len(asked)} without a source, which are "
        "questions. The ids follow the order in which they were found, and no fact is told in other words than its source's."
    )
    return section("Research inventory", note, fence("yaml", INVENTORY, "\n".join(lines)))


def _entry(fact: Known) -> Iterator[str]:
    yield f"  - id: {fact.id}"
    yield f"    topic: {quote(fact.topic)}"
    yield f"    says: {quote(fact.says, 400)}"
    yield f"    source: {quote(fact.source)}"
    yield "    known: stated"


def write_plan(brief: Brief) -> str:
    """The plan: a page for each question of a reader, with the facts that answer it."""
    pages = told(brief)
    planned = [page for page in PAGES if pages[page.path]]
    lines = [
        f"product: {quote(product(brief))}",
        f"audience: {quote(given(brief, 'audience') or 'whoever uses it')}",
        "pages:" if planned else "pages: []",
    ]
    for page in planned:
        links = ", ".join(other.path for other in links_of(page, brief))
        lines += [
            f"  - path: {page.path}",
            f"    title: {quote(title_of(page, brief))}",
            f"    kind: {page.kind}",
            f"    question: {quote(page.question)}",
            f"    facts: [{', '.join(fact.id for fact in pages[page.path])}]",
            f"    links: [{links}]",
        ]
    note = (
        f"{len(planned)} pages, each for one question; "
        f"{len({fact.id for facts in pages.values() for fact in facts})} facts, each told on one page and linked to from the "
        "others."
    )
    return section("Page plan", note, fence("yaml", PLAN, "\n".join(lines)))


def _page(fact: Known) -> Page:
    said = words(fact.topic)
    found = (page for page in PAGES if any(sign in said for sign in page.signs))
    return next(found, next(page for page in PAGES if page.kind == "reference"))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


WRITERS: Mapping[str, Callable[[Brief], str]] = {"inventory": write_inventory, "page-plan": write_plan}
