"""Names of files that stay in their folder, whoever suggests them. Pure."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")

_REPOSITORY = {".git", "git-1", "head", "config", "objects", "refs", "hooks"}
"""Names that could make a folder a git repository, whose configuration can name programs to run."""

_LONGEST = 10_000
"""How many characters of a suggestion are looked at."""

_LONGEST_PART = 100
_DEEPEST = 8


def safe_path(suggested: str) -> str:
    """A relative path that stays in its folder on any system, whatever was suggested; "" if nothing is left.

    Only ASCII letters, digits, `.`, `_` and `-` remain in each part; `..` and drive letters are taken out, parts are
    cut to 100 characters, and names of Windows devices or of a git repository get a `_` before them.
    """
    plain = unicodedata.normalize("NFKD", suggested[-_LONGEST:]).replace("\\", "/")
    parts = []
    for raw in plain.split("/"):
        part = _UNSAFE.sub("-", raw).strip("-")[-_LONGEST_PART:].lstrip("-").rstrip(".")
        if not part:
            continue
        if _RESERVED.match(part) or part.casefold() in _REPOSITORY:
            part = f"_{part}"
        parts.append(part)
    return "/".join(parts[-_DEEPEST:])


class Taken:
    """The paths that are given away in one folder."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        """Each file and (ending in `/`) each folder, with the number that a further one of that name may get."""

    def unique(self, path: str) -> str:
        """The path, or one like it, that is no file or folder already in any case of letters; now taken."""
        taken = self._counts
        if any(parent in taken for parent in _parents(path.casefold())):
            path = safe_path(path.replace("/", "-"))  # what it calls a folder is a file already
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        if not stem:
            stem, dot, suffix = name, "", ""
        candidate, count = path, taken.get(path.casefold(), 1)
        while candidate.casefold() in taken or f"{candidate.casefold()}/" in taken:
            count += 1
            candidate = f"{folder}{slash}{stem}-{count}{dot}{suffix}"
        taken[path.casefold()] = count
        taken[candidate.casefold()] = 1 if candidate != path else count
        for parent in _parents(candidate.casefold()):
            taken.setdefault(f"{parent}/", 1)
        return candidate


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
