"""Dockerfiles: what each instruction takes."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import _command, _dockerfile_shell
from fcc.evaluations.validators._command import Completed

GOOD = r"""# syntax=docker/dockerfile:1
# escape=\

ARG VERSION=3.12
FROM --platform=linux/amd64 python:${VERSION}-slim AS build
# a comment
RUN --mount=type=cache,target=/root/.cache pip install \
    # inside a command
    --no-cache-dir web && \

    echo "it's done"
FROM scratch
LABEL a=b "c d"="e f"
ENV NAME some value
ENV A=1 B="two words" C=it\ is
COPY --from=build --chown=1:1 /a /b
COPY --from=0 ["a b", "/c"]
ADD <<EOF <<'END' /files/
one
EOF
two $x
END
RUN <<-DONE
	echo a << 1
	DONE
EXPOSE 80 53/udp 7000-7010/TCP $PORT
VOLUME ["/data"]
USER 1000:1000
WORKDIR /app
SHELL ["/bin/bash", "-c"]
STOPSIGNAL SIGRTMIN+3
HEALTHCHECK --interval=1m30s --retries=3 CMD ["curl", "localhost"]
ONBUILD RUN echo a
RUN [ -f /x ] && echo "[a]"
ENTRYPOINT []
CMD web
"""


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


def _found(text: str):
    result = validate_artifact("dockerfile", text)
    return result.valid, [
        (finding.rule, finding.line) for finding in result.findings if finding.severity == "error"
    ]


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "from a as b\nrun c\n"])
def test_what_builds_is_valid(text):
    """Every form that the reference has is valid."""
    assert _found(text) == (True, [])


def test_the_escape_sign_can_be_changed():
    """With a backtick as the escape sign a backslash continues no line."""
    assert _found("# escape=`\nFROM a\nWORKDIR C:\\\nRUN a `\n  b\n") == (True, [])


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "dockerfile-empty", 1),
        ("# only this\n", "dockerfile-empty", 1),
        ("RUN a\nFROM b\n", "dockerfile-from", 1),
        ("ARG a\n", "dockerfile-from", 1),
        ("FROM\n", "dockerfile-from", 1),
        ("FROM a b\n", "dockerfile-from", 1),
        ("FROM a AS 1b\n", "dockerfile-from", 1),
        ("FROM Some/Image\n", "dockerfile-from", 1),
        ("FROM --plattform=x a\n", "dockerfile-flag", 1),
        ("# escape=x\nFROM a\n", "dockerfile-directive", 1),
        ("# escape=`\n# escape=`\nFROM a\n", "dockerfile-directive", 2),
        ("```dockerfile\nFROM a\n```\n", "dockerfile-fence", 1),
        ("Here is the file:\nFROM a\n", "dockerfile-instruction", 1),
        ("FROM a\nINSTALL b\n", "dockerfile-instruction", 2),
        ("FROM a\nRUN b &&\n  c\n", "dockerfile-instruction", 3),
        ("FROM a\nCOPY b\n", "dockerfile-arguments", 2),
        ('FROM a\nADD ["b"]\n', "dockerfile-arguments", 2),
        ("FROM a\nCOPY --form=b c d\n", "dockerfile-flag", 2),
        ("FROM a\nCOPY --from b c\n", "dockerfile-flag", 2),
        ("FROM a\nCOPY --from=x --from=y b c\n", "dockerfile-flag", 2),
        ("FROM a\nADD --link=maybe b c\n", "dockerfile-flag", 2),
        ("FROM a\nCOPY --from=1 b c\n", "dockerfile-stage", 2),
        ("FROM a AS x\nCOPY --from=x b c\n", "dockerfile-stage", 2),
        ("FROM a AS x\nFROM b AS X\n", "dockerfile-stage", 2),
        ("FROM a\nRUN --mount=type=disk b\n", "dockerfile-flag", 2),
        ("FROM a\nRUN\n", "dockerfile-arguments", 2),
        ("FROM a\nCMD ['a', 'b']\n", "dockerfile-exec-form", 2),
        ('FROM a\nENTRYPOINT ["a", 1]\n', "dockerfile-exec-form", 2),
        ("FROM a\nSHELL bash -c\n", "dockerfile-exec-form", 2),
        ("FROM a\nENV B\n", "dockerfile-arguments", 2),
        ("FROM a\nENV B=1 2\n", "dockerfile-arguments", 2),
        ("FROM a\nLABEL\n", "dockerfile-arguments", 2),
        ("FROM a\nARG =b\n", "dockerfile-arguments", 2),
        ("FROM a\nEXPOSE http\n", "dockerfile-port", 2),
        ("FROM a\nEXPOSE 70000\n", "dockerfile-port", 2),
        ("FROM a\nEXPOSE\n", "dockerfile-arguments", 2),
        ("FROM a\nUSER\n", "dockerfile-arguments", 2),
        ("FROM a\nWORKDIR \n", "dockerfile-arguments", 2),
        ("FROM a\nVOLUME\n", "dockerfile-arguments", 2),
        ("FROM a\nSTOPSIGNAL SIGNOPE\n", "dockerfile-signal", 2),
        ("FROM a\nSTOPSIGNAL\n", "dockerfile-arguments", 2),
        ("FROM a\nHEALTHCHECK\n", "dockerfile-healthcheck", 2),
        ("FROM a\nHEALTHCHECK CMD\n", "dockerfile-healthcheck", 2),
        ("FROM a\nHEALTHCHECK NONE b\n", "dockerfile-healthcheck", 2),
        ("FROM a\nHEALTHCHECK --interval=often CMD b\n", "dockerfile-healthcheck", 2),
        ("FROM a\nONBUILD\n", "dockerfile-arguments", 2),
        ("FROM a\nONBUILD FROM b\n", "dockerfile-onbuild", 2),
        ("FROM a\nONBUILD COPY b\n", "dockerfile-arguments", 2),
        ("FROM a\nRUN <<EOF\nb\n EOF\n", "dockerfile-heredoc", 2),
        (f"FROM a\nRUN {'b' * 70000}\n", "dockerfile-parse", 1),
    ],
)
def test_what_does_not_build_is_invalid(text, rule, line):
    """What the build would refuse is told with its rule and its line."""
    valid, found = _found(text)
    assert valid is False
    assert (rule, line) in found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("RUN a && \\\n  b &&", 3),
        ("RUN a\nRUN if b; then \\\n    # why\n\n    c; \\\n  d\nRUN e", 7),
        ("RUN a \\\n  && (b; \\\n  c))  \\\n  && d", 4),
        ("RUN a \\\n  && echo 'it's' \\\n  && d", 3),
        ("RUN echo 'a\nRUN echo 'b", 2),
        ('RUN echo "a\nRUN if b; fi\nRUN echo "c', 2),
        ("RUN a # why \\\n  && (b", None),
        ("CMD a && && b", 2),
        ("RUN b && && echo 500.one: line 9: c; 001.sh: d", 2),
        ("ENTRYPOINT exec a |", 2),
        ("HEALTHCHECK --interval=5s \\\n  CMD a ||", 3),
        ("ONBUILD RUN a; }", 2),
        ("RUN --mount=type=cache,target=/x \\\n  --network=none \\\n  a && ;", 4),
        ("RUN cat <<EOF > /x && \nif a\nEOF", 4),
        ("RUN <<EOF\na\nif b; then c\nEOF", 4),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN [[ a ', 3),
        ('SHELL ["powershell", "-c"]\nRUN a | %{ b\nFROM c\nRUN if', 5),
    ],
)
def test_a_command_that_the_shell_cannot_read_is_told_on_its_line(text, line):
    """A command in shell form that bash cannot parse as the build joins it is an error, on its own line."""
    valid, found = _found(f"FROM a\n{text}\n")
    if line is None:
        assert valid is True
    else:
        assert valid is False
        assert ("dockerfile-shell", line) in found


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nARG X\nRUN $X && echo '{ )' ${X:-y} # it's \\\n  fine",
        "FROM a\nRUN cat <<'A' > /x && b <<B\nif (\nA\n'\nB\nRUN <<EOF\n#!/usr/bin/env python3\nif a: b('\nEOF\n",
        "FROM a\nRUN <<EOF\nEOF\nRUN # nothing",
        "FROM a\nRUN shopt -s extglob; rm !(b)\n",
        "FROM a\nRUN exec 3<>/x; case b in c) d;; esac; e() { f; }; g=(h i)\n",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022 AS w\nRUN if (\nFROM w\nRUN }",
        "ARG BASE=mcr.microsoft.com/windows/nanoserver\nFROM $BASE\nRUN if (",
        "# escape=`\nFROM a\nRUN if (",
        'FROM a AS b\nSHELL ["pwsh", "-c"]\nRUN if (\nFROM b\nCMD }',
        'FROM a\nCMD ["if ("]\nHEALTHCHECK NONE',
    ],
)
def test_a_command_for_the_shell_or_for_another_is_valid(text):
    """What sh or bash reads, here-documents included, is valid; what is for Windows or another program is not read."""
    assert _found(text) == (True, [])


def test_many_commands_cost_one_reading(monkeypatch):
    """The command lines of a file that has no mistake are read together."""
    seen = []
    monkeypatch.setattr(
        _dockerfile_shell, "run_tool", lambda *given, **_: seen.append(given) or Completed(0, "", "")
    )
    assert _found("FROM a\n" + "RUN b\n" * 30) == (True, [])
    assert len(seen) == 1
    result = validate_artifact("dockerfile", "FROM a\n" + "RUN b\n" * 101)
    assert (result.valid, "100" in result.reason) == (None, True)


def test_without_bash_its_commands_are_not_checked(monkeypatch):
    """A file with command lines is not valid where nothing can read them; one without is."""
    monkeypatch.setattr(_command, "find_tool", lambda _: None)
    assert validate_artifact("dockerfile", "FROM a\nRUN b\n").valid is None
    assert validate_artifact("dockerfile", "FROM a\n").valid is True


def test_a_placeholder_is_advice():
    """An image that is to be filled in is told, and is no error of the file's form."""
    result = validate_artifact("dockerfile", "FROM <image>\n")
    assert (result.valid, [finding.rule for finding in result.findings]) == (True, ["dockerfile-placeholder"])


