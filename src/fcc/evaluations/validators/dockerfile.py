"""Dockerfiles: BuildKit's own parser, and the rules of each instruction that it leaves to the build."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module

from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators._dockerfile_lines import Instruction, escape_of, instructions
from fcc.evaluations.validators._dockerfile_rules import problems
from fcc.evaluations.validators._dockerfile_shell import shell_findings
from fcc.evaluations.validators._text import encodable
from fcc.evaluations.validators.check import NotCheckedError, advice, error, mapping, missing, sequence
from fcc.simulation import Finding

_MOST_FINDINGS = 100
_PATIENCE = 1.5
"""How long hadolint may take, in seconds; what it says is advice only."""
_LINE = re.compile(r"line (\d+)")


def check(text: str) -> Iterator[Finding]:
    """The findings on a Dockerfile; those of `hadolint`, where it is on PATH, as advice."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    escape, line, wrong = escape_of(lines)
    if wrong:
        yield error("dockerfile-directive", wrong, line, "Give it once, at the top.")
    found = list(instructions(lines, escape))
    told = 0
    for finding in _own(found):
        yield finding
        told += finding.severity == "error"
        if told >= _MOST_FINDINGS:
            break
    if told or wrong:
        return
    yield from _buildkit(text)
    if escape == "\\":  # the other escape sign is for Windows
        yield from shell_findings(found)
    yield from _hadolint(text)


def _own(found: list[Instruction]) -> Iterator[Finding]:
    if not found:
        yield error("dockerfile-empty", "there is no instruction in it", 1, "Start with FROM image.")
        return
    first = next((each for each in found if each.name != "ARG"), None)
    if first is None or first.name != "FROM":
        line = first.line if first else 1
        yield error(
            "dockerfile-from",
            "the first instruction must be FROM; only ARG may stand before it",
            line,
            "Start with FROM image.",
        )
    stages: list[str] = []
    for each in found:
        for problem in problems(each):
            make = advice if problem.rule == "dockerfile-placeholder" else error
            yield make(problem.rule, problem.message, each.line, problem.hint)
        yield from _stage(each, stages)


def _stage(each: Instruction, stages: list[str]) -> Iterator[Finding]:
    """What is wrong with the stages that an instruction names; a stage that it starts is added to `stages`."""
    if each.name == "FROM":
        words = each.rest.split()
        name = words[-1].lower() if len(words) > 2 else ""  # noqa: PLR2004 - image AS name
        if name and name in stages:
            yield error(
                "dockerfile-stage",
                f"the stage `{name[:40]}` is there twice",
                each.line,
                "Rename one of them.",
            )
        stages.append(name)
    for flag in each.flags if each.name == "COPY" else ():
        name = flag.removeprefix("--from=").strip("\"'").lower()
        if not flag.startswith("--from=") or "$" in name:
            continue
        own = bool(stages) and name == stages[-1]
        if not name or own or (name.isdecimal() and int(name[:9]) >= len(stages) - 1):
            message = f"--from={name[:40]} is no stage before this one"
            yield error(
                "dockerfile-stage",
                message,
                each.line,
                "Copy from a stage that is built earlier, or from an image.",
            )


def _buildkit(text: str) -> Iterator[Finding]:
    try:
        buildkit = import_module("dockerfile")
    except ImportError:
        raise missing("dockerfile (BuildKit's parser)") from None
    try:
        buildkit.parse_string(encodable(text))
    except buildkit.GoParseError as refused:
        message = str(refused)
        place = _LINE.search(message)
        yield error("dockerfile-parse", f"BuildKit's parser: {message[:300]}", int(place[1]) if place else 1)
    except ValueError:
        raise NotCheckedError("BuildKit's parser could not read it") from None
    except SystemError as broken:
        if isinstance(broken.__cause__, KeyboardInterrupt):  # a Ctrl-C that came while the parser ran
            raise KeyboardInterrupt from None
        raise


def _hadolint(text: str) -> Iterator[Finding]:
    if find_tool("hadolint") is None:
        return
    try:
        done = run_tool(["hadolint", "--no-color", "--format", "json", "-"], stdin=text, timeout=_PATIENCE)
        found = sequence(json.loads(done.out))
    except (NotCheckedError, ValueError):
        return
    for item in map(mapping, found[:_MOST_FINDINGS]):
        line = item.get("line")
        said = str(item.get("message", ""))[:300]
        yield advice(f"hadolint-{item.get('code', '')}", said, line if isinstance(line, int) else 0)
