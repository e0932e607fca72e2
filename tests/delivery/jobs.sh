#!/usr/bin/env bash
# The same bytes, counts, dead letters and checkpoints for any number of threads that render.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=jobs-secret

# ---- registries: in order, and one in which nothing is ----
events=9000
hostile="UPDATE events SET user_agent = CAST(x'ff22e2808f' AS TEXT), source_ip = '1.2.3.4' WHERE id % 7 = 0;
    UPDATE events SET extra = '{\"n\": 1e999, \"deep\": [[[\"' || hex(zeroblob(id % 300)) || '\"]]]}' WHERE id % 5 = 0;
    UPDATE events SET file_id = 'f' || id WHERE id % 11 <> 3;
    DELETE FROM events WHERE id % 13 = 1;"
registry ordered.db $events "$hostile"
registry shuffled.db $events "$hostile UPDATE events SET timestamp = (id * 7919) % 10007;
    UPDATE events SET timestamp = 'noon' WHERE id % 1000 = 10;"
left=$(sqlite3 ordered.db "SELECT count(*) FROM events")
refused=$(sqlite3 ordered.db "SELECT count(*) FROM events WHERE file_id IS NULL")
[ "$refused" -gt 500 ] || fail "too few events would be refused: $refused"
cat >rows.lua <<'L'
local format = require "oversight.format"
return format "rows" {
  { "id",    from = "event_id" },
  { "file",  from = "file_id", required = true },
  { "agent", from = "user_agent" },
  { "extra", from = "extra", as = "json_text" },
}
L

# closing: what was counted, without what a clock decides.
closing() { sed -E 's/ in [0-9.]+ s \([^)]*\)//; s/ to .*//' err; }
# letters: a dead letter without its times.
letters() { sed -E 's/"time":"[^"]*",//' "$1"; }

