"""How Kubernetes writes names, labels, quantities, images and schedules: what is wrong with a value, "" where nothing is.

Names, labels and quantities are those of kubernetes.io/docs/concepts/overview/working-with-objects and
kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity; a schedule is that of
kubernetes.io/docs/concepts/workloads/controllers/cron-jobs, whose fields are robfig/cron's.
"""

from __future__ import annotations

import math
import re

from fcc.evaluations.validators._reading import shown

_PLACEHOLDER = re.compile(r"\$|\{\{|<[^<>]+>|__\w+__|%\w+%")
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_MOST_NAME = 63
_MOST_SUBDOMAIN = 253
_MOST_PORT = 65535
_MOST_PORT_NAME = 15
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"(?!\.\.)(?!\.$)[A-Za-z0-9._-]{1,253}")
_QUANTITY = re.compile(
    r"([+-]?)(\d+(?:\.\d*)?|\.\d+)((?:[KMGTPE]i|[numkMGTPE])?|[eE][+-]?\d+)", re.ASCII | re.DOTALL
)
_MEANT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])i?b?", re.ASCII | re.IGNORECASE)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_HOST = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:]+\])(?::\d+)?", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][\w.+-]*:[0-9a-fA-F]{32,}", re.ASCII)
_FILLED_IN = re.compile(r"[A-Z][A-Z0-9_-]*")

_MACROS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_EVERY = re.compile(r"@every (?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)


def is_placeholder(value: object) -> bool:
    """Whether the value, or a part of it, is filled in before Kubernetes reads it."""
    return isinstance(value, str) and bool(_PLACEHOLDER.search(value))


def label_key(key: str) -> str:
    """What is wrong with the key of a label or annotation."""
    prefix, slash, name = key.rpartition("/")
    if slash and subdomain(prefix):
        return "its prefix must be a domain name in lower-case letters"
    return label_value(name) or ("" if name else "it has no name")


def label_value(value: str) -> str:
    """What is wrong with the value of a label, which may be empty."""
    if len(value) > _MOST_NAME:
        return f"it is longer than {_MOST_NAME} characters"
    if value and not _LABEL_NAME.fullmatch(value):
        return "it must be letters, digits, `-`, `_` and `.`, and start and end with a letter or digit"
    return ""


def dns_label(name: str) -> str:
    """What is wrong with a name that is a DNS label (RFC 1123), as of a container."""
    if len(name) > _MOST_NAME:
        return f"it is longer than {_MOST_NAME} characters"
    if not _DNS_LABEL.fullmatch(name):
        return "it must be lower-case letters, digits and `-`, and start and end with a letter or digit"
    return ""


def subdomain(name: str) -> str:
    """What is wrong with a name that is a DNS subdomain (RFC 1123), as most objects have."""
    if len(name) > _MOST_SUBDOMAIN:
        return f"it is longer than {_MOST_SUBDOMAIN} characters"
    if not all(_DNS_LABEL.fullmatch(part) for part in name.split(".")):
        return "it must be lower-case letters, digits, `-` and `.`, each part with a letter or digit at both ends"
    return ""


def data_key(key: str) -> str:
    """What is wrong with a key of a ConfigMap or Secret."""
    return "" if _KEY.fullmatch(key) else "it must be letters, digits, `-`, `_` and `.`, at most 253"


def port_name(name: str) -> str:
    """What is wrong with the name of a container's port (RFC 6335)."""
    if len(name) > _MOST_PORT_NAME:
        return f"it is longer than {_MOST_PORT_NAME} characters"
    if not _PORT_NAME.fullmatch(name):
        return "it must be lower-case letters, digits and single `-` between them, with at least one letter"
    return ""


def port(value: object, least: int = 1) -> str:
    """What is wrong with a port that is given by its number or name."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "" if least <= value <= _MOST_PORT else f"a port is 1 to {_MOST_PORT}"
    if not isinstance(value, str) or is_placeholder(value):
        return ""
    return "in quotes it is a name, which needs a letter" if value.isdigit() else port_name(value)


def quantity(value: object) -> str:
    """What is wrong with a quantity of a resource."""
    if isinstance(value, float) and not math.isfinite(value):
        return "it is no number"
    if not isinstance(value, str) or is_placeholder(value) or _QUANTITY.fullmatch(value):
        return ""
    return "it is no number with a unit that Kubernetes knows"


def quantity_hint(value: object) -> str:
    """How to write what was probably meant by a quantity."""
    meant = _MEANT.fullmatch(str(value).strip()[:40])
    if meant:
        return f"Did you mean `{meant[1]}{meant[2].upper()}i`?"
    return "Write a number with one of m, k, M, G, T, Ki, Mi, Gi, Ti or none, as in `250m` or `512Mi`."


def quantity_parts(value: object) -> tuple[str, str, str]:
    """The sign, number and unit of a quantity; empty ones where it is none."""
    text = str(value) if isinstance(value, int | float | str) else ""
    found = _QUANTITY.fullmatch(text)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def image(reference: str) -> tuple[str, bool]:
    """What is wrong with an image's reference (distribution/reference), and whether it may be yet to be filled in."""
    if any(character.isspace() for character in reference):
        return "there is a space in it", False
    rest, at, digest = reference.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return "its digest is not like `sha256:…`", bool(_FILLED_IN.search(digest))
    folder, slash, last = rest.rpartition("/")
    name, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return "its tag must be letters, digits, `_`, `.` and `-`, at most 128", False
    return _repository([*(folder.split("/") if slash else []), name])


def _repository(parts: list[str]) -> tuple[str, bool]:
    """The same of what stands before an image's tag, the registry with it."""
    first = parts[0]
    marked = any(mark in first for mark in ".:") or first == "localhost" or first != first.lower()
    if len(parts) > 1 and marked:
        if not _HOST.fullmatch(first):
            return f"{shown(first)} is no registry", False
        parts = parts[1:]
    wrong = next((part for part in parts if not _REPOSITORY.fullmatch(part)), None)
    if wrong is None:
        return "", False
    if wrong != wrong.lower():
        return "its repository must be in lower case", bool(_FILLED_IN.fullmatch(wrong))
    return f"{shown(wrong)} is no part of a repository's name", False


def schedule(cron: str) -> str:
    """What is wrong with the schedule of a CronJob."""
    if cron.startswith(("TZ=", "CRON_TZ=")):
        return "a time zone is not taken here"
    if cron.startswith("@"):
        return "" if cron in _MACROS or _EVERY.fullmatch(cron) else "there is no such short form"
    given = cron.split()
    if len(given) != len(_FIELDS):
        return f"it has {len(given)} field{'s' * (len(given) != 1)}, not five"
    for written, (what, least, most, names) in zip(given, _FIELDS, strict=True):
        for part in written.split(","):
            if not _in_range(part, least, most, names):
                return f"{shown(part)} is no {what} ({least} to {most})"
    return ""


def _in_range(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(part)
    if not found or (found[3] and not int(found[3][:9])):
        return False
    numbers = [_number(word, least, names) for word in (found[1], found[2]) if word]
    return numbers == sorted(numbers) and all(least <= number <= most for number in numbers)


def _number(word: str, least: int, names: tuple[str, ...]) -> int:
    if word.isdigit():
        return int(word[:9])
    return names.index(word.lower()) + least if word.lower() in names else -1
