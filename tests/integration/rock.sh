#!/usr/bin/env bash
# Checks, builds and installs the rock into a tree, and uses it from stock lua5.4.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
cp -r "$root"/{CMakeLists.txt,engine,lua,formats} "$work/source"
cd "$work/source"
luarocks --lua-version 5.4 lint lua/oversight-siem-*.rockspec >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
luarocks --lua-version 5.4 --tree "$work/tree" make lua/oversight-siem-*.rockspec >"$work/log" 2>&1 ||
    { tail -n 40 "$work/log" >&2; exit 1; }
sqlite3 "$work/sample.db" <"$root/examples/registry.sql" >/dev/null
cd "$work"
LUA_PATH="$work/tree/share/lua/5.4/?.lua" LUA_CPATH="$work/tree/lib/lua/5.4/?.so" lua5.4 -e '
    local siem = require "oversight.siem"
    local registry = assert(siem.registry.open { path = "sample.db", registry_id = "r" })
    local sink = assert(siem.sink.file("rock.jsonl"))
    assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)'
[ "$(wc -l <rock.jsonl)" -eq 12 ]
echo "the rock is installed and exports"
