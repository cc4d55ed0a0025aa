"""What must agree about a model that is trained, and where the rules on that must hold back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validate_artifact
from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.evaluations.contracts.examples import read_examples
from fcc.evaluations.contracts.rules_ml import RULES
from fcc.simulation.kinds import kind_of

FILES = {
    source.file: source.text
    for example in read_examples()
    for source in example.passing
    if source.file in {"contract.yaml", "features.yaml", "training.yaml", "report.yaml", "MODEL_CARD.md"}
}
ASKED = {
    "model": "churn_v2",
    "version": "2.0.0",
    "target": "labels.churned",
    "metric": "roc_auc",
    "minimum": 0.8,
    "group_minimum": 0.75,
    "measured": {"roc_auc": 0.83},
    "groups": {"region=north": 0.81},
    "artifact_digest": "sha256:1f",
}
PACK = (
    '{"model": "churn_v2", "version": "2.0.0", "features": ["region", "tenure"],\n'
    '"artifact": {"path": "m.joblib", "digest": "sha256:1f"}, "metric": {"name": "roc_auc", "value": 0.83}}'
)


def found(files: Mapping[str, str], inputs: Mapping[str, Any] | None = None) -> set[str]:
    """The rules on training that find something."""
    sources = [Source(file, kind_of(file, "", text), text) for file, text in files.items()]
    ids = {rule.id for rule in RULES}
    return {item.rule for item in check_contracts(sources, Context(inputs or {}, {}))} & ids


def test_a_delivery_that_agrees_is_silent() -> None:
    """With what was asked for and without; with the pack as a file and as the text of an answer."""
    for pack in ({"pack.json": PACK}, {"outputs/handover.md": PACK}):
        assert found({**FILES, **pack}, ASKED) == set()
        assert found({**FILES, **pack}) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("pack.json", '"churn_v2"', '"churn_v3"', "model-named"),
        ("pack.json", '"2.0.0"', '"2.1.0"', "model-named"),
        ("pack.json", '"tenure"', '"visits"', "feature-defined"),
        ("pack.json", "0.83", "0.93", "metric-measured"),
        ("pack.json", "sha256:1f", "sha256:2e", "artifact-digest"),
        ("report.yaml", "minimum: 0.8}", "minimum: 0.7}", "metric-reached"),
        ("report.yaml", "name: roc_auc", "name: accuracy", "metric-reached"),
        ("report.yaml", "region=north", "region=south", "slice-reported"),
        ("report.yaml", "approve", "needs work", "model-approved"),
        ("report.yaml", "value: 0.81", "value: 0.82", "metric-measured"),
        ("training.yaml", "[region, tenure]", "[region, tenure, churned]", "feature-leak"),
        ("features.yaml", "from: [labels.churned]", "from: [labels.left_at]", "target-asked"),
    ],
)
def test_what_was_asked_for_is_held_against_every_file(file: str, old: str, new: str, rule: str) -> None:
    """The pack, the report and the configuration, each with one thing changed."""
    files = {**FILES, "pack.json": PACK}
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    assert rule in found(files, ASKED)


def test_a_model_that_is_rejected_may_be_below_its_minimum() -> None:
    """Only that it is not approved is said of it."""
    report = FILES["report.yaml"].replace("approve", "reject").replace("0.83", "0.73")
    assert found({"report.yaml": report}) == {"model-approved"}


def test_personal_columns_may_be_allowed() -> None:
    """By the input that names them with their table."""
    files = {**FILES, "features.yaml": FILES["features.yaml"].replace("people.region", "people.email")}
    assert found(files) == {"feature-personal"}
    assert found(files, {"personal_allowed": ["people.email"]}) == set()


def test_a_name_that_two_tables_have_is_not_guessed() -> None:
    """A feature from `region`, which is personal in one table of two, says nothing."""
    contract = FILES["contract.yaml"] + "      - {name: email, logicalType: string}\n"
    files = {
        "contract.yaml": contract,
        "features.yaml": FILES["features.yaml"].replace("people.region", "email"),
    }
    assert found(files) == set()


def test_features_may_be_made_from_features_and_by_more_than_a_name() -> None:
    """Another feature, a table, a longer path, an expression that nobody can read."""
    for source in ("tenure", "people", "warehouse.crm.people.region", "people.region || people.tenure"):
        features = FILES["features.yaml"].replace("[people.region]", f'["{source}"]')
        assert found({**FILES, "features.yaml": features}) == set()


def test_the_files_of_several_models_are_not_compared() -> None:
    """Two cards or two configurations in one folder are of two models."""
    other = {
        f"other/{file}": text.replace("churn_v2", "fraud_v1").replace("0.83", "0.6")
        for file, text in FILES.items()
        if file in {"training.yaml", "MODEL_CARD.md"}
    }
    assert found({**FILES, **other}) == set()


def test_columns_of_the_older_specification_are_read() -> None:
    """Data Contract Specification: `models`, `fields`, `pii`."""
    contract = (
        "dataContractSpecification: 1.1.0\nmodels:\n  people:\n    fields:\n"
        "      region: {type: string, pii: true}\n      tenure: {type: integer}\n"
        "  labels:\n    fields:\n      churned: {type: boolean}\n"
    )
    files = {"contract.yaml": contract, "features.yaml": FILES["features.yaml"]}
    assert found(files) == {"feature-personal"}


def test_a_data_contract_is_no_object_of_kubernetes() -> None:
    """It has `apiVersion` and `kind`, too."""
    text = FILES["contract.yaml"]
    assert kind_of("data/contract.yaml", "yaml", text) == "yaml"
    assert validate_artifact("yaml", text).valid


def test_other_yaml_has_nothing_to_do_with_it() -> None:
    """Features of a product, a target of a proxy, metrics of a service, a model of a car."""
    texts = (
        "features:\n  - name: dark-mode\n    enabled: true\n",
        "target: http://web\nmetric: latency\nfeatures: [retry]\n",
        "model: {name: T}\ndecision: buy\n",
        "model: T\nmetrics:\n  - {name: up, value: 1}\n",
        "---\ntitle: Notes\n---\n# Notes\n",
    )
    assert found({f"{number}.yaml": text for number, text in enumerate(texts)}) == set()


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "from", "value", "group", "minimum", "model"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
KEYS = (
    "kind schema models model version target features split slice_by decision metrics slices artifact metric"
)


@settings(max_examples=60, deadline=None)
@given(
    document=st.dictionaries(st.sampled_from([*KEYS.split(), "dataContractSpecification"]), VALUES),
    inputs=st.dictionaries(st.sampled_from(list(ASKED)), VALUES),
)
def test_no_document_and_no_input_is_too_strange(document: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Whatever stands under the keys that the rules read, and whatever a run is given."""
    text = json.dumps(document)
    files = {"a.yaml": text, "b.json": text, "c.md": f"---\nmodel-index: {text}\n---\n", **FILES}
    found(files, inputs)
