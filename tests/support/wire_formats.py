"""The vendors' wire formats: how each writes down an answer, whole and streamed, and where it is asked.

The shapes are those of the vendors' own documentation, cut down to what a client reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from support.wire import Answer, Received


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sse(value: Any) -> str:
    return f"data: {_line(value)}\n\n"


class OpenAI:
    """Chat completions; `data:` lines that end with `[DONE]`."""

    name = "openai"
    model = "openai/local-model"
    path = "/v1/chat/completions"
    stream_type = "text/event-stream"
    words: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length", "filter": "content_filter"}
    served = "local-model"
    header = "authorization"
    counts_cached = True
    begins = 1
    """How many parts of a stream come before the first piece of text."""

    def base(self, url: str) -> str:
        """The server's address with the version behind it."""
        return f"{url}/v1"

    def stream_path(self) -> str:
        """A stream is asked for at the same place."""
        return self.path

    def streams(self, received: Received) -> bool:
        """The body says so."""
        return bool(received.json.get("stream"))

    def whole(self, answer: Answer, received: Received) -> Mapping[str, Any]:
        """A `chat.completion`."""
        message = {"role": "assistant", "content": answer.text}
        choice = {"index": 0, "message": message, "finish_reason": self.words[answer.finish]}
        return self._head("chat.completion") | {"choices": [choice]} | self._usage(answer)

    def events(self, answer: Answer, received: Received) -> list[str]:
        """A chunk for each piece, one for the finish reason, and one for the tokens if they were asked for."""
        parts = [self._chunk({"role": "assistant", "content": ""})]
        parts += [self._chunk({"content": piece}) for piece in answer.pieces]
        parts.append(self._chunk({}, self.words[answer.finish]))
        if answer.usage and received.json.get("stream_options", {}).get("include_usage"):
            parts.append(self._head("chat.completion.chunk") | {"choices": []} | self._usage(answer))
        return [*map(_sse, parts), "data: [DONE]\n\n"]

    def _chunk(self, delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return self._head("chat.completion.chunk") | {"choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-local", "object": kind, "created": 1700000000, "model": self.served}

    def _usage(self, answer: Answer) -> dict[str, Any]:
        if answer.usage is None:
            return {}
        sent, received = answer.usage
        counts = {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}
        details = {"prompt_tokens_details": {"cached_tokens": answer.cached}} if self.counts_cached else {}
        return {"usage": counts | details}


class Azure(OpenAI):
    """The same at a deployment's path; a stream begins with what the filter says of the prompt."""

    name = "azure"
    model = "azure/my-deployment"
    path = "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    served = "gpt-4o-2024-11-20"
    header = "api-key"
    begins = 2

    def base(self, url: str) -> str:
        """The resource's address."""
        return url

    def events(self, answer: Answer, received: Received) -> list[str]:
        """OpenAI's, with the filter's chunk in front."""
        judged = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        judged["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": {}}]
        return [_sse(judged), *super().events(answer, received)]


class Mistral(OpenAI):
    """OpenAI's, with the tokens in the last chunk, asked for or not."""

    name = "mistral"
    model = "mistral/mistral-small-latest"
    words: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length"}
    served = "mistral-small-latest"
    counts_cached = False

    def events(self, answer: Answer, received: Received) -> list[str]:
        """A chunk for each piece; the last has the finish reason and the tokens."""
        parts = [self._chunk({"role": "assistant", "content": ""})]
        parts += [self._chunk({"content": piece}) for piece in answer.pieces]
        parts.append(self._chunk({"content": ""}, self.words[answer.finish]) | self._usage(answer))
        return [*map(_sse, parts), "data: [DONE]\n\n"]


class Anthropic:
    """Messages; named events from `message_start` to `message_stop`."""

    name = "anthropic"
    model = "anthropic/claude-local"
    path = "/v1/messages"
    stream_type = "text/event-stream"
    words: ClassVar[Mapping[str, str]] = {"stop": "end_turn", "length": "max_tokens", "filter": "refusal"}
    served = "claude-local-20260101"
    header = "x-api-key"
    counts_cached = True
    begins = 3

    def base(self, url: str) -> str:
        """The server's address."""
        return url

    def stream_path(self) -> str:
        """A stream is asked for at the same place."""
        return self.path

    def streams(self, received: Received) -> bool:
        """The body says so."""
        return bool(received.json.get("stream"))

    def whole(self, answer: Answer, received: Received) -> Mapping[str, Any]:
        """A `message`."""
        message = self._message() | {"stop_reason": self.words[answer.finish]}
        if answer.text:
            message["content"] = [{"type": "text", "text": answer.text}]
        if answer.usage:
            message["usage"] = self._usage(answer, answer.usage[1])
        return message

    def events(self, answer: Answer, received: Received) -> list[str]:
        """The tokens in come with the first event, those out with the last but one."""
        start = self._message() | {"stop_reason": None}
        delta: dict[str, Any] = {"delta": {"stop_reason": self.words[answer.finish], "stop_sequence": None}}
        if answer.usage:
            start["usage"] = self._usage(answer, 1)
            delta["usage"] = {"output_tokens": answer.usage[1]}
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        return [
            self._event("message_start", {"message": start}),
            self._event("content_block_start", block),
            self._event("ping", {}),
            *(
                self._event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": p}})
                for p in answer.pieces
            ),
            self._event("content_block_stop", {"index": 0}),
            self._event("message_delta", delta),
            self._event("message_stop", {}),
        ]

    def _usage(self, answer: Answer, received: int) -> dict[str, Any]:
        """Tokens that went in are counted apart from those that were read from the cache."""
        cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": answer.cached}
        return cached | {
            "input_tokens": (answer.usage or (0, 0))[0] - answer.cached,
            "output_tokens": received,
        }

    def _message(self) -> dict[str, Any]:
        head = {"id": "msg_local", "type": "message", "role": "assistant", "model": self.served}
        return head | {"content": [], "stop_sequence": None}

    def _event(self, kind: str, data: Mapping[str, Any]) -> str:
        return f"event: {kind}\n{_sse({'type': kind, **data})}"


