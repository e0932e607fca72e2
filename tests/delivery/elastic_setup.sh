#!/usr/bin/env bash
# _bulk, set up wrong: faults that come item by item, what is missing before the first event, one path for all,
# answers that are not the target's, and requests that are too much for it.
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

# ---- before the first event ----
receive bare bulk --no-template
export_to 4 --dead-letter bare.dead
has err "there is no data stream logs-oversight.beacon-default, and no template that makes one: curl -X PUT $url/_index_template"
keeps_all bare
holds bare "data == []"
run 4 ping --to elastic --url "$url"
has err "there is no data stream logs-oversight.beacon-default"
run 4 ping --to elastic --url "$url" --index other
has err "there is no index other, and no _index_template that makes one"
has err "give without_template, for those of a legacy template"
# What the message says helps, with the template as it is.
curl -sf -X PUT "$url/_index_template/oversight" -H 'Content-Type: application/json' \
    -d "@$root/examples/elastic/index-template.json" >/dev/null || fail "the template is refused"
run 0 ping --to elastic --url "$url"
has out "template oversight makes the data stream logs-oversight.beacon-default"
export_to 0
run 0 ping --to elastic --url "$url"
has out "; data stream logs-oversight.beacon-default"
export_to 4 --index other
curl -sf -X PUT "$url/other" >/dev/null
export_to 0 --index other
run 0 ping --to elastic --url "$url" --index other
has out "; index other"
# The node makes an index where it may guess; that is no data stream, and is named.
receive guessed bulk --no-template
export_to 0 --without-template
has err "[ok] exported 10 event(s)"
export_to 4 --dead-letter guessed.dead
has err "logs-oversight.beacon-default is an index, not a data stream"
lines guessed.dead 0
export_to 0 --index logs-oversight.beacon-default
# Templates of others, the one of the highest priority.
receive others bulk --no-template
put() { curl -sf -X PUT "$url/_index_template/$1" -d "$2" >/dev/null || fail "the template $1 is refused"; }
put logs '{"index_patterns": ["x", "logs-*-*"], "priority": 100, "data_stream": {"hidden": false}}'
put far '{"index_patterns": ["logs-oversight.beacon", "*-other"], "priority": 900}'
run 0 ping --to elastic --url "$url"
has out "template logs makes the data stream"
put index '{"index_patterns": "logs-over*con-*t", "priority": 200}'
export_to 4 --dead-letter others.dead
has err "template index makes an index of logs-oversight.beacon-default, not a data stream"
keeps_all others
export_to 0 --index logs-oversight.beacon-default
# Who may not look, and who has nothing to look at, sends.
for answer in 400 401 403 404 405 500; do
    receive blind bulk --look-status $answer
    export_to 0
    has err "elastic: whether logs-oversight.beacon-default is set up cannot be seen: HTTP $answer"
    run 0 ping --to elastic --url "$url"
    has out "whether logs-oversight.beacon-default is set up cannot be seen: HTTP $answer"
done
receive later bulk --look-status 503
export_to 1 --retries 1 --dead-letter later.dead
has err "given up after 2 attempt(s): HTTP 503"
keeps_all later
# A plain target that is missing after all.
receive absent bulk --no-template --no-auto-create --look-status 403
export_to 4 --dead-letter absent.dead
has err "HTTP 404: create the template, or correct namespace or index: index_not_found_exception: no such index"
keeps_all absent

# ---- one path for all ----
receive path bulk --one-path --bodies
export_to 4 --dead-letter path.dead
has err "HTTP 404"
export_to 0 --bulk-path /_bulk --namespace prod
run 0 ping --to elastic --url "$url" --bulk-path /_bulk
account path none 1 10
holds path "[one['path'].split('?')[0] for one in data] == ['/logs-oversight.beacon-default/_bulk', '/_bulk']"
holds path "body(data[1]['number']).count(b'{\"create\":{\"_index\":\"logs-oversight.beacon-prod\",\"_id\":\"') == 10"
for wrong in _bulk '' '/_bulk?x' '/a b' '/_bulk#'; do export_to 2 --bulk-path "$wrong"; done
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

# ---- too much at once ----
receive busy bulk --busy-bytes 20000
run 0 export --db many.db --registry-id reg --to elastic --url "$url" "${quick[@]}" --in-flight 1
account busy none 1 200
holds busy "max(one['wire'] for one in data if one['status'] == 200) <= 20000"
holds busy "statuses[:3] == [429] * 3 and len({one['wire'] for one in data[:3]}) == 1 and data[3]['wire'] < data[0]['wire']"
# What was learned holds for what follows.
holds busy "statuses.count(429) <= 8"
# A server that says when to come again, and one record that is too much by itself, are tried as often as is said.
plan '[{"status": 429, "retry_after": 1}, {"status": 429, "retry_after": 1}, {"status": 429, "retry_after": 1}]'
receive when bulk --plan plan.json
export_to 0
holds when "len(data) == 4 and len({one['wire'] for one in data}) == 1"
receive small bulk --busy-bytes 10
export_to 1 --batch-events 1 --in-flight 1 --retries 5 --dead-letter small.dead
has err "given up after 6 attempt(s): HTTP 429: rejected_execution_exception: rejected execution"
lacks err root_cause
keeps_all small
finish
