#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, and only those that are missing.
# Usage: tests/packages.sh [KIND [--names]]     (build: without what only the tests need; unit: with what tests of units
# need; bench, coverage, debian, real, static: with what tests/bench, or the script of that name, needs as well; i386,
# arm64: with what tests/cross.sh needs. --names: prints the packages, and installs none.)
set -euo pipefail
build=(gcc libc6-dev cmake ninja-build pkg-config sqlite3
    lua5.4 liblua5.4-dev libsqlite3-dev libcjson-dev libcurl4-openssl-dev libssl-dev libdeflate-dev
    libmaxminddb-dev libmicrohttpd-dev librdkafka-dev libzstd-dev)
unit=(libcmocka-dev locales lua-busted openssl python3)
test=(g++ lua-check clang clang-format shellcheck libclang-rt-14-dev curl
    util-linux valgrind lighttpd lighttpd-modules-lua gringo
    fish man-db mandoc zsh
    dnsmasq-base-lua logrotate lua5.1 lua5.3 luajit luarocks make nghttp2-server zstd)

bench=(gnuplot-nox)
coverage=(gcovr)
i386=(arch-test mmdebstrap)
arm64=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross mmdebstrap qemu-user-static)
debian=(buildah dpkg-dev lintian mmdebstrap)
real=(default-jdk-headless kcat maven rsyslog)
static=(clang-tidy)

wanted=("${build[@]}")
[ "${1:-}" = build ] || wanted+=("${unit[@]}")
[[ "${1:-}" = @(build|unit) ]] || wanted+=("${test[@]}")
[ "${1:-}" != bench ] || wanted+=("${bench[@]}")
[ "${1:-}" != coverage ] || wanted+=("${coverage[@]}")
[ "${1:-}" != i386 ] || wanted+=("${i386[@]}")
[ "${1:-}" != arm64 ] || wanted+=("${arm64[@]}")
[ "${1:-}" != debian ] || wanted+=("${debian[@]}")
[ "${1:-}" != real ] || wanted+=("${real[@]}")
[ "${1:-}" != static ] || wanted+=("${static[@]}")
[ "${2:-}" != --names ] || { echo "${wanted[@]}"; exit 0; }
missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        { echo "packages.sh: run as root, or install sudo, to get: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing: ${missing[*]}"

# Tests start lighttpd and rsyslog as they need them: as services they must neither start now nor at the next boot.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -euo pipefail -s -- "${missing[@]}" <<'ROOT'
policy=/usr/sbin/policy-rc.d
services=()
for package; do
    case $package in lighttpd | rsyslog) services+=("$package.service") ;; esac
done
if [[ ${#services[@]} -gt 0 && ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
if [[ ${#services[@]} -gt 0 ]] && command -v systemctl >/dev/null; then
    systemctl disable "${services[@]}" >/dev/null 2>&1 || true
fi
ROOT
