"""Terraform and other HCL: whether the package `python-hcl2` can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from fcc.evaluations.validators._reading import MOST_FINDINGS, near
from fcc.evaluations.validators.check import NotCheckedError, error, missing, warning
from fcc.simulation import Finding

MOST_TEXT = 50_000
"""How many characters are read; that takes the package about two seconds."""

_LABELS = {
    "data": ("type", "name"),
    "locals": (),
    "module": ("name",),
    "output": ("name",),
    "provider": ("name",),
    "resource": ("type", "name"),
    "terraform": (),
    "variable": ("name",),
}
"""Terraform's blocks and their labels (https://developer.hashicorp.com/terraform/language)."""
_OF_STACKS = {"component", "deployment", "required_providers"}
"""Top-level blocks of Terraform Stacks, where a provider has two labels."""

_LINE = re.compile(r"line (\d+)")


def check(text: str) -> Iterator[Finding]:
    """The findings on a text of HCL 2 (https://developer.hashicorp.com/terraform/language/syntax/configuration)."""
    try:
        hcl2 = import_module("hcl2")
    except ImportError:
        raise missing("python-hcl2") from None
    if not hasattr(hcl2, "parses_to_tree"):
        raise missing("python-hcl2 8 or later")
    if len(text) > MOST_TEXT:
        raise NotCheckedError(f"it has more than {MOST_TEXT:,} characters, the most that is read")
    if not text.strip():
        yield warning(
            "hcl-empty", "there is no block in it", 1, 'Write one, as in `resource "type" "name" { }`.'
        )
        return
    try:
        tree = hcl2.parses_to_tree(text if text.endswith("\n") else f"{text}\n")
        blocks = [block for block in tree.children[0].children if getattr(block, "data", "") == "block"]
        found = [*_labels(blocks), *_undeclared(blocks)][:MOST_FINDINGS]
        hcl2.serialize(hcl2.transform(tree))
    except RecursionError:
        raise NotCheckedError("it is nested too deep to be read") from None
    except Exception as refused:  # noqa: BLE001 # reason: its errors are those of two parsers, of no one family
        message = str(refused).strip().split("\n")[0]
        line = getattr(refused, "line", None)
        place = _LINE.search(message)
        where = (
            line if isinstance(line, int) and line > 0 else int(place[1]) if place else text.count("\n") + 1
        )
        hint = (
            "Take the Markdown fences out."
            if text.lstrip().startswith("```")
            else "Look for what is missing before it."
        )
        yield error("hcl-syntax", f"not valid HCL: {message[:200]}", where, hint)
    else:
        yield from found


def _labels(blocks: list[Any]) -> Iterator[Finding]:
    """Where a block of Terraform has more or fewer labels than it takes."""
    names = [_words(block)[0] for block in blocks]
    for block, name in zip(blocks, names, strict=True):
        wanted, given = _LABELS.get(name), len(_words(block)) - 1
        if wanted is None or given == len(wanted) or (name == "provider" and _OF_STACKS & set(names)):
            continue
        form = " ".join([name, *(f'"{label}"' for label in wanted), "{ }"])
        many = f"{len(wanted) or 'no'} label{'' if len(wanted) == 1 else 's'}"
        what = f"`{name}` takes {many}, and has {given}"
        yield error("hcl-labels", what, block.meta.line, f"Write it as in `{form}`.")


def _undeclared(blocks: list[Any]) -> Iterator[Finding]:
    """The variables that are used and not declared, in a file that declares others."""
    declared = {_words(block)[-1] for block in blocks if _words(block)[0] == "variable"}
    told = set(declared)
    for block in blocks if declared else ():
        for term in block.find_data("get_attr_expr_term"):
            words = [str(token) for token in term.scan_values(lambda _: True) if str(token) != "."]
            if words[0] != "var" or len(words) < 2 or words[1] in told:  # noqa: PLR2004 - var and a name
                continue
            told.add(words[1])
            what = f"the variable `{words[1][:60]}` is not declared here{near(words[1], sorted(declared))}"
            hint = "Declare it, unless another file of the module does."
            yield warning("hcl-variable", what, term.meta.line, hint)


def _words(block: Any) -> list[str]:
    """A block's name and its labels, without quotes."""
    parts = [part for part in block.children if getattr(part, "data", "") in {"identifier", "string"}]
    return ["".join(map(str, part.scan_values(lambda _: True))).strip('"') for part in parts]
