"""The agent framework that can prove its agents' work.

    import fcc

    record = fcc.run("devops-deployment", inputs={"model": "fraud_detector_v3"})
    print(record.verdict.decision, record.outputs["pipeline"][:200])

Names are imported when they are first used, so that `import fcc` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

from fcc._version import __version__

if TYPE_CHECKING:
    from fcc.agents import Agent, Chain
    from fcc.errors import FccError
    from fcc.messaging import Event, EventBus, EventType
    from fcc.personas import Persona, PersonaRegistry
    from fcc.prompts import PromptTemplate
    from fcc.providers import (
        DeterministicProvider,
        FunctionProvider,
        ModelReply,
        ModelRequest,
        Provider,
    )
    from fcc.simulation import RunRecord
    from fcc.wiring import arun, run, stream
    from fcc.wiring.evaluating import evaluate

_HOME = {
    "Agent": "fcc.agents",
    "Chain": "fcc.agents",
    "DeterministicProvider": "fcc.providers",
    "Event": "fcc.messaging",
    "EventBus": "fcc.messaging",
    "EventType": "fcc.messaging",
    "FccError": "fcc.errors",
    "FunctionProvider": "fcc.providers",
    "ModelReply": "fcc.providers",
    "ModelRequest": "fcc.providers",
    "Persona": "fcc.personas",
    "PersonaRegistry": "fcc.personas",
    "PromptTemplate": "fcc.prompts",
    "Provider": "fcc.providers",
    "RunRecord": "fcc.simulation",
    "arun": "fcc.wiring",
    "evaluate": "fcc.wiring.evaluating",
    "run": "fcc.wiring",
    "stream": "fcc.wiring",
}

__all__ = [
    "Agent",
    "Chain",
    "DeterministicProvider",
    "Event",
    "EventBus",
    "EventType",
    "FccError",
    "FunctionProvider",
    "ModelReply",
    "ModelRequest",
    "Persona",
    "PersonaRegistry",
    "PromptTemplate",
    "Provider",
    "RunRecord",
    "__version__",
    "arun",
    "evaluate",
    "run",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOME[name]), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
