"""Whether a gate's rules can be asked: for a file of its own, and for one that a run is given. Pure but for reading."""

from __future__ import annotations

from pathlib import Path

from fcc import _yaml
from fcc.agents._flow_checks import common_scope, gate_outputs
from fcc.agents.chain import Chain
from fcc.agents.flow import GatePolicy, read_policy
from fcc.agents.scope import ANY, JUDGED, STRING, Scope
from fcc.errors import InvalidFileError, Problem
from fcc.workspace import show_path


def check_policy_file(path: Path) -> None:
    """Nothing, if the policy in a file can be used by some chain.

    Raises:
        InvalidFileError: it can't; every problem with its place.
    """
    policy = read_policy(path)
    if isinstance(policy, GatePolicy):
        document = _yaml.read(path, show_path(path))
        unknown = dict.fromkeys(("inputs", "events", "outputs"), ANY)
        _check(policy, {**JUDGED, "environment": STRING, **unknown}, document)


def check_for_chain(policy: GatePolicy, chain: Chain) -> None:
    """Nothing, if the rules of a policy can be asked at every gate of that chain at which a person would be.

    Raises:
        InvalidFileError: they can't, since they name what the chain does not have, or not before each of those gates.
    """
    asking = [name for part in (chain.steps, chain.environments) for name, it in part.items() if it.approve]
    known = [gate_outputs(chain, name) for name in asking] or [{}]
    outputs = {name: it for name, it in known[0].items() if all(name in others for others in known)}
    scope: Scope = {**common_scope(chain), **JUDGED, "environment": STRING, "outputs": outputs}
    _check(policy, scope, _yaml.Document(f"<approvals policy for {chain.name}>", None))


def _check(policy: GatePolicy, scope: Scope, document: _yaml.Document) -> None:
    from fcc.agents.expression import ExpressionError, parse

    found: list[Problem] = []
    for index, rule in enumerate(policy.rules):
        try:
            parse(rule.condition).check(scope)
        except ExpressionError as error:
            what = f"`{rule.outcome}`: {error.message} (at character {error.column} of `{rule.condition}`)"
            found.append(document.problem(("rules", index, rule.outcome), what))
    if found:
        raise InvalidFileError(found)
