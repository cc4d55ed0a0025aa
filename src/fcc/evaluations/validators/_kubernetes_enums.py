"""The words and the numbers that the fields of Kubernetes objects take (kubernetes.io/docs/reference/kubernetes-api)."""

from __future__ import annotations

from collections.abc import Mapping

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_UPDATES = ("RollingUpdate", "OnDelete")
_SELECTING = ("In", "NotIn", "Exists", "DoesNotExist")
_ACCESS = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_VOLUMES = ("Filesystem", "Block")
_TRAFFIC = ("Cluster", "Local")

CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Container": {
        "imagePullPolicy": ("", "Always", "IfNotPresent", "Never"),
        "terminationMessagePolicy": ("", "File", "FallbackToLogsOnError"),
    },
    "ContainerPort": {"protocol": ("", *_PROTOCOLS)},
    "CronJobSpec": {"concurrencyPolicy": ("", "Allow", "Forbid", "Replace")},
    "DaemonSetUpdateStrategy": {"type": ("", *_UPDATES)},
    "DeploymentStrategy": {"type": ("", "RollingUpdate", "Recreate")},
    "HTTPGetAction": {"scheme": ("", "HTTP", "HTTPS")},
    "HTTPIngressPath": {"pathType": ("Exact", "Prefix", "ImplementationSpecific")},
    "HostPathVolumeSource": {
        "type": (
            "",
            "DirectoryOrCreate",
            "Directory",
            "FileOrCreate",
            "File",
            "Socket",
            "CharDevice",
            "BlockDevice",
        )
    },
    "JobSpec": {"completionMode": ("", "NonIndexed", "Indexed")},
    "LabelSelectorRequirement": {"operator": _SELECTING},
    "MetricSpec": {"type": ("Resource", "ContainerResource", "Pods", "Object", "External")},
    "MetricTarget": {"type": ("Utilization", "Value", "AverageValue")},
    "NetworkPolicyPort": {"protocol": ("", *_PROTOCOLS)},
    "NetworkPolicySpec": {"policyTypes": ("Ingress", "Egress")},
    "NodeSelectorRequirement": {"operator": (*_SELECTING, "Gt", "Lt")},
    "PersistentVolumeClaimSpec": {"accessModes": _ACCESS, "volumeMode": ("", *_VOLUMES)},
    "PersistentVolumeSpec": {
        "accessModes": _ACCESS,
        "persistentVolumeReclaimPolicy": ("", "Retain", "Recycle", "Delete"),
        "volumeMode": ("", *_VOLUMES),
    },
    "PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": ("IfHealthyBudget", "AlwaysAllow")},
    "PodSpec": {
        "dnsPolicy": ("", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "restartPolicy": ("", "Always", "OnFailure", "Never"),
    },
    "RoleRef": {"kind": ("Role", "ClusterRole")},
    "SeccompProfile": {"type": ("RuntimeDefault", "Unconfined", "Localhost")},
    "ServicePort": {"protocol": ("", *_PROTOCOLS)},
    "ServiceSpec": {
        "externalTrafficPolicy": ("", *_TRAFFIC),
        "internalTrafficPolicy": _TRAFFIC,
        "ipFamilies": ("IPv4", "IPv6"),
        "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
        "sessionAffinity": ("", "None", "ClientIP"),
        "type": ("", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "StatefulSetSpec": {"podManagementPolicy": ("", "OrderedReady", "Parallel")},
    "StatefulSetUpdateStrategy": {"type": ("", *_UPDATES)},
    "StorageClass": {
        "reclaimPolicy": ("", "Retain", "Delete"),
        "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    },
    "Subject": {"kind": ("User", "Group", "ServiceAccount")},
    "Toleration": {
        "effect": ("", "NoSchedule", "PreferNoSchedule", "NoExecute"),
        "operator": ("", "Exists", "Equal", "Lt", "Gt"),
    },
    "TopologySpreadConstraint": {"whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway")},
    "VolumeMount": {"mountPropagation": ("None", "HostToContainer", "Bidirectional")},
}
"""The words that a field takes, by the name of its definition; "" where an empty text stands for the usual one."""

_PORT = (1, 65535)
_PORT_OR_NONE = (0, 65535)
_COUNT = (0, 2**63 - 1)

RANGES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "ContainerPort": {"containerPort": _PORT, "hostPort": _PORT_OR_NONE},
    "CronJobSpec": {
        "failedJobsHistoryLimit": _COUNT,
        "startingDeadlineSeconds": _COUNT,
        "successfulJobsHistoryLimit": _COUNT,
    },
    "DaemonSetSpec": {"minReadySeconds": _COUNT, "revisionHistoryLimit": _COUNT},
    "DeploymentSpec": {
        "minReadySeconds": _COUNT,
        "progressDeadlineSeconds": _COUNT,
        "replicas": _COUNT,
        "revisionHistoryLimit": _COUNT,
    },
    "GRPCAction": {"port": _PORT},
    "JobSpec": {
        "activeDeadlineSeconds": _COUNT,
        "backoffLimit": _COUNT,
        "completions": _COUNT,
        "parallelism": _COUNT,
        "ttlSecondsAfterFinished": _COUNT,
    },
    "NetworkPolicyPort": {"endPort": _PORT},
    "Probe": {
        "failureThreshold": _COUNT,
        "initialDelaySeconds": _COUNT,
        "periodSeconds": _COUNT,
        "successThreshold": _COUNT,
        "timeoutSeconds": _COUNT,
    },
    "ReplicaSetSpec": {"minReadySeconds": _COUNT, "replicas": _COUNT},
    "ServiceBackendPort": {"number": _PORT},
    "ServicePort": {"nodePort": _PORT_OR_NONE, "port": _PORT},
    "StatefulSetSpec": {"minReadySeconds": _COUNT, "replicas": _COUNT, "revisionHistoryLimit": _COUNT},
}
"""The least and the most of a number."""
