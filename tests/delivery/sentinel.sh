#!/usr/bin/env bash
# The Data Collector API: a signature for each attempt, limits of bodies and fields, keys and clouds.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
KEY=$(printf 'sixty-four bytes of a workspace key, which is how long they are..' | base64 -w 0)
export KEY
workspace=00000000-aaaa-bbbb-cccc-000000000001
target=(--to sentinel --workspace-id "$workspace" --shared-key env:KEY)
receiver_of=(--workspace-id "$workspace" --shared-key "$KEY")

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg "${target[@]}" --url "$url" "${quick[@]}" "$@"
}

# ---- ordinary ----
registry ten.db 10
sqlite3 odd.db <"$root/tests/golden/odd.sql"
sqlite3 odd.db 'DELETE FROM events WHERE length(user_agent) > 32768'
run 0 export --db odd.db --registry-id reg --format sentinel --output odd.jsonl
receive plain sentinel "${receiver_of[@]}"
export_to 0 odd.db --in-flight 1 --batch-bytes 3000
records plain >sent.jsonl
same odd.jsonl sent.jsonl
holds plain "len(data) > 3 and all(one['headers']['log-type'] == 'Oversight' for one in data)"
holds plain "data[0]['path'] == '/api/logs?api-version=2016-04-01'"
holds plain "data[0]['headers']['time-generated-field'] == 'TimeGenerated'"
[ "$(grep -c 'warning: Azure ended support' err)" -eq 1 ] || fail "the warning about the retirement: $(cat err)"
export_to 0 ten.db --log-type My_Table9
holds plain "data[-1]['headers']['log-type'] == 'My_Table9'"
export_to 2 ten.db --compress gzip

# ---- signed at every try: the receiver makes its own signature of what it got ----
plan '[{"status": 503, "retry_after": 1}, "reset", "reset-answer", {"status": 429}, {"status": 500}]'
receive retried sentinel "${receiver_of[@]}" --plan plan.json
export_to 0 ten.db
holds retried "statuses == [503, None, 200, 429, 500, 200]"
holds retried "data[0]['headers']['x-ms-date'] < data[1]['headers']['x-ms-date']"
holds retried "data[0]['headers']['authorization'] != data[1]['headers']['authorization']"
account retried none 1 10 twice

# ---- refusals ----
receive wrong sentinel --workspace-id $workspace --shared-key "$(printf other | base64)"
export_to 4 ten.db --dead-letter wrong.dead
has err "HTTP 403"
has err "An invalid signature was specified"
has err "10 event(s) left"
lines wrong.dead 0
plan '[{"status": 503, "retry_after": 1}]'
receive rotated sentinel "${receiver_of[@]}" --plan plan.json
printf other | base64 >key
(await rotated 1 && printf '%s\r\n' "$KEY" >key) &
export_to 0 ten.db --shared-key file:key
wait $!
holds rotated "statuses == [503, 403, 200] and len(stored) == 10"
registry poison.db 20 "UPDATE events SET user_agent = 'poison' WHERE id IN (4, 5, 20)"
receive poison sentinel "${receiver_of[@]}"
export_to 3 poison.db --dead-letter poison.dead
account poison poison.dead 1 20
lines poison.dead 3
has poison.dead '"http_status":400'
has poison.dead "InvalidDataFormat"
for code in InvalidLogType InvalidCustomerId MissingLogType InactiveCustomer; do
    plan "[{\"status\": 400, \"body\": {\"Error\": \"$code\", \"Message\": \"no\"}}]"
    receive held sentinel "${receiver_of[@]}" --plan plan.json
    export_to 4 ten.db --dead-letter held.dead
    has err "$code"
    lines held.dead 0
    holds held "len(data) == 1"
    dismiss
done
plan '[{"status": 404}, "html", "ok"]'
receive missing sentinel "${receiver_of[@]}" --plan plan.json
export_to 4 ten.db
has err "HTTP 404"

