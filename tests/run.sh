#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; then those of the core alone, without features; then those of a
# build by clang, of which Debian's packages and the container are made.
# Usage: tests/run.sh     In CI (CI=true) warnings are errors, fuzz targets run 20 s each, and so do tests at random
# that have RANDOM_SECONDS (a minute for the Lua API).
set -euo pipefail
cd "$(dirname "$0")/.."
tests/packages.sh
export FUZZ_SECONDS=${FUZZ_SECONDS:-$([ "${CI:-}" = true ] && echo 20 || echo 2)}

build() { # folder option...
    local folder=$1
    shift
    echo "building $folder"
    { cmake -S . -B "$folder" -G Ninja -DOVERSIGHT_TESTS=ON "$@" && cmake --build "$folder"; } >"$folder.log" 2>&1 ||
        { tail -n 60 "$folder.log" >&2; exit 1; }
    mv "$folder.log" "$folder/build.log"
}

strict=-DOVERSIGHT_WERROR=$([ "${CI:-}" = true ] && echo ON || echo OFF)
build build "$strict"
build build-core -DOVERSIGHT_FEATURES=OFF "$strict"
build build-clang -DCMAKE_C_COMPILER=clang -DCMAKE_INSTALL_PREFIX=/usr "$strict"
build build-fuzz -DCMAKE_C_COMPILER=clang -DOVERSIGHT_FUZZERS=ON
parallel=$(($(nproc) + 2)) # many tests wait, for a server or a clock
ctest --test-dir build -j "$parallel" --output-on-failure --no-tests=error
# The core alone: what needs a feature is not there, and the rest is tried but for what takes long in either build.
ctest --test-dir build-core -j "$parallel" --output-on-failure --no-tests=error \
    -R '^(engine/|lua/.*_spec|golden|cli/(help|features|export|run|streams|marks|pipelines|tables)|delivery/(compression|plain)$)'
ctest --test-dir build-clang -j "$parallel" --output-on-failure --no-tests=error \
    -R '^(engine/|lua/.*_spec|golden|hardening|cli/(features|export|run|tables))'
tests/integration/debian.sh build-clang
ctest --test-dir build-fuzz -j "$(nproc)" --output-on-failure --no-tests=error
