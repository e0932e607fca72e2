#!/usr/bin/env bash
# Following as a service: signals, reloading, the service manager, log lines, numbers, several pipelines.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
source "$root/tests/delivery/delivery.sh"

add() { sqlite3 "$1" ".timeout 5000" "$(many "$2")"; }
# start ARGUMENT...: the program in the background, its lines in the file log; sets service.
start() {
    : >log # an earlier one's lines are not taken for its own
    "$program" "$@" >out 2>log &
    service=$!
}
# stop STATUS: SIGTERM, and the exit status that follows.
stop() {
    local status=0
    kill -TERM "$service"
    wait "$service" || status=$?
    [ "$status" -eq "$1" ] || { fail "ended with $status instead of $1"; show log; }
}
follow=(export --db r.db --registry-id reg --follow)
registry r.db 5

# ---- from a position on, without following ----
once=(export --db r.db --registry-id reg --format ecs --output once.jsonl --checkpoint once.cp)
run 0 "${once[@]}"
has err "[ok] exported 5 event(s) as ecs"
run 0 "${once[@]}"
has err "[ok] exported 0 event(s) as ecs"
add r.db 2
run 0 "${once[@]}"
has err "[ok] exported 2 event(s) as ecs"
lines once.jsonl 7
[ "$(stat -c %a once.cp)" = 600 ] || fail "the checkpoint has mode $(stat -c %a once.cp)"
run 1 export --db r.db --registry-id reg --format ecs --output once.jsonl --checkpoint once.jsonl
has err "it is another output"

# ---- files that must not be one another ----
cp r.db kept.db
for wrong in "--metrics r.db" "--metrics r.db-wal" "--output f.jsonl --metrics f.jsonl" "--output ./f.jsonl --metrics $PWD/f.jsonl" \
    "--output m.new --metrics m" "--checkpoint k --metrics k" "--checkpoint k --metrics k.lock" "--checkpoint k --output k.new" \
    "--checkpoint k --dead-letter ./k.lock" "--checkpoint m.new --metrics m" "--dead-letter m --metrics ../${PWD##*/}/m" \
    "--output f.jsonl --dead-letter ./f.jsonl" "--checkpoint k --output k.new"; do
    # shellcheck disable=SC2086 # options apart
    run 1 "${follow[@]}" --format ecs $wrong
    has err "cannot write to"
done
ln -s f.jsonl link
run 1 "${follow[@]}" --format ecs --output f.jsonl --dead-letter link
has err "cannot write to link: it is another output"
same r.db kept.db
[ ! -e f.jsonl ] && [ ! -e m ] && [ ! -e k ] || fail "something was written: $(ls)"
# two FIELD...: two pipelines that follow; of each the fields.
two() {
    printf 'local siem = require "oversight.siem"\nreturn {\n' >pair.lua
    printf 'siem.pipeline { source = { path = "r.db", registry_id = "reg" }, format = "ecs", %s },\n' "$@" >>pair.lua
    echo '}' >>pair.lua
}
two 'sink = "one.jsonl", follow = true' 'sink = "./one.jsonl", follow = true'
run 1 run pair.lua
has err "cannot write to ./one.jsonl: it is another output"
two 'sink = "one.jsonl", checkpoint = "k", follow = true' 'sink = "two.jsonl", checkpoint = "./k", follow = true'
run 1 run pair.lua
has err "cannot write to ./k: it is another output (checkpoint)"
two 'sink = "one.jsonl", follow = true' 'sink = "two.jsonl", follow = true'
run 1 run --metrics two.jsonl pair.lua
has err "cannot write to two.jsonl: it is another output"
two 'sink = "both.jsonl"' 'sink = "both.jsonl"' # one after the other
run 0 run pair.lua
lines both.jsonl 14
two 'sink = "one.jsonl"' 'sink = "two.jsonl", dead_letter = "one.jsonl"'
run 1 run pair.lua

# ---- usage ----
for wrong in "--wait" "--metrics m" "--log-format xml" \
    "--follow --log-format xml" "--follow --metrics-listen 9469" "--follow --metrics-listen host:1" \
    "--checkpoint c --output f --truncate" "--follow --restricted" "--follow --metrics-listen 127.0.0.1:70000" \
    "--follow --metrics-listen 127.0.0.1:99999999999999999999"; do
    # shellcheck disable=SC2086 # options apart
    run 2 export --db r.db --registry-id reg --format ecs $wrong
    lacks err traceback
