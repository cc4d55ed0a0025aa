"""What every step must agree on: names, image, port, paths and service levels.

A reply opens with them, since the next step may see no more than the reply's first 500 characters; and the
next step reads them back from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from fcc.providers.deterministic.kinds import kinds_in
from fcc.providers.deterministic.serving import Serving, profile_of
from fcc.providers.deterministic.sla import Sla, read_sla
from fcc.providers.deterministic.text import NAME_LIMIT, clean, slug

REGISTRY = "ghcr.io/example"
SAME = "Service, Deployment, Namespace"
"""The key of a line that gives one name to all three."""

_KEYS = {
    "model": "model",
    "model name": "model",
    "framework": "framework",
    "serving": "serving",
    "target": "target",
    "target env": "target",
    "target environment": "target",
    "service": "service",
    "service name": "service",
    "app": "service",
    "application": "service",
    "deployment": "deployment",
    "deployment name": "deployment",
    "namespace": "namespace",
    "image": "image",
    "container image": "image",
    "registry": "registry",
    "port": "port",
    "container port": "port",
    "containerport": "port",
    "liveness": "live",
    "liveness path": "live",
    "liveness probe": "live",
    "readiness": "ready",
    "readiness path": "ready",
    "readiness probe": "ready",
    "metrics": "metrics",
    "metrics path": "metrics",
    "strategy": "strategy",
    "replicas": "replicas",
    "domain": "domain",
    "log level": "log_level",
}
_ASKED = frozenset({"replicas", "domain", "log_level"})
"""What only the request itself says: in what is handed on, they are lines of somebody's manifests."""
_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9/_.-]{0,23}", re.ASCII)
_IMAGE = re.compile(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,30})?",
    re.ASCII,
)
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", re.ASCII)
_VERSION = re.compile(r"[_\s-]v?(\d{1,4}(?:\.\d{1,4}){0,2})$", re.ASCII)
_SUBJECT = re.compile(
    r"\b(?:for|deploying|deploy|model|service|called|named)\s+(?:(?:the|model|service)\s+){0,2}[`\"']?([A-Za-z][\w.-]*)",
    re.ASCII,
)
_ON_PORT = re.compile(r"\bport (\d{2,5})\b", re.ASCII)
_IMAGE_LIMIT = 80
_DOMAIN_LIMIT = 60
_MOST_REPLICAS = 1000
_LOG_LEVELS = ("debug", "info", "warning", "error")
_MODEL_LIMIT = 50
_TELLING = frozenset({"model", "serving", "service", "deployment", "image"})


class Facts(NamedTuple):
    """The names and figures that all artifacts of one system share."""

    model: str
    """As the request writes it; "" where it names none."""
    framework: str
    serving: str
    target: str
    service: str
    deployment: str
    namespace: str
    image: str
    """With its tag."""
    port: int
    live: str
    ready: str
    metrics: str
    strategy: str
    """`blue-green` or `rolling`."""
    sla: Sla
    known: bool
    """The request says at least one of them, so they are worth repeating."""
    asked_replicas: int = 0
    """How many copies the request names; 0 where it names no number."""
    domain: str = ""
    """Where the outside reaches it; "" where the request names none."""
    log_level: str = ""
    """How much it logs; "" where the request does not say."""

    @property
    def subject(self) -> str:
        """What to call the system in a sentence."""
        return self.model or self.service

    @property
    def repository(self) -> str:
        return _split_image(self.image)[0]

    @property
    def tag(self) -> str:
        return _split_image(self.image)[1]

    @property
    def profile(self) -> Serving:
        """How the service is served."""
        return profile_of(self.serving)

    @property
    def cloud(self) -> str:
        """`gcp`, `aws`, `azure` or "" as the target's name tells."""
        low = self.target.lower()
        for cloud, signs in _CLOUDS.items():
            if any(sign in low for sign in signs):
                return cloud
        return ""

    @property
    def replicas(self) -> int:
        """How many copies run: those that are asked for, else what the availability asks for at the least."""
        if self.asked_replicas:
            return self.asked_replicas
        return 5 if self.sla.availability > 99.95 else 3 if self.sla.availability > 99 else 2  # noqa: PLR2004


_CLOUDS = {"gcp": ("gke", "google", "gcp"), "aws": ("eks", "aws", "amazon"), "azure": ("aks", "azure")}


def read_facts(own: list[str], material: list[str]) -> Facts:
    """The facts that the request states, then those handed on to it, then defaults that follow from both."""
    found: dict[str, str] = {}
    for line in own:
        _read_line(line, found)
    asked = {field: found.get(field, "") for field in _ASKED}
    for line in material:
        _read_line(line, found)
    sla = read_sla([*own, *filter(_states_sla, material)])
    known = not _TELLING.isdisjoint(found) or sla.latency_given or sla.availability_given
    low = "\n".join(own).lower()
    for field, value in _mentioned(own, low).items():
        found.setdefault(field, value)
    serving = found.get("serving", "")
    profile = profile_of(serving)
    name = slug(_bare(found.get("model", "")), "app")
    service = found.get("service", name)
    return Facts(
        model=found.get("model", ""),
        framework=found.get("framework", ""),
        serving=serving,
        target=found.get("target", ""),
        service=service,
        deployment=found.get("deployment", service),
        namespace=found.get("namespace", service),
        image=_image(found, service),
        port=int(found.get("port", profile.port)),
        live=found.get("live", profile.live),
        ready=found.get("ready", profile.ready),
        metrics=found.get("metrics", "/metrics"),
        strategy="blue-green" if _asks_blue_green(own) else found.get("strategy", "rolling"),
        sla=sla,
        known=known,
        asked_replicas=int(asked["replicas"] or 0),
        domain=asked["domain"],
        log_level=asked["log_level"],
    )


