#!/usr/bin/env bash
# Builds oversight-siem, makes a sample registry, and exports it in all three formats.
# Usage: examples/quickstart.sh     (results: the folder export/ beside CMakeLists.txt)
set -euo pipefail
cd "$(dirname "$0")/.."
registry_id=4d1a7c0e9b8f2a6635c4d8e1f09b7a2c4d1a7c0e9b8f2a6635c4d8e1f09b7a2c

tests/packages.sh build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "building"
{ cmake -S . -B build -G Ninja -DOVERSIGHT_TESTS=OFF && cmake --build build; } >"$log" 2>&1 ||
    { cat "$log" >&2; exit 1; }

mkdir -p export
rm -f export/*.jsonl export/registry.sqlite*
sqlite3 export/registry.sqlite <examples/registry.sql >/dev/null

export=(build/oversight-siem export --db export/registry.sqlite --registry-id "$registry_id")
for format in splunk ecs sentinel; do
    echo
    "${export[@]}" --format "$format" --output "export/$format.jsonl"
    echo "the first record of export/$format.jsonl:"
    "${export[@]}" --format "$format" --limit 1 --pretty --quiet
done
echo
build/oversight-siem inspect --db export/registry.sqlite
