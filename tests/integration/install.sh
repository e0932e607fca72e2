#!/usr/bin/env bash
# Installs below a prefix, moves it, and uses what is there: the program, the Lua module, and the C library.
# Usage: install.sh BUILD
set -euo pipefail
build=$(realpath "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }
cmake --install "$build" --prefix "$work/made" >/dev/null
grep -q "^ExecStart=$work/made/bin/oversight-siem " "$work"/made/lib/systemd/system/oversight-siem{,@}.service ||
    fail "the units name another program"
[ -s "$work/made/etc/logrotate.d/oversight-siem" ] || fail "logrotate's configuration is not installed"
for file in bash-completion/completions/oversight-siem 'zsh/*/_oversight-siem' fish/vendor_completions.d/oversight-siem.fish \
    man/man1/oversight-siem.1 man/man5/oversight-siem-formats.5; do
    compgen -G "$work/made/share/$file" >/dev/null || fail "share/$file is not installed"
done
prefix=$work/moved
mv "$work/made" "$prefix"
cd "$prefix"
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null

bin/oversight-siem export --db sample.db --format ecs --registry-id sample-registry --quiet >program.jsonl
[ "$(wc -l <program.jsonl)" -eq 12 ]
bin/oversight-siem check splunk ecs sentinel --db sample.db >/dev/null

# The Lua files are those beside the program: not in a prefix where everyone can put some, nor without /proc.
cat >share/lua/5.4/oversight/formats/beside.lua <<'L'
return require "oversight.formats.ecs":extend "beside" { { "labels.beside", with = function() return "yes" end } }
L
ln -s bin/oversight-siem linked
for program in bin/oversight-siem ./linked; do
    [[ $($program where ecs) == *"$prefix/share/lua/5.4/oversight/formats/ecs.lua"* ]] || fail "$program: $($program where ecs)"
    [[ $($program export --db sample.db --registry-id r --format beside --limit 1) == *'"beside":"yes"'* ]] || fail "$program finds no format"
done
cp share/lua/5.4/oversight/formats/splunk.lua kept.lua
sed -i '1i error "it was changed"' share/lua/5.4/oversight/formats/splunk.lua
! bin/oversight-siem export --db sample.db --registry-id r --format splunk >/dev/null 2>changed.err || fail "a changed file is not read"
grep -q "it was changed" changed.err || fail "a changed file: $(cat changed.err)"
mv kept.lua share/lua/5.4/oversight/formats/splunk.lua
chmod o+w .
[[ $(bin/oversight-siem where ecs) != *"$prefix"* ]] || fail "files of a prefix that all users can write to are used"
chmod o-w .
cp bin/oversight-siem alone
[[ $(./alone where ecs) != *"$prefix"* ]] || fail "a program that is not in bin uses files of share"

module=$(find . -name core.so)
libraries=$(ldd "$module")
! grep -q liblua <<<"$libraries" || { echo "core.so is linked against Lua" >&2; exit 1; }
exported=$(nm -D --defined-only "$module" | awk '{ print $3 }')
[ "$exported" = luaopen_oversight_core ] || { echo "core.so exports $exported" >&2; exit 1; }

# A sanitizer's runtime must be in the host before the module; ctest runs the module with it elsewhere.
if ! grep -q libasan <<<"$libraries" && ! grep -q libtsan <<<"$libraries"; then
    LUA_PATH="$prefix/share/lua/5.4/?.lua" LUA_CPATH="$(dirname "$(dirname "$(realpath "$module")")")/?.so" \
        lua5.4 -e 'local siem = require "oversight.siem"
            local registry = assert(siem.registry.open { path = "sample.db", registry_id = "sample-registry" })
            local sink = assert(siem.sink.file("module.jsonl"))
            assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)
            assert(sink:close())
            require("oversight.targets")
            require("oversight.targets.ecs_fields")'
    cmp program.jsonl module.jsonl
fi

sanitizer=$(sed -n 's/^CMAKE_C_FLAGS_SANITIZER:STRING=//p' "$build/CMakeCache.txt")
pc=$(dirname "$(find "$prefix" -name oversight-siem.pc)")
flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs oversight-siem)
# shellcheck disable=SC2086
cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$root/examples/embed/embed.c" $sanitizer $flags -o host
library=$(dirname "$(find "$prefix" -name liboversight-siem.so)")
LD_LIBRARY_PATH=$library ./host sample.db ecs >host.jsonl
cmp program.jsonl host.jsonl
LD_LIBRARY_PATH=$library ./host sample.db beside >host.jsonl
[ "$(grep -c '"beside":"yes"' host.jsonl)" -eq 12 ] || fail "the library does not find the Lua files beside it"
! LD_LIBRARY_PATH=$library ./host sample.db ecs >/dev/full 2>host.err || { echo "a full disk is no error" >&2; exit 1; }
grep -q "cannot write records: No space left on device" host.err

# shellcheck disable=SC2086
cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$root/examples/embed/source.c" $sanitizer $flags -o source
printf 'dns t1\nocsp t2\n' | LD_LIBRARY_PATH=$library ./source ecs >source.jsonl
[ "$(grep -c '"oversight_token_id":"t[12]"' source.jsonl)" -eq 2 ] || { echo "not two records: $(cat source.jsonl)" >&2; exit 1; }
status=0
LD_LIBRARY_PATH=$library ./source none </dev/null 2>source.err || status=$?
[ $status -eq 1 ] && grep -q "source: " source.err || { echo "a format that is missing: $status" >&2; exit 1; }

# shellcheck disable=SC2086
cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$root/examples/embed/consume.c" $sanitizer $flags -o consume
status=0
LD_LIBRARY_PATH=$library ./consume 127.0.0.1:1 t g ecs 2>consume.err || status=$?
[ $status -eq 1 ] && grep -Eq "consume: (kafka: topic t: |.*librdkafka)" consume.err ||
    { echo "a topic without brokers: $status: $(cat consume.err)" >&2; exit 1; }

# Programs of each standard include the headers, in C and in C++.
echo '#include <oversight/counters.h>
int main(void) {
    siem_value value = siem_value();
    value.integer = 7;
    bool is_same = siem_version_number() == SIEM_VERSION_NUMBER && siem_version() != NULL;
    return value.size != 0 || !is_same || siem_counter_at(0) == NULL;
}' >host.cc
sed 's/= siem_value()/= {SIEM_NULL, {0}, 0}/' host.cc >host.c
for standard in c99 c11 c17; do
    for compiler in gcc clang; do
        "$compiler" -std=$standard -Wall -Wextra -Wpedantic -Werror -I include -c host.c -o host.o
    done
done
for standard in c++11 c++17; do
    clang++ -std=$standard -Wall -Wextra -Wpedantic -Werror -I include -c host.cc -o host.o
    # shellcheck disable=SC2086
    g++ -std=$standard -Wall -Wextra -Wpedantic -Werror host.cc $sanitizer $flags -o host-cc
    LD_LIBRARY_PATH=$library ./host-cc
done
echo "program, module and library are installed and agree"