def _read_line(line: str, found: dict[str, str]) -> None:
    key, colon, value = line[:400].partition(":")
    if not colon or len(key) > 60:  # noqa: PLR2004 - longer is a sentence
        return
    key = " ".join(key.strip("-*#>+•` \t").replace("*", "").replace("_", " ").lower().split())
    value = clean(value.strip().strip("*` "), 120)
    if not value:
        return
    field = _KEYS.get(key, "")
    if not field and key.endswith((" deploying", " deploy")):
        field = "model"
    if key == SAME.lower() and _as_name(value):
        found.update({name: value for name in ("service", "deployment", "namespace") if name not in found})
        return
    checked = _checked(field, value)
    if checked:
        found.setdefault(field, checked)
    elif field == "service":
        found.setdefault("model", value)


def _asks_blue_green(own: list[str]) -> bool:
    """A line of the request itself names the strategy, and does not deny it."""
    return any("blue" in line.lower() and "blue-green" in kinds_in(line) for line in own)


def _states_sla(line: str) -> bool:
    """A `Key: value` line about service levels, not a sentence that mentions one."""
    key, colon, _ = line[:60].partition(":")
    low = key.lower()
    return bool(colon) and any(sign in low for sign in ("sla", "slo", "latency", "availability", "uptime"))


def _checked(field: str, value: str) -> str:
    """The value as that field takes it, or "" where it can't be one."""
    check = _CHECKS.get(field)
    return check(value) if check else ""


def _as_name(value: str) -> str:
    fits = len(value) <= NAME_LIMIT and _NAME.fullmatch(value) and slug(value, "") == value
    return value if fits else ""


def _as_image(value: str) -> str:
    return value if len(value) <= _IMAGE_LIMIT and _IMAGE.fullmatch(value) else ""


def _as_path(value: str) -> str:
    return value if _PATH.fullmatch(value) else ""


def _as_port(value: str) -> str:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0  # noqa: PLR2004 - digits
    return str(number) if 0 < number < 65536 else ""  # noqa: PLR2004 - TCP's highest port is 65535


def _as_replicas(value: str) -> str:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0  # noqa: PLR2004 - digits
    return str(number) if 0 < number <= _MOST_REPLICAS else ""


def _as_domain(value: str) -> str:
    return value if len(value) <= _DOMAIN_LIMIT and _DOMAIN.fullmatch(value) else ""


def _as_log_level(value: str) -> str:
    return value.lower() if value.lower() in _LOG_LEVELS else ""


def _as_strategy(value: str) -> str:
    return next((known for known in ("blue-green", "rolling") if known in value.lower()), "")


_CHECKS: dict[str, Callable[[str], str]] = {
    "model": lambda value: clean(value, _MODEL_LIMIT),
    "framework": lambda value: clean(value, NAME_LIMIT),
    "serving": lambda value: clean(value, NAME_LIMIT),
    "target": lambda value: clean(value, NAME_LIMIT),
    "service": _as_name,
    "deployment": _as_name,
    "namespace": _as_name,
    "image": _as_image,
    "registry": _as_image,
    "live": _as_path,
    "ready": _as_path,
    "metrics": _as_path,
    "port": _as_port,
    "strategy": _as_strategy,
    "replicas": _as_replicas,
    "domain": _as_domain,
    "log_level": _as_log_level,
}


def is_fact(line: str) -> bool:
    """The line states one of the facts, so it asks for nothing."""
    found: dict[str, str] = {}
    _read_line(line, found)
    return bool(found)


def _mentioned(own: list[str], low: str) -> dict[str, str]:
    """What the request drops in a sentence: a name with a digit, `_` or `-` in it, a port, a server, a cloud."""
    found: dict[str, str] = {}
    for line in own:
        for match in _SUBJECT.finditer(line[:400]):
            name = match[1].rstrip(".-_")
            if any(c in name for c in "_-0123456789") and len(name) <= NAME_LIMIT:
                found.setdefault("model", name)
        port = _ON_PORT.search(line[:400])
        if port and _as_port(port[1]):
            found.setdefault("port", port[1])
    for name in ("FastAPI", "Flask", "BentoML", "MLflow"):
        if name.lower() in low:
            found.setdefault("serving", name)
    for name in ("GKE", "EKS", "AKS"):
        if f" {name.lower()}" in low:
            found.setdefault("target", f"Kubernetes ({name})")
    return found


def _bare(model: str) -> str:
    """The model's name without what is said about it in brackets."""
    return model.partition(" (")[0]


def _image(found: dict[str, str], service: str) -> str:
    image = found.get("image") or f"{found.get('registry', REGISTRY)}/{service}"
    if _split_image(image)[1]:
        return image
    version = _VERSION.search(_bare(found.get("model", "")))
    parts = version[1].split(".") if version else ["1"]
    return f"{image}:{'.'.join([*parts, '0', '0'][:3])}"


def _split_image(image: str) -> tuple[str, str]:
    head, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag
