#!/usr/bin/env bash
# Times, kinds and limits: what they select, alone and beside a checkpoint; rehearsals.
. "$(dirname "$0")/check.sh"

# Ids 1 to 10 of the times 1000 to 1009; 3, 6 and 9 are of other kinds.
make_registry r.db "$(many 10) UPDATE events SET kind = 'ocsp' WHERE id IN (3, 6); UPDATE events SET kind = 'acme' WHERE id = 9;"
export=(export --db r.db --registry-id reg --format ecs --quiet)
ids() { grep -o '"id":"[0-9]*"' "$1" | tr -dc '0-9\n' | paste -sd ' '; }
selects() { # expected ids, option...
    local expected=$1
    shift
    run 0 "${export[@]}" "$@"
    [ "$(ids out)" = "$expected" ] || fail "$* selects '$(ids out)' instead of '$expected'"
}

# ---- times ----
selects "6 7 8 9 10" --since 1005
selects "1 2 3" --until 1003
selects "6 7" --since 1970-01-01T00:16:45Z --until 1970-01-01T00:16:47Z
selects "6 7" --since 1970-01-01T05:46:45+05:30 --until "1969-12-31 19:16:47-05:00"
selects "1 2 3 4 5 6 7 8 9 10" --since 1970-01-01 --until 1970-01-02
selects "" --since now
selects "" --since 1970-01-02 --limit 3
sqlite3 r.db "UPDATE events SET timestamp = unixepoch() - 1800 WHERE id = 7; UPDATE events SET timestamp = unixepoch() - 90000 WHERE id = 8"
selects "7" --since -1h
selects "8 7" --since 2d
selects "7" --since 1d
selects "8" --since 2d --until -1d
selects "7" --since=-1h --until now
sqlite3 r.db "UPDATE events SET timestamp = 999 + id"
for wrong in soon 2026-13-01 2026-01-02T03:04:05 1x '' 99999999999999999999; do
    run 2 "${export[@]}" --until "$wrong"
    if [ -z "$wrong" ]; then has err "--until is empty"; else has err "--until: "; fi
done
has err "a time is 2026-01-02T03:04:05Z (RFC 3339), 2026-01-02 (midnight in UTC), now, -1h or 2d (ago; s, m, h, d, w), or seconds since 1970"
run 2 "${export[@]}" --until 1x
has err "seconds since 1970, not '1x'"
run 2 "${export[@]}" --until hunter2
lacks err hunter2
run 0 export --db r.db --registry-id reg --format ecs --kind ocsp --since 2026-01-01 --until 2027-01-01
tr -s '\n ' ' ' <err >joined
has joined "no event is of the kind ocsp, of 2026-01-01T00:00:00Z or later, before 2027-01-01T00:00:00Z: the last one is of"

# ---- kinds ----
selects "3 6" --kind ocsp
selects "3 6 9" --kind ocsp --kind acme
selects "3" --kind ocsp --limit 1
selects "" --kind license # one of Oversight's, that no event has yet
run 1 "${export[@]}" --kind dsn
has err "no event has the kind 'dsn'; did you mean 'dns'?; kinds: acme, dns, http_img, license, ocsp"
run 1 "${export[@]}" --kind DNS
run 1 try ecs --db r.db --kind nope
has err "no event has the kind 'nope'; kinds: acme, dns"
run 0 try ecs --db r.db --kind acme --since 1000 --json
lines out 1
run 2 try ecs --kind acme </dev/null
has err "--since, --until and --kind need --db"
run 0 diff ecs --against splunk --db r.db --kind acme --json
run 0 inspect --db r.db --kind ocsp --until 1004
has out "Events        1"
lacks out "dns"
make_registry other.db "$(many 2)"
run 0 export --db r.db --db other.db --registry-id a --registry-id b --format ecs --kind acme --limit 5 --output '{registry_id}.jsonl'
lines a.jsonl 1
lines b.jsonl 0
run 1 export --db r.db --db other.db --registry-id a --registry-id b --format ecs --kind nope --output 'x-{registry_id}.jsonl'
has err "no event has the kind 'nope'"

