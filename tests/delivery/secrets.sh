#!/usr/bin/env bash
# Credentials: where they are read from, what is said of bad ones, that nothing shows them, and ping.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
registry ten.db 10
mkdir outputs
# Each of them is searched for in all that was printed and written.
good=Geheimnis-Eins
stale=Geheimnis-Zwei
secrets=("$good" "$stale" R2VoZWltbmlz Geheimnis)
number=0

# keep STATUS ARGUMENT...: as run; what is printed is kept for the search at the end.
keep() {
    run "$@"
    number=$((number + 1))
    cp out "outputs/$number.out"
    cp err "outputs/$number.err"
}
export_with() { # export_with STATUS SECRET [OPTION]...
    local expected=$1 secret=$2
    shift 2
    keep "$expected" export --db ten.db --registry-id reg --to elastic --url "$url" --api-key "$secret" "${quick[@]}" "$@"
}

# A command that does not end is ended after half a minute, which passes beside the rest of this test; its arguments
# are not told, and nothing of it stays. A request to stop leaves it a second.
hangs() { # hangs NAME COMMAND
    ("$program" export --db ten.db --registry-id reg --to splunk --url http://127.0.0.1:1 --token "cmd:$2" >"outputs/$1.out" \
        2>"outputs/$1.err" || echo $? >"$1.status") &
}
hangs_since=$SECONDS
hangs hanging "sleep 7654.$$1 # $good"
hangs silent "echo $good; exec >&-; sleep 7654.$$2"
"$program" ping --to splunk --url http://127.0.0.1:1 --token "cmd:exit_of=$good sleep 7654.$$3; true" 2>outputs/stopped.err &
child=$!
until pgrep -f "^sleep 7654[.]$$3\$" >/dev/null; do sleep 0.02; done
since=$SECONDS
kill -TERM $child
status=0
wait $child || status=$?
[ $status -eq 4 ] && [ $((SECONDS - since)) -le 5 ] || fail "a ping whose command hangs: status $status, $((SECONDS - since)) s"
grep -q "command did not end in time" outputs/stopped.err || fail "$(cat outputs/stopped.err)"
! pgrep -f "^sleep 7654[.]$$3\$" >/dev/null || fail "the command of a ping outlives it"

# ---- where they come from ----
receive good bulk --api-key "$good"
printf '%s' "$good" >plain.key
printf '%s\r\n' "$good" >line.key
printf '%s\n\n' "$good" >lines.key
for file in plain line lines; do
    export_with 0 file:$file.key --progress
    lacks err warning
done
NAME=$good export_with 0 env:NAME
lacks err warning
export_with 0 "cmd:cat plain.key"
export_with 0 "cmd:printf '%s\n' Geheimnis-%s | sed s/%s/Eins/"
lacks err warning
holds good "len(data) == 6 and all(one['status'] == 200 for one in data)"
export_with 0 "$good"
has err "warning: --api-key is given as it is"
export_with 0 file:plain.key --dry-run --dead-letter dry.dead
has out 'Authorization: ApiKey ****'
keep 0 export --db ten.db --registry-id reg --to elastic --url "$url" --user u --password file:plain.key --dry-run
has out 'Authorization: Basic ****'
lacks out "$(printf 'u:%s' "$good" | base64)"

# A command inherits neither what this shell has open, nor a file or connection of the program: not at the start,
# nor when the credential is read again while a connection is open.
look=$(for n in {3..60}; do echo "[ ! -e /proc/\$\$/fd/$n ] || echo $n >>inherited"; done)
plan '[{"status": 401}]'
receive inherits bulk --plan plan.json
export_with 4 "cmd:$look; echo run >>runs; cat plain.key" --checkpoint inherits.cp --dead-letter inherits.dead \
    9<plain.key 10>>other
lines runs 2
[ ! -e inherited ] || fail "a command inherits descriptors: $(tr '\n' ' ' <inherited)"

