"""For the tests of those who use fcc-agents: a pytest plugin, recorded replies, assertions with readable failures.

The plugin is there as soon as the package is installed, and does nothing to a test that does not ask for it:

    @pytest.mark.fcc_cassette
    def test_the_release_notes(fcc_run):
        record = fcc_run("release-notes", model="openai/gpt-4.1-mini")
        assert_approved(record)
"""

from fcc.testing.assertions import (
    assert_approved,
    assert_artifact,
    assert_decision,
    assert_finding,
    assert_no_findings,
)
from fcc.testing.cassettes import use_cassette
from fcc.testing.network import NetworkBlockedError, block_network

__all__ = [
    "NetworkBlockedError",
    "assert_approved",
    "assert_artifact",
    "assert_decision",
    "assert_finding",
    "assert_no_findings",
    "block_network",
    "use_cassette",
]
