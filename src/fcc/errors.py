"""Every error that fcc raises on purpose, in one tree.

    FccError
    ├── ConfigError                 the set-up is wrong: mend a file or an option (exit 2)
    │   ├── InvalidFileError        a file does not say what it must; every problem at once
    │   ├── TemplateError           a prompt does not parse, or asks for what it is not given
    │   └── NotFoundError           no persona, chain, prompt, profile, policy or run of that name
    ├── RunError                    the run could not go on
    │   ├── ProviderError           the model did not answer: no verdict (exit 3)
    │   │   ├── AuthenticationError     the key is missing or refused
    │   │   ├── PermissionDeniedError   the key is good, but not for this model
    │   │   ├── ModelNotFoundError      the server does not know the model
    │   │   ├── BadRequestError         the server refused the request as it stands
    │   │   │   └── ContextLengthError      the prompt is longer than the model takes
    │   │   ├── ContentPolicyError      the provider's filter refused to answer
    │   │   ├── RateLimitError          too many requests, or the quota is used up
    │   │   ├── UnavailableError        timeout, connection failure or a fault of the server
    │   │   └── EmptyReplyError         the model answered nothing, twice
    │   └── BudgetError             a limit of the run is reached (exit 5)
    ├── CassetteError               a cassette is missing, or can't be made (exit 4)
    │   ├── CassetteMissError       it holds no reply to what is asked: something has drifted
    │   └── SecretFoundError        what is to be recorded holds a secret: it is not saved (exit 3)
    └── StorageError                a result could not be written (exit 70)

Each carries a message (what went wrong, and where), a `hint` (what to do next), a `code` that does not
change between versions, and the `exit_code` that the command returns for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple


class FccError(Exception):
    """The root of the tree: catch this to catch everything that fcc raises on purpose."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(FccError):
    """The set-up is wrong: mend it and run again. Nearly always found before anything is run."""

    code = "config"
    exit_code = 2


class Problem(NamedTuple):
    """One thing that is wrong in a file, at a place counted from line 1 and column 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InvalidFileError(ConfigError):
    """One or more files do not say what they must; `problems` lists every place, in file order."""

    code = "invalid-file"

    def __init__(self, problems: list[Problem] | tuple[Problem, ...], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)), hint=hint)


class TemplateError(InvalidFileError):
    """A prompt template does not parse, or uses a variable that it is not given."""

    code = "template"


class NotFoundError(ConfigError):
    """Nothing of that name; the message suggests the nearest names that exist."""

    code = "not-found"


class RunError(FccError):
    """The run could not go on; what finished before is kept."""

    code = "run"
    exit_code = 3


class ProviderError(RunError):
    """The model did not answer. Never a failed check: the outcome is NO VERDICT.

    Attributes:
        model: the model that was asked.
        status: the HTTP status, or None where the request did not get that far.
        retryable: whether asking again later may help.
        retry_after: seconds that the server asked to wait, or None.
    """

    code = "provider"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        model: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.status = status
        self.retry_after = retry_after


class AuthenticationError(ProviderError):
    """The key is missing or was refused (401)."""

    code = "authentication"


class PermissionDeniedError(ProviderError):
    """The key is good but may not use this model (403)."""

    code = "permission-denied"


class ModelNotFoundError(ProviderError):
    """The server does not know the model (404)."""

    code = "model-not-found"


class BadRequestError(ProviderError):
    """The server refused the request as it stands (400, 422); asking again will not help."""

    code = "bad-request"


class ContextLengthError(BadRequestError):
    """The prompt is longer than the model takes."""

    code = "context-length"


class ContentPolicyError(ProviderError):
    """The provider's content filter refused the prompt or the answer."""

    code = "content-policy"


class RateLimitError(ProviderError):
    """Too many requests, or the quota is used up (429)."""

    code = "rate-limit"
    retryable = True


class UnavailableError(ProviderError):
    """No answer in time, no connection, or a fault of the server (408, 409, 5xx)."""

    code = "unavailable"
    retryable = True


class EmptyReplyError(ProviderError):
    """The model answered with no text."""

    code = "empty-reply"
    retryable = True


def provider_error(code: str) -> type[ProviderError]:
    """The class of provider errors with a code; `ProviderError` itself for one that is not known."""
    kinds: list[type[ProviderError]] = [ProviderError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.code == code), ProviderError)


class BudgetError(RunError):
    """A limit of the run is reached: it stops, and can be resumed with a higher one."""

    code = "budget"
    exit_code = 5


class CassetteError(FccError):
    """A cassette is missing or no longer fits. Never an outage of a model, and never a failed check."""

    code = "cassette"
    exit_code = 4


class CassetteMissError(CassetteError):
    """A cassette holds no reply to what is asked.

    Attributes:
        call_id: the call that has none.
        diff: the nearest recorded request against this one, as a unified diff.
        nearest: the id of the call that was nearest; "" where the cassette is empty.
        stale: each step that would ask something else, with why, where that is known.
    """

    code = "cassette-miss"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        call_id: str = "",
        diff: tuple[str, ...] = (),
        nearest: str = "",
        stale: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.call_id = call_id
        self.diff = diff
        self.nearest = nearest
        self.stale = dict(stale or {})

    @property
    def details(self) -> dict[str, object]:
        """The same as JSON values."""
        return {"call": self.call_id, "nearest": self.nearest, "stale": self.stale, "diff": list(self.diff)}


class SecretFoundError(CassetteError):
    """What is to be written for others to read holds a secret, or what looks like one; it was not written."""

    code = "secret"
    exit_code = 3


class StorageError(FccError):
    """A result could not be written; what stood there before is as it was."""

    code = "storage"
