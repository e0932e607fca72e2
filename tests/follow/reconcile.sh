#!/usr/bin/env bash
# Whether every event up to a checkpoint is there once: in files, dead letters and an index.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
add() { sqlite3 "$1" ".timeout 5000" "$(many "$2")"; }

# ---- reconcile with files ----
registry q.db 3000
q=(export --db q.db --registry-id reg --format splunk --output q.jsonl --checkpoint q.cp)
run 0 "${q[@]}"
mv q.jsonl q.jsonl.1
add q.db 10
run 0 "${q[@]}"
check=(reconcile --db q.db --checkpoint q.cp)
run 0 "${check[@]}" --file q.jsonl*
has out "[ok] 3010 event(s) up to id 3010: each is there once"
run 1 "${check[@]}" --file q.jsonl.1
has out "[incomplete] 3010 event(s) up to id 3010: 10 missing, 0 there twice"
has out "missing: 3001-3010"
gzip -k q.jsonl.1
zcat q.jsonl.1.gz | run 0 "${check[@]}" --file - q.jsonl
run 1 "${check[@]}" --file q.jsonl.1.gz
has err "q.jsonl.1.gz is compressed: give it as zcat FILE"
sed '17d;19,20d;2500d' q.jsonl.1 >holes.jsonl
sed -n '5p;300,301p' q.jsonl.1 >>holes.jsonl
run 1 "${check[@]}" --file holes.jsonl --file q.jsonl
has out "4 missing, 3 there twice"
has out "missing: 17, 19-20, 2500"
has out "twice: 5, 300-301"
run 1 "${check[@]}" --file holes.jsonl --file q.jsonl --json
python3 -c 'import json; f = json.load(open("out"))
assert (f["complete"], f["missing"], f["twice"]) == (False, [17, 19, 20, 2500], [5, 300, 301])' || fail "no such JSON: $(cat out)"
seq 2 2 3000 | sed 's/$/d/' >even.sed
sed -f even.sed q.jsonl.1 >odd.jsonl
run 1 "${check[@]}" --file odd.jsonl q.jsonl
script -qefc "stty cols 80; '$program' ${check[*]} --file odd.jsonl q.jsonl" /dev/null </dev/null >screen || true
[ "$(tr -d '\r' <screen | wc -L)" -le 80 ] || fail "lines are longer than a terminal"
same <(tr -s '\r\n ' ' ' <screen) <(tr -s '\n ' ' ' <out)
echo '{"event": {"kind": "dns"}}' >>holes.jsonl
run 1 "${check[@]}" --file holes.jsonl --file q.jsonl
has out "1 line(s) without an event's id, the first one:"
has out "holes.jsonl, line 3000: the line holds no event id at event.event_id"
has out "missing: 17, 19-20, 2500"
head -c 100 q.jsonl.1 >torn.jsonl
cat q.jsonl.1 q.jsonl torn.jsonl >whole.jsonl
run 1 "${check[@]}" --file whole.jsonl
has out "[incomplete] 3010 event(s) up to id 3010: 0 missing, 0 there twice"
has out "whole.jsonl, line 3011: it is not a whole record"
run 1 "${check[@]}" --file whole.jsonl --json
python3 -c 'import json; f = json.load(open("out"))
assert (f["complete"], f["unreadable"]) == (False, 1) and "line 3011" in f["first_unreadable"]' || fail "no such JSON: $(cat out)"
run 1 "${check[@]}" --file .
has err ".: Is a directory"
add q.db 2
run 0 "${check[@]}" --file q.jsonl q.jsonl.1
sqlite3 q.db "DELETE FROM events WHERE id < 100"
run 0 "${check[@]}" --file q.jsonl q.jsonl.1
has out "[ok] 2911 event(s) up to id 3010"
has out "99 event(s) there that the registry does not have, or has no longer"
run 0 "${check[@]}" --since 2000 --file q.jsonl.1
has out "[ok] 2000 event(s) up to id 3010"
for wrong in "" "--file x --to elastic --url http://127.0.0.1" "--to splunk --url http://127.0.0.1 --token env:X"; do
    # shellcheck disable=SC2086 # options apart
    run 2 "${check[@]}" $wrong
done
run 1 "${check[@]}" --file nothing.jsonl
has err "nothing.jsonl"

# ---- of two registries: their events have the same ids ----
for format in splunk ecs sentinel; do
    registry ours.db 5
    options=()
    if [ "$format" = splunk ]; then options=(--splunk-host "a host of one's own"); fi
    run 0 export --db ours.db --registry-id ours --format "$format" --output ours.jsonl --checkpoint ours.cp "${options[@]}"
    run 0 export --db ours.db --registry-id theirs --format "$format" --output theirs.jsonl
    run 0 reconcile --db ours.db --checkpoint ours.cp --file ours.jsonl theirs.jsonl
    has out "5 line(s) of another registry"
    sed -i 2d ours.jsonl
    run 1 reconcile --db ours.db --checkpoint ours.cp --file ours.jsonl theirs.jsonl
    has out "missing: 2"
    rm -f ours.* theirs.*
done

# ---- of a format of one's own: other names, dropped events, a dead letter ----
cat >own.lua <<'END'
local siem = require "oversight.siem"
return require "oversight.formats.sentinel":extend "own" {
  { "EventId", remove = true }, { "meta.Number", from = "event_id", as = "integer" },
  { "Kept", with = function(_, event) return event.occurred_unix % 10 == 0 and siem.drop or "yes" end },
  { "FileId", from = "file_id", required = true } }
