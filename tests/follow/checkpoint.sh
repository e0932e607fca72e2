#!/usr/bin/env bash
# Checkpoints by hand, what an export refuses to start on, and how far behind it is.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
add() { sqlite3 "$1" ".timeout 5000" "$(many "$2")"; }
# once [OPTION]...: exports what is new into out.jsonl.
once=(export --db r.db --registry-id reg --format ecs --output out.jsonl --checkpoint cp)
registry r.db 5

# ---- show ----
run 1 checkpoint show cp
has err "there is no checkpoint 'cp'"
run 0 "${once[@]}"
run 0 checkpoint show cp
for line in "Position      event 5, of 1970-01-01T00:16:44Z" "Registry      reg" "Format        ecs" "Sink          file" \
    "Output        $(stat -c %s out.jsonl) bytes, of the file with device:inode:birth $(stat -c %d:%i out.jsonl)"; do
    has out "$line"
done
run 0 checkpoint show cp --json
python3 -c 'import json; assert json.load(open("out"))["last_id"] == 5' || fail "no such JSON: $(cat out)"
for wrong in "show" "drop cp" "set cp" "show cp --last-id 1" "reset cp --json" "set cp --last-id -1"; do
    # shellcheck disable=SC2086 # arguments apart
    run 2 checkpoint $wrong
done

# ---- set, reset ----
run 0 checkpoint set cp --last-id 3
has out "cp: the events after id 3 are new"
run 0 "${once[@]}"
has err "[ok] exported 2 event(s) as ecs"
run 0 checkpoint reset cp
[ ! -e cp ] || fail "reset left the checkpoint"
run 1 checkpoint reset cp
run 0 "${once[@]}"
has err "[ok] exported 5 event(s) as ecs"
lines out.jsonl 12
run 0 checkpoint set fresh --last-id 2
[ "$(stat -c %a fresh)" = 600 ] || fail "a checkpoint that was set has mode $(stat -c %a fresh)"
run 0 checkpoint show fresh
has out "Registry      any: it belongs to the next export"

