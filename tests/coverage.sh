#!/usr/bin/env bash
# Builds with coverage, runs the tests of engine, lua, program, delivery and following, and prints which lines and
# branches of the C code they ran. Paths that only a failing allocation takes are counted apart.
# Usage: tests/coverage.sh [CTEST_PATTERN]     (detail, line by line: build-coverage/report/index.html)
set -euo pipefail
cd "$(dirname "$0")/.."
tests/packages.sh coverage
pattern=${1:-'^(engine|lua|golden|cli|delivery|follow|hosts|install)'}
build='build-coverage'

cmake -S . -B $build -G Ninja -DOVERSIGHT_TESTS=ON -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="--coverage -fprofile-update=atomic" \
    -DCMAKE_EXE_LINKER_FLAGS="-Wl,--undefined=__gcov_dump" >/dev/null # which tests/engine/testing.c calls
cmake --build $build >$build/build.log || { tail -n 60 $build/build.log >&2; exit 1; }
find $build -name '*.gcda' -delete
# Some tests run the program as other users, who add to its figures: the files are made before, and open to all.
$build/oversight-siem --version >/dev/null
chmod -R a+rwX $build
ctest --test-dir $build -j "$(nproc)" --output-on-failure --no-tests=error -R "$pattern" >$build/tests.log ||
    { tail -n 60 $build/tests.log >&2; exit 1; }

# A line or a branch of these is taken when memory is short.
no_memory='.*(no_memory|NO_MEMORY|\.failed|->failed|== NULL\) return (NULL|false)).*'
report() { # what gcovr-option...
    local what=$1
    shift
    printf '%-42s' "$what"
    gcovr --root . --filter '(engine|lua)/' --object-directory $build --exclude-unreachable-branches \
        --print-summary "$@" $build >$build/summary 2>$build/gcovr.log || { tail -n 20 $build/gcovr.log >&2; exit 1; }
    awk '/^lines:/ { lines = $2 } /^branches:/ { branches = $2 } END { print "lines " lines "  branches " branches }' \
        $build/summary
}
mkdir -p $build/report
report "all"
report "but for paths without memory" --exclude-lines-by-pattern "$no_memory" \
    --exclude-branches-by-pattern "$no_memory" --html-details $build/report/index.html
