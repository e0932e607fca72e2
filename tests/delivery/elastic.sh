#!/usr/bin/env bash
# _bulk: documents as the file sink has them, ids that make a resend harmless, an outcome an item.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg --to elastic --url "$url" "${quick[@]}" "$@"
}

# ---- ordinary ----
sqlite3 odd.db <"$root/tests/golden/odd.sql"
registry ten.db 10
run 0 export --db odd.db --registry-id reg --format ecs --output odd.jsonl
export KEY=a2V5OnNlY3JldA==
# shellcheck disable=SC2086 # each is a word
for compress in "${compressions[@]}"; do
    receive plain-$compress bulk --bodies --api-key "$KEY"
    export_to 0 odd.db --compress $compress --api-key env:KEY --batch-bytes 4000 --in-flight 1
    records plain-$compress >sent.jsonl
    same odd.jsonl sent.jsonl
    holds plain-$compress "len(data) > 1 and all(one['gzip'] == ('$compress' == 'gzip') for one in data)"
    holds plain-$compress "all(one['path'].startswith('/logs-oversight.beacon-default/_bulk?') for one in data)"
    holds plain-$compress "all(one['headers']['authorization'] == 'ApiKey $KEY' for one in data)"
done
printf 'pass:word\r\n' >password
receive basic bulk --user ümit --password pass:word
export_to 0 ten.db --user ümit --password file:password
account basic none 1 10
receive open bulk
export_to 0 ten.db
holds open "'authorization' not in data[0]['headers'] and len(stored) == 10"

# ---- names ----
receive names bulk
export_to 0 ten.db --namespace prod_1
export_to 0 ten.db --index my-index.2 --without-template
holds names "[one['path'].split('/')[1] for one in data] == ['logs-oversight.beacon-prod_1', 'my-index.2']"
for wrong in Upper 'a b' 'a/b' 'a?b' 'a*' 'ä' '' 'a-b' "$(printf 'x%.0s' {1..260})"; do
    export_to 2 ten.db --namespace "$wrong"
done
for wrong in Upper _hidden -x .x +x 'a,b' 'a#b' '../a' ''; do export_to 2 ten.db --index "$wrong"; done
export_to 2 ten.db --index a --namespace b
has err "give either --namespace or --index"
export_to 2 ten.db --api-key env:KEY --user u
has err "give either --api-key, or --user and --password"
for base in '' / /base /base/ /_bulk; do
    run 0 export --db ten.db --registry-id reg --to elastic --url "$url$base" --dry-run
    expected=${base%/}
    has out "POST $url${expected%/_bulk}/logs-oversight.beacon-default/_bulk?"
done
for wrong in '/my-index/_bulk' '?pretty' '/_bulk?pretty' '#x'; do
    run 2 export --db ten.db --registry-id reg --to elastic --url "$url$wrong"
    has err "--url "
done
export_to 2 ten.db --user a
export_to 2 ten.db --password env:KEY
export_to 2 ten.db --user a:b --password env:KEY
export_to 2 ten.db --user a --password env:KEY --api-key env:KEY
holds names "len(data) == 2"

# ---- ids ----
receive again bulk
export_to 0 ten.db
lacks err "there already"
export_to 0 ten.db
has err "exported 10 event(s)"
has err "10 event(s) of these were there already"
holds again "len(stored) == 10 and statuses == [200, 200]"
# Of registry a the event 12 and of registry a1 the event 2 are two.
registry twelve.db 12
run 0 export --db twelve.db --registry-id a --to elastic --url "$url"
run 0 export --db twelve.db --registry-id a1 --to elastic --url "$url"
lacks err "there already"
holds again "len(stored) == 34 and len({one['id'] for one in stored}) == 34"
holds again "all(0 < len(one['id']) <= 512 and '/' not in one['id'] and '+' not in one['id'] for one in stored)"

