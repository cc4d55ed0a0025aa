"""What the vendors say when they refuse: the status and the error body of each, in its own shape and words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from support.wire import Answer

_STATUS = {
    "unauthorized": 401,
    "forbidden": 403,
    "unknown model": 404,
    "timed out": 408,
    "limited": 429,
    "failed": 500,
    "overloaded": 529,
    "filtered": 400,
    "too long": 400,
}

WAIT = 7
"""Seconds that a server which has had too many requests asks to wait."""


def _openai(message: str, kind: str | None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _anthropic(message: str, kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_local"}


def _gemini(message: str, status: str, *details: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 0, "message": message, "status": status, "details": details}}


def _azure(message: str, code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def _mistral(message: str, kind: str, code: str) -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def _ollama(message: str) -> dict[str, Any]:
    return {"error": message}


_BUSY = "The server had an error while processing your request"
_UNKNOWN = "The model `x` does not exist or you do not have access to it."
_LONG = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
_FLAGGED = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
_CONTENT = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
_JUDGED = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}

_BODIES: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "openai": {
        "unauthorized": _openai("Incorrect API key provided", "invalid_request_error", "invalid_api_key"),
        "forbidden": _openai("Project has no access to model", "invalid_request_error", "model_not_found"),
        "unknown model": _openai(_UNKNOWN, "invalid_request_error", "model_not_found"),
        "timed out": _openai("Request timed out", "server_error"),
        "limited": _openai("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
        "failed": _openai(_BUSY, "server_error"),
        "overloaded": _openai("That model is currently overloaded", "server_error"),
        "filtered": _openai(_FLAGGED, "invalid_request_error", "invalid_prompt"),
        "too long": _openai(_LONG, "invalid_request_error", "context_length_exceeded"),
    },
    "anthropic": {
        "unauthorized": _anthropic("invalid x-api-key", "authentication_error"),
        "forbidden": _anthropic("Your API key may not use this resource", "permission_error"),
        "unknown model": _anthropic("model: claude-local", "not_found_error"),
        "timed out": _anthropic("Request timed out", "timeout_error"),
        "limited": _anthropic("This request would exceed your rate limit", "rate_limit_error"),
        "failed": _anthropic("Internal server error", "api_error"),
        "overloaded": _anthropic("Overloaded", "overloaded_error"),
        "filtered": _anthropic("Output blocked by content filtering policy", "invalid_request_error"),
        "too long": _anthropic("prompt is too long: 215000 tokens > 200000 maximum", "invalid_request_error"),
    },
    "gemini": {
        "unauthorized": _gemini("Request had invalid authentication credentials.", "UNAUTHENTICATED"),
        "forbidden": _gemini("Permission denied on resource", "PERMISSION_DENIED"),
        "unknown model": _gemini("models/x is not found for API version v1beta", "NOT_FOUND"),
        "timed out": _gemini("The request timed out", "CANCELLED"),
        "limited": _gemini("Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED"),
        "failed": _gemini("An internal error has occurred.", "INTERNAL"),
        "overloaded": _gemini("The model is overloaded. Please try again later.", "UNAVAILABLE"),
        "too long": _gemini(
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "INVALID_ARGUMENT",
        ),
    },
    "azure": {
        "unauthorized": _azure("Access denied due to invalid subscription key or wrong endpoint.", "401"),
        "forbidden": _azure("Access denied due to Virtual Network/Firewall rules.", "403"),
        "unknown model": _azure("The API deployment for this resource does not exist.", "DeploymentNotFound"),
        "timed out": _azure("The operation was timeout.", "Timeout"),
        "limited": _azure("Requests have exceeded the token rate limit of your pricing tier.", "429"),
        "failed": _azure(_BUSY, "InternalServerError"),
        "overloaded": _azure("The model is overloaded", "Overloaded"),
        "filtered": _azure(_CONTENT, "content_filter", param="prompt", status=400, innererror=_JUDGED),
        "too long": _azure(_LONG, "context_length_exceeded", param="messages"),
    },
    "mistral": {
        "unauthorized": {"message": "Unauthorized", "request_id": "local"},
        "forbidden": {"detail": "Forbidden"},
        "unknown model": _mistral("Invalid model: x", "invalid_model", "1500"),
        "timed out": _mistral("Request timed out", "timeout", "1100"),
        "limited": _mistral("Requests rate limit exceeded", "rate_limited", "1300"),
        "failed": _mistral("Internal server error", "internal_server_error", "1000"),
        "overloaded": _mistral("Service tier capacity exceeded", "service_unavailable", "3505"),
        "too long": _mistral(
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            "invalid_request_prompt",
            "3051",
        ),
    },
    "ollama": {
        "unauthorized": _ollama("unauthorized"),
        "forbidden": _ollama("this model requires a subscription"),
        "unknown model": _ollama("model 'x' not found"),
        "timed out": _ollama("timed out waiting for llama runner to start"),
        "limited": _ollama("too many concurrent requests"),
        "failed": _ollama("llama runner process has terminated"),
        "overloaded": _ollama("server busy, please try again. maximum pending requests exceeded"),
        "too long": _ollama("the input length exceeds the context length"),
    },
}


_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_INVALID = "API key not valid. Please pass a valid API key."
_LIMIT = "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000"
_RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}
_REASON = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}

QUIRKS: Mapping[str, tuple[str, int, dict[str, Any]]] = {
    "a bad key is a bad request": ("gemini", 400, _gemini(_INVALID, "INVALID_ARGUMENT", _REASON)),
    "a quota that comes back": ("gemini", 429, _gemini(_QUOTA, "RESOURCE_EXHAUSTED", _RETRY)),
    "a quota that is used up": ("openai", 429, _openai(_QUOTA, "insufficient_quota", "insufficient_quota")),
    "no credit is a bad request": (
        "anthropic",
        400,
        _anthropic("Your credit balance is too low to access the API.", "invalid_request_error"),
    ),
    "no model is a bad request": ("mistral", 400, _mistral("Invalid model: x", "invalid_model", "1500")),
    "too long with the answer": ("anthropic", 400, _anthropic(_LIMIT, "invalid_request_error")),
}
"""Where a vendor's status does not say what is wrong: the format, the status, and the body."""

