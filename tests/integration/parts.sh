#!/usr/bin/env bash
# Runs the scripts of a folder, each with the same argument. One that ends with status 77 could not run, as a registry of
# packages is out of reach: it is named with its last line, and counts as nothing. The status is 1 when one fails.
# Usage: parts.sh TITLE FOLDER SECONDS ARGUMENT [NAME...]     (default: all)
set -euo pipefail
title=$1 folder=$2 seconds=$3
argument=$(realpath "$4")
shift 4
[ $# -gt 0 ] || mapfile -t < <(cd "$folder" && printf '%s\n' *.sh | sed 's/\.sh$//') && set -- "${@:-${MAPFILE[@]}}"

passed=() omitted=() failed=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name; do
    status=0
    timeout "$seconds" "$folder/$name.sh" "$argument" >"$log" 2>&1 || status=$?
    case $status in
    0) passed+=("$name") ;;
    77) omitted+=("$name ($(tail -n 1 "$log"))") ;;
    *) failed+=("$name") ;;
    esac
    [ "$status" -eq 77 ] || sed "s/^/$name: /" "$log"
done
printf '%s: %d passed%s\n' "$title" "${#passed[@]}" "${passed[*]:+: ${passed[*]}}"
for reason in "${omitted[@]}"; do echo "did not run: $reason"; done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
