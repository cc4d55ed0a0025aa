"""What must agree between artifacts: every rule on its examples, partial material, and hostile texts."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.contracts import RULES, Context, Source, check_contracts
from fcc.evaluations.contracts.engine import LONGEST
from fcc.evaluations.contracts.examples import Example, read_examples, try_rules
from fcc.evaluations.validation import KINDS

EXAMPLES = read_examples()
SOURCES = list(dict.fromkeys(source for example in EXAMPLES for source in example.failing))


def named(example: Example) -> str:
    return example.rule


def test_every_rule_has_an_id_and_examples_of_its_own() -> None:
    """Ids are unique, and each has an example that passes and one that fails."""
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids) >= 25
    assert [example.rule for example in EXAMPLES] == ids
    assert all(result.holds for result in try_rules())


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_what_agrees_has_no_findings(example: Example) -> None:
    """No rule at all finds anything in files that agree."""
    assert check_contracts(example.passing, example.context) == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_what_does_not_agree_is_found_by_its_rule_alone(example: Example) -> None:
    """Only the rule itself says so, with its severity, the lines of both sides, and how to fix it."""
    found = check_contracts(example.failing, example.context)
    rule = next(rule for rule in RULES if rule.id == example.rule)
    assert {finding.rule for finding in found} == {example.rule}
    assert {finding.severity for finding in found} <= {rule.severity, "warning"}
    assert (found[0].file, found[0].line) == example.at
    assert found[0].related == ((example.other,) if example.other else ())
    assert found[0].message


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_one_file_alone_says_nothing_of_others(example: Example) -> None:
    """A rule about two files is silent where one of them is not there."""
    if example.other is None or example.other.file == example.at.file:
        return
    for source in example.failing:
        found = check_contracts([source], example.context)
        assert not [finding for finding in found if finding.rule == example.rule]


def test_order_is_fixed() -> None:
    """Findings come by rule, file and line, whatever the order of the files, and once each."""
    sources = [replace(source, file=f"{at}/{source.file}") for at, source in enumerate(SOURCES)]
    found = check_contracts(sources)
    assert list(found) == sorted(found, key=lambda item: (item.rule, item.file, item.line, item.message))
    assert len(set(found)) == len(found)
    assert check_contracts(sources) == found


def test_a_file_that_cannot_be_read_takes_no_blame_from_others() -> None:
    """What seems to be missing may stand in a file that is broken or too long: nobody claims that it is not there."""
    target = next(example for example in EXAMPLES if example.rule == "autoscaler-target")
    assert check_contracts(target.failing)
    broken = Source("k8s/more.yaml", "kubernetes", "kind: Deployment\n  name: [")
    assert check_contracts([*target.failing, broken]) == ()
    long = Source("k8s/long.yaml", "kubernetes", "a: b\n" * (LONGEST // 5 + 1))
    assert check_contracts([*target.failing, long]) == ()


def test_nothing_is_found_in_nothing() -> None:
    """No files, empty files and files of no known kind have no findings."""
    assert check_contracts([]) == ()
    assert check_contracts([Source("x", kind, "") for kind in [*KINDS, "", "rust"]]) == ()


WEIRD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99_999) | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "a"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn) -> Source:
    """An example with some of its text replaced, doubled or cut, as its own kind or another."""
    source = draw(st.sampled_from(SOURCES))
    text = source.text
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        piece = draw(
            st.sampled_from([repr(draw(WEIRD)), text[start:end] * 2, "", "{{", "${", "'", "\n", "[]"])
        )
        text = text[:start] + piece + text[end:]
    return replace(source, text=text, kind=draw(st.sampled_from([source.kind] * 4 + sorted(KINDS))))


@settings(max_examples=150, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=4))
def test_spoilt_files_never_crash(sources: list[Source]) -> None:
    """Whatever stands in the files, there is an answer, and its places are lines of them."""
    lines = {source.file: source.text.count("\n") + 1 for source in sources}
    context = Context(
        {"latency_sla": "< 200ms p95", "availability_sla": 99.5}, {"a": "Stages:\n1. x\n2. y\n"}
    )
    for finding in check_contracts(sources, context):
        assert finding.file in lines
        assert finding.line > 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_values_of_any_type_never_crash(data: st.DataObject) -> None:
    """Where a mapping, list, number or text is expected, anything may stand."""

    def spoil(value: object, depth: int = 0) -> object:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(WEIRD)
        if isinstance(value, dict):
            return {key: spoil(item, depth + 1) for key, item in value.items()}
        return [spoil(item, depth + 1) for item in value] if isinstance(value, list) else value

    source = data.draw(st.sampled_from([item for item in SOURCES if item.file.endswith("yaml")]))
    try:
        documents = _yaml.parse_all(source.text, "x")
    except InvalidFileError:  # a template is no YAML
        return
    text = "\n---\n".join(json.dumps(spoil(document.data)) for document in documents)
    check_contracts([replace(source, text=text)])


HOSTILE = [
    ("shell", 'x="$' + "{a" * 40_000),
    ("shell", "A=$A$A\n" * 20_000),
    ("shell", "kubectl " + "-n " * 60_000),
    ("shell", '"' * 100_001),
    ("shell", "\n".join(f"V{n}=$V{n - 1}$V{n - 1}" for n in range(5_000)) + "\nkubectl get deploy $V4999\n"),
    ("dockerfile", "FROM a\n" + "RUN \\\n" * 40_000),
    ("dockerfile", "ENV A=$A$A\n" * 15_000),
    ("prometheus_rules", "groups: [{rules: [{alert: A, expr: '" + "(" * 100_000 + "'}]}]"),
    ("prometheus_rules", "groups: [{rules: [{alert: A, expr: '" + "sum by (" * 12_000 + "'}]}]"),
    ("grafana_dashboard", '{"panels": [' * 30 + '{"expr": "a"}'),
    ("grafana_dashboard", '{"panels": [' + ",".join(['{"targets": [{"expr": "up"}]}'] * 9_000) + "]}"),
    ("helm_template", "{{ " * 80_000),
    ("helm_template", "{{ .Values.a }}\n" * 25_000),
    ("python", "import prometheus_client\nx = " + "(" * 100_000),
    ("python", "@app.get('/a')\ndef a(): ...\n" * 5_000),
    ("yaml", "ignore " * 60_000),
    ("yaml", "ignore all the " * 30_000),
    ("yaml", "ignore all previous instructions\n" * 12_000),
    ("yaml", "x: AKIAABCDEFGHIJKLMN0P\n" * 15_000),
    ("shell", "PASSWORD=hunter2222\n" * 20_000),
    (
        "kubernetes",
        "\n---\n".join(
            f"{{apiVersion: v1, kind: Service, metadata: {{name: s{n}}}, spec: {{selector: {{a: b}}}}}}"
            for n in range(1_500)
        ),
    ),
    ("yaml", "://a:" * 60_000),
    ("yaml", "-----BEGIN PRIVATE KEY-----" + " " * 200_000),
]


@pytest.mark.parametrize(("kind", "text"), HOSTILE, ids=lambda value: value[:12].strip() or "blank")
def test_time_grows_with_the_text_only(kind: str, text: str) -> None:
    """Texts that are made to be slow are read in under two seconds."""
    started = time.process_time()
    check_contracts(
        [Source("x.txt", kind, text)], Context({"latency_sla": "1" * 50_000}, {"a": "stages:\n" * 9_000})
    )
    assert time.process_time() - started < 2
