# shellcheck shell=bash
# delivery.sh: what the tests of delivery share; sourced after check.sh.
receivers=$root/tests/delivery
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
# Pauses between attempts that a test need not wait for.
quick=(--retry-base 0.01 --retry-cap 0.05)

# What bodies can be compressed with.
compressions=(none)
! has_feature gzip || compressions+=(gzip)

# receive NAME KIND [OPTION]...: starts a receiver, whose folder is NAME; sets url, port and receiver.
receive() {
    folder=$1
    local kind=$2 scheme=http
    shift 2
    rm -rf "$folder"
    mkdir "$folder"
    [[ " $* " == *" --tls "* ]] && scheme=https
    python3 "$receivers/receiver.py" "$kind" --folder "$folder" "$@" >"$folder/port" 2>"$folder/log" &
    receiver=$!
    until port=$(sed -n 's/^port //p' "$folder/port" 2>/dev/null) && [ -n "$port" ]; do
        kill -0 "$receiver" || { fail "no receiver: $(cat "$folder/log")"; exit 1; }
        sleep 0.02
    done
    url=$scheme://127.0.0.1:$port
}

# dismiss: ends the receiver that was started last.
dismiss() { kill "$receiver" && wait "$receiver" || true; }

# registry FILE N [SQL]: a registry with N events, ids 1 to N; the SQL may change some.
registry() {
    rm -f "$1" "$1-wal" "$1-shm"
    make_registry "$1" "$(many "$2") ${3:-}"
}

# account FOLDER DEAD FIRST LAST: each id from FIRST to LAST is stored once, or in the dead letter file
# once, and nothing else is; prints what is wrong. "twice" as fifth argument allows ids stored again.
account() { python3 "$receivers/account.py" "$@" || fail "account $*"; }

# count FOLDER WHAT: how many lines of FOLDER/stored.jsonl or requests.jsonl.
count() { if [ -e "$1/$2.jsonl" ]; then wc -l <"$1/$2.jsonl"; else echo 0; fi; }

# plan JSON: writes the faults for the next receiver, to be given as --plan plan.json.
plan() { printf '%s' "$1" >plan.json; }

# holds FOLDER EXPRESSION: a Python expression over what the receiver took down; holds.py has its names.
holds() { python3 "$receivers/holds.py" "$@" || fail "$1: not so: $2"; }

# records FOLDER: the records that are stored, as they came, one a line.
records() { sed 's/^{"request": [0-9]*, "id": [^,]*, "record": //; s/}$//' "$1/stored.jsonl"; }

# adds_up FOLDER TOTAL: the closing line in err says how many are stored, and with those that were refused
# and those that are left it comes to TOTAL. What is stored twice counts once.
adds_up() {
    local exported refused left stored
    exported=$(sed -n 's/^\[.*\] exported \([0-9,]*\) event.*/\1/p' err | tr -d ,)
    refused=$(sed -n 's/^ *\([0-9,]*\) event(s) refused .*/\1/p' err | tr -d ,)
    left=$(sed -n 's/^ *\([0-9,]*\) event(s) left$/\1/p' err | tr -d ,)
    stored=$(records "$1" | sort -u | wc -l)
    [ "$exported" = "$stored" ] || fail "$1: $stored event(s) are stored, and it says: $(head -n 1 err)"
    [ $((exported + ${refused:-0} + ${left:-0})) -eq "$2" ] || fail "$1: $2 event(s) are not told: $(cat err)"
}

# await FOLDER N: until the receiver has answered N requests.
await() {
    for ((tries = 0; tries < 500; tries++)); do
        [ "$(count "$1" requests)" -lt "$2" ] || return 0
        sleep 0.02
    done
    fail "$1: $2 request(s) never came"
}

# wide FILE ID SIZE: the user agent of an event gets so many characters.
wide() { sqlite3 "$1" "UPDATE events SET user_agent = replace(hex(zeroblob($3)), '00', 'x') WHERE id = $2"; }
