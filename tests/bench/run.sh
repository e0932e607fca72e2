#!/usr/bin/env bash
# Measures exports beside a bare scan of the same registry, in one run: medians, as ratios.
# Usage: tests/bench/run.sh [EVENTS [RUNS]]     (default: 1000000 events, 5 runs)
# The registry and the exports go to $TMPDIR, or /tmp: about 1.5 GB for a million events.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-1000000}
runs=${2:-5}
formats=(splunk ecs sentinel)
registry_id=deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef

tests/packages.sh
cmake -S . -B build -G Ninja -DOVERSIGHT_TESTS=ON >build-bench.log 2>&1 || { cat build-bench.log >&2; exit 1; }
cmake --build build --target oversight-siem bench-scan bench-measure >build-bench.log 2>&1 ||
    { cat build-bench.log >&2; exit 1; }
rm -f build-bench.log
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measure=build/tests/bench-measure
program=build/oversight-siem

make_registry() { # file events
    { echo ".parameter init"; echo ".parameter set :events $2"; cat tests/bench/registry.sql; } |
        sqlite3 "$1" >/dev/null
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

export_to_file() { # format
    rm -f "$work/out"
    sync -f "$work" # the disk's own pace is not the exporter's
    "$measure" "$program" export --db "$work/large.sqlite" --format "$1" \
        --registry-id "$registry_id" --output "$work/out" --quiet
}

# What the machine takes for the same bytes alone: they depend on its memory and disk, not on us.
write_alone() { # bytes
    rm -f "$work/out"
    sync -f "$work"
    "$measure" dd if=/dev/zero of="$work/out" bs=256K count=$(($1 / 262144)) status=none
}

export_to_nowhere() { # format: without a disk in between
    "$measure" "$program" export --db "$work/large.sqlite" --format "$1" \
        --registry-id "$registry_id" --output /dev/null --quiet
}

echo "making a registry of $events events"
make_registry "$work/large.sqlite" "$events"
make_registry "$work/small.sqlite" 200
build/tests/bench-scan "$work/large.sqlite" >/dev/null # into the page cache

# What is measured as one function writes what the built-in format does.
difference=$(BENCH_FORMAT=whole "$program" diff tests/bench/overrides.lua --against sentinel --db "$work/small.sqlite")
[[ $difference == "whole and sentinel write the same for "* ]] || { echo "the function writes something else: $difference" >&2; exit 1; }

for ((run = 1; run <= runs; run++)); do
    "$measure" build/tests/bench-scan "$work/large.sqlite" >>"$work/scan"
    for format in "${formats[@]}"; do
        export_to_file "$format" >>"$work/$format"
        write_alone "$(stat -c %s "$work/out")" >>"$work/$format.write"
    done
    export_to_nowhere sentinel >>"$work/bare"
    for how in overrides whole; do
        BENCH_FORMAT=$how export_to_nowhere tests/bench/overrides.lua >>"$work/$how"
    done
    "$measure" "$program" export --db "$work/small.sqlite" --format splunk \
        --registry-id "$registry_id" --quiet >>"$work/first"
done

scan=$(cut -d' ' -f1 "$work/scan" | median)
printf '%-10s %10s %12s %14s %10s %10s\n' "" "median ms" "x bare scan" "its bytes, ms" "MiB peak" "events/s"
printf '%-10s %10.0f %12.2f\n' "bare scan" "$scan" 1
for format in "${formats[@]}"; do
    ms=$(cut -d' ' -f1 "$work/$format" | median)
    kib=$(cut -d' ' -f2 "$work/$format" | sort -n | tail -1)
    write=$(cut -d' ' -f1 "$work/$format.write" | median)
    awk -v f="$format" -v ms="$ms" -v scan="$scan" -v kib="$kib" -v n="$events" -v write="$write" 'BEGIN {
        printf "%-10s %10.0f %12.2f %14.0f %10.1f %10.0f\n", f, ms, ms / scan, write, kib / 1024, n / ms * 1000 }'
done
bare=$(cut -d' ' -f1 "$work/bare" | median)
printf '\nsentinel to /dev/null: %.0f ms; with 3 rows of a site x %.2f; as one Lua function x %.2f\n' "$bare" \
    "$(awk "BEGIN { print $(cut -d' ' -f1 "$work/overrides" | median) / $bare }")" \
    "$(awk "BEGIN { print $(cut -d' ' -f1 "$work/whole" | median) / $bare }")"
first=$(cut -d' ' -f3 "$work/first" | median)
printf 'first record of a registry of 200 events after %.1f ms (median of %d)\n' "$first" "$runs"
