"""kubectl's command line, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell

_VALUED = {
    "as", "cluster", "context", "field-manager", "field-selector", "filename", "for", "grace-period", "kubeconfig",
    "label-columns", "namespace", "output", "patch", "patch-file", "replicas", "request-timeout", "revision", "selector",
    "server", "sort-by", "tail", "template", "timeout", "to-revision", "token", "type", "user", "current-replicas",
}  # fmt: skip
_FLAGS = {
    "all", "all-namespaces", "cascade", "current", "dry-run", "force", "ignore-not-found", "insecure-skip-tls-verify",
    "no-headers", "now", "overwrite", "prune", "quiet", "record", "server-side", "force-conflicts", "show-labels", "validate",
    "wait", "watch", "previous", "all-containers", "from-literal", "from-file", "local", "client", "short",
}  # fmt: skip
_SHORT = {"f": "filename", "l": "selector", "n": "namespace", "o": "output", "p": "patch", "s": "server"}
_SHORT_FLAGS = {"A": "all-namespaces", "w": "watch", "q": "quiet"}
_ALIASES = {
    "Deployment": "deployment deployments deploy deployment.apps deployments.apps deployment.v1.apps",
    "Service": "service services svc",
    "HorizontalPodAutoscaler": "hpa horizontalpodautoscaler horizontalpodautoscalers horizontalpodautoscaler.autoscaling",
    "Pod": "pod pods po",
    "ReplicaSet": "replicaset replicasets rs replicaset.apps replicasets.apps",
    "Endpoints": "endpoints endpoint ep",
    "ConfigMap": "configmap configmaps cm",
    "Secret": "secret secrets",
    "Namespace": "namespace namespaces ns",
    "Ingress": "ingress ingresses ing",
    "ServiceAccount": "serviceaccount serviceaccounts sa",
    "StatefulSet": "statefulset statefulsets sts statefulset.apps",
    "DaemonSet": "daemonset daemonsets ds daemonset.apps",
    "Job": "job jobs",
    "CronJob": "cronjob cronjobs cj",
    "PersistentVolumeClaim": "pvc persistentvolumeclaim persistentvolumeclaims",
    "PodDisruptionBudget": "pdb poddisruptionbudget poddisruptionbudgets",
    "NetworkPolicy": "networkpolicy networkpolicies netpol",
}
_KINDS = {alias: kind for kind, aliases in _ALIASES.items() for alias in aliases.split()}


class FailedError(Exception):
    """What kubectl prints when it exits with 1."""


class Call(NamedTuple):
    """A call of kubectl."""

    verb: str
    words: tuple[str, ...]
    """What follows the verb and is no option."""
    options: Mapping[str, str]
    """By their long names."""
    files: tuple[str, ...]
    namespace: str = ""


class Target(NamedTuple):
    """What a call names: a kind, and a name unless it is all of them."""

    kind: str
    name: str = ""


def parse(args: list[str]) -> Call:
    """The parts of kubectl's arguments.

    Raises:
        NotUnderstoodError: an option is not known here.
    """
    words: list[str] = []
    options: dict[str, str] = {}
    files: list[str] = []
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            raise NotUnderstoodError("kubectl … --")
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, value, has_value = _option(word)
        if name in _VALUED and not has_value:
            if at >= len(args):
                raise FailedError(f"error: flag needs an argument: {word}")
            value = args[at]
            at += 1
        if name == "filename":
            files += value.split(",")
        options[name] = value
    if not words:
        raise NotUnderstoodError("kubectl without a verb")
    return Call(words[0], tuple(words[1:]), options, tuple(files))


def _option(word: str) -> tuple[str, str, bool]:
    """The long name of an option, its value, and whether the word holds it."""
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        if name not in _VALUED | _FLAGS:
            raise NotUnderstoodError(f"kubectl's option {word[:40]}")
        return name, value if equals else "true", bool(equals)
    letter, rest = word[1], word[2:]
    if letter in _SHORT:
        return _SHORT[letter], rest.removeprefix("="), bool(rest)
    if letter in _SHORT_FLAGS and not rest:
        return _SHORT_FLAGS[letter], "true", True
    raise NotUnderstoodError(f"kubectl's option {word[:40]}")


def named(shell: Shell, call: Call) -> list[Target]:
    """What a call's words name, as `kind/name …`, `kind name …`, or `kind,kind`.

    Raises:
        FailedError: nothing is named.
        NotUnderstoodError: a kind is not known here.
    """
    words = list(call.words)
    if not words:
        raise FailedError("error: You must specify the type of resource.")
    if any("/" in word for word in words):
        found = []
        for word in words:
            kind, slash, name = word.partition("/")
            if not slash or not name:
                raise FailedError(
                    f"error: there is no need to specify a resource type as a separate argument: {word}"
                )
            found.append(Target(kind_of(shell, kind), name))
        return found
    kinds = [kind_of(shell, kind) for kind in words[0].split(",")]
    return [Target(kind, name) for kind in kinds for name in words[1:] or [""]]


def kind_of(shell: Shell, alias: str) -> str:
    """The kind that a word means."""
    known = _KINDS.get(alias.lower())
    if known:
        return known
    plain = alias.lower().partition(".")[0]
    stored = {key[0] for key in shell.cluster.objects}
    found = next((kind for kind in sorted(stored) if plain in {kind.lower(), kind.lower() + "s"}), "")
    if not found:
        raise NotUnderstoodError(f"objects of the kind {alias[:40]!r}")
    return found
