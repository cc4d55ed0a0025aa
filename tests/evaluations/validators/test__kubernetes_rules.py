"""What the Kubernetes API refuses in objects that fit their schema."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.validation import validate_artifact
from support.mutated import mutated

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      restartPolicy: Always
      initContainers:
        - {name: init, image: busybox}
      containers:
        - name: web
          image: ghcr.io/acme/web:1.0
          imagePullPolicy: Always
          env: [{name: MODE, value: fast}]
          ports: [{name: http, containerPort: 8080, protocol: TCP}]
          readinessProbe: {httpGet: {path: /, port: http}}
          resources: {requests: {cpu: 100m, memory: 64Mi}}
          volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes:
        - {name: tmp, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: http, nodePort: 30080}]
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers: [{name: backup, image: busybox}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: web.example.com
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 1
  selector: {matchExpressions: [{key: app, operator: In, values: [web]}]}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data: {a.txt: b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
"""
REFUSED = [
    ("cpu: 100m,", "cpu: 100mm,", "quantity"),
    ("memory: 64Mi", "memory: 1gb", "quantity"),
    ("cpu: 100m,", "cpu: -1,", "quantity"),
    ("cpu: 100m,", "cpus: 1,", "resource"),
    ("containerPort: 8080", "containerPort: 80800", "port"),
    ("containerPort: 8080", "containerPort: 0", "port"),
    ("name: http,", "name: http_port,", "port_name"),
    ("port: 80, ", "port: 70000, ", "port"),
    ("targetPort: http", 'targetPort: "8080"', "port"),
    ("targetPort: http", "targetPort: 65536", "port"),
    ("port: http}", "port: 0}", "port"),
    ("nodePort: 30080", "nodePort: 70000", "port"),
    ("labels: {app: web}\nspec", "labels: {app: my web}\nspec", "label"),
    ("labels: {app: web}\nspec", "labels: {my app: web}\nspec", "label"),
    ("  selector: {app: web}", "  selector: {app: web!}", "label"),
    ("matchLabels: {app: web}", "matchLabels: {}", "selector"),
    ("    metadata:\n      labels: {app: web}\n", "", "selector"),
    ("operator: In", "operator: Is", "value"),
    (", values: [web]", "", "selector"),
    ("name: init,", "name: web,", "duplicate"),
    ("name: init,", "name: Init,", "name"),
    ("name: init,", "name: init, livenessProbe: {tcpSocket: {port: 1}},", "probe"),
    ("- {name: tmp,", "- {name: tmp, configMap: {name: x},", "volume"),
    ("- {name: tmp,", "- {name: tmp}\n        - {name: tmp,", "duplicate"),
    ("[{name: tmp,", "[{name: tmp, mountPath: /tmp}, {name: tmp,", "duplicate"),
    ("imagePullPolicy: Always", "imagePullPolicy: always", "value"),
    ("restartPolicy: Always", "restartPolicy: OnFailure", "value"),
    ("restartPolicy: OnFailure\n", "restartPolicy: Always\n", "restart"),
    ("          restartPolicy: OnFailure\n", "", "restart"),
    ("type: NodePort", "type: Nodeport", "value"),
    ("type: NodePort", "type: ClusterIP", "service"),
    ("type: NodePort", "type: ExternalName", "service"),
    ("type: NodePort", "type: NodePort\n  clusterIP: None", "service"),
    ("ports: [{port: 80,", "ports: [{port: 81}, {name: b, port: 80,", "service"),
    ("ports: [{port: 80,", "ports: [{name: a, port: 80}, {name: b, port: 80,", "duplicate"),
    ("protocol: TCP", "protocol: tcp", "value"),
    ("type: RollingUpdate", "type: Rolling", "value"),
    ("type: RollingUpdate", "type: Recreate", "value"),
    ("maxSurge: 25%", "maxSurge: 25 %", "value"),
    ("maxSurge: 25%", "maxSurge: 0", "value"),
    ("replicas: 2", "replicas: -2", "value"),
    ("image: ghcr.io/acme/web:1.0", "image: ghcr.io/Acme/web:1.0", "image"),
    ("image: ghcr.io/acme/web:1.0", "image: my web", "image"),
    ("          image: ghcr.io/acme/web:1.0\n", "", "image"),
    ("0 3 * * *", "0 25 * * *", "schedule"),
    ("0 3 * * *", "TZ=UTC 0 3 * * *", "schedule"),
    ("name: MODE", "name: MODE=x", "env"),
    ("value: fast", "value: fast, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}", "env"),
    ("httpGet: {path: /, port: http}", "periodSeconds: 5", "probe"),
    ("httpGet: {path: /, port: http}", "httpGet: {port: 1}, tcpSocket: {port: 1}", "probe"),
    ("path: /, pathType", "path: web, pathType", "ingress"),
    ("pathType: Prefix", "pathType: prefix", "value"),
    ("host: web.example.com", "host: web.example.com:80", "ingress"),
    ("minAvailable: 1", "minAvailable: 1\n  maxUnavailable: 1", "value"),
    ("minAvailable: 1", 'minAvailable: "1"', "value"),
    ("a.txt: b", "a/b: c", "key"),
    ('apiGroups: [""], ', "", "role"),
    ("name: web\nspec:\n  type", "name: my.web\nspec:\n  type", "name"),
    ("name: web\ndata", "name: my..web\ndata", "name"),
    ("name: backup\nspec", f"name: {'b' * 53}\nspec", "name"),
    ("name: web\ndata", "name: web\n  namespace: My_Space\ndata", "name"),
]
WARNED = [
    ("nodePort: 30080", "nodePort: 8080", "port"),
    ("memory: 64Mi", "memory: 64m", "quantity"),
    ("image: ghcr.io/acme/web:1.0", "image: ghcr.io/OWNER/web:1.0", "image"),
    ("name: MODE,", "name: MODE, value: a}, {name: MODE,", "duplicate"),
    ("name: web\nspec:\n  type", "name: 1-web\nspec:\n  type", "name"),
]
LEFT_TO_CONTRACTS = [
    ("matchLabels: {app: web}", "matchLabels: {app: api}"),
    ("[{name: tmp,", "[{name: data,"),
    ("cpu: 100m,", "cpu: 100m}, limits: {cpu: 50m,"),
    ("ports: [{name: http,", "ports: [{name: http, containerPort: 1}, {name: http,"),
]
PLACEHOLDERS = [
    ("cpu: 100m,", 'cpu: "${CPU}",'),
    ("image: ghcr.io/acme/web:1.0", "image: $(REGISTRY)/Web:$(TAG)"),
    ("image: ghcr.io/acme/web:1.0", "image: ghcr.io/<OWNER>/web"),
    ("targetPort: http", 'targetPort: "{{ port }}"'),
    ("0 3 * * *", "${CRON}"),
    ("labels: {app: web}\nspec", 'labels: {app: "${APP NAME}"}\nspec'),
    ("imagePullPolicy: Always", 'imagePullPolicy: "${POLICY}"'),
]


