"""Kubernetes manifests: what the API server of one pinned version takes, strictly."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.evaluations.validators import _kubernetes_rules as rules
from fcc.evaluations.validators import _kubernetes_schema as schemas
from fcc.evaluations.validators import _kubernetes_values as values
from fcc.evaluations.validators._kubernetes_schema import Api
from fcc.evaluations.validators.check import (
    NotCheckedError,
    advice,
    documents,
    error,
    line_of,
    mapping,
    warning,
)
from fcc.simulation import Finding

_HELM = re.compile(
    r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Files|Capabilities)\b"
    r"|(?:if|range|with|include|template|define|tpl|toYaml|end)\b)"
)
_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
_PRIVILEGES = {"allowPrivilegeEscalation", "privileged"}
_NAMELESS = re.compile(r"(?:List|Review|Options|Event)$")
_LABELLED = {"Namespace", "Service"}
"""Kinds whose names are DNS labels; others' may have dots."""
_NAMED_FREELY = ("certificates.", "rbac.")
"""Groups whose names may be anything that fits into a path."""
_MOST_CRON_JOB = 52
_KUSTOMIZE = "kustomize files"
_CUSTOM = "custom kinds, of which no schema is here"
_WRITTEN_NAME = re.compile(r"[\w. -]+", re.ASCII)
_CONVENTIONS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/#required-fields"  # what an object needs


class _Object(NamedTuple):
    """One Kubernetes object, and where it stands in its file."""

    document: _yaml.Document
    value: Any
    path: tuple[str | int, ...] = ()

    def line(self, *path: str | int) -> int:
        return line_of(self.document, (*self.path, *path))


def check(text: str) -> Iterator[Finding]:
    """The findings on a manifest of one or more objects, of Kubernetes 1.37.

    Of custom kinds only the basics are checked; a file with no other is not checked. Nor is a template.
    """
    found, refused = documents(text, "kubernetes-yaml")
    if refused and _HELM.search(text):
        raise NotCheckedError("it is a template; what it renders to can be checked")
    yield from refused
    objects = [
        item for each in found if each.data is not None for item in _unwrapped(_Object(each, each.data))
    ]
    if not refused and not any(each.data is not None for each in found):
        yield error("kubernetes-empty", "there is no manifest in it", 1, f"Write one: {_CONVENTIONS}")
    whole = []
    for item in objects:
        basic = list(_basics(item))
        yield from basic
        whole += [] if basic else [item]
    if refused or (objects and not whole):
        return
    schemas.folder()
    custom: list[tuple[str, int]] = []
    stopped: NotCheckedError | None = None
    for item in whole:
        try:
            yield from _checked(item, text, custom)
        except NotCheckedError as reason:
            stopped = reason
    kinds = sorted({name for name, _ in custom} - {_KUSTOMIZE})[:5]
    names = "; ".join([*([f"{', '.join(kinds)}: {_CUSTOM}"] if kinds else []), *_kustomize(custom)])
    if custom and len(custom) == len(objects):
        raise NotCheckedError(names)
    if custom:
        yield advice("kubernetes-custom-kind", f"not checked: {names}", custom[0][1])
    if stopped:
        raise stopped


def _kustomize(custom: list[tuple[str, int]]) -> list[str]:
    return [_KUSTOMIZE] if any(name == _KUSTOMIZE for name, _ in custom) else []


def _unwrapped(item: _Object) -> Iterator[_Object]:
    """The object, or those in it where it is a plain list of objects."""
    if mapping(item.value).get("kind") != "List" or item.value.get("apiVersion") != "v1":
        yield item
        return
    inside = item.value.get("items")
    if inside is not None and not isinstance(inside, list):
        yield item
        return
    for index, value in enumerate(inside or ()):
        yield from _unwrapped(_Object(item.document, value, (*item.path, "items", index)))


def _checked(item: _Object, text: str, custom: list[tuple[str, int]]) -> Iterator[Finding]:
    """The findings on one object; a kind that Kubernetes does not have is added to `custom`."""
    kind = item.value["kind"]
    api = Api.of(item.value["apiVersion"], kind)
    schema = schemas.schema_of(api)
    if schema is None:
        yield from _unknown(item, api, custom)
        return
    found = chain(
        rules.problems(kind, item.value, ()), schemas.problems(schema, item.value, (), rules.problems)
    )
    for problem in islice(found, schemas.MOST_PROBLEMS):
        where = ".".join(map(str, problem.path[-8:])) or kind
        make = warning if problem.warns else error
        message = f"{kind}: {where[:120]}: {problem.message}"
        yield make(problem.rule, message, item.line(*problem.path), problem.hint)
    if "metadata" in schema["properties"] and not _NAMELESS.search(kind):
        yield from _name(item, api)
    yield from _booleans(item, text)
    yield from _secret(item)
    yield from _privileges(item, item.value, ())


def _basics(item: _Object) -> Iterator[Finding]:
    """What any object needs, of a custom kind too."""
    if not isinstance(item.value, dict):
        yield error(
            "kubernetes-structure",
            "a manifest must be a mapping with `apiVersion`, `kind` and `metadata`",
            item.line(),
            f"See {_CONVENTIONS}",
        )
        return
    for key, example in (("apiVersion", "apps/v1"), ("kind", "Deployment")):
        value = item.value.get(key)
        if not isinstance(value, str) or not value:
            what = "must be a text" if value else "is missing"
            yield error(
                "kubernetes-structure", f"`{key}` {what}", item.line(key), f"As in `{key}: {example}`."
            )
    metadata = item.value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        yield error(
            "kubernetes-structure",
            "`metadata` must be a mapping",
            item.line("metadata"),
            "As in `metadata: {name: web}`.",
        )
    if item.value.get("kind") == "List" and item.value.get("apiVersion") == "v1":
        yield error(
            "kubernetes-structure",
            "`items` of a List must be a list",
            item.line("items"),
            "Start each with `-`.",
        )


