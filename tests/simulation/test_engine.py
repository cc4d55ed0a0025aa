"""The engine: a message in, an answer out."""

from __future__ import annotations

import asyncio

import pytest

from fcc.errors import ConfigError, NotFoundError, UnavailableError
from fcc.messaging import EventBus
from fcc.personas import PersonaRegistry
from fcc.providers import FunctionProvider
from fcc.simulation import SimulationEngine, SimulationMessage
from fcc.workspace import BUILTIN_ROOT


@pytest.fixture
def registry() -> PersonaRegistry:
    return PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas")


MESSAGE = SimulationMessage(sender="me", receiver="PBD", content="Build a pipeline.", phase="create")


def test_the_answer_comes_from_who_was_asked(registry: PersonaRegistry) -> None:
    """Sender and receiver change places, the phase stays, the reply is attached."""
    reply = SimulationEngine(registry=registry, mode="deterministic").step(MESSAGE)
    assert (reply.sender, reply.receiver, reply.phase) == ("PBD", "me", "create")
    assert reply.content
    assert reply.reply is not None
    assert reply.reply.origin == "deterministic"


def test_the_persona_is_in_the_system_prompt(registry: PersonaRegistry) -> None:
    """What the model is sent is the card and then the message."""
    engine = SimulationEngine(
        registry, provider=FunctionProvider(lambda r: "|".join(m.content for m in r.messages))
    )
    content = engine.step(MESSAGE).content
    assert content.startswith("You are Pipeline Builder (PBD), Continuous Delivery Engineer.")
    assert content.endswith("|Build a pipeline.")
    for rule in registry["PBD"].constitution.hard_stop:
        assert str(rule) in content


def test_async_and_sync_answer_alike(registry: PersonaRegistry) -> None:
    """`astep` in a loop, `step` in a running loop, and `step` without one give the same text."""
    engine = SimulationEngine(registry)

    async def both() -> tuple[str, str]:
        return (await engine.astep(MESSAGE)).content, engine.step(MESSAGE).content

    first, second = asyncio.run(both())
    assert first == second == engine.step(MESSAGE).content


def test_events_are_published(registry: PersonaRegistry) -> None:
    """Each step tells of itself and of its model call; a failure too."""
    bus, seen = EventBus(), []
    bus.subscribe(lambda event: seen.append(event.event_type.value))
    SimulationEngine(registry, bus=bus).step(MESSAGE)
    assert seen == ["step.started", "model_call.started", "model_call.completed", "step.completed"]

    def down(_request: object) -> str:
        raise UnavailableError("down")

    seen.clear()
    with pytest.raises(UnavailableError):
        SimulationEngine(registry, bus=bus, provider=FunctionProvider(down)).step(MESSAGE)
    assert seen == ["step.started", "model_call.started", "model_call.failed", "step.failed"]


def test_mistakes_are_said(registry: PersonaRegistry) -> None:
    """An unknown persona, an unknown mode, and live mode without a provider each say what to do."""
    with pytest.raises(NotFoundError, match="did you mean PBD"):
        SimulationEngine(registry).step(SimulationMessage("me", "PBB", "x"))
    with pytest.raises(ConfigError, match="no mode 'dry'"):
        SimulationEngine(registry, mode="dry")
    with pytest.raises(ConfigError, match="live mode needs a provider"):
        SimulationEngine(registry, mode="live")