class Gemini:
    """generateContent; a stream is a response for each piece, and ends with its last."""

    name = "gemini"
    model = "gemini/gemini-2.5-flash"
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    stream_type = "text/event-stream"
    words: ClassVar[Mapping[str, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
    served = "gemini-2.5-flash-001"
    header = "x-goog-api-key"
    counts_cached = True
    begins = 0

    def base(self, url: str) -> str:
        """The server's address with the version behind it."""
        return f"{url}/v1beta"

    def stream_path(self) -> str:
        """A stream has a method of its own."""
        return self.path.replace(":generateContent", ":streamGenerateContent?alt=sse")

    def streams(self, received: Received) -> bool:
        """The path says so."""
        return ":streamGenerateContent" in received.path

    def whole(self, answer: Answer, received: Received) -> Mapping[str, Any]:
        """A response with one candidate, which has no content where the filter took it."""
        return self._response(answer.text, self.words[answer.finish], answer)

    def events(self, answer: Answer, received: Received) -> list[str]:
        """A response for each piece; the last has the finish reason and the count of the tokens out."""
        *firsts, last = answer.pieces or ("",)
        parts = [self._response(piece, None, answer) for piece in firsts]
        return [*map(_sse, parts), _sse(self._response(last, self.words[answer.finish], answer))]

    def _response(self, text: str, reason: str | None, answer: Answer) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0}
        if text:
            candidate["content"] = {"role": "model", "parts": [{"text": text}]}
        if reason:
            candidate["finishReason"] = reason
        response = {"candidates": [candidate], "modelVersion": self.served, "responseId": "local"}
        if answer.usage:
            sent, received = answer.usage
            counts = {"promptTokenCount": sent, "totalTokenCount": sent + received}
            counts["cachedContentTokenCount"] = answer.cached
            response["usageMetadata"] = counts | ({"candidatesTokenCount": received} if reason else {})
        return response


class OllamaChat:
    """/api/chat; a stream is a line of JSON for each piece, and one that says `done`."""

    name = "ollama_chat"
    model = "ollama_chat/llama3"
    path = "/api/chat"
    stream_type = "application/x-ndjson"
    words: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length"}
    served = "llama3"
    header = "authorization"
    counts_cached = False
    begins = 0

    def base(self, url: str) -> str:
        """The server's address."""
        return url

    def stream_path(self) -> str:
        """A stream is asked for at the same place."""
        return self.path

    def streams(self, received: Received) -> bool:
        """The body says so; Ollama streams unless it is told not to."""
        return received.json.get("stream", True) is not False

    def whole(self, answer: Answer, received: Received) -> Mapping[str, Any]:
        """One object with everything."""
        return self._piece(answer.text) | self._end(answer)

    def events(self, answer: Answer, received: Received) -> list[str]:
        """A line for each piece, and the end."""
        parts = [self._piece(piece) for piece in answer.pieces]
        return [_line(part) + "\n" for part in [*parts, self._piece("") | self._end(answer)]]

    def _piece(self, text: str) -> dict[str, Any]:
        return self._head() | {"message": {"role": "assistant", "content": text}}

    def _head(self) -> dict[str, Any]:
        return {"model": self.served, "created_at": "2026-01-01T00:00:00.0Z", "done": False}

    def _end(self, answer: Answer) -> dict[str, Any]:
        end: dict[str, Any] = {"done": True, "done_reason": self.words[answer.finish], "total_duration": 5}
        if answer.usage:
            end |= {"prompt_eval_count": answer.usage[0], "eval_count": answer.usage[1]}
        return end


class Ollama(OllamaChat):
    """/api/generate: the same with one prompt, and `response` for the text."""

    name = "ollama"
    model = "ollama/llama3"
    path = "/api/generate"

    def _piece(self, text: str) -> dict[str, Any]:
        return self._head() | {"response": text}


FORMATS: Mapping[str, OpenAI | Anthropic | Gemini | OllamaChat] = {
    form.name: form for form in (OpenAI(), Anthropic(), Gemini(), Ollama(), OllamaChat(), Azure(), Mistral())
}
