#!/usr/bin/env bash
set -euo pipefail
BASE_URL="${2:-http://churn-predictor-v2.churn-predictor-v2.svc}"
LIMIT_SECONDS="0.1"
case "${1:-}" in
  liveness) path="/healthz" ;;
  readiness) path="/readyz" ;;
  *) echo "usage: healthcheck.sh liveness|readiness [BASE_URL]" >&2; exit 2 ;;
esac

read -r status seconds < <(curl --silent --output /dev/null --max-time 5 \
  --write-out '%{http_code} %{time_total}\n' "${BASE_URL}${path}" || true)
if [[ "$status" != "200" ]]; then
  echo "FAIL ${path}: HTTP ${status}" >&2
  exit 1
fi
if awk -v took="$seconds" -v limit="$LIMIT_SECONDS" 'BEGIN { exit !(took > limit) }'; then
  echo "SLOW ${path}: ${seconds}s, limit ${LIMIT_SECONDS}s" >&2
fi
echo "OK ${path}: ${seconds}s"
