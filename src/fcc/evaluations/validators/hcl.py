"""Terraform and other HCL: whether the package `python-hcl2` can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

from fcc.evaluations.validators.check import NotCheckedError, error, missing
from fcc.simulation import Finding

MOST_TEXT = 50_000
"""How many characters are read; that takes the package about two seconds."""

_LINE = re.compile(r"line (\d+)")


def check(text: str) -> Iterator[Finding]:
    """The findings on a text of HCL 2 (https://developer.hashicorp.com/terraform/language/syntax/configuration)."""
    try:
        hcl2 = import_module("hcl2")
    except ImportError:
        raise missing("python-hcl2") from None
    if len(text) > MOST_TEXT:
        raise NotCheckedError(f"it has more than {MOST_TEXT:,} characters, the most that is read")
    if not text.strip():
        yield error(
            "hcl-empty", "there is no block in it", 1, 'Write one, as in `resource "type" "name" { }`.'
        )
        return
    try:
        hcl2.loads(text if text.endswith("\n") else f"{text}\n")
    except RecursionError:
        raise NotCheckedError("it is nested too deep to be read") from None
    except Exception as refused:  # noqa: BLE001 # reason: its errors are those of two parsers, of no one family
        message = str(refused).strip().split("\n")[0]
        line = getattr(refused, "line", None)
        found = _LINE.search(message)
        where = (
            line if isinstance(line, int) and line > 0 else int(found[1]) if found else text.count("\n") + 1
        )
        hint = (
            "Take the Markdown fences out."
            if text.lstrip().startswith("```")
            else "Look for what is missing before it."
        )
        yield error("hcl-syntax", f"not valid HCL: {message[:200]}", where, hint)
