"""Markdown pages, and the configuration of the site that they make."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations._page import read_page
from fcc.evaluations.validation import validate_artifact


def rules(text: str, kind: str = "markdown") -> list[tuple[str, str, int]]:
    return [(item.rule, item.severity, item.line) for item in validate_artifact(kind, text).findings]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Title\n\n## Part\n\ntext\n\n## Other\n",
        "---\ntitle: A\n---\n\n# A\n",
        "---\ntitle: A\n---\n\n## Part\n",
        "# A\n\n```bash\nls\n```\n\n~~~text\n```\n~~~\n",
        "# A\n\n````markdown\n```bash\nls\n```\n````\n",
        "# A\n\n- one\n\n  ```bash\n  ls\n  ```\n",
        "# A\n\n> ```bash\n> ls\n> ```\n",
        "# A\n\n    <<<<<<< HEAD\n",
        "# Changes\n\n## 2\n\n### Fixed\n\n## 1\n\n### Fixed\n",
        "# A\n\n[![words](a.png)](b.md) and ![words](a.png) <https://example.com>\n",
        "---\n\ntext between lines\n\n---\n\n# A\n",
        "<h1 align=center>A</h1>\n\n## Part\n",
        "# A\n\n[](){#there}\n",
        "A\n=\n\nB\n-\n",
    ],
)
def test_sound_pages_have_no_findings(text: str) -> None:
    """What renders as it is meant is valid and gives no finding."""
    assert (validate_artifact("markdown", text).valid, rules(text)) == (True, [])


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("---\ntitle: [A\n---\n\n# A\n", "markdown-front-matter", 3),
        ("---\ntitle: A\n\n# A\n", "markdown-front-matter", 1),
        ("---\ntitle: A\ntitle: B\n---\n# A\n", "markdown-front-matter", 3),
        ("# A\n\n```bash\nls\n", "markdown-fence", 3),
        ("# A\n\n```markdown\n```bash\nls\n```\n```\n", "markdown-fence", 7),
        ("# A\n\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n", "markdown-conflict", 3),
        ("# A\n\n>>>>>>> feature/x\n", "markdown-conflict", 3),
    ],
)
def test_broken_structure_is_an_error(text: str, rule: str, line: int) -> None:
    """What would be shown as something else makes a page invalid, and says where."""
    assert (rule, "error", line) in rules(text)
    assert validate_artifact("markdown", text).valid is False


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A\n\n### B\n", [("markdown-heading", "warning", 3)]),
        ("# A\n\n# B\n", [("markdown-title", "warning", 3)]),
        ("---\ntags: [a]\n---\n\n## B\n", [("markdown-title", "warning", 1)]),
        ("## A\n\ntext\n", [("markdown-title", "advice", 1)]),
        ("# A\n\n## B\n\n## B\n", [("markdown-anchor", "warning", 5)]),
        ("# A\n\n## B {#x}\n\n## C {#x}\n", [("markdown-anchor", "warning", 5)]),
        ("# A\n\na\nb [c]() d\n", [("markdown-link", "warning", 4)]),
        ("# A\n\n[](b.md)\n", [("markdown-link", "warning", 3)]),
        ("# A\n\n![](b.png)\n", [("markdown-image", "warning", 3)]),
        ("# A\n\n```\nls\n```\n", [("markdown-language", "advice", 3)]),
        ("# A\n\n- b\n\t- c\n", [("markdown-tab", "advice", 4)]),
    ],
)
def test_what_is_amiss_is_no_error(text: str, found: list[tuple[str, str, int]]) -> None:
    """Outline, names and style are warnings or advice, each with its line."""
    assert rules(text) == found
    assert validate_artifact("markdown", text).valid is True


def test_a_page_is_taken_apart() -> None:
    """Headings, links and anchors come with what a reader sees, and their lines."""
    read = read_page(
        '---\ntitle: "A: b"\n---\n# The `x` *y* {#z}\n\n[one\ntwo](b.md#c)\n\n<a id="old"></a>\n'
    )
    assert (read.title, read.front and read.front.lines) == ("A: b", {"title": 2})
    assert [(item.text, item.anchor, item.line) for item in read.headings] == [("The x y", "z", 4)]
    assert [(item.target, item.line) for item in read.links] == [("b.md#c", 7)]
    assert "old" in read.anchors


def test_a_page_that_is_too_long_is_not_checked() -> None:
    """Of half a million characters on, nothing is said."""
    assert validate_artifact("markdown", "a" * 500_001).valid is None


PIECES = st.sampled_from(
    ["---\n", "```", "````", "~~~", "\n", "# ", "### ", "[a](b)", "![](", "]", "(", "{#x}", "<a id=", "> ", "- ", "\t", "    ",
     "title: x\n", "<<<<<<< ", "\r\n", "\ud800", "é", "|", "<!--", "(x)=\n", "`", "\\", "&amp;", "[a]: b\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_gets_an_answer(text: str) -> None:
    """Whatever a model writes is read without an exception, and lines are within it."""
    last = text.count("\n") + 2  # an end that comes too early is on the line after it
    for kind in ("markdown", "mkdocs"):
        assert all(0 <= item.line <= last for item in validate_artifact(kind, text).findings)


@pytest.mark.parametrize(
    "text",
    [
        "site_name: A\n",
        "INHERIT: base.yml\nnav: [index.md]\n",
        "site_name: A\nnav:\n  - index.md\n  - Guides:\n      - guides/a.md\n      - B: guides/b.md\n  - Web: https://example.com\n",
        "site_name: A\ntheme: {name: material}\nmarkdown_extensions:\n  - toc: {permalink: true}\nplugins: [search]\n",
        "site_name: A\nmarkdown_extensions: [{emoji: {index: !!python/name:material.emoji ''}}]\n",
        "site_name: !ENV [NAME, A]\nstrict: !ENV [CI, false]\n",
    ],
)
def test_configurations_that_mkdocs_reads_are_valid(text: str) -> None:
    """Settings, navigation and tags as MkDocs knows them give no finding."""
    assert (validate_artifact("mkdocs", text).valid, rules(text, "mkdocs")) == (True, [])


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [
        ("nav: [index.md]\n", "mkdocs-setting", "error"),
        ("site_name: A\nsite_nme: B\n", "mkdocs-setting", "warning"),
        ("site_name: A\nplugins: search\n", "mkdocs-setting", "error"),
        ("site_name: A\nnav: index.md\n", "mkdocs-nav", "error"),
        ("site_name: A\nnav:\n  - {A: a.md, B: b.md}\n", "mkdocs-nav", "error"),
        ("site_name: A\nnav:\n  - A: 3\n", "mkdocs-nav", "error"),
        ("- a\n", "mkdocs-syntax", "error"),
        ("site_name: [\n", "mkdocs-syntax", "error"),
    ],
)
def test_what_mkdocs_refuses_is_found(text: str, rule: str, severity: str) -> None:
    """What MkDocs refuses is an error; a setting that it does not know is a warning."""
    assert [found[:2] for found in rules(text, "mkdocs")] == [(rule, severity)]
