"""Texts with half a character (a lone surrogate), as JSON's escapes can make them."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with `?` for each half of a character, which UTF-8 cannot hold and which libraries in C crash on."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def cut(text: str, most: int) -> str:
    """The text, with `…` where it had to end before its end."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
