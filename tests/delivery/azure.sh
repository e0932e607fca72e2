#!/usr/bin/env bash
# The Logs Ingestion API: tokens and their ends, limits of bodies and fields, refusals of the whole.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export SECRET='Geheim~8Q+/=&?%'
target=(--to azure --rule-id dcr-1 --stream Custom-Oversight)
application=(--tenant t-1 --client-id c-1 --client-secret env:SECRET)
receiver_of=(--tenant t-1 --client-id c-1 --client-secret "$SECRET" --rule-id dcr-1 --stream Custom-Oversight)

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg "${target[@]}" --endpoint "$url" --login-url "$url" \
        "${quick[@]}" "$@"
}

# tokens FOLDER N: so many tokens were asked for.
tokens() { holds "$1" "sum('token' in one['path'] for one in requests) == $2"; }

# A token of a minute is renewed after half of it, which passes beside the rest of this test.
registry renewed.db 2
plan '[null, {"status": 429, "retry_after": 32}]'
receive early ingestion "${receiver_of[@]}" --token-life 60 --plan plan.json
"$program" export --db renewed.db --registry-id reg "${target[@]}" "${application[@]}" --endpoint "$url" --login-url "$url" \
    --batch-events 1 --in-flight 1 >early.out 2>early.err &
early=$!

# ---- ordinary ----
registry many.db 200
registry one.db 1
sqlite3 odd.db <"$root/tests/golden/odd.sql"
sqlite3 odd.db 'DELETE FROM events WHERE length(user_agent) > 65536'
run 0 export --db odd.db --registry-id reg --format sentinel --output odd.jsonl
# shellcheck disable=SC2086 # each is a word
for compress in "${compressions[@]}"; do
    receive plain-$compress ingestion "${receiver_of[@]}"
    export_to 0 odd.db "${application[@]}" --compress $compress --in-flight 1
    records plain-$compress >sent.jsonl
    same odd.jsonl sent.jsonl
    holds plain-$compress "all(one['gzip'] == ('$compress' == 'gzip') and one['status'] == 204 for one in data)"
done
receive single ingestion "${receiver_of[@]}" --bodies
export_to 0 one.db "${application[@]}"
account single none 1 1
holds single "body(1)[:2] == b'[{' and body(1)[-2:] == b'}]'"
export_to 0 one.db "${application[@]}" --dry-run
holds single "len(requests) == 2"
has out 'Authorization: Bearer ****'
has out "POST $url/t-1/oauth2/v2.0/token"
has out 'grant_type=client_credentials&scope=https%3A%2F%2Fmonitor.azure.com%2F.default&client_id=c-1&client_secret=****'
lacks out Geheim
export_to 0 many.db "${application[@]}" --dry-run --batch-events 50
[ "$(grep -c oauth2 out)" -eq 1 ] && [ "$(grep -c 'POST .*streams' out)" -eq 4 ] || fail "the requests of a dry run: $(grep POST out)"
export_to 0 one.db --managed-identity --dry-run
has out "GET $url/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
has out "Metadata: true"

# ---- tokens ----
receive once ingestion "${receiver_of[@]}"
export_to 0 many.db "${application[@]}" --batch-events 10 --in-flight 4
account once none 1 200
tokens once 1
holds once "len(data) == 20"
plan '[{"status": 429, "retry_after": 1}]'
receive expires ingestion "${receiver_of[@]}" --token-life 1 --plan plan.json
export_to 0 one.db "${application[@]}"
holds expires "statuses == [429, 401, 204] and pauses[0] >= 0.99"
tokens expires 2
receive revoked ingestion "${receiver_of[@]}" --revoke-after 7
export_to 0 many.db "${application[@]}" --batch-events 10 --in-flight 4
account revoked none 1 200
tokens revoked 2
# A token that is new and not accepted either is the set-up's fault.
plan '[{"status": 401}, {"status": 401}]'
receive unwanted ingestion "${receiver_of[@]}" --plan plan.json
export_to 4 one.db "${application[@]}"
has err "HTTP 401"
tokens unwanted 2
# Tokens are asked for again as requests are.
plan '[{"status": 503}, {"status": 200, "body": "<html>"}, "reset", {"status": 429, "retry_after": 0}]'
receive shaky ingestion "${receiver_of[@]}" --plan plan.json --fault-tokens
export_to 0 one.db "${application[@]}"
tokens shaky 5
account shaky none 1 1

