#!/usr/bin/env bash
# Several records of an event: each has an id of its own, and the event is dealt with when all of them are.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
# Event N makes N modulo 4 records. Those of a token "poison" are rejected by the receivers, but for the first.
cat >fan.lua <<'END'
local siem = require "oversight.siem"
return siem.format.from_function("fan", function(event)
  local records = {}
  for part = 1, math.tointeger(tonumber(event.event_id)) % 4 do
    records[part] = { event = { event_id = event.event_id, id = event.event_id }, part = part,
      text = part > 1 and event.user_agent or nil, wide = ("x"):rep(part * 50) }
  end
  return siem.array(records)
end)
END
registry r.db 41 "UPDATE events SET user_agent = 'poison' WHERE id = 11;"
fan=(export --db r.db --registry-id reg --format ./fan.lua "${quick[@]}")
run 0 export --db r.db --registry-id reg --format ./fan.lua --output all.jsonl
has err "[ok] exported 31 event(s) as fan"
has err "10 event(s) dropped by a filter"
lines all.jsonl 61
[ "$(sed 's/.*"event_id":"\([0-9]*\)".*"part":\([0-9]\).*/\1.\2/' all.jsonl | head -6 | paste -sd' ')" = "1.1 2.1 2.2 3.1 3.2 3.3" ] ||
    fail "the records come in this order: $(head -6 all.jsonl)"

# ---- each record has its own id, so that none is taken for another ----
for size in "--batch-events 1 --in-flight 3" "--batch-events 2" "--batch-bytes 700 --in-flight 2" "--compress none"; do
    rm -f dead.jsonl
    receive index bulk
    # shellcheck disable=SC2086 # options apart
    run 3 "${fan[@]}" --to elastic --url "$url" --dead-letter dead.jsonl $size
    has err "exported 31 event(s)"
    lines index/stored.jsonl 59
    lines dead.jsonl 2
    [ "$(grep -o '"part":[0-9],"record"' dead.jsonl | paste -sd' ')" = '"part":1,"record" "part":2,"record"' ] ||
        fail "the dead letter does not say which records: $(cat dead.jsonl)"
    # shellcheck disable=SC2086
    run 3 "${fan[@]}" --to elastic --url "$url" --on-error skip $size
    lines index/stored.jsonl 59
    dismiss
done

# ---- a replay sends those that were refused, and no other ----
sed 's/part > 1 and event.user_agent or nil/nil/' fan.lua >mended.lua
for how in "--format ./mended.lua" "--as-rendered"; do
    rm -f dead.jsonl
    receive index bulk
    run 3 "${fan[@]}" --to elastic --url "$url" --dead-letter dead.jsonl --batch-events 7
    cp index/stored.jsonl before
    # shellcheck disable=SC2086
    if [ "$how" = --as-rendered ]; then
        run 3 replay dead.jsonl --to elastic --url "$url" $how
        lines dead.jsonl 2
        same before index/stored.jsonl
    else
        run 0 replay dead.jsonl --to elastic --url "$url" $how
        lines index/stored.jsonl 61
        [ ! -e dead.jsonl ] || fail "the dead letter is still there"
        run 0 export --db r.db --registry-id reg --format ./mended.lua "${quick[@]}" --to elastic --url "$url"
        has err "31 event(s) of these were there already"
        lines index/stored.jsonl 61
    fi
    dismiss
done

# ---- without ids, too, all arrive once ----
for size in "--batch-events 1" "--batch-bytes 700 --in-flight 3"; do
    rm -f dead.jsonl
    receive hec hec --token token
    # shellcheck disable=SC2086
    TOKEN=token run 3 "${fan[@]}" --to splunk --url "$url" --token env:TOKEN --dead-letter dead.jsonl $size
    [ $(($(count hec stored) + $(wc -l <dead.jsonl))) -eq 61 ] || fail "stored $(count hec stored), refused $(wc -l <dead.jsonl)"
    dismiss
done

# ---- a record that alone is too large for its target costs that record ----
sed 's/part \* 50/part == 2 and 2200000 or 10/' fan.lua >wide.lua
rm -f dead.jsonl
receive small hec --token token
TOKEN=token run 3 export --db r.db --registry-id reg --format ./wide.lua --to splunk --url "$url" --token env:TOKEN \
    "${quick[@]}" --dead-letter dead.jsonl
[ "$(grep -c 'a request with this record alone has' dead.jsonl)" -eq 20 ] || fail "not all wide ones are refused: $(cat err)"
[ $(($(count small stored) + $(wc -l <dead.jsonl))) -eq 61 ] || fail "$(count small stored) are stored, $(wc -l <dead.jsonl) refused"
dismiss

# ---- what is no record ----
echo 'return require("oversight.siem").format.from_function("odd", function(e) return require("oversight.siem").array { { a = 1 }, 2 } end)' >odd.lua
run 1 export --db r.db --registry-id reg --format ./odd.lua
has err "event 1: item 2 of the function's list is not a record"
finish
