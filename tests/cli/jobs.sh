#!/usr/bin/env bash
# Formats and filters with functions on several threads: each in a Lua state of its own.
. "$(dirname "$0")/check.sh"

events=6000
make_registry r.db "$(many $events)"
make_registry few.db "$(many 100)"

# Each state that loads a format adds a line to the file "loads".
mark='do local file = assert(io.open("loads", "a")) file:write "x\n" file:close() end'
# format NAME PARALLEL: a format with a function, which says so or not.
format() {
    cat >"$1.lua" <<L
$mark
return require "oversight.formats.ecs":extend "$1" { $2
  { "labels.token", from = "token_id", with = function(token) return token:upper() end },
}
L
}
format says "parallel = true,"
format silent ""
# loads NUMBER WHAT: in how many states the format was loaded since this was asked last.
loads() {
    [ "$(wc -l <loads)" -eq "$1" ] || fail "$2: loaded in $(wc -l <loads) states instead of $1"
    rm -f loads
}
cores=$(getconf _NPROCESSORS_ONLN)
threads=$((cores > 8 ? 8 : cores))
[ "$threads" -gt 1 ] || threads=0 # the caller's alone

# ---- how many threads ----
run 0 export --db r.db --registry-id reg --format says.lua --output one.out --jobs 1
loads 1 "one job"
run 0 export --db r.db --registry-id reg --format says.lua --output default.out
loads $((1 + threads)) "a format that says parallel"
same one.out default.out
run 0 export --db few.db --registry-id reg --format says.lua --output few.out
loads 1 "a small registry"
run 0 export --db r.db --registry-id reg --format silent.lua --output silent.out
loads 1 "a format that does not say parallel"
run 0 export --db r.db --registry-id reg --format silent.lua --output given.out --jobs 3
loads 4 "a number that is given"
same silent.out given.out

# An extension says it for functions that it adds; else its base has said it.
cat >extends.lua <<'L'
local says, how = dofile "says.lua", ...
local bare = says:extend "bare" { { "labels.more", value = 1 } }
local adds = says:extend "adds" { { "labels.more", with = function() return 1 end } }
local vouches = says:extend "vouches" { parallel = true, { "labels.more", with = function() return 1 end } }
local denies = says:extend "denies" { parallel = false, { "labels.more", value = 1 } }
print(bare.parallel, adds.parallel, vouches.parallel, denies.parallel)
L
run 0 run extends.lua
has out "true	false	true	false"
rm -f loads
echo 'return require "oversight.format" "wrong" { parallel = 1, { "a", value = 1 } }' >wrong.lua
run 1 export --db r.db --registry-id reg --format wrong.lua
has err "parallel must be true or false"

# ---- found by name, on --lua-path ----
mkdir -p site/oversight/formats site/acme
cp says.lua site/oversight/formats/named.lua
sed -i 's/"says"/"named"/' site/oversight/formats/named.lua
echo 'return function(event) return event.event_id % 3 ~= 0 end' >site/acme/thirds.lua
(cd site && run 0 export --db ../r.db --registry-id reg --format named --lua-path . --jobs 2 --output ../named.out)
rm -f loads site/loads
[ "$(wc -l <named.out)" -eq $events ] || fail "a format that is named"

# ---- filters ----
echo 'return { function(event) return event.event_id % 3 ~= 0 end, parallel = true }' >thirds.lua
# pipeline OUTPUT MORE: a script with a pipeline.
pipeline() {
    cat >script.lua <<L
local siem = require "oversight.siem"
return siem.pipeline { source = { path = "r.db", registry_id = "reg" }, sink = "$1", $2 }
L
}
pipeline own.out 'format = "says.lua", jobs = 1, filter = function(event) return event.event_id % 3 ~= 0 end'
run 0 run script.lua
loads 1 "a filter of the script"
has err "2,000 event(s) dropped by a filter"
for filter in '"thirds.lua"' '"acme.thirds"' '"./thirds.lua"'; do
    pipeline file.out "format = 'says.lua', jobs = 2, filter = $filter"
    run 0 run --lua-path site script.lua
    loads 3 "the filter $filter"
    same own.out file.out
    rm file.out