# ---- what it refuses to start on: each says what to do, and changes neither file ----
# held TEXT [OPTION]...: an export ends with status 4 and the text; nothing is written.
held() {
    local text=$1
    shift
    cp cp cp.before
    cp out.jsonl out.before
    run 4 "${once[@]}" "$@"
    has err "$text"
    same cp cp.before
    same out.jsonl out.before
}
held "made for another registry id (\"reg\", not \"other\")" --registry-id other
held "made for another format (\"ecs\", not \"splunk\")" --format splunk
run 4 export --db r.db --registry-id reg --format ecs --checkpoint cp
has err 'made for another kind of sink ("file", not "stdout")'
cp r.db copy.db
once=("${once[@]/#r.db/copy.db}")
held "the registry is another file than the one"
run 0 checkpoint set cp --last-id 5
run 0 "${once[@]}"
once=("${once[@]/#copy.db/r.db}")
rm out.jsonl cp
run 0 "${once[@]}"
for damage in '{' '' 'null' '[]' '{"oversight_checkpoint": 1}' '{"oversight_checkpoint": 1, "last_id": "x"}' \
    '{"oversight_checkpoint": 1, "last_id": 99999999999999999999}' \
    '{"oversight_checkpoint": 1, "last_id": 5, "registry_file": "1"}' \
    '{"oversight_checkpoint": 1, "last_id": 5, "output_file": "1:2"}' \
    '{"oversight_checkpoint": 1, "last_id": 5, "output_file": "1:2", "output_size": -1}' \
    's/"last_event": "[0-9a-f]*",//' 's/"last_event": "[0-9a-f]*"/"last_event": "12"/' 's/"last_event": "/&g/' \
    's/"last_event": "\([0-9a-f]*\)"/"last_event": 7/' 's/"last_id": 5/"last_id": "5"/' 's/"last_id": 5/"last_id": -5/' \
    's/"last_id": 5/"last_id": 5.0/' 's/"last_id": 5/"last_id": 5.5/' 's/"last_id": 5/"last_id": 9223372036854775808/' \
    's/"last_id": 5/"last_id": null/' 's/"last_timestamp": /&"x"/' 's/"format": "ecs"/"format": 1/' 's/"sink": "file",//' \
    's/"output_size": \([0-9]*\)/"output_size": "\1"/' 's/"oversight_checkpoint": 1/"oversight_checkpoint": "1"/' \
    's/"oversight_checkpoint": 1/"oversight_checkpoint": 0/'; do
    cp cp kept
    case $damage in s/*) sed "$damage" <kept ;; *) printf '%s' "$damage" ;; esac >"cp"
    ! cmp -s kept cp || fail "no damage: $damage"
    held "is damaged: say from where"
    run 4 checkpoint show cp
    cp kept cp
done
sed 's/"oversight_checkpoint": 1/"oversight_checkpoint": 2/' cp >later
cp cp kept
mv later cp
held "written by a later version (2)"
cp kept cp
sqlite3 r.db "UPDATE events SET timestamp = timestamp + 7"
held "is not the one that was read before"
sqlite3 r.db "UPDATE events SET timestamp = timestamp - 7"
# Its ids went back: restored from a backup, which has fewer events.
cp r.db backup.db
add r.db 3
run 0 "${once[@]}"
sqlite3 r.db "DELETE FROM events WHERE id > 5; UPDATE sqlite_sequence SET seq = 5"
held "the ids of the registry 'r.db' went back: it has given 5, and event 8 was read before"
run 0 checkpoint set cp --last-id 5
add r.db 2
run 0 "${once[@]}"
has err "[ok] exported 2 event(s) as ecs"
# Deleting the last events alone is no step back: the sequence goes on.
sqlite3 r.db "DELETE FROM events WHERE id > 5"
run 0 "${once[@]}"
add r.db 1
run 0 "${once[@]}"
has err "[ok] exported 1 event(s) as ecs"
sqlite3 plain.db "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp INTEGER)"
run 1 export --db plain.db --registry-id reg --format ecs --output p.jsonl --checkpoint p.cp
has err "is not AUTOINCREMENT"

# ---- other names for it, and links in its place ----
mkdir place
mv cp place/cp
ln -s place/cp cp
add r.db 1
run 0 "${once[@]}"
has err "[ok] exported 1 event(s) as ecs"
[ -L cp ] || fail "the link was replaced"
echo "not yours" >victim
ln -s "$PWD/victim" place/cp.new
add r.db 1
run 0 "${once[@]}"
[ "$(cat victim)" = "not yours" ] || fail "a link in the checkpoint's place was followed"
rm cp
mv place/cp cp
odd='Grün "A" \ b'
run 0 export --db r.db --registry-id "$odd" --format ecs --output odd.jsonl --checkpoint odd.cp
run 0 checkpoint set odd.cp --last-id 3
run 0 export --db r.db --registry-id "$odd" --format ecs --output odd.jsonl --checkpoint odd.cp

# ---- a restored registry that has given as many ids, with an event of the same second ----
registry s.db 4
run 0 export --db s.db --registry-id reg --format ecs --output s.jsonl --checkpoint s.cp
sqlite3 s.db "DELETE FROM events WHERE id > 2; UPDATE sqlite_sequence SET seq = 2;
    INSERT INTO events (token_id, kind, timestamp) SELECT 'new-' || value, 'dns', 1000 + value FROM json_each('[2, 3, 4, 5]')"
run 4 export --db s.db --registry-id reg --format ecs --output s.jsonl --checkpoint s.cp
has err "event 4 of the registry 's.db' is not the one that was read before"
lines s.jsonl 4

# ---- one process has it ----
mkfifo pipe
exec 8<>pipe
flock cp.lock cat pipe 8>&- &
owner=$!
until ! flock --nonblock cp.lock true; do :; done
run 1 "${once[@]}"
has err "the checkpoint 'cp' is in use by another process"
run 1 checkpoint set cp --last-id 1
has err "in use by another process"
run 1 checkpoint reset cp
run 0 checkpoint show cp
exec 8>&-
wait "$owner"

# ---- a place that cannot be written ----
run 1 "${once[@]}" --checkpoint none/cp
has err "none/cp"
run 1 checkpoint set none/cp --last-id 1

# ---- status ----
run 0 status cp --db r.db
has out "Behind        nothing: all events are exported"
sqlite3 r.db "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', strftime('%s') - 93784), ('t', 'dns', 'x')"
run 0 status cp --db r.db
grep -qE '^Behind        2 event\(s\), up to id 12; the first of them is 1 d 2 h old$' out || fail "no such lag: $(cat out)"
run 0 status cp --db r.db --json
python3 -c 'import json; s = json.load(open("out")); assert s["lag_events"] == 2 and 93784 <= s["lag_seconds"] < 93884' ||
    fail "no such JSON: $(cat out)"
for time in 9e999 -9e999 -1e300 1e300; do
    sqlite3 r.db "UPDATE events SET timestamp = $time WHERE id > 10"
    run 0 status cp --db r.db
    has out "Behind        2 event(s), up to id 12"
    run 0 status cp --db r.db --json
    python3 -c 'import json; assert "lag_seconds" not in json.load(open("out"))' || fail "no such JSON: $(cat out)"
done
# A registry that is another one.
# problem TEXT: status tells it, also to programs, and reconcile does nothing.
problem() {
    run 1 status cp --db "$2"
    grep -qF "the registry '$2' $1" <(grep ^Problem out) || fail "no such problem: $(cat out)"
    lacks out "all events are exported"
    run 1 status cp --db "$2" --json
    python3 -c 'import json, sys; assert sys.argv[1] in json.load(open("out"))["problem"]' "$1" || fail "no such JSON: $(cat out)"
    run 1 reconcile --db "$2" --checkpoint cp --file out.jsonl
    has err "the registry '$2' $1"
    has err "'oversight-siem checkpoint set"
}
sqlite3 r.db "UPDATE events SET kind = 'http' WHERE id = 10"
problem "is not the one that was exported" r.db
sqlite3 r.db "UPDATE events SET kind = 'dns' WHERE id = 10"
run 0 status cp --db r.db
cp r.db other.db
problem "is another file than the one" other.db
cp r.db whole.db
sqlite3 r.db "DELETE FROM events; UPDATE sqlite_sequence SET seq = 4"
problem "has given no id after 4, and the checkpoint is at event 10" r.db
sqlite3 r.db "DELETE FROM sqlite_sequence"
problem "has given no id after 0" r.db
cat whole.db >r.db # the same file
run 0 status cp --db r.db
run 0 checkpoint set cp --last-id 8
run 0 status cp --db other.db
run 2 status cp
run 1 status nothing --db r.db
run 1 status cp --db nothing.db

finish
