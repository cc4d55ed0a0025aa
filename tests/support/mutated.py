"""Files that once were valid, with anything in any place."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

_ANYTHING = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "${{ a",
        "{{ a",
        "$",
        "\0",
        "\ud800",
        "(" * 300,
        [],
        {},
        [None],
        [[]],
    ]
) | st.recursive(st.text(max_size=5), lambda inner: st.lists(inner, max_size=2), max_leaves=3)


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    found = [(value, key) for key in keys]
    for key in keys:
        found += _places(value[key])
    return found


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> str:
    """A JSON text, which is YAML too, of the value with up to three of its parts replaced or removed."""
    value = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        places = _places(value)
        if not places:
            break
        owner, key = draw(st.sampled_from(places))
        if draw(st.booleans()):
            owner[key] = copy.deepcopy(draw(_ANYTHING))
        else:
            del owner[key]
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def cut(draw: st.DrawFn, valid: str) -> str:
    """The text with a stretch of it replaced by signs that mean something, or by nothing."""
    start = draw(st.integers(0, len(valid)))
    end = draw(st.integers(start, min(len(valid), start + 40)))
    signs = draw(st.text(alphabet="{}[]\"'`:-#&*!|>%@\\\t\n\r\0\ud800${}()", max_size=6))
    return valid[:start] + signs + valid[end:]
