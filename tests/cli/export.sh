#!/usr/bin/env bash
# export: selection, outputs, options, exit statuses.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 10)"
export=(export --db r.db --registry-id reg)

run 0 "${export[@]}" --format ecs
lines out 10
has err "[ok] exported 10 event(s) as ecs"
run 0 "${export[@]}" --format=sentinel --quiet
[ ! -s err ] || fail "--quiet prints"
run 0 "${export[@]}" --format ecs --since 1005 --limit 2
lines out 2
has out '"id":"6"'
run 0 "${export[@]}" --format ecs --limit 0
lines out 0
run 0 "${export[@]}" --format ecs --since 99999
has err "exported 0 event(s)"

# Splunk's options, and the same for a format that has none.
run 0 "${export[@]}" --format splunk --limit 1 --splunk-source S --splunk-sourcetype T \
    --splunk-index I --splunk-host H
has out '"host":"H","source":"S","sourcetype":"T",'
has out ',"index":"I"}'
run 0 "${export[@]}" --format splunk --limit 1
has out '"host":"reg","source":"oversight:registry","sourcetype":"oversight:beacon",'
lacks out '"index"'
run 0 "${export[@]}" --format ecs --limit 1 --splunk-index I
has err "--splunk-index has no effect on format ecs"

# Files: append is the default, truncate empties, a mistake leaves the file alone.
run 0 "${export[@]}" --format ecs --output o.jsonl
run 0 "${export[@]}" --format ecs --output o.jsonl --append
lines o.jsonl 20
run 1 export --db none.db --registry-id reg --format ecs --output o.jsonl --truncate
has err "cannot open 'none.db': No such file"
lines o.jsonl 20
run 0 "${export[@]}" --format ecs --output o.jsonl --truncate
lines o.jsonl 10
run 1 "${export[@]}" --format ecs --output no/folder.jsonl
has err "no/folder.jsonl"
run 0 "${export[@]}" --format ecs --limit 1 --pretty
has out '  "@timestamp": "1970-01-01T00:16:40Z",'

# The registry, its log and another output are no place to write to.
for place in r.db ./r.db r.db-wal; do
    [ -e "$place" ] || touch "$place"
    run 1 "${export[@]}" --format ecs --output "$place" --truncate
    has err "it is the registry r.db"
    run 1 "${export[@]}" --format ecs --on-error "dead-letter:$place"
    has err "it is the registry r.db"
done
ln -s r.db link.db
run 1 "${export[@]}" --format ecs --output link.db
run 1 "${export[@]}" --format ecs --output new.jsonl --on-error dead-letter:new.jsonl
has err "it is another output"
run 0 "${export[@]}" --format ecs
lines out 10

# Usage errors name what is wrong and end with 2.
run 2 "${export[@]}"
has err "--format NAME is missing"
run 2 "${export[@]}" --format nope
has err "unknown format 'nope' (choices: ecs, event, sentinel, splunk)"
run 2 "${export[@]}" --format ecs --limit -1
has err "--limit cannot be negative"
run 2 "${export[@]}" --format ecs --since soon
has err "--since: a time is 2026-01-02T03:04:05Z (RFC 3339), 2026-01-02 (midnight in UTC), now, -1h"
lacks err soon
run 1 "${export[@]}" --format ecs --output http://127.0.0.1:1/x --retries 0
has err "http: given up after 1 attempt(s): Failed to connect to 127.0.0.1"
has err "10 event(s) left"
run 2 "${export[@]}" --format ecs --header 'Authorization: Splunk hunter2'
has err "--header needs --to, or a URL as --output"
lacks err hunter2
run 2 "${export[@]}" --to splunk --url https://127.0.0.1 --api-key x
has err "--api-key is not an option of splunk: see 'oversight-siem sinks splunk'"
run 2 "${export[@]}" --to nowhere
has err "--to takes http, splunk, elastic, sentinel, azure, kafka"
run 2 "${export[@]}" --format ecs --append --truncate --output x
run 2 "${export[@]}" --format ecs --truncate
has err "need --output FILE"
run 2 "${export[@]}" --format ecs --on-error maybe
has err "--on-error takes stop, skip or dead-letter:FILE"
run 2 "${export[@]}" --format ecs --outputt x
has err "--outputt is not an option of export; did you mean --output?"
run 2 "${export[@]}" --format ecs --token=hunter2
lacks err hunter2
run 2 "${export[@]}" --format ecs stray
run 2 "${export[@]}" --format
has err "--format needs a value"

