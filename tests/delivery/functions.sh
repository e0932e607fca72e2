#!/usr/bin/env bash
# Formats with functions on any number of threads: the same bytes, counts, dead letters and checkpoints.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=functions-secret

# ---- registries: in order, one in which nothing is, and the golden ones ----
events=9000
hostile="UPDATE events SET user_agent = CAST(x'ff22e2808f' AS TEXT), source_ip = '1.2.3.4' WHERE id % 7 = 0;
    UPDATE events SET extra = '{\"n\": 1e999, \"deep\": [[[\"' || hex(zeroblob(id % 300)) || '\"]]]}' WHERE id % 5 = 0;
    UPDATE events SET file_id = 'f' || id WHERE id % 11 <> 3;
    DELETE FROM events WHERE id % 13 = 1;"
registry ordered.db $events "$hostile"
registry shuffled.db $events "$hostile UPDATE events SET timestamp = (id * 7919) % 10007;
    UPDATE events SET timestamp = 'noon' WHERE id % 1000 = 10;"
refused=$(sqlite3 ordered.db "SELECT count(*) FROM events WHERE file_id IS NULL")
[ "$refused" -gt 500 ] || fail "too few events would be refused: $refused"
# The golden registries, so often that several threads are worth their start.
for db in ordinary odd; do
    sqlite3 $db.db <"$root/tests/golden/$db.sql"
    columns=$(sqlite3 $db.db "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('events') WHERE name <> 'id'")
    until [ "$(sqlite3 $db.db 'SELECT count(*) FROM events')" -gt 5000 ]; do
        sqlite3 $db.db "INSERT INTO events ($columns) SELECT $columns FROM events"
    done
done

