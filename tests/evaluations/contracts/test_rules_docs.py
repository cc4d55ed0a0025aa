"""Where the rules on documentation must hold back, and what they see through."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fcc.evaluations.contracts import Source, check_contracts
from fcc.simulation.kinds import kind_of

SITE = "site_name: A\nnav: [index.md, b.md]\n"
PAGE = "# B\n\n## How it works\n\ntext\n"


def found(files: Mapping[str, str]) -> list[str]:
    sources = [Source(file, kind_of(file, "", text), text) for file, text in files.items()]
    return [item.rule for item in check_contracts(sources)]


def linking(target: str, site: str = SITE, page: str = PAGE) -> list[str]:
    return found({"mkdocs.yml": site, "docs/index.md": f"# A\n\n[x]({target})\n", "docs/b.md": page})


@pytest.mark.parametrize(
    "target",
    ["b.md", "./b.md", "../docs/b.md", "b.md#how-it-works", "b.md#how_it_works", "b.md?x=1", "https://example.com/c.md", "/c.md",
     "mailto:a@example.com", "c/", "c.png", "../README.md", "#a", "#", "b.md#fn:1", "{{ base }}/c.md"],
)  # fmt: skip
def test_links_that_lead_somewhere_or_elsewhere_are_no_finding(target: str) -> None:
    """Pages that are there, and whatever lies outside of the pages, are nobody's business."""
    assert linking(target) == []


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("c.md", "docs-link"),
        ("B.md", "docs-link"),
        ("c/b.md", "docs-link"),
        ("b.md#why", "docs-anchor"),
        ("#why", "docs-anchor"),
    ],
)
def test_links_that_lead_nowhere_are_found(target: str, rule: str) -> None:
    """A page or a heading that is not there is told."""
    assert linking(target) == [rule]


@pytest.mark.parametrize(
    "site",
    [
        f"{SITE}plugins: [search, gen-files]\n",
        f"{SITE}plugins:\n  - search\n  - blog: {{blog_dir: news}}\n",
        f"{SITE}hooks: [hooks.py]\n",
        f"{SITE}INHERIT: base.yml\n",
        "site_name: A\nnav: [index.md, 'guides/*']\n",
    ],
)
def test_pages_that_a_plugin_may_make_are_not_missed(site: str) -> None:
    """Where more pages may be made than are seen, nothing is said of those that are not there."""
    assert linking("c.md", site) == []


def test_without_a_site_only_what_is_there_is_looked_at() -> None:
    """Of some pages of a folder, links to others are not followed, but headings of those that are there are."""
    assert found({"a.md": "# A\n\n[x](c.md) [y](b.md#how-it-works)\n", "b.md": PAGE}) == []
    assert found({"a.md": "# A\n\n[x](c.md) [y](b.md#why)\n", "b.md": PAGE}) == ["docs-anchor"]


@pytest.mark.parametrize(
    "page",
    ["# B\n\n::: package.module\n", "# B\n\n{% include 'why.md' %}\n", "# B\n\n--8<-- 'why.md'\n", "# B\n\n<h2>Why</h2>\n",
     "# B\n\n## Reasons {#why}\n", '# B\n\n<a name="why"></a>\n', "# B\n\n> ## Why\n", "# B\n\n(why)=\n## Reasons\n"],
)  # fmt: skip
def test_anchors_may_be_given_in_many_ways(page: str) -> None:
    """HTML, attributes, quotations, and whatever is put on a page when it is built may hold the anchor."""
    assert linking("b.md#why", page=page) == []


def test_files_of_the_steps_of_a_run_are_one_tree() -> None:
    """Pages that different steps wrote link to each other as they will lie beside each other."""
    files = {
        "artifacts/site/mkdocs.yml": SITE,
        "artifacts/reference/docs/index.md": "# A\n\n[x](b.md)\n",
        "artifacts/guide/docs/b.md": PAGE,
        "outputs/guide.md": "# Pages\n\n[x](lost.md#why)\n",
    }
    assert found(files) == []
    assert found({**files, "artifacts/guide/docs/b.md": "# B\n\n[x](c.md)\n"}) == ["docs-link"]


@pytest.mark.parametrize(
    ("extra", "rules"),
    [
        ("docs/c.md", ["docs-nav-page"]),
        ("docs/includes/c.md", []),
        ("docs/_c.md", []),
        ("docs/README.md", []),
        ("c.md", []),
    ],
)
def test_pages_that_are_no_pages_need_no_entry(extra: str, rules: list[str]) -> None:
    """Snippets, hidden files and what lies elsewhere need not be in the navigation."""
    assert found({"mkdocs.yml": SITE, "docs/index.md": "# A\n", "docs/b.md": PAGE, extra: "# C\n"}) == rules


def workflow(
    run: str, *, uses: str = "actions/upload-pages-artifact@v5", paths: str = "docs/**"
) -> list[str]:
    text = (
        f"name: docs\non: {{push: {{paths: ['{paths}']}}}}\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n"
        f"      - run: {run}\n      - uses: {uses}\n"
    )
    pages = {"docs/index.md": "# A\n", "docs/b.md": PAGE, "docs/requirements.txt": "mkdocs\n"}
    return found({"mkdocs.yml": SITE, **pages, ".github/workflows/docs.yml": text})


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        ([], {"run": "mkdocs build --strict"}),
        ([], {"run": "make docs"}),
        ([], {"run": "pip install -r docs/requirements.txt && mkdocs build --strict"}),
        ([], {"run": "lychee docs/", "uses": "actions/checkout@v6"}),
        ([], {"run": "mkdocs build --strict", "paths": "**.md"}),
        (["docs-build"], {"run": "npm ci"}),
        (["docs-build"], {"run": "pip install -r docs/packages.txt && mkdocs build --strict"}),
        (["docs-build"], {"run": "mkdocs build --strict --config-file site/mkdocs.yml"}),
        (["docs-build"], {"run": "mkdocs build --strict", "paths": "site/**"}),
    ],
)
def test_a_job_builds_what_there_is(rules: list[str], given: dict[str, str]) -> None:
    """A job that publishes must build, from files that are there, whenever a page changes."""
    assert workflow(**given) == rules


def test_a_lenient_build_is_advice() -> None:
    """That warnings pass is said, and is many a project's choice."""
    text = "name: docs\non: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: mkdocs build\n"
    files = {
        "mkdocs.yml": SITE,
        "docs/index.md": "# A\n",
        "docs/b.md": PAGE,
        ".github/workflows/docs.yml": text,
    }
    sources = [Source(file, kind_of(file, "", text), text) for file, text in files.items()]
    assert [(item.rule, item.severity) for item in check_contracts(sources)] == [("docs-build", "advice")]
    strict = [Source("mkdocs.yml", "mkdocs", f"{SITE}strict: true\n"), *sources[1:]]
    assert check_contracts(strict) == ()


def test_ids_of_facts_are_unique_and_known() -> None:
    """Two facts with one id, and a fact that nobody found, are told; other lists of sources are not ids."""
    twice = "facts:\n  - {id: F1, says: a}\n  - {id: F1, says: b}\n"
    assert found({"inventory.yaml": twice}) == ["docs-source"]
    once = "facts:\n  - {id: F1, says: a}\n"
    assert found({"inventory.yaml": once, "a.md": "---\nsources: [F2]\n---\n# A\n"}) == ["docs-source"]
    assert found({"inventory.yaml": once, "a.md": "---\nsources: [https://example.com]\n---\n# A\n"}) == []