done

# ---- new events, rotation, SIGTERM ----
start "${follow[@]}" --format ecs --output a.jsonl --checkpoint a.cp
until_true has_lines a.jsonl 7
add r.db 3
until_true has_lines a.jsonl 10
mv a.jsonl a.jsonl.1
add r.db 2
until_true has_lines a.jsonl 2
stop 0
lines a.jsonl.1 10
has log "level=info msg=following after=0 pipeline=ecs"
has log "msg=stopped delivered=12 last_id=12 pipeline=ecs refused=0"
has a.cp '"last_id": 12'

# ---- SIGHUP: a format that changed, one that is broken, one that is mended ----
site() { printf 'return require "oversight.formats.sentinel":extend "site" { { "Site", value = "%s" } }\n' "$1" >site.lua; }
site first
start "${follow[@]}" --format ./site.lua --output b.jsonl --checkpoint b.cp
until_true has_lines b.jsonl 12
site second
kill -HUP "$service"
until_true grep -q "msg=reloaded" log
add r.db 1
until_true has_lines b.jsonl 13
echo 'return nonsense(' >site.lua
kill -HUP "$service"
until_true grep -q "level=error msg=\"not reloaded, going on as before: .*site.lua:" log
add r.db 1
until_true has_lines b.jsonl 14
echo 'os.exit(0)' >site.lua # it ends the load, and not the service
kill -HUP "$service"
until_true grep -q "not reloaded, going on as before: .*os.exit is called" log
site third
kill -HUP "$service"
until_true sh -c '[ "$(grep -c msg=following log)" -ge 1 ] && grep -q third b.jsonl || { sqlite3 r.db "INSERT INTO events (token_id, kind, timestamp) VALUES (1, 2, 3)"; false; }'
stop 0
sites=$(sed 's/.*"Site":"\([a-z]*\)".*/\1/' b.jsonl | uniq | paste -sd' ')
[ "$sites" = "first second third" ] || fail "the formats came in this order: $sites"

# ---- SIGHUP: what fails only when it begins leaves the old one at work, where it was ----
# refuse_reload REASON: SIGHUP, the line, and that an event more goes on in b2.jsonl, once.
refuse_reload() {
    kill -HUP "$service"
    until_true grep -q "level=error msg=\"not reloaded, going on as before: .*$1" log
    add r.db 1
    expected=$((expected + 1))
    until_true has_lines b2.jsonl "$expected"
}
# keep FIELDS [LUA]: a script with a pipeline that is called keep.
keep() {
    printf 'local siem = require "oversight.siem"\n%s
return siem.pipeline { name = "keep", source = { path = "r.db", registry_id = "reg" }, %s }\n' "${2:-}" "$1" >keep.lua
}
keep 'format = "ecs", sink = "b2.jsonl", follow = true'
start run keep.lua
expected=$(sqlite3 r.db "SELECT count(*) FROM events")
until_true has_lines b2.jsonl "$expected"
keep 'format = f, sink = "b2.jsonl", follow = true' \
    'local f = require "oversight.formats.ecs":extend "wrong" { { "x", from = "no_such_column" } }'
refuse_reload "no_such_column"
keep 'format = "ecs", sink = "none/b2.jsonl", follow = true'
refuse_reload "none/b2.jsonl"
keep 'format = "ecs", sink = "b2.jsonl"'
refuse_reload "it no longer follows"
keep 'format = "ecs", sink = "r.db", follow = true'
refuse_reload "cannot write to r.db: it is the registry"
lacks log "msg=reloaded"
lacks log "as before: nil"
keep 'format = "ecs", sink = "b2.jsonl", follow = true, checkpoint = "none/cp"'
refuse_reload "none/cp"
lacks log "msg=reloaded"
keep 'format = "sentinel", sink = "b2.jsonl", follow = true, checkpoint = "b2.cp"'
run 0 checkpoint set b2.cp --last-id "$expected"
kill -HUP "$service"
until_true grep -q "msg=reloaded pipeline=keep" log
add r.db 1
until_true has_lines b2.jsonl $((expected + 1))
keep 'format = "ecs", sink = "b2.jsonl", follow = true, checkpoint = "b2.cp"'
expected=$((expected + 1))
refuse_reload "made for another format"
keep 'format = f, sink = "b2.jsonl", follow = true, checkpoint = "b2.cp"' \
    'local f = { name = "sentinel", compile = function() error "not today" end }'
