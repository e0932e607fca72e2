#!/usr/bin/env bash
# The standard streams: closed, full, for reading only; and what scripts print while records go there.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"
export OVERSIGHT_LUA_PATH=site
mkdir -p site/oversight/formats

# Everything that prints its result fails when nobody gets it.
on_stdout() { # what-is-wrong command...: standard output is closed, full, and open for reading only
    local wanted=$1 status how
    shift
    for how in closed full reading; do
        status=0
        case $how in
        closed) timeout 60 "$program" "$@" >&- 2>err || status=$? ;;
        full) timeout 60 "$program" "$@" >/dev/full 2>err || status=$? ;;
        reading) timeout 60 "$program" "$@" 1</dev/null 2>err || status=$? ;;
        esac
        [ "$status" -eq "$wanted" ] || fail "$how standard output: status $status: $*"
        grep -q "cannot write to .*standard output.*: \(it is closed\|Bad file descriptor\|No space left on device\)" err ||
            fail "$how standard output is not the reason: $*: $(cat err)"
    done
}
export=(export --db r.db --registry-id r --format ecs)
on_stdout 1 "${export[@]}"
on_stdout 1 "${export[@]}" --output -
on_stdout 1 "${export[@]}" --pretty
on_stdout 1 "${export[@]}" --checkpoint position.json
on_stdout 1 "${export[@]}" --to http --url http://127.0.0.1:1 --dry-run
on_stdout 1 try ecs --db r.db
on_stdout 1 try ecs --db r.db --explain --json
on_stdout 1 diff sentinel --db r.db --against ecs
on_stdout 1 check ecs --json --db r.db --target splunk
on_stdout 1 inspect --db r.db
on_stdout 1 formats
on_stdout 1 where ecs
on_stdout 1 converters
on_stdout 1 sinks splunk
on_stdout 1 --version
on_stdout 1 export --help
echo 'print "hello"' >hello.lua
on_stdout 1 run hello.lua
echo 'return require("oversight.siem").pipeline { source = { path = "r.db", registry_id = "r" }, format = "ecs", sink = "-" }' \
    >records.lua
on_stdout 1 run records.lua
status=0
timeout 60 "$program" "${export[@]}" --follow >&- 2>err || status=$?
[ "$status" -eq 1 ] || fail "a follower ends with $status on a closed standard output"
has err "cannot write to standard output: it is closed"

# Records elsewhere need none, and no file that is opened takes its place.
status=0
"$program" "${export[@]}" --output file.jsonl >&- 2>err || status=$?
[ "$status" -eq 0 ] || fail "a file needs no standard output: $status"
lines file.jsonl 3
status=0
"$program" "${export[@]}" --output file.jsonl --truncate <&- >&- 2>&- || status=$?
[ "$status" -eq 0 ] || fail "a file needs no standard streams: $status"
lines file.jsonl 3
[ "$(sqlite3 r.db 'PRAGMA integrity_check')" = ok ] || fail "the registry is damaged"

# Events that are to come from a standard input that is closed are no empty list.
status=0
"$program" try ecs <&- >out 2>err || status=$?
[ "$status" -eq 1 ] || fail "try without standard input ends with $status"
has err "cannot read standard input: Bad file descriptor"

# Scripts print to standard error while records or results go to standard output.
cat >site/oversight/formats/noisy.lua <<'L'
print "noise: loaded"
local write, output = io.write, io.stdout
return require "oversight.formats.sentinel":extend "noisy" {
  { "Site", with = function()
      print("noise:", "print")
      write "noise: write\n"
      output:write "noise: stdout\n"
      io.output():write "noise: output\n"
      return "HQ"
    end },
}
L
noise() { # FILE: all of it is there
    for what in loaded write stdout output; do has "$1" "noise: $what"; done
    has "$1" "$(printf 'noise:\tprint')"
}
records() { # of the run before: records alone, and the noise elsewhere
    lacks out noise
    noise err
    [ -s out ] || fail "there are no records"
}
noisy=(export --db r.db --registry-id r --format noisy)
run 0 "${noisy[@]}"
records
lines out 3
run 0 "${noisy[@]}" --pretty
records
run 0 "${noisy[@]}" --checkpoint noisy.json
records
run 0 "${noisy[@]}" --to http --url http://127.0.0.1:1 --dry-run
records
run 0 try noisy --db r.db
records
run 0 diff noisy --db r.db
records
run 0 check noisy
lacks out noise
noise err
run 0 "${noisy[@]}" --output /dev/stdout
records
run 0 "${noisy[@]}" --output /proc/self/fd/1
records
run 0 "${noisy[@]}" --output file.jsonl --truncate --quiet
noise out
lacks err noise
lacks file.jsonl noise

# A script, its filter and its sink; what it prints before it says where records go is held until then.
cat >noisy.lua <<'L'
print "noise: loaded"
io.write "noise: write\n"
local siem = require "oversight.siem"
local sink = arg[1]
if sink == "table" then
  sink = { send = function() print "noise: send" return true end, close = function() print "noise: close" end }
end
return siem.pipeline { source = { path = "r.db", registry_id = "r" }, format = "ecs", sink = sink,
  filter = function() print "noise: filter" return true end }
L
run 0 run noisy.lua -
lines out 3
lacks out noise
for what in loaded write filter; do has err "noise: $what"; done
run 0 run noisy.lua /dev/stdout
lines out 3
lacks out noise
for what in loaded write filter; do has err "noise: $what"; done
run 0 run noisy.lua table
for what in loaded write filter send close; do has out "noise: $what"; done
lacks err noise
run 0 run noisy.lua file2.jsonl
has out "noise: loaded"
lacks file2.jsonl noise

# A script that works by itself.
cat >own.lua <<'L'
print "before"
local siem = require "oversight.siem"
local registry = assert(siem.registry.open { path = "r.db", registry_id = "r" })
local sink = arg[1] and assert(siem.sink.file(arg[1])) or assert(siem.sink.stdout())
assert(siem.export_events { registry = registry, format = "ecs", sink = sink })
assert(sink:close())
print "after"
L
run 0 run own.lua
lines out 3
lacks out before
has err before
has err after
run 0 run own.lua own.jsonl
[ "$(cat out)" = "$(printf 'before\nafter')" ] || fail "a script's own output: $(cat out)"
lines own.jsonl 3

# It may let out what it printed, as one that talks to another program does; an early end loses nothing.
mkfifo answer
echo 'print "question" io.stdout:flush() local file = io.open "answer" print(file:read "a")' >talk.lua
run_talk() { timeout 60 "$program" run talk.lua 2>err; }
run_talk > >(read -r line && echo "$line: yes" >answer && cat >talked) || fail "it does not talk: $(cat err)"
for _ in $(seq 200); do [ -s talked ] && break || sleep 0.05; done
has talked "question: yes"
echo 'print "last words" os.exit(3)' >last.lua
run 3 run last.lua
has out "last words"
echo 'print "last words" error "broken"' >last.lua
run 1 run last.lua
has out "last words"

# A restricted script as well.
echo 'print "noise" return require("oversight.siem").pipeline { format = require "oversight.formats.ecs" }' >elsewhere.lua
run 0 run --restricted --db r.db elsewhere.lua
lines out 3
has err noise
run 0 run --restricted --db r.db --output file3.jsonl elsewhere.lua
has out noise
finish
