#!/usr/bin/env bash
# The registry is free while a request hangs or a retry waits: its log is reset and its writer goes on.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=registry-secret

# start DB [OPTION]...: an export in the background, to the receiver that was started last.
start() {
    local db=$1
    shift
    "$program" export --db "$db" --registry-id reg --to splunk --token env:TOKEN --url "$url" "$@" 2>err &
    child=$!
}

# ended STATUS: the export that was started ends so.
ended() {
    local status=0
    wait "$child" || status=$?
    [ "$status" -eq "$1" ] || fail "status $status instead of $1: $(cat err)"
}

# write_freely DB: a writer adds events, resets the log, and adds more, with no patience for readers.
write_freely() {
    sqlite3 -cmd '.timeout 0' "$1" "$(many 500)" || fail "$1: the writer is kept from writing"
    [ -s "$1-wal" ] || fail "$1: there is no log to reset"
    [ "$(sqlite3 -cmd '.timeout 0' "$1" 'PRAGMA wal_checkpoint(TRUNCATE)')" = '0|0|0' ] || fail "$1: the log is not reset"
    # The export keeps the database open, so that the log is there; but it is empty.
    [ -e "$1-wal" ] && [ ! -s "$1-wal" ] || fail "$1: the log has $(stat -c %s "$1-wal") bytes"
    sqlite3 -cmd '.timeout 0' "$1" "$(many 500)" || fail "$1: the writer is kept from writing again"
}

# SIGTERM while a request hangs: it is waited for some seconds, as its answer tells what became of the events.
# The rest of this test runs beside it.
registry stopped.db 50
plan '["hang"]'
receive hung hec --plan plan.json
start stopped.db
await hung 1
hung=$child
hung_since=$SECONDS
mv err hung.err
kill -TERM "$hung"
(
    while kill -0 "$hung" 2>/dev/null; do sleep 0.1; done
    echo "$SECONDS" >hung.end
) &

# Pages of the registry are still to be read: it is larger than what is sent at once by far.
registry r.db 5000
before=5000
for fault in '"hang"' '{"status": 503, "retry_after": 2}'; do
    plan "[$fault, $fault]"
    receive hanging hec --plan plan.json
    start r.db --batch-events 100 --timeout 2 --in-flight 2 "${quick[@]}"
    await hanging 2
    write_freely r.db
    kill -0 "$child" || fail "the export has ended before the registry was looked at"
    ended 0
    holds hanging "statuses.count(None if '$fault' == '\"hang\"' else 503) == 2"
    # What was there at the start is delivered; what came later may be.
    exported=$(count hanging stored)
    [ "$exported" -ge $before ] && [ "$exported" -le $((before + 1000)) ] || fail "$exported event(s) of $before"
    account hanging none 1 "$exported"
    before=$((before + 1000))
done

# SIGTERM while a retry waits: it ends soon, and tells what was delivered and what is left.
plan '["ok", {"status": 503, "retry_after": 600}, {"status": 503, "retry_after": 600}]'
receive stopped hec --plan plan.json
start stopped.db --batch-events 10 --in-flight 1
await stopped 3
at=$SECONDS
kill -TERM "$child"
ended 1
[ $((SECONDS - at)) -le 3 ] || fail "it took $((SECONDS - at)) s to stop"
has err "[stopped] exported 10 event(s)"
has err "40 event(s) left"
adds_up stopped 50
# An answer that comes in that time counts.
plan '[{"play": "drip", "seconds": 0.02}]'
receive slow hec --plan plan.json
start stopped.db --batch-events 25 --in-flight 1
until [ "$(count slow stored)" -gt 0 ]; do sleep 0.02; done
kill -TERM "$child"
ended 1
has err "[stopped] exported 25 event(s)"
has err "25 event(s) left"
adds_up slow 50
child=$hung
ended 1
until_true test -s hung.end
[ $(($(cat hung.end) - hung_since)) -le 20 ] || fail "a request that hangs was waited for"
has hung.err "[stopped] exported 0 event(s)"
has hung.err "50 event(s) left"
finish