# An empty text comes from a variable that is not set: nothing is read, written or sent with it.
mkdir empty
cp r.db empty/
(
    cd empty || exit
    for option in --db --registry-id --format --output --checkpoint --dead-letter --on-error --limit --to --url --token \
        --index --namespace --header --splunk-index --lua-path; do
        for given in "$option=" "$option"; do
            words=("$given")
            [ "$given" = "$option=" ] || words+=('')
            run 2 export --db r.db --registry-id reg --format ecs "${words[@]}"
            case $option in
            --index) ;; # Splunk has none then
            *) has err "oversight-siem export: $option is empty: is the variable that it comes from set?" ;;
            esac
        done
    done
    rm out err
    [ "$(ls -A)" = r.db ] || fail "an empty option makes files: $(ls -A)"
    echo "$failures" >../failures
)
failures=$(cat failures)
run 2 "${export[@]}" --to elastic --url http://127.0.0.1:1 --index ''
has err "elastic: --index is empty"
run 0 "${export[@]}" --to splunk --url http://127.0.0.1:1 --token x --index '' --proxy '' --dry-run
run 0 "${export[@]}" --to splunk --url http://127.0.0.1:1 --token x --dry-run --limit 2
has err "would send 2 event(s)"
for id in ' ' $'acme\r' 'acme ' $'ac\tme'; do
    for more in "--limit 1" "--follow" "--checkpoint c"; do
        # shellcheck disable=SC2086 # two words
        run 2 export --db r.db --format ecs --registry-id "$id" $more
        has err "registry_id "
    done
done
[ ! -e c ] || fail "a checkpoint was made for a registry without identity"
cat >empty.lua <<'L'
local siem = require "oversight.siem"
local function say(ok, message) print(ok, (tostring(message):gsub("^.*: (.-: [^:]* is empty)", "%1"))) end
for _, key in ipairs { "sink", "format", "checkpoint", "dead_letter", "name" } do
  local job = { source = { path = "r.db", registry_id = "reg" }, format = "ecs", sink = "-" }
  job[key] = ""
  say(pcall(siem.pipeline, job))
end
for _, key in ipairs { "path", "registry_id" } do
  local job = { source = { path = "r.db", registry_id = "reg" }, format = "ecs", sink = "-" }
  job.source[key] = ""
  say(pcall(siem.pipeline, job))
end
say(siem.registry.open { path = "", registry_id = "reg" })
say(siem.registry.open { path = "r.db", registry_id = "" })
say(siem.sink.file "")
say(siem.deadletter.open "")
say(siem.checkpoint.set("", 1))
say(siem.checkpoint.reset "")
say(siem.sink.elastic { url = "http://127.0.0.1:1", namespace = "" })
say(siem.sink.splunk { url = "http://127.0.0.1:1", token = "" })
say(siem.sink.http { url = "http://127.0.0.1:1", header = { "" } })
say(siem.export_events { registry = assert(siem.registry.open { path = "r.db", registry_id = "reg" }), format = "ecs",
  sink = siem.sink.stdout(), dead_letter = "" } == nil)
L
run 1 empty.lua
[ "$(grep -c ' is empty' out)" -eq 16 ] || fail "$(cat out)"
has err "dead_letter is empty"
[ ! -e .lock ] || fail "a checkpoint without a name made .lock"

# Help and version.
run 0 --help
has out "export     Exports the events"
run 0 --version
has out "oversight-siem 0."
for command in export run try diff check formats where converters sign inspect; do
    run 0 "$command" --help
    has out "Usage: oversight-siem $command"
    awk 'length > 80 { exit 1 }' out || fail "the help of $command is wider than 80 columns"
done
run 2
run 2 frobnicate
has err "there is no command 'frobnicate'"

run 0 where ecs
has out "oversight/formats/ecs.lua (built in)"
run 2 where nope
has err "choices: ecs, event, sentinel, splunk"
run 2 where
run 0 converters
has out "truncate:N"

# A format of a file, and a folder that is looked at first.
mkdir -p site/oversight/formats
echo 'return require "oversight.format" "ecs" { { "mine", from = "event_id" } }' >site/oversight/formats/ecs.lua
run 0 "${export[@]}" --format ./site/oversight/formats/ecs.lua --limit 1
has out '{"mine":"1"}'
run 0 "${export[@]}" --format ecs --limit 1 --lua-path site
has out '{"mine":"1"}'
run 0 where ecs --lua-path site
has out "$PWD/site/oversight/formats/ecs.lua"
run 2 where ecs --lua-path none
has err "there is no folder 'none'"
run 2 "${export[@]}" --format ./none.lua
has err "none.lua: No such file"

run 0 formats
lines out 4
has out "oversight/formats/splunk.lua (built in)"
awk 'length > 80 { exit 1 }' out || fail "formats is wider than 80 columns"
finish
