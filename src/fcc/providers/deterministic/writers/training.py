"""Features and training: definitions, configuration, and the pipeline from them to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.learning import WINDOW, Feature, Learning, read_learning
from fcc.providers.deterministic.text import fence, fill, quote, section

SEED = 20


class _Library(NamedTuple):
    """What a framework settles."""

    module: str
    classifier: str
    regressor: str
    parameters: str


_LIBRARIES = {
    "xgboost": _Library(
        "xgboost", "XGBClassifier", "XGBRegressor", "{n_estimators: 300, max_depth: 6, learning_rate: 0.05}"
    ),
    "lightgbm": _Library(
        "lightgbm",
        "LGBMClassifier",
        "LGBMRegressor",
        "{n_estimators: 300, num_leaves: 31, learning_rate: 0.05}",
    ),
}
_SKLEARN = _Library(
    "sklearn.ensemble",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "{max_iter: 300, learning_rate: 0.05, l2_regularization: 1.0}",
)
_PIPELINE = '''\
"""Trains @{name}. Usage: train.py TRAINING_SET.parquet OUTPUT_FOLDER"""

import hashlib
import json
import sys
from pathlib import Path

import joblib
import pandas as pd
import yaml
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import get_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from @{module} import @{estimator}

ROOT = Path(__file__).parent.parent


def split(rows, shares, by):
    """The rows in order of time, cut into training, validation and test."""
    rows = rows.sort_values(by) if by else rows.sample(frac=1.0, random_state=@{seed})
    first = int(len(rows) * shares["train"])
    second = first + int(len(rows) * shares["validation"])
    return rows[:first], rows[first:second], rows[second:]


def pipeline(config, features):
    """Preparation and estimator as one, so that the service prepares as the training did."""
    numeric = [item["name"] for item in features if item["type"] == "numeric"]
    other = [item["name"] for item in features if item["type"] != "numeric"]
    prepare = make_column_transformer(
        (SimpleImputer(strategy="median"), numeric),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), other),
    )
    estimator = @{estimator}(**config["estimator"]["parameters"], random_state=config["seed"])
    return make_pipeline(prepare, estimator)


def baseline(rows, features):
    """What the training rows look like, for telling later how far live inputs have moved."""
    found = {}
    for item in features:
        values = rows[item["name"]]
        if item["type"] == "numeric":
            edges = sorted(set(values.quantile([i / 10 for i in range(11)]).tolist()))
            found[item["name"]] = {"edges": edges}
        else:
            found[item["name"]] = {"shares": values.astype(str).value_counts(normalize=True).to_dict()}
    return found


def main(data, output):
    config = yaml.safe_load((ROOT / "training/config.yaml").read_text())
    defined = yaml.safe_load((ROOT / "features/features.yaml").read_text())["features"]
    features = [item for item in defined if item["name"] in config["features"]]
    names = [item["name"] for item in features]
    shares = config["split"]
    train, validation, test = split(pd.read_parquet(data), shares, shares.get("by"))
    model = pipeline(config, features).fit(train[names], train[config["target"]])
    score = get_scorer(config["metric"]["name"])
    metrics = {
        "validation": float(score(model, validation[names], validation[config["target"]])),
        "test": float(score(model, test[names], test[config["target"]])),
        "groups": {
            f"{column}={value}": float(score(model, rows[names], rows[config["target"]]))
            for column in config["slice_by"]
            for value, rows in test.groupby(column)
            if rows[config["target"]].nunique() > 1
        },
    }
    output.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, output / "model.joblib")
    digest = hashlib.sha256((output / "model.joblib").read_bytes()).hexdigest()
    (output / "metrics.json").write_text(json.dumps({**metrics, "digest": f"sha256:{digest}"}, indent=2))
    (output / "baseline.json").write_text(json.dumps(baseline(train, features), indent=2))
    return 0 if metrics["test"] >= config["metric"]["minimum"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
'''


def write_features(brief: Brief) -> str:
    """Each feature with its type, its columns, what is done with them, and why."""
    asked = read_learning(brief)
    entity = ["entity: " + asked.base.key.name, *([f"as_of: {asked.time}"] if asked.time else [])]
    lines = [
        f"model: {quote(asked.model, 50)}",
        f"version: {quote(asked.version)}",
        *entity,
        f"target: {{name: {asked.target.name}, from: [{asked.target.path}]}}",
        "features:",
        *[line for feature in asked.features for line in _feature(feature)],
    ]
    note = "One entry a feature; the training and the service read the same file."
    return section("Feature definitions", note, fence("yaml", "features/features.yaml", "\n".join(lines)))


def _feature(feature: Feature) -> list[str]:
    if feature.summed:
        what = f"sum over the {WINDOW} days before, 0 where there is none"
        why = "what somebody did lately tells more than what they did once"
    elif feature.numeric:
        what, why = (
            "as it stands; the training's median where it is missing",
            "a quantity that the question turns on",
        )
    else:
        what, why = (
            "one column for each value; all zero for a value that the training did not see",
            "a condition under which the answer may differ",
        )
    return [
        f"  - name: {feature.name}",
        f"    type: {'numeric' if feature.numeric else 'categorical'}",
        f"    from: [{feature.column.path}]",
        f"    transform: {what}",
        f"    why: {why}",
    ]


def write_config(brief: Brief) -> str:
    """What the pipeline reads: model, target, features, estimator, split, metric and seed."""
    asked = read_learning(brief)
    library, estimator = _estimator(asked)
    by = f"by: {asked.time}, " if asked.time else ""
    least = f", minimum: {asked.minimum}" if asked.minimum else ""
    lines = [
        f"model: {{name: {quote(asked.model, 50)}, version: {quote(asked.version)}}}",
        f"target: {asked.target.name}",
        f"features: [{', '.join(feature.name for feature in asked.features)}]",
        f"slice_by: [{', '.join(column.name for column in asked.sliced)}]",
        "estimator:",
        f"  class: {library.module}.{estimator}",
        f"  parameters: {library.parameters}",
        f"split: {{{by}train: 0.7, validation: 0.15, test: 0.15}}",
        f"metric: {{name: {asked.metric}{least}}}",
        f"seed: {SEED}",
    ]
    note = (
        f"The {'newest' if asked.time else 'last'} 15 % of the rows are the test set: nothing is chosen by it. "
        "What it is measured by is no feature for that."
    )
    return section("Training configuration", note, fence("yaml", "training/config.yaml", "\n".join(lines)))


def write_pipeline(brief: Brief) -> str:
    """From the training set to the model, its metrics and the baseline for drift."""
    asked = read_learning(brief)
    library, estimator = _estimator(asked)
    body = fill(
        _PIPELINE,
        name=asked.model.replace("\\", "/").replace('"', "'"),
        module=library.module,
        estimator=estimator,
        seed=SEED,
    )
    note = (
        "It leaves `model.joblib`, `metrics.json` with the metric by group and the model's digest, and `baseline.json` "
        f"for drift; it fails where {asked.metric} on the test set is below its minimum."
    )
    return section("Training pipeline", note, fence("python", "training/train.py", body))


def _estimator(asked: Learning) -> tuple[_Library, str]:
    low = asked.framework.lower()
    library = next((known for name, known in _LIBRARIES.items() if name in low), _SKLEARN)
    numeric = asked.target.type in {"integer", "number"}
    return library, library.regressor if numeric else library.classifier


WRITERS: Mapping[str, Callable[[Brief], str]] = {
    "features": write_features,
    "training-config": write_config,
    "training-pipeline": write_pipeline,
}
