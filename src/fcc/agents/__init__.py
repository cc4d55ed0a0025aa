"""An agent is persona + template + provider; a chain is a file of steps, each an agent or a gate."""

from fcc.agents.agent import Agent
from fcc.agents.chain import Chain, ChainInput, HandoffRule, Step
from fcc.agents.flow import GatePolicy, Policy, ReadinessPolicy, read_policy
from fcc.agents.handoff import Handoff, fence, hand_off
from fcc.agents.order import Schedule
from fcc.agents.plan import Plan, PlannedStep, make_plan
from fcc.agents.units import Unit, unfold

__all__ = [
    "Agent",
    "Chain",
    "ChainInput",
    "GatePolicy",
    "Handoff",
    "HandoffRule",
    "Plan",
    "PlannedStep",
    "Policy",
    "ReadinessPolicy",
    "Schedule",
    "Step",
    "Unit",
    "fence",
    "hand_off",
    "make_plan",
    "read_policy",
    "unfold",
]
