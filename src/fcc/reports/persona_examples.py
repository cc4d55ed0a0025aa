"""What the examples of constitutions came to, as text in at most 80 columns. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fcc.reports._layout import Paint, plain, wrapped
from fcc.reports.persona import counts_text

if TYPE_CHECKING:
    from fcc.evaluations.constitution_examples import RuleResult


Tried = Mapping[str, Sequence["RuleResult"]]
"""The rules of each persona."""


def is_wrong(result: RuleResult) -> bool:
    """Whether a rule does not hold; one that nobody has classified is only told of."""
    return not result.holds and result.held != "not classified"


def any_wrong(tried: Tried) -> bool:
    """Whether any rule does not hold."""
    return any(is_wrong(result) for results in tried.values() for result in results)


def examples_report(tried: Tried, paint: Paint = plain) -> str:
    """By persona what holds and what does not, and the sum of it."""
    lines = [line for persona, results in tried.items() for line in _persona(persona, results, paint)]
    return "\n".join([*lines, "", *wrapped(_total(tried), "")])


def examples_json(tried: Tried) -> dict[str, Any]:
    """The same as plain values."""
    rules = [
        {
            "persona": result.persona,
            "tier": result.tier,
            "rule": result.rule.rule,
            "finding": result.finding,
            "held": result.held,
            "holds": not is_wrong(result),
            "problems": list(result.problems),
            "examples": [example._asdict() for example in result.examples],
        }
        for results in tried.values()
        for result in results
    ]
    return {"holds": not any_wrong(tried), "rules": rules, "totals": totals(tried)}


def totals(tried: Tried) -> dict[str, int]:
    """How many personas, rules and examples there are, how many examples hold, and of the hard stops, how many code holds."""
    results = [result for several in tried.values() for result in several]
    examples = [example for result in results for example in result.examples]
    hard = [result.held == "enforced" for result in results if result.tier == "hard_stop"]
    return {
        "personas": len(tried),
        "rules": len(results),
        "examples": len(examples),
        "holding": sum(example.holds for example in examples),
        "hard_stops": len(hard),
        "hard_stops_enforced": sum(hard),
    }


def _persona(persona: str, results: Sequence[RuleResult], paint: Paint) -> list[str]:
    wrong = [result for result in results if is_wrong(result)]
    examples = sum(len(result.examples) for result in results)
    word = "does not hold" if wrong else "holds" if examples else "nothing tried"
    word = paint(f"{word:<13}", "red" if wrong else "green" if examples else "dim")
    counts = counts_text(Counter(result.held for result in results))
    text = f"{_several(len(results), 'rule')}: {counts}; {_several(examples, 'example')}"
    first, *rest = wrapped(text if results else "it has no constitution", " " * (len(persona) + 17))
    lines = [f"{persona}  {word}  {first.lstrip()}", *rest]
    for result in wrong:
        name = result.finding or result.rule.rule
        said = [*result.problems, *(f"{e.example}: {e.reason}" for e in result.examples if not e.holds)]
        lines += [line for text in said for line in wrapped(f"{name}: {text}", "    ", "  ")]
    return lines + [
        line
        for result in results
        if result.held == "not classified"
        for line in wrapped(f"not classified: {result.rule.rule}", "    ", "  ")
    ]


def _total(tried: Tried) -> str:
    found = totals(tried)
    text = (
        f"{_several(found['personas'], 'persona')}, {_several(found['rules'], 'rule')}: "
        f"{found['holding']} of {found['examples']} examples hold."
    )
    if found["hard_stops"]:
        share = 100 * found["hard_stops_enforced"] // found["hard_stops"]
        text += (
            f" Code holds {found['hard_stops_enforced']} of "
            f"{_several(found['hard_stops'], 'hard stop')} ({share} %)."
        )
    return text


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
