"""The workload: Deployment, Service, Ingress and HorizontalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.facts import Facts
from fcc.providers.deterministic.text import fence, fill, quote, section
from fcc.providers.deterministic.writers.sizes import busy, resources

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: @{deployment}
  namespace: @{namespace}
  labels: {app.kubernetes.io/name: @{service}}
spec:
  replicas: @{replicas}
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      app.kubernetes.io/name: @{service}
      track: stable@{slot}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: @{service}
        track: stable@{slot_label}
    spec:@{account}
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: @{image}
          ports:
            - {name: http, containerPort: @{port}}
          env:
            - {name: MODEL_NAME, value: @{model}}@{log_level}@{secret}
          startupProbe:
            httpGet: {path: @{live}, port: http}
            failureThreshold: 30
            periodSeconds: 2
          livenessProbe:
            httpGet: {path: @{live}, port: http}
          readinessProbe:
            httpGet: {path: @{ready}, port: http}
            periodSeconds: 5
@{resources}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: ["ALL"]}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
      volumes:
        - {name: tmp, emptyDir: {}}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: @{service}
  namespace: @{namespace}
  labels: {app.kubernetes.io/name: @{service}}
spec:
  selector:
    app.kubernetes.io/name: @{service}@{slot}
  ports:
    - {name: http, port: 80, targetPort: http}
"""
_HPA = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: @{deployment}
  namespace: @{namespace}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: @{deployment}}
  minReplicas: @{replicas}
  maxReplicas: @{most}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: @{busy}}
"""
_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: @{service}
  namespace: @{namespace}
  labels: {app.kubernetes.io/name: @{service}}
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [@{domain}], secretName: @{service}-tls}
  rules:
    - host: @{domain}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: @{service}, port: {name: http}}
"""
_LOG_LEVEL = """
            - {name: LOG_LEVEL, value: @{level}}"""
_ENV_FROM = """
          envFrom:
            - secretRef: {name: @{service}-secrets}"""


def write_deployment(brief: Brief) -> str:
    """The Deployment; it refers to a secret and a service account only where those are asked for too."""
    facts = brief.facts
    blue_green = facts.strategy == "blue-green"
    body = fill(
        _DEPLOYMENT,
        deployment=facts.deployment,
        namespace=facts.namespace,
        service=facts.service,
        replicas=facts.replicas,
        slot="\n      slot: blue" if blue_green else "",
        slot_label="\n        slot: blue" if blue_green else "",
        account=f"\n      serviceAccountName: {facts.service}" if "rbac" in brief.kinds else "",
        image=quote(facts.image),
        port=facts.port,
        model=quote(facts.subject, 80),
        log_level=fill(_LOG_LEVEL, level=facts.log_level) if facts.log_level else "",
        secret=fill(_ENV_FROM, service=facts.service) if "secrets" in brief.kinds else "",
        live=facts.live,
        ready=facts.ready,
        resources=resources(facts, 10),
    )
    count = f"{facts.replicas} replica{'' if facts.replicas == 1 else 's'}"
    why = "as asked for" if facts.asked_replicas else f"as {facts.sla.percent} availability asks for"
    note = f"{count}, {why}; an update adds one before it takes one away."
    return section("Deployment", note, fence("yaml", "k8s/deployment.yaml", body))


def write_service(brief: Brief) -> str:
    """The Service, which selects the Deployment's pods."""
    facts = brief.facts
    slot = "\n    slot: blue" if facts.strategy == "blue-green" else ""
    body = fill(_SERVICE, service=facts.service, namespace=facts.namespace, slot=slot)
    return section("Service", _address(facts), fence("yaml", "k8s/service.yaml", body))


def write_ingress(brief: Brief) -> str:
    """The Ingress by which the outside reaches the Service."""
    facts = brief.facts
    domain = facts.domain or f"{facts.service}.example.com"
    body = fill(_INGRESS, service=facts.service, namespace=facts.namespace, domain=domain)
    note = f"`https://{domain}`, to the Service; the certificate is kept in `{facts.service}-tls`."
    return section("Ingress", note, fence("yaml", "k8s/ingress.yaml", body))


def write_hpa(brief: Brief) -> str:
    """The autoscaler, aimed at the Deployment."""
    facts = brief.facts
    body = fill(
        _HPA,
        deployment=facts.deployment,
        namespace=facts.namespace,
        replicas=facts.replicas,
        most=facts.replicas * 4,
        busy=busy(facts),
    )
    note = f"{busy(facts)}% CPU leaves room to hold {facts.sla.percentile} below {facts.sla.milliseconds} while a replica starts."
    return section("Autoscaling", note, fence("yaml", "k8s/hpa.yaml", body))


def _address(facts: Facts) -> str:
    return f"`http://{facts.service}.{facts.namespace}.svc`, to port {facts.port} of the pods."


WRITERS: Mapping[str, Callable[[Brief], str]] = {
    "deployment": write_deployment,
    "service": write_service,
    "ingress": write_ingress,
    "hpa": write_hpa,
}
