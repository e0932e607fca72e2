#!/usr/bin/env bash
# _bulk, set up wrong: faults that come item by item, and answers that are not the target's.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
registry ten.db 10

# export_to STATUS [OPTION]...: ten events, to the receiver that was started last.
export_to() {
    local expected=$1
    shift
    run "$expected" export --db ten.db --registry-id reg --to elastic --url "$url" "${quick[@]}" "$@"
}

# keeps_all FOLDER: the export was held, and no event is stored or in the dead letter.
keeps_all() {
    has err "10 event(s) left"
    lines "$1.dead" 0
    holds "$1" "stored == []"
}

# ---- what an item says, when all of a request say it ----
# The real ones of OpenSearch 2.19 and Elasticsearch 7.17 and 8, each for all items of a request of its own.
python3 - "$receivers/bulk-items.json" <<'END'
import json, sys
items = json.load(open(sys.argv[1]))
json.dump([{"items": {"all": item}} for kind in items for item in items[kind]], open("plan.json", "w"))
with open("expected", "w") as file:
    for kind in items:
        for item in items[kind]:
            print(kind, item.get("error", {}).get("type", "-"), file=file)
END
receive each bulk --plan plan.json
declare -A status=([hold]=4 [reject]=3 [retry]=1 [delivered]=0)
while read -r kind type; do
    rm -f each.dead
    export_to "${status[$kind]}" --retries 0 --dead-letter each.dead
    [ "$kind" = reject ] || lines each.dead 0
    case $kind in
    hold) has err "[held] exported 0 event(s)" && has err "10 event(s) left" ;;
    reject) lines each.dead 10 && has each.dead "$type" ;;
    retry) has err "given up after 1 attempt(s)" ;;
    delivered) has err "[ok] exported 10 event(s)" ;;
    esac
    { [ "$kind" != hold ] || [ "$type" = - ]; } || has err "$type"
done <expected
holds each "len(data) == $(wc -l <expected) and all(one['status'] == 200 for one in data)"

# ---- and beside others ----
# What may be the document's fault is, once the same request shows that the set-up takes others.
pipeline='{"status": 400, "error": {"type": "illegal_argument_exception", "reason": "field [x] not present"}}'
parsing='{"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "failed to parse"}}'
retry='{"status": 429, "error": {"type": "rejected_execution_exception", "reason": "busy"}}'
plan "[{\"items\": {\"4\": $pipeline}}]"
receive one-of-many bulk --plan plan.json
export_to 3 --dead-letter one-of-many.dead
account one-of-many one-of-many.dead 1 10
has one-of-many.dead "HTTP 400: illegal_argument_exception: field [x] not present"
plan "[{\"items\": {\"0\": $parsing, $(for i in 1 2 3 4 5 6 7 8; do printf '"%d": %s, ' $i "$pipeline"; done) \"9\": $pipeline}}]"
receive faults bulk --plan plan.json
export_to 3 --dead-letter faults.dead
lines faults.dead 10
# Those that are to come later show nothing.
plan "[{\"items\": {\"0\": $pipeline, $(for i in 1 2 3 4 5 6 7 8; do printf '"%d": %s, ' $i "$retry"; done) \"9\": $retry}}]"
receive later bulk --plan plan.json
export_to 4 --dead-letter later.dead
keeps_all later
# A record that is alone in its request is held.
plan "[{\"items\": {\"all\": $pipeline}}]"
receive alone bulk --plan plan.json
export_to 4 --batch-events 1 --in-flight 1 --dead-letter alone.dead
has err "HTTP 400: correct the set-up of the index: illegal_argument_exception: field [x] not present"
keeps_all alone

# ---- refused as a whole, by whom ----
registry many.db 200
ours='{"error": {"type": "illegal_argument_exception", "reason": "x"}, "status": 400}'
for body in '"<html><body>Bad Request</body></html>"' '"no"' '""' '{"message": "no"}' '{"code": 400}' '[1]' '{"error": "x"}'; do
    plan "[$(for _ in {1..40}; do printf '{"status": 400, "body": %s},' "$body"; done) null]"
    receive proxy bulk --plan plan.json
    export_to 4 --dead-letter proxy.dead
    has err "HTTP 400: the answer is not that of Elasticsearch or OpenSearch"
    keeps_all proxy
    holds proxy "len(data) == 1"
done
# One of the target's own that every record gets alone is not the records' either.
plan "[$(for _ in {1..400}; do printf '{"status": 400, "body": %s},' "$ours"; done) null]"
receive whole bulk --plan plan.json
run 4 export --db many.db --registry-id reg --to elastic --url "$url" "${quick[@]}" --dead-letter whole.dead
has err "illegal_argument_exception"
has err "200 event(s) left"
lines whole.dead 0
holds whole "len(data) < 40"
# The other kinds, by what their own answers look like.
export TOKEN=t0ken
# foreign KIND BODY [OPTION]...: a refusal with such a body is held at once.
foreign() {
    local kind=$1 body=$2
    shift 2
    plan "[$(for _ in {1..40}; do printf '{"status": 400, "body": %s},' "$body"; done) null]"
    receive foreign "$kind" --plan plan.json
    run 4 export --db ten.db --registry-id reg "${@//URL/$url}" "${quick[@]}" --dead-letter foreign.dead
    has err "HTTP 400: the answer is not that of"
    keeps_all foreign
    holds foreign "len(data) == 1"
}
for body in '"no"' '{"error": "x"}' '"<html>"' '{"status": 400}'; do
    foreign hec "$body" --to splunk --url URL --token env:TOKEN
    foreign ingestion "$body" --to azure --endpoint URL --login-url URL --rule-id dcr-1 --stream Custom-Oversight --managed-identity
done
for body in '"<!DOCTYPE html>"' '" <html><title>400 The plain HTTP request was sent to HTTPS port"'; do
    foreign plain "$body" --format ecs --output URL
done

finish
