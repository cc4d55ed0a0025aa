"""A cassette's content, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from fcc._files import write_text
from fcc.errors import CassetteError, ConfigError, InvalidFileError, Problem, provider_error
from fcc.providers.base import Message, ModelReply, ModelRequest, ResponseFormat, Sampling, Usage
from fcc.providers.cassettes import _serializer
from fcc.providers.cassettes._shape import SHAPE, check_shape
from fcc.redaction import note_secret
from fcc.workspace import show_path

FORMAT: Final = "fcc.cassette/1"

CALL_HEADER: Final = "x-call-id"
"""The header by which an interaction is known to belong to a call."""


_JUDGED = ("fingerprints", "score", "findings")


class RecordedCall(NamedTuple):
    """One call as it was recorded."""

    id: str
    key: str
    backend: str
    """The identity of the provider that answered."""
    request: ModelRequest
    reply: ModelReply | None
    """With the latency, tokens and cost of then; its origin is `recorded`."""
    step: str = ""
    """The step that asked; "" for a call outside of any run."""
    streamed: bool = False
    """Whether the reply came as a stream, which the interaction is then, too."""
    judged: Mapping[str, Any] = {}
    """Fingerprints, score and findings, where a run has noted them."""
    error: Mapping[str, str] | None = None
    """Where the backend failed and another answered in its place: `code`, `message` and `hint`."""

    @property
    def has_http(self) -> bool:
        """Whether it went over the wire: whatever was asked by LiteLLM did."""
        return self.backend.startswith("litellm/")

    def answer(self) -> ModelReply:
        """The reply.

        Raises:
            ProviderError: the backend failed then, by the same class.
        """
        if self.reply is not None:
            return self.reply
        held = self.error or {}
        kind = provider_error(held.get("code", ""))
        raise kind(held.get("message", "the backend failed"), hint=held.get("hint", ""))

    @classmethod
    def from_dict(cls, held: Mapping[str, Any], step: str = "") -> RecordedCall:
        """The call as a cassette holds it."""
        reply, error = held.get("reply"), held.get("error")
        if (reply is None) == (error is None) or (reply is not None and not reply["text"].strip()):
            raise ValueError(f"the call {held['id']} has no reply")
        return cls(
            held["id"],
            held["key"],
            held["backend"],
            _request(held["id"], held["request"]),
            ModelReply(**{**reply, "usage": Usage(**reply.get("usage", {})), "origin": "recorded"})
            if reply
            else None,
            step,
            bool(held.get("streamed", False)),
            {name: held[name] for name in _JUDGED if name in held},
            error,
        )

    def to_dict(self) -> dict[str, Any]:
        """The call as a cassette holds it; what is as it is by default is left out."""
        held: dict[str, Any] = {"id": self.id, "key": self.key, "backend": self.backend}
        if self.streamed:
            held["streamed"] = True
        if self.reply is not None:
            held["reply"] = _reply_dict(self.reply)
        if self.error is not None:
            held["error"] = dict(self.error)
        return {**held, "request": _request_dict(self.request), **self.judged}


def _request(call_id: str, held: Mapping[str, Any]) -> ModelRequest:
    sampling, form = dict(held.get("sampling", {})), held.get("response_format")
    sampling["stop"] = tuple(sampling.get("stop", ()))
    return ModelRequest(
        tuple(Message(**message) for message in held["messages"]),
        held.get("model", ""),
        Sampling(**sampling),
        call_id,
        ResponseFormat(**form) if form else None,
    )


def _request_dict(request: ModelRequest) -> dict[str, Any]:
    held: dict[str, Any] = {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages]
    }
    sampling = {name: getattr(request.sampling, name) for name in Sampling.__slots__}
    chosen = {
        name: list(value) if name == "stop" else value
        for name, value in sampling.items()
        if value not in (None, ())
    }
    form = request.response_format
    held |= {"model": request.model} if request.model else {}
    held |= {"sampling": chosen} if chosen else {}
    held |= {"response_format": {"name": form.name, "schema": dict(form.schema)}} if form is not None else {}
    return held


def _reply_dict(reply: ModelReply) -> dict[str, Any]:
    usage = {name: value for name in Usage.__slots__ if (value := getattr(reply.usage, name)) is not None}
    return {
        "text": reply.text,
        "model": reply.model,
        "finish_reason": reply.finish_reason,
        "usage": usage,
        "cost": reply.cost,
        "latency": round(reply.latency, 3),
        "attempts": reply.attempts,
    }


@dataclass(frozen=True)
class Cassette:
    """What was recorded."""

    path: Path
    interactions: tuple[Mapping[str, Any], ...] = ()
    """Requests and responses over HTTP, as vcrpy keeps them, bodies that are JSON as values."""
    runs: tuple[Mapping[str, Any], ...] = ()
    """What each run knew: `fcc.simulation.recorded` writes and reads it. Calls outside of a run stand in one without a chain."""
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """When (`at`, ISO 8601, UTC) and by which versions (`fcc`, `litellm`)."""
    complete: bool = True
    """Whether all is there that was asked; a recording that broke off is not."""

    @classmethod
    def read(cls, path: Path) -> Cassette:
        """The cassette in a file.

        Raises:
            CassetteError: there is no such file.
            InvalidFileError: it is none of ours, or damaged.
            ConfigError: it can't be read.
        """
        shown = show_path(path)
        if path.is_dir():
            raise ConfigError(f"{shown} is a folder", hint="Name one cassette in it.")
        if not path.is_file():
            raise CassetteError(
                f"there is no cassette {shown}",
                hint=f"Record one: fcc-agents record CHAIN --model MODEL --cassette {shown}",
            )
        data = _serializer.load(path, shown)
        held = (
            data.get("metadata", {}).get("fcc")
            if isinstance(data, dict) and isinstance(data.get("metadata"), dict)
            else None
        )
        if not isinstance(held, dict) or held.get("format") != FORMAT:
            what = held.get("format") if isinstance(held, dict) else None
            said = (
                f"has the format {what!r}, and this version reads {FORMAT!r}"
                if what
                else "is no cassette of fcc-agents: it has no metadata of a run"
            )
            raise InvalidFileError(
                [Problem(shown, 1, 1, said)], hint="Name a cassette: fcc-agents record makes one."
            )
        try:
            check_shape(data, SHAPE)
            made = cls(
                path,
                tuple(data["interactions"]),
                tuple(held["runs"]),
                held.get("recorded", {}),
                bool(held["complete"]),
            )
            _ = made.calls
            for (
                profile
            ) in made.profiles.values():  # what it names as the place of a key is a secret here, too
                if isinstance(profile.get("api_key_env"), str):
                    note_secret(profile["api_key_env"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"is damaged: {type(error).__name__}: {error}"
            raise InvalidFileError([Problem(shown, 1, 1, what)], hint="Record it anew.") from error
        return made

    @cached_property
    def calls(self) -> tuple[RecordedCall, ...]:
        """Every call, run by run, in the order of the steps."""
        return tuple(
            RecordedCall.from_dict(call, step["name"])
            for run in self.runs
            for step in run["steps"]
            for call in step["calls"]
        )

    @cached_property
    def backends(self) -> Mapping[str, Mapping[str, str]]:
        """`identity` and `model` of each backend, by the name under which it was asked."""
        return {name: held for run in self.runs for name, held in run.get("backends", {}).items()}

    @cached_property
    def profiles(self) -> Mapping[str, Any]:
        """The profiles that were used, by name."""
        return {name: held for run in self.runs for name, held in run.get("profiles", {}).items()}

    def interactions_by_call(self) -> dict[str, list[Mapping[str, Any]]]:
        """The interactions of each call, by its id."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for interaction in self.interactions:
            found.setdefault(call_of(interaction), []).append(interaction)
        return found

    @property
    def paired(self) -> list[tuple[RecordedCall, Mapping[str, Any] | None]]:
        """Each call with what went over the wire for it: of calls of one id, the first has the first interaction."""
        left = {call: iter(found) for call, found in self.interactions_by_call().items()}
        return [
            (
                call,
                next(left.get(call.id, iter(())), None) if call.reply is not None and call.has_http else None,
            )
            for call in self.calls
        ]

    def to_dict(self) -> dict[str, Any]:
        """The file's content."""
        head = {
            "format": FORMAT,
            "complete": self.complete,
            "recorded": dict(self.recorded),
            "runs": list(self.runs),
        }
        return {"version": 1, "metadata": {"fcc": head}, "interactions": list(self.interactions)}

    def write(self) -> None:
        """Write the file whole, or not at all.

        Raises:
            StorageError: it could not be written; what stood there is as it was.
        """
        write_text(self.path, _serializer.dump(self.to_dict(), self.path))


def is_cassette(path: Path) -> bool:
    """Whether a file begins as a cassette of ours does."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "fcc.cassette/" in file.read(400)
    except OSError:
        return False


def call_of(interaction: Mapping[str, Any]) -> str:
    """The id of the call that an interaction belongs to; "" where it says none."""
    value = interaction["request"].get("headers", {}).get(CALL_HEADER, "")
    return str(value[0] if isinstance(value, list) and value else value or "")
