#!/usr/bin/env bash
# Builds for another architecture and tests the result. i386, which this processor runs, has the tests of units, of the Lua
# modules and of formats, in a root of its own; arm64 is built by a cross compiler, and has the tests of units in qemu-user.
# Usage: tests/cross.sh [i386|arm64]     (default: i386) Status 77 when the tools or the libraries cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/root.sh
architecture=${1:-i386}
tests/packages.sh "$architecture" || cannot_run "the tools cannot be installed"
work=$PWD/build-$architecture
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$work"
read -ra packages <<<"$(tests/packages.sh unit --names)"
options=(-G Ninja -DOVERSIGHT_TESTS=ON -DOVERSIGHT_WERROR=ON)

build() { # log COMMAND...: or what it ends with
    "${@:2}" >"$1" 2>&1 || { tail -n 60 "$1" >&2; exit 1; }
}

test_i386() {
    make_root "$work/root.tar" i386 minbase "${packages[@]}"
    tar -C "$root" -xf "$work/root.tar"
    mkdir "$root/source"
    cp -r CMakeLists.txt engine lua formats tests examples "$root/source"
    build "$work/build.log" in_root "$root" sh -c "cmake -S /source -B /build ${options[*]} && cmake --build /build"
    in_root "$root" ctest --test-dir /build -j "$(nproc)" --output-on-failure --no-tests=error \
        -R '^(engine/|lua/.*_spec|golden|cli/(export|features|run|streams|tables)$)'
}

test_arm64() {
    local libraries=()
    for package in "${packages[@]}"; do
        [[ $package != *-dev ]] || libraries+=("$package")
    done
    make_root "$work/root.tar" arm64 extract "${libraries[@]}"
    tar -C "$root" -xf "$work/root.tar"
    export CROSS_ROOT=$root CROSS_TRIPLET=aarch64-linux-gnu
    rm -rf "$work/made" # it has the name of the root
    build "$work/build.log" cmake -S . -B "$work/made" -DCMAKE_TOOLCHAIN_FILE="$PWD/tests/cross.cmake" "${options[@]}"
    build "$work/build.log" cmake --build "$work/made"
    # qemu-user passes no MADV_DONTDUMP on, and keeps signals for itself.
    ctest --test-dir "$work/made" -j "$(nproc)" --timeout 600 --output-on-failure --no-tests=error -R '^engine/' \
        -E '^engine/test_(secret|thread)$'
}

echo "building for $architecture"
"test_$architecture"
