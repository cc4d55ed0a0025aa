"""What differs between two files, place by place: YAML and JSON by path, anything else line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.errors import InvalidFileError

STRUCTURED = frozenset(
    {
        "docker_compose",
        "github_workflow",
        "gitlab_ci",
        "grafana_dashboard",
        "helm_chart_yaml",
        "helm_values",
        "json",
        "kubernetes",
        "prometheus_rules",
        "yaml",
    }
)
"""The kinds of file that are compared by path."""

_NAMES = ("name", "alert", "record", "job_name", "id", "key")
"""What tells the items of a list apart, the first that each has and no two share."""
_LONGEST = 500_000
_MOST_LINES = 2_000
"""Of longer texts, that cannot be read by path, it is only said that they differ."""

Path = tuple[str, ...]


class Leaf(NamedTuple):
    """A value within a file."""

    text: str
    line: int


class Change(NamedTuple):
    """One place in which two files differ."""

    path: str
    """`Deployment spec.replicas`; "" for a line of a text."""
    before: Leaf | None
    """None where only the other has it."""
    here: Leaf | None


@lru_cache(maxsize=512)
def leaves(kind: str, content: str) -> Mapping[Path, Leaf] | None:
    """Every value of a structured file by its path; None where it is no such file, or can't be read."""
    if kind not in STRUCTURED or len(content) > _LONGEST:
        return None
    try:
        documents = _yaml.parse_all(content, "")
    except InvalidFileError:
        return None
    found: dict[Path, Leaf] = {}
    seen: dict[str, int] = {}
    for document in documents:
        if document.data is None:
            continue  # nothing stands in it
        name = _kind(document.data)
        seen[name] = seen.get(name, 0) + 1
        head = name if seen[name] == 1 else f"{name}#{seen[name]}"
        for at, path, value in _walk(document.data, (), (head,)):
            found[path] = Leaf(value, _line(document, at))
    return found


def lines(content: str) -> list[Leaf]:
    """The lines of a text that say something."""
    numbered = enumerate(content[:_LONGEST].split("\n"), 1)
    return [Leaf(text.strip(), number) for number, text in numbered if text.strip()]


def changes(kind: str, before: str, here: str) -> list[Change]:
    """What differs between two files of a kind, in order; nothing where they are the same."""
    if before == here:
        return []
    old, new = leaves(kind, before), leaves(kind, here)
    if old is None or new is None:
        return list(_by_line(lines(before), lines(here)))
    return list(_by_path(old, new))


def label(path: Path) -> str:
    """A path as people read it: `Deployment spec.template.spec.containers[app].image`."""
    head, *rest = path
    said = "".join(part if part.startswith("[") else f".{part}" for part in rest).removeprefix(".")
    return " ".join(part for part in (head, said) if part)


def _kind(data: Any) -> str:
    kind = data.get("kind") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else ""


def _line(document: _yaml.Document, at: tuple[str | int, ...]) -> int:
    while at and at not in document.places:
        at = at[:-1]
    return document.places.get(at, (1, 1))[0]


def _walk(
    value: Any, at: tuple[str | int, ...], path: Path
) -> Iterator[tuple[tuple[str | int, ...], Path, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walk(item, (*at, key), (*path, key))
    elif isinstance(value, list) and value:
        for index, (name, item) in enumerate(zip(_named(value), value, strict=True)):
            yield from _walk(item, (*at, index), (*path, f"[{name}]"))
    else:
        yield at, path, _text(value)


def _named(items: list[Any]) -> list[str]:
    """What the items of a list are called: by a name that each has for itself, else by their number."""
    for key in _NAMES:
        names = [item.get(key) for item in items if isinstance(item, dict)]
        if len(names) == len(items) == len({name for name in names if isinstance(name, str)}):
            return [str(name) for name in names]
    return [str(index) for index in range(len(items))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _by_path(old: Mapping[Path, Leaf], new: Mapping[Path, Leaf]) -> Iterator[Change]:
    for path, leaf in new.items():
        before = old.get(path)
        if before is not None and before.text != leaf.text:
            yield Change(label(path), before, leaf)
    for path, leaf in _only(new, old).items():
        yield Change(label(path), None, leaf)
    for path, leaf in _only(old, new).items():
        yield Change(label(path), leaf, None)


def _only(these: Mapping[Path, Leaf], those: Mapping[Path, Leaf]) -> dict[Path, Leaf]:
    """What only these have, each whole part of the file once, at its first value."""
    known = {path[:length] for path in those for length in range(1, len(path) + 1)}
    found: dict[Path, Leaf] = {}
    for path, leaf in these.items():
        if path not in those:
            length = next((n for n in range(1, len(path)) if path[:n] not in known), len(path))
            found.setdefault(path[:length], leaf if length == len(path) else Leaf("", leaf.line))
    return found


def _by_line(old: list[Leaf], new: list[Leaf]) -> Iterator[Change]:
    if len(old) == len(new):
        pairs = [(one, other) for one, other in zip(old, new, strict=True) if one.text != other.text]
        yield from (Change("", one, other) for one, other in pairs)
        return
    if max(len(old), len(new)) > _MOST_LINES:
        yield Change("", old[0] if old else None, new[0] if new else None)
        return
    matcher = SequenceMatcher(None, [leaf.text for leaf in old], [leaf.text for leaf in new], autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            continue
        count = max(old_to - old_from, new_to - new_from)
        for number in range(count if tag == "replace" and old_to - old_from == new_to - new_from else 1):
            yield Change("", _at(old, old_from + number, old_to), _at(new, new_from + number, new_to))


def _at(leaves: list[Leaf], index: int, end: int) -> Leaf | None:
    return leaves[index] if index < end else None
