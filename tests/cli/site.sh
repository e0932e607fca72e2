#!/usr/bin/env bash
# Files of a site: where formats are found, what they may extend, and what is refused.
. "$(dirname "$0")/check.sh"
mkdir -p site/oversight/formats behind/oversight/formats
event='{"id": 1, "token_id": "t"}'

# tried FORMAT OPTION...: the record of one event is in the file out.
tried() {
    status=0
    echo "$event" | "$program" try "$@" --json >out 2>err || status=$?
    [ "$status" -eq 0 ] || { fail "try $* ends with $status"; show err; }
}

# ---- a file that stands before a shipped format extends it ----
cat >site/oversight/formats/splunk.lua <<'L'
return require "oversight.formats.splunk":extend "splunk" { { "event.site", value = "HQ" } }
L
echo 'return require "oversight.formats.splunk":extend "acme" { { "event.more", value = "x" } }' \
    >site/oversight/formats/acme.lua
tried splunk --lua-path site
has out '"event_id":"1","token_id":"t","registry_id":"registry","site":"HQ"}'
tried acme --lua-path site
has out '"site":"HQ","more":"x"}'
tried site/oversight/formats/acme.lua --lua-path site
has out '"site":"HQ","more":"x"}'
OVERSIGHT_LUA_PATH=site tried site/oversight/formats/acme.lua --restricted
has out '"site":"HQ","more":"x"}'
echo 'print(#require("oversight.formats.acme").rows)' >script.lua
run 0 run --lua-path site script.lua
# Files behind one another: each extends the next one.
echo 'return require "oversight.formats.splunk":extend "splunk" { { "event.behind", value = "yes" } }' \
    >behind/oversight/formats/splunk.lua
tried splunk --lua-path site --lua-path behind
has out '"behind":"yes","site":"HQ"}'
run 0 where splunk --lua-path site
has out "$work/site/oversight/formats/splunk.lua"
run 0 check splunk --lua-path site

# ---- what stands behind is no substitute for a file that fails ----
cat >site/oversight/formats/splunk.lua <<'L'
local splunk = require "oversight.formats.splunk"
error("not today: " .. splunk.name)
L
echo 'local siem = require "oversight.siem"
for _ = 1, 2 do print(siem.format.load "splunk") end' >script.lua
run 0 run --lua-path site script.lua
[ "$(grep -c 'splunk.lua:2: not today: splunk' out)" -eq 2 ] || fail "a file that fails is not told twice"
echo 'require "oversight.formats.splunk"' >site/oversight/formats/splunk.lua
run 1 try splunk --lua-path site </dev/null
has err "format 'splunk': its file returns no format"

echo 'return nonsense(' >site/broken.lua
echo 'print(pcall(require, "broken"))
print(load(function() error { } end))
print(load(function() return { } end))' >script.lua
run 0 run --lua-path site script.lua
has out "cannot load '$work/site/broken.lua': "
has out "an error of type table was raised: raise a text"
has out "reader function must return a string"

# ---- the search path of the environment ----
echo 'print(package.path)' >script.lua
OVERSIGHT_LUA_PATH=":site::behind:" run 0 run script.lua
has out "$work/site/?.lua;$work/site/?/init.lua;$work/behind/?.lua;$work/behind/?/init.lua;/"
lacks out ";;"
OVERSIGHT_LUA_PATH=site:none run 1 run script.lua
has err "OVERSIGHT_LUA_PATH: cannot find the folder 'none'"
OVERSIGHT_LUA_PATH=site:$(printf 'x%.0s' {1..4096}) run 1 run script.lua
has err "OVERSIGHT_LUA_PATH: a folder's name is too long"

# ---- compiled chunks ----
cp script.lua site/oversight/formats/binary.lua
lua5.4 -e 'io.write(string.dump(load "return nil"))' >site/oversight/formats/binary.lua
run 1 try binary --lua-path site </dev/null
has err "cannot load '$work/site/oversight/formats/binary.lua': attempt to load a binary chunk"
run 1 try site/oversight/formats/binary.lua </dev/null
has err "cannot load 'site/oversight/formats/binary.lua': attempt to load a binary chunk"

# ---- what is no file ----
run 2 try /tmp </dev/null
has err "cannot open the format /tmp: Is a directory"
run 2 export --db none.db --registry-id r --format /tmp
run 1 try /tmp --restricted </dev/null
has err "Is a directory"
run 2 where /tmp
run 2 where site/none.lua

# ---- native modules: neither the working directory nor the environment says where ----
echo 'for entry in package.cpath:gmatch "[^;]+" do print(entry) end' >script.lua
LUA_CPATH="$work/mine/?.so;;" LUA_CPATH_5_4="$work/mine/?.so;;" run 0 run script.lua
[ -s out ] || fail "package.cpath is empty"
! grep -v '^/' out || fail "an entry of package.cpath is relative"
lacks out "$work/mine"
finish
