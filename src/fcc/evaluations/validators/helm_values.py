"""Helm's `values.yaml`: any mapping (https://helm.sh/docs/chart_template_guide/values_files/)."""

from __future__ import annotations

from collections.abc import Iterator

from fcc.evaluations.validators.check import documents, error, line_of
from fcc.simulation import Finding


def check(text: str) -> Iterator[Finding]:
    """The findings on a file of values; one that is empty is valid."""
    found, refused = documents(text, "helm-yaml")
    yield from refused
    for document in found:
        if document.data is not None and not isinstance(document.data, dict):
            yield error(
                "helm-values", "values must be a mapping", line_of(document, ()), "Write `name: value` lines."
            )
    if len(found) > 1:
        yield error(
            "helm-values", "values must be one document", line_of(found[1], ()), "Take the `---` out."
        )
