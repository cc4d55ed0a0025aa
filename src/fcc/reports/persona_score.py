"""What a persona's card does to models, as text in at most 80 columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fcc.evaluations.persona_score import FEWEST, MEASURES
from fcc.evaluations.statistics import Effect
from fcc.redaction import printable
from fcc.reports._layout import Paint, plain, wrapped

if TYPE_CHECKING:
    from fcc.evaluations.persona_score import CardEffect, ModelScore, PersonaScore

_COLOUR: Mapping[Effect, str] = {"helps": "green", "hurts": "red", "not separated": "dim"}
_HEAD = f"  {'':<12}  {'without':>7}  {'with':>7}  {'by':>7}  {'95 % interval':<18}"


def score_report(score: PersonaScore, paint: Paint = plain) -> str:
    """By model, what the card does to each measure, and how sure that is."""
    count = len(score.items)
    lines = [
        f"{paint(printable(score.persona), 'bold')}  with its card and without it, on {_several(count, 'item')}",
        *wrapped(", ".join(score.items), "  "),
    ]
    for model in score.models:
        lines += ["", *_model(model, paint)]
    said = list(score.notes)
    if any(effect.difference.n < FEWEST for model in score.models for effect in model.effects):
        said.append(
            f"{FEWEST} items are the fewest that can be told apart at 95 %: give more tasks with --task."
        )
    lines_in_all = len(score.models) * len(MEASURES)
    said.append(
        f"Each of the {lines_in_all} lines stands for itself: of 20 that mean nothing, one seems to help or to hurt."
    )
    return "\n".join([*lines, "", *(line for text in said for line in wrapped(text, ""))])


def score_json(score: PersonaScore) -> dict[str, Any]:
    """The same as plain values."""
    models = [
        {
            "model": model.model,
            "calls": model.calls,
            "cost": model.cost,
            "failed": list(model.failed),
            "measures": [_plain(effect) for effect in model.effects],
        }
        for model in score.models
    ]
    return {
        "persona": score.persona,
        "items": list(score.items),
        "models": models,
        "notes": list(score.notes),
    }


def _plain(effect: CardEffect) -> dict[str, Any]:
    difference = effect.difference
    return {
        "measure": effect.measure,
        "items": difference.n,
        "without": effect.without,
        "with": effect.with_card,
        "difference": difference.mean,
        "interval": list(difference.interval) if difference.interval is not None else None,
        "up": difference.up,
        "down": difference.down,
        "sign_test_p": difference.p,
        "effect": effect.effect,
    }


def _model(model: ModelScore, paint: Paint) -> list[str]:
    cost = "cost unknown" if model.cost is None else f"${model.cost:.4f}"
    lines = [
        f"{paint(printable(model.model), 'bold')}  {_several(model.calls, 'call')}, {cost}",
        _HEAD.rstrip(),
        *(_line(effect, paint) for effect in model.effects),
    ]
    return lines + [line for text in model.failed for line in wrapped(f"not answered: {text}", "  ", "  ")]


def _line(effect: CardEffect, paint: Paint) -> str:
    difference = effect.difference
    interval = "–"
    if difference.interval is not None:
        low, high = difference.interval
        interval = f"{low:+.2f} to {high:+.2f}"
    word = f"{effect.effect} ({difference.n})"
    figures = (_figure(effect.without), _figure(effect.with_card), _figure(difference.mean, "+"))
    return (
        f"  {effect.measure:<12}  {figures[0]:>7}  {figures[1]:>7}  {figures[2]:>7}  {interval:<18}"
        f"  {paint(word, _COLOUR[effect.effect])}"
    )


def _figure(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.2f}"


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def plan_lines(rows: Sequence[tuple[str, int, int, int | None, float | None]]) -> list[str]:
    """A line for each model that would be asked: its name, calls, tokens in and out, and dollars."""
    return [
        line
        for name, calls, sent, received, cost in rows
        for line in wrapped(
            f"{name}: {_several(calls, 'call')}, about {sent:,} tokens in, "
            f"{f'{received:,}' if received is not None else '?'} out, "
            f"{'cost unknown' if cost is None else f'${cost:.4f}'}",
            "  ",
            "  ",
        )
    ]
