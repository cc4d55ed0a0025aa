"""`kubectl` on the simulated cluster: what a rollback or rollout script asks of it (kubernetes.io/docs/reference/kubectl)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.rehearsal.cluster.cluster import Key
from fcc.evaluations.rehearsal.cluster.deployment import RefusedError
from fcc.evaluations.rehearsal.commands import kubectl_get, kubectl_rollout, patches
from fcc.evaluations.rehearsal.commands.kubectl_call import Call, FailedError, named, parse
from fcc.evaluations.rehearsal.shell.state import Shell, Streams, delivered
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

_LOOKS = {"describe", "logs", "top", "events", "version", "cluster-info", "explain", "api-resources", "auth"}
"""What only shows something to people: it prints nothing here, and succeeds."""


def kubectl(shell: Shell, args: list[str], streams: Streams) -> int:
    """Run kubectl; its exit code. The call is noted, with the simulated time at which it began.

    Raises:
        NotUnderstoodError: it is asked for what is not simulated.
    """
    began = shell.cluster.now
    error, code = "", 0
    try:
        call = parse(args)
        call = call._replace(namespace=call.options.get("namespace", shell.namespace))
        shell.write(streams.out, _verb(call)(shell, call, streams))
    except FailedError as failed:
        error, code = str(failed), 1
    except RefusedError as refused:
        error, code = f"The request is invalid: {refused}", 1
    if error:
        shell.write(streams.err, f"{error}\n")
    shell.note(["kubectl", *args], code, error, began)
    return code


def _verb(call: Call) -> Callable[[Shell, Call, Streams], str]:
    if call.options.get("dry-run", "none") not in {"none", "false"}:
        return _nothing
    if call.verb in _LOOKS:
        return _nothing
    verb = _VERBS.get(call.verb)
    if verb is None:
        raise NotUnderstoodError(f"kubectl {call.verb}")
    return verb


def _nothing(_shell: Shell, call: Call, _: Streams) -> str:
    if call.options.get("output"):
        raise NotUnderstoodError(f"kubectl {call.verb} -o")
    return ""


def _apply(shell: Shell, call: Call, streams: Streams) -> str:
    out = ""
    for manifest in list(_manifests(shell, call, streams)):
        if call.verb == "create" and _there(shell, manifest, call.namespace):
            raise FailedError(
                f'Error from server (AlreadyExists): "{manifest["metadata"]["name"]}" already exists'
            )
        what = shell.cluster.apply(manifest, call.namespace)
        out += f"{str(manifest['kind']).lower()}/{manifest['metadata']['name']} {what}\n"
    return out


def _there(shell: Shell, manifest: dict[str, Any], namespace: str) -> bool:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return shell.cluster.find(str(manifest.get("kind")), str(name), namespace) is not None


def _manifests(shell: Shell, call: Call, streams: Streams) -> Iterator[dict[str, Any]]:
    names = call.files
    if not names:
        raise NotUnderstoodError(f"kubectl {call.verb} without -f")
    for name in names:
        yield from _documents(_text(shell, name, streams), name)


def _text(shell: Shell, name: str, streams: Streams) -> str:
    if name == "-":
        return streams.stdin.rest()
    text = shell.file_text(name)
    if text is None:
        folder = delivered(name).rstrip("/") + "/"
        texts = [
            content
            for file, content in shell.files.items()
            if f"/{folder}" in f"/{file}" and file.endswith((".yaml", ".yml", ".json"))
        ]
        if not texts:
            raise NotUnderstoodError(f"it reads {name[:60]}, which the delivery does not hold")
        text = "\n---\n".join(texts)
    return text


def _documents(text: str, name: str) -> Iterator[dict[str, Any]]:
    try:
        found = [document.data for document in _yaml.parse_all(text, name)]
    except InvalidFileError as error:
        raise FailedError(f"error: error parsing {name}: {error.problems[0].message}") from None
    if not any(found):
        raise FailedError("error: no objects passed to apply")
    for data in found:
        if isinstance(data, dict) and data.get("kind") == "List":
            yield from (item for item in data.get("items") or () if isinstance(item, dict))
        elif isinstance(data, dict):
            yield data
        elif data is not None:
            raise FailedError(f"error: {name} holds no object")


def _delete(shell: Shell, call: Call, streams: Streams) -> str:
    if call.files:
        keys = [
            key
            for item in list(_manifests(shell, call, streams))
            if (
                key := shell.cluster.find(
                    str(item.get("kind")), str((item.get("metadata") or {}).get("name")), call.namespace
                )
            )
        ]
    else:
        kinds = {target.kind for target in named(shell, call)}
        if "Pod" in kinds:
            return _delete_pods(shell, call)
        keys = kubectl_get.keys(shell, call)
    for key in keys:
        shell.cluster.delete(key)
    return "".join(f'{key[0].lower()} "{key[2]}" deleted\n' for key in keys)


def _delete_pods(shell: Shell, call: Call) -> str:
    chosen = {item["metadata"]["name"] for item in kubectl_get.objects(shell, call)}
    for deployment in shell.cluster.deployments.values():
        deployment.pods[:] = [pod for pod in deployment.pods if pod.name not in chosen]
    shell.cluster.settle()
    return "".join(f'pod "{name}" deleted\n' for name in sorted(chosen))


def change(shell: Shell, key: Key, make: Callable[[dict[str, Any]], Any]) -> None:
    """Change a stored object; `make` is given a copy, and gives the new one or changes it in place."""
    made = copy.deepcopy(shell.cluster.objects[key])
    changed = make(made)
    shell.cluster.apply(made if changed is None else changed, key[1])


def _patch(shell: Shell, call: Call, streams: Streams) -> str:
    text = call.options.get("patch")
    if text is None:
        file = call.options.get("patch-file")
        if file is None:
            raise FailedError(
                "error: must specify --patch or --patch-file containing the contents of the patch"
            )
        text = _text(shell, file, streams)
    try:
        patch = _yaml.parse_all(text, "patch")[0].data
    except (InvalidFileError, IndexError):
        raise FailedError(f"error: unable to parse the patch {text[:60]!r}") from None
    kind = call.options.get("type", "strategic")
    out = ""
    for key in kubectl_get.keys(shell, call):
        before = shell.cluster.objects[key]
        change(shell, key, lambda item: patches.patched(item, patch, kind))
        same = shell.cluster.objects.get(key) == before
        out += f"{key[0].lower()}/{key[2]} patched{' (no change)' if same else ''}\n"
    return out


def _scale(shell: Shell, call: Call, _: Streams) -> str:
    count = call.options.get("replicas", "")
    if not count.isdigit() or len(count) > 6:  # noqa: PLR2004 - more than any cluster has
        raise FailedError(
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
        )
    keys = kubectl_get.keys(shell, call)
    for key in keys:
        if key[0] != "Deployment":
            raise NotUnderstoodError(f"kubectl scale of a {key[0]}")
        change(shell, key, lambda item: item["spec"].update(replicas=int(count)))
    return "".join(f"deployment.apps/{key[2]} scaled\n" for key in keys)


def _set(shell: Shell, call: Call, _: Streams) -> str:
    if not call.words or call.words[0] not in {"image", "env"}:
        raise NotUnderstoodError(f"kubectl set {' '.join(call.words[:1])}")
    what, words = call.words[0], [word for word in call.words[1:] if "=" in word or word.endswith("-")]
    targets = call._replace(words=tuple(word for word in call.words[1:] if word not in words))
    keys = [key for key in kubectl_get.keys(shell, targets) if key[0] == "Deployment"]
    for key in keys:
        change(shell, key, lambda item: _set_in(item, what, words))
    return "".join(f"deployment.apps/{key[2]} {what} updated\n" for key in keys)


def _set_in(item: dict[str, Any], what: str, words: list[str]) -> None:
    containers = item["spec"]["template"]["spec"]["containers"]
    for word in words:
        name, _, value = word.partition("=")
        if what == "image":
            chosen = [one for one in containers if name in {"*", one.get("name")}]
            if not chosen:
                raise FailedError(f'error: unable to find container named "{name}"')
            for one in chosen:
                one["image"] = value
        else:
            for one in containers:
                kept = [env for env in one.get("env") or [] if env.get("name") != name.rstrip("-")]
                one["env"] = kept if word.endswith("-") else [*kept, {"name": name, "value": value}]


def _annotate(shell: Shell, call: Call, _: Streams) -> str:
    words = [word for word in call.words if "=" in word or word.endswith("-")]
    targets = call._replace(words=tuple(word for word in call.words if word not in words))
    field = "annotations" if call.verb == "annotate" else "labels"
    keys = kubectl_get.keys(shell, targets)
    for key in keys:
        change(shell, key, lambda item: _label(item["metadata"], field, words))
    return "".join(f"{key[0].lower()}/{key[2]} {call.verb}d\n" for key in keys)


def _label(metadata: dict[str, Any], field: str, words: list[str]) -> None:
    marks = metadata.setdefault(field, {})
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            marks[name] = value
        else:
            marks.pop(name.rstrip("-"), None)


def _config(shell: Shell, call: Call, _: Streams) -> str:
    what = call.words[:1]
    if what == ("set-context",) and "current" in call.options:
        shell.namespace = call.options.get("namespace", shell.namespace)
        return "Context modified.\n"
    if what in {("use-context",), ("set-context",)}:
        return ""
    if what == ("current-context",):
        return "rehearsal\n"
    raise NotUnderstoodError(f"kubectl config {' '.join(what)}")


def _wait(shell: Shell, call: Call, _: Streams) -> str:
    from fcc.evaluations.rehearsal.shell.calls import seconds

    condition = call.options.get("for", "").removeprefix("condition=").lower()
    limit = seconds(call.options.get("timeout", "30s"))
    if condition == "delete":
        gone = not kubectl_get.keys(
            shell, call._replace(options={**call.options, "ignore-not-found": "true"})
        )
        return _waited(call, held=gone)
    if condition not in {"available", "available=true", "ready", "ready=true"}:
        raise NotUnderstoodError(f"kubectl wait --for={condition[:40]}")
    wanted = condition.partition("=")[0].capitalize()
    if not kubectl_get.objects(shell, call):
        raise FailedError("error: no matching resources found")
    held = shell.wait(lambda: kubectl_get.all_are(kubectl_get.objects(shell, call), wanted), limit)
    return _waited(call, held=held)


def _waited(call: Call, *, held: bool) -> str:
    if not held:
        raise FailedError(f"error: timed out waiting for the condition on {' '.join(call.words)}")
    return f"{' '.join(call.words)} condition met\n"


def _get(shell: Shell, call: Call, _: Streams) -> str:
    if "watch" in call.options:
        raise NotUnderstoodError("kubectl get --watch")
    found = kubectl_get.objects(shell, call)
    single = kubectl_get.is_single(shell, call)
    if single and not found:
        return ""
    return kubectl_get.shown(found, call.options, single=single)


def _create(shell: Shell, call: Call, streams: Streams) -> str:
    if call.files:
        return _apply(shell, call, streams)
    if call.words[:1] in {
        ("event",),
        ("token",),
        ("job",),
        ("configmap",),
        ("cm",),
        ("secret",),
        ("namespace",),
        ("ns",),
    }:
        if call.options.get("output"):
            raise NotUnderstoodError(f"kubectl create {call.words[0]} -o")
        return ""
    raise NotUnderstoodError(f"kubectl create {' '.join(call.words[:1])}")


_VERBS: dict[str, Callable[[Shell, Call, Streams], str]] = {
    "annotate": _annotate,
    "apply": _apply,
    "config": _config,
    "create": _create,
    "delete": _delete,
    "get": _get,
    "label": _annotate,
    "patch": _patch,
    "replace": _apply,
    "rollout": lambda shell, call, _: kubectl_rollout.rollout(shell, call),
    "scale": _scale,
    "set": _set,
    "wait": _wait,
}