# ---- what is wrong with them ----
: >empty.key
printf '\r\n' >blank.key
printf '%s\nX-More: 1\n' "$good" >broken.key
printf '%s\0more' "$good" >nul.key
head -c 20000 /dev/zero | tr '\0' x >long.key
mkdir folder
bad() { # bad SECRET WORD
    export_with 4 "$1"
    has err "--api-key"
    has err "$2"
}
bad file:none.key "none.key"
has err "No such file"
bad file:folder "Is a directory"
bad file:empty.key "empty"
bad file:blank.key "empty"
bad file:broken.key "line break"
bad file:nul.key "NUL"
bad file:long.key "longer than 16 KiB"
bad env:NO_SUCH_NAME "NO_SUCH_NAME"
EMPTY='' bad env:EMPTY "empty"
BROKEN=$'Geheimnis\rX' bad env:BROKEN "line break"
bad "cmd:echo $good; exit 3" "status 3"
bad "cmd:true" "empty"
bad "cmd:kill -9 \$\$" "status 137"
bad "cmd:/no/such/program" "status 127"
bad "cmd:echo $good; echo $stale" "line break"
export_with 2 ''
has err "--api-key is empty"
holds good "len(data) == 7"
# ---- other forms that are common: meant, or refused with what to do ----
utf8_bom=$'\xef\xbb\xbf'
id_key="VuaCfGc:Eins_-x"
encoded=$(printf '%s' "$id_key" | base64 -w 0)
secrets+=("$encoded" "$id_key" Eins_-x)
understood() { # understood TEXT EXPECTED: what a file with the text stands for, as an API key
    printf '%s' "$1" >form.key
    receive form bulk --api-key "$2"
    export_with 0 file:form.key
    dismiss
}
for form in "$utf8_bom$good" "$utf8_bom$good"$'\r\n' "ApiKey $good" "apikey  $good" "Authorization: ApiKey $good" "  $good"; do
    understood "$form" "$good"
done
understood "$id_key" "$encoded"
understood "${utf8_bom}ApiKey $id_key"$'\r\n' "$encoded"
FORM="ApiKey $good" understood "ApiKey $good" "$good"
refused() { # refused TEXT WORD
    printf '%b' "$1" >form.key
    export_with 4 file:form.key
    has err "--api-key: "
    has err "$2"
}
receive form bulk --api-key "$good"
refused "\\xff\\xfeG\\x00e\\x00h\\x00" "it is UTF-16: save it as UTF-8 or ASCII"
refused "\\xfe\\xff\\x00G\\x00e" "it is UTF-16"
refused "Bearer $good" "it begins with 'Bearer', which is another kind of credential"
refused "Basic $good" "it begins with 'Basic'"
refused "Splunk $good" "it begins with 'Splunk'"
refused "{\"id\":\"x\",\"api_key\":\"$good\",\"encoded\":\"$encoded\"}" 'it is JSON: give the value of its "encoded" alone'
refused "{\n  \"encoded\": \"$encoded\"\n}" 'it is JSON: give the value of its "encoded" alone'
refused "\"$good\"" "it is in quotes"
refused "'$good'" "it is in quotes"
refused "<$good>" "it is a placeholder"
refused "\${$good}" "it is a variable that nobody replaced"
refused "\$GEHEIMNIS" "it is a variable that nobody replaced"
refused "ApiKey \${$good}" "it is a variable that nobody replaced"
refused "ApiKey \"$good\"" "it is in quotes"
refused "Authorization: ApiKey <$good>" "it is a placeholder"
refused "$good $stale" "it holds a space"
refused "$good\\xc2\\xa0" "not ASCII"
refused $'\u201c'"$good"$'\u201d' "not ASCII"
refused "$good:" "neither an encoded key nor id:key"
refused "a:$good:b" "neither an encoded key nor id:key"
refused "ApiKey " "it is empty"
refused "$utf8_bom" "it is empty"
holds form "data == []"
dismiss
printf '%sSplunk %s\r\n' "$utf8_bom" "$good" >splunk.key
receive form hec --token "$good"
keep 0 export --db ten.db --registry-id reg --to splunk --url "$url" --token file:splunk.key
keep 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token "ApiKey $good"
has err "it begins with 'ApiKey'"
keep 4 export --db ten.db --registry-id reg --to azure --endpoint "$url" --login-url "$url" --rule-id d --stream s --tenant t \
    --client-id c --client-secret "Bearer $good"