refuse_reload "not today"
stop 0
tail -n 1 b2.jsonl | grep -q TimeGenerated || fail "the new format is not at work: $(tail -n 1 b2.jsonl)"

# ---- a pipeline's own functions are called as well; one that ends it is no failure ----
keep 'format = "ecs", sink = "own.jsonl", follow = true, progress = function(c) io.open("seen", "w"):write(c.last_id):close()
  return io.open("enough") == nil end'
start run keep.lua
until_true test -s seen
: >enough
status=0
wait "$service" || status=$?
[ "$status" -eq 0 ] || fail "ended by its own progress with status $status"
has log "msg=stopped"
keep 'format = "ecs", sink = "own2.jsonl", follow = true, wait = true,
  notice = function(text) io.open("noticed", "w"):write(text):close() end'
sed -i s/r.db/absent.db/ keep.lua
start run keep.lua
until_true grep -q "waiting for it" noticed
stop 0

# ---- a script that returns more pipelines than at the start ----
two 'sink = "p1.jsonl", follow = true' 'sink = "p2.jsonl", follow = true'
start run --metrics p.prom pair.lua
until_true grep -q 'oversight_siem_up{pipeline="ecs-2"} 1' p.prom
has p.prom 'oversight_siem_up{pipeline="ecs"} 1'
until_true grep -q "msg=following .*pipeline=ecs-2" log
two 'sink = "p1.jsonl", follow = true' 'sink = "p2.jsonl", follow = true' 'sink = "p3.jsonl", follow = true'
kill -HUP "$service"
until_true grep -q "the script has more pipelines (3) than at the start (2): restart to run them" log
stop 0
[ ! -e p3.jsonl ] || fail "the third one ran"

