#!/usr/bin/env bash
# Dead letters that are sent again: rendered anew or as they were, and nothing lost on the way.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
registry ten.db 10
sqlite3 odd.db <"$root/tests/golden/odd.sql"

# refuse N: a plan whose first _bulk answer refuses all of N items.
refuse() { plan "[{\"items\": $(python3 -c "import json; print(json.dumps({i: 400 for i in range($1)}))")}]"; }
# letters FILE DB: the dead letters of all events of a registry.
letters() {
    refuse "$(sqlite3 "$2" 'SELECT count(*) FROM events')"
    receive letters-of bulk --plan plan.json
    rm -f "$1"
    run 3 export --db "$2" --registry-id reg --to elastic --url "$url" --dead-letter "$1"
    dismiss
}
# to_elastic STATUS FILE [OPTION]...: replays to the receiver that was started last.
to_elastic() {
    local expected=$1 file=$2
    shift 2
    run "$expected" replay "$file" --to elastic --url "$url" "${quick[@]}" "$@"
}
gone() { for file in "$@"; do [ ! -e "$file" ] || fail "$file is still there"; done; }

# ---- the cause is mended ----
plan '[{"items": {"1": 400, "4": 404, "8": 400}}]'
receive mended bulk --plan plan.json
run 3 export --db ten.db --registry-id reg --to elastic --url "$url" --dead-letter mended.dead
lines mended.dead 3
cp mended.dead before.dead
to_elastic 0 mended.dead --dry-run
has out '"id":"2"'
has err "[dry run] would send 3 event(s)"
same mended.dead before.dead
gone mended.dead.replaying
holds mended "len(data) == 1"
to_elastic 0 mended.dead
has err "delivered 3 event(s), 0 refused again, 0 left"
gone mended.dead mended.dead.replaying
account mended none 1 10
to_elastic 1 mended.dead
has err "mended.dead"

# ---- rendered anew, and as it was ----
run 0 export --db odd.db --registry-id reg --format ecs --output odd.jsonl
sqlite3 odd.db 'SELECT extra FROM events' | grep -q '1\.10.*1e5' || fail "the registry has no odd numbers"
for way in --as-rendered --format=ecs ''; do
    letters odd.dead odd.db
    receive odd bulk
    to_elastic 0 odd.dead ${way:+"$way"}
    records odd >sent.jsonl
    same odd.jsonl sent.jsonl
    holds odd "len({one['id'] for one in stored}) == len(stored)"
    gone odd.dead
    dismiss
done
# In the format of another target, which is the default there.
letters other.dead odd.db
run 0 export --db odd.db --registry-id reg --format sentinel --output odd-sentinel.jsonl
receive other plain --framing ndjson
cp other.dead again.dead
run 0 replay other.dead --to http --url "$url" --framing ndjson --format sentinel
records other >sent.jsonl
same odd-sentinel.jsonl sent.jsonl
KEY=$(printf key | base64)
export KEY
receive default sentinel --workspace-id w --shared-key "$KEY"
run 0 replay again.dead --to sentinel --workspace-id w --shared-key env:KEY --url "$url"
holds default "len(records) == $(wc -l <odd.jsonl) and 'TimeGenerated' in records[0]"
# A file is a sink as well, and needs a format.
letters file.dead odd.db
run 2 replay file.dead --output file.jsonl
run 2 replay file.dead --output file.jsonl --format nonsense
run 2 replay file.dead --output file.jsonl --format ecs --as-rendered
lines file.dead "$(wc -l <odd.jsonl)"
run 0 replay file.dead --output file.jsonl --format ecs
same odd.jsonl file.jsonl
gone file.dead

# ---- refused again ----
for way in --as-rendered ''; do
    letters again.dead ten.db
    cp again.dead before.dead
    plan '[{"items": {"2": 404, "7": 404}}]'
    receive again bulk --plan plan.json
    to_elastic 3 again.dead $way
    has err "delivered 8 event(s), 2 refused again, 0 left"
    lines again.dead 2
    gone again.dead.replaying
    [ "$(stat -c %a again.dead)" = 600 ] || fail "the mode of what is kept is $(stat -c %a again.dead)"
    account again again.dead 1 10
    python3 - <<'END' || fail "what is kept"
import json
before = {line["event_id"]: line for line in map(json.loads, open("before.dead"))}
for line in map(json.loads, open("again.dead")):
    was = before[line["event_id"]]
    assert line["http_status"] == 404 and "index_not_found" in line["reason"], line
    assert all(line[name] == was[name] for name in ("event", "record", "format", "sink")), (line, was)
END
    to_elastic 0 again.dead $way
    gone again.dead
    dismiss
done

