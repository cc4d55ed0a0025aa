"""The shape of a cassette's file, as far as it is relied on."""

from __future__ import annotations

from typing import Any, Final

_HELD: Final = {"identity": str, "model": str}
_CALL: Final = {
    "id": str,
    "key": str,
    "backend": str,
    "request": {"messages": [{"role": str, "content": str}]},
}
_RUN: Final = {
    "?chain": {"name": str, "steps": {"*": dict}},
    "?personas": {"*": dict},
    "?prompts": {"*": dict},
    "?inputs": dict,
    "?documents": dict,
    "?asked": {"*": [str]},
    "?profiles": {"*": dict},
    "?policy": dict,
    "?policies": {"*": dict},
    "?limits": dict,
    "?approvals": [dict],
    "?backends": {"*": _HELD},
    "?source": str,
    "?decides": dict,
    "steps": [{"name": str, "calls": [_CALL]}],
}
_INTERACTION: Final = {
    "request": {"method": str, "uri": str, "headers": dict},
    "response": {"status": {"code": int}, "headers": dict, "body": dict},
}
SHAPE: Final = {
    "metadata": {"fcc": {"complete": bool, "?recorded": dict, "runs": [_RUN]}},
    "interactions": [_INTERACTION],
}
"""A name with `?` may be missing, `*` stands for any name; a list says what each of its items is."""


def check_shape(value: Any, shape: Any, place: str = "") -> None:
    """Nothing, if a value has a shape.

    Raises:
        TypeError: something in it is something else; the message says where.
        ValueError: something is missing.
    """
    if isinstance(shape, type):
        if not isinstance(value, shape):
            raise TypeError(f"{place or 'it'} is no {shape.__name__}")
    elif isinstance(shape, list):
        check_shape(value, list, place)
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{place}[{index}]")
    else:
        check_shape(value, dict, place)
        for name, inner in shape.items():
            for key in value if name == "*" else [name.removeprefix("?")]:
                there = f"{place}.{key}".lstrip(".")
                if key in value:
                    check_shape(value[key], inner, there)
                elif not name.startswith("?"):
                    raise ValueError(f"{there} is missing")
