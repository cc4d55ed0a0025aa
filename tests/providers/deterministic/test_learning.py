"""The stand-in as data engineer, feature engineer and validator: files that are valid and agree, whatever is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.agents import Chain
from fcc.evaluations import validate_artifact
from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.prompts import PromptTemplate
from fcc.providers.base import Message, ModelRequest
from fcc.providers.deterministic import DeterministicProvider
from fcc.simulation import Artifact, extract_artifacts
from fcc.workspace import BUILTIN_ROOT

DEFAULTS = Chain.from_file(BUILTIN_ROOT / "agents" / "ml-handoff.yaml").resolve_inputs({})
TEMPLATES = {
    step: PromptTemplate.from_file(BUILTIN_ROOT / "prompts" / f"ml-{step}.md.j2", f"ml-{step}")
    for step in ("data", "features", "validation")
}
Deliver = Callable[..., dict[str, str]]


def reply(text: str) -> str:
    return asyncio.run(DeterministicProvider().complete(ModelRequest((Message("user", text),)))).text


def deliver(**inputs: Any) -> tuple[dict[str, str], list[Artifact]]:
    """The replies of the three steps, and their files."""
    replies: dict[str, str] = {}
    for step, template in TEMPLATES.items():
        handed = {
            name: f'<material-1f2e from="{name}">\n{text[:1500]}\n</material-1f2e>'
            for name, text in replies.items()
        }
        replies[step] = reply(template.render(inputs={**DEFAULTS, **inputs}, handoff=handed))
    return replies, [artifact for text in replies.values() for artifact in extract_artifacts(text)]


def faults(artifacts: list[Artifact], inputs: dict[str, Any]) -> list[Any]:
    """What is wrong with the files, each by itself and together."""
    found: list[Any] = [
        finding
        for it in artifacts
        for finding in validate_artifact(it.kind, it.content, it.path, advise=False).findings
    ]
    sources = [Source(it.path, it.kind, it.content) for it in artifacts]
    return [*found, *check_contracts(sources, Context({**DEFAULTS, **inputs}))]


def test_the_files_of_the_built_in_chain() -> None:
    """Seven, each valid, all in agreement, and each reply opens with the facts that the next step needs."""
    replies, artifacts = deliver()
    assert [artifact.path for artifact in artifacts] == [
        "data/contract.yaml",
        "data/training_set.sql",
        "features/features.yaml",
        "training/config.yaml",
        "training/train.py",
        "MODEL_CARD.md",
        "validation/report.yaml",
    ]
    assert faults(artifacts, {}) == []
    for fact in ("- Model: churn_predictor_v2", "- Version: 2.0.0", "- Target column: churn_labels.churned"):
        assert all(fact in text[:500] for text in replies.values())
    assert "- Features: region, contract" in replies["features"][:500]
    assert "- Decision: approve" in replies["validation"][:500]


def test_what_happens_over_time_is_summed_up_before_the_row() -> None:
    """And a personal column is selected to tell groups apart, and is no feature."""
    _, artifacts = deliver()
    query, features = (
        next(it.content for it in artifacts if it.path.endswith(end)) for end in (".sql", "features.yaml")
    )
    assert "usage_daily.day < churn_labels.as_of" in query
    assert "customers.age_band" in query
    assert "email" not in query
    assert "age_band" not in features
    _, artifacts = deliver(personal_allowed=["customers.age_band"])
    assert any("from: [customers.age_band]" in it.content for it in artifacts)


@pytest.mark.parametrize(
    "inputs",
    [{"minimum": 0.9}, {"group_minimum": 0.835}, {"measured": {"f1": 0.9}}, {"groups": {}, "measured": {}}],
)
def test_what_does_not_reach_its_minimum_is_rejected(inputs: dict[str, Any]) -> None:
    """The model, one group, or a metric that nobody measured."""
    replies, artifacts = deliver(**inputs)
    assert "- Decision: reject" in replies["validation"]
    assert {finding.rule for finding in faults(artifacts, inputs)} == {"model-approved"}


@pytest.mark.parametrize(
    ("framework", "estimator"),
    [
        ("XGBoost 3", "xgboost.XGBClassifier"),
        ("LightGBM", "lightgbm.LGBMClassifier"),
        ("ours", "sklearn.ensemble.Hist"),
    ],
)
def test_the_framework_decides_on_the_estimator(framework: str, estimator: str) -> None:
    """Of one that is not known it is scikit-learn's; a number is predicted by a regressor."""
    assert estimator in deliver(framework=framework)[0]["features"]
    assert "GradientBoostingRegressor" in deliver(target="customers.monthly_charge")[0]["features"]


