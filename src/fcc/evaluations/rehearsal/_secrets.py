"""Secrets that a delivery holds: what is told of a rehearsal must not hold them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

from fcc.evaluations.rehearsal._delivery import Delivery, Placed
from fcc.redaction import redact_shapes, secrets_in

_ASSIGNED = re.compile(r"""\b(\w{1,80})[=:][ ]?["']?([^\s"'$]{8,200})["']?(?=\s|$)""", re.MULTILINE)
_GIVEN = re.compile(
    r"""(?:\s-u|\s--(?:user|token|password)|\s--from-literal=[\w.-]{1,80}|Authorization:\s*\w{1,20})[= ]["']?([^\s"'$]{8,200})"""
)
_NAMELESS = "SECRET"


def concealer(delivery: Delivery) -> Callable[[str], str]:
    """Takes the secrets of a delivery out of a text, and what looks like a key."""
    values = {value for item in delivery.objects for value in _of_object(item)}
    for file in delivery.files:
        for name, value in _ASSIGNED.findall(file.text):
            values |= secrets_in({name: value}).keys()
        values |= {value for value in _GIVEN.findall(file.text) if secrets_in({_NAMELESS: value})}
    found = sorted(values, key=lambda value: (-len(value), value))

    def conceal(text: str) -> str:
        for value in found:
            if value in text:
                text = text.replace(value, "[redacted]")
        return redact_shapes(text)

    return conceal


def _of_object(item: Placed) -> Iterator[str]:
    if item.kind == "Secret":
        for field in ("data", "stringData"):
            values = item.data.get(field)
            for value in values.values() if isinstance(values, dict) else ():
                for text in (str(value), _decoded(str(value))):
                    yield from secrets_in({_NAMELESS: text})
    yield from _of_variables(item.data)


def _of_variables(value: Any) -> Iterator[str]:
    """The values of variables that are named like a secret, wherever in an object they stand."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
            if isinstance(one.get("name"), str) and isinstance(one.get("value"), str):
                yield from secrets_in({one["name"]: one["value"]})
        elif isinstance(one, list):
            stack += one


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""
