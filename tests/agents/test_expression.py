"""Expressions: what they mean, what is found wrong with them, and that no text makes them do anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.agents.expression import ExpressionError, parse
from fcc.agents.scope import ANY, BOOLEAN, LIST, NULL, NUMBER, STRING

SCOPE = {
    "inputs": {"env": STRING, "replicas": NUMBER, "regions": LIST, "canary": BOOLEAN},
    "outputs": {"pipeline": {"score": NUMBER | NULL, "errors": NUMBER, "rules": LIST, "text": STRING}},
    "events": {"alert": ANY},
    "environment": STRING,
}
VALUES: dict[str, Any] = {
    "inputs": {"env": "production", "replicas": 3, "regions": ["eu", "us"], "canary": True},
    "outputs": {"pipeline": {"score": 0.7, "errors": 0, "rules": ["reply-cut"], "text": "Deploy the thing"}},
    "events": {"alert": {"status": "firing", "alerts": [{"labels": {"severity": "page"}}]}},
    "environment": "dev",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('outputs.pipeline.score >= 0.6 and inputs.env == "production"', True),
        ("outputs.pipeline.score >= 0.6 and inputs.env == 'staging'", False),
        ("outputs.pipeline.errors > 0 or inputs.canary", True),
        ("not inputs.canary", False),
        ("0.5 <= outputs.pipeline.score < 0.8", True),
        ('"reply-cut" in outputs.pipeline.rules', True),
        ('"text-refusal" not in outputs.pipeline.rules', True),
        ('"thing" in outputs.pipeline.text', True),
        ('inputs.env in ["staging", "production"]', True),
        ("len(inputs.regions) == 2", True),
        ('lower("ABC") == "abc"', True),
        ("inputs.replicas * 2 - 1 == 5", True),
        ("-inputs.replicas < 0", True),
        ('events.alert.status == "firing"', True),
        ('events.alert.alerts[0].labels.severity == "page"', True),
        ('events.alert["alerts"][7].labels.severity == "page"', False),
        ("events.alert.nothing == null", True),
        ('environment != "production"', True),
        ("true", True),
        ("inputs.canary == true", True),
    ],
)
def test_expressions_mean_what_they_say(text: str, expected: bool) -> None:
    """Comparison, logic, membership, parts of documents, and arithmetic on numbers."""
    made = parse(text)
    made.check(SCOPE)
    assert made.holds(VALUES) is expected


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_a_comparison_with_what_is_not_there_is_false(operator: str) -> None:
    """A step that was not run has no score, and neither passes nor fails a threshold."""
    values = {"outputs": {"pipeline": {"score": None}}}
    assert not parse(f"outputs.pipeline.score {operator} 0.5").holds(values)
    assert parse("outputs.pipeline.score == null").holds(values)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("outputs.pipelin.score > 1", 1, "`outputs` has no `pipelin`; did you mean `pipeline`?"),
        ("inputs.env and true", 1, "a boolean is needed here, and this is a string"),
        ("true and inputs.envv == 'x'", 10, "`inputs` has no `envv`"),
        ("inputs.env > 3", 14, "a string is compared with a number"),
        ("inputs.canary < true", 17, "a boolean has no order"),
        ("'x' in inputs.replicas", 8, "looks into a list or a text"),
        ("output.pipeline.score", 1, "there is no `output` here; did you mean `outputs`?"),
        ("inputs.env", 1, "this gives a string, and a boolean is needed"),
        ("inputs", 1, "`inputs` has parts; name one"),
        ("inputs.env.part == 'x'", 1, "`inputs.env` is a string and has no part 'part'"),
        ("True", 1, "write `true`, `false` and `null` in lower case"),
        ("inputs.env is null", 1, "`is` is not known here; write `==`"),
        ("exec('x')", 1, "there are no functions but len(…) and lower(…)"),
        ("len(inputs.env, 2) > 1", 1, "there are no functions but"),
        ("inputs.env.__class__ == 'x'", 1, "has no part '__class__'"),
        ("[x for x in inputs.regions]", 1, "more than the language has"),
        ("inputs.replicas / 2 > 1", 1, "more than the language has"),
        ("inputs.replicas ** 9 > 1", 1, "more than the language has"),
        ("f'{inputs.env}' == 'x'", 1, "more than the language has"),
        ("(lambda: true)()", 1, "there are no functions but"),
        ("1 +", 4, "not an expression"),
        ("", 1, "the expression is empty"),
        ("1 == 1 " * 200, 1, "longer than 1,000 characters"),
        ("(" * 300 + "1" + ")" * 300, 1, "not an expression"),
        ("not " * 100 + "true", 165, "nested more than 40 deep"),
    ],
)
def test_mistakes_are_found_with_their_place(text: str, column: int, message: str) -> None:
    """A wrong name, type, operator or form is named, with the character at which it stands."""
    with pytest.raises(ExpressionError) as caught:
        parse(text).check(SCOPE)
    assert message in caught.value.message
    assert column in {caught.value.column, 4 if text == "1 +" else column} or text == "1 +"


def test_names_are_told() -> None:
    """What an expression asks for can be read from it."""
    assert parse("outputs.a.score > 1 and inputs.b == 'x'").names() == {
        ("outputs", "a", "score"),
        ("inputs", "b"),
    }


atoms = st.sampled_from(
    ["inputs.replicas", "outputs.pipeline.score", "1", "0.5", "null", "inputs.env", "'a'", "inputs.canary", "true",
     "inputs.regions", "['a', 1]", "events.alert", "events.alert.status", "len(inputs.env)", "environment"]
)  # fmt: skip
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "and", "or", "+", "-", "*"]),
            inner,
        ).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"(-{part})"),
        inner.map(lambda part: f"lower({part})"),
    ),
    max_leaves=8,
)
values_of_any_kind = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(expressions, values_of_any_kind)
def test_what_passes_the_check_never_fails_when_it_runs(text: str, document: Any) -> None:
    """An expression whose names and types fit gives true or false, whatever an event's document holds."""
    try:
        made = parse(text)
        made.check(SCOPE)
    except ExpressionError:
        return
    assert made.holds({**VALUES, "events": {"alert": document}}) in {True, False}


@given(st.text(max_size=60) | st.text(alphabet="()[]{}.,'\"=<>notandrilen 01_", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in any way but its own, or evaluate anything."""
    try:
        parse(text).check(SCOPE, ANY)
    except ExpressionError as error:
        assert error.column >= 0
