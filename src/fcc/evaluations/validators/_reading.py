"""A text as the one document that its kind asks for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from fcc import _yaml
from fcc.evaluations.validators.check import documents, error
from fcc.simulation import Finding

MOST_FINDINGS = 200
"""How many findings of one sort are given for a file; more would only repeat them."""


def one_mapping(text: str, rule: str, what: str) -> tuple[_yaml.Document | None, list[Finding]]:
    """The one YAML mapping that a text holds; or, where it holds no such thing, none and the finding that says why.

    `what` names the kind, such as `a workflow`.
    """
    read, findings = documents(text, rule)
    if findings:
        return None, findings
    filled = [document for document in read if document.data is not None]
    if not filled:
        return None, [error(rule, f"the file is empty, where {what} is expected", 1, f"Write {what}.")]
    if len(filled) > 1:
        line = filled[1].problem((), "").line
        hint = "Put each document in a file of its own."
        return None, [error(rule, f"{what} is one document; a second one starts here", line, hint)]
    if not isinstance(filled[0].data, dict):
        hint = f"Write {what} as `key: value` lines."
        return None, [error(rule, f"{what} is a mapping, not {kind_of(filled[0].data)}", 1, hint)]
    return filled[0], []


def near(word: str, names: Iterable[str]) -> str:
    """`; did you mean …?`, where one of the first names is like the word; see `fcc._yaml.suggestion`."""
    return _yaml.suggestion(word[:100], list(islice(names, 200)))


def kind_of(value: object) -> str:
    """What a value is, in the words of a message."""
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


def shown(value: object, most: int = 60) -> str:
    """A value as it stands in a message: quoted, on one line and not too long."""
    text = repr(value) if isinstance(value, str | int | float) else kind_of(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
