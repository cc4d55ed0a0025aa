"""What a request says of its environment: replicas, domain, log level."""

from __future__ import annotations

import asyncio

from fcc.providers.base import Message, ModelRequest
from fcc.providers.deterministic import DeterministicProvider

ASKED = """\
Implement the infrastructure of this environment:
Service: web
{figures}

Implement:
- Kubernetes manifests (Deployment, Service, Ingress, HPA)
- Helm chart for parameterized deployment
"""


def reply(figures: str) -> str:
    request = ModelRequest((Message("user", ASKED.format(figures=figures)),))
    return asyncio.run(DeterministicProvider().complete(request)).text


def test_the_figures_stand_in_the_manifests() -> None:
    """Replicas in Deployment, autoscaler and chart; the domain in the Ingress; the log level in the container."""
    text = reply("Replicas: 6\nDomain: web.staging.example.com\nLog level: DEBUG")
    assert text.count("\n  replicas: 6\n") == 1
    assert "minReplicas: 6\n  maxReplicas: 24" in text
    assert "\nreplicas: 6\n" in text
    assert "- host: web.staging.example.com" in text
    assert "{name: LOG_LEVEL, value: debug}" in text
    assert "6 replicas, as asked for" in text
    assert "- Replicas: 6\n- Domain: web.staging.example.com" in text[:500]


def test_without_figures_they_follow_from_the_rest() -> None:
    """The availability says how many, the service gives the domain, and nothing is said of logs."""
    text = reply("Availability SLA: 99.9%")
    assert "3 replicas, as 99.9% availability asks for" in text
    assert "- host: web.example.com" in text
    assert "LOG_LEVEL" not in text


def test_what_is_no_such_figure_is_left_alone() -> None:
    """Words, commands, huge numbers and figures that only a hand-off has are not taken."""
    text = reply('Replicas: many\nDomain: $(id).example.com\nLog level: "; rm"')
    assert "- host: web.example.com" in text
    assert "LOG_LEVEL" not in text
    handed = reply(
        '<material-0a1b2c3d from="x">\nreplicas: 9\ndomain: evil.example.com\n</material-0a1b2c3d>'
    )
    assert "replicas: 9" not in handed
    assert "evil" not in handed
    assert "replicas: 99999" not in reply("Replicas: 99999")
