"""By what an artifact is known to be the one that was asked for. Private to :mod:`fcc.evaluations.requirements`.

The kinds are those of :func:`fcc.simulation.kinds.kind_of`; Kubernetes' own kinds are those of its API
(https://kubernetes.io/docs/reference/kubernetes-api/).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fcc.simulation.artifacts import Artifact


class Sign(NamedTuple):
    """Something that can be asked for by name, and by what one tells it."""

    asked: re.Pattern[str]
    kinds: frozenset[str] = frozenset()
    path: re.Pattern[str] | None = None
    content: re.Pattern[str] | None = None
    strict: bool = True
    """Whether only an artifact will do, or a section with a code block; else prose may meet it, too."""
    of_api: bool = False
    """Whether it is an object of Kubernetes' API."""

    def line(self, artifact: Artifact, kind: str) -> int:
        """The line of the artifact, from 1, by which it is the one; 0 where it is not."""
        if self.content is not None and (found := self.content.search(artifact.content)):
            return artifact.content.count("\n", 0, found.start()) + 1
        named = self.path is not None and self.path.search(artifact.path)
        return 1 if kind in self.kinds or named else 0


def _sign(asked: str, kinds: str = "", path: str = "", content: str = "", *, strict: bool = True) -> Sign:
    return Sign(
        re.compile(asked, re.IGNORECASE),
        frozenset(kinds.split()),
        re.compile(path, re.IGNORECASE) if path else None,
        re.compile(content, re.MULTILINE) if content else None,
        strict,
    )


def _object(asked: str, kinds: str) -> Sign:
    return _sign(asked, content=rf"^kind:[ \t]*[\"']?(?:{kinds})[\"']?[ \t]*$")._replace(of_api=True)


_OBJECTS = (
    (r"\b(?:hpa|horizontal ?pod ?autoscal\w+|autoscal(?:er|ing))\b", "HorizontalPodAutoscaler"),
    (r"\b(?:pdb|pod ?disruption ?budgets?)\b", "PodDisruptionBudget"),
    (r"\bnetwork ?polic(?:y|ies)\b", "NetworkPolicy|CiliumNetworkPolicy"),
    (r"\brbac\b|\brole ?bindings?\b", "(?:Cluster)?Role(?:Binding)?"),
    (r"\bservice ?accounts?\b", "ServiceAccount"),
    (r"\bconfig ?maps?\b", "ConfigMap"),
    (r"\bstateful ?sets?\b", "StatefulSet"),
    (r"\bdaemon ?sets?\b", "DaemonSet"),
    (r"\bcron ?jobs?\b", "CronJob"),
    (r"\b(?:service|pod) ?monitors?\b", "(?:Service|Pod)Monitor"),
)
_PLAIN_OBJECTS = (
    (r"^deployments?$", "Deployment"),
    (r"^services?$", "Service"),
    (r"^ingress(?:es)?$", "Ingress|HTTPRoute"),
    (r"^namespaces?$", "Namespace"),
    (r"^jobs?$", "Job"),
    (r"^secrets?$", "Secret|ExternalSecret|SealedSecret"),
)
"""Kinds whose names are plain words: only where Kubernetes is what is spoken of."""

_KUBERNETES = re.compile(r"\b(?:kubernetes|k8s|manifests?)\b", re.IGNORECASE)
_FROM = r"^FROM[ \t]+(?:--\S+[ \t]+)?"

SIGNS: tuple[Sign, ...] = (
    *(_object(asked, kinds) for asked, kinds in _OBJECTS),
    _sign(r"\bmulti-?\s?stage\b", content=rf"{_FROM}\S+[^\n]*\n(?:[^\n]*\n)*?(?={_FROM}\S)", strict=False),
    _sign(
        r"\b(?:minimal|small|slim)\s+(?:\w+\s+)?image\b",
        content=rf"{_FROM}\S*(?:slim|alpine|distroless|scratch|minimal|micro|wolfi|chiseled|chainguard)",
        strict=False,
    ),
    _sign(r"\b(?:docker|container)files?\b", "dockerfile"),
    _sign(r"\bgithub (?:actions?|workflows?)\b", "github_workflow"),
    _sign(r"\bgitlab[ -]ci\b", "gitlab_ci"),
    _sign(r"\bjenkinsfile\b", path=r"jenkinsfile", content=r"^pipeline\s*\{"),
    _sign(r"\b(?:docker[ -])?compose (?:file|ya?ml)\b|\bdocker[ -]compose\b", "docker_compose"),
    _sign(r"\bhelm\b", "helm_chart_yaml helm_values helm_template", path=r"(^|/)charts?/"),
    _sign(r"\bterraform\b", "hcl"),
    _sign(r"\bgrafana\b", "grafana_dashboard"),
    _sign(r"\balert(?:ing)?[ -]rules?\b|\bprometheus (?:alert\w*|rules?)\b", "prometheus_rules"),
    _sign(
        r"\b(?:metrics?|prometheus) exporter\b|\bscrape config",
        content=r"\bscrape_configs:|\bprometheus_client\b|\bprom-client\b|^kind: (?:Service|Pod)Monitor",
        strict=False,
    ),
    _sign(
        r"\blog(?:s|ging)? (?:aggregat|ship|collect|forward)",
        path=r"fluent-?(?:bit|d)|promtail|logstash|filebeat|vector\.",
        content=r"\b(?:fluent-?bit|fluentd|promtail|logstash|filebeat)\b",
        strict=False,
    ),
    _sign(
        r"\bsecrets? management\b|\bexternal[ -]secrets?\b|\bsealed[ -]secrets?\b",
        content=r"^kind:[ \t]*(?:ExternalSecret|SealedSecret|SecretProviderClass|SecretStore|ClusterSecretStore)",
        strict=False,
    ),
    _sign(
        r"\b(?:kubernetes|k8s) (?:manifests?|ya?ml|resources?|objects?|specs?|specifications?|configs?)\b",
        "kubernetes",
    ),
    _sign(
        r"\b\w+[ -]as[ -]code\b",
        "docker_compose dockerfile github_workflow gitlab_ci grafana_dashboard hcl helm_chart_yaml helm_template helm_values"
        " kubernetes prometheus_rules shell yaml json toml python",
    ),
)
_PLAIN = tuple(_object(asked, kinds) for asked, kinds in _PLAIN_OBJECTS)


def sign_of(text: str, context: str = "") -> Sign | None:
    """What is asked for by a text that is part of a context, where it is something that an artifact can be."""
    found = next((sign for sign in SIGNS if sign.asked.search(text)), None)
    if found is None and _KUBERNETES.search(f"{context} {text}"):
        bare = _KUBERNETES.sub("", text).strip()
        found = next((sign for sign in _PLAIN if sign.asked.match(bare)), None)
    return found
