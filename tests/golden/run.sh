#!/usr/bin/env bash
# Exports the golden registries and compares with what the reference prints for them.
# Usage: run.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
registry_id=deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for registry in ordinary odd; do
    sqlite3 "$registry.sqlite" <"$here/$registry.sql"
    for format in splunk ecs sentinel; do
        "$program" export --db "$registry.sqlite" --format "$format" --registry-id "$registry_id" \
            --output "$registry.$format.jsonl" --quiet
        python3 "$here/compare.py" "$registry.sqlite" "$registry.$format.jsonl" \
            "$here/$registry.$format.jsonl"
        if [ "$registry" = ordinary ]; then
            cmp "$registry.$format.jsonl" "$here/$registry.$format.jsonl"
        fi
    done
done