# Functions: of rows, conditions and defaults; of whole records, of which there are none, one, or several.
cat >calls.lua <<'L'
return require "oversight.formats.ecs":extend "calls" { parallel = true,
  { "labels.token", from = "token_id", with = function(token) return token:upper() end },
  { "labels.agent", from = "user_agent", lookup = { curl = "tool" }, default = function(agent) return "other " .. #agent end },
  { "labels.late",  value = true, when = function(_, event) return event.occurred_unix % 60 > 30 end },
}
L
cat >whole.lua <<'L'
local siem = require "oversight.siem"
return siem.format.from_function("whole", function(event)
  local id, list = tonumber(event.event_id), siem.array {}
  if id % 9 == 0 then return siem.drop end
  for part = 1, id % 4 do list[part] = { id = id, part = part, extra = event:raw "extra", agent = event.user_agent } end
  return list
end, { parallel = true })
L
cat >refuses.lua <<'L'
local format = require "oversight.format"
return format "refuses" { parallel = true,
  { "id",   from = "event_id" },
  { "file", from = "file_id", with_null = true, with = function(file, event) return file or error("no file: " .. event.event_id) end },
}
L

# closing: what was counted, without what a clock decides.
closing() { sed -E 's/ in [0-9.]+ s \([^)]*\)//; s/ to .*//' err; }
# letters: a dead letter without its times.
letters() { sed -E 's/"time":"[^"]*",//' "$1"; }

# ---- to a file ----
for db in ordinary odd ordered shuffled; do
    for format in calls.lua whole.lua; do
        for jobs in 1 2 3 8; do
            run 0 export --db $db.db --registry-id reg --format $format --jobs $jobs --output $jobs.out
            cmp -s 1.out $jobs.out || fail "$db, $format: $jobs jobs make another file"
            closing >$jobs.err
            cmp -s 1.err $jobs.err || fail "$db, $format: $jobs jobs count otherwise: $(cat $jobs.err)"
        done
        wanted="SELECT count(*) FROM events"
        [ $format = calls.lua ] || wanted="SELECT sum(id % 4) FROM events WHERE id % 9 <> 0"
        [ "$(wc -l <1.out)" -eq "$(sqlite3 $db.db "$wanted")" ] || fail "$db, $format: $(wc -l <1.out) records"
        rm -f ./*.out
    done
done
# Events without a record: kept aside in their order, or the end of the export at the first one.
for db in ordered shuffled; do
    for jobs in 1 2 8; do
        rm -f $jobs.dead
        run 3 export --db $db.db --registry-id reg --format refuses.lua --jobs $jobs --output $jobs.out \
            --dead-letter $jobs.dead
        [ "$(wc -l <$jobs.dead)" -eq "$refused" ] || fail "$db, $jobs jobs: $(wc -l <$jobs.dead) dead letters"
        letters 1.dead >a; letters $jobs.dead >b
        cmp -s a b || fail "$db: $jobs jobs keep other events aside"
        cmp -s 1.out $jobs.out || fail "$db, refusals: $jobs jobs make another file"
        run 3 export --db $db.db --registry-id reg --format refuses.lua --jobs $jobs --output $jobs.skip --on-error skip
        cmp -s 1.out $jobs.skip || fail "$db: $jobs jobs skip other events"
        run 1 export --db $db.db --registry-id reg --format refuses.lua --jobs $jobs --output $jobs.stop
        cp err $jobs.stopped
        cmp -s 1.stop $jobs.stop || fail "$db: $jobs jobs stop elsewhere"
        diff <(grep '^oversight-siem' 1.stopped) <(grep '^oversight-siem' $jobs.stopped) ||
            fail "$db: $jobs jobs stop with another message"
    done
    rm -f ./*.out ./*.skip ./*.stop ./*.dead
done

# ---- with a checkpoint: the same position, and nothing twice ----
for jobs in 1 4; do
    for _ in first second; do
        run 0 export --db ordered.db --registry-id reg --format whole.lua --jobs $jobs --output $jobs.out \
            --checkpoint $jobs.cp
    done
    cmp -s 1.out $jobs.out || fail "a checkpoint: $jobs jobs make another file"
done
diff <(grep -o '"event":{[^}]*}' 1.cp) <(grep -o '"event":{[^}]*}' 4.cp) || fail "$(cat 1.cp 4.cp)"

# ---- killed at any moment: each event once, whatever was in flight between the threads ----
registry many.db 30000 "UPDATE events SET file_id = 'f' WHERE id % 100 <> 50"
for format in whole.lua refuses.lua; do
    usual=0
    [ $format != refuses.lua ] || usual=3
    run $usual export --db many.db --registry-id reg --format $format --jobs 1 --output whole.out --dead-letter whole.dead
    killed=0 size=$(stat -c %s whole.out)
    command=("$program" export --db many.db --registry-id reg --format "$format" --jobs 2 --output pieces.out
        --checkpoint pieces.cp --dead-letter pieces.dead)
    for share in 0 10 25 45 70; do
        "${command[@]}" 2>err &
        child=$!
        until [ "$(stat -c %s pieces.out 2>/dev/null || echo 0)" -gt $((size * share / 100)) ] ||
            ! kill -0 $child 2>/dev/null; do :; done
        kill -KILL $child 2>/dev/null || true
        wait $child 2>/dev/null || killed=$((killed + 1))
    done
    "${command[@]}" 2>err || [ $? -eq $usual ] || fail "$format: $(cat err)"
    cmp -s whole.out pieces.out || fail "$format, killed $killed times: the file is another one"
    for dead in whole pieces; do grep -o '"event_id":"[0-9]*"' $dead.dead | sort -u >$dead.ids || true; done
    cmp -s whole.ids pieces.ids || fail "$format, killed $killed times: other events are kept aside"
    [ $killed -gt 0 ] || fail "$format: no export was killed"
    rm -f whole.out pieces.*
done

# ---- to targets, some records of which are refused ----
sqlite3 ordered.db "UPDATE events SET user_agent = 'poison' WHERE id IN (70, 4100, 4101, 8999)"
cat >hec.lua <<'L'
return require "oversight.formats.splunk":extend "hec" { parallel = true,
  { "event.token", from = "token_id", with = function(token) return token:upper() end },
}
L
for kind in hec bulk; do
    options="--to splunk --token env:TOKEN --format hec.lua"
    [ $kind = hec ] || options="--to elastic --format calls.lua"
    for jobs in 1 3; do
        receive $kind-$jobs $kind
        # shellcheck disable=SC2086 # several words
        run 3 export --db ordered.db --registry-id reg $options --url "$url" "${quick[@]}" --jobs $jobs \
            --batch-bytes 200000 --compress "${compressions[-1]}" --in-flight 1 --dead-letter $kind-$jobs.dead
        dismiss
        records $kind-$jobs | sort >$jobs.records # while one waits for its next attempt, another one goes
        cmp -s 1.records $jobs.records || fail "$kind: $jobs jobs send other records"
        letters $kind-1.dead >a; letters $kind-$jobs.dead >b
        cmp -s a b || fail "$kind: $jobs jobs, other dead letters"
    done
    [ "$(wc -l <$kind-1.dead)" -gt 2 ] || fail "$kind rejects nothing"
done
finish
