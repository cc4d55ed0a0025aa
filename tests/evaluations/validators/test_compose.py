"""Compose files: what their parts refer to, their ports and variables, and the schema."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import _schema, compose
from support.mutated import cut, mutated

WEB = "services:\n  web:\n    image: nginx:1.27\n"
WHOLE = {
    "name": "shop",
    "services": {
        "web": {
            "build": {"context": ".", "args": {"A": "1"}},
            "depends_on": {"db": {"condition": "service_healthy"}},
            "ports": ["8080:80", {"target": 443, "published": "8443"}],
            "environment": {"URL": "${URL:-http://${HOST}}"},
            "networks": ["front"],
        },
        "db": {"image": "postgres:16", "volumes": ["data:/var/lib"], "secrets": ["password"]},
    },
    "volumes": {"data": None},
    "networks": {"front": {"driver": "bridge"}},
    "secrets": {"password": {"file": "./password"}},
}


@pytest.mark.parametrize(
    "rest",
    [
        '    ports: ["80:80", "127.0.0.1:8000-8001:8000-8001/tcp", 3000, "${P:-80}:80", "[::1]:80:80", "8000-8010:80"]',
        "    environment: [A=$$B, 'C=${D?needed}', E=$F]",
        "    volumes: [./a:/b, /c:/d:ro, 'C:\\e:/f', /anonymous]\n    networks: [default]",
        "    healthcheck: {test: a, interval: 1m30s, timeout: 2.5s, start_period: $P, start_interval: 500ms}",
        "    stop_grace_period: '0'\n    deploy: {update_config: {delay: 1h5m30s20ms, monitor: 100us}}",
        "    depends_on: [elsewhere]\ninclude: [other.yaml]",
    ],
)
def test_compose_files_are_valid(rest):
    """Ports, variables, mounts and parts of included files in their forms give no error."""
    assert validate_artifact("docker_compose", f"{WEB}{rest}\n").valid is True


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "compose-yaml", 1),
        ("- web\n", "compose-yaml", 1),
        ("name: x\nservices: {}\n", "compose-services", 2),
        ("services:\n  web: {}\n", "compose-image", 2),
        (f"{WEB}    image: x\n", "compose-yaml", 4),
        (f"{WEB}    imge: x\n", "compose-schema", 4),
        (f"{WEB}    ports: ['80:99999']\n", "compose-ports", 4),
        (f"{WEB}    ports: ['8000-8001:80-85']\n", "compose-ports", 4),
        (f"{WEB}    depends_on: [db]\n", "compose-depends-on", 4),
        (f"{WEB}    depends_on: [web]\n", "compose-depends-on", 4),
        (f"{WEB}    volumes: [data:/x]\n", "compose-volumes", 4),
        (f"{WEB}    networks: [front]\n", "compose-networks", 4),
        (f"{WEB}    secrets: [password]\n", "compose-secrets", 4),
        (f"{WEB}    command: '${{A'\n", "compose-variable", 4),
        (f"{WEB}    command: 'cost: 5$'\n", "compose-variable", 4),
        ("services:\n  web: nginx\n", "compose-schema", 2),
        (f"{WEB}    healthcheck:\n      test: a\n      interval: abc\n", "compose-duration", 6),
        (f"{WEB}    healthcheck:\n      timeout: '30'\n", "compose-duration", 5),
        (f"{WEB}    healthcheck:\n      start_period: 1 m\n", "compose-duration", 5),
        (f"{WEB}    stop_grace_period: 10sec\n", "compose-duration", 4),
        (f"{WEB}    deploy:\n      restart_policy:\n        delay: soon\n", "compose-duration", 6),
    ],
)
def test_what_is_wrong_is_found_on_its_line(text, rule, line):
    """Each mistake gives its own rule, with the line that it stands on."""
    assert (rule, line) in {(found.rule, found.line) for found in compose.check(text)}
    assert validate_artifact("docker_compose", text).valid is False


def test_a_known_key_is_not_called_unknown():
    """A key whose value is wrong is told by its value alone, and an unknown one beside it by its name."""
    wrong = f"{WEB}    healthcheck: {{interval: abc, test: 5}}\n"
    told = [found.message for found in compose.check(wrong)]
    assert [("cannot have" in message) for message in told] == [False, False]
    told = [found.message for found in compose.check(f"{wrong}    imge: x\n")]
    assert [message for message in told if "cannot have" in message] == [
        "`services.web` cannot have the key `imge`; did you mean `image`?"
    ]


def test_an_obsolete_version_is_advice():
    """`version`, which Compose no longer reads, does not make a file invalid."""
    result = validate_artifact("docker_compose", f'version: "3.8"\n{WEB}')
    assert (result.valid, [found.severity for found in result.findings]) == (True, ["advice"])


def test_without_the_schema_nothing_is_valid(monkeypatch):
    """A missing schema reads as not checked, and what was found without it still counts."""
    _schema._validator.cache_clear()
    monkeypatch.setattr(_schema, "find_spec", lambda _: None)
    try:
        result = validate_artifact("docker_compose", f"{WEB}# without\n")
        assert result.valid is None
        assert "fcc-agents[validators]" in result.reason
        assert validate_artifact("docker_compose", f"{WEB}    depends_on: [x] # without\n").valid is False
    finally:
        _schema._validator.cache_clear()


@settings(max_examples=60, deadline=None)
@given(mutated(WHOLE) | cut(WEB))
def test_any_text_gives_findings_and_no_crash(text):
    """Wrong types, cut texts and strange characters end in findings that name a line of the text."""
    for found in compose.check(text):
        assert found.message
        assert 0 <= found.line <= len(text.splitlines()) + 1