def test_without_the_parser_it_is_not_checked(monkeypatch):
    """Without BuildKit's parser an error of our rules counts, and no finding is no proof."""
    monkeypatch.setitem(sys.modules, "dockerfile", None)
    result = validate_artifact("dockerfile", GOOD)
    assert result.valid is None
    assert "pip install" in result.reason
    assert validate_artifact("dockerfile", "FROM a\nCOPY b\n").valid is False


def test_hadolint_advises_only(tmp_path, monkeypatch):
    """What hadolint says is advice, whatever its level, and its failure is no matter."""
    tool = tmp_path / "hadolint"
    said = '[{"code": "DL3006", "level": "error", "line": 1, "message": "tag it"}]'
    tool.write_text(f"#!/bin/sh\necho '{said}'\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = validate_artifact("dockerfile", "FROM a\n")
    assert (result.valid, [finding.rule for finding in result.findings]) == (True, ["hadolint-DL3006"])
    tool.write_text("#!/bin/sh\necho no\n")
    assert validate_artifact("dockerfile", "FROM b\n").findings == ()


WORDS = [
    "FROM a\n",
    "RUN ",
    "COPY ",
    "ENV ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "--",
    "=",
    "[",
    "]",
    "<<E",
    "E\n",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*WORDS, "\\", "\n", '"', "'", "`", "# escape=`\n", "\0", "\ud800", "é"])).map(
        "".join
    )
)
def test_any_text(text):
    """Any text gives a result, and what BuildKit's parser can't take does not reach it."""
    validate_artifact("dockerfile", text)
    validate_artifact("dockerfile", f"FROM a\n{text}")


@pytest.mark.parametrize("part", ["--a ", "'", '"\\', "<<A ", "[", "\\\n", "ONBUILD ", "1-", ","])
def test_long_lines_are_read_fast(part):
    """A line of 200 kB takes no more than a moment, whatever it repeats."""
    for start in ("RUN ", "ENV ", "EXPOSE ", "RUN --mount="):
        validate_artifact("dockerfile", f"FROM a\n{start}{part * (200_000 // len(part))}")


def test_an_interruption_within_the_parser_is_one(monkeypatch):
    """A Ctrl-C that comes while BuildKit's parser runs is a Ctrl-C, and no fault."""

    def parse_string(text):
        raise SystemError("a result with an exception set") from KeyboardInterrupt()

    monkeypatch.setattr("dockerfile.parse_string", parse_string)
    with pytest.raises(KeyboardInterrupt):
        validate_artifact("dockerfile", "FROM scratch\nCOPY interrupted /\n")
