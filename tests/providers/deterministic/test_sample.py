"""Samples of a schema: what the messages state under the names of its properties, where it fits."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fcc.providers.base import Message, ModelRequest, ResponseFormat
from fcc.providers.deterministic import DeterministicProvider
from fcc.providers.deterministic.sample import stated, write_sample

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["model", "replicas", "is_public", "stage", "features", "metric", "kind", "version", "owner"],
    "properties": {
        "model": {"type": "string", "examples": ["some_model"]},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 9},
        "is_public": {"type": "boolean"},
        "stage": {"enum": ["dev", "live"]},
        "features": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "metric": {
            "type": "object",
            "required": ["name", "value"],
            "properties": {"name": {"type": "string"}, "value": {"type": "number"}},
        },
        "kind": {"const": "pack"},
        "version": {"$ref": "#/$defs/version"},
        "owner": {"type": "object"},
    },
    "$defs": {"version": {"type": "string", "pattern": r"^\d+\.\d+$", "examples": ["1.0"]}},
}
REQUEST = """\
Hand the model over.
Model: churn_v2
Replicas: 3
Is public: false
Stage: live
Kind: other
Version: 2.1
Owner: somebody

<material-1f2e from="training">
## Facts

- Model: another
- Features: `region`, tenure
- **Metric name**: roc_auc
- Metric value: 0.84
</material-1f2e>
"""


def sample(text: str, schema: dict[str, Any] = SCHEMA) -> Any:
    request = ModelRequest((Message("user", text),), response_format=ResponseFormat(schema))
    return json.loads(asyncio.run(DeterministicProvider().complete(request)).text)


def test_what_is_stated_goes_into_the_properties_of_those_names() -> None:
    """Texts, numbers, truth, choices and lists; nested ones by both names; what the request says itself first."""
    assert sample(REQUEST) == {
        "model": "churn_v2",
        "replicas": 3,
        "is_public": False,
        "stage": "live",
        "features": ["region", "tenure"],
        "metric": {"name": "roc_auc", "value": 0.84},
        "kind": "pack",
        "version": "2.1",
        "owner": {},
    }


@pytest.mark.parametrize(
    "line",
    [
        "Replicas: 30",
        "Replicas: many",
        "Replicas: 3.5",
        "Replicas:",
        "Stage: moon",
        "Version: two",
        "Kind: x",
    ],
)
def test_what_does_not_fit_is_passed_over(line: str) -> None:
    """Then the sample is what it is without it."""
    assert sample(f"Hand over.\n{line}\n") == json.loads(write_sample(SCHEMA))


def test_a_sample_without_such_lines_is_as_it_was() -> None:
    """Byte for byte; neither prose nor the schema in the request states anything."""
    text = f"Decide on the model, please: as you like.\n{json.dumps(SCHEMA, indent=2)}\n"
    assert write_sample(SCHEMA, stated([Message("user", text)])) == write_sample(SCHEMA)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["Model", "Replicas", "Stage", "Features", "Metric value", "Version", "- Owner"]),
            st.text(max_size=30),
        ),
        max_size=6,
    )
)
def test_the_sample_always_fits(lines: list[tuple[str, str]]) -> None:
    """Whatever is stated."""
    value = sample("\n".join(f"{key}: {text}" for key, text in lines))
    assert Draft202012Validator(SCHEMA).is_valid(value)
