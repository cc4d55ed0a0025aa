#!/bin/sh
# Makes the committed records anew: one run of each chain that ships, answered by the deterministic provider.
# Usage: make.sh PATH-OF-FCC-AGENTS, from the project's root
set -eu
fcc=$1
for chain in devops-deployment ml-handoff ml-to-production docs-as-code promotion rollback; do
    folder=tests/records/$chain
    rm -rf "$folder"
    set -- run "$chain" --id "$chain" --no-input --out "$folder"
    if [ "$chain" = rollback ]; then
        set -- "$@" --on docs/examples/alert.json --set deployment=tests/records/devops-deployment
    fi
    "$fcc" "$@"
done