has err "--client-secret: it begins with 'Bearer'"
keep 4 export --db ten.db --registry-id reg --to sentinel --workspace-id w --shared-key "\"$good\"" --url "$url"
has err "--shared-key: it is in quotes"
# A password is any text on a line.
receive form bulk
for password in "Basic $good" "\"$good $stale\"" "<$good>" "Geheimnis:$good"; do
    PASSWORD="$utf8_bom$password" keep 0 export --db ten.db --registry-id reg --to elastic --url "$url" --user u \
        --password env:PASSWORD
    expected=$(printf 'u:%s' "$password" | base64 -w 0)
    holds form "data[-1]['headers']['authorization'] == 'Basic $expected'"
done
printf '%sX-Key: %s\n' "$utf8_bom" "$good" >bom.headers
receive form plain --require-header "X-Key: $good"
keep 0 export --db ten.db --registry-id reg --format ecs --output "$url" --header @bom.headers

# ---- a file that others can read is remarked, once ----
open=$(mktemp -d "${TMPDIR:-/tmp}/oversight-open-XXXXXX")
trap 'rm -rf "$open"; cleanup' EXIT
chmod 755 "$open"
mkdir -p "$open/volume/..1" "$open/private" "$open/systemd"
ln -s ..1 "$open/volume/..data"
ln -s ..data/key "$open/volume/key"
for file in key volume/..1/key private/key systemd/key; do
    printf '%s' "$good" >"$open/$file"
    chmod 644 "$open/$file"
done
chmod 700 "$open/private"
receive open bulk --api-key "$good"
remarks() { [ "$(grep -c "other users can read or change" err)" -eq "$1" ] || fail "remarks instead of $1: $(cat err)"; }
remark="warning: api_key: other users can read or change '$open/key': chmod o= it"
export_with 0 "file:$open/key" --batch-events 1
has err "$remark"
remarks 1
export_with 0 "file:$open/key" --batch-events 1 --checkpoint open.cp
has err "$remark"
remarks 1
keep 0 ping --to elastic --url "$url" --api-key "file:$open/key"
has err "$remark"
cat >open.lua <<'L'
local siem = require "oversight.siem"
return siem.pipeline { source = { path = "ten.db", registry_id = "reg" }, format = "ecs",
  sink = siem.sink.elastic { url = arg[1], api_key = "file:" .. arg[2] } }
L
keep 0 open.lua "$url" "$open/key"
has err "$remark"
remarks 1
for file in volume/key private/key; do
    export_with 0 "file:$open/$file"
    remarks 0
done
CREDENTIALS_DIRECTORY=$open/systemd export_with 0 "file:$open/systemd/key"
remarks 0
export_with 0 "file:$open/systemd/key"
remarks 1
for mode in 600 400 640 440; do
    chmod $mode "$open/key"
    export_with 0 "file:$open/key"
    remarks 0
done
chmod 602 "$open/key"
export_with 0 "file:$open/key"
remarks 1
printf 'X-Key: %s\n' "$good" >"$open/headers"
chmod 644 "$open/headers"
receive open plain
keep 0 export --db ten.db --registry-id reg --format ecs --output "$url" --header "@$open/headers"
sed -z 's/\n  / /g' err >joined # a warning is wrapped where the folder's name is long
has joined "--header: other users can read or change '$open/headers'"
receive good bulk --api-key "$good"