# ---- to a file ----
for db in ordered shuffled; do
    for format in ecs splunk sentinel; do
        for jobs in 1 2 3 8; do
            run 0 export --db $db.db --registry-id reg --format $format --jobs $jobs --output $jobs.out
            cmp -s 1.out $jobs.out || fail "$db, $format: $jobs jobs make another file"
            closing >$jobs.err
            cmp -s 1.err $jobs.err || fail "$db, $format: $jobs jobs count otherwise: $(cat $jobs.err)"
            [ "$(wc -l <$jobs.out)" -eq "$left" ] || fail "$db, $format, $jobs jobs: $(wc -l <$jobs.out) records"
        done
        rm -f ./*.out
    done
    # Events without a record: kept aside in their order, or the end of the export at the first one.
    for jobs in 1 2 8; do
        rm -f $jobs.dead
        run 3 export --db $db.db --registry-id reg --format rows.lua --jobs $jobs --output $jobs.out \
            --dead-letter $jobs.dead
        [ "$(wc -l <$jobs.dead)" -eq "$refused" ] || fail "$db, $jobs jobs: $(wc -l <$jobs.dead) dead letters"
        letters 1.dead >a; letters $jobs.dead >b
        cmp -s a b || fail "$db: $jobs jobs keep other events aside"
        cmp -s 1.out $jobs.out || fail "$db, refusals: $jobs jobs make another file"
        run 3 export --db $db.db --registry-id reg --format rows.lua --jobs $jobs --output $jobs.skip --on-error skip
        cmp -s 1.out $jobs.skip || fail "$db: $jobs jobs skip other events"
        run 1 export --db $db.db --registry-id reg --format rows.lua --jobs $jobs --output $jobs.stop
        cp err $jobs.stopped
        cmp -s 1.stop $jobs.stop || fail "$db: $jobs jobs stop elsewhere"
        diff <(grep '^oversight-siem' 1.stopped) <(grep '^oversight-siem' $jobs.stopped) ||
            fail "$db: $jobs jobs stop with another message"
    done
    rm -f ./*.out ./*.skip ./*.stop
done

# ---- with a checkpoint: the same position, and nothing twice ----
for jobs in 1 4; do
    run 0 export --db ordered.db --registry-id reg --format ecs --jobs $jobs --output $jobs.out --checkpoint $jobs.cp
    run 0 export --db ordered.db --registry-id reg --format ecs --jobs $jobs --output $jobs.out --checkpoint $jobs.cp
    cmp -s 1.out $jobs.out || fail "a checkpoint: $jobs jobs make another file"
done
diff <(grep -o '"event":{[^}]*}' 1.cp) <(grep -o '"event":{[^}]*}' 4.cp) || fail "$(cat 1.cp 4.cp)"

# ---- killed at any moment: each event once, whatever was in flight between the threads ----
registry many.db 60000
run 0 export --db many.db --registry-id reg --format ecs --jobs 1 --output whole.out
killed=0
for bytes in 1 2000000 5000000 9000000 14000000; do
    "$program" export --db many.db --registry-id reg --format ecs --jobs 2 --output pieces.out --checkpoint pieces.cp \
        2>err &
    child=$!
    until [ "$(stat -c %s pieces.out 2>/dev/null || echo 0)" -ge $bytes ] || ! kill -0 $child 2>/dev/null; do :; done
    kill -KILL $child 2>/dev/null || true
    wait $child 2>/dev/null || killed=$((killed + 1))
done
run 0 export --db many.db --registry-id reg --format ecs --jobs 2 --output pieces.out --checkpoint pieces.cp
cmp -s whole.out pieces.out || fail "killed $killed times, the file is another one"
[ $killed -gt 0 ] || fail "no export was killed"
rm -f whole.out pieces.out

# ---- to targets: the same bytes, plain and compressed, prepared on whatever thread ----
# sent FOLDER: the size on the wire and the body of each request with records, in their order.
sent() {
    sed -n 's/.*"wire": \([0-9]*\), "body": \([0-9]*\).*/\1 \2/p' "$1/requests.jsonl"
    for body in $(find "$1/bodies" -type f | sort -V); do cat "$body"; done
}
for how in hec:none hec:gzip bulk:none bulk:gzip plain:zstd plain:gzip; do
    kind=${how%:*} compression=${how#*:}
    [ "$compression" = none ] || has_feature "$compression" || continue
    case $kind in
        hec) options="--to splunk --token env:TOKEN" ;;
        bulk) options="--to elastic" ;;
        plain) options="--to http --format ecs" ;;
    esac
    for jobs in 1 2 3 8; do
        receive "$kind-$jobs" "$kind" --bodies
        # shellcheck disable=SC2086 # several words
        run 0 export --db ordered.db --registry-id reg $options --url "$url" --jobs $jobs \
            --batch-bytes 200000 --compress "$compression" --in-flight 1
        dismiss
        sent "$kind-$jobs" >$jobs.sent
        cmp -s 1.sent $jobs.sent || fail "$kind, $compression: $jobs jobs send other bytes"
    done
    [ "$(wc -c <1.sent)" -gt 1000000 ] || fail "$kind, $compression: too little was sent"
    holds "$kind-1" "all(one['encoding'] == ${compression@Q}.replace('none', '') for one in data)"
done

# ---- some records of which are refused, and requests that are too large, or fail ----
sqlite3 ordered.db "UPDATE events SET user_agent = 'poison' WHERE id IN (70, 4100, 4101, 8999)"
plan '[{"status": 503}, null, {"status": 503}, null, {"status": 413}, null, null, "reset", {"status": 413}]'
for kind in hec bulk; do
    options="--to splunk --token env:TOKEN"
    [ $kind = hec ] || options="--to elastic"
    for jobs in 1 3; do
        receive $kind-$jobs $kind --plan plan.json
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
    [ "$(grep -c '"status": 413' $kind-1/requests.jsonl)" -eq 2 ] || fail "$kind: nothing was too large"
done

# ---- what is no number of jobs ----
for wrong in 0 65 -1 two 1.5; do run 2 export --db ordered.db --registry-id reg --format ecs --jobs $wrong; done
finish
