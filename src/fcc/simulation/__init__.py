"""Running: messages, the engine, the runner with its ledger and gates, and the record that a run leaves."""

from fcc.providers.keys import call_key, fingerprint
from fcc.simulation.artifacts import Artifact, extract_artifacts
from fcc.simulation.delivery import Assessment, Assessor, Delivery
from fcc.simulation.engine import SimulationEngine
from fcc.simulation.gates import Answer, Approver, Gate, GateQuestion, Ruling
from fcc.simulation.messages import SimulationMessage
from fcc.simulation.prompting import Backend
from fcc.simulation.record import Approval, CallRecord, RunRecord, StepRecord
from fcc.simulation.run_folder import RunFolder
from fcc.simulation.runner import Runner, RunOrder
from fcc.simulation.verdict import Evidence, Finding, Place, Verdict, decide

__all__ = [
    "Answer",
    "Approval",
    "Approver",
    "Artifact",
    "Assessment",
    "Assessor",
    "Backend",
    "CallRecord",
    "Delivery",
    "Evidence",
    "Finding",
    "Gate",
    "GateQuestion",
    "Place",
    "Ruling",
    "RunFolder",
    "RunOrder",
    "RunRecord",
    "Runner",
    "SimulationEngine",
    "SimulationMessage",
    "StepRecord",
    "Verdict",
    "call_key",
    "decide",
    "extract_artifacts",
    "fingerprint",
]