# ---- a credential over plain http is remarked, once, and not within this machine ----
exposes() { [ "$(grep -c "warning: credentials go to http://0.0.0.0:$port unencrypted: use https" err)" -eq "$1" ] || fail "exposed: $(cat err)"; }
elsewhere=http://0.0.0.0:$port # is this machine, which the program does not know
exposed() { keep 0 export --db ten.db --registry-id reg --to elastic --url "$elsewhere" --batch-events 1 "$@"; }
exposed --api-key file:plain.key
exposes 1
exposed --api-key file:plain.key --checkpoint exposed.cp
exposes 1
exposed --api-key file:plain.key --dry-run
exposes 0
keep 0 ping --to elastic --url "$elsewhere" --api-key file:plain.key
exposes 1
keep 0 open.lua "$elsewhere" "$work/plain.key"
exposes 1
for host in 127.0.0.1 localhost LOCALHOST 127.1; do
    keep 0 export --db ten.db --registry-id reg --to elastic --url "http://$host:$port" --api-key file:plain.key
    lacks err unencrypted
done
receive open plain
elsewhere=http://0.0.0.0:$port
keep 0 export --db ten.db --registry-id reg --format ecs --output "$elsewhere/hook"
exposes 0
printf 'Authorization: Bearer %s\n' "$good" >private.headers
chmod 600 private.headers
keep 0 export --db ten.db --registry-id reg --format ecs --output "$elsewhere/hook" --header @private.headers
exposes 1
lacks err hook
receive good bulk --api-key "$good"

# Not even a mistaken option repeats one.
keep 2 export --db ten.db --registry-id reg --to elastic --url "$url" --api-kye "$good"
keep 2 export --db ten.db --registry-id reg --to elastic --url "$url" --api-key="$good" "$stale"
keep 2 export --db ten.db --registry-id reg --to elastic --url "https://u:$good@127.0.0.1/" --api-key env:HOME
keep 2 export --db ten.db --registry-id reg --to sentinel --api-key="$good"
keep 4 export --db ten.db --registry-id reg --to sentinel --workspace-id w --shared-key "$good" --url "$url"
keep 1 export --db ten.db --registry-id reg --to elastic --url "$url" --proxy "http://u:$good@127.0.0.1:1" --retries 0

# ---- at failures ----
receive stale bulk --api-key "$good"
echo "$stale" >stale.key
export_with 4 file:stale.key --dead-letter stale.dead --progress
for fault in '{"status": 403}' '{"status": 500}' '"reset"' '"garbage"' '"html"' '{"items": {"0": 400}}' '{"status": 302}'; do
    plan "[$fault]"
    receive fault bulk --api-key "$good" --plan plan.json
    number=$((number + 1))
    "$program" export --db ten.db --registry-id reg --to elastic --url "$url" --api-key file:plain.key --retries 0 \
        --dead-letter fault.dead >"outputs/$number.out" 2>"outputs/$number.err" || true
    dismiss
done
[ -s fault.dead ] || fail "there is no dead letter to search"
export KEY=$good STALE=$stale
receive again bulk --api-key "$good"
cp fault.dead again.dead
keep 4 replay again.dead --to elastic --url "$url" --api-key env:STALE
keep 0 replay again.dead --to elastic --url "$url" --api-key env:KEY --dry-run
keep 0 replay again.dead --to elastic --url "$url" --api-key env:KEY
receive headers plain --require-header "X-Key: $good"
for key in "$good" "$stale"; do
    keep "$([ "$key" = "$good" ] && echo 0 || echo 4)" export --db ten.db --registry-id reg --format ecs --output "$url" \
        --header "X-Key: $key"
done

# ---- servers that repeat what they were sent, and forge lines ----
words='<{all}> <{credential}> <{escaped}> <{decoded}>'
forged='\\u001b[2J\\u009b2J\\r\\n[ok] exported 9999 event(s)\\u202e\\u200f\\u061c\\u2066\\ufeff\\udb40\\udc41'
# hostile STATUS RECEIVER PLAN OPTION...: what is said is masked, and one line without escape sequences. "URL" is
# the receiver's.
hostile() {
    local expected=$1 kind=$2
    plan "$3"
    shift 3
    receive hostile "$kind" --plan plan.json --fault-tokens
    keep "$expected" export --db ten.db --registry-id reg --retries 0 --dead-letter hostile.dead "${@//URL/$url}"
    ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xd8\x9c|\xef\xbb\xbf|\xf3\xa0' \
        err || fail "err holds control characters or marks"
    ! grep -q '^\[ok\] exported 9999' err || fail "err holds a forged line: $(cat err)"
    grep -qF '****' err hostile.dead || fail "nothing is masked: $(cat err)"
    dismiss
}
for status in 401 403 500 302; do
    expected=4
    [ $status != 500 ] || expected=1
    for body in "\"$words\"" "{\"text\": \"$words\"}" "\"$forged ****\""; do
        hostile $expected plain "[{\"status\": $status, \"body\": $body}]" --output URL --format ecs \
            --header "Authorization: Bearer $good" --header "X-Key: $stale"
        hostile $expected bulk "[{\"status\": $status, \"body\": $body}, {\"status\": $status, \"body\": $body}]" --to elastic --url URL \
            --user u --password env:KEY
    done
done
ID_KEY=$id_key hostile 4 bulk "[{\"status\": 403, \"body\": \"<{decoded}>\"}]" --to elastic --url URL --api-key env:ID_KEY
for code in 3 6 9; do
    expected=$([ $code = 3 ] && echo 4 || { [ $code = 6 ] && echo 3 || echo 1; })
    answer="{\"status\": 400, \"headers\": {\"Server\": \"Splunkd\"},
        \"body\": {\"code\": $code, \"text\": \"$words$forged\", \"invalid-event-number\": 9}}"
    hostile "$expected" hec "[$answer]" --to splunk --url URL --token env:KEY --in-flight 1
done
# However it is escaped, nothing that can be decoded to it is printed or kept.
hidden=Geheim/Nis=Drei+Vier
secrets+=("$hidden" Geheim u0047)
export HIDDEN=$hidden
for way in slashes escaped html url twice upper broken; do
    for body in "<html>no right for {$way}" "{\"code\": 4, \"text\": \"Invalid token {$way}\"}"; do
        body=${body//\"/\\\"}
        answer="{\"status\": 403, \"body\": \"$body\"}"
        hostile 4 plain "[$answer]" --output URL --format ecs --header "Authorization: Bearer $hidden"
        hostile 4 hec "[$answer]" --to splunk --url URL --token env:HIDDEN
    done
done
item='{"create": {"status": 400, "error": {"type": "'$words'", "reason": "'$forged'"}}}'
items='{"create": {"status": 201}},'$(printf "%s," "$item"{,,,,,,,,})
hostile 3 bulk "[{\"status\": 200, \"body\": {\"items\": [${items%,}]}}]" --to elastic --url URL --api-key env:KEY
has hostile.dead '****'
hostile 4 ingestion "[{\"status\": 401, \"body\": {\"error_description\": \"<{all}>$forged\"}}]" --to azure \
        --endpoint URL --login-url URL --rule-id d --stream s --tenant t --client-id c --client-secret env:KEY
[ -s hostile.dead ] || fail "there is no dead letter to search"

# ---- the list of processes ----
plan '["hang"]'
receive hangs bulk --plan plan.json
for arguments in "--api-key $good" "--api-key=$good" "--user u --password $good"; do
    # shellcheck disable=SC2086
    "$program" export --db ten.db --registry-id reg --to elastic --url "$url" $arguments --timeout 20 >out 2>err &
    child=$!
    await hangs 1
    tr '\0' ' ' </proc/$child/cmdline >cmdline
    has cmdline "--to elastic"
    lacks cmdline "$good"
    kill -KILL $child
    wait $child 2>/dev/null || true
    cp err "outputs/process-$number.err"
    receive hangs bulk --plan plan.json
done
"$program" export --db ten.db --registry-id reg --format ecs --output "$url/x/_bulk" --header "X-Key: $good" >out 2>err &
child=$!
await hangs 1
tr '\0' ' ' </proc/$child/cmdline >cmdline
lacks cmdline "$good"
kill -KILL $child
wait $child 2>/dev/null || true

# ---- memory: while it waits to send again, a credential of a file lies in one place, which no core dump holds ----
long=Geheimnis-$(head -c 40 /dev/urandom | base64 -w 0 | tr -d '+/=')
printf '%s' "$long" >long-lived.key
# waits KIND PLAN N SECRET... -- OPTION...
waits() {
    plan "$2"
    receive waits "$1" --plan plan.json --fault-tokens
    local number=$3 words=()
    shift 3
    while [ "$1" != -- ]; do words+=("$1") && shift; done
    shift
    python3 "$receivers/memory.py" waits "$number" "${words[@]}" -- "$program" export --db ten.db --registry-id reg \
        "${@//URL/$url}" || fail "the memory of an export $*"
    dismiss
}
if ! grep -qE '__[at]san_init' "$program"; then # a sanitizer has copies of its own, and terabytes of addresses
    wait_long='{"status": 429, "retry_after": 600}'
    waits hec "[$wait_long]" 1 "$long" -- --to splunk --url URL --token file:long-lived.key
    waits hec "[$wait_long]" 1 "$long" -- --to splunk --url URL --token file:long-lived.key --compress "${compressions[-1]}" --ack
    waits bulk "[$wait_long]" 1 "$long" -- --to elastic --url URL --api-key file:long-lived.key
    waits bulk "[$wait_long]" 1 "$long" "$(printf 'u:%s' "$long" | base64 -w 0)" -- --to elastic --url URL --user u \
        --password file:long-lived.key
    azure=(--to azure --endpoint URL --login-url URL --rule-id d --stream s --tenant t --client-id c)
    waits ingestion "[$wait_long]" 1 "$long" -- "${azure[@]}" --client-secret file:long-lived.key
    waits ingestion "[null, $wait_long]" 2 "$long" -- "${azure[@]}" --client-secret file:long-lived.key
    waits ingestion "[null, $wait_long]" 2 bearer -- "${azure[@]}" --client-secret file:long-lived.key
    printf '%s' "$long" | base64 -w 0 >shared.key
    waits sentinel "[$wait_long]" 1 "$(cat shared.key)" "$long" signature -- --to sentinel --workspace-id w --url URL \
        --shared-key file:shared.key
    # One that was replaced is nowhere, also in the pages that no core dump holds.
    printf '%s' "$long-old" >rotated.key
    rm -rf waits
    (await waits 1 && printf '%s' "Rotated-$long" >rotated.key) &
    waits hec '[{"status": 503, "retry_after": 1}, {"status": 401}, '"$wait_long"']' 3 "Rotated-$long" "gone:$long-old" -- \
        --to splunk --url URL --token file:rotated.key
    wait $!
fi

# ---- ping ----
ping_ok() { keep 0 ping "$@"; }
receive elastic bulk --api-key "$good"
ping_ok --to elastic --url "$url" --api-key env:KEY
has out "elastic: "
keep 4 ping --to elastic --url "$url" --api-key env:STALE
has err "HTTP 401"
holds elastic "stored == []"
ping_ok --to elastic --url "$url" --api-key env:KEY --canary
has out "canary sent: event_id canary-"
holds elastic "len(stored) == 1 and records[0]['event']['id'].startswith('canary-')"
holds elastic "records[0]['oversight']['registry_id'] == 'oversight-siem-canary'"
holds elastic "records[0]['oversight']['extra'] == {'canary': True}"
receive hec hec --token "$good"
ping_ok --to splunk --url "$url" --token env:KEY --canary
holds hec "len(stored) == 1 and 'canary' in json.dumps(records[0])"
has out "splunk: HEC is healthy (code 17); the collector takes the token"
holds hec "[one['method'] + ' ' + one['path'] for one in requests[:2]] == \
    ['GET /services/collector/health', 'POST /services/collector/event']"
keep 4 ping --to splunk --url "$url" --token env:STALE --canary
holds hec "len(stored) == 1"
for code in 18 19 20 23; do
    receive hec hec --token "$good" --health-code $code
    keep 1 ping --to splunk --url "$url" --token env:KEY
    has err "HEC code $code: "
    holds hec "len(requests) == 1"
    dismiss
done
# Health knows no token there; the events do.
plan '[{"code": 17}, {"code": 1}]'
receive hec hec --plan plan.json --fault-tokens
keep 4 ping --to splunk --url "$url" --token env:KEY
has err "HEC code 1: Token disabled"
plan '["html", {"status": 204}, {"status": 204}, {"status": 400, "body": {"code": 21, "text": "Invalid token"}},
    {"status": 404}, {"status": 404}]'
receive hec hec --plan plan.json --fault-tokens
keep 1 ping --to splunk --url "$url" --token env:KEY
for ((i = 0; i < 3; i++)); do keep 4 ping --to splunk --url "$url" --token env:KEY; done
holds hec "len(requests) == 6"
SHARED=$(printf 'Geheimnis' | base64)
export SHARED
receive sentinel sentinel --workspace-id w --shared-key "$SHARED"
ping_ok --to sentinel --workspace-id w --shared-key env:SHARED --url "$url"
holds sentinel "stored == []"
ping_ok --to sentinel --workspace-id w --shared-key env:SHARED --url "$url" --canary
holds sentinel "len(stored) == 1 and records[0]['RegistryId'] == 'oversight-siem-canary'"
SHARED=$(printf 'Geheimnis2' | base64) keep 4 ping --to sentinel --workspace-id w --shared-key env:SHARED --url "$url"
has err "HTTP 403"
receive azure ingestion --client-secret "$good"
azure=(--to azure --endpoint "$url" --login-url "$url" --rule-id dcr-1 --stream Custom-Oversight)
application=(--tenant t --client-id c)
ping_ok "${azure[@]}" "${application[@]}" --client-secret env:KEY
holds azure "data == []"
ping_ok "${azure[@]}" "${application[@]}" --client-secret env:KEY --canary
holds azure "len(stored) == 1 and records[0]['TokenId'] == 'oversight-siem-canary'"
keep 4 ping "${azure[@]}" "${application[@]}" --client-secret env:STALE
has err "Invalid client secret"
ping_ok "${azure[@]}" --managed-identity
receive http plain
ping_ok --output "$url"
ping_ok --to http --url "$url" --canary
holds http "len(stored) == 1 and records[0]['event']['id'].startswith('canary-')"
# Where nobody listens, and where somebody else does.
nobody=http://127.0.0.1:1
keep 1 ping --to elastic --url $nobody --api-key env:KEY
keep 1 ping --to splunk --url $nobody --token env:KEY
keep 1 ping --to sentinel --workspace-id w --shared-key env:SHARED --url $nobody
keep 1 ping --to azure --endpoint "$url" --login-url $nobody --rule-id d --stream s "${application[@]}" --client-secret env:KEY
keep 1 ping --output $nobody
keep 2 ping
keep 2 ping --output -
keep 2 ping --to elastic
plan '[{"items": {"0": 400}}, {"status": 503}, {"status": 403}]'
receive refuses bulk --plan plan.json
keep 3 ping --to elastic --url "$url" --canary
has err "the canary is refused: "
keep 1 ping --to elastic --url "$url" --canary --retries 0
keep 4 ping --to elastic --url "$url" --canary
receive other plain
keep 4 ping --to elastic --url "$url"

# ---- a request to stop ends a ping that waits ----
plan '["hang", "hang"]'
receive silent hec --plan plan.json --fault-tokens
"$program" ping --to splunk --url "$url" --token env:KEY 2>outputs/ping.err &
child=$!
await silent 1
since=$SECONDS
kill -TERM $child
status=0
wait $child || status=$?
[ $status -eq 1 ] && [ $((SECONDS - since)) -le 5 ] || fail "a ping that waits: status $status after $((SECONDS - since)) s"
grep -q "stopped on request" outputs/ping.err || fail "a ping that was stopped: $(cat outputs/ping.err)"

# ---- commands that did not end ----
until [ -e hanging.status ] && [ -e silent.status ]; do
    [ $((SECONDS - hangs_since)) -le 60 ] || { fail "a command that hangs is waited for"; break; }
    sleep 0.1
done
for name in hanging silent; do
    [ "$(cat $name.status)" = 4 ] || fail "a command that hangs: status $(cat $name.status)"
done
grep -q "cannot read the command's output: sleep did not end in time" outputs/hanging.err || fail "$(cat outputs/hanging.err)"
! pgrep -f "^sleep 7654[.]$$[123]\$" >/dev/null || fail "a command outlives its time"

# ---- what is printed for people fits 80 columns ----
for help in "ping --help" "replay --help" "export --help" sinks "sinks splunk" "sinks elastic" "sinks azure" "sinks sentinel" \
    "sinks http"; do
    # shellcheck disable=SC2086
    run 0 $help
    awk 'length > 80 { print; bad = 1 } END { exit bad }' out || fail "$help is wider than 80 columns"
done

# ---- nothing shows one ----
[ "$(find outputs -type f | wc -l)" -gt 90 ] || fail "there are few outputs to search: $(find outputs -type f | wc -l)"
for secret in "${secrets[@]}" "$(printf 'u:%s' "$good" | base64)" "$SHARED"; do
    if grep -rliF -- "$secret" outputs ./*.dead; then fail "these show $secret"; fi
done
finish