def _name(item: _Object, api: Api) -> Iterator[Finding]:
    """Whether the name is there, and one that the API takes (kubernetes.io/docs/concepts/overview/.../names)."""
    metadata = mapping(item.value.get("metadata"))
    name = metadata.get("name")
    line = item.line("metadata", "name")
    if not name and not metadata.get("generateName"):
        yield error("kubernetes-name", "`metadata.name` is missing", line, "Give it a name.")
    if not isinstance(name, str) or not _WRITTEN_NAME.fullmatch(name) or values.is_placeholder(name):
        return
    if api.group.startswith(_NAMED_FREELY):
        return
    wrong = values.dns_label(name) if api.kind in _LABELLED else values.subdomain(name)
    if not wrong and api.kind == "CronJob" and len(name) > _MOST_CRON_JOB:
        wrong = f"it is longer than {_MOST_CRON_JOB} characters, the most that leaves room for its jobs"
    hint = "Use lower-case letters, digits and `-` only."
    if wrong:
        yield error("kubernetes-name", f"`{name[:60]}` can't be a name: {wrong}", line, hint)
    elif api.kind == "Service" and name[0].isdigit():
        message = (
            f"`{name[:60]}` starts with a digit, which clusters before Kubernetes 1.37 refuse in a Service"
        )
        yield warning("kubernetes-name", message, line, "Start it with a letter.")


def _unknown(item: _Object, api: Api, custom: list[tuple[str, int]]) -> Iterator[Finding]:
    """What to say of a kind that this version of Kubernetes does not have; groups of its own have no others."""
    version = schemas.VERSION
    siblings = [other for other in schemas.known() if other.group == api.group]
    kinds = {other.kind for other in siblings if other.version == api.version}
    instead = sorted(
        {f"{other.group}/{other.version}".lstrip("/") for other in schemas.known() if other.kind == api.kind}
    )
    written = f"{api.group}/{api.version}".lstrip("/")
    if api.group == "monitoring.coreos.com" and api.kind == "PrometheusRule":
        from fcc.evaluations.validators.prometheus import check_groups

        yield from _name(item, api)
        yield from check_groups(item.document, item.value.get("spec"), (*item.path, "spec"))
    elif api.group == "kustomize.config.k8s.io":
        custom.append((_KUSTOMIZE, item.line()))
    elif not siblings and "." in api.group and _VERSION.fullmatch(api.version):
        custom.append((f"{api.kind[:60]} ({written[:60]})", item.line()))
    elif instead:
        hint = f"Write `apiVersion: {instead[-1]}`."
        message = f"Kubernetes {version} has no {api.kind[:60]} in {written[:60]}"
        yield error("kubernetes-api", message, item.line("apiVersion"), hint)
    else:
        near = get_close_matches(api.kind[:60], kinds, 1)
        hint = f"Did you mean `{near[0]}`?" if near else "Check `apiVersion` and `kind`."
        message = f"Kubernetes {version} has no kind {api.kind[:60]} in {written[:60]}"
        yield error("kubernetes-kind", message, item.line("kind"), hint)


def _booleans(item: _Object, text: str) -> Iterator[Finding]:
    """Values of environment variables that Kubernetes reads as booleans, since it reads YAML 1.1."""
    lines: list[str] = []
    for path, (line, column) in item.document.places.items():
        if path[-1:] != ("value",) or "env" not in path or path[: len(item.path)] != item.path:
            continue
        lines = lines or text.split("\n")
        written = lines[line - 1][column - 1 :] if line <= len(lines) else ""
        found = re.fullmatch(r"value:\s+([a-zA-Z]{1,3})\s*(?:#.*)?", written.rstrip())
        if found and found[1].lower() in schemas.BOOLEANS:
            message = f"`{found[1]}` without quotes is a boolean to Kubernetes, and must be a text"
            yield error("kubernetes-boolean", message, line, "Put it in quotes.")


def _privileges(item: _Object, value: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """Containers that may do more than theirs (kubernetes.io/docs/concepts/security/pod-security-standards, baseline)."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _privileges(item, inner, (*path, index))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        here = (*path, key)
        if path[-1:] == ("securityContext",) and key in _PRIVILEGES and inner is True:
            hint = f"Write `{key}: false`, or leave it to those that need it."
            yield warning("kubernetes-privilege", f"`{key}` is on", item.line(*here), hint)
        else:
            yield from _privileges(item, inner, here)


def _secret(item: _Object) -> Iterator[Finding]:
    if item.value["kind"] != "Secret":
        return
    for key, value in mapping(item.value.get("data")).items():
        if isinstance(value, str) and not _is_base64(value):
            message = f"`data.{key[:60]}` is not base64"
            hint = "Encode it, or write it under `stringData`."
            yield warning("kubernetes-base64", message, item.line("data", key), hint)


def _is_base64(value: str) -> bool:
    try:
        b64decode("".join(value.split()), validate=True)
    except ValueError:
        return False
    return True
