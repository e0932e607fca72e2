#!/usr/bin/env bash
# The Lua module inside programs that embed Lua 5.4: lighttpd, clingo, and a host that loads Lua with
# RTLD_LOCAL. Usage: hosts.sh PROGRAM BUILD
. "$(dirname "$0")/../cli/check.sh"
build=$(realpath "$2")
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null
run 0 export --db sample.db --registry-id r --format ecs --quiet
mv out expected
export LUA_PATH="$build/lua/?.lua" LUA_CPATH="$build/lua/?.so"

# lighttpd: a page that answers with exported events.
cp "$root/examples/events.magnet.lua" page.lua
cat >lighttpd.conf <<C
server.document-root = "$work"
server.bind = "127.0.0.1"
server.port = env.PORT
server.modules = ("mod_magnet")
magnet.attract-raw-url-to = ("$work/page.lua")
C
export OVERSIGHT_REGISTRY=$work/sample.db
for attempt in 1 2 3 4 5; do
    export PORT=$((20000 + RANDOM % 20000))
    lighttpd -D -f lighttpd.conf >lighttpd.log 2>&1 &
    child=$!
    children+=("$child")
    until (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do
        kill -0 "$child" 2>/dev/null || break
    done
    kill -0 "$child" 2>/dev/null && break
done
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET /events HTTP/1.0\r\n\r\n' >&3
cat <&3 >answer
exec 3<&-
has answer "HTTP/1.0 200 OK"
sed '1,/^\r$/d' answer >body
same body expected
kill "$child"
wait "$child" 2>/dev/null || true

# clingo: facts from events.
cat >facts.lp <<'C'
#script (lua)
local siem = require "oversight.siem"
function kinds()
  local seen = {}
  for event in siem.iter_registry_events("sample.db", { registry_id = "r" }) do
    seen[#seen + 1] = clingo.Function(event.event_kind, { clingo.Number(tonumber(event.event_id)) })
  end
  return seen
end
#end.
event(@kinds()).
#show event/1.
C
clingo facts.lp >facts 2>clingo.log || [ "$?" -eq 30 ] || [ "$?" -eq 10 ] || true
has facts "event(dns(1))"
has facts "event(license(10))"

# A host that keeps Lua's symbols to itself but for what it hands on, as plugin hosts do.
cat >host.c <<'C'
#include <dlfcn.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
int main(int count, char **arguments) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_dofile(L, arguments[count - 1]) == LUA_OK) return lua_close(L), 0;
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 1;
}
C
cat >export.lua <<'L'
local siem = require "oversight.siem"
local registry = assert(siem.registry.open { path = "sample.db", registry_id = "r" })
local sink = assert(siem.sink.file "host.jsonl")
assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)
assert(sink:close())
assert(debug.gethook() == nil)
L
cc -Wall -Werror host.c $(pkg-config --cflags lua5.4) -Wl,-E -o host $(pkg-config --libs lua5.4)
./host export.lua
same host.jsonl expected
finish
