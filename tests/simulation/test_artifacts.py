"""Files in replies, and names that stay in their folder."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.simulation import extract_artifacts
from fcc.simulation.artifacts import safe_path

REPLY = """Intro

```yaml path=k8s/deployment.yaml
a: 1
```

~~~python
print("```")
~~~

```json title="dash board.json"
{}
```
"""


def test_fenced_blocks_become_files() -> None:
    """Path, kind, content and lines of each block, whichever way its name is given."""
    found = extract_artifacts(REPLY)
    assert [(a.path, a.kind, a.content, a.first_line, a.last_line) for a in found] == [
        ("k8s/deployment.yaml", "yaml", "a: 1\n", 4, 4),
        ("block-2.py", "python", 'print("```")\n', 8, 8),
        ("dash-board.json", "json", "{}\n", 12, 12),
    ]


@pytest.mark.parametrize(
    ("info", "path"),
    [
        ("yaml app/x.yaml", "app/x.yaml"),
        ("Dockerfile", "block-1.Dockerfile"),
        ("dockerfile file=Dockerfile", "Dockerfile"),
        ("", "block-1.txt"),
        ("sh filename='run.sh'", "run.sh"),
        ("yaml path=../../etc/passwd", "etc/passwd"),
        ("yaml path=/etc/passwd", "etc/passwd"),
        ("yaml path=C:\\Windows\\x", "C/Windows/x"),
        ("yaml path=..", "block-1.yaml"),
        ("yaml path=CON", "_CON"),
        ("yaml path=a/./b/../c", "a/b/c"),
        ("ini path=.git/config", "_.git/_config"),
        ("ini path=a/.GIT/hooks/pre-commit", "a/_.GIT/_hooks/pre-commit"),
        ("ini path=HEAD", "_HEAD"),
        ("yaml path=.github/workflows/ci.yml", ".github/workflows/ci.yml"),
    ],
)
def test_names_are_made_safe(info: str, path: str) -> None:
    """What a model suggests as a path is taken as far as it is harmless."""
    assert extract_artifacts(f"```{info}\nx\n```")[0].path == path


def test_an_unclosed_block_holds_the_rest() -> None:
    """A reply that was cut still yields what was there."""
    assert extract_artifacts("```yaml\na: 1\nb:")[0].content == "a: 1\nb:\n"


def test_no_two_files_share_a_path() -> None:
    """A name that is taken, in any case of letters, as a file or as a folder, is numbered."""
    infos = ["path=a.yaml", "path=A.yaml", "path=a.yaml/b", "path=d/e", "path=d"]
    paths = [a.path for a in extract_artifacts("\n".join(f"```x {info}\n1\n```" for info in infos))]
    assert len({path.lower() for path in paths}) == len(paths)
    for path in paths:
        assert not any(other.lower().startswith(f"{path.lower()}/") for other in paths)


@given(st.text(max_size=300))
def test_any_path_stays_inside(suggested: str) -> None:
    """On no system does a suggested path lead out of its folder, name a drive, or end in a dot."""
    path = safe_path(suggested)
    assert not PurePosixPath(path).is_absolute()
    assert not PureWindowsPath(path).is_absolute()
    assert not PureWindowsPath(path).drive
    assert ".." not in path.split("/")
    if path:
        base = Path("/base")
        assert (base / path).resolve().is_relative_to(base)
        assert all(len(part) <= 101 and not part.endswith(".") for part in path.split("/"))


BLOCKS = st.text(alphabet="`~ab:/.\n =-", max_size=200)


@given(BLOCKS)
def test_any_text_yields_distinct_files(text: str) -> None:
    """Whatever the fences look like, extraction ends, and its files can stand side by side."""
    paths = [a.path.lower() for a in extract_artifacts(text)]
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert not any(other.startswith(f"{path}/") for other in paths)


def test_a_flood_of_blocks_is_cut_off() -> None:
    """Thousands of blocks of one name give five hundred files, each with a number of its own."""
    paths = [a.path for a in extract_artifacts("```x path=a.yaml\n1\n```\n" * 20_000)]
    assert len(paths) == len(set(paths)) == 500
    assert paths[:3] == ["a.yaml", "a-2.yaml", "a-3.yaml"]


def names(text: str) -> list[str]:
    return [artifact.path for artifact in extract_artifacts(text)]


@pytest.mark.parametrize(
    ("info", "path"),
    [
        ("yaml:k8s/deployment.yaml", "k8s/deployment.yaml"),
        ("dockerfile:Dockerfile", "Dockerfile"),
        ('{.yaml filename="k8s/a.yaml"}', "k8s/a.yaml"),
        ("yaml {1,3} title='a.yaml'", "a.yaml"),
        ("dockerfile Dockerfile", "Dockerfile"),
        ("yaml (k8s/a.yaml)", "k8s/a.yaml"),
        ("k8s/a.yaml", "k8s/a.yaml"),
        ('yaml title="An example"', "block-1.yaml"),
        ("python 3.11", "block-1.py"),
        ("sh profile=prod", "block-1.sh"),
        ("js Node.js", "block-1.js"),
        ("yaml path=配置.yaml", "block-1.yaml"),
        ("console path=session.txt", "session.txt"),
    ],
)
def test_an_info_string_names_a_file(info: str, path: str) -> None:
    """A name stands in an attribute, after the language, or alone; other words are none."""
    assert names(f"```{info}\nx\n```") == [path]


@pytest.mark.parametrize(
    ("language", "content", "path"),
    [
        ("yaml", "# k8s/a.yaml\na: 1", "k8s/a.yaml"),
        ("yaml", "---\n# === a.yaml (changed) ===\na: 1", "a.yaml"),
        ("yaml", "# file: a.yaml\na: 1", "a.yaml"),
        ("yaml", "{{/* templates/a.yaml */}}\na: 1", "templates/a.yaml"),
        ("bash", "#!/bin/bash\n# scripts/a.sh - does it\nls", "scripts/a.sh"),
        ("js", "// src/a.js\nx", "src/a.js"),
        ("sql", "-- a.sql\nselect 1", "a.sql"),
        ("hcl", "/* main.tf */\nx", "main.tf"),
        ("", "# .env\nA=1", ".env"),
        ("dockerfile", "# Dockerfile.dev\nFROM a", "Dockerfile.dev"),
        ("dockerfile", "# requirements.txt\nCOPY requirements.txt .", "block-1.Dockerfile"),
        ("bash", "# k8s/a.yaml\nkubectl apply -f k8s/a.yaml", "block-1.sh"),
        ("bash", "# deploy.sh\n./deploy.sh --now", "block-1.sh"),
        ("yaml", "# a.yaml is what counts\na: 1", "block-1.yaml"),
        ("markdown", "# a.md\nx", "block-1.md"),
        ("diff", "--- a/k8s/a.yaml\n+++ b/k8s/a.yaml", "block-1.txt"),
        ("yaml", "a: 1\n# b.yaml\n", "block-1.yaml"),
    ],
)
def test_a_first_comment_names_a_file(language: str, content: str, path: str) -> None:
    """It counts where it is nothing but the name, fits the language, and is not what a script then calls."""
    found = extract_artifacts(f"```{language}\n{content}\n```")
    assert [(a.path, a.content.rstrip("\n")) for a in found] == [(path, content.rstrip("\n"))]


def test_a_comment_that_its_language_has_not_is_no_content() -> None:
    """JSON knows no comments: one that names the file is left out, and the lines are still right."""
    found = extract_artifacts("```json\n// a.json\n{}\n```\n```yaml\n<!-- b.yaml -->\nb: 1\n```")
    assert [(a.path, a.content, a.first_line, a.last_line) for a in found] == [
        ("a.json", "{}\n", 3, 3),
        ("b.yaml", "b: 1\n", 7, 7),
    ]


@pytest.mark.parametrize(
    ("before", "language", "path"),
    [
        ("### `k8s/a.yaml`", "yaml", "k8s/a.yaml"),
        ("### 2. `Dockerfile` – two stages", "dockerfile", "Dockerfile"),
        ("## Deployment (k8s/a.yaml)", "yaml", "k8s/a.yaml"),
        ("**Dockerfile**", "dockerfile", "Dockerfile"),
        ("**File: `k8s/a.yaml`**", "yaml", "k8s/a.yaml"),
        ("File: src/app.py", "python", "src/app.py"),
        ("1. **values.yaml**", "yaml", "values.yaml"),
        ("Create `k8s/a.yaml` with this:\n", "yaml", "k8s/a.yaml"),
        ("`Dockerfile`", "", "Dockerfile"),
        ("<summary>pyproject.toml</summary>\n", "toml", "pyproject.toml"),
        ("### `a.yaml`\n\nIt holds the limits.\n", "yaml", "a.yaml"),
        ("Save as `../../etc/passwd.txt`:", "", "etc/passwd.txt"),
        ("The limits are in `a.yaml`", "yaml", "block-1.yaml"),
        ("`a.yaml` and `b.yaml`:", "yaml", "block-1.yaml"),
        ("Run `deploy.sh`:", "bash", "block-1.sh"),
        ("### `deploy.sh`\n\nRun it:", "bash", "block-1.sh"),
        ("Apply `a.yaml`:", "bash", "block-1.sh"),
        ("### Deployment", "yaml", "block-1.yaml"),
        ("### Node.js", "js", "block-1.js"),
        ("### `a.yaml`\n\n\n\n", "json", "block-1.json"),
        ("`app.py` prints:", "text", "block-1.txt"),
    ],
)
def test_the_text_before_names_a_file(before: str, language: str, path: str) -> None:
    """A line or heading counts where it is unmistakably about the file, and not about a way to use it."""
    assert names(f"{before}\n```{language}\nx\n```") == [path]


def test_a_heading_names_one_block() -> None:
    """The second block below a heading is another file."""
    assert names("### a.yaml\n```yaml\na: 1\n```\n```yaml\nb: 1\n```") == ["a.yaml", "block-2.yaml"]


def test_nested_fences() -> None:
    """A longer fence holds shorter ones, and Markdown holds blocks whose fences are as long as its own."""
    longer = "````markdown\n```yaml\na: 1\n```\n````"
    alike = "```markdown\n# A\n```yaml\na: 1\n```\nb\n```"
    found = extract_artifacts(f"{longer}\n{alike}\n```python\nx\n```")
    assert [(a.path, a.content, a.first_line, a.last_line) for a in found] == [
        ("block-1.md", "```yaml\na: 1\n```\n", 2, 4),
        ("block-2.md", "# A\n```yaml\na: 1\n```\nb\n", 7, 11),
        ("block-3.py", "x\n", 14, 14),
    ]


def test_markdown_out_of_balance_ends_at_the_first_fence() -> None:
    """Where nested fences do not add up, the block ends where CommonMark ends it."""
    found = extract_artifacts("```md\n```yaml\na: 1\n```\nb\n```python\nx\n```\n")
    assert [(a.path, a.content) for a in found] == [("block-1.md", "```yaml\na: 1\n"), ("block-2.py", "x\n")]


def test_markdown_around_a_whole_reply_is_seen_through() -> None:
    """The files in it count, with their lines in the reply; examples without names stay what they are."""
    reply = "Here it is:\n```markdown\n# A\n```yaml path=a.yaml\na: 1\n```\nand\n```sh\nls\n```\n```"
    assert [(a.path, a.content, a.first_line, a.last_line) for a in extract_artifacts(reply)] == [
        ("a.yaml", "a: 1\n", 5, 5),
        ("block-2.sh", "ls\n", 9, 9),
    ]
    assert names(reply.replace("markdown", "markdown path=README.md")) == ["README.md"]
    assert names(reply.replace(" path=a.yaml", "")) == ["block-1.md"]


def test_indented_fences() -> None:
    """In a list item, the content loses the fence's indentation; elsewhere, four spaces make no fence."""
    reply = (
        "1. `a.yaml`:\n\n     ```yaml\n     a:\n       b: 1\n    c: 2\n     ```\n- ~~~sh\n  ls\n  ~~~\n"
        "\t```sh\n\tcd\n\t```\n\nText\n\n    ```sh\n    pwd\n    ```\n  ```sh\n  id\n```\n"
    )
    assert [(a.path, a.content, a.first_line, a.last_line) for a in extract_artifacts(reply)] == [
        ("a.yaml", "a:\n  b: 1\nc: 2\n", 4, 6),
        ("block-2.sh", "ls\n", 9, 9),
        ("block-3.sh", "cd\n", 12, 12),
        ("block-4.sh", "id\n", 21, 21),
    ]


