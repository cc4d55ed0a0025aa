"""Content keys: what a model call is known by, and the fingerprints of what went into it. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fcc.providers.base import ModelRequest

KEY_VERSION = 2
"""Part of every key, so that a change of what a key covers never lets an old one match."""

_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
).encode


def call_key(request: ModelRequest, identity: str) -> str:
    """The SHA-256, in hex, of one model call: messages, sampling, form, backend and the call's place in the run.

    Not in it: time, paths, ports, the order of keys, how often it was tried, whether it was streamed.
    """
    sampling, form = request.sampling, request.response_format
    return fingerprint(
        [
            KEY_VERSION,
            identity,
            request.model,
            request.call_id,
            [[message.role, message.content] for message in request.messages],
            [sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.seed, sampling.stop],
            None if form is None else [form.name, form.schema],
        ]
    )


def fingerprint(value: Any) -> str:
    """The SHA-256, in hex, of a JSON value in canonical form: sorted keys, no white space."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
