"""What must not get out: secrets from logs, errors, records and reports; control characters from terminals."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|ACCESS_KEY|SECRET(?:_KEY)?|PRIVATE_KEY|TOKEN|PASSWORD|PASSWD|CREDENTIALS?)$",
    re.IGNORECASE,
)

_SHORTEST_SECRET = 8
"""Shorter values ("none", "dummy", "1") are no secrets, and blotting them out would spoil the text."""

_PLAIN_WORD = re.compile(r"[A-Za-z]{1,19}|[0-9]{1,11}")
"""A value like `deployment` is no secret worth having, and blotting it out would spoil names in every record."""

_SECRET_SHAPE = re.compile(
    r"""
      \bsk-[A-Za-z0-9_\-]{8,}                          # OpenAI, Anthropic, OpenRouter, LiteLLM
    | \bAIza[A-Za-z0-9_\-]{30,}                        # Google
    | \b(?:gsk|xai|hf|pplx|nvapi)[_\-][A-Za-z0-9_\-]{16,} # Groq, xAI, Hugging Face, Perplexity, NVIDIA
    | \bgh[opsu]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                    # AWS
    | \bxox[abprs]-[A-Za-z0-9\-]{10,}                  # Slack
    | \beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,} # JSON web tokens
    | (?<=\bBearer\ )[A-Za-z0-9._~+/=\-]{8,}
    | (?<=://)[^\s:/@]+:[^\s/@]+(?=@)                  # user:password in a URL
    """,
    re.VERBOSE,
)

_HINT = re.compile(r"sk-|AIza|gsk|xai|hf|pplx|nvapi|gh[opsu]_|github_pat|AKIA|ASIA|xox|eyJ|Bearer |://")


_named: set[str] = set()


def note_secret(variable: str) -> None:
    """From now on that environment variable holds a secret, whatever it is called: it is named as the place of a key."""
    if variable not in _named:
        _named.add(variable)
        _secret_name.cache_clear()
        _environment_secrets.cache_clear()


def secrets_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The values in an environment that must not get out, also as JSON writes them, each with its variable's name."""
    found = {
        value: name
        for name, value in environ.items()
        if len(value) >= _SHORTEST_SECRET
        and (name in _named or _SECRET_NAME.search(name))
        and not _PLAIN_WORD.fullmatch(value)
        and not os.path.exists(value)  # noqa: PTH110 - Path.exists raises for a long value
    }
    written = [
        (json.dumps(value, ensure_ascii=ascii_)[1:-1], name)
        for value, name in found.items()
        for ascii_ in (True, False)
    ]
    return found | dict(written)


@lru_cache(maxsize=1)
def _environment_secrets(_snapshot: frozenset[tuple[str, str]]) -> dict[str, str]:
    return secrets_in(os.environ)


@lru_cache(maxsize=4096)
def _secret_name(name: bytes | str) -> str:
    """The name of a variable, if it is a secret's; else ""."""
    text = os.fsdecode(name)
    return text if text in _named or _SECRET_NAME.search(text) else ""


def _known_secrets() -> dict[str, str]:
    names = (
        os.environb if os.supports_bytes_environ else os.environ
    )  # a third of the time, where there are bytes
    found = [name for name in map(_secret_name, names) if name]
    return _environment_secrets(frozenset((name, os.environ[name]) for name in found)) if found else {}


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every secret replaced by `[redacted]` or `[redacted:NAME]`.

    A secret is a value in `secrets`, the value of an environment variable named like one (`…_API_KEY`,
    `…_TOKEN`, `…_SECRET`, `…_PASSWORD`) or named as the place of a key (`note_secret`) unless it is short or a plain word, or anything shaped like a key of a
    known issuer.
    """
    return redact_shapes(redact_values(text, secrets))


def redact_values(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secret values that are known, whatever they look like; shapes are left alone."""
    for value, name in sorted(_known_secrets().items(), key=lambda item: -len(item[0])):
        if value in text:
            text = text.replace(value, f"[redacted:{name}]")
    for value in secrets:
        if value and value in text:
            text = text.replace(value, "[redacted]")
    return text


def unchanged(text: str) -> str:
    """The text: what `redactor` gives where there is no secret to take out."""
    return text


def redactor() -> Callable[[str], str]:
    """`redact_values` with the secrets of this moment, for the many texts of one run."""
    known = sorted(_known_secrets().items(), key=lambda item: -len(item[0]))
    if not known:
        return unchanged

    def replace(text: str) -> str:
        for value, name in known:
            if value in text:
                text = text.replace(value, f"[redacted:{name}]")
        return text

    return replace


def redact_json(value: Any, replace: Callable[[str], str]) -> Any:
    """A JSON value with every text in it, names too, given to `replace`."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {replace(str(key)): redact_json(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_json(item, replace) for item in value]
    return value


def redact_shapes(text: str) -> str:
    """The text without anything shaped like a key of a known issuer."""
    return _SECRET_SHAPE.sub("[redacted]", text) if _HINT.search(text) else text


def printable(text: str) -> str:
    """The text with U+FFFD for every character that could steer a terminal; line ends and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)