# ---- only 200 without a web page delivers ----
plan '["html", {"status": 202}, {"status": 204}, "garbage", {"status": 200, "body": "\ufeff \n<!-- x --><HTML>sign in"}]'
receive fooled sentinel "${receiver_of[@]}" --plan plan.json
for ((i = 0; i < 5; i++)); do
    export_to 1 ten.db --retries 0
    has err "exported 0 event(s)"
    has err "10 event(s) left"
done
has err "HTTP 200 with a web page"
export_to 0 ten.db
account fooled none 1 10

# ---- keys ----
receive keys sentinel "${receiver_of[@]}"
printf '%s\r\n' "$KEY" >key
export_to 0 ten.db --shared-key file:key
holds keys "len(stored) == 10"
for bad in 'not base64 at all!' 'Z2VoZWlt=Z2Vo' 'Z2VoZWltZ' ''; do
    BAD=$bad export_to 4 ten.db --shared-key env:BAD
    has err "shared"
    [ -z "$bad" ] || for file in out err; do lacks $file "$bad"; done
done
holds keys "len(requests) == 1"
export_to 2 ten.db --workspace-id 'a/b'
export_to 2 ten.db --log-type 'a-b'
export_to 2 ten.db --log-type "$(printf 'x%.0s' {1..101})"
export_to 2 ten.db --cloud moon --url ''
export_to 2 ten.db --batch-bytes 30000001

# ---- clouds ----
for cloud in public:com us:us cn:cn; do
    run 0 export --db ten.db --registry-id reg "${target[@]}" --cloud ${cloud%:*} --dry-run
    has out "POST https://$workspace.ods.opinsights.azure.${cloud#*:}/api/logs?api-version=2016-04-01"
    has out 'Authorization: SharedKey ****'
    lacks out "$KEY"
done
run 0 export --db ten.db --registry-id reg "${target[@]}" --dry-run
has out "POST https://$workspace.ods.opinsights.azure.com/"
run 2 export --db ten.db --registry-id reg "${target[@]}" --dry-run --cloud moon
has err "public, us or cn"

# ---- 32 KB a field ----
registry cut.db 5
python3 - <<'END'
import sqlite3
db = sqlite3.connect("cut.db")
texts = ["x" * 32768, "x" * 32769, "xy" + "\u20ac" * 20000, "\U0001f600" * 8192, "\t" * 40000]
for number, text in enumerate(texts, 1):
    db.execute("UPDATE events SET user_agent = ? WHERE id = ?", (text, number))
db.commit()
END
receive cut sentinel "${receiver_of[@]}"
export_to 0 cut.db
has err "3 text(s) cut"
account cut none 1 5
python3 - <<'END' || fail "texts that were cut"
import json
lines = open("cut/stored.jsonl", encoding="utf-8").read().splitlines()
agents = {record["EventId"]: record["UserAgent"] for record in (json.loads(line)["record"] for line in lines)}
mark = "...[cut]"
assert agents["1"] == "x" * 32768
assert agents["2"] == "x" * 32760 + mark
assert agents["3"] == "xy" + "\u20ac" * 10919 + mark
assert agents["4"] == "\U0001f600" * 8192
assert agents["5"] == "\t" * 32760 + mark
END

# ---- 30,000,000 bytes a body ----
registry big.db 954 "UPDATE events SET user_agent = replace(hex(zeroblob(31250)), '00', 'x');
    UPDATE events SET user_agent = 'x' WHERE id = 954"
receive measure sentinel "${receiver_of[@]}"
export_to 0 big.db --in-flight 1 --batch-bytes 30000000
size=$(python3 -c 'import json; print(json.loads(open("measure/requests.jsonl").readline())["wire"])')
for ((over = 0; over < 2; over++)); do
    wide big.db 954 $((1 + 30000000 - size + over))
    receive exact$over sentinel "${receiver_of[@]}"
    export_to 0 big.db --in-flight 1 --batch-bytes 30000000
    account exact$over none 1 954
done
holds exact0 "[one['wire'] for one in data] == [30000000]"
holds exact1 "[one['stored'] for one in data] == [953, 1]"
finish
