"""An evaluation as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from fcc.evaluations.evaluation import Evaluation
from fcc.reports.evaluation_markdown import MOST_IN_COMMENT, code, markdown, prose
from support.evaluations import BAD, EMPTY, GOOD, HOSTILE, SERVICE, evaluations, texts

markdown_it = pytest.importorskip("markdown_it")
READ = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    "heading",
    "paragraph",
    "list_item",
    "bullet_list",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
}


def test_the_decision_stands_first() -> None:
    """Then the counts and the reasons; tables only of what there is."""
    assert markdown(GOOD).startswith(
        "### APPROVED: `devops-deployment` run `20260101-120000-abcd`\n\n"
        "No findings; 20 files: 20 valid.\n\n- every area scored at least 0.50\n\n#### Scores: overall 0.90\n"
    )
    assert "Findings" not in markdown(GOOD)
    assert markdown(EMPTY).endswith("- nothing was there that could be evaluated\n")


def test_every_part_of_the_evidence_is_there() -> None:
    """Findings with both sides and the fix, files, scores, rubric, coverage, what was not checked, the judge."""
    shown = markdown(BAD)
    for expected in (
        (
            "| error | `k8s/service.yaml:12` | the Service sends traffic to port 8080, where no container listens"
            " – **Other side:** `k8s/deployment.yaml:31` – **Fix:** Set targetPort to 8000. | `service-port` |"
        ),
        "| not checked | `helm_template` | `t.yaml` |",
        "| `monitoring` | – | NO VERDICT |",
        "| `clarity` | – |  | 0.2 | judge, advisory | the judge did not answer |",
        "#### Asked for: 1 of 2 met",
        "| `REQ-2` | rollback within 5 minutes | `monitoring` |",
        "- Helm templates need helm: see https:&#8203;//helm.sh",
        "Judge: model openai/gpt-4o;",
    ):
        assert expected in shown
    assert shown.index("| error |") < shown.index("| warning |") < shown.index("| advice |")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("@octocat", "&#64;&#8203;octocat"),
        ("see #12 and GH-3", "see #&#8203;12 and GH&#8203;-3"),
        ("http://x and www.x", "http:&#8203;//x and www&#8203;.x"),
        ("fixed in deadbeef", "fixed in dead&#8203;beef"),
        ("- item", "&#45; item"),
        ("1. item", "&#49;. item"),
        ("a | b\nc", "a &#124; b c"),
    ],
)
def test_text_makes_no_reference_and_no_block(text: str, escaped: str) -> None:
    """People, issues, addresses, commits, lists and cells stay letters."""
    assert prose(text) == escaped


def test_a_name_that_could_leave_its_backticks_is_escaped() -> None:
    """A path stands as code, one with a backtick or a pipe as escaped text."""
    assert code("k8s/a b.yaml") == "`k8s/a b.yaml`"
    assert code("a`|b") == "a&#96;&#124;b"
    assert code("") == ""


@settings(max_examples=25, deadline=None)
@given(texts)
def test_a_text_reads_back_as_itself(text: str) -> None:
    """Rendered, an escaped text is one run of plain text: no element, and the same letters."""
    (block,) = [token for token in READ.parse(f"- x {prose(text)}") if token.type == "inline"]
    assert {child.type for child in block.children or []} <= {"text", "text_special"}
    shown = "".join(child.content for child in block.children or []).removeprefix("x").strip()
    if len(text) < 900 and text.isprintable() and "##[" not in text and "::" not in text:
        assert shown.replace("\u200b", "") == " ".join(text.split())


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_content_is_never_read_as_markdown(evaluation: Evaluation) -> None:
    """No HTML, link, image or foreign block; each table row has as many cells as its head; nothing for a runner."""
    shown = markdown(evaluation)
    shown.encode()
    assert "<" not in shown
    tokens = READ.parse(shown)
    blocks = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    assert blocks <= OURS | {"inline"}
    inline = {child.type for token in tokens for child in token.children or []}
    assert inline <= {"text", "text_special", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert not re.search(r"@\w|://|^\s*::|##\[", re.sub("`[^`\n]*`", "", shown), re.MULTILINE)
    for table in re.findall(r"(?:^\|.*\n)+", shown, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_a_comment_is_never_too_long() -> None:
    """What does not fit is cut at a line, and it is said how to see the rest."""
    many = tuple(replace(SERVICE, line=n, message=HOSTILE[n % len(HOSTILE)] * 9) for n in range(1, 400))
    shown = markdown(replace(BAD, findings=many))
    assert len(shown.encode()) <= MOST_IN_COMMENT
    assert shown.endswith("The rest does not fit here: see it with `--format text --all`.\n")
    assert shown.splitlines()[-3].endswith("|")
