#!/usr/bin/env bash
# tests/mutants.py on a small project: what no test notices is printed, and the sources stay as they are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project=$work/project
mkdir -p "$project/engine/base" "$project/tests/engine" "$work/temporary"
export TMPDIR=$work/temporary
cd "$project"
cp "$here/../mutants.py" tests/
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(small C)
enable_testing()
if(OVERSIGHT_ASAN)
  add_compile_options(-fsanitize=address)
  add_link_options(-fsanitize=address)
endif()
message(STATUS "tests: ${OVERSIGHT_TESTS}")
add_library(engine OBJECT engine/base/utf8.c)
foreach(name test_utf8 test_json)
  add_executable(${name} tests/engine/${name}.c $<TARGET_OBJECTS:engine>)
  add_test(NAME engine/${name} COMMAND ${name})
endforeach()
foreach(name oversight-siem module shared faults first_call clock_back)
  add_library(${name} STATIC $<TARGET_OBJECTS:engine>)
endforeach()
foreach(name golden lua/all cli/export)
  add_test(NAME ${name} COMMAND true)
endforeach()
END
cat >engine/base/utf8.c <<'END'
#include <stdlib.h>
int tested(int a) {
    return a + 1;
}
int untested(int a) {
    return a - 2;
}
void frees(void *memory) {
    free(memory);
}
END
cat >tests/engine/test_utf8.c <<'END'
#include <stdlib.h>
int tested(int a);
void frees(void *memory);
int main(void) {
    frees(malloc(7));
    return tested(3) == 4 ? 0 : 1;
}
END
echo 'int main(void) { return 0; }' >tests/engine/test_json.c
git init -q .

"$here/../mutants.py" 0 # each file of the engine is in a room

fail() { echo "mutants: $*" >&2; cat "$work/output" >&2; exit 1; }
has() { grep -qF -- "$1" "$work/output" || fail "no line '$1'"; }

before=$(find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort)
timeout 600 tests/mutants.py 20 --each --seed 7 --jobs 1 >"$work/output" 2>&1 || fail "it fails"
has "engine/base/utf8.c:6"
has "  - return a - 2;"
has "  + return a + 2;"
has "  + return a - (2 + 1);"
grep -q "utf8.c:[39]" "$work/output" && fail "a change that is noticed is printed"
has "engine/base/utf8.c                  4 of    7 noticed"
has "seed 7: 4 of 7 changes noticed, 57.1 %"
[ "$before" = "$(find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort)" ] || fail "a file of the user's changed"
[ -z "$(ls "$TMPDIR")" ] || fail "it left something in the temporary folder"

# What fails by itself notices nothing.
echo 'int main(void) { return 1; }' >tests/engine/test_json.c
timeout 600 tests/mutants.py 1 --jobs 1 >"$work/output" 2>&1 && fail "a test that fails is no error"
has "a test of engine/test_(json|mask|event|refusals) fails without a change"

touch engine/base/unknown.c
timeout 600 tests/mutants.py 1 --jobs 1 >"$work/output" 2>&1 && fail "a file without a room is no error"
has "engine/base/unknown.c is in no room of ROOMS"