# ---- the service manager ----
cat >manager.py <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
print("listening", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
END
python3 manager.py >told &
until_true grep -q listening told
NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=90000000 start "${follow[@]}" --format ecs --output c.jsonl
until_true grep -q "^READY=1" told
until_true grep -q "^WATCHDOG=1" told
before=$(wc -l <c.jsonl)
kill -HUP "$service"
until_true grep -q "^RELOADING=1" told
until_true grep -q "^MONOTONIC_USEC=[0-9]" told
until_true sh -c '[ "$(grep -c "^READY=1" told)" -ge 2 ]'
add r.db 1
until_true has_lines c.jsonl $((before + 1)) # without a checkpoint, too, it goes on where it was
stop 0
until_true grep -q "^STOPPING=1" told
: >told
NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=90000000 run 1 export --db lost.db --registry-id reg --follow --format ecs --metrics c.prom
has c.prom 'oversight_siem_up{pipeline="ecs"} 0'
until_true grep -qa "STOPPING=1" told
lacks told READY
run 1 "${follow[@]}" --format ecs --output none/c.jsonl --metrics c.prom # no numbers of an earlier run stay
lacks c.prom pipeline=
# An abstract socket; and a name that no socket has, which is nobody's trouble.
sed 's|bind("notify")|bind("\\0'"$work"'")|' manager.py >abstract.py
python3 abstract.py >told2 &
until_true grep -q listening told2
NOTIFY_SOCKET=@$work start "${follow[@]}" --format ecs --output c2.jsonl
until_true grep -q "^READY=1" told2
stop 0
until_true grep -q "^STOPPING=1" told2
NOTIFY_SOCKET=$(printf '/%.0s' {1..108}) start "${follow[@]}" --format ecs --output c3.jsonl
until_true grep -q "msg=following" log
stop 0
# Of several, one has no registry, one has ended: the others are ready, and the process is alive.
: >told
two 'sink = "w1.jsonl", follow = true' 'sink = "w2.jsonl", follow = true, progress = function() return false end' \
    'name = "lost", sink = "w3.jsonl", follow = true'
sed -i '/lost/s/r.db/lost.db/' pair.lua
NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=90000000 start run --metrics w.prom pair.lua
until_true grep -qa "READY=1" told
until_true grep -q "level=error msg=\"ended with status 1, starting it again in 30 s\" pipeline=lost" log
until_true sh -c '[ "$(grep -ca "WATCHDOG=1" told)" -ge 2 ]'
until_true grep -q 'oversight_siem_up{pipeline="lost"} 0' w.prom
has w.prom 'oversight_siem_up{pipeline="ecs"} 1'
has w.prom 'oversight_siem_up{pipeline="ecs-2"} 0'
lacks w.prom 'oversight_siem_lag_seconds{pipeline="lost"}'
stop 0

# ---- log lines ----
start "${follow[@]}" --format ecs --output d.jsonl --log-format json
until_true grep -q following log
stop 0
head -n 1 log | python3 -c 'import json, sys; line = json.load(sys.stdin)
assert (line["level"], line["msg"], line["pipeline"], line["after"]) == ("info", "following", "ecs", 0) and line["time"].endswith("Z")' ||
    fail "no such JSON line: $(cat log)"
JOURNAL_STREAM=1:2 start "${follow[@]}" --format ecs --output d.jsonl
until_true grep -q "^<6>level=info msg=following" log
stop 0

start "${follow[@]}" --format ecs --output none/d.jsonl --log-format json
wait "$service" && fail "wrote into a folder that is not there"
python3 - <<'END' || fail "not one JSON line: $(cat log)"
import json
lines = [json.loads(line) for line in open("log")]
assert [line["level"] for line in lines] == ["error"] and "none/d.jsonl" in lines[0]["msg"], lines
END
for wrong in "--db lost.db --output d2.jsonl" "--db r.db --output r.db" "--db r.db --output d2.jsonl --metrics d2.jsonl"; do
    # shellcheck disable=SC2086 # options apart
    "$program" export --registry-id reg --follow --format ecs --log-format json $wrong 2>log && fail "possible: $wrong"
    python3 -c 'import json; [json.loads(line) for line in open("log")]' || fail "$wrong: not JSON: $(cat log)"
done
# A line is one write, so that lines of several writers never mix.
cat >writes.py <<'END'
import signal, socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
program = subprocess.Popen(sys.argv[1:], stderr=theirs, stdout=subprocess.DEVNULL)
ours.settimeout(10)
assert ours.recv(4096).endswith(b"\n")
program.send_signal(signal.SIGTERM)
assert ours.recv(4096).endswith(b"\n") and program.wait(10) == 0
END
JOURNAL_STREAM=1:2 python3 writes.py "$program" "${follow[@]}" --format ecs --output d3.jsonl || fail "a line is several writes"

# ---- numbers ----
start "${follow[@]}" --format ecs --output e.jsonl --metrics e.prom --checkpoint e.cp
count=$(sqlite3 r.db "SELECT count(*) FROM events")
until_true grep -q "^oversight_siem_events_delivered_total{pipeline=\"ecs\"} $count$" e.prom
stop 0
has e.prom 'oversight_siem_up{pipeline="ecs"} 0'

# ---- a registry that comes later ----
run 1 export --db later.db --registry-id reg --format ecs --follow
start export --db later.db --registry-id reg --format ecs --output g.jsonl --follow --wait --checkpoint g.cp --metrics g.prom
until_true grep -q "waiting for it" log
until_true grep -q 'oversight_siem_up{pipeline="ecs"} 0' g.prom
lacks log "msg=following"
registry later.db 4
until_true has_lines g.jsonl 4
until_true grep -q "msg=following after=0" log
until_true grep -q 'oversight_siem_up{pipeline="ecs"} 1' g.prom
stop 0

# ---- times that are none ----
for time in 9e999 -9e999 -1e300 1e300; do
    registry odd.db 1 "UPDATE events SET timestamp = $time;"
    start export --db odd.db --registry-id reg --format ecs --output odd.jsonl --follow --metrics odd.prom
    until_true grep -q 'oversight_siem_events_delivered_total{pipeline="ecs"} 1' odd.prom
    stop 0
    HEC=t start export --db odd.db --registry-id reg --follow --to splunk --url http://127.0.0.1:9 --token env:HEC --metrics odd.prom
    until_true grep -q 'oversight_siem_lag_events{pipeline="splunk"} 1' odd.prom
    stop 0
    rm -f odd.db* odd.jsonl odd.prom
done
start export --db never.db --registry-id reg --format ecs --output g2.jsonl --follow --wait
until_true grep -q "waiting for it" log
stop 0

# ---- a target that is held ends a single pipeline ----
export TOKEN=service-token
receive refusing hec --token other-token
status=0
timeout 20 "$program" "${follow[@]}" --to splunk --url "$url" --token env:TOKEN --metrics h.prom >out 2>log || status=$?
[ "$status" -eq 4 ] || { fail "held with status $status"; show log; }
has h.prom 'oversight_siem_held{pipeline="splunk"} 1'
lacks log service-token

# ---- SIGTERM: what is under way is finished and saved, and not waited for when it hangs ----
registry slow.db 50
slow=(export --db slow.db --registry-id reg --follow --batch-events 25 --in-flight 1 --token env:TOKEN)
plan '[{"play": "drip", "seconds": 0.03}]'
receive drip hec --plan plan.json
start "${slow[@]}" --to splunk --url "$url" --checkpoint drip.cp
until_true test -s drip/stored.jsonl
stop 0
run 0 checkpoint show drip.cp
has out "Position      event 25"
lines drip/stored.jsonl 25
plan '["hang"]'
receive stuck hec --plan plan.json
start "${slow[@]}" --to splunk --url "$url" --checkpoint stuck.cp
until_true test -s stuck/requests.jsonl
SECONDS=0
stop 0
[ "$SECONDS" -le 10 ] || fail "a request that hangs was waited for, for $SECONDS s"
[ ! -e stuck.cp ] || has stuck.cp '"last_id": 0'

# ---- several pipelines: one hangs, one is held, one goes on ----
plan '["hang", "hang", "hang", "hang", "hang", "hang", "hang", "hang", "hang", "hang"]'
receive hanging hec --plan plan.json
hanging=$url
receive refusing hec --token other-token
cat >three.lua <<END
local siem = require "oversight.siem"
local source = { path = "r.db", registry_id = "reg" }
local function splunk(url) return assert(siem.sink.splunk { url = url, token = "env:TOKEN" }) end
return {
  siem.pipeline { name = "hanging", source = source, format = "splunk", sink = splunk "$hanging", follow = true },
  siem.pipeline { name = "held", source = source, format = "splunk", sink = splunk "$url", follow = true },
  siem.pipeline { name = "fine", source = source, format = "ecs", sink = "fine.jsonl", follow = true, checkpoint = "fine.cp" },
}
END
start run --metrics three.prom three.lua
until_true has_lines fine.jsonl "$count"
until_true grep -q "ended with status 4, starting it again in 30 s\" pipeline=held" log
add r.db 3
until_true has_lines fine.jsonl $((count + 3))
until_true grep -q 'oversight_siem_events_delivered_total{pipeline="fine"} '$((count + 3)) three.prom
has three.prom 'oversight_siem_held{pipeline="held"} 1'
has three.prom 'oversight_siem_lag_events{pipeline="hanging"} '
sed -i 's/"ecs"/"sentinel"/; s/fine.cp/fine2.cp/' three.lua
kill -HUP "$service"
until_true sh -c 'grep -q "msg=reloaded pipeline=fine" log'
until_true has_lines fine.jsonl $((2 * (count + 3)))
stop 0
cat >mixed.lua <<'END'
local siem = require "oversight.siem"
local source = { path = "r.db", registry_id = "reg" }
return { siem.pipeline { source = source, format = "ecs", sink = "-" },
  siem.pipeline { source = source, format = "ecs", sink = "x.jsonl", follow = true } }
END
run 1 run mixed.lua
has err "either all pipelines of a script follow, or none"

# ---- the unit and the example ----
units=("$root"/examples/systemd/oversight-siem{,@}.service)
if command -v systemd-analyze >/dev/null; then
    for unit in "${units[@]}"; do
        sed "s,/usr/local/bin/oversight-siem,$program," "$unit" >"${unit##*/}"
        systemd-analyze verify "./${unit##*/}" >verified 2>&1 || fail "${unit##*/}: $(cat verified)"
        [ ! -s verified ] || fail "${unit##*/}: $(cat verified)"
    done
fi
for unit in "${units[@]}"; do sed -n '/^StateDirectory=/,$p' "$unit" >"hardening of ${unit##*/}"; done
same "hardening of oversight-siem.service" "hardening of oversight-siem@.service"
mkdir folder
receive dns hec --token "$TOKEN"
HEC_TOKEN=$TOKEN start run "$root/examples/follow/follow.lua" r.db folder "$url"
until_true has_lines folder/events.jsonl $((count + 3))
until_true sh -c "[ \$(wc -l <dns/stored.jsonl) -eq \$(sqlite3 r.db \"SELECT count(*) FROM events WHERE kind = 'dns'\") ]"
stop 0
finish
