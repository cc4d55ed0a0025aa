"""The pages of a documentation site: landing page, quick start, reference, runbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.text import clean, fill, quote, section
from fcc.providers.deterministic.writers.docs_plan import (
    PAGES,
    Known,
    Page,
    given,
    links_of,
    product,
    title_of,
    told,
)

_COMMAND = re.compile(
    r"`((?:\./|scripts/|bash |curl |docker |git |helm |kubectl |make |npm |pip |psql |python3? )[^`]+)`[,;]? ?"
)
_FRONT = """\
---
title: @{title}
description: @{description}
sources: [@{sources}]
---

# @{heading}
"""
_NOTHING = "Nothing is known of this yet: see the questions of the research inventory."


def write_landing(brief: Brief) -> str:
    """What the product is, and where to read on."""
    page, facts = _of("landing", brief)
    rows = ["| You want to | Read |", "|---|---|"]
    rows += [f"| {other.label} | {_link(other, page, brief)} |" for other in links_of(page, brief)]
    audience = given(brief, "audience")
    parts = [
        *(_sentence(fact) for fact in facts),
        f"These pages are for {audience}." if audience else "",
        "## Where to read on\n\n" + "\n".join(rows),
        _home(brief),
    ]
    return _written(page, facts, f"What {product(brief)} is for, and where to read on.", parts, brief)


def write_quick_start(brief: Brief) -> str:
    """From nothing to a first result, in numbered steps."""
    page, facts = _of("tutorial", brief)
    steps = [f"## {number}. {fact.topic}\n\n{_with_command(fact)}" for number, fact in enumerate(facts, 1)]
    check = (
        "## Check that it worked\n\nWhat you see agrees with each sentence above. Where it does not, "
        f"{_link(_page('reference'), page, brief)} says what is answered instead."
    )
    parts = [f"At the end of this page you have a first result from {product(brief)}.", *steps, check]
    return _written(page, facts, f"From nothing to a first result with {product(brief)}.", parts, brief)


def write_reference(brief: Brief) -> str:
    """What exactly holds, topic by topic, each with its source."""
    page, facts = _of("reference", brief)
    topics = [f"## {fact.topic}\n\n{_sentence(fact)}\n\nSource: `{fact.source}`." for fact in facts]
    first = f"A first result needs less: see {_link(_page('tutorial'), page, brief)}."
    parts = ["Each topic stands by itself, and names the file that it follows.", first, *topics]
    return _written(page, facts, f"What {product(brief)} takes, answers and promises.", parts, brief)


def write_runbook(brief: Brief) -> str:
    """A section for each fact about operation; one with a command is a procedure."""
    page, facts = _of("how-to", brief)
    start = (
        "Start at the alert that fired. Write down when you began, and each command that you run. What the answers mean is "
        f"in {_link(_page('reference'), page, brief)}."
    )
    parts = [start, *(_procedure(fact) for fact in facts)]
    return _written(page, facts, f"What to do when {product(brief)} fails.", parts, brief)


def _procedure(fact: Known) -> str:
    command = _COMMAND.search(fact.says)
    if command is None:
        return f"## {fact.topic}\n\n{_sentence(fact)}\n\nSource: `{fact.source}`."
    return "\n\n".join(
        [
            f"## {fact.topic}",
            "**Before**: somebody else knows that you do this, and how things stand is written down.",
            "**Run**:",
            f"```bash\n{command[1]}\n```",
            f"**Done when** {_after(fact, command)}. If not within ten minutes, hand over to the owner of `{fact.source}`.",
        ]
    )


def _after(fact: Known, command: re.Match[str]) -> str:
    """What the fact says that its command does."""
    rest = f"{fact.says[: command.start()]}{fact.says[command.end() :]}".strip(" ,;")
    return (
        f"the command {rest}"
        if command.start() == 0 and rest
        else rest or "the command ends without an error"
    )


def _with_command(fact: Known) -> str:
    command = _COMMAND.search(fact.says)
    if command is None:
        return _sentence(fact)
    rest = _after(fact, command)
    return f"{rest[:1].upper()}{rest[1:]}:\n\n```bash\n{command[1]}\n```"


def _sentence(fact: Known) -> str:
    return fact.says if fact.says.endswith((".", "!", "?")) else f"{fact.says}."


def _home(brief: Brief) -> str:
    repository = given(brief, "repository")
    return f"The pages and the code are kept at <{repository}>." if repository.startswith("https://") else ""


def _of(kind: str, brief: Brief) -> tuple[Page, list[Known]]:
    page = _page(kind)
    return page, told(brief)[page.path]


def _page(kind: str) -> Page:
    return next(page for page in PAGES if page.kind == kind)


def _link(to: Page, start: Page, brief: Brief) -> str:
    """A link from one page to another; the bare title where that one is not planned."""
    title = title_of(to, brief)
    folder = start.path.rpartition("/")[0]
    return f"[{title}]({to.path.removeprefix(f'{folder}/')})" if told(brief)[to.path] else title


def _written(page: Page, facts: Sequence[Known], description: str, parts: Sequence[str], brief: Brief) -> str:
    """The page as a file in the reply: in a fence of four backticks, since it holds fences of three."""
    title = title_of(page, brief)
    front = fill(
        _FRONT,
        title=quote(title),
        description=quote(description),
        sources=", ".join(fact.id for fact in facts),
        heading=clean(title),
    )
    body = "\n\n".join(filter(None, [front.strip(), *(parts if facts else [_NOTHING])]))
    ids = ", ".join(fact.id for fact in facts) or "no fact"
    note = f"`{page.path}`, {page.kind}, answers “{page.question}” with {ids}."
    return section(_HEADINGS[page.kind], note, f"````markdown path={page.path}\n{body}\n````")


_HEADINGS = {
    "landing": "Landing page",
    "tutorial": "Quick start page",
    "reference": "Reference page",
    "how-to": "Runbook page",
}

WRITERS: Mapping[str, Callable[[Brief], str]] = {
    "landing-page": write_landing,
    "quick-start-page": write_quick_start,
    "reference-page": write_reference,
    "runbook-page": write_runbook,
}
