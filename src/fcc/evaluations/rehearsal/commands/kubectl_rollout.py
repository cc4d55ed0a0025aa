"""`kubectl rollout` on simulated Deployments."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from fcc.evaluations.rehearsal.cluster.cluster import Key
from fcc.evaluations.rehearsal.cluster.deployment import Deployment
from fcc.evaluations.rehearsal.commands import kubectl_get
from fcc.evaluations.rehearsal.commands.kubectl_call import Call, FailedError
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell

_FOREVER = 86_400.0
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def rollout(shell: Shell, call: Call) -> str:
    """Run a subcommand for each Deployment that is named; what it prints."""
    what = call.words[0] if call.words else ""
    if what not in {"undo", "status", "history", "restart", "pause", "resume"}:
        raise NotUnderstoodError(f"kubectl rollout {what}")
    call = call._replace(words=call.words[1:])
    out = ""
    for key in kubectl_get.keys(shell, call):
        if key[0] != "Deployment":
            raise NotUnderstoodError(f"kubectl rollout {what} of a {key[0]}")
        deployment = shell.cluster.deployments[key]
        if what == "undo":
            out += _undo(shell, key, deployment, call.options.get("to-revision", "0"))
        elif what == "status":
            out += _status(shell, key, deployment, call)
        elif what == "history":
            out += _history(key, deployment, call.options.get("revision", ""))
        else:
            _marked(shell, key, what)
            out += f"deployment.apps/{key[2]} {what.rstrip('e')}ed\n"
    return out


def _undo(shell: Shell, key: Key, deployment: Deployment, to: str) -> str:
    if shell.cluster.objects[key]["spec"].get("paused"):
        raise FailedError(
            f'error: cannot rollback a paused deployment; resume it first with "kubectl rollout resume" and try again: {key[2]}'
        )
    if not to.isdigit() or len(to) > 6:  # noqa: PLR2004 - more than any history has
        raise FailedError(f"error: invalid revision {to!r}")
    older = deployment.revisions[:-1]
    if int(to):
        chosen = next((item for item in deployment.revisions if item.number == int(to)), None)
        if chosen is None:
            raise FailedError(f"error: unable to find specified revision {to} in history")
    elif older:
        chosen = older[-1]
    else:
        raise FailedError(f'error: no rollout history found for deployment "{key[2]}"')
    if chosen is deployment.current:
        return f"deployment.apps/{key[2]} skipped rollback (current template already matches revision {chosen.number})\n"
    _template(shell, key, copy.deepcopy(chosen.template))
    return f"deployment.apps/{key[2]} rolled back\n"


def _template(shell: Shell, key: Key, template: dict[str, Any]) -> None:
    made = copy.deepcopy(shell.cluster.objects[key])
    made["spec"]["template"] = template
    shell.cluster.apply(made, key[1])


def _marked(shell: Shell, key: Key, what: str) -> None:
    made = copy.deepcopy(shell.cluster.objects[key])
    if what == "restart":
        metadata = made["spec"]["template"].setdefault("metadata", {})
        metadata.setdefault("annotations", {})[_RESTARTED] = f"{shell.cluster.now:.0f}"
    elif what == "pause":
        made["spec"]["paused"] = True
    else:
        made["spec"].pop("paused", None)
    shell.cluster.apply(made, key[1])


def _status(shell: Shell, key: Key, deployment: Deployment, call: Call) -> str:
    from fcc.evaluations.rehearsal.shell.calls import seconds

    spec = shell.cluster.objects[key]["spec"]
    cluster = shell.cluster
    if call.options.get("watch") == "false":
        return "" if deployment.is_complete(spec, cluster.now) else "Waiting for the rollout to finish…\n"
    limit = (
        seconds(call.options["timeout"]) if call.options.get("timeout", "0s") not in {"0", "0s"} else _FOREVER
    )
    shell.wait(
        lambda: deployment.is_complete(spec, cluster.now) or deployment.gave_up(spec, cluster.now), limit
    )
    if deployment.is_complete(spec, cluster.now):
        return f'deployment "{key[2]}" successfully rolled out\n'
    if deployment.gave_up(spec, cluster.now):
        raise FailedError(f'error: deployment "{key[2]}" exceeded its progress deadline')
    raise FailedError("error: timed out waiting for the condition")


def _history(key: Key, deployment: Deployment, revision: str) -> str:
    if revision:
        found = next((item for item in deployment.revisions if str(item.number) == revision), None)
        if found is None:
            raise FailedError(f"error: unable to find the specified revision {revision}")
        image = found.template["spec"]["containers"][0].get("image", "")
        return f"deployment.apps/{key[2]} with revision #{revision}\nPod Template:\n    Image:\t{image}\n"
    lines = "".join(f"{item.number:<9} {item.cause or '<none>'}\n" for item in deployment.revisions)
    return f"deployment.apps/{key[2]} \nREVISION  CHANGE-CAUSE\n{lines}\n"
