"""How reports are laid out: 80 columns, colours that can be left away."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from fcc.redaction import printable

WIDTH = 80

Paint = Callable[[str, str], str]
"""Puts a text in one of the colours `green`, `yellow`, `red`, `dim` or `bold`, or leaves it as it is."""


def plain(text: str, _colour: str) -> str:
    """No colour at all."""
    return text


def wrapped(text: str, indent: str, hanging: str = "") -> list[str]:
    """The text in lines of at most 80 columns, each indented, those after the first by `hanging`, too."""
    return [
        line
        for paragraph in printable(text).splitlines()
        for line in textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