def test_the_card_says_what_kind_of_question_it_is() -> None:
    """The metric tells a figure from a class; scores of probabilities are about classes."""
    for metric, task in (
        ("r2", "regression"),
        ("neg_mean_absolute_error", "regression"),
        ("neg_brier_score", "classification"),
    ):
        assert f"tabular-{task}" in deliver(metric=metric)[0]["validation"]


def test_a_metric_in_two_words_is_no_other_metric() -> None:
    """It is spelt as scorers are, and nothing is approved by a metric that was not asked for."""
    replies, _ = deliver(metric="average precision", measured={"roc_auc": 0.9})
    assert "metric: {name: average_precision" in replies["features"]
    assert "average_precision was not measured" in replies["validation"]


def test_no_row_is_lost_for_want_of_a_feature() -> None:
    """Tables beside that of the target are joined from the left: what they lack is missing, and no reason to drop a row."""
    query = deliver()[0]["data"]
    assert "LEFT JOIN customers ON" in query


def test_without_groups_none_is_asked_for() -> None:
    """The request for a validation leaves out what was not measured."""
    asked = TEMPLATES["validation"].render(
        inputs={**DEFAULTS, "groups": {}}, handoff={"data": "", "features": ""}
    )
    assert "each group" not in asked
    assert "(metrics, drift, decision)" in asked


def test_a_request_in_a_line_is_answered() -> None:
    """Without tables and figures the files are those of a smallest table, and nothing is approved."""
    text = reply("Write a data contract and a validation report for the model spam_filter_v1.")
    artifacts = extract_artifacts(text)
    assert [artifact.path for artifact in artifacts] == ["data/contract.yaml", "validation/report.yaml"]
    assert "decision: reject" in artifacts[1].content


NAMES = st.from_regex(r"[x-z][x-z0-9_]{0,12}", fullmatch=True)
COLUMNS = st.builds(
    "{} {} {}".format,
    NAMES,
    st.sampled_from(["string", "integer", "number", "boolean", "date", "timestamp", "jsonb", ""]),
    st.sampled_from(["", "key", "time", "personal", "personal key"]),
)
TABLES = st.builds("{}: {}".format, NAMES, st.lists(COLUMNS, min_size=1, max_size=5).map(", ".join))


@settings(max_examples=40, deadline=None)
@given(
    model=st.text(min_size=1, max_size=40),
    question=st.text(max_size=80),
    tables=st.lists(TABLES | st.text(max_size=30), max_size=4),
    target=NAMES | st.builds("{}.{}".format, NAMES, NAMES),
    groups=st.dictionaries(st.text(max_size=20), st.floats(0, 1)),
)
def test_whatever_is_asked_the_files_can_be_read(
    model: str, question: str, tables: list[str], target: str, groups: dict[str, float]
) -> None:
    """Names, tables and groups of any sort never break a file."""
    _, artifacts = deliver(model=model, question=question, tables=tables, target=target, groups=groups)
    assert len(artifacts) == 7
    for artifact in artifacts:
        found = validate_artifact(artifact.kind, artifact.content, artifact.path, advise=False)
        assert [finding for finding in found.findings if finding.severity == "error"] == []
