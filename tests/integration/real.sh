#!/usr/bin/env bash
# Tests against real servers, each by a file of real/, which installs, starts and ends its server.
# Usage: real.sh PROGRAM [SERVER...]     (default: all). A server that cannot be had, as a registry of packages is out of
# reach, is named with its reason, and counts as nothing. The status is 1 when a test fails.
set -euo pipefail
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
shift
[ $# -gt 0 ] || mapfile -t < <(cd "$here/real" && printf '%s\n' *.sh | sed 's/\.sh$//') && set -- "${@:-${MAPFILE[@]}}"

passed=() omitted=() failed=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for server; do
    status=0
    timeout 360 "$here/real/$server.sh" "$program" >"$log" 2>&1 || status=$?
    case $status in
    0) passed+=("$server") ;;
    77) omitted+=("$server ($(tail -n 1 "$log"))") ;;
    *) failed+=("$server") ;;
    esac
    [ "$status" -eq 77 ] || sed "s/^/$server: /" "$log"
done
printf 'with real servers: %d passed%s\n' "${#passed[@]}" "${passed[*]:+: ${passed[*]}}"
for reason in "${omitted[@]}"; do echo "did not run: $reason"; done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
