"""Alertmanager's webhook, version 4 (prometheus.io/docs/alerting/latest/configuration, `webhook_config`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fcc.evaluations.rehearsal.commands.tool import EPOCH

_OPEN = "0001-01-01T00:00:00Z"


def webhook(
    given: Any, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], *, at: float
) -> Any:
    """The document that a rollback script is given: the real one where an alert of it has this name, else one made up."""
    alerts = given.get("alerts") if isinstance(given, dict) else None
    for alert in alerts if isinstance(alerts, list) else []:
        known = alert.get("labels") if isinstance(alert, dict) else None
        if isinstance(known, dict) and known.get("alertname") == (name or labels.get("alertname")):
            return given
    own = {key: value for key, value in labels.items() if value}
    started = datetime.fromtimestamp(EPOCH + int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fingerprint = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]
    alert = {
        "status": "firing",
        "labels": own,
        "annotations": dict(annotations),
        "startsAt": started,
        "endsAt": _OPEN,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{own.get("alertname", "")}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "rollback",
        "groupLabels": {"alertname": own.get("alertname", "")},
        "commonLabels": own,
        "commonAnnotations": dict(annotations),
        "externalURL": "http://alertmanager.example",
        "alerts": [alert],
    }