done
pipeline file.out 'format = "says.lua", filter = "thirds.lua"'
run 0 run script.lua
loads $((1 + threads)) "a format and a filter that say parallel"
same own.out file.out
pipeline other.out 'format = "says.lua", filter = "acme.thirds"'
run 0 run --lua-path site script.lua
loads 1 "a filter that does not say parallel"
same own.out other.out
echo 'return 7' >seven.lua
echo 'return { parallel = true }' >empty.lua
echo 'return { print, twice = true }' >twice.lua
echo 'error "at once"' >fails.lua
while IFS='|' read -r filter message; do
    pipeline x.out "format = 'ecs', filter = $filter"
    run 1 run script.lua
    has err "$message"
done <<'W'
"seven.lua"|filter 'seven.lua': its file returns no function, but a number
"empty.lua"|filter 'empty.lua': a filter is a function, or { function, parallel = true }
"twice.lua"|there is no key "twice" in a filter
"fails.lua"|fails.lua:1: at once
"none.lua"|cannot open none.lua
"no.such.module"|module 'no.such.module' not found
7|filter: it must be a function, or the name of a file that returns one, not a number
{ parallel = true }|a filter is a function, or { function, parallel = true }
{ print, parallel = 1 }|parallel must be true or false
W

# ---- what cannot be loaded again ----
while IFS='|' read -r parts message; do
    pipeline x.out "jobs = 2, $parts"
    run 1 run script.lua
    has err "$message"
    rm -f x.out
    pipeline x.out "$parts"
    run 0 run script.lua
done <<'W'
format = siem.format.define "rows" { { "id", with = function(_, event) return event.event_id end } }|jobs is 1 for rows: the format is made by a script, and cannot be loaded for another thread: put it into a file that returns it, and give that file: format = "FILE.lua"
format = siem.format.load "ecs":extend "more" { { "labels.x", with = function() return 1 end } }|jobs is 1 for more: the format is made by a script
format = "ecs", filter = function() return true end|jobs is 1 for ecs: the filter is made by a script, and cannot be loaded for another thread: put it into a file that returns it, and give that file: filter = "FILE.lua"
format = siem.format.from_function("whole", function(event) return { id = event.event_id } end)|jobs is 1 for whole: the format is made by a script
W
run 1 export --db r.db --registry-id reg --format <(cat says.lua) --jobs 2
has err "is not a regular file, and can be read once only"
run 2 export --db r.db --registry-id reg --format says.lua --restricted --jobs 2
has err "--restricted does not go with --jobs: its limits are of one thread"
rm -f loads x.out
# Rows alone are shared, whoever made them.
pipeline x.out 'jobs = 2, format = siem.format.define "rows" { { "id", from = "event_id" } }'
run 0 run script.lua

# ---- what is another format when it is loaded again ----
cat >global.lua <<'L'
return require "oversight.format" "global" {
  { "id", with = function(_, event) return event.event_id end },
  { "site", value = SITE or "none" },
}
L
cat >script.lua <<'L'
local siem = require "oversight.siem"
SITE = "HQ"
return siem.pipeline { source = { path = "r.db", registry_id = "reg" }, sink = "x.out", format = "global.lua", jobs = 2 }
L
run 1 run script.lua
has err "global cannot be loaded for another thread: row 2 (site) is different: its file has changed, or depends on what"
cat >once.lua <<'L'
if os.rename("ready", "gone") then return require "oversight.format" "once" { { "id", with = tostring } } end
error "only once"
L
touch ready
run 1 export --db r.db --registry-id reg --format once.lua --jobs 2 --output x.out
has err "once cannot be loaded for another thread: once.lua:2: only once"

