#!/usr/bin/env bash
# SIGHUP while what is to be reloaded loops, waits or is broken: delivery goes on, SIGTERM is heard, and the log says so.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
source "$root/tests/delivery/delivery.sh"
registry r.db 5
total=5
# service NAME: runs NAME.lua, which has its lines in NAME.log; sets pid_NAME.
service() {
    "$program" run "$1.lua" 2>"$1.log" &
    declare -g "pid_$1=$!"
}
hang_up() { local pid=pid_$1; kill -HUP "${!pid}"; }
# stop NAME: SIGTERM ends it well, and soon.
stop() {
    local pid=pid_$1 status=0
    SECONDS=0
    kill -TERM "${!pid}"
    wait "${!pid}" || status=$?
    [ "$status" -eq 0 ] || fail "$1 ended with $status: $(tail -n 3 "$1.log")"
    [ "$SECONDS" -le 8 ] || fail "$1 ended after $SECONDS s"
}
# write NAME LUA [FORMAT]: a script with two pipelines, behind some Lua.
write() {
    cat >"$1.new" <<END_OF_LUA
local siem = require "oversight.siem"
$2
local function pipeline(name)
  return siem.pipeline { name = name, source = { path = "r.db", registry_id = "reg" }, format = "${3:-ecs}",
    sink = "$1." .. name, checkpoint = "$1.cp." .. name, follow = true }
end
return { pipeline "a", pipeline "b" }
END_OF_LUA
    mv "$1.new" "$1.lua"
}
# one NAME LUA: the same with one pipeline.
one() {
    write "$@"
    sed -i 's/return { pipeline "a", pipeline "b" }/return pipeline "a"/' "$1.lua"
}
# delivered NAME PIPELINE...: an event that is added is delivered.
deliver() {
    sqlite3 r.db ".timeout 20000" "$(many 1)"
    total=$((total + 1))
    for file; do until_true has_lines "$file" "$total"; done
}
all=(single.a several.a several.b caught.a format.a stuck.a)
refused="level=error msg=\"not reloaded, going on as before: "
for name in single caught stuck; do one $name ""; done
write several ""
echo 'return require "oversight.formats.ecs":extend "f" {}' >f.lua
one format "" ./f.lua
for name in single several caught format stuck; do service $name; done
for file in "${all[@]}"; do until_true has_lines "$file" 5; done

# ---- loops of several kinds: nothing waits for them ----
one single "while true do end"
write several "local function loop() return loop() end loop()"
one caught "while true do pcall(function() while true do end end) end"
echo 'while true do end' >f.lua
one stuck 'local _ = (("a"):rep(60)):find(("a*"):rep(60) .. "b")' # within one function of C
for name in single several caught format stuck; do hang_up $name; done
deliver "${all[@]}"
for name in single several caught format stuck; do lacks $name.log "not reloaded"; done
deliver "${all[@]}"
for name in single several caught format; do
    until_true grep -q "$refused.*: the function ran for more than 10 seconds\"" $name.log
    [ "$(grep -c "not reloaded" $name.log)" -eq 1 ] || fail "$name is told more than once: $(cat $name.log)"
done
until_true grep -q "$refused""it was given up after 15 s" stuck.log
hang_up stuck
until_true grep -q "$refused""the attempt before has not ended" stuck.log
deliver "${all[@]}"

# ---- afterwards, what can be loaded is ----
one single "" sentinel
write several "error 'broken'"
hang_up single
hang_up several
until_true grep -q "$refused""several.lua:2: broken" several.log
until_true grep -q "$refused.*made for another format" single.log # what shows when it begins
write several "" 
hang_up several
for name in a b; do until_true grep -q "msg=reloaded pipeline=$name" several.log; done
deliver "${all[@]}"

# ---- SIGTERM in the middle of it ----
one single "while true do end"
write several "while true do end"
for name in single several; do hang_up $name; done
deliver "${all[@]}"
for name in single several caught format stuck; do stop $name; done
for file in "${all[@]}"; do
    [ "$(grep -o '"id":"[0-9]*"' "$file" | sort -u | wc -l)" -eq "$total" ] || fail "$file does not hold each event once"
done
finish
