#!/usr/bin/env bash
# How an export ends: the closing line for people and for programs, its mark, the reasons, and what to do next.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=hunter2
registry r.db 20
export=(export --db r.db --registry-id reg)
# joined: err in one line, as a terminal wraps it.
joined() { tr -s '\n ' ' ' <err >joined; }
# json EXPRESSION: holds of the lines of err, each an object: `all` and the last of them, `end`.
json() {
    python3 - "$1" <<'PYTHON' || { fail "not so: $1"; show err; }
import json, sys
all = [json.loads(line) for line in open("err")]
end = all[-1] if all else {}
sys.exit(not eval(sys.argv[1]))
PYTHON
}

# ---- where the events went, in what time, and what became of a file ----
for beginning in new appended; do
    run 0 "${export[@]}" --format ecs --output out.jsonl
    has err "[ok] exported 20 event(s) as ecs to out.jsonl ($beginning) in "
done
run 0 "${export[@]}" --format ecs --output out.jsonl --truncate
has err "to out.jsonl (emptied) in "
folder=$(printf 'long%.0s' {1..20})
mkdir "$folder"
run 0 "${export[@]}" --format ecs --output "$folder/out.jsonl"
has err "[ok] exported 20 event(s) as ecs to $folder/out.jsonl (new) in "
run 0 "${export[@]}" --format ecs
has err "[ok] exported 20 event(s) as ecs in "
for checkpoint in new appended; do
    [ "$checkpoint" = new ] || sqlite3 r.db "$(many 1) UPDATE events SET timestamp = 2000 WHERE id = 21"
    run 0 "${export[@]}" --format ecs --output kept.jsonl --checkpoint cp
    has err "to kept.jsonl ($checkpoint) in "
done
receive plain plain --max-bytes 600
run 0 "${export[@]}" --format ecs --output "$url/hook/hunter2?token=hunter2" --batch-bytes 500 --in-flight 1
joined
has joined "[ok] exported 21 event(s) as ecs to $url in "
lacks err hunter2
registry many.db 12000
receive slow hec
run 0 export --db many.db --registry-id reg --to splunk --url "$url/services/collector" --token env:TOKEN --batch-events 100
grep -qE "^\[ok\] exported 12,000 event\(s\) as splunk to $url in [0-9.]+ s \([0-9,]+/s\)$" err || fail "$(cat err)"
dismiss

# ---- nothing to export ----
make_registry empty.db
run 0 export --db empty.db --registry-id reg --format ecs
has err "[ok] exported 0 event(s) as ecs in"
has err "     the registry has no events"
run 0 "${export[@]}" --format ecs --since 99999
joined
has joined "no event is of 1970-01-02T03:46:39Z or later: the last one is of 1970-01-01T00:33:20Z"
run 0 "${export[@]}" --format ecs --limit 0
has err "the limit is 0"
run 0 "${export[@]}" --format ecs --output kept.jsonl --checkpoint cp
has err "nothing is new after event 21"

# ---- refused ----
cat >strict.lua <<'LUA'
return require "oversight.formats.ecs":extend "strict" {
  { "labels.x", with = function(_, event)
      local id = math.tointeger(event.event_id)
      if id % 2 == 0 then error(("token %q of size %d is odd"):format(event.token_id, id), 0) end
      if id % 3 == 0 then error("three", 0) end
    end },
}
LUA
cat >none.lua <<'LUA'
return require "oversight.formats.ecs":extend "none" {
  { "labels.x", with = function(_, event) error("kind " .. event.event_id % 11 .. ("x"):rep(event.event_id % 11), 0) end },
}
LUA
run 3 "${export[@]}" --format ./strict.lua --on-error skip --output some.jsonl
lines some.jsonl 7
has err "[refused] exported 7 event(s) as strict to some.jsonl (new) in"
has err "     14 event(s) refused and skipped"
has err "10: strict: labels.x: token \"token-2\" of size 2 is odd (event 2, 4, 6, ...)"
has err "4: strict: labels.x: three (event 3, 9, 15, ...)"
run 3 "${export[@]}" --format ./none.lua --dead-letter dead.jsonl
has err "[refused] exported 0 event(s) as none"
has err "     21 event(s) refused and kept in dead.jsonl"
[ "$(grep -c '^       [0-9]*: ' err)" -eq 9 ] || { fail "not eight reasons and one for all others"; show err; }
has err "other reasons (event 9, 10, 11, ...)"
run 1 "${export[@]}" --format ./strict.lua
has err "[failed] exported 1 event(s) as strict"
has err "     to go on: correct the event or the format, or keep it aside with --dead-letter FILE and send it later with 'over"
has err "event 2: "
lines err 4
printf 'return require "oversight.siem".pipeline { source = { path = "r.db", registry_id = "reg" }, format = "./strict.lua", sink = "x" }' >pipe.lua
run 1 run pipe.lua
joined
has joined 'keep it aside with dead_letter = "FILE"'

