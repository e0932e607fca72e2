#!/usr/bin/env bash
# How the products are built: each says in its headers what an attacker of its memory meets.
# Usage: hardening.sh PROGRAM LIBRARY MODULE
set -euo pipefail
failures=0
wants() { # file what pattern command...
    local file=$1 what=$2 pattern=$3
    shift 3
    [[ $("$@" "$file") =~ $pattern ]] || { echo "FAILED: $file: $what" >&2; failures=$((failures + 1)); }
}
wants "$1" "is not position-independent" "Type: +DYN" readelf -hW
for file in "$@"; do
    wants "$file" "has no read-only relocations" GNU_RELRO readelf -lW
    wants "$file" "binds symbols lazily" BIND_NOW readelf -dW
    wants "$file" "has an executable stack" "GNU_STACK [^E]* RW  " readelf -lW
    wants "$file" "has no stack protector" __stack_chk_fail nm -D
    wants "$file" "calls no checked functions of the C library" __snprintf_chk nm -D
done
if [ "$(uname -m)" = x86_64 ]; then
    wants "$1" "has no landing pads for indirect branches" endbr64 objdump -d --no-show-raw-insn
fi
[ "$failures" -eq 0 ] || exit 1
echo "all products are hardened"
