"""Recorded replies: one file that a test, a colleague or CI replays offline, without a key.

A cassette is a vcrpy cassette (the HTTP as it went over the wire) whose metadata holds what the run knew: its chain and
inputs, and each call's key, request and reply. It is played back by either: by the metadata, without importing LiteLLM
(the default), or by the wire, through LiteLLM.
"""

from fcc.providers.cassettes.cassette import Cassette, RecordedCall
from fcc.providers.cassettes.deck import Deck, Mode, deck_in_use, use_deck
from fcc.providers.cassettes.recording import RecordingProvider
from fcc.providers.cassettes.replay import ReplayProvider

__all__ = [
    "Cassette",
    "Deck",
    "Mode",
    "RecordedCall",
    "RecordingProvider",
    "ReplayProvider",
    "deck_in_use",
    "use_deck",
]
