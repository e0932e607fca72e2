#!/usr/bin/env bash
# doctor: each check, right and wrong, with what to do; its statuses, and its JSON.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
good=token-for-doctor
export KEY=$good STALE=another-token
registry r.db 10 "UPDATE events SET timestamp = unixepoch() - 7000 + id"
printf '{"ed25519_pub": "%064d"}' 7 >identity.json

# finds RESULT CHECK TEXT: a row of that result, in the JSON and for people.
finds() {
    python3 - "$@" <<'P' || { fail "no finding: $*"; cat out >&2; }
import json, sys
result, check, text = sys.argv[1:]
rows = [one for one in json.load(open("out.json"))["checks"] if one["check"] == check]
sys.exit(not any(one["result"] == result and text in one["text"] for one in rows))
P
    [ "$(tr -s ' \n' ' ' <out | grep -cF -- "$1 $2")" -gt 0 ] || fail "the page lacks $1 $2"
}
to_do() { tr -s ' \n' ' ' <out | grep -qF -- "To do: $1" || { fail "nothing to do: $1"; cat out >&2; }; }

# doctor STATUS OPTION...: the same twice, as JSON in out.json and for people in out.
doctor() {
    local status=$1
    shift
    run "$status" doctor --db "${db:-r.db}" --json "$@"
    cp out out.json
    run "$status" doctor --db "${db:-r.db}" "$@"
}

# ---- all is well ----
doctor 0
finds ok registry "'r.db' can be read"
finds ok owner "may write it and its log"
finds ok identity "records get the registry_id 0000"
finds ok table "12 of Oversight's 12 columns"
finds ok order "10 event(s), ids 1 to 10 in order, and so are their times"
finds ok clock ", 1 h 5"
finds ok disk " free of "
has out " checks: "
has out ", 0 failed"
receive bulk bulk --api-key "$good"
doctor 0 --to elastic --url "$url" --api-key env:KEY --checkpoint c --dead-letter dead.jsonl
finds ok target "elastic: "
finds ok credentials "--api-key from the variable KEY"
finds ok set-up "emplate oversight makes the data stream logs-oversight.beacon-default"
finds ok table "all that format ecs reads are there"
finds ok checkpoint "'c' does not exist yet: the first export makes it"
finds ok "dead letter" "'dead.jsonl' can be written: a new file"
holds bulk "stored == []"
[ ! -e c ] && [ ! -e c.lock ] && [ ! -e dead.jsonl ] || fail "doctor makes files: $(ls)"
run 0 export --db r.db --to elastic --url "$url" --api-key env:KEY --checkpoint c --limit 4
doctor 0 --to elastic --url "$url" --api-key env:KEY --checkpoint c
finds ok checkpoint "at event 4, saved "
finds ok checkpoint "left: 6 event(s), up to id 10; the first of them is 1 h 5"

# ---- the target ----
doctor 4 --to elastic --url "$url" --api-key env:STALE
finds ok target "elastic: it answers"
finds failed set-up "HTTP 401"
to_do "correct what it names, the credentials"
lacks out "$STALE"
lacks out.json "$STALE"
doctor 1 --to elastic --url http://127.0.0.1:1 --api-key env:KEY
finds failed target "Failed to connect"
to_do "look at the address, the name's resolution, the firewall"
doctor 4 --to elastic --url "$url" --api-key env:NOT_SET
finds failed credentials "--api-key: "
chmod 755 . # mktemp -d is for its maker alone
printf '%s' "$good" >open.key
chmod 644 open.key
doctor 0 --to elastic --url "$url" --api-key file:open.key
finds warning credentials "other users can read or change 'open.key'"
to_do "chmod o= it"
receive bare bulk --no-template
doctor 4 --to elastic --url "$url"
finds failed set-up "there is no data stream logs-oversight.beacon-default, and no template that makes one"
receive hec hec --token "$good"
doctor 0 --to splunk --url "$url" --token env:KEY
finds ok target "splunk: HEC is healthy"
finds ok set-up "The collector takes the token"
holds hec "stored == []"

# ---- the registry ----
db=none.db doctor 1
finds failed registry "No such file"
to_do "give the path of the registry's database as --db"
sqlite3 other.sqlite "CREATE TABLE t (x)"
db=other.sqlite doctor 1
finds failed registry "other.sqlite"
registry odd.db 5 "UPDATE events SET timestamp = unixepoch() + 5000 WHERE id = 4; ALTER TABLE events DROP COLUMN tlog_index;
    ALTER TABLE events ADD COLUMN campaign; UPDATE events SET timestamp = 3 WHERE id = 5"
mkdir apart
mv odd.db apart
db=apart/odd.db doctor 0
finds warning table "11 of Oversight's 12 columns, and of the site: campaign; missing: tlog_index"
finds warning clock "1 event(s) are of a time that has not come, the first is event 4"
to_do "set the clocks of this machine and of the registry's by NTP"
finds warning identity "there is no identity.json beside the database"
finds ok order "times go back, first at id 5"
db=apart/odd.db doctor 1 --registry-id ' '
finds failed identity "registry_id "
db=apart/odd.db doctor 0 --registry-id x
echo 'return require "oversight.formats.ecs":extend "site" { { "x", from = "no_such_column" } }' >site.lua
doctor 1 --format ./site.lua
finds failed table "no_such_column"
make_registry none-yet.db
db=none-yet.db doctor 0
finds ok clock "there is no event to compare the clock with"

# ---- files ----
doctor 4 --checkpoint no/folder/c
finds failed checkpoint "may not write in 'no/folder/': No such file or directory"
doctor 4 --output no/o.jsonl --dead-letter no/d.jsonl
finds failed output "cannot write to 'no/o.jsonl'"
finds failed "dead letter" "cannot write to 'no/d.jsonl'"
echo broken >broken.cp
doctor 4 --checkpoint broken.cp
finds failed checkpoint "is damaged"
registry short.db 2
db=short.db doctor 4 --checkpoint c
finds failed checkpoint "is another file than the one that the checkpoint was made for"
for wrong in "--to nope" "--checkpoint" "--token x" "--nope"; do
    # shellcheck disable=SC2086 # words
    run 2 doctor --db r.db $wrong
done
run 2 doctor

# ---- two users ----
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    mkdir -m 2770 shared
    cp r.db shared/r.db
    chown 1:1 shared shared/r.db
    chmod 660 shared/r.db
    as() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
    db=shared/r.db doctor 0
    finds warning rights "root may read all"
    to_do "run doctor as that user"
    as 1 "$program" doctor --db shared/r.db >out || fail "the owner: $?"
    has out "may read the registry and its log"
    # A log that the owner may not write keeps the registry from writing.
    # SQLite gives it back to the owner where root opens the registry.
    touch shared/r.db-wal
    chown 0:0 shared/r.db-wal
    chmod 640 shared/r.db-wal
    run 4 doctor --db shared/r.db
    has out "may not write '$(realpath shared)/r.db-wal', which belongs to root"
    to_do "stop the export; as root: chown "
    chmod 555 shared
    db=shared/r.db doctor 4
    finds failed owner "may not make its write-ahead log in "
    chmod 700 shared
    status=0
    as 2 "$program" doctor --db shared/r.db >out 2>err || status=$?
    [ $status -eq 1 ] || [ $status -eq 4 ] || fail "another user: $status"
    has out "failed   registry"
fi
finish
