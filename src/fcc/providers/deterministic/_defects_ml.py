"""Defects of a hand-over from training to deployment: data, features, training, validation, pack."""

from __future__ import annotations

import re

from fcc.providers.deterministic._defect import Category, Defect, File, Replacement, times

_CHAIN = "ml-handoff"
_CONTRACT = File("data", r"data/contract\.yaml", _CHAIN)
_QUERY = File("data", r"data/training_set\.sql", _CHAIN)
_FEATURES = File("features", r"features/features\.yaml", _CHAIN)
_CONFIG = File("features", r"training/config\.yaml", _CHAIN)
_TRAINING = File("features", r"training/train\.py", _CHAIN)
_CARD = File("validation", r"MODEL_CARD\.md", _CHAIN)
_REPORT = File("validation", r"validation/report\.yaml", _CHAIN)
_IS_PACK = r'^  "approved_by": '


def _pack(id_: str, what: str, pattern: str, replacement: Replacement) -> Defect:
    """The defect that replaces the first match of a pattern in the hand-over pack."""

    def edit(text: str, _prompt: str) -> str:
        return re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)

    category: Category = "agreement"
    return Defect(id_, category, "handover", what, _IS_PACK, edit, chain=_CHAIN)


_DATA: tuple[Defect, ...] = (
    _CONTRACT.defect(
        "personal-unmarked",
        "practice",
        "The contract does not say that a column of e-mail addresses is personal.",
        r"(name: email\n +logicalType: string\n) +classification: personal\n",
        r"\1",
    ),
    _CONTRACT.defect(
        "contract-owner",
        "practice",
        "The contract names nobody who answers for the data.",
        r"^team:\n  name: .*\n",
        "",
    ),
    _CONTRACT.defect(
        "contract-column",
        "agreement",
        "The contract calls a column otherwise than the features do.",
        r"^(      - name: \w+)(\n        logicalType: \w+\n)(?! +(?:required|classification))",
        r"\1_code\2",
    ),
    _QUERY.defect(
        "query-writes",
        "practice",
        "The query deletes rows of a source.",
        r"\A",
        "DELETE FROM staging WHERE loaded IS NULL;\n",
    ),
    _QUERY.defect(
        "time-leak",
        "practice",
        "The query counts what came after the time of its row.",
        r"^ +AND \S+ < \S+\n",
        "",
        note="Whether a join looks ahead is for a judge: no rule reads the times in a query.",
    ),
)
_TRAINED: tuple[Defect, ...] = (
    _FEATURES.defect(
        "target-leak",
        "practice",
        "A feature is made from the target.",
        r"^(target: \{name: \w+, from: \[)([\w.]+)(\]\}\nfeatures:\n  - name: \w+\n    type: \w+\n    from: \[)[\w.]+",
        r"\1\2\3\2",
    ),
    _FEATURES.defect(
        "feature-column",
        "agreement",
        "A feature is made from a column that the contract does not have.",
        r"^(    from: \[[\w.]+)\]$",
        r"\1_per_week]",
    ),
    _FEATURES.defect(
        "personal-feature",
        "practice",
        "A feature is made from personal data.",
        r"\Z",
        "  - name: mail_domain\n    type: categorical\n    from: [customers.email]\n    transform: what follows the @\n"
        "    why: employers differ in how long their people stay\n",
    ),
    _CONFIG.defect(
        "feature-unknown",
        "agreement",
        "The training uses a feature that nobody has defined.",
        r"^(features: \[)",
        r"\1days_since_login, ",
    ),
    _CONFIG.defect(
        "split-missing", "practice", "Nothing is held out from the training.", r"^split: .*\n", ""
    ),
    _CONFIG.defect("seed-missing", "practice", "The training does not fix its seed.", r"^seed: .*\n", ""),
    _CONFIG.defect(
        "config-version",
        "agreement",
        "The training is for another version of the model.",
        r'(version: "\d+\.\d+\.)(\d+)',
        lambda match: f"{match[1]}{int(match[2]) + 1}",
    ),
    _TRAINING.defect(
        "training-syntax",
        "invalid",
        "The training pipeline is no valid Python.",
        r"^def main\(data, output\):$",
        "def main(data, output)",
    ),
)
_VALIDATED: tuple[Defect, ...] = (
    _REPORT.defect(
        "metric-below",
        "agreement",
        "The report approves a model whose metric is below its minimum.",
        r"(value: )(-?[\d.]+)(?=, minimum: )",
        times(0.8),
    ),
    _REPORT.defect(
        "bar-lowered",
        "agreement",
        "The report holds the model against less than was asked for.",
        r"(minimum: )([\d.]+)",
        times(0.8),
    ),
    _REPORT.defect(
        "slices-lost",
        "completeness",
        "The report says nothing about any group.",
        r"^slices:\n(?:  - .*\n)+",
        "slices: []\n",
    ),
    _REPORT.defect(
        "group-lost",
        "completeness",
        "The report leaves out one of the groups.",
        r"^(slices:\n)  - .*\n",
        r"\1",
    ),
    _REPORT.defect(
        "decision-vague",
        "practice",
        "The report neither approves nor rejects.",
        r"^decision: .*$",
        "decision: approve with conditions",
    ),
    _REPORT.defect(
        "drift-limit",
        "completeness",
        "The report does not say from which drift on the model is not to be trusted.",
        r"^  limit: .*\n",
        "",
    ),
    _CARD.defect(
        "card-figure",
        "agreement",
        "The model card claims more than was measured.",
        r"(- \{type: roc_auc, value: )([\d.]+)",
        times(1.1),
    ),
    _CARD.defect(
        "card-model", "agreement", "The model card is of another model.", r'^(model_name: ".+)"$', r'\1_next"'
    ),
    _CARD.defect(
        "card-limits",
        "completeness",
        "The model card names no limits of the model.",
        r"^## Limits\n(?:.*\n)*",
        "",
    ),
)
_HANDED_OVER: tuple[Defect, ...] = (
    _pack("pack-model", "The pack is for another model.", r'^(  "model": ".+)"', r'\1_next"'),
    _pack(
        "pack-feature",
        "The pack names a feature that nobody has defined.",
        r'^(  "features": \[\n)',
        r'\1    "days_since_login",' + "\n",
    ),
    _pack("pack-figure", "The pack claims more than was measured.", r'("value": )([\d.]+)', times(1.1)),
    _pack(
        "pack-digest",
        "The pack names another file than the one that was trained.",
        r'("digest": "sha256:)([0-9a-f]{8})',
        r"\g<1>00000000",
    ),
)

ML: tuple[Defect, ...] = (*_DATA, *_TRAINED, *_VALIDATED, *_HANDED_OVER)
