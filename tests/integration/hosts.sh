#!/usr/bin/env bash
# The Lua module inside programs that embed Lua 5.4: lighttpd, clingo, dnsmasq, and one of our own.
# Usage: hosts.sh PROGRAM BUILD
. "$(dirname "$0")/../cli/check.sh"
build=$(realpath "$2")
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null
run 0 export --db sample.db --registry-id r --format ecs --quiet
mv out expected
export LUA_PATH="$build/lua/?.lua" LUA_CPATH="$build/lua/?.so"

# lighttpd: a page that answers with exported events.
cp "$root/examples/embed/events.magnet.lua" page.lua
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

cat >export.lua <<'L'
local siem = require "oversight.siem"
local registry = assert(siem.registry.open { path = "sample.db", registry_id = "r" })
local sink = assert(siem.sink.file(OUTPUT))
assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)
assert(sink:close())
assert(debug.gethook() == nil)
L

# dnsmasq: its lease script, which runs when it starts. It wants root, if only to give it up.
{
    printf 'OUTPUT = "dnsmasq.jsonl"\nfunction init() dofile "%s/export.lua" end\n' "$work"
    printf 'function shutdown() end\nfunction lease() end\n'
} >lease.lua
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n env "LUA_PATH=$LUA_PATH" "LUA_CPATH=$LUA_CPATH")
PORT=$((20000 + RANDOM % 20000))
: >dnsmasq.jsonl # so that it stays ours to read
"${as_root[@]}" timeout -k 1 20 dnsmasq --no-daemon --no-resolv --no-hosts --port=0 --interface=lo \
    --bind-interfaces --dhcp-range=127.0.0.2,127.0.0.3 --dhcp-alternate-port="$PORT,$((PORT + 1))" \
    --dhcp-leasefile="$work/leases" --dhcp-luascript="$work/lease.lua" --conf-file=/dev/null \
    --user=root --dhcp-scriptuser=root >dnsmasq.log 2>&1 &
child=$!
for ((try = 0; try < 200000; try++)); do
    cmp -s dnsmasq.jsonl expected && break
    [ -d "/proc/$child" ] || break # root's own, when it runs through sudo
done
same dnsmasq.jsonl expected
"${as_root[@]}" kill "$child" 2>/dev/null || true
wait "$child" 2>/dev/null || true

# A host that loads its Lua with RTLD_LOCAL, as a program with plugins does. The module is not linked
# against Lua, so such a host makes Lua's symbols visible first.
cat >plugin.c <<'C'
#include <dlfcn.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
int run(const char *script) {
    Dl_info lua;
    if (!dladdr((void *)luaL_newstate, &lua) ||
        !dlopen(lua.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL)) return 2;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushliteral(L, "host.jsonl");
    lua_setglobal(L, "OUTPUT");
    int failed = luaL_dofile(L, script);
    if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return failed;
}
C
cat >host.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
    void *plugin = dlopen("./plugin.so", RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) return fprintf(stderr, "%s\n", dlerror()), 3;
    int (*run)(const char *) = (int (*)(const char *))dlsym(plugin, "run");
    return run("export.lua");
}
C
# shellcheck disable=SC2046
cc -Wall -Werror -D_GNU_SOURCE -shared -fPIC plugin.c $(pkg-config --cflags --libs lua5.4) -ldl -o plugin.so
cc -Wall -Werror host.c -ldl -o host
./host || fail "the RTLD_LOCAL host ends with $?"
same host.jsonl expected
finish