# ---- several at once ----
drips='{"play": "drip", "seconds": 0.005}'
plan "[$drips, $drips, $drips, $drips, $drips, $drips]"
for flight in 1 3; do
    receive flight$flight ingestion "${receiver_of[@]}" --plan plan.json
    export_to 0 many.db "${application[@]}" --batch-events 20 --in-flight $flight
    account flight$flight none 1 200
    holds flight$flight "len({one['connection'] for one in requests}) == $flight"
    dismiss
done

# ---- wrong credentials ----
receive wrong ingestion "${receiver_of[@]}"
SECRET=Falsch~8Q export_to 4 one.db "${application[@]}" --dead-letter wrong.dead
has err "AADSTS7000215: Invalid client secret provided."
has err "1 event(s) left"
export_to 4 one.db --tenant other --client-id c-1 --client-secret env:SECRET --dead-letter wrong.dead
has err "AADSTS90002"
lines wrong.dead 0
for file in out err wrong.dead; do lacks $file Falsch; lacks $file Geheim; done
holds wrong "data == []"
# A secret that was renewed since it was read.
plan '[{"status": 503, "retry_after": 1}]'
receive renewed ingestion "${receiver_of[@]}" --plan plan.json --fault-tokens
echo old >secret
(await renewed 1 && echo "$SECRET" >secret) &
export_to 0 one.db --tenant t-1 --client-id c-1 --client-secret file:secret
wait $!
account renewed none 1 1
# One that is another each time: the second one that is refused is no matter of its age.
cat >turn.sh <<'S'
turn=$(($(cat turn) + 1))
echo "$turn" | tee turn
S
echo 0 >turn
receive never ingestion "${receiver_of[@]}"
export_to 4 one.db --tenant t-1 --client-id c-1 --client-secret "cmd:sh turn.sh"
has err "Invalid client secret"
tokens never 2
# Nor is it when tokens are given and the rule takes none of them.
plan '[{"status": 401}, {"status": 401}, {"status": 401}]'
receive never ingestion --plan plan.json
echo 0 >turn
export_to 4 one.db --tenant t-1 --client-id c-1 --client-secret "cmd:sh turn.sh"
has err "HTTP 401"
tokens never 2
holds never "len(data) == 2"
plan '[{"status": 401}, "ok", {"status": 401}, "ok"]'
receive twice ingestion "${receiver_of[@]}" --plan plan.json
export_to 0 many.db "${application[@]}" --batch-events 100 --in-flight 1
account twice none 1 200
tokens twice 3
plan '[{"status": 200, "body": {"access_token": ""}}]'
receive empty ingestion "${receiver_of[@]}" --plan plan.json --fault-tokens
export_to 1 one.db "${application[@]}" --retries 0
has err "the answer holds no access token"
# ---- managed identity ----
receive identity ingestion --client-id u-1
export_to 0 one.db --managed-identity --client-id u-1
holds identity "requests[0]['method'] == 'GET' and requests[0]['headers']['metadata'] == 'true'"
holds identity "'client_id=u-1' in requests[0]['path'] and len(stored) == 1"
export_to 4 one.db --managed-identity --client-id other
has err "Identity not found"
# Its address is asked directly, the target by the proxy.
export_to 1 one.db --managed-identity --proxy http://127.0.0.1:1 --retries 0
has err "port 1"
tokens identity 3
receive proxied ingestion
run 0 export --db one.db --registry-id reg "${target[@]}" --endpoint http://endpoint.example --login-url "$url" \
    --managed-identity --proxy "$url"
holds proxied "[one['path'].split('/')[0] for one in requests] == ['', 'http:'] and len(stored) == 1"
http_proxy=$url run 0 export --db one.db --registry-id reg "${target[@]}" --endpoint http://endpoint.example \
    --login-url "$url" --managed-identity
holds proxied "[one['path'].split('/')[0] for one in requests[2:]] == ['', 'http:'] and len(stored) == 2"

# ---- options ----
receive options ingestion
export_to 2 one.db
export_to 2 one.db --tenant t-1 --client-id c-1
export_to 2 one.db --managed-identity --tenant t-1
export_to 2 one.db --managed-identity "${application[@]}"
export_to 2 one.db "${application[@]}" --tenant ../x
export_to 2 one.db "${application[@]}" --rule-id 'dcr/1'
export_to 2 one.db "${application[@]}" --stream 'a b'
export_to 2 one.db "${application[@]}" --endpoint ftp://x
export_to 2 one.db "${application[@]}" --endpoint "$url?x=1"
export_to 2 one.db "${application[@]}" --login-url "$url#x"
has err "--login-url ends before"
export_to 2 one.db --tenant t-1
has err "give --tenant, --client-id and --client-secret, or --managed-identity"
export_to 2 one.db "${application[@]}" --batch-bytes 1048577
holds options "requests == []"

