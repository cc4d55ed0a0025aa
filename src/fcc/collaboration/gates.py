"""Gates that decide by policy: the rules of a file, or the readiness of what came before. Pure."""

from __future__ import annotations

from fcc.agents import GatePolicy, Policy, ReadinessPolicy
from fcc.agents.flow import Outcome
from fcc.simulation import Evidence, GateQuestion, Ruling, StepRecord, decide
from fcc.simulation.facts import of_steps


class PolicyGate:
    """Opens where the environment before is ready and the gate's policy allows; asks where a person must say."""

    def __init__(self, approvals: GatePolicy | None = None) -> None:
        self._approvals = approvals
        """Decides in every person's place, as `run --approvals` asks for."""

    def rule(self, question: GateQuestion) -> Ruling:
        """What the policies say, the first that does not allow; none is asked where a hard stop is broken."""
        if question.halt is not None:
            return Ruling("deny", "constitution", str(question.halt))
        ruling = Ruling("allow")
        if question.ready is not None:
            ruling = _by_readiness(question.ready, question.steps, "the environment before it")
        if ruling.outcome == "allow" and question.policy is not None:
            by = question.names_of.get("policy", "its policy")
            ruling = _by_policy(question.policy, question, "deny", by)
        if ruling.outcome == "deny" or (ruling.outcome == "allow" and not question.question):
            return ruling
        named = question.names_of.get("approval", "its approval policy")
        for policy, called in ((self._approvals, "the approvals policy"), (question.approval, named)):
            if policy is not None:
                ruling = _by_policy(policy, question, "ask", called)
                if ruling.outcome != "ask":
                    return ruling
        return Ruling("ask", reason=ruling.reason if ruling.outcome == "ask" else "")


def _by_policy(policy: Policy, question: GateQuestion, otherwise: Outcome, by: str) -> Ruling:
    if isinstance(policy, ReadinessPolicy):
        return _by_readiness(policy, question.steps, "what it needs")
    from fcc.agents.expression import parse

    names = {**question.names, **of_steps(question.steps)}
    for rule in policy.rules:
        if parse(rule.condition).holds(names):
            return Ruling(rule.outcome, by, rule.reason or f"`{rule.condition}` holds")
    outcome = policy.otherwise or otherwise
    return Ruling(outcome, by, "none of its rules holds")


def _by_readiness(policy: ReadinessPolicy, steps: tuple[StepRecord, ...], what: str) -> Ruling:
    evidence = [Evidence(step.name, step.score, step.findings) for step in steps if step.counts]
    if not evidence:
        return Ruling("allow", "readiness", "there is nothing to judge before it")
    verdict = decide(policy, evidence)
    if verdict.decision == "APPROVED":
        return Ruling("allow", "readiness", f"{what} is ready")
    return Ruling("deny", "readiness", f"{what} is not ready: {verdict.reasons[0]}")
