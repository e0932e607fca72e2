#!/usr/bin/env bash
# Configures where the libraries of features are not to be found: AUTO leaves them out, ON names the package.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }
declare -A package=([geoip]=libmaxminddb-dev [gzip]=libdeflate-dev [kafka]=librdkafka-dev [metrics]=libmicrohttpd-dev [zstd]=libzstd-dev)

mkdir "$work/modules"
IFS=: read -ra folders <<<"$(pkg-config --variable pc_path pkg-config)"
for folder in "${folders[@]}"; do
    [ ! -d "$folder" ] || ln -s "$folder"/*.pc "$work/modules/" 2>/dev/null || true
done
rm "$work"/modules/{libmaxminddb,libdeflate,libmicrohttpd,libzstd,rdkafka}.pc
export PKG_CONFIG_LIBDIR=$work/modules

configure() { cmake -S "$root" -B "$work/build" "$@" >"$work/log" 2>&1; }
configure || fail "AUTO fails: $(cat "$work/log")"
for name in "${!package[@]}"; do
    grep -qx -- "-- feature $name: 0" "$work/log" || fail "AUTO found $name: $(cat "$work/log")"
done
for name in "${!package[@]}"; do
    rm -r "$work/build"
    ! configure "-DOVERSIGHT_${name^^}=ON" || fail "$name is missing, and ON configures"
    tr -s ' \n' ' ' <"$work/log" | grep -q "OVERSIGHT_${name^^}=ON needs .*: install Debian's package ${package[$name]}" ||
        fail "ON says of $name: $(cat "$work/log")"
done
echo "features that are missing are omitted, or named"
