"""The rules that findings on one file or text can have, by name; contracts have a list of their own."""

from __future__ import annotations

from functools import cache

_OF_VALIDATORS = """
    alertmanager-receiver compose-depends-on compose-duration compose-image compose-ports
    compose-schema compose-services compose-variable compose-version compose-yaml
    dockerfile-arguments dockerfile-directive dockerfile-empty dockerfile-exec-form dockerfile-fence
    dockerfile-flag dockerfile-from dockerfile-healthcheck dockerfile-heredoc dockerfile-instruction
    dockerfile-onbuild dockerfile-parse dockerfile-placeholder dockerfile-port dockerfile-shell
    dockerfile-signal dockerfile-stage gitlab-jobs gitlab-schema gitlab-script gitlab-stage
    gitlab-yaml grafana-expr grafana-grid grafana-json grafana-panel-id grafana-panel-type
    grafana-panels grafana-ref-id grafana-structure grafana-title grafana-variable hcl-empty
    hcl-labels hcl-syntax hcl-variable helm-chart helm-chart-field helm-chart-type
    helm-chart-unknown helm-chart-v1 helm-chart-value helm-dependency helm-maintainer
    helm-template-blocks helm-template-braces helm-values helm-yaml json-syntax json-value
    kubernetes-api kubernetes-base64 kubernetes-boolean kubernetes-custom-kind kubernetes-duplicate
    kubernetes-empty kubernetes-env kubernetes-image kubernetes-ingress kubernetes-key
    kubernetes-kind kubernetes-label kubernetes-name kubernetes-pod kubernetes-port
    kubernetes-privilege kubernetes-probe kubernetes-quantity kubernetes-resource kubernetes-restart
    kubernetes-role kubernetes-schedule kubernetes-schema kubernetes-selector kubernetes-service
    kubernetes-structure kubernetes-value kubernetes-volume kubernetes-yaml markdown-anchor
    markdown-conflict markdown-fence markdown-front-matter markdown-heading markdown-image
    markdown-language markdown-link markdown-tab markdown-title mermaid-empty mermaid-type
    mkdocs-nav mkdocs-setting mkdocs-syntax prometheus-config prometheus-duration prometheus-expr prometheus-group-name
    prometheus-key prometheus-label-name prometheus-promtool prometheus-record-name
    prometheus-rule-kind prometheus-structure prometheus-template prometheus-yaml
    python-outside-function python-syntax python-version python-warning shell-empty shell-fence
    shell-heredoc shell-posix shell-prose shell-syntax sql-syntax toml-syntax workflow-action
    workflow-cron workflow-expression workflow-id workflow-job workflow-jobs workflow-needs
    workflow-permissions workflow-runner workflow-schema workflow-shell workflow-step
    workflow-syntax workflow-yaml yaml-syntax
"""

_OF_TEXTS = """
    announcement empty error-text filler judge-attack keyword-stuffing noise off-topic placeholders prompt-echo
    refusal repetition shuffled-words truncated
"""
"""The gates of `fcc.evaluations.text`."""

FAMILIES = ("hadolint-", "shellcheck-", "workflow-", "compose-", "gitlab-")
"""With what rules begin whose rest comes from a tool, or from the file: which there are is not known here."""


@cache
def known_rules() -> tuple[str, ...]:
    """The rules of contracts, of environments, of validators and of the text, without checks of the user's own."""
    from fcc.evaluations.contracts import RULES
    from fcc.evaluations.environments import RULES as VARIATIONS

    texts = [f"text-{gate}" for gate in _OF_TEXTS.split()]
    return (*(rule.id for rule in RULES), *VARIATIONS, *_OF_VALIDATORS.split(), *texts, "requirement-unmet")
