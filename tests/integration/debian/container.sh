#!/usr/bin/env bash
# The container's image: it is built, and exports a registry of a volume.
# Usage: container.sh BUILD
set -euo pipefail
build=$1
top=$(cd "$(dirname "$0")/../../.." && pwd)
source "$top/tests/root.sh"
"$top/tests/packages.sh" debian || cannot_run "the tools cannot be installed"
work=$(mktemp -d)
fail() { echo "$*" >&2; exit 1; }
own=(buildah --root "$work/images" --runroot "$work/running")
cleanup() {
    "${own[@]}" rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

make_root "$build/root.tar" "$(dpkg --print-architecture)" minbase
"${own[@]}" from scratch >"$work/log" 2>&1 || cannot_run "buildah does not run here: $(tail -n 1 "$work/log")"
(cd "$build" && cpack -B "$work/context") >"$work/log" 2>&1 || fail "cpack: $(cat "$work/log")"
cp --reflink=auto "$build/root.tar" "$work/context"
"${own[@]}" build --isolation chroot --format docker --tag oversight-siem --file "$top/examples/container/Containerfile" "$work/context" \
    >"$work/log" 2>&1 || fail "buildah build: $(tail -n 30 "$work/log")"

"${own[@]}" inspect --type image oversight-siem >"$work/image"
grep -q '"/usr/bin/oversight-siem"' "$work/image" || fail "the image does not start the program"
container=$("${own[@]}" from oversight-siem)
mkdir "$work/volume"
sqlite3 "$work/volume/sample.db" <"$top/examples/registry.sql" >/dev/null
run() { "${own[@]}" run --isolation chroot --volume "$work/volume:/var/lib/oversight-siem" "$container" -- "$@"; }
owner=$(run id -u)
[ "$owner" -ne 0 ] || fail "the image runs as root"
chown -R "$owner" "$work/volume"
run oversight-siem export --db sample.db --registry-id r --format ecs --output out.jsonl
[ "$(wc -l <"$work/volume/out.jsonl")" -eq 12 ] || fail "not 12 records"
echo "the image is built, and exports as user $owner"
