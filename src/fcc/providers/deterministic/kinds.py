"""Which deliverables a text asks for, told by its words."""

from __future__ import annotations

from fcc.providers.deterministic.text import words

STAGE_KINDS = ("workflow", "stages", "artifacts")
KUBERNETES = ("deployment", "service", "hpa")
INFRASTRUCTURE = ("dockerfile", *KUBERNETES, "helm", "blue-green", "secrets", "network", "rbac")
MONITORING = ("probes", "exporter", "dashboard", "alerts", "rollback", "logging")

_PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stories", (" user stor",)),
    ("workflow", (" github actions", " github workflow", " ci cd ", " ci pipeline", " cd pipeline",
                  " workflow yaml", " deployment pipeline ", " delivery pipeline ")),
    ("stages", (" stage definition", " stages table", " stage table")),
    ("artifacts", (" artifact spec", " artefact spec", " artifact definition", " build artifact")),
    ("dockerfile", (" dockerfile", " docker file ", " containerfile ")),
    ("helm", (" helm ",)),
    ("blue-green", (" blue green ", " bluegreen ")),
    ("secrets", (" secrets management", " secret management", " external secret", " externalsecret", " secret store")),
    ("network", (" network polic", " networkpolic")),
    ("rbac", (" rbac ", " role based access", " rolebinding")),
    ("hpa", (" hpa ", " horizontal pod autoscal", " horizontalpodautoscal")),
    ("probes", (" health check script", " health check prob", " healthcheck script", " liveness", " readiness prob",
                " probe script", " health checks ")),
    ("exporter", (" exporter ", " exporters ", " scrape config", " servicemonitor ", " prometheus metrics",
                  " prometheus config", " metrics config", " prometheus scrape")),
    ("dashboard", (" grafana ", " dashboard")),
    ("alerts", (" alert rule", " alerting rule", " alerts ", " prometheus rule", " prometheusrule", " alerting ")),
    ("rollback", (" rollback script", " rollback automation", " automated rollback", " automatic rollback")),
    ("logging", (" log aggregation", " structured json log", " json logging", " structured logging", " logging config",
                 " fluent bit ", " log shipping")),
    ("inventory", (" research inventory",)),
    ("page-plan", (" page plan ",)),
    ("landing-page", (" landing page ",)),
    ("quick-start-page", (" quick start page ",)),
    ("reference-page", (" reference page ",)),
    ("runbook-page", (" runbook page ",)),
    ("docs-site", (" documentation site ",)),
    ("data-contract", (" data contract",)),
    ("training-set", (" training set quer",)),
    ("features", (" feature definition",)),
    ("training-config", (" training config",)),
    ("training-pipeline", (" training pipeline",)),
    ("model-card", (" model card",)),
    ("validation-report", (" validation report",)),
    ("incident-report", (" incident report",)),
)  # fmt: skip
_DENIALS = (
    " no ",
    " not ",
    " without ",
    " except ",
    " never ",
    " skip ",
    " don t ",
    " instead of ",
    " rather than ",
)
_PROSE = frozenset(
    [
        "analyse",
        "analyze",
        "assess",
        "compare",
        "describe",
        "discuss",
        "document",
        "evaluate",
        "explain",
        "outline",
        "review",
        "summarise",
        "summarize",
        "teach",
    ]
)
_MANIFEST_SIGNS = (" manifest", " yaml ", " resources ", " objects ")
_PARTS = (
    ("deployment", " deployment "),
    ("service", " service "),
    ("ingress", " ingress "),
    ("hpa", " hpa "),
    ("hpa", " autoscal"),
)
_NAMED_PARTS = frozenset({"network", "rbac", "secrets", "hpa"})


def kinds_in(text: str) -> tuple[str, ...]:
    """The kinds of deliverable that the text names, in a fixed order; none where it asks for prose about them."""
    said = _granted(text[:2000])
    if said.split(maxsplit=1)[:1] and said.split(maxsplit=1)[0] in _PROSE:
        return ()
    kinds = [kind for kind, phrases in _PHRASES if any(phrase in said for phrase in phrases)]
    if " script " not in said and " scripts " not in said and ("dockerfile" in kinds or _manifests(said)):
        kinds = [kind for kind in kinds if kind != "probes"]
    if _manifests(said):
        parts = [kind for kind, phrase in _PARTS if phrase in said]
        kinds = [*(parts or ([] if _NAMED_PARTS & set(kinds) else KUBERNETES)), *kinds]
    return tuple(dict.fromkeys(kinds))


def whole_family(text: str) -> tuple[str, ...]:
    """Every kind of a family that the text asks for by the family's name alone."""
    said = _granted(text[:2000])
    if " infrastructure as code " in said:
        return INFRASTRUCTURE
    if " monitoring as code " in said:
        return MONITORING
    return ()


def _manifests(said: str) -> bool:
    if " deployment manifest" in said or " deployment yaml " in said:
        return True
    cluster = " kubernetes " in said or " k8s " in said
    return cluster and any(sign in said for sign in _MANIFEST_SIGNS)


def _granted(text: str) -> str:
    """The text's words without what follows a "no" or "without" in the same clause."""
    for mark in "\n;.()":
        text = text.replace(mark, ",")
    kept = []
    for clause in text.split(","):
        said = words(clause)
        cuts = [said.find(denial) for denial in _DENIALS if denial in said]
        kept.append(said[: min(cuts)] if cuts else said)
    return " " + " ".join(" ".join(kept).split()) + " "
