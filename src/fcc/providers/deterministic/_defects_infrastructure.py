"""Defects of the infrastructure: Dockerfile, manifests, chart and the blue-green script."""

from __future__ import annotations

from fcc.providers.deterministic._defect import Defect, File, another_number

_STEP = "infrastructure"
_DOCKERFILE = File(_STEP, "Dockerfile")
_DEPLOYMENT = File(_STEP, r"k8s/deployment\.yaml")
_SERVICE = File(_STEP, r"k8s/service\.yaml")
_HPA = File(_STEP, r"k8s/hpa\.yaml")
_SECRET = File(_STEP, r"k8s/external-secret\.yaml")
_NETWORK = File(_STEP, r"k8s/networkpolicy\.yaml")
_RBAC = File(_STEP, r"k8s/rbac\.yaml")
_CHART = File(_STEP, r"charts/[\w.-]+/Chart\.yaml")
_VALUES = File(_STEP, r"charts/[\w.-]+/values\.yaml")
_TEMPLATE = File(_STEP, r"charts/[\w.-]+/templates/deployment\.yaml")
_SWITCH = File(_STEP, r"scripts/blue-green\.sh")

_IMAGE: tuple[Defect, ...] = (
    _DOCKERFILE.defect(
        "expose-port",
        "agreement",
        "The Dockerfile exposes another port than the container opens.",
        r"^(EXPOSE )(\d+)$",
        another_number,
    ),
    _DOCKERFILE.defect(
        "server-port",
        "agreement",
        "The image's server listens on another port than the Deployment expects.",
        r"^(CMD \[.*?[\":])(\d{2,5})(?=\")",
        another_number,
    ),
    _DOCKERFILE.defect(
        "dockerfile-instruction",
        "invalid",
        "The Dockerfile has an instruction that does not exist.",
        r"^WORKDIR",
        "WORKINGDIR",
    ),
    _DOCKERFILE.defect(
        "dockerfile-stage",
        "agreement",
        "The Dockerfile copies from a stage that it does not have, so from somebody's image of that name.",
        r"--from=build",
        "--from=builder",
        note="By itself it is valid, since `--from` may name an image.",
    ),
    _DOCKERFILE.defect(
        "root-user",
        "practice",
        "The image runs as root wherever nothing overrides it.",
        r"^USER .*$",
        "USER root",
        note="The Deployment does override it, by runAsUser.",
    ),
    _DOCKERFILE.defect(
        "base-image-latest",
        "practice",
        "The image is built on a base that changes from day to day.",
        r"^FROM python:\S+",
        "FROM python:latest",
        count=0,
    ),
)