# ---- the status of each item ----
plan '[{"items": {"0": 200, "1": 409, "2": 429, "3": 500, "4": 503, "5": 400, "6": 404}}]'
receive items bulk --plan plan.json --bodies
export_to 3 ten.db --dead-letter items.dead
has err "exported 8 event(s)"
has err "2 event(s) refused and kept in items.dead"
has err "1 event(s) of these were there already"
holds items "len(data) == 2 and [one['event']['id'] for one in records[3:]] == ['3', '4', '5']"
holds items "body(data[1]['number']).count(b'\n') == 6"
python3 - <<'END' || fail "the dead letters of items"
import json
first, second = map(json.loads, open("items.dead"))
assert (first["event_id"], first["http_status"], second["event_id"], second["http_status"]) == ("6", 400, "7", 404)
assert "mapper_parsing_exception" in first["reason"] and "failed to parse" in first["reason"], first
assert "index_not_found_exception" in second["reason"] and "no such index" in second["reason"], second
assert first["sink"] == "elastic" and first["format"] == "ecs" and first["event"]["event_id"] == "6", first
assert first["record"]["event"]["id"] == "6", first
END
# Held: the others of the answer count, and what was held is sent by the next export.
plan '[{"items": {"1": 403, "3": 429}}, {"items": {"1": 401}}]'
receive held bulk --plan plan.json
export_to 4 ten.db --dead-letter held.dead
has err "HTTP 403"
has err "exported 8 event(s)"
has err "2 event(s) left"
export_to 4 ten.db --dead-letter held.dead
has err "HTTP 401"
export_to 0 ten.db
account held held.dead 1 10
lines held.dead 0
# Without a dead letter the first refusal ends the export.
plan '[{"items": {"4": 400}}]'
receive stops bulk --plan plan.json
export_to 1 ten.db
has err "event 5"
has err "exported 9 event(s)"
# Items that fail for ever end it, too, after so many attempts.
plan '[{"items": {"0": 503}}, {"items": {"0": 503}}, {"items": {"0": 503}}]'
receive forever bulk --plan plan.json
export_to 1 ten.db --retries 1
has err "exported 9 event(s)"
has err "given up after 2 attempt(s)"
holds forever "len(data) == 2"

# ---- an address that is none ----
registry address.db 4 "UPDATE events SET source_ip = CASE id WHEN 1 THEN '192.0.2.1' WHEN 2 THEN 'unknown' WHEN 3 THEN '2001:db8::1' END"
receive strict bulk --strict-ip
export_to 3 address.db --dead-letter address.dead
lines address.dead 1
has address.dead '"event_id":"2"'
# What formats/README.md advises.
mkdir -p lua/oversight/formats
sed -n '/^return ecs:extend "acme-ecs"/,/^```/p' "$root/formats/README.md" | sed '/^```/Q' >acme.lua
{ echo 'local ecs = require "oversight.formats.ecs"' && cat acme.lua; } >lua/oversight/formats/acme-ecs.lua
receive strict bulk --strict-ip
OVERSIGHT_LUA_PATH=lua export_to 0 address.db --format acme-ecs
holds strict "[one.get('source') for one in records] == [{'address': '192.0.2.1', 'ip': '192.0.2.1'}, {'address': 'unknown'},
    {'address': '2001:db8::1', 'ip': '2001:db8::1'}, None]"

# ---- the failure store ----
registry poison.db 10 "UPDATE events SET user_agent = 'poison' WHERE id IN (3, 7)"
receive aside bulk --failure-store
export_to 0 poison.db
has err "exported 10 event(s)"
has err "2 event(s) of these went into the target's failure store"
holds aside "len(stored) == 8 and len(lines('failure-store')) == 2"

# ---- requests that are refused as a whole ----
receive wrong bulk --api-key other
export_to 4 ten.db --api-key env:KEY --dead-letter wrong.dead
has err "HTTP 401"
has err "exported 0 event(s)"
has err "10 event(s) left"
lines wrong.dead 0
# A key that is renewed in the meantime.
plan '[{"status": 503, "retry_after": 1}]'
receive renewed bulk --api-key new --plan plan.json
echo old >key
(await renewed 1 && echo new >key) &
export_to 0 ten.db --api-key file:key
wait $!
holds renewed "statuses == [503, 401, 200] and 'new' in data[2]['headers']['authorization']"
account renewed none 1 10
statuses='403 404 405 307 302'
# shellcheck disable=SC2086 # words
plan "[$(printf '{"status": %d, "headers": {"Location": "http://127.0.0.1:1/"}},' $statuses) \"ok\"]"
receive refused bulk --plan plan.json
for status in $statuses; do
    export_to 4 ten.db --dead-letter refused.dead
    has err "HTTP $status"
    has err "10 event(s) left"
