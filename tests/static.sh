#!/usr/bin/env bash
# Analyses the C code with clang-tidy, by the compile commands of a build; .clang-tidy has the checks.
# Usage: tests/static.sh [BUILD]     (default: build)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
tests/packages.sh static
mapfile -t sources < <(find engine lua -name '*.c')
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\0' "${sources[@]}" | xargs -0 -n 4 -P "$(nproc)" clang-tidy -p "$build" --quiet >"$log" 2>&1 ||
    { grep -E '(warning|error|note):' "$log" >&2; exit 1; }
echo "${#sources[@]} files analysed, no findings"