_WORKLOAD: tuple[Defect, ...] = (
    _DEPLOYMENT.defect(
        "wrong-port",
        "agreement",
        "The Deployment opens another port than the image's server listens on.",
        r"(containerPort: )(\d+)",
        another_number,
    ),
    _DEPLOYMENT.defect(
        "probe-path",
        "agreement",
        "The liveness probe asks for a path that nothing serves.",
        r"(livenessProbe:\n *httpGet: \{path: )[^,]+",
        r"\1/alive",
    ),
    _DEPLOYMENT.defect(
        "probe-missing",
        "practice",
        "The Deployment has no readiness probe.",
        r"^ *readinessProbe:\n.*\n.*periodSeconds.*\n",
        "",
    ),
    _DEPLOYMENT.defect(
        "latest-tag",
        "practice",
        "The Deployment runs whatever `latest` is.",
        r'^( *image: "[^"]+):[^":/]+"$',
        r'\1:latest"',
    ),
    _DEPLOYMENT.defect(
        "selector-mismatch",
        "agreement",
        "The Deployment selects pods that its own template does not make.",
        r"(matchLabels:\n *app\.kubernetes\.io/name: \S+)",
        r"\1-api",
    ),
    _DEPLOYMENT.defect(
        "secret-in-env",
        "practice",
        "A secret's value stands in the Deployment.",
        r"^( *)(- \{name: MODEL_NAME, .*)$",
        r"\1\2" + "\n" + r'\1- {name: MODEL_REGISTRY_TOKEN, value: "w8Zr4-Tn61c-Xk0vB"}',
    ),
    _DEPLOYMENT.defect(
        "service-account",
        "agreement",
        "The pods run as a ServiceAccount that no manifest makes.",
        r"^( *serviceAccountName: .+)$",
        r"\1-runtime",
    ),
    _DEPLOYMENT.defect(
        "limits-missing",
        "practice",
        "The container asks for no resources and has no limits.",
        r"^ *resources:\n *requests:.*\n *limits:.*\n",
        "",
    ),
    _DEPLOYMENT.defect(
        "privilege-escalation",
        "practice",
        "The container may gain privileges.",
        r"allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
    ),
    _DEPLOYMENT.defect(
        "unknown-field",
        "invalid",
        "The Deployment has a field that Kubernetes does not know.",
        r"^  replicas:",
        "  replicaCount:",
    ),
    _DEPLOYMENT.defect(
        "wrong-type",
        "invalid",
        "The number of replicas is a word.",
        r"^(  replicas:) \d+$",
        r'\1 "three"',
    ),
    _DEPLOYMENT.defect(
        "cut-off-yaml",
        "invalid",
        "The Deployment breaks off in the middle of a mapping.",
        r"(livenessProbe:\n *httpGet: \{path: )[\s\S]*",
        r"\1" + "\n",
    ),
    _SERVICE.defect(
        "target-port",
        "agreement",
        "The Service sends traffic to a port that the pods do not name.",
        r"targetPort: \w+",
        "targetPort: web",
    ),
    _SERVICE.defect(
        "service-selector",
        "agreement",
        "The Service selects no pod of the Deployment.",
        r"(selector:\n *app\.kubernetes\.io/name: \S+)",
        r"\1-api",
    ),
    _SERVICE.defect(
        "wrong-namespace",
        "agreement",
        "The Service is in another namespace than the pods that it selects.",
        r"^(  namespace: .+)$",
        r"\1-dev",
    ),
    _HPA.defect(
        "hpa-target",
        "agreement",
        "The autoscaler scales a Deployment that does not exist.",
        r"(kind: Deployment, name: [^}]+)\}",
        r"\1-api}",
    ),
    _HPA.defect(
        "hpa-range",
        "invalid",
        "The autoscaler's lowest number of replicas is above its highest.",
        r"^  minReplicas: (\d+)\n  maxReplicas: (\d+)$",
        r"  minReplicas: \2" + "\n" + r"  maxReplicas: \1",
    ),
)

_AROUND: tuple[Defect, ...] = (
    _CHART.defect("chart-version", "invalid", "The chart has no version.", r"^version: .*\n", ""),
    _VALUES.defect(
        "helm-value",
        "agreement",
        "The chart's template reads a value that values.yaml does not have.",
        r"^replicas: ",
        "replicaCount: ",
    ),
    _VALUES.defect(
        "chart-image",
        "agreement",
        "The chart runs another image than the workflow builds.",
        r'(image: \{repository: "[^"]+)"',
        r'\1-legacy"',
    ),
    _VALUES.defect(
        "chart-port",
        "agreement",
        "The chart opens another port than the image's server listens on.",
        r"^(port: )(\d+)$",
        another_number,
    ),
    _VALUES.defect(
        "secret-in-values",
        "practice",
        "A password stands in the chart's values.",
        r"^(name: .*)$",
        r"\1" + '\ndatabasePassword: "Rk5-yGq8-Nw31-uD"',
    ),
    _TEMPLATE.defect(
        "helm-action",
        "invalid",
        "The chart's template does not close an action.",
        r"(\.Values\.\w+ \})\}",
        r"\1",
    ),
    _SECRET.defect(
        "external-secret",
        "agreement",
        "The operator fills another Secret than the Deployment reads.",
        r"(target: \{name: [^,]+)",
        r"\1-v2",
    ),
    _NETWORK.defect(
        "network-port",
        "agreement",
        "The network policy blocks the port that the container opens.",
        r"^(      ports: \[\{protocol: TCP, port: )(\d+)(?=\}\]$)",
        another_number,
    ),
    _RBAC.defect(
        "role-missing",
        "agreement",
        "The RoleBinding grants a Role that does not exist.",
        r"(kind: Role, name: [^}]+-deployer)\}",
        r"\1-admin}",
    ),
    _SWITCH.defect(
        "heredoc-open",
        "invalid",
        "The blue-green script does not close a here-document.",
        r"^echo .*$",
        "cat <<SUMMARY\nService $SERVICE: $live -> $idle ($IMAGE)",
    ),
    _SWITCH.defect(
        "switch-service",
        "agreement",
        "The blue-green script switches a Service that does not exist.",
        r'^(SERVICE=".+)"$',
        r'\1-edge"',
    ),
)

INFRASTRUCTURE: tuple[Defect, ...] = (*_IMAGE, *_WORKLOAD, *_AROUND)