# ---- held, and unreachable ----
letters held.dead ten.db
cp held.dead before.dead
receive held bulk --api-key right
export WRONG=falsch1
to_elastic 4 held.dead --api-key env:WRONG
has err "HTTP 401"
has err "delivered 0 event(s), 0 refused again, 10 left"
same held.dead before.dead
gone held.dead.replaying
to_elastic 1 held.dead --url http://127.0.0.1:1 --retries 0
same held.dead before.dead
to_elastic 2 held.dead --nonsense
to_elastic 4 held.dead --api-key file:missing
same held.dead before.dead
plan '[{"items": {"0": 503, "1": 503, "2": 400}}]'
receive part bulk --plan plan.json
to_elastic 1 held.dead --retries 0
has err "delivered 7 event(s), 1 refused again, 2 left"
lines held.dead 3
account part held.dead 1 10

# ---- lines that cannot be read ----
letters lines.dead ten.db
{
    printf 'no json\n{"event_id":"77"}\n[1]\n\n{"event":{}}\n{"event":[1,2]}\n{"event":{"event_id":{"a":1},"registry_id":7}}\n'
    printf '{"event":"text"}\n{"format":7,"event":{"event_id":"78","event_kind":null,"occurred_unix":"x"}}\n'
    printf '{"event_id":"79","event":{"event_id":"79","ev'
} >bad.txt
{ head -n 4 lines.dead; cat bad.txt; echo; tail -n 6 lines.dead; } >mixed.dead
receive lines bulk
"$program" replay mixed.dead --to elastic --url "$url" 2>err || true
lacks err traceback
has err "mixed.dead, line 5: it is not JSON"
for line in 'no json' '{"event_id":"77"}' '[1]' '{"event":"text"}' '{"event_id":"79","event":{"event_id":"79","ev'; do
    grep -qxF -- "$line" mixed.dead || fail "mixed.dead lost '$line'"
done
gone mixed.dead.replaying
for ((i = 1; i <= 10; i++)); do
    holds lines "sum(one['event'].get('id') == '$i' for one in records) == 1"
done
# Without a record nothing can be sent as it was.
python3 -c '
import json
for line in map(json.loads, open("lines.dead")):
    if line["event_id"] == "3": del line["record"]
    print(json.dumps(line))' >partial.dead
receive partial bulk
to_elastic 3 partial.dead --as-rendered
has err "(event 3)"
lines partial.dead 1
to_elastic 0 partial.dead
gone partial.dead
account partial none 1 10

# ---- cut short ----
letters killed.dead ten.db
plan '["ok", "hang"]'
receive killed bulk --plan plan.json
"$program" replay killed.dead --to elastic --url "$url" --batch-events 4 --in-flight 1 2>err &
killed=$!
await killed 2
kill -KILL $killed
wait $killed 2>/dev/null || true
gone killed.dead
lines killed.dead.replaying 10
plan '[{"items": {"0": 400}}]'
# Meanwhile an exporter has begun another file.
registry more.db 12 'DELETE FROM events WHERE id < 11'
refuse 2
receive more bulk --plan plan.json
run 3 export --db more.db --registry-id reg --to elastic --url "$url" --dead-letter killed.dead
lines killed.dead 2
cp -r killed killed-first
url_of=$url
receive resumed bulk
to_elastic 0 killed.dead
has err "going on with killed.dead.replaying"
holds resumed "len(stored) == 10"
gone killed.dead.replaying
lines killed.dead 2
to_elastic 0 killed.dead
gone killed.dead
account resumed none 1 12

# counts DELIVERED REFUSED LEFT: the closing line.
counts() { has err "delivered $1 event(s), $2 refused again, $3 left"; }
# unstruck FILE: how many lines of a file that is being replayed are not dealt with.
unstruck() { grep -c '[^ ]' "$1" || true; }

# ---- 3,000 lines, cut short behind a batch: HEC has no ids, and nothing is there twice ----
export TOKEN=replay-secret
registry long.db 3000 "UPDATE events SET user_agent = 'poison' WHERE id % 500 = 7"
receive letters hec --max-bytes 10
run 3 export --db long.db --registry-id reg --to splunk --url "$url" --token env:TOKEN --dead-letter long.dead --in-flight 1
lines long.dead 3000
to_splunk=(--to splunk --token env:TOKEN --in-flight 1 "${quick[@]}")
cp long.dead before.dead
for signal in KILL TERM; do
    cp before.dead long.dead
    plan '[null, null, null, "hang"]' # two events of each batch are at fault
    receive long hec --plan plan.json
    "$program" replay long.dead "${to_splunk[@]}" --url "$url" 2>err &
    child=$!
    await long 4
    since=$SECONDS
    kill -$signal $child
    status=0
    wait $child 2>/dev/null || status=$?
    cp long/stored.jsonl first.jsonl
    holds long "len(stored) == 998"
    if [ $signal = KILL ]; then
        lines long.dead 2
        [ "$(unstruck long.dead.replaying)" -eq 2000 ] || fail "$(unstruck long.dead.replaying) lines are to be replayed"
    else
        [ $status -eq 1 ] && [ $((SECONDS - since)) -le 10 ] || fail "status $status after $((SECONDS - since)) s"
        has err "[stopped]"
        counts 998 2 2000
        lines long.dead 2002
    fi
    receive rest hec
    run 3 replay long.dead "${to_splunk[@]}" --url "$url"
    [ $signal = KILL ] && counts 1996 4 0 || counts 1996 6 0
    cat first.jsonl rest/stored.jsonl >all.jsonl && mv all.jsonl rest/stored.jsonl
    account rest long.dead 1 3000
    lines long.dead 6
    gone long.dead.replaying
