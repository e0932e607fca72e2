#!/usr/bin/env bash
# Measures exports with one job and with two, beside a bare scan and a query of the sqlite3 shell, in one run: medians,
# as ratios to the scan, a table and a picture.
# Usage: tests/bench/jobs.sh [EVENTS [RUNS [SVG]]]     (default: 1000000 events, 5 runs, jobs.svg in the work folder)
# Registry and exports are in /dev/shm, so that no disk is measured: about 1.5 GB for a million events. The receivers
# are programs of their own on the same machine, and their time is part of what is seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-1000000}
runs=${2:-5}
picture=${3:-build/bench-jobs.svg}

tests/packages.sh
tests/packages.sh bench
cmake -S . -B build -G Ninja -DOVERSIGHT_TESTS=ON >build-bench.log 2>&1 || { cat build-bench.log >&2; exit 1; }
cmake --build build --target oversight-siem bench-scan bench-measure >build-bench.log 2>&1 ||
    { cat build-bench.log >&2; exit 1; }
rm -f build-bench.log
work=$(mktemp -d -p /dev/shm)
receiver=
cleanup() {
    [ -z "$receiver" ] || kill "$receiver"
    rm -rf "$work"
}
trap cleanup EXIT
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
measure=build/tests/bench-measure
program=build/oversight-siem
registry=$work/registry.sqlite
export TOKEN=bench

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

export_to() { # option...
    local db=$registry
    if [ "$1" = --db ]; then db=$2 && shift 2; fi
    "$measure" "$program" export --db "$db" --registry-id bench --quiet "$@"
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

# What a person would write by hand for the sentinel format, and less than that.
query="SELECT json_object('TimeGenerated', strftime('%Y-%m-%dT%H:%M:%SZ', timestamp, 'unixepoch'), 'EventId', id,
    'BeaconKind', kind, 'TokenId', token_id, 'FileId', file_id, 'RecipientId', recipient_id, 'SourceIp', source_ip,
    'UserAgent', user_agent, 'ExtraJson', extra) FROM events ORDER BY timestamp, id;"

echo "making a registry of $events events"
{ echo ".parameter init"; echo ".parameter set :events $events"; cat tests/bench/registry.sql; } |
    sqlite3 "$registry" >/dev/null
build/tests/bench-scan "$registry" >/dev/null # into the page cache
# One event in a thousand steps back in time; all are shuffled; a registry of one event.
cp "$registry" "$work/steps.sqlite"
sqlite3 "$work/steps.sqlite" "UPDATE events SET timestamp = timestamp - 100 WHERE id % 1000 = 500;"
cp "$registry" "$work/shuffled.sqlite"
sqlite3 "$work/shuffled.sqlite" "UPDATE events SET timestamp = 1735000000 + id * 2654435761 % 4294967296 % 100000;"
{ echo ".parameter init"; echo ".parameter set :events 1"; cat tests/bench/registry.sql; } |
    sqlite3 "$work/one.sqlite" >/dev/null

cases=(scan query)
for format in splunk ecs sentinel; do cases+=("$format-1" "$format-2"); done
cases+=(null-1 null-2)
for order in steps shuffled; do cases+=("$order-1" "$order-2"); done
for how in hec hec-gzip bulk bulk-gzip; do cases+=("$how-1" "$how-2"); done

for ((run = 1; run <= runs; run++)); do
    export_to --db "$work/one.sqlite" --format ecs >>"$work/first"
    "$measure" build/tests/bench-scan "$registry" >>"$work/scan"
    "$measure" sqlite3 "$registry" ".output $work/out" "$query" >>"$work/query"
    for jobs in 1 2; do
        for format in splunk ecs sentinel; do
            rm -f "$work/out"
            export_to --format $format --jobs $jobs --output "$work/out" >>"$work/$format-$jobs"
        done
        rm -f "$work/out"
        export_to --format ecs --jobs $jobs --output /dev/null >>"$work/null-$jobs"
        for order in steps shuffled; do
            export_to --db "$work/$order.sqlite" --format ecs --jobs $jobs --output "$work/out" >>"$work/$order-$jobs"
            rm -f "$work/out"
        done
        deliver hec-$jobs hec --to splunk --token env:TOKEN --jobs $jobs
        deliver hec-gzip-$jobs hec --to splunk --token env:TOKEN --compress gzip --jobs $jobs
        deliver bulk-$jobs bulk --to elastic --jobs $jobs
        deliver bulk-gzip-$jobs bulk --to elastic --compress gzip --jobs $jobs
    done
done

scan=$(cut -d' ' -f1 "$work/scan" | median)
printf '%-14s %10s %12s %10s %10s\n' "" "median ms" "x bare scan" "events/s" "MiB peak"
for name in "${cases[@]}"; do
    ms=$(cut -d' ' -f1 "$work/$name" | median)
    kib=$(cut -d' ' -f2 "$work/$name" | sort -n | tail -1)
    awk -v name="$name" -v ms="$ms" -v scan="$scan" -v kib="$kib" -v n="$events" 'BEGIN {
        printf "%-14s %10.0f %12.2f %10.0f %10.1f\n", name, ms, ms / scan, n / ms * 1000, kib / 1024 }' |
        tee -a "$work/table"
done

printf 'first record after %.1f ms\n' "$(cut -d' ' -f3 "$work/first" | median)"

gnuplot <<G
set terminal svg size 900,480 font "sans,12"
set output "$picture"
set title "$events events on $(nproc) cores: time as a multiple of a bare scan (median of $runs)"
set style fill solid 0.7
set boxwidth 0.7
set xtics rotate by -45 nomirror
set ytics nomirror
set grid ytics
set yrange [0:*]
unset key
plot "$work/table" using 0:3:(strstrt(stringcolumn(1), "-2") > 0 ? 2 : 1):xtic(1) with boxes linecolor variable, \
    "" using 0:3:(sprintf("%.1f", column(3))) with labels offset 0,0.7
G
echo "the picture: $picture"