def test_what_only_looks_like_a_fence() -> None:
    """A fence is closed by its own character, at its own length, alone on its line."""
    reply = "````sh\n```\n~~~~\n```` x\n    ````\n`````\n```a`b\n~~~ x`y\nz\n~~~"
    assert [a.content for a in extract_artifacts(reply)] == ["```\n~~~~\n```` x\n    ````\n", "z\n"]


def test_several_documents_stay_one_file() -> None:
    """Documents of YAML that nothing names are read together later."""
    content = "a: 1\n---\n# Source: app/templates/b.yaml\nb: 1\n"
    assert [a.content for a in extract_artifacts(f"```yaml\n{content}```")] == [content]


def test_comments_that_name_files_divide_a_block() -> None:
    """Each file has its own lines; what separates them belongs to none."""
    found = extract_artifacts(
        "```yaml\n# k8s/a.yaml\na: 1\n---\n# k8s/b.yaml\nb: 1\n```\n"
        "```hcl\n# main.tf\nx = 1\n\n# variables.tf\ny = 1\n```\n"
        "```yaml\n--- # c.yaml\nc: 1\n--- # d.yaml\nd: 1\n```"
    )
    assert [(a.path, a.content, a.first_line, a.last_line) for a in found] == [
        ("k8s/a.yaml", "# k8s/a.yaml\na: 1\n", 2, 3),
        ("k8s/b.yaml", "# k8s/b.yaml\nb: 1\n", 5, 6),
        ("main.tf", "# main.tf\nx = 1\n", 9, 10),
        ("variables.tf", "# variables.tf\ny = 1\n", 12, 13),
        ("c.yaml", "--- # c.yaml\nc: 1\n", 16, 17),
        ("d.yaml", "--- # d.yaml\nd: 1\n", 18, 19),
    ]


