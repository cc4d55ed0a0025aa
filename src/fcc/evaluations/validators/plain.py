"""JSON, YAML and TOML: whether they can be read, with no key given twice."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any, NoReturn

from fcc.evaluations.validators.check import NotCheckedError, documents, error, mapping
from fcc.simulation import Finding

_OF_PROMETHEUS = {"global", "route", "scrape_configs"}
"""One of these is in every configuration of Prometheus or Alertmanager that is worth a look."""
_MOST_DOTS = 200
"""How many dots a line of TOML may have: the time that a key takes grows with the square of its parts."""


def check_json(text: str) -> Iterator[Finding]:
    """The findings on a JSON text (RFC 8259): one value, no key twice in an object, no `NaN` or `Infinity`."""
    try:
        json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as refused:
        yield error(
            "json-syntax", f"not valid JSON: {refused.msg}", refused.lineno, _json_hint(text, refused.pos)
        )
    except _RefusedError as refused:
        yield error("json-value", str(refused), _line_of(text, refused.word), refused.hint)
    except ValueError as refused:
        yield error("json-value", f"not a JSON that can be read: {str(refused)[:100]}", 1)
    except RecursionError:
        raise NotCheckedError("it is nested too deep to be read") from None


def check_yaml(text: str) -> Iterator[Finding]:
    """The findings on a YAML text of any number of documents, and on a configuration of Prometheus or Alertmanager."""
    read, findings = documents(text, "yaml-syntax")
    yield from findings
    for document in read:
        if _OF_PROMETHEUS & mapping(document.data).keys():
            from fcc.evaluations.validators._prometheus_config import config_findings

            yield from config_findings(document)


def check_toml(text: str) -> Iterator[Finding]:
    """The findings on a TOML text (https://toml.io/en/v1.0.0)."""
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise NotCheckedError(f"it has a line with more than {_MOST_DOTS} dots, which takes too long to read")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as refused:
        message, _, place = str(refused).rpartition(" (at ")
        words = place.removeprefix("line ").split(",")[0]
        line = int(words) if words.isdecimal() else text.count("\n") + 1
        yield error("toml-syntax", f"not valid TOML: {(message or str(refused))[:200]}", line)
    except ValueError as refused:
        yield error("toml-syntax", f"not valid TOML: {str(refused)[:200]}", 1)
    except RecursionError:
        raise NotCheckedError("it is nested too deep to be read") from None


class _RefusedError(Exception):
    def __init__(self, word: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.word, self.hint = word, hint


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RefusedError(
                json.dumps(key), f"`{key[:60]}` is given twice in an object", "Keep one of them."
            )
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise _RefusedError(name, f"`{name}` is no JSON", "Write a number, or null.")


def _line_of(text: str, word: str) -> int:
    """The line on which a word stands last; 0 where it is not written like that."""
    at = text.rfind(word)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def _json_hint(text: str, at: int) -> str:
    following, before = text[at : at + 2], text[:at].rstrip()[-1:]
    if following.startswith(("}", "]")) or (before == "," and following[:1] in {"}", "]"}):
        return "Take the comma before it out."
    if following.startswith("'"):
        return "Use double quotes."
    if following.startswith(("//", "/*", "#")):
        return "Take the comment out; JSON has none."
    if following.startswith("``"):
        return "Take the Markdown fences out."
    if not text[at:].strip():
        return "It ends too early: close what is open."
    return ""