def _found(old: str, new: str):
    text = MANIFEST.replace(old, new, 1)
    assert text != MANIFEST
    result = validate_artifact("kubernetes", text)
    return text, result.valid, result.findings


def test_what_the_api_takes_has_nothing_wrong():
    """Objects of every kind that there are rules for are valid, without a word."""
    assert validate_artifact("kubernetes", MANIFEST).findings == ()


@pytest.mark.parametrize(("old", "new", "rule"), REFUSED)
def test_what_the_api_refuses_is_an_error(old, new, rule):
    """One mistake is one error, at most three lines from where it is, with a hint."""
    text, valid, findings = _found(old, new)
    assert valid is False
    assert len(findings) == 1
    assert findings[0].rule == f"kubernetes-{'name' if rule == 'port_name' else rule}"
    assert findings[0].hint
    changed = text.count("\n", 0, MANIFEST.index(old)) + 1
    assert -8 <= findings[0].line - changed <= 3


@pytest.mark.parametrize(("old", "new", "rule"), WARNED)
def test_what_the_api_takes_and_nobody_means_is_a_warning(old, new, rule):
    """What a cluster may well take is warned of, and the file is valid."""
    _, valid, findings = _found(old, new)
    assert valid is True
    assert [(item.rule, item.severity) for item in findings] == [(f"kubernetes-{rule}", "warning")]


@pytest.mark.parametrize(("old", "new"), LEFT_TO_CONTRACTS + PLACEHOLDERS)
def test_nothing_is_said(old, new):
    """Nothing is said of what contracts tell, nor of what is filled in later."""
    _, valid, findings = _found(old, new)
    assert (valid, findings) == (True, ())


def test_a_word_that_is_nearly_right_is_named():
    """A mistyped word of a short list is answered with the one that is meant."""
    assert _found("imagePullPolicy: Always", "imagePullPolicy: ifnotpresnt")[2][0].hint == (
        "Did you mean `IfNotPresent`?"
    )


SOME = [
    json.loads(line)
    for line in (
        (
            '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","labels":{"a":"b"}},"spec":{"strategy":'
            '{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},"selector":{"matchLabels":{"a":"b"}},"template":'
            '{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Always","initContainers":[{"name":"b","image":"c"}],'
            '"containers":[{"name":"a","image":"b","env":[{"name":"A","value":"b"}],"ports":[{"containerPort":1}],'
            '"livenessProbe":{"httpGet":{"port":1}},"resources":{"limits":{"cpu":1}}}],"volumes":[{"name":"v"}]}}}}'
        ),
        (
            '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"NodePort","selector":{"a":"b"},'
            '"ports":[{"name":"a","port":1,"targetPort":"b","nodePort":30000}]}}'
        ),
        (
            '{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"a"},"spec":{"schedule":"@daily","jobTemplate":'
            '{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[]}}}}}}'
        ),
    )
]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SOME).flatmap(mutated))
def test_any_types_anywhere(text):
    """Values of the wrong type, wherever they stand, make findings and never a crash."""
    validate_artifact("kubernetes", text)
