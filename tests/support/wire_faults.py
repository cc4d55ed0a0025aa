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

FAULTS = tuple(_STATUS)
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
    return f"{value} {echo}".rstrip() if isinstance(value, str) and " " in value else value
