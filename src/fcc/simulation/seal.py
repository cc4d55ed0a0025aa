"""The seal of a record's file: a hash by which a change of any of its bytes is found. Pure.

It finds damage and edits; whoever wants to forge a record can seal it again. It is no signature.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from fcc.simulation.event_log import Head

_EMPTY = "0" * 64
_AT = -len(_EMPTY) - len('"}\n}\n')
"""Where the hash begins, counted from the end."""
_SEAL = re.compile(
    r',\n  "seal": \{"events": (\d{1,12}), "head": "([0-9a-f]{64})", "sha256": "([0-9a-f]{64})"\}\n\}\n\Z'
)


class Seal(NamedTuple):
    """What a file says of itself, and whether it is so."""

    head: Head
    """Where the event log ended when the file was written."""
    whole: bool
    """Whether every byte is as it was written."""


def seal(text: str, head: Head) -> str:
    """A record's JSON with its seal as the last member."""
    body = text.rstrip().removesuffix("}").rstrip()
    unsealed = (
        f'{body},\n  "seal": {{"events": {head.lines}, "head": "{head.sha256}", "sha256": "{_EMPTY}"}}\n}}\n'
    )
    return unsealed[:_AT] + hashlib.sha256(unsealed.encode()).hexdigest() + unsealed[_AT + len(_EMPTY) :]


def read_seal(raw: bytes) -> Seal | None:
    """The seal of a record's file; None where it has none, or not as it was written."""
    try:
        found = _SEAL.search(raw.decode())
    except UnicodeDecodeError:
        return None
    if found is None:
        return None
    unsealed = raw[:_AT] + _EMPTY.encode() + raw[_AT + len(_EMPTY) :]
    whole = hashlib.sha256(unsealed).hexdigest() == found[3]
    return Seal(Head(int(found[1]), found[2]), whole)
