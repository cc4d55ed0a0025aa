"""Helm's templates: whether what they open is closed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.validation import validate_artifact

GOOD = """{{- /* it's a comment }} */ -}}
{{- define "a" -}}
{{ if and .Values.x (eq .Values.y "}}") }}
a: {{ .Values.z | quote }}
{{ else if `{{` }}
b: {"c": "{{ $x }}"}
{{- end }}
{{ range $k, $v := .Values.l }}{{ with $v }}{{ . }}{{ end }}{{ else }}{{ end }}
{{- end }}
"""


@pytest.mark.parametrize("text", ["", "a: 1\n", GOOD])
def test_a_balanced_template_is_not_checked(text):
    """A template without a mistake in its braces and blocks is not checked, and says how to."""
    result = validate_artifact("helm_template", text)
    assert (result.valid, result.findings) == (None, ())
    assert "helm lint" in result.reason


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a\n{{ .x\n", "helm-template-braces", 2),
        ("{{ .x }\n", "helm-template-braces", 1),
        ('{{ "a }}\n', "helm-template-braces", 1),
        ("{{ .x {{ .y }}\n", "helm-template-braces", 1),
        ("{{/* a }}\n", "helm-template-braces", 1),
        ("a\n{{ if .x }}\nb\n", "helm-template-blocks", 2),
        ("{{ end }}\n", "helm-template-blocks", 1),
        ("{{ range .x }}{{ end }}\n{{- end }}\n", "helm-template-blocks", 2),
        ("{{ else }}\n", "helm-template-blocks", 1),
    ],
)
def test_what_is_not_closed_is_invalid(text, rule, line):
    """Braces and blocks that are not closed are told with the line that opens them."""
    result = validate_artifact("helm_template", text)
    assert result.valid is False
    assert [(finding.rule, finding.line) for finding in result.findings] == [(rule, line)]


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(["{{", "}}", "if", "end", " ", '"', "`", "'", "/*", "*/", "\n", "-", "\ud800"])
    ).map("".join)
)
def test_any_text(text):
    """Any text gives a result, and none is valid."""
    assert validate_artifact("helm_template", text).valid is not True
