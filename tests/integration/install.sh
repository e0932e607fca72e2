#!/usr/bin/env bash
# Installs into a folder and uses what is there: the program, the Lua module, and the C library.
# Usage: install.sh BUILD
set -euo pipefail
build=$(realpath "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >/dev/null
cd "$prefix"
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null

bin/oversight-siem export --db sample.db --format ecs --registry-id r --quiet >program.jsonl
[ "$(wc -l <program.jsonl)" -eq 12 ]

module=$(find . -name core.so)
libraries=$(ldd "$module")
! grep -q liblua <<<"$libraries" || { echo "core.so is linked against Lua" >&2; exit 1; }
exported=$(nm -D --defined-only "$module" | awk '{ print $3 }')
[ "$exported" = luaopen_oversight_core ] || { echo "core.so exports $exported" >&2; exit 1; }

# A sanitizer's runtime must be in the host before the module; ctest runs the module with it elsewhere.
if ! grep -q libasan <<<"$libraries" && ! grep -q libtsan <<<"$libraries"; then
    LUA_PATH="$prefix/share/lua/5.4/?.lua" LUA_CPATH="$(dirname "$(dirname "$(realpath "$module")")")/?.so" \
        lua5.4 -e 'local siem = require "oversight.siem"
            local registry = assert(siem.registry.open { path = "sample.db", registry_id = "r" })
            local sink = assert(siem.sink.file("module.jsonl"))
            assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)
            assert(sink:close())'
    cmp program.jsonl module.jsonl
fi

cat >host.c <<'C'
#include <oversight/siem.h>
#include <stdio.h>

int main(void) {
    siem_error err;
    siem_format *format;
    siem_registry *registry;
    siem_sink *sink;
    siem_export *export_;
    siem_registry_options source = {.path = "sample.db", .registry_id = "r", .limit = -1};
    if (siem_format_open(&format, "ecs", NULL, 0, &err) != SIEM_OK ||
        siem_registry_open(&registry, &source, &err) != SIEM_OK ||
        siem_sink_open_file(&sink, "host.jsonl", true, &err) != SIEM_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    siem_export_options options = {.mapping = siem_format_mapping(format), .sink = sink};
    if (siem_export_open(&export_, &options, &err) != SIEM_OK ||
        siem_export_run(export_, registry, &err) != SIEM_OK ||
        siem_sink_close(sink, &err) != SIEM_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("%d\n", (int)siem_export_counts(export_)->exported);
    siem_export_close(export_);
    siem_registry_close(registry);
    siem_format_close(format);
    return 0;
}
C
sanitizer=$(sed -n 's/^CMAKE_C_FLAGS_SANITIZER:STRING=//p' "$build/CMakeCache.txt")
pc=$(dirname "$(find "$prefix" -name oversight-siem.pc)")
# The file names the prefix that was configured; this copy stands elsewhere.
flags=$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" --cflags --libs oversight-siem)
# shellcheck disable=SC2086
cc -Wall -Wextra -Wpedantic -Werror host.c $sanitizer $flags -o host
library=$(dirname "$(find "$prefix" -name liboversight-siem.so)")
LD_LIBRARY_PATH=$library ./host >count
[ "$(cat count)" = 12 ]
cmp program.jsonl host.jsonl

# C++ programs include the header.
echo '#include <oversight/siem.h>
int main() { return siem_version() == nullptr; }' >host.cc
# shellcheck disable=SC2086
g++ -Wall -Wextra -Wpedantic -Werror host.cc $sanitizer $flags -o host-cc
LD_LIBRARY_PATH=$library ./host-cc
echo "program, module and library are installed and agree"
