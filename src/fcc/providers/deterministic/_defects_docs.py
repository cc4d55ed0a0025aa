"""Defects of a documentation site: its facts, its plan, its pages, and what builds it."""

from __future__ import annotations

import re

from fcc.providers.deterministic._defect import Category, Defect, File, Replacement

_CHAIN = "docs-as-code"
_INVENTORY = File("research", r"research/inventory\.yaml", _CHAIN)
_PLAN = File("blueprint", r"blueprint/pages\.yaml", _CHAIN)
_SITE = File("site", r"mkdocs\.yml", _CHAIN)
_JOB = File("site", r"\.github/workflows/docs\.yaml", _CHAIN)
_PACKAGES = File("site", r"requirements-docs\.txt", _CHAIN)


def _in_page(
    id_: str, category: Category, step: str, path: str, what: str, pattern: str, replacement: Replacement
) -> Defect:
    """The defect that replaces the first match of a pattern in a page."""

    def spoil(block: re.Match[str]) -> str:
        body = re.sub(pattern, replacement, block[2], count=1, flags=re.MULTILINE)
        return f"{block[1]}{body}{block[3]}"

    return _of_page(id_, category, step, path, what, spoil)


def _of_page(id_: str, category: Category, step: str, path: str, what: str, spoil: Replacement) -> Defect:
    """The defect of a page in its fence of four backticks: what comes in its place, its text being group 2."""
    whole = re.compile(rf"(?ms)^(````markdown path=docs/{path}\.md\n)(.*?)(^````$\n?)")

    def edit(text: str, _prompt: str) -> str:
        return whole.sub(spoil, text, count=1)

    return Defect(id_, category, step, what, rf"^````markdown path=docs/{path}\.md$", edit, "", _CHAIN)


DOCS: tuple[Defect, ...] = (
    _INVENTORY.defect(
        "docs-fact-unsourced",
        "practice",
        "A fact of the inventory does not say where it was read.",
        r'^    source: "README\.md"\n',
        "",
    ),
    _PLAN.defect(
        "docs-fact-invented",
        "agreement",
        "The plan rests a page on a fact that nobody found.",
        r"^(    facts: \[F1)\]$",
        r"\1, F99]",
    ),
    _PLAN.defect(
        "docs-page-unwritten",
        "agreement",
        "The plan has a page that nobody writes.",
        r"^(  - path: docs/)runbook(\.md)$",
        r"\1operations\2",
    ),
    _in_page(
        "docs-link-broken",
        "agreement",
        "reference",
        "index",
        "A link of the landing page leads to a page that is not there.",
        r"\(quick-start\.md\)",
        "(quickstart.md)",
    ),
    _in_page(
        "docs-anchor-broken",
        "agreement",
        "guide",
        r"quick-start",
        "A link of the quick start leads to a part of the reference that is not there.",
        r"\(reference\.md\)",
        "(reference.md#error-codes)",
    ),
    _in_page(
        "docs-heading-jump",
        "practice",
        "reference",
        "reference",
        "A heading of the reference leaves out a level.",
        r"^## ",
        "#### ",
    ),
    _in_page(
        "docs-fence-open",
        "invalid",
        "guide",
        r"quick-start",
        "The code block of the quick start is never closed, so that the rest reads as code.",
        r"^```$\n",
        "",
    ),
    _in_page(
        "docs-front-matter",
        "invalid",
        "runbook",
        "runbook",
        "The front matter of the runbook is no YAML.",
        r'^(title: "[^"\n]*)"$',
        r"\1",
    ),
    _in_page(
        "docs-source-unknown",
        "agreement",
        "reference",
        "reference",
        "The reference names a fact that the inventory does not hold.",
        r"^(sources: \[.*)\]$",
        r"\1, F42]",
    ),
    _in_page(
        "docs-secret",
        "practice",
        "guide",
        r"quick-start",
        "The quick start shows a token that works.",
        r"\$CHURN_TOKEN",
        "ghp_q7hT2xLp94mZ0aB1cD2eF3gH4iJ5kL6mN7o8",
    ),
    _in_page(
        "docs-no-end",
        "practice",
        "runbook",
        "runbook",
        "A procedure of the runbook does not say how its end is seen.",
        r"^\*\*Done when\*\*.*\n",
        "",
    ),
    _of_page(
        "docs-page-lost",
        "completeness",
        "reference",
        "reference",
        "The reference, which the plan and the navigation name, is not there.",
        "",
    ),
    _SITE.defect(
        "docs-nav-unknown",
        "agreement",
        "The navigation names a page that is not there.",
        r"^(  - \"Reference\": )reference\.md$",
        r"\1api.md",
    ),
    _SITE.defect(
        "docs-nav-lost",
        "agreement",
        "The navigation leaves out the runbook.",
        r"^  - \"Runbook\": .*\n",
        "",
    ),
    _SITE.defect(
        "docs-setting-unknown",
        "invalid",
        "The site's configuration has a setting that MkDocs does not have.",
        r"^site_name:",
        "site_title:",
    ),
    _JOB.defect(
        "docs-build-lenient",
        "practice",
        "The job that publishes lets a warning of the build pass.",
        r"mkdocs build --strict",
        "mkdocs build",
    ),
    _JOB.defect(
        "docs-build-lost",
        "completeness",
        "The job publishes a site that nothing builds.",
        r"^      - run: mkdocs build .*\n",
        "",
    ),
    _JOB.defect(
        "docs-job-writes",
        "practice",
        "The job that builds pull requests may write everything.",
        r"^permissions:\n  contents: read$",
        "permissions: write-all",
    ),
    _PACKAGES.lost("docs-packages-lost", "What the site is built with is listed nowhere."),
)
