# shellcheck shell=bash
# check.sh: what the tests of the program share; sourced with the program as $1.
# Each test file runs in a folder of its own, which is removed at the end.
set -euo pipefail
program=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
# What this test started and has not seen end: the pid of what ended may be another process's by now.
cleanup() {
    for child in $(jobs -pr); do kill "$child" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
failures=0

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*" >&2
}

# has_feature NAME: whether the program was built with it.
has_feature() { [[ " $("$program" --version | sed -n 's/^features://p') " == *" +$1 "* ]]; }

# run STATUS ARGUMENT...: runs the program; its output is in the files out and err.
run() {
    local expected=$1 status=0
    shift
    "$program" "$@" >out 2>err || status=$?
    if [ "$status" -ne "$expected" ]; then
        fail "status $status instead of $expected: $*"
        cat err >&2
    fi
}

# has FILE TEXT: the file holds the text, as it is.
has() { grep -qF -- "$2" "$1" || { fail "$1 lacks '$2':"; show "$1"; }; }
lacks() { ! grep -qF -- "$2" "$1" || { fail "$1 holds '$2':"; show "$1"; }; }
show() { head -n 20 "$1" | cut -c 1-400 >&2; }
lines() { [ "$(wc -l <"$1")" -eq "$2" ] || fail "$1 has $(wc -l <"$1") lines instead of $2"; }
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

# until_true COMMAND...: waits for it, 30 s at most.
until_true() {
    for ((tries = 0; tries < 1500; tries++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.02
    done
    fail "never so: $*"
}
has_lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -eq "$2" ]; }

# make_registry FILE [SQL]: an empty registry in WAL mode, with what the SQL adds.
make_registry() {
    sqlite3 "$1" "PRAGMA journal_mode = WAL; CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT,
        token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL,
        source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL,
        qualified_timestamp TEXT, tlog_index INTEGER); ${2:-}" >/dev/null
}

# many N: SQL that inserts N events, the first at time 1000.
many() {
    echo "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
        INSERT INTO events (token_id, kind, extra, timestamp)
        SELECT 'token-' || i, 'dns', '{\"qtype\": \"A\"}', 999 + i FROM n;"
}

# grouped NUMBER: as closing lines have it: 12,000.
grouped() { echo "$1" | sed ':again; s/\B[0-9]\{3\}\>/,&/; t again'; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures check(s) failed" >&2; exit 1; }
    echo "all checks passed"
}
