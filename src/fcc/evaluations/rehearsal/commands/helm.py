"""`helm` on the simulated cluster, approximately: a release is every Deployment that there is, and goes back as one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell, Streams

_VALUED = {"-n", "--namespace", "--timeout", "--history-max", "--max", "--kube-context", "-o", "--output"}


def helm(shell: Shell, args: list[str], streams: Streams) -> int:
    """Run `helm rollback`, `history` or `status`; only where the delivery holds a chart, else it is not understood."""
    if not any(file.rpartition("/")[2] == "Chart.yaml" for file in shell.files):
        raise NotUnderstoodError("helm, since the delivery holds no chart")
    words: list[str] = []
    options: set[str] = set()
    at = 0
    while at < len(args):
        if args[at].startswith("-"):
            options.add(args[at].partition("=")[0])
            at += 1 if args[at] in _VALUED else 0
        else:
            words.append(args[at])
        at += 1
    if words[:1] != ["rollback"] and (
        words[:1] not in (["history"], ["status"]) or options & {"-o", "--output"}
    ):
        raise NotUnderstoodError(f"helm {' '.join(words[:1])}")
    began = shell.cluster.now
    code = _rollback(shell, words, options, streams) if words[0] == "rollback" else 0
    shell.note(["helm", *args], code, "", began)
    return code


def _rollback(shell: Shell, words: list[str], options: set[str], streams: Streams) -> int:
    to = int(words[2]) if len(words) > 2 and words[2].isdigit() and len(words[2]) < 6 else 0  # noqa: PLR2004
    changed = False
    for key, deployment in list(shell.cluster.deployments.items()):
        older = (
            [item for item in deployment.revisions if item.number == to] if to else deployment.revisions[:-1]
        )
        if older:
            made = copy.deepcopy(shell.cluster.objects[key])
            made["spec"]["template"] = copy.deepcopy(older[-1].template)
            shell.cluster.apply(made, key[1])
            changed = True
    if not changed:
        shell.write(streams.err, "Error: release has no 0 version\n")
        return 1
    if options & {"--wait", "--atomic"}:
        cluster = shell.cluster
        held = shell.wait(
            lambda: all(
                item.is_complete(cluster.objects[key]["spec"], cluster.now)
                for key, item in cluster.deployments.items()
            ),
            300,
        )
        if not held:
            shell.write(streams.err, "Error: timed out waiting for the condition\n")
            return 1
    shell.write(streams.out, "Rollback was a success! Happy Helming!\n")
    return 0
