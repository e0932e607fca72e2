#!/usr/bin/env bash
# Any collector: arrays and lines, headers of one's own, what each status means.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg --format ecs --output "$url" "${quick[@]}" "$@"
}

# ---- framings ----
registry ten.db 10
registry one.db 1
sqlite3 odd.db <"$root/tests/golden/odd.sql"
run 0 export --db odd.db --registry-id reg --format ecs --output odd.jsonl
! has_feature zstd || compressions+=(zstd)
for framing in array ndjson; do
    # shellcheck disable=SC2086 # each is a word
    for compress in "${compressions[@]}"; do
        receive $framing-$compress plain --framing $framing --bodies
        export_to 0 odd.db --framing $framing --compress $compress --in-flight 1 --batch-bytes 5000
        records $framing-$compress >sent.jsonl
        same odd.jsonl sent.jsonl
        holds $framing-$compress "len(data) > 3 and {one['encoding'] or 'none' for one in data} == {'$compress'}"
        dismiss
    done
done
cat ndjson-none/bodies/* >/dev/null
for ((i = 0; i < $(count ndjson-none requests); i++)); do cat ndjson-none/bodies/$i; done >bodies.jsonl
same odd.jsonl bodies.jsonl
holds array-none "all(one['headers']['content-type'] == 'application/json' for one in data)"
holds ndjson-none "all(one['headers']['content-type'] == 'application/x-ndjson' for one in data)"
receive single plain --bodies
export_to 0 one.db
holds single "body(0)[:2] == b'[{' and body(0)[-2:] == b'}]' and data[0]['path'] == '/'"
run 0 export --db one.db --registry-id reg --format splunk --to http --url "$url/in/put?x=1&y=2"
holds single "data[1]['path'] == '/in/put?x=1&y=2' and records[1]['event']['event_id'] == '1'"
# It is asked as it is given.
for path in / /in/ /in//put/ '/in/?' '/in/?a=/'; do
    run 0 export --db one.db --registry-id reg --format ecs --output "$url$path"
    holds single "data[-1]['path'] == '$path'"
done
export_to 2 one.db --framing xml
has err "--framing is array or ndjson"
run 2 export --db one.db --registry-id reg --output "$url"
has err "--format NAME is missing"
run 2 export --db one.db --registry-id reg --format ecs --output "http://u:pa55word@127.0.0.1/"
lacks err pa55word

# ---- headers ----
printf 'X-From-File: a: b\r\n\n  \nX-Token: geheim3\n' >headers.txt
receive headers plain
export_to 0 one.db --header 'X-One: 1' --header 'X-Two:2' --header @headers.txt --header 'Authorization: Bearer geheim1' \
    --header 'X-One: again' --header 'X-Tab: a	b'
holds headers "data[0]['headers']['x-one'] == '1, again' and data[0]['headers']['x-two'] == '2'"
holds headers "data[0]['headers']['x-from-file'] == 'a: b' and data[0]['headers']['x-token'] == 'geheim3'"
holds headers "data[0]['headers']['authorization'] == 'Bearer geheim1' and data[0]['headers']['x-tab'] == 'a	b'"
holds headers "data[0]['headers']['content-type'] == 'application/json'"
export_to 0 one.db --header 'content-TYPE: application/vnd.own+json'
holds headers "data[1]['headers']['content-type'] == 'application/vnd.own+json'"
printf 'X-Good: 1\nX-Bad: 1\r2\n' >bad-headers
for wrong in $'X-Bad: a\r\nX-More: b' $'X-Bad: a\nb' $'X-Bad: a\rb' $'X-Bad: \x01' 'No-Colon' ': no name' 'Na me: x' \
    'Nä: x' $'X\n: x' 'X-Empty:' 'X-Empty:  ' '(x): y' '' '@none' '@.' '@bad-headers'; do
    export_to 2 one.db --header "$wrong"
    lacks err traceback
done
# Those of the transport would cut bodies short or send them elsewhere; some come once.
for name in Content-Length content-length Transfer-Encoding Content-Encoding Expect Host Connection Keep-Alive TE Trailer \
    Upgrade Proxy-Connection HTTP2-Settings Proxy-Authorization; do
    export_to 2 one.db --header "$name: 20"
    has err "header $name belongs to the transport, which sets it: omit it"
    printf 'X-Fine: 1\n%s: 20\n' "$name" >transport-headers
    export_to 2 one.db --header @transport-headers
    has err "header $name belongs to the transport"
done
export_to 2 one.db --header ':authority: elsewhere'
for name in Content-Type Authorization Cookie User-Agent Date; do
    export_to 2 one.db --header "$name: geheim1" --header "${name,,}: geheim2"
    has err "header ${name,,} is given twice"
    lacks err geheim
done
holds headers "len(requests) == 2"
export_to 0 ten.db --dry-run --header 'Authorization: Bearer geheim1' --header 'X-Api-Key: geheim2 geheim4' \
    --header @headers.txt --header 'Cookie: id=geheim5; b=geheim6' --header 'DD-API-KEY:geheim7' --header 'X-Open: geheim8' \
    --header 'Accept: application/json' --header 'User-Agent: own/1'
holds headers "len(requests) == 2"
lacks out geheim
lacks err geheim
for line in "POST $url" 'Authorization: Bearer ****' 'X-Api-Key: ****' 'X-Token: ****' 'Cookie: ****' 'DD-API-KEY: ****' \
    'X-Open: ****' 'X-From-File: ****' 'Accept: application/json' 'User-Agent: own/1'; do
    grep -qxF -- "$line" out || fail "the dry run lacks '$line': $(head -n 12 out)"
done
run 0 export --db ten.db --registry-id reg --format ecs --output "$url/in?code=geheim9&v=2&flag" --dry-run
has out "POST $url/in?code=****&v=****&****"
lacks out geheim9
# The body that is shown is the one that would be sent.
receive shown plain --bodies
export_to 0 ten.db
export_to 0 ten.db --dry-run
grep '^\[{' out | tr -d '\n' >shown.json
same shown.json shown/bodies/0
has err "[dry run] would send 10 event(s)"

# A credential in an argument is warned of, but not one that is read from a file.
for header in 'Authorization: Bearer geheim1' 'X-Api-Key: geheim1' 'cookie: geheim1'; do
    export_to 0 one.db --header "$header" --header 'X-Site: a'
    has err "a credential in --header is given as it is"
    lacks err geheim1
done
export_to 0 one.db --header @headers.txt --header 'X-Site: a'
lacks err warning
http_proxy='' export_to 1 one.db --proxy http://u:geheim1@127.0.0.1:1 --retries 0
has err "--proxy holds a password"
grep -q '^oversight-siem: warning: --proxy .* of the environment$' err || fail "a warning has several lines: $(cat err)"
lacks err geheim1
export_to 1 one.db --proxy http://127.0.0.1:1 --retries 0
lacks err warning


# ---- statuses ----
for status in 200 201 202 204; do
    receive good plain --success-status $status
    export_to 0 ten.db
    account good none 1 10
    dismiss
done
# A web page is the answer of somebody else; other texts may be the collector's.
plan '["html", "garbage", {"status": 200, "body": "<?xml version=\"1.0\"?><ok/>", "store": true}]'
receive page plain --plan plan.json
for ((i = 0; i < 2; i++)); do
    export_to 1 ten.db --retries 0
    has err "10 event(s) left"
done
export_to 0 ten.db
account page none 1 10
statuses='301 302 303 307 308 401 402 403 404 405 406 407 410 411 415 418 451'
# shellcheck disable=SC2086 # words
plan "[$(printf '{"status": %d, "headers": {"Location": "http://127.0.0.1:1/"}},' $statuses) \"ok\"]"
receive held plain --plan plan.json
for status in $statuses; do
    export_to 4 ten.db --dead-letter held.dead
    has err "HTTP $status"
    has err "10 event(s) left"
done
lines held.dead 0
holds held "statuses == [int(one) for one in '$statuses'.split()]"
receive secret plain --require-header 'X-Key: right'
export_to 4 ten.db --header 'X-Key: falsch'
has err "HTTP 401"
lacks err falsch
plan "[$(printf '{"status": %d},' 408 425 429 500 502 503 504 507 599) \"reset\", \"garbage\"]"
receive shaky plain --plan plan.json
export_to 0 ten.db --retries 20
account shaky none 1 10
holds shaky "len(data) >= 12" # what fails with 5xx again and again is divided
plan '[{"status": 500}, {"status": 500}, {"status": 500}]'
receive given-up plain --plan plan.json
export_to 1 ten.db --retries 2
has err "given up after 3 attempt(s)"
has err "10 event(s) left"
holds given-up "len(data) == 3"

# ---- refusals that name no record ----
registry poison.db 30 "UPDATE events SET user_agent = 'poison' WHERE id IN (1, 15, 16, 30)"
for status in 400 422; do
    receive poison$status plain --poison-status $status
    export_to 3 poison.db --dead-letter poison$status.dead
    account poison$status poison$status.dead 1 30
    lines poison$status.dead 4
    has poison$status.dead "\"http_status\":$status"
    has poison$status.dead "a record is refused"
done
# A dead letter is nobody else's to read, also one that was there before.
chmod 644 poison422.dead
export_to 3 poison.db --dead-letter poison422.dead
[ "$(stat -c %a poison422.dead)" = 600 ] || fail "the mode of a dead letter stays $(stat -c %a poison422.dead)"
chmod 400 poison422.dead
export_to 3 poison.db --dead-letter poison422.dead
[ "$(stat -c %a poison422.dead)" = 400 ] || fail "the mode of a dead letter becomes $(stat -c %a poison422.dead)"
export_to 3 poison.db --dead-letter /dev/null
[ -c /dev/null ] && [ "$(stat -c %a /dev/null)" = 666 ] || fail "the mode of /dev/null was changed"
export_to 3 poison.db --on-error skip
has err "4 event(s) refused and skipped"
export_to 1 poison.db
has err "event 1: "
receive small plain --max-bytes 2000
wide poison.db 7 5000
export_to 3 poison.db --dead-letter small.dead
lines small.dead 5
has small.dead "HTTP 413"
receive limit plain --poison-status 422
export_to 3 poison.db --batch-bytes 3000 --dead-letter limit.dead
account limit limit.dead 1 30
finish
