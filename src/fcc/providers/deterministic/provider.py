"""A provider that needs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcc.providers.base import ModelReply, ModelRequest, Usage

if TYPE_CHECKING:
    from fcc.providers.deterministic.defects import Defect

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb, not a tokenizer: usage and `max_tokens` are counted with it."""


class DeterministicProvider:
    """A stand-in for a model in tests and wiring. It is not a model, and understands nothing.

    It reads the deliverables, names and figures that the messages state in plain forms (lists, `Key: value`
    lines, a "Produce:" line) and fills in templates: user stories, a pipeline, infrastructure, monitoring, or
    a structured document. Where the reply is to fit a JSON Schema, it is made from that, with the values that
    the messages state under the names of its properties. The reply is a function of the request alone, so it is the same on every machine.
    Of the sampling parameters only `max_tokens` has an effect. A reply says nothing about how well a model
    would do.

    With a `defect` (an id in `fcc.providers.deterministic.defects`), replies that hold the deliverable which it spoils
    are spoilt, or don't come; all others are as they were.

    Raises:
        NotFoundError: there is no such defect.
    """

    def __init__(self, defect: str = "") -> None:
        self._name = f"deterministic:{defect}" if defect else "deterministic"
        self._defect = _find(defect) if defect else None
        self._applied = False

    @property
    def idle_defect(self) -> str:
        """Where the defect belongs, if there is one and no reply so far had anything that it could spoil; else ""."""
        if self._defect is None or self._applied:
            return ""
        return (
            f"{self._name} has spoilt nothing; in {self._defect.chain} it belongs to step {self._defect.step}"
        )

    @property
    def identity(self) -> str:
        """Changes whenever the same messages would get another reply."""
        return f"deterministic/1:{self._defect.id}" if self._defect is not None else "deterministic/1"

    def estimate_cost(self, input_tokens: int, output_tokens: int | None) -> float:  # noqa: ARG002 - free, however many
        """Nothing, in US dollars."""
        return 0.0

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply to the messages; free, and without a defect never empty and never an error.

        Raises:
            ProviderError: the defect is that no answer comes.
            ConfigError: the reply has nothing that the defect could spoil.
        """
        text = _written(request)
        prompt = request.messages[-1].content if request.messages else ""
        if self._defect is not None and self._defect.concerns(text, prompt):
            self._applied = True
            text = self._defect.apply(text, prompt)
        finish_reason = "stop"
        limit = request.sampling.max_tokens
        if limit is not None and len(text) > max(1, CHARACTERS_PER_TOKEN * limit):
            text = text[: max(1, CHARACTERS_PER_TOKEN * limit)]
            finish_reason = "length"
        return ModelReply(
            text=text,
            model=self._name,
            origin="deterministic",
            usage=Usage(
                input_tokens=sum(len(message.content) for message in request.messages)
                // CHARACTERS_PER_TOKEN,
                output_tokens=len(text) // CHARACTERS_PER_TOKEN,
            ),
            cost=0.0,
            finish_reason=finish_reason,
        )


def _find(defect: str) -> Defect:
    from fcc.providers.deterministic.defects import find_defect

    return find_defect(defect)


def _written(request: ModelRequest) -> str:
    if request.response_format is not None:
        from fcc.providers.deterministic.sample import stated, write_sample

        return write_sample(request.response_format.schema, stated(request.messages))
    from fcc.providers.deterministic.reply import write_reply

    return write_reply(request.messages)