END
registry own.db 50 "UPDATE events SET file_id = 'f' WHERE id % 7 <> 0;"
run 3 export --db own.db --registry-id reg --format ./own.lua --output own.jsonl --checkpoint own.cp --dead-letter own.dead
own=(reconcile --db own.db --checkpoint own.cp --file own.jsonl --dead-letter own.dead)
run 0 "${own[@]}" --format ./own.lua
has out "[ok] 50 event(s) up to id 50: each is there once"
has out "7 of them in the dead letter"
has out "4 of them dropped by the format"
cp own.dead torn.dead
printf '{"event_id": 1' >>torn.dead
run 1 "${own[@]}" --format ./own.lua --dead-letter torn.dead
has out "torn.dead, line 8: it is not a line of a dead letter file"
run 2 "${own[@]}"
has err "give --id-path"
run 1 "${own[@]}" --id-path meta.Number
has out "missing: 1, 11, 31, 41"

# ---- events that were skipped: they have no record, and are in no file ----
run 3 export --db own.db --registry-id reg --format ./own.lua --output skip.jsonl --checkpoint skip.cp --on-error skip
skip=(reconcile --db own.db --checkpoint skip.cp --file skip.jsonl)
run 0 "${skip[@]}" --format ./own.lua
has out "[ok] 50 event(s) up to id 50: each is there once"
has out "7 of them without a record: the format refuses them, and the export skipped them"
has out "skipped: 7, 14, 21, 28, 35, 42, 49"
run 0 "${skip[@]}" --format ./own.lua --json
python3 -c 'import json; f = json.load(open("out"))
assert (f["complete"], f["skipped"], f["missing"]) == (True, [7, 14, 21, 28, 35, 42, 49], [])' || fail "no such JSON: $(cat out)"
sed -i 2d skip.jsonl
run 1 "${skip[@]}" --format ./own.lua
has out "1 missing, 0 there twice"

# ---- files that are named twice, by another name or a link ----
ln own.jsonl hard.jsonl
ln -s own.dead soft.dead
run 0 "${own[@]}" --format ./own.lua --file own.jsonl "../${PWD##*/}/own.jsonl" hard.jsonl --dead-letter soft.dead
has out "[ok] 50 event(s) up to id 50: each is there once"
for name in own.jsonl "../${PWD##*/}/own.jsonl" hard.jsonl soft.dead; do has out "     $name is named twice, and read once"; done
cp own.jsonl copy.jsonl
run 1 "${own[@]}" --format ./own.lua --file copy.jsonl
has out "0 missing, 39 there twice"

# ---- a dead letter that was replayed, or in part ----
cp own.dead part.dead
run 0 "${own[@]}" --format ./own.lua --dead-letter gone.dead
has out "gone.dead is missing: it was replayed, or nothing was refused"
mv own.dead own.dead.replaying
run 0 "${own[@]}" --format ./own.lua
has out "7 of them in the dead letter"
lacks out "own.dead is not there"
sed -i '1,3s/./ /g' own.dead.replaying # as a replay blanks what it has done
run 0 "${own[@]}" --format ./own.lua
has out "4 of them in the dead letter"
has out "3 of them without a record"
rm own.dead.replaying
sed 's/"event":{/&"file_id":"f",/' part.dead >own.dead # what was missing is known by now
run 0 replay own.dead --format ./own.lua --output own.jsonl
[ ! -e own.dead ] || fail "the dead letter is still there"
run 0 "${own[@]}" --format ./own.lua
has out "own.dead is missing: it was replayed, or nothing was refused"
has out "skipped: 21" # the format drops it, as it has a file_id by now

# ---- of a function that makes several records of an event, or none ----
cat >fan.lua <<'END'
local siem = require "oversight.siem"
return siem.format.from_function("fan", function(event)
  local records = {}
  for part = 1, event.occurred_unix % 4 do records[part] = { id = event.event_id, part = part } end
  return siem.array(records)
end)
END
registry fan.db 40
run 0 export --db fan.db --registry-id reg --format ./fan.lua --output fan.jsonl --checkpoint fan.cp
has err "[ok] exported 30 event(s) as fan"
lines fan.jsonl 60
fan=(reconcile --db fan.db --checkpoint fan.cp --format ./fan.lua)
run 0 "${fan[@]}" --file fan.jsonl
has out "[ok] 40 event(s) up to id 40: each is there once"
has out "10 of them dropped by the format"
sed '2d' fan.jsonl >holes.jsonl
sed -n '1p' fan.jsonl >>holes.jsonl
run 1 "${fan[@]}" --file holes.jsonl
has out "1 missing, 1 there twice"

# ---- reconcile with an index ----
registry e.db 4100
receive index bulk
elastic=(--to elastic --url "$url")
run 0 export --db e.db --registry-id reg "${elastic[@]}" --checkpoint e.cp
index=(reconcile --db e.db --checkpoint e.cp "${elastic[@]}" --refresh 0)
run 0 "${index[@]}"
has out "[ok] 4100 event(s) up to id 4100: each is there once"
run 0 checkpoint set e.cp --last-id 4103
add e.db 3
run 1 "${index[@]}"
has out "missing: 4101-4103"
run 4 "${index[@]}" --index nothing
has err "no such index"
dismiss
receive twice bulk --twice
run 0 export --db own.db --registry-id reg --to elastic --url "$url" --checkpoint twice.cp
run 1 reconcile --db own.db --checkpoint twice.cp --to elastic --url "$url"
has out "0 missing, 50 there twice"
has out "twice: 1-50"
dismiss
receive shards bulk --shard-fails
run 0 export --db own.db --registry-id reg --to elastic --url "$url" --checkpoint shards.cp
run 1 reconcile --db own.db --checkpoint shards.cp --to elastic --url "$url" --retries 0
has err "some shards did not answer"
dismiss
run 1 reconcile --db own.db --checkpoint shards.cp --to elastic --url "$url" --retries 0
finish
