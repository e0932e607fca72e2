#!/usr/bin/env bash
# Where /proc is not mounted, an export goes on all the same; a renamed file, which it cannot find by name, it names.
# Skipped (77) where no file system can be mounted.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
unshare -m mount -t tmpfs none /proc 2>/dev/null || exit 77
without_proc() { # STATUS ARGUMENT...
    local status=0 expected=$1
    shift
    # shellcheck disable=SC2016 # the inner shell's
    unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$program" "$@" >out 2>err || status=$?
    [ "$status" -eq "$expected" ] || { fail "status $status instead of $expected: $*"; cat err >&2; }
}
make_registry r.db "$(many 5)"
export=(export --db r.db --registry-id reg --format ecs --output out.jsonl --checkpoint position.json)
without_proc 0 "${export[@]}"
lines out.jsonl 5

# The checkpoint is behind the file, as after a crash: what is there is compared, and completed.
behind() {
    cp position.json old.json
    sqlite3 r.db "$(many 3)"
    run 0 "${export[@]}"
    cp out.jsonl whole.jsonl
    cp old.json position.json
    truncate -s -20 out.jsonl
}
behind
without_proc 0 "${export[@]}"
same out.jsonl whole.jsonl
behind
mv out.jsonl out.jsonl.1
without_proc 1 "${export[@]}"
has err "cannot read 'out.jsonl', to continue after what is there: it was renamed, and there is no /proc"
has err 'mount /proc'
run 0 "${export[@]}"
same out.jsonl.1 whole.jsonl

# A line that a program died within is not gone on with.
printf '{"torn"' >torn.jsonl
without_proc 0 export --db r.db --registry-id reg --format ecs --output torn.jsonl
[ "$(head -n 1 torn.jsonl)" = '{"torn"' ] || fail "the torn line goes on: $(head -n 1 torn.jsonl)"
finish