# ---- refusals ----
registry poison.db 40 "UPDATE events SET user_agent = 'poison' WHERE id IN (1, 17, 40);"
receive poison ingestion "${receiver_of[@]}"
export_to 3 poison.db "${application[@]}" --dead-letter poison.dead
account poison poison.dead 1 40
lines poison.dead 3
has poison.dead '"http_status":400'
has poison.dead "does not match the stream's declaration"
receive large ingestion "${receiver_of[@]}" --max-bytes 1000
wide poison.db 20 2000
export_to 3 poison.db "${application[@]}" --dead-letter large.dead
account large large.dead 1 40
holds large "413 in statuses and all(one['wire'] <= 1000 for one in data if one['status'] == 204)"
has large.dead '"http_status":413'
lines large.dead 4
plan '[{"status": 403}, {"status": 429, "retry_after": 1}, {"status": 500}]'
receive states ingestion "${receiver_of[@]}" --plan plan.json
export_to 4 one.db "${application[@]}" --dead-letter states.dead
has err "Monitoring Metrics Publisher"
export_to 0 one.db "${application[@]}" --dead-letter states.dead
holds states "statuses == [403, 429, 500, 204] and pauses[1] >= 0.99"
export_to 4 one.db "${application[@]}" --dead-letter states.dead --rule-id dcr-2
has err "HTTP 404"
has err "dcr-2"
export_to 4 one.db "${application[@]}" --dead-letter states.dead --stream Custom-Other
has err "Custom-Other was not found"
lines states.dead 0

# ---- only 204 delivers ----
plan '[{"status": 200}, {"status": 202, "body": "{}"}, "html", "garbage", {"status": 200, "body": "Please sign in"}]'
receive fooled ingestion "${receiver_of[@]}" --plan plan.json
for ((i = 0; i < 5; i++)); do
    export_to 1 one.db "${application[@]}" --retries 0
    has err "exported 0 event(s)"
    has err "1 event(s) left"
done
has err "HTTP 200: the answer is not that of Logs Ingestion"
export_to 0 one.db "${application[@]}"
account fooled none 1 1
holds fooled "len(data) == 6"

# ---- 1,048,576 bytes a body ----
registry big.db 18 "UPDATE events SET user_agent = replace(hex(zeroblob(60000)), '00', 'x') WHERE id < 18;
    UPDATE events SET user_agent = 'x' WHERE id = 18"
receive measure ingestion
export_to 0 big.db "${application[@]}" --in-flight 1
size=$(python3 -c 'import json; print(json.loads(open("measure/requests.jsonl").readlines()[1])["wire"])')
for ((over = 0; over < 2; over++)); do
    wide big.db 18 $((1 + 1048576 - size + over))
    receive exact$over ingestion
    export_to 0 big.db "${application[@]}" --in-flight 1
    account exact$over none 1 18
done
holds exact0 "[one['wire'] for one in data] == [1048576]"
holds exact1 "[one['stored'] for one in data] == [17, 1]"

# ---- 64 KB a field ----
registry cut.db 6
python3 - <<'END'
import sqlite3
db = sqlite3.connect("cut.db")
texts = ["x" * 65536, "x" * 65537, "x" + "\U0001f600" * 20000, "\u00e9" * 40000, "\"\\" * 32768, "\x01\n" * 40000]
for number, text in enumerate(texts, 1):
    db.execute("UPDATE events SET user_agent = ? WHERE id = ?", (text, number))
db.commit()
END
receive cut ingestion
export_to 0 cut.db "${application[@]}"
has err "4 text(s) cut"
account cut none 1 6
python3 - <<'END' || fail "texts that were cut"
import json
lines = open("cut/stored.jsonl", encoding="utf-8").read().splitlines()
agents = {record["EventId"]: record["UserAgent"] for record in (json.loads(line)["record"] for line in lines)}
mark = "...[cut]"
assert agents["1"] == "x" * 65536
assert agents["2"] == "x" * 65528 + mark
assert agents["3"] == "x" + "\U0001f600" * 16381 + mark
assert agents["4"] == "\u00e9" * 32764 + mark
assert agents["5"] == "\"\\" * 32768
assert agents["6"] == "\x01\n" * 32764 + mark
END
# ---- the token that was renewed before its end ----
wait $early || fail "an export with a token of a minute: $(cat early.err)"
holds early "statuses == [204, 429, 204] and len(stored) == 2"
tokens early 2
holds early "data[0]['headers']['authorization'] == data[1]['headers']['authorization'] != data[2]['headers']['authorization']"
finish