@pytest.mark.parametrize(
    "block",
    [
        "```yaml path=all.yaml\n# a.yaml\na: 1\n\n# b.yaml\nb: 1\n```",
        "```sh\n# a.sh\nls\n\n# b.sh\nls\n```",
        "```yaml\n# a.yaml\n\n# b.yaml\nb: 1\n```",
        "```yaml\n# a.yaml\na: 1\n# b.yaml\nb: 1\n```",
    ],
)
def test_what_may_be_one_file_is_not_divided(block: str) -> None:
    """A name of its own, commands, an empty file, or a comment in the midst of lines: the block stays whole."""
    assert len(extract_artifacts(block)) == 1


def test_what_a_terminal_shows_is_no_file() -> None:
    """Marked as such and without a name, it yields nothing, and takes no number."""
    assert names("```console\n$ ls\n```\n```text\na\n```\n~~~output\nb\n~~~") == ["block-1.txt"]


def test_carriage_returns_stay_in_the_content() -> None:
    """A reply with Windows line ends gives the same files."""
    found = extract_artifacts("### `a.yaml`\r\n```yaml\r\na: 1\r\n```\r\nb\r\n")
    assert [(a.path, a.kind, a.content) for a in found] == [("a.yaml", "yaml", "a: 1\r\n")]


