#!/usr/bin/env bash
# What holds for the sources: layout, style, and that the engine knows no Lua.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
complain() { echo "$*" >&2; status=1; }

mapfile -t c_files < <(find engine lua tests -name '*.[ch]')
clang-format --dry-run -Werror "${c_files[@]}" || complain "clang-format would change something"
mapfile -t scripts < <(find .ci/run tests examples -name '*.sh' -o -path .ci/run)
shellcheck "${scripts[@]}" || complain "shellcheck found something"
luacheck -q lua formats tests/lua tests/formats || complain "luacheck found something"
! grep -rnE --include='*.[ch]' 'lua\.h|lauxlib|lualib' engine || complain "the engine includes Lua"
names=$(find engine -name '*.c' -printf '%f\n' | sort | uniq -d)
[ -z "$names" ] || complain "two rooms of the engine have files of one name: $names"
tests/arrows.py || complain "an include points up, or in a circle"
! grep -rnE '<(close|const)>' lua formats --include='*.lua' || complain "syntax that Lua 5.3 lacks"
for entry in *; do
    case $entry in
    CMakeLists.txt | engine | lua | formats | tests | examples | README.md | build* | export) ;;
    *) complain "'$entry' has no place at the top level" ;;
    esac
done
mapfile -t files < <(find engine lua formats tests examples -name '*.[ch]' -o -name '*.lua' -o -name '*.sh')
for file in "${files[@]}"; do
    most=600
    [ "${file##*/}" != siem.h ] || most=800 # the one public header, half of it comments
    [ "$(wc -l <"$file")" -le $most ] || complain "$file is longer than $most lines"
done
exit $status