# ---- rejected: the first by order is named, also when a later one is known before ----
bulk=("${export[@]}" --to elastic "${quick[@]}" --batch-events 7)
sqlite3 r.db "UPDATE events SET user_agent = 'poison' WHERE id IN (3, 5, 8)"
plan '[{"play": "drip", "seconds": 0.002}]'
receive bulk bulk --plan plan.json
run 1 "${bulk[@]}" --url "$url" --in-flight 2
joined
has joined "event 3: elastic rejects it: HTTP 400"
has joined "; of its batch of 7 record(s), 5 are in and 2 are rejected"
has joined "event(s) as ecs to $url"
lacks err "[ok]"
has joined "keep it aside with --dead-letter FILE"
receive bulk bulk
run 3 "${bulk[@]}" --url "$url" --in-flight 1 --on-error skip
joined
has joined "[refused] exported 18 event(s) as ecs to $url in "
has joined "3: elastic rejects it: HTTP 400"
has joined "(event 3, 5, 8)"
sqlite3 r.db "UPDATE events SET user_agent = NULL"
plan '[{"items": {"0": 400}}]'
receive bulk bulk --plan plan.json
run 3 replay dead.jsonl --to elastic --url "$url" "${quick[@]}"
has err "[refused] delivered 20 event(s), 1 refused again, 0 left"
joined
has joined "1: elastic rejects it: HTTP 400"

# ---- for programs ----
run 0 "${export[@]}" --format ecs --output json.jsonl --log-format json
json 'len(all) == 1 and end["mark"] == "ok" and end["level"] == "info" and end["exported"] == end["events"] == 21'
json 'end["target"] == "json.jsonl" and end["file"] == "new" and end["seconds"] >= 0 and end["refused"] == end["dropped"] == 0'
run 0 "${export[@]}" --format ecs --output kept.jsonl --checkpoint cp --log-format json
json 'end["mark"] == "ok" and end["exported"] == 0 and end["last_id"] == 21 and end["nothing"] == "nothing is new after event 21"'
run 0 "${export[@]}" --format ecs --log-format json --quiet
[ ! -s err ] || fail "--quiet prints: $(cat err)"
run 3 "${export[@]}" --format ./strict.lua --on-error skip --log-format json
json 'end["mark"] == "refused" and end["level"] == "warning" and end["refused"] == 14 and len(end["reasons"]) == 2'
json 'end["reasons"][0]["events"] == 10 and end["reasons"][0]["first"] == ["2", "4", "6"]'
run 1 "${export[@]}" --format ./strict.lua --log-format json
json 'len(all) == 2 and all[0]["mark"] == "failed" and all[0]["left"] == 20 and all[0]["error"] == end["msg"] and end["level"] == "error"'
run 1 export --db none.db --registry-id reg --format ecs --log-format=json
json 'len(all) == 1 and end["level"] == "error" and "none.db" in end["msg"]'
run 2 "${export[@]}" --format ecs --log-format json --nonsense
json 'len(all) == 1 and "is not an option" in end["msg"]'
run 2 "${export[@]}" --format ecs --log-format xml
has err "--log-format takes text or json"
plan '[{"status": 503}]'
receive json hec --plan plan.json
run 0 "${export[@]}" --to splunk --url "$url" --token hunter2 "${quick[@]}" --log-format json
json 'all[1]["level"] == "warning" and "HTTP 503" in all[1]["msg"] and end["mark"] == "ok" and end["retries"] == 1'
lacks err hunter2
run 1 run --log-format json pipe.lua
json 'all[0]["mark"] == "failed" and all[0]["target"] == "x" and "event 2" in end["msg"]'
run 4 "${export[@]}" --to splunk --url "$url" --token env:ABSENT --log-format json
json 'end["level"] == "error" and "ABSENT" in end["msg"]'
run 1 replay none --to splunk --url "$url" --token env:TOKEN --log-format json
json 'end["level"] == "error"'

# ---- at a terminal of 80 columns ----
script -qec "stty cols 80; NO_COLOR=1 '$program' ${export[*]} --format ./strict.lua --output out.jsonl --progress" \
    screen.log >/dev/null || true
grep -v '^Script ' screen.log | tr '\r' '\n' >err
joined
has joined "[failed] exported 1 event(s) as strict to out.jsonl (appended) in"
has joined "to go on: correct the event or the format, or keep it aside with --dead-letter FILE and send it later with"
grep -v '^oversight-siem export: ' err | awk 'length > 80 { exit 1 }' || { fail "a line is wider than 80 columns:"; show err; }
finish
