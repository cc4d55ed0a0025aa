"""Facts of kubectl's command line: which objects a command names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts._commands import Command, Script, Variables, fill
from fcc.evaluations.contracts.facts import UNKNOWN
from fcc.simulation import Place

_KINDS = {
    "deployment": "Deployment",
    "deployments": "Deployment",
    "deployment.apps": "Deployment",
    "deployments.apps": "Deployment",
    "deploy": "Deployment",
    "statefulset": "StatefulSet",
    "statefulsets": "StatefulSet",
    "sts": "StatefulSet",
    "daemonset": "DaemonSet",
    "daemonsets": "DaemonSet",
    "ds": "DaemonSet",
    "service": "Service",
    "services": "Service",
    "svc": "Service",
    "hpa": "HorizontalPodAutoscaler",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
}
_VERBS = {
    "get",
    "describe",
    "rollout",
    "scale",
    "set",
    "patch",
    "port-forward",
    "logs",
    "exec",
    "wait",
    "annotate",
    "label",
    "expose",
    "autoscale",
    "edit",
    "create",
    "delete",
    "run",
}
_NAMESPACE = re.compile(r"(?<!\S)(?:--namespace(?:=|\s+)|-n(?:=|\s*))(\"[^\"]*\"|'[^']*'|\S+)")
_CLUSTER = re.compile(r"(?<!\S)(?:--(?:context|cluster|kubeconfig|server)|-s)(?:=|\s)")


def collect(
    command: Command, names: Mapping[str, str], variables: Variables, script: Script
) -> Iterator[Any]:
    """What a command says of Kubernetes objects, where it is kubectl or a function that hands on to it."""
    at = next((at for at, word in enumerate(command.words) if word in names), None)
    if at is None:
        return
    words = command.words[at + 1 :]
    verb = next((word for word in words if word in _VERBS), "")
    if not verb:
        return
    options = names[command.words[at]] + " " + " ".join(words).partition(" -- ")[0]
    namespace = _namespace(options, variables, command.line)
    for kind, raw, position in _named(words[words.index(verb) + 1 :]):
        values = fill(raw, variables, command.line)
        known = [value for value in values if UNKNOWN not in value.text]
        rest = words[words.index(verb) + 1 :][position:]
        images = (
            [word.partition("=") for word in rest if "=" in word and word[0] not in "-$\"'"]
            if verb == "set" and "image" in words
            else []
        )
        images += _quoted_images(rest) if verb == "set" and "image" in words else []
        said = known[-1].line if known and len(values) == 1 else command.line
        yield facts.KubeUse(
            verb=verb,
            kind=kind,
            names=tuple(value.text for value in values) if len(known) == len(values) else (),
            namespace=namespace,
            containers=tuple(name for name, _, _ in images),
            creates=verb in {"create", "delete"},
            elsewhere=bool(_CLUSTER.search(options)),
            place=Place(script.file, command.line),
            name_place=Place(script.file, said),
        )
        for _, _, image in images:
            for value in fill(image, variables, command.line):
                yield facts.Image(value.text, "deployed", Place(script.file, command.line))
        return


def _quoted_images(words: tuple[str, ...]) -> list[tuple[str, str, str]]:
    found = [word[1:-1].partition("=") for word in words if word[0] in "\"'" and "=" in word]
    return [part for part in found if re.fullmatch(r"[\w.*-]+", part[0])]


def _named(words: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """The first object that words name, as `kind/name` or `kind name`, and the position after it."""
    for at, word in enumerate(words):
        kind, slash, name = word.strip("\"'").partition("/")
        if slash and kind.lower() in _KINDS and name:
            yield _KINDS[kind.lower()], name, at + 1
            return
        following = words[at + 1] if at + 1 < len(words) else "-"
        if not slash and word.lower() in _KINDS and following[0] not in "-{<>[" and "/" not in following:
            yield _KINDS[word.lower()], following, at + 2
            return


def _namespace(text: str, variables: Variables, line: int) -> str:
    match = _NAMESPACE.search(text)
    if match is None:
        return ""
    values = fill(match[1], variables, line)
    return values[0].text if len(values) == 1 and UNKNOWN not in values[0].text else ""
