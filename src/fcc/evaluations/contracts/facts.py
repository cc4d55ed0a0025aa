"""What artifacts say that others must agree with: typed facts, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

from fcc.simulation import Place

T = TypeVar("T")

UNKNOWN = "\0"
"""Stands in a text for a part that only a run of it would tell."""
COMMIT = "\1"
"""Stands in a text for the commit that is built."""


@dataclass(frozen=True, slots=True)
class Source:
    """An artifact as it is checked."""

    file: str
    kind: str
    """As in `fcc.evaluations.validation.KINDS`."""
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What was asked for; empty for a folder that no agent wrote."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The run's inputs, such as `latency_sla`."""
    tasks: Mapping[str, str] = field(default_factory=dict)
    """What each step was asked, by its name."""


class Resource(NamedTuple):
    """A Kubernetes object."""

    kind: str
    name: str
    namespace: str
    """"" where the object does not say."""
    labels: Mapping[str, str]
    place: Place


class Port(NamedTuple):
    """A port that a container, a policy or a probe names."""

    name: str
    number: int | None
    place: Place


class Probe(NamedTuple):
    """How the kubelet asks a container."""

    kind: str
    """`liveness`, `readiness` or `startup`."""
    path: str
    """"" where it asks otherwise than by HTTP."""
    port: int | str | None
    place: Place
    path_place: Place


class Reference(NamedTuple):
    """A Secret or ConfigMap that a pod uses."""

    kind: str
    name: str
    key: str
    """"" for all of it."""
    optional: bool
    place: Place


class Quantity(NamedTuple):
    """What a container asks for, or may use at most, of one resource."""

    resource: str
    text: str
    place: Place


class Container(NamedTuple):
    """A container of a pod template."""

    name: str
    image: str
    init: bool
    ports: tuple[Port, ...]
    probes: tuple[Probe, ...]
    command: tuple[str, ...]
    """Command and arguments; empty where the image's own run."""
    references: tuple[Reference, ...]
    mounts: tuple[tuple[str, Place], ...]
    requests: tuple[Quantity, ...]
    limits: tuple[Quantity, ...]
    user: int | None
    non_root: bool
    place: Place
    image_place: Place
    user_place: Place


class Workload(NamedTuple):
    """What runs pods."""

    kind: str
    name: str
    namespace: str
    labels: Mapping[str, str]
    """Those of its pods."""
    selector: Mapping[str, str] | None
    replicas: int | None
    containers: tuple[Container, ...]
    volumes: frozenset[str]
    service_account: str
    annotations: Mapping[str, str]
    """Those of its pods."""
    place: Place
    labels_place: Place
    selector_place: Place
    replicas_place: Place
    account_place: Place
    annotations_place: Place


class ServicePort(NamedTuple):
    """A port of a Service, and where it leads."""

    name: str
    number: int | None
    target: int | str
    place: Place


class Service(NamedTuple):
    """A Service with a selector or without."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    external: bool
    place: Place
    selector_place: Place


class Autoscaler(NamedTuple):
    """A HorizontalPodAutoscaler."""

    name: str
    namespace: str
    target_kind: str
    target: str
    least: int | None
    most: int | None
    utilization: tuple[str, ...]
    """The resources whose utilization it holds."""
    place: Place
    target_place: Place
    range_place: Place


class Selection(NamedTuple):
    """What selects pods or Services by labels: a disruption budget, a network policy, a monitor."""

    kind: str
    name: str
    namespace: str
    labels: Mapping[str, str]
    simple: bool
    """Whether the labels are all of the selector."""
    ingress: bool
    """Whether it limits what comes in."""
    ports: tuple[Port, ...] | None
    """Those it lets through or scrapes; None for any."""
    place: Place


class Backend(NamedTuple):
    """Where an Ingress leads."""

    ingress: str
    namespace: str
    service: str
    port: int | str | None
    place: Place


class Provided(NamedTuple):
    """A Secret or ConfigMap that is made."""

    kind: str
    name: str
    namespace: str
    keys: frozenset[str] | None
    """None where they can't be told."""
    place: Place


class Binding(NamedTuple):
    """A RoleBinding or ClusterRoleBinding."""

    name: str
    namespace: str
    role_kind: str
    role: str
    accounts: tuple[tuple[str, str, Place], ...]
    """Name, namespace and place of each service account."""
    place: Place


