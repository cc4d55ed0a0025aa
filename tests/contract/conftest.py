"""Every provider, ready to be asked; each contract case runs once for each."""

from __future__ import annotations

import pytest

from contract.cases import REQUEST
from fcc.providers.base import ModelReply
from fcc.providers.cassettes import Cassette, Deck, RecordedCall, RecordingProvider, ReplayProvider
from fcc.providers.deterministic import DeterministicProvider
from fcc.providers.function import FunctionProvider
from fcc.providers.keys import call_key
from fcc.providers.limits import LimitedProvider
from fcc.providers.litellm import LiteLLMProvider
from fcc.providers.retry import RetryingProvider
from support.openai_server import OpenAIServer

SECRET = "sk-contract-0123456789"


def _echo(request):
    return f"You said: {request.messages[-1].content}"


def _recorded(path):
    """A deck with more recordings of the contract's request than its cases ask for."""
    calls = [
        RecordedCall(
            REQUEST.call_id,
            call_key(REQUEST, "function/echo/1"),
            "function/echo/1",
            REQUEST,
            ModelReply("You said it.", "echo", "recorded", latency=0.5),
        ).to_dict()
    ] * 40
    Cassette(path, runs=({"steps": [{"name": "build", "calls": calls}]},)).write()
    return Deck(path)


@pytest.fixture(params=["function", "retrying", "limited", "litellm", "deterministic", "recording", "replay"])
def provider(request, monkeypatch, tmp_path):
    """One provider after the other."""
    if request.param == "function":
        yield FunctionProvider(_echo)
    elif request.param == "retrying":
        yield RetryingProvider(FunctionProvider(_echo))
    elif request.param == "limited":
        yield LimitedProvider(FunctionProvider(_echo), concurrency=3)
    elif request.param == "recording":
        yield RecordingProvider(FunctionProvider(_echo), Deck(tmp_path / "new.yaml", "all"))
    elif request.param == "replay":
        yield ReplayProvider(_recorded(tmp_path / "old.yaml"), "function/echo/1")
    elif request.param == "deterministic":
        yield DeterministicProvider()
    else:
        monkeypatch.setenv("CONTRACT_KEY", SECRET)
        with OpenAIServer() as server:
            yield LiteLLMProvider("openai/local-model", api_base=server.url, api_key_env="CONTRACT_KEY")
