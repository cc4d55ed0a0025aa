"""Keeps secrets out of cassettes: by an allow-list of what is kept, and by refusing what still holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fcc.providers.cassettes.cassette import CALL_HEADER, call_of
from fcc.redaction import redact_shapes, redact_values

REQUEST_HEADERS: Final = frozenset(
    {"content-type", "accept", "anthropic-version", "anthropic-beta", CALL_HEADER}
)
RESPONSE_HEADERS: Final = frozenset({"content-type", "retry-after"})
"""The headers that are kept; no other one ever is."""

SECRET_QUERY = frozenset({"key", "api_key", "api-key", "apikey", "token", "access_token", "sig", "signature"})
_SECRET_NAME = re.compile(
    r"api[-_]?key|authorization|access[-_]?token|secret|password|passwd|credentials?|private[-_]?key",
    re.IGNORECASE,
)
"""What no field of a request is called that may be kept."""


class Suspect(NamedTuple):
    """A place in a cassette that holds a secret, or what looks like one."""

    place: str
    """As a path into the file: `interactions[0].response.body.json.choices[0].message.content`."""
    what: str
    """Why it is suspected; never the secret itself."""
    known: bool
    """Whether it is a secret of this machine's environment, and not only shaped like one."""
    call: str = ""
    """The call that it belongs to; "" where it belongs to none."""


def clean_uri(uri: str) -> str:
    """The address without user, password and keys in the query."""
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    pairs = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name.lower() not in SECRET_QUERY
    ]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(pairs), ""))


def clean_headers(headers: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, list[str]]:
    """The headers that may be kept, in lower case."""
    return {
        name.lower(): [str(item) for item in (value if isinstance(value, list | tuple) else [value])]
        for name, value in headers.items()
        if name.lower() in allowed
    }


def clean_interaction(interaction: Mapping[str, Any]) -> dict[str, Any]:
    """An interaction with nothing in it but what is on the lists; bodies stay as they are."""
    request, response = interaction["request"], interaction["response"]
    return {
        "request": {
            "method": request["method"],
            "uri": clean_uri(request["uri"]),
            "headers": clean_headers(request.get("headers", {}), REQUEST_HEADERS),
            "body": request.get("body"),
        },
        "response": {
            "status": response["status"],
            "headers": clean_headers(response.get("headers", {}), RESPONSE_HEADERS),
            "body": response["body"],
        },
    }


def suspects(data: Mapping[str, Any]) -> list[Suspect]:
    """Every place in a cassette's content that holds a secret, or what looks like one."""
    found: list[Suspect] = []
    for index, interaction in enumerate(data.get("interactions", ())):
        call, place = call_of(interaction), f"interactions[{index}]"
        found += [suspect._replace(call=call) for suspect in _of_interaction(interaction, place)]
    runs = data.get("metadata", {}).get("fcc", {}).get("runs", ())
    for number, run in enumerate(runs):
        head = f"metadata.fcc.runs[{number}]"
        for name, part in run.items():
            if name != "steps":
                found += _of_value(part, f"{head}.{name}")
        for index, step in enumerate(run.get("steps", ())):
            place = f"{head}.steps[{index}]"
            found += _of_value({key: value for key, value in step.items() if key != "calls"}, place)
            for position, call in enumerate(step.get("calls", ())):
                there = _of_value(call, f"{place}.calls[{position}]")
                found += [suspect._replace(call=str(call.get("id", ""))) for suspect in there]
    return found


def scrubbed_interaction(interaction: Mapping[str, Any]) -> Any:
    """An interaction with nothing in it but what is on the lists, and with every secret replaced."""
    made = scrubbed(clean_interaction(interaction))
    body = made["request"]["body"]
    if isinstance(body, dict) and isinstance(body.get("json"), dict):
        for name in [name for name in body["json"] if _SECRET_NAME.fullmatch(str(name))]:
            body["json"][name] = ""
    return made


def scrubbed(value: Any) -> Any:
    """The value with every secret in it, and what looks like one, replaced."""
    if isinstance(value, str):
        return redact_shapes(redact_values(value))
    if isinstance(value, Mapping):
        return {scrubbed(key): scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(item) for item in value]
    return value


def _of_interaction(interaction: Mapping[str, Any], place: str) -> Iterator[Suspect]:
    for side, allowed in (("request", REQUEST_HEADERS), ("response", RESPONSE_HEADERS)):
        for name in interaction[side].get("headers", {}):
            if name.lower() not in allowed:
                yield Suspect(
                    f"{place}.{side}.headers.{name}",
                    "a header that is not on the list of those kept",
                    known=False,
                )
    uri = interaction["request"].get("uri", "")
    if clean_uri(uri) != uri:
        yield Suspect(f"{place}.request.uri", "a key or a password in the address", known=False)
    body = interaction["request"].get("body")
    if isinstance(body, Mapping):
        yield from _named(body.get("json"), f"{place}.request.body.json")
    yield from _of_value(interaction, place)


def _named(value: Any, place: str) -> Iterator[Suspect]:
    """Top-level fields of a request that are called like a secret."""
    if not isinstance(value, Mapping):
        return
    for name, item in value.items():
        if _SECRET_NAME.fullmatch(str(name)) and item:
            yield Suspect(f"{place}.{name}", "a field that is called like a secret", known=False)


def _of_value(value: Any, place: str) -> Iterator[Suspect]:
    if isinstance(value, str):
        if redact_values(value) != value:
            yield Suspect(place, "the value of a secret in this environment", known=True)
        elif redact_shapes(value) != value:
            yield Suspect(place, "has the shape of a key", known=False)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _of_value(str(key), f"{place}.{_short(str(key))}")
            yield from _of_value(item, f"{place}.{_short(str(key))}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _of_value(item, f"{place}[{index}]")


def _short(key: str) -> str:
    """A key as it may stand in a message: one that is a secret itself must not."""
    return redact_shapes(redact_values(key))[:40]