class Image(NamedTuple):
    """A container image that something names."""

    reference: str
    role: str
    """`built`, `deployed` (by a command), `scanned`, `run` (by a manifest), `chart` (by Helm values), `compose`,
    `base` (of another image) or `named` (by any other file)."""
    place: Place


class Job(NamedTuple):
    """A job of a workflow."""

    id: str
    name: str
    needs: tuple[str, ...]
    words: frozenset[str]
    """Those of its id and name, and of its steps."""
    deploys: bool
    place: Place
    needs_place: Place


class KubeUse(NamedTuple):
    """A Kubernetes object that a command names."""

    verb: str
    kind: str
    names: tuple[str, ...]
    """What the name may be; empty where it can't be told."""
    namespace: str
    containers: tuple[str, ...]
    """Those whose image the command sets."""
    creates: bool
    elsewhere: bool
    """Whether the command names its cluster, which may be another than that of the manifests."""
    place: Place
    name_place: Place
    """Where the name is said; elsewhere where it comes from a variable."""


class Url(NamedTuple):
    """An HTTP address that a script, workflow or image asks."""

    host: str
    port: int | None
    path: str
    origin: str
    """`image`, `script` or `workflow`."""
    place: Place


class CopyFrom(NamedTuple):
    """What a Dockerfile copies from that is none of its stages."""

    name: str
    stages: tuple[str, ...]
    place: Place


class AlertLabel(NamedTuple):
    """A label by which something picks alerts."""

    name: str
    value: str
    place: Place


class Listen(NamedTuple):
    """A port that a server is told to listen on."""

    port: int
    place: Place


class Exposed(NamedTuple):
    """A port that an image exposes."""

    port: int
    place: Place


class ImageUser(NamedTuple):
    """Who the last stage of an image runs as; "" for who its base runs as."""

    user: str
    place: Place


class Query(NamedTuple):
    """A PromQL expression of a rule or dashboard."""

    expr: str
    alert: str
    """The alert's name; "" of any other."""
    record: str
    """What a recording rule calls it; "" of any other."""
    text: str
    """The alert's annotations."""
    labels: Mapping[str, str]
    """The alert's labels."""
    limits: tuple[float, ...]
    """Where a dashboard's panel draws lines."""
    place: Place


class Metric(NamedTuple):
    """A metric that Python code declares."""

    name: str
    type: str
    labels: frozenset[str] | None
    """None where they can't be told."""
    buckets: tuple[float, ...] | None
    """Upper bounds of a histogram's buckets; None where they can't be told."""
    place: Place


class Elsewhere(NamedTuple):
    """That what is seen is not all there is: `metrics`, `routes`, `jobs`, `labels` or `objects`."""

    what: str
    place: Place


class Scrape(NamedTuple):
    """A scrape job of Prometheus."""

    job: str
    path: str
    ports: tuple[int, ...]
    """The container ports that it keeps."""
    place: Place
    path_place: Place


class Route(NamedTuple):
    """A path that Python code serves."""

    path: str
    place: Place


class Literal(NamedTuple):
    """A secret's value that stands in an artifact."""

    what: str
    placeholder: bool
    place: Place


class Instruction(NamedTuple):
    """Words to a model, in an artifact."""

    text: str
    place: Place


class Facts:
    """The facts of a set of artifacts, by type, and what was asked for."""

    def __init__(self, found: Iterable[Any], sources: tuple[Source, ...], context: Context) -> None:
        self.sources, self.context = sources, context
        self._found: dict[type, list[Any]] = {}
        self._made: dict[Callable[[Facts], Any], Any] = {}
        for fact in found:
            self._found.setdefault(type(fact), []).append(fact)
        self.whole = not any(item.what == "objects" for item in self.of(Elsewhere))
        """Whether every artifact could be read; if not, what seems to be missing may stand in one that was not."""

    def of(self, kind: type[T]) -> list[T]:
        """Every fact of one type, in the order of the artifacts."""
        return self._found.get(kind, [])

    def once(self, make: Callable[[Facts], T]) -> T:
        """What a function makes of the facts; made at the first call."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("T", self._made[make])