@pytest.mark.parametrize(
    "suggested",
    ["con.txt", "a/COM¹", "x" + "con." + "y" * 96, "-" * 3 + "rf", ".git", "a" * 300, "a/" * 30 + "b"],
)
def test_names_that_some_system_refuses(suggested: str) -> None:
    """No part is a device, a folder of git, an option of a command, or longer than file systems allow."""
    parts = safe_path(suggested).split("/")
    assert all(part == safe_path(part) and not part.startswith("-") and len(part) <= 101 for part in parts)
    assert len(parts) <= 8
    assert not {part.split(".")[0].lower() for part in parts} & {"con", "com1"}
    assert ".git" not in parts


PIECES = st.one_of(
    st.sampled_from(
        ["```", "~~~", "````", "```yaml\n", "```md\n", "```json path=", "\n", "\r\n", "    ", "\t"]
    ),
    st.sampled_from(
        ["- ", "1. ", "# a.yaml\n", "### `b.yaml`\n", "---\n", "// c.json\n", "`d`:\n", "x: 1\n"]
    ),
    st.sampled_from(["../", "C:\\", "con", "\x00", "a/b", "a", "A", ".git/", "é"]),
)
REPLIES = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=60).map("".join)


@given(REPLIES)
def test_any_reply_yields_slices_of_its_lines(text: str) -> None:
    """Each file holds the lines of the reply that it names, without indentation; the same ones each time."""
    lines = text.split("\n")
    found = extract_artifacts(text)
    for artifact in found:
        kept = artifact.content.split("\n")[:-1]
        own = lines[artifact.first_line - 1 : artifact.last_line] if kept else []
        assert len(own) == len(kept)
        for line, part in zip(own, kept, strict=True):
            assert line.endswith(part)
            assert not line.removesuffix(part).strip(" \t")
    assert extract_artifacts(text) == found


@given(REPLIES)
def test_any_reply_yields_safe_paths(text: str) -> None:
    """Each path is safe as it is, and they can stand side by side on any file system."""
    paths = names(text)
    folded = {path.casefold() for path in paths}
    assert len(folded) == len(paths)
    for path in paths:
        assert path == safe_path(path)
        parts = path.casefold().split("/")
        assert not any("/".join(parts[:depth]) in folded for depth in range(1, len(parts)))


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "```yaml\n",
        "```md\n```x\n",
        "- ",
        "    ```\n",
        "\n",
        "# a.yaml\n\n",
        "`a.yaml` ",
        "title=",
        "a/",
        "```md\n",
    ],
)
def test_a_long_reply_takes_no_time(piece: str) -> None:
    """200,000 characters of whatever makes fences and names are read in one go."""
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    for reply in (text, f"```yaml\n{text}\n```", f"```{text}\n"):
        extract_artifacts(reply)
    assert time.process_time() - started < 4