_SSE = "data: {}\n\n"
_MIDDLES: Mapping[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("openai", "failed"): (_SSE, _openai(_BUSY, "server_error")),
    ("openai", "limited"): (_SSE, _openai("Rate limit reached", "rate_limit_error", "rate_limit_exceeded")),
    ("azure", "failed"): (_SSE, _azure(_BUSY, "InternalServerError")),
    ("mistral", "failed"): (_SSE, _mistral("Internal server error", "internal_server_error", "1000")),
    ("anthropic", "overloaded"): ("event: error\n" + _SSE, _anthropic("Overloaded", "overloaded_error")),
    ("anthropic", "filtered"): ("event: error\n" + _SSE, _BODIES["anthropic"]["filtered"]),
    ("gemini", "limited"): (_SSE, {"error": _BODIES["gemini"]["limited"]["error"] | {"code": 429}}),
    ("gemini", "overloaded"): (_SSE, {"error": _BODIES["gemini"]["overloaded"]["error"] | {"code": 503}}),
    ("ollama", "failed"): ("{}\n", _ollama("an error was encountered while running the model")),
    ("ollama_chat", "failed"): ("{}\n", _ollama("an error was encountered while running the model")),
}

MIDDLES = tuple(_MIDDLES)
"""The formats, each with what may go wrong in the middle of its streams."""


def middle(name: str, fault: str, echo: str = "") -> str:
    """What a server of that format says when it breaks down in the middle of a stream."""
    frame, body = _MIDDLES[name, fault]
    return frame.format(json.dumps(_everywhere(body, echo)))


def quirk(what: str, echo: str = "") -> tuple[str, Answer]:
    """The format and the answer of one of the `QUIRKS`."""
    name, status, body = QUIRKS[what]
    return name, Answer(status=status, body=json.dumps(_everywhere(body, echo)))


def refusals() -> list[tuple[str, str]]:
    """Every format with each fault that its vendor has an error body for."""
    names = {**{name: name for name in _BODIES}, "ollama_chat": "ollama"}
    return [(name, fault) for name, own in names.items() for fault in _BODIES[own]]


def refusal(name: str, fault: str, echo: str = "") -> Answer:
    """The answer of that vendor's server; `echo` is repeated in the body's text and in a header."""
    status = _STATUS[fault]
    body = _BODIES["ollama" if name == "ollama_chat" else name][fault]
    if name == "gemini":
        body = {"error": body["error"] | {"code": status}}
    headers = {"x-echo": echo} if echo else {}
    if fault == "limited":
        headers["retry-after"] = str(WAIT)
    return Answer(status=status, headers=headers, body=json.dumps(_everywhere(body, echo)))


def _everywhere(value: Any, echo: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _everywhere(item, echo) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_everywhere(item, echo) for item in value]
    return f"{value} {echo}".rstrip() if isinstance(value, str) and " " in value else value