# ---- beside a checkpoint ----
keep=("${export[@]}" --checkpoint c --output o.jsonl)
position() { sed -n 's/.*"last_id": \([0-9]*\),/\1/p' c; }
run 0 "${keep[@]}" --limit 3
[ "$(ids o.jsonl)/$(position)" = "1 2 3/3" ] || fail "a limit beside a checkpoint: $(ids o.jsonl)/$(position)"
run 0 "${keep[@]}" --limit 4 --jobs 2
[ "$(ids o.jsonl)/$(position)" = "1 2 3 4 5 6 7/7" ] || fail "a limit goes on: $(ids o.jsonl)/$(position)"
run 0 "${keep[@]}" --limit 0
[ "$(position)" = 7 ] || fail "a limit of 0 moves the position"
# What is late: event 8 is of a time beyond the end, and event 9 of one before it. Neither is passed by.
sqlite3 r.db "UPDATE events SET timestamp = 5000 WHERE id = 8"
run 0 "${keep[@]}" --until 2000
[ "$(position)" = 7 ] || fail "--until passes an event by: $(position)"
run 0 "${keep[@]}" --until 6000
[ "$(ids o.jsonl)" = "1 2 3 4 5 6 7 8 9 10" ] || fail "--until loses events: $(ids o.jsonl)"
run 0 reconcile --db r.db --checkpoint c --file o.jsonl
# Kinds: what is passed by stays so; events after the last one that is selected are looked at again.
run 0 "${export[@]}" --checkpoint k --output k.jsonl --kind ocsp
run 0 "${export[@]}" --checkpoint k --output k.jsonl
[ "$(ids k.jsonl)" = "3 6 7 8 9 10" ] || fail "kinds beside a checkpoint: $(ids k.jsonl)"
run 0 "${export[@]}" --checkpoint q --output q.jsonl --kind ocsp
run 1 reconcile --db r.db --checkpoint q --file q.jsonl
run 0 reconcile --db r.db --checkpoint q --file q.jsonl --kind ocsp
run 1 reconcile --db r.db --checkpoint q --file q.jsonl --kind dns

# ---- while it follows ----
run 0 "${export[@]}" --follow --checkpoint f --output f.jsonl --limit 4
[ "$(ids f.jsonl)" = "1 2 3 4" ] || fail "a limit of one that follows: $(ids f.jsonl)"
"$program" "${export[@]}" --follow --checkpoint f --output f.jsonl --limit 8 2>log &
service=$!
until_true has_lines f.jsonl 10
sqlite3 r.db "$(many 9)"
wait "$service" || fail "one that follows to its limit ends with $?"
[ "$(ids f.jsonl)" = "1 2 3 4 5 6 7 8 9 10 11 12" ] || fail "a limit of one that follows: $(ids f.jsonl)"
run 2 export --db r.db --db other.db --registry-id a --registry-id b --format ecs --follow --limit 1 --output '{registry_id}.jsonl'
has err "--limit does not go with --follow of several registries"
sqlite3 r.db "DELETE FROM events WHERE id > 10"

# ---- rehearsals ----
rehearse=(export --db r.db --registry-id reg --format ecs --dry-run)
run 0 "${rehearse[@]}" --output new.jsonl
lines out 1
has err "[dry run] would write 10 record(s)"
has err "to new.jsonl (a new file) as ecs"
[ ! -e new.jsonl ] || fail "a dry run makes the file"
"$program" "${export[@]}" --output real.jsonl
bytes=$(stat -c %s real.jsonl)
run 0 "${rehearse[@]}" --output real.jsonl --log-format json
has err "\"bytes\":$bytes,"
has err '"records":10,'
has err '"target":"real.jsonl"'
run 0 "${rehearse[@]}" --output real.jsonl
has err "(after the $(grouped "$bytes") byte(s) that are there)"
run 0 "${rehearse[@]}" --output real.jsonl --truncate
has err "(emptied first)"
[ "$(stat -c %s real.jsonl)" = "$bytes" ] || fail "a dry run changes the file"
run 1 "${rehearse[@]}" --output none/x.jsonl
has err "cannot write to 'none/x.jsonl': No such file or directory"
run 0 "${rehearse[@]}"
lines out 1
has err "byte(s), to standard output as ecs"

