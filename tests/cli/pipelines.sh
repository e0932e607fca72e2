#!/usr/bin/env bash
# Many pipelines of one script: as many as the system has threads for, each under its name.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
source "$root/tests/delivery/delivery.sh"
registry r.db 3
# start ARGUMENT...: the program in the background, its lines in the file log; sets service.
start() {
    "$program" "$@" >out 2>log &
    service=$!
}
# stop STATUS: SIGTERM, and the exit status that follows.
stop() {
    local status=0
    kill -TERM "$service"
    wait "$service" || status=$?
    [ "$status" -eq "$1" ] || fail "ended with $status instead of $1: $(tail -n 5 log)"
}
# has_count N TEXT: the log has so many lines with the text.
has_count() { [ "$(grep -c -- "$2" log)" -eq "$1" ]; }

# ---- more than a hundred, each with a checkpoint that is replaced while the others begin ----
cat >many.lua <<'END_OF_LUA'
local siem = require "oversight.siem"
local list = {}
for i = 1, 100 do
  list[i] = siem.pipeline { name = "p" .. i, source = { path = "r.db", registry_id = "reg" }, format = "ecs",
    sink = "many/" .. i .. ".jsonl", checkpoint = "many/" .. i .. ".cp", follow = true }
end
return list
END_OF_LUA
mkdir many
start run many.lua
for ((event = 0; event < 20; event++)); do
    sqlite3 r.db ".timeout 20000" "$(many 1)"
    sleep 0.05
done
until_true has_count 100 msg=following
until_true sh -c '[ "$(cat many/*.jsonl | wc -l)" -eq 2300 ]'
lacks log "it is another output"
lacks log traceback
stop 0
has_count 100 "level=info msg=stopped" || fail "not all of them ended well: $(tail -n 5 log)"

# ---- more than the process may open files for: told before anything starts ----
status=0
(ulimit -n 500 && timeout 20 "$program" run many.lua >out 2>log) || status=$?
[ "$status" -eq 1 ] || fail "without files it ended with $status: $(tail -n 3 log)"
has log "cannot run 100 pipelines: they may need 3264 open files, and the limit is 500: raise it"
lines log 1

# ---- two fail at once: each is told, by its name ----
cat >two.lua <<'END_OF_LUA'
local siem = require "oversight.siem"
local function pipeline(db, name, sink)
  return siem.pipeline { name = name, source = { path = db, registry_id = "reg" }, format = "ecs", sink = sink, follow = true }
end
return { pipeline("lost.db", "north", "1.jsonl"), pipeline("r.db", nil, "2.jsonl"), pipeline("lost.db", "south", "3.jsonl"),
  pipeline("r.db", nil, "4.jsonl") }
END_OF_LUA
start run two.lua
for name in north south; do
    until_true grep -q "level=error msg=\"ended with status 1, starting it again in 30 s\" pipeline=$name" log
    has log "level=error msg=\"cannot open 'lost.db'"
done
for name in ecs ecs-2; do until_true grep -q "msg=following after=0 pipeline=$name$" log; done
lacks log "pipeline 1"
stop 0
finish
