#!/usr/bin/env bash
# Brings IMAGE up in the idle slot, then moves the Service to it.
set -euo pipefail
SERVICE="churn-predictor-v2"
DEPLOYMENT="churn-predictor-v2"
IMAGE="${1:?usage: blue-green.sh IMAGE}"
k() { kubectl --namespace "${NAMESPACE:-churn-predictor-v2-staging}" "$@"; }

live="$(k get service "$SERVICE" --output jsonpath='{.spec.selector.slot}')"
if [[ "$live" == "blue" ]]; then
  idle="green" target="${DEPLOYMENT}-green"
else
  idle="blue" target="$DEPLOYMENT"
fi

k get deployment "$DEPLOYMENT" --output json |
  jq --arg name "$target" --arg slot "$idle" --arg image "$IMAGE" '
    {apiVersion, kind, metadata: {name: $name, labels: .metadata.labels}, spec}
    | .spec.selector.matchLabels.slot = $slot
    | .spec.template.metadata.labels.slot = $slot
    | .spec.template.spec.containers[0].image = $image' |
  k apply --filename -
k rollout status "deployment/$target" --timeout=300s

k patch service "$SERVICE" --type merge --patch "{\"spec\":{\"selector\":{\"slot\":\"$idle\"}}}"
k patch hpa "$DEPLOYMENT" --type merge --patch "{\"spec\":{\"scaleTargetRef\":{\"name\":\"$target\"}}}"
echo "Service $SERVICE: $live -> $idle ($IMAGE)"
