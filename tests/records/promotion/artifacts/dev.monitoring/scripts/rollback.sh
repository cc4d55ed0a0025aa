#!/usr/bin/env bash
# Usage: rollback.sh < alertmanager-webhook.json     or     rollback.sh --force
set -euo pipefail
SERVICE="churn-predictor-v2"
DEPLOYMENT="churn-predictor-v2"
k() { kubectl --namespace "${NAMESPACE:-churn-predictor-v2-dev}" "$@"; }

if [[ "${1:-}" != "--force" ]]; then
  firing="$(jq --arg service "$SERVICE" '[.alerts[]
    | select(.status == "firing" and .labels.action == "rollback" and .labels.service == $service)] | length')"
  if ((firing == 0)); then
    echo "no firing alert asks for a rollback" >&2
    exit 0
  fi
fi

slot="$(k get service "$SERVICE" --output jsonpath='{.spec.selector.slot}')"
if [[ "$slot" == "green" ]]; then
  DEPLOYMENT="${DEPLOYMENT}-green"
fi

k delete deployment "${SERVICE}-canary" --ignore-not-found
if k rollout undo "deployment/${DEPLOYMENT}"; then
  k rollout status "deployment/${DEPLOYMENT}" --timeout=300s
else # the first release in a slot has nothing to go back to, but the other slot has
  [[ -n "$slot" ]] || exit 1
  if [[ "$slot" == "green" ]]; then slot="blue"; else slot="green"; fi
  k patch service "$SERVICE" --type merge --patch "{\"spec\":{\"selector\":{\"slot\":\"$slot\"}}}"
fi
echo "rolled back ${SERVICE}"