done
lines refused.dead 0
holds refused "statuses == [int(one) for one in '$statuses'.split()]"
plan '[{"status": 404, "body": {"error": {"type": "index_not_found_exception", "reason": "no such index"}}}]'
receive absent bulk --plan plan.json
export_to 4 ten.db --namespace prod --dead-letter absent.dead
has err "there is no data stream or index logs-oversight.beacon-prod: create its template"
has err "10 event(s) left"
lines absent.dead 0
plan '[{"status": 429, "retry_after": 1}, {"status": 503}]'
receive busy bulk --plan plan.json
export_to 0 ten.db
holds busy "statuses == [429, 503, 200] and pauses[0] >= 0.99"
has err "2 request(s) had to be made again"
# Too large: halved until it fits, and a document that is too large by itself is a dead letter.
registry large.db 20
wide large.db 7 5000
receive halved bulk --max-bytes 3000
export_to 3 large.db --dead-letter halved.dead
account halved halved.dead 1 20
lines halved.dead 1
has halved.dead '"http_status":413'
has halved.dead '"event_id":"7"'
# A request that is refused for a document that nobody names is halved as well.
refused='{"status": 400, "body": {"error": {"type": "x_exception", "reason": "x"}, "status": 400}}'
plan "[$refused, $refused]"
receive parts bulk --plan plan.json
export_to 0 ten.db
account parts none 1 10
holds parts "statuses[:2] == [400, 400] and len(data) == 5"

# ---- 200 is not enough ----
plan '[{"status": 200, "body": "hello"}, {"status": 200}, {"status": 200, "body": {"items": []}},
    {"status": 200, "body": {"items": [{"create": {"status": 201}}]}}, "html", "truncated-json", "garbage",
    {"status": 200, "body": {"items": [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}]}}, {"status": 200, "body": [1]}]'
receive fooled bulk --plan plan.json
for ((i = 0; i < 9; i++)); do
    export_to 1 ten.db --retries 0 --dead-letter fooled.dead
    has err "exported 0 event(s)"
    has err "10 event(s) left"
done
holds fooled "len(data) == 9 and stored == []"
export_to 0 ten.db --dead-letter fooled.dead
account fooled fooled.dead 1 10

# ---- the limit of 10,000,000 bytes ----
# fill OPTION...: ten documents that fill a body to the byte go as one, and with a byte more as two.
fill() {
    local size over
    registry big.db 10 "UPDATE events SET user_agent = replace(hex(zeroblob(990000)), '00', 'x')"
    receive exact bulk
    export_to 0 big.db --in-flight 1 "$@"
    size=$(python3 -c 'import json; print(max(json.loads(line)["wire"] for line in open("exact/requests.jsonl")))')
    for ((over = 0; over < 2; over++)); do
        wide big.db 10 $((990000 + 10000000 - size + over))
        receive exact$over bulk
        export_to 0 big.db --in-flight 1 "$@"
        account exact$over none 1 10
    done
    holds exact0 "[one['wire'] for one in data] == [10000000]"
    holds exact1 "len(data) == 2 and data[0]['stored'] == 9"
}
fill
fill --bulk-path /_bulk # each action names the index
# A document that exceeds it alone is never sent.
wide big.db 5 10000000
receive alone bulk
export_to 3 big.db --dead-letter alone.dead
account alone alone.dead 1 10
lines alone.dead 1
has alone.dead "and the target takes 10000000"
holds alone "data and all(one['wire'] <= 10000000 and one['status'] == 200 for one in data)"
finish