# From where the checkpoint is, beside whoever has it locked; nothing is made or moved.
rm -f c c.lock o.jsonl
run 0 "${keep[@]}" --limit 6
cat >fails.lua <<'L'
return require "oversight.siem".format.from_function("fails", function(event)
  if event.event_id == "8" then error "no" end
  return { id = event.event_id }
end)
L
before=$(cat c; ls)
for way in "" "--follow" "--follow --metrics m --metrics-listen 127.0.0.1:1 --wait"; do
    read -ra words <<<"$way"
    run 0 "${rehearse[@]}" --checkpoint c --output o.jsonl --dead-letter d.jsonl "${words[@]}"
    has err "would write 4 record(s)"
    run 0 "${rehearse[@]}" --checkpoint none.cp --output o.jsonl "${words[@]}"
    has err "from the first event on"
done
[ "$before" = "$(cat c; ls)" ] || fail "a rehearsal moves something: $(ls)"
run 4 "${rehearse[@]}" --checkpoint c --to http --url http://127.0.0.1:1 --limit 2
has err "was made for another kind of sink"
run 0 "${rehearse[@]}" --checkpoint http.cp --to http --url http://127.0.0.1:1 --limit 2
has err "would send 2 event(s)"
(
    failures=0
    flock -n 9 || fail "the lock is taken"
    run 0 "${rehearse[@]}" --checkpoint c --output o.jsonl
    exit "$failures"
) 9>c.lock || fail "a rehearsal waits for a lock"
run 4 export --db r.db --registry-id other --format ecs --dry-run --checkpoint c --output o.jsonl
has err "the checkpoint 'c' was made for another registry id"
run 3 export --db r.db --registry-id reg --format ./fails.lua --dry-run --checkpoint other.cp --dead-letter d.jsonl --output x
[ ! -e d.jsonl ] || fail "a rehearsal writes a dead letter"
[ ! -e other.cp ] || fail "a rehearsal makes a checkpoint"

# ---- in Lua ----
cat >select.lua <<'L'
local siem = require "oversight.siem"
local function run(source, more)
  source.path, source.registry_id = "r.db", "reg"
  local ids = {}
  local job = { source = source, format = "ecs", sink = { send = function(_, batch)
    for _, text in batch:records() do ids[#ids + 1] = text:match '"id":"(%d+)"' end
    return true
  end } }
  for key, value in pairs(more or {}) do job[key] = value end
  local counts, message = siem.pipeline(job):run()
  print(counts and table.concat(ids, " ") or message)
end
run { since = "1970-01-01T00:16:45Z", before = 1007 }
run { kind = "ocsp" }
run { kind = { "ocsp", "acme" }, since = 1005 }
run { kind = "dsn" }
run ({ limit = 2 }, { checkpoint = "lua.cp" })
run ({ limit = 2 }, { checkpoint = "lua.cp" })
run ({ limit = 2 }, { follow = true, checkpoint = "lua.cp" })
local registry = siem.registry.open { path = "r.db", registry_id = "reg", kind = "ocsp", before = 1005 }
print(registry:condition(), registry:ordering().count)
print(pcall(siem.pipeline, { source = { path = "r.db", registry_id = "reg", since = "soon" }, format = "ecs", sink = "-" }))
L
run 0 run select.lua
sed -i 's/^false.*pipeline:/false pipeline:/' out
diff out - <<'T2' || fail "selections in Lua"
6 7
3 6
6 9
no event has the kind 'dsn'; did you mean 'dns'?; kinds: acme, dns, http_img, license, ocsp
1 2
3 4
5 6
timestamp COLLATE BINARY < 1005 AND CAST(kind AS TEXT) COLLATE BINARY IN ('ocsp')	1
false pipeline: source: since: a time is 2026-01-02T03:04:05Z (RFC 3339), 2026-01-02 (midnight in UTC), now, -1h or 2d (ago; s, m, h, d, w), or seconds since 1970
T2
finish