# ---- errors, limits, drops and prints of functions ----
cat >odd.lua <<'L'
local siem = require "oversight.siem"
return siem.format.from_function("odd", function(event)
  local id = tonumber(event.event_id)
  if id % 500 == 1 then error "this one" end
  if id % 500 == 2 then while true do end end
  if id % 500 == 3 then os.exit(0) end
  if id % 500 == 4 then return siem.drop end
  if id % 500 == 5 then return ("x"):rep(1 << 30) end
  if id % 500 == 6 then print("noise of " .. id) end
  if id % 500 == 7 then return siem.array { { id = id, part = 1 }, { id = id, part = 2 } } end
  return { id = id }
end, { parallel = true })
L
# closing: what was counted, without what a clock decides.
closing() { sed -E 's/ in [0-9.]+ s( \([^)]*\))?//; s/ to .*//; s/[0-9].dead/dead/' err | grep -v '^noise of'; }
letters() { sed -E 's/"time":"[^"]*",//' "$1"; }
for jobs in 1 2 3; do
    run 3 export --db r.db --registry-id reg --format odd.lua --jobs $jobs --max-instructions 50000 --max-memory 64 \
        --dead-letter $jobs.dead
    mv out $jobs.records
    closing >$jobs.closing
    letters $jobs.dead >$jobs.letters
    for what in records closing letters; do same 1.$what $jobs.$what; done
    [ "$(grep -c '^noise of' err)" -eq 12 ] || fail "$jobs jobs print otherwise"
done
has 1.letters "odd.lua:4: this one"
has 1.letters "ran more than 50000 instructions"
has 1.letters "os.exit is called"
has 1.letters "needs more memory than the 64 MiB allowed"
lines 1.records $((events - 5 * 12 + 12))

# ---- stopped, failing and refusing at any moment ----
# prefix WHAT: what is there is the beginning of what would be.
prefix() { cmp -s -n "$(stat -c %s part.out)" whole.out part.out || fail "$1: not the beginning"; }
run 3 export --db r.db --registry-id reg --format odd.lua --max-instructions 50000 --max-memory 64 --jobs 1 \
    --on-error skip --output whole.out
RANDOM=20261128
for round in $(seq 12); do
    rm -f part.out
    "$program" export --db r.db --registry-id reg --format odd.lua --jobs $((2 + RANDOM % 3)) --max-instructions 50000 \
        --max-memory 64 --on-error skip --output part.out --quiet >noise 2>err &
    child=$!
    until [ "$(readlink /proc/$child/exe)" = "$program" ] || ! kill -0 $child 2>/dev/null; do :; done
    sleep 0.0$((RANDOM % 10))
    kill -TERM $child 2>/dev/null || true
    status=0
    wait $child || status=$?
    # 143: before the program had asked for the signal.
    [ $status -le 3 ] || [ $status -eq 143 ] || fail "stopped in round $round: status $status: $(cat err)"
    [ ! -e part.out ] || prefix "stopped in round $round"
done
for wanted in 1 700 2500; do
    { "$program" export --db r.db --registry-id reg --format odd.lua --jobs 3 --max-instructions 50000 --max-memory 64 \
        --on-error skip --quiet 2>err || [ $? -eq 3 ] || fail "a reader that goes: $(cat err)"; } | head -n $wanted >part.out
    prefix "a reader that goes after $wanted lines"
done
"$program" export --db r.db --registry-id reg --format says.lua --jobs 3 --output /dev/full >noise 2>err && fail "a full disk"
has err "No space left on device"
run 1 export --db r.db --registry-id reg --format odd.lua --jobs 3 --output part.out --truncate
prefix "stopped at the first refusal"
has err "event 1: odd: "
rm -f loads

# ---- a service that has to catch up, and reads its format again ----
sed -i 's/upper()/upper() .. "-first"/' says.lua
"$program" export --db r.db --registry-id reg --format says.lua --jobs 2 --follow --checkpoint cp --output follow.out 2>log &
child=$!
until_true has_lines follow.out $events
loads 3 "a service"
sed -i 's/-first/-second/' says.lua
sqlite3 r.db "$(many 10)"
until_true has_lines follow.out $((events + 10))
[ "$(grep -c -- -first follow.out)" -eq $((events + 10)) ] || fail "a file that changed was read before SIGHUP"
kill -HUP "$child"
until_true grep -q reloaded log
sqlite3 r.db "$(many $events)"
until_true has_lines follow.out $((2 * events + 10))
kill -TERM "$child"
wait "$child" || fail "the service: $(cat log)"
[ "$(grep -c -- -second follow.out)" -eq $events ] || fail "after SIGHUP: $(grep -c -- -second follow.out) records"
finish
