"""Trains churn_predictor_v2. Usage: train.py TRAINING_SET.parquet OUTPUT_FOLDER"""

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
from sklearn.ensemble import HistGradientBoostingClassifier

ROOT = Path(__file__).parent.parent


def split(rows, shares, by):
    """The rows in order of time, cut into training, validation and test."""
    rows = rows.sort_values(by) if by else rows.sample(frac=1.0, random_state=20)
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
    estimator = HistGradientBoostingClassifier(**config["estimator"]["parameters"], random_state=config["seed"])
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
