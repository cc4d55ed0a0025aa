"""A cassette as text: YAML that a person can review, or JSON where there is much of it.

Bodies that are JSON are written as values and long texts as blocks. A text that occurs twice, such as a reply over the
wire and the same reply in the metadata, is written once and referred to. vcrpy reads the file in the same way.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml  # noqa: TID251 - it is read through fcc._yaml; only what writes blocks and references is here

from fcc import _yaml
from fcc.errors import ConfigError, InvalidFileError, Problem

JSON_FROM: Final = 100
"""So many interactions are written as JSON, also in a file called `.yaml` (of which JSON is a part): YAML of that size
takes seconds to read."""

_SHARED: Final = 100
"""A text of so many characters is written once, and referred to from then on."""

_LARGEST: Final = 1024 * 1024 * 1024

_LARGEST_YAML: Final = 1_000_000
"""Characters."""

_LIKE_A_NUMBER = re.compile(r"[-+]?[.0-9]")


def load(path: Path, name: str) -> Any:
    """What a cassette file says.

    Raises:
        InvalidFileError: it is neither JSON nor YAML.
        ConfigError: it can't be read, or is larger than 1 GiB.
    """
    with_json = _starts_with_brace(path)
    if not with_json:
        return _yaml.read(path, name).data
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{name} is larger than 1 GiB", hint="Record fewer runs in one cassette.")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}", hint="Check its permissions.") from error
    except json.JSONDecodeError as error:
        raise InvalidFileError(
            [Problem(name, error.lineno, error.colno, f"is no JSON: {error.msg}")]
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InvalidFileError([Problem(name, 1, 1, f"is no JSON in UTF-8: {error}")]) from error


def dump(data: dict[str, Any], path: Path) -> str:
    """The text of a cassette file; JSON where YAML of it would be too large, or nest too deeply, to be read again."""
    as_json = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    if path.suffix == ".json" or len(data["interactions"]) >= JSON_FROM:
        return as_json
    text: str = yaml.dump(
        _shared(data, {}), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return text if len(text) <= _LARGEST_YAML and _is_read_as(text, data) else as_json


def _is_read_as(text: str, data: dict[str, Any]) -> bool:
    try:
        return bool(_yaml.parse(text, "").data == data)
    except InvalidFileError:
        return False


def body_value(text: str) -> Any:
    """A body as it is kept: `{"json": value}` where it is a JSON object or list, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return {"json": value} if isinstance(value, dict | list) else text


def body_text(value: Any) -> str:
    """The body that is kept as that value."""
    if isinstance(value, dict) and set(value) == {"json"}:
        return json.dumps(value["json"], ensure_ascii=False, separators=(",", ":"))
    return value if isinstance(value, str) else ""


def _starts_with_brace(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint="Check its permissions.") from error


def _shared(value: Any, known: dict[str, str]) -> Any:
    """The value with one and the same object for every occurrence of a long text."""
    if isinstance(value, str):
        return known.setdefault(value, value) if len(value) >= _SHARED else value
    if isinstance(value, dict):
        return {_Key(key): _shared(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shared(item, known) for item in value]
    return value


class _Key(str):
    """A name, which is written out each time."""

    __slots__ = ()


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # the C one has no types
    def ignore_aliases(self, data: Any) -> bool:
        """True for what is written out each time: all but long texts."""
        return type(data) is not str or len(data) < _SHARED


def _text(dumper: _Dumper, text: str) -> Any:
    style = None
    if "\n" in text:
        style = "|"
    elif _LIKE_A_NUMBER.match(text) or _yaml.scalar(text) != text:
        style = '"'  # YAML 1.1 and 1.2 differ in what is a number
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Key, _text)
