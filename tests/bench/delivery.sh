#!/usr/bin/env bash
# Measures delivery to a loopback receiver that only counts, beside the file sink, in one run: medians.
# Usage: tests/bench/delivery.sh [EVENTS [RUNS]]     (default: 1000000 events, 5 runs)
# The receiver is a program of its own on the same machine, and its time is part of what is seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-1000000}
runs=${2:-5}

tests/packages.sh
cmake -S . -B build -G Ninja -DOVERSIGHT_TESTS=ON >build-bench.log 2>&1 || { cat build-bench.log >&2; exit 1; }
cmake --build build --target oversight-siem bench-measure >build-bench.log 2>&1 ||
    { cat build-bench.log >&2; exit 1; }
rm -f build-bench.log
work=$(mktemp -d)
receiver=
cleanup() {
    [ -z "$receiver" ] || kill "$receiver"
    rm -rf "$work"
}
trap cleanup EXIT
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
measure=build/tests/bench-measure
program=build/oversight-siem
export TOKEN=bench

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

export_to() { # option...
    "$measure" "$program" export --db "$work/registry.sqlite" --registry-id bench --quiet "$@"
}

# deliver NAME RECEIVER OPTION...: measures an export to a fresh receiver, and checks what it counted.
deliver() {
    local name=$1 kind=$2 port
    shift 2
    python3 tests/delivery/receiver.py "$kind" --folder "$work/receiver" --count-only >"$work/port" &
    receiver=$!
    until port=$(sed -n 's/^port //p' "$work/port") && [ -n "$port" ]; do sleep 0.02; done
    export_to --url "http://127.0.0.1:$port" "$@" >>"$work/$name"
    kill "$receiver"
    wait "$receiver" || true
    receiver=
    grep -q "\"events\": $events\b" "$work/receiver/totals.json" ||
        { echo "$name: the receiver counted $(cat "$work/receiver/totals.json")" >&2; exit 1; }
}

echo "making a registry of $events events"
{ echo ".parameter init"; echo ".parameter set :events $events"; cat tests/bench/registry.sql; } |
    sqlite3 "$work/registry.sqlite" >/dev/null

cases=(splunk-file hec hec-gzip hec-1 ecs-file bulk bulk-gzip)
for ((run = 1; run <= runs; run++)); do
    export_to --format splunk --output /dev/null >>"$work/splunk-file"
    deliver hec hec --to splunk --token env:TOKEN
    deliver hec-gzip hec --to splunk --token env:TOKEN --compress gzip
    deliver hec-1 hec --to splunk --token env:TOKEN --in-flight 1
    export_to --format ecs --output /dev/null >>"$work/ecs-file"
    deliver bulk bulk --to elastic
    deliver bulk-gzip bulk --to elastic --compress gzip
done

printf '%-12s %10s %12s %10s %10s\n' "" "median ms" "x file sink" "events/s" "MiB peak"
for name in "${cases[@]}"; do
    ms=$(cut -d' ' -f1 "$work/$name" | median)
    kib=$(cut -d' ' -f2 "$work/$name" | sort -n | tail -1)
    case $name in *-file) file=$ms ;; esac
    awk -v name="$name" -v ms="$ms" -v file="$file" -v kib="$kib" -v n="$events" 'BEGIN {
        printf "%-12s %10.0f %12.2f %10.0f %10.1f\n", name, ms, ms / file, n / ms * 1000, kib / 1024 }'
done