done

# ---- no room: what was kept before is not kept again, and what was delivered not sent again ----
if [ -n "${2:-}" ]; then
    for which in write fsync; do
        cp before.dead long.dead
        receive crowded hec
        LD_PRELOAD=$2 FAULTS="$which long.dead ENOSPC 2 1000000" run 1 replay long.dead "${to_splunk[@]}" --url "$url"
        has err "No space left"
        cp crowded/stored.jsonl first.jsonl
        python3 - <<'END' || fail "the counts do not add up: $(cat err)"
import re
assert sum(map(int, re.search(r"delivered (\d+) .*, (\d+) refused again, (\d+) left", open("err").read()).groups())) == 3000
END
        total=$(($(unstruck long.dead.replaying) + $(unstruck long.dead) + $(wc -l <first.jsonl)))
        [ $which = fsync ] || [ $total -eq 3000 ] || fail "$which: $total lines of 3000 are somewhere"
        receive rest hec
        run 3 replay long.dead "${to_splunk[@]}" --url "$url" # what is left of the first one
        cat first.jsonl rest/stored.jsonl >all.jsonl && mv all.jsonl rest/stored.jsonl
        [ $which = fsync ] || lines long.dead 6
        # What may not be on the disk is kept once more: nothing is lost to a disk that fails.
        python3 -c '
import json
for line in {json.loads(line)["event_id"]: line for line in open("long.dead")}.values():
    print(line, end="")' >unique.dead
        account rest unique.dead 1 3000
        gone long.dead.replaying
    done
    # Struck lines need no room, and what cannot be struck is told.
    cp before.dead long.dead
    receive stuck hec
    LD_PRELOAD=$2 FAULTS="fsync long.dead.replaying EIO 1 1000000" run 1 replay long.dead "${to_splunk[@]}" --url "$url"
    has err "cannot blank lines of long.dead.replaying"
fi

# ---- what is no file ----
mkdir -p a.folder
run 1 replay a.folder "${to_splunk[@]}" --url "$url"
has err "cannot open 'a.folder': Is a directory"
lacks err traceback
[ -d a.folder ] && gone a.folder.replaying
run 1 replay nothing.dead "${to_splunk[@]}" --url "$url"
has err "cannot open 'nothing.dead': No such file"
mkfifo a.pipe
run 4 replay a.pipe "${to_splunk[@]}" --url "$url"
has err "cannot open 'a.pipe': it is not a regular file"

# ---- no room for what is to be kept ----
registry wide.db 10 "UPDATE events SET user_agent = replace(hex(zeroblob(400)), '00', 'x')"
letters full.dead wide.db
refuse 10
receive full bulk --plan plan.json
(
    ulimit -f 4
    run 1 replay full.dead --to elastic --url "$url"
    has err "too large"
    [ "$failures" -eq 0 ]
) || fail "a replay without room"
cat full.dead full.dead.replaying >all.dead
for ((i = 1; i <= 10; i++)); do has all.dead "\"event_id\":\"$i\""; done

# ---- beside an exporter ----
registry busy.db 4000
receive refusing bulk --max-bytes 10
refusing=$url
receive taking bulk
"$program" export --db busy.db --registry-id reg --to elastic --url "$refusing" --batch-events 1 --in-flight 1 \
    --dead-letter busy.dead --quiet 2>export.err &
exporter=$!
rounds=0
while kill -0 $exporter 2>/dev/null; do
    [ ! -e busy.dead ] || { to_elastic 0 busy.dead && rounds=$((rounds + 1)); }
done
wait $exporter || true
[ ! -e busy.dead ] || to_elastic 0 busy.dead
[ $rounds -gt 0 ] || fail "no replay was made beside the exporter"
account taking none 1 4000
gone busy.dead busy.dead.replaying
finish
