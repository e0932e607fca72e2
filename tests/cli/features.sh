#!/usr/bin/env bash
# What a build has beyond the core: --version lists it, and what it omits is missed with a message.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"
# The libraries that it is linked against, and those that it loads by name.
linked=$(objdump -p "$program" | sed -n 's/^ *NEEDED *//p'; strings "$program" | grep -x 'lib.*\.so\.[0-9]*')
export_events=(export --db r.db --registry-id reg)

run 0 --version
lines out 2
[[ "$(sed -n 1p out)" =~ ^oversight-siem\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$(sed -n 1p out)"
[[ "$(sed -n 2p out)" =~ ^features:(\ [+-][a-z]+)+$ ]] || fail "$(sed -n 2p out)"

# feature NAME LIBRARY PACKAGE STATUS ARGUMENT...: a feature is built and its library is linked, or neither is, and
# the call ends with the status and a message that names the package.
feature() {
    local name=$1 library=$2 package=$3 status=$4
    shift 4
    "$program" --version | grep -qE "^features:.* [+-]$name( |$)" || fail "--version lacks $name"
    if has_feature "$name"; then
        grep -q "^$library\.so" <<<"$linked" || fail "$name does not use $library"
        return
    fi
    ! grep -q "^$library\.so" <<<"$linked" || fail "without $name, $library is used"
    run "$status" "$@"
    has err "this build omits the feature $name: install $package, and build it with -DOVERSIGHT_${name^^}=ON"
    lacks err traceback
}
cat >places.lua <<'L'
local siem = require "oversight.siem"
return require "oversight.formats.ecs":extend "places" {
  { "place", from = "source_ip", lookup = siem.lookup.geoip "places.mmdb" },
}
L
feature geoip libmaxminddb libmaxminddb-dev 1 "${export_events[@]}" --format ./places.lua
feature gzip libdeflate libdeflate-dev 2 "${export_events[@]}" --to http --url http://127.0.0.1:1 --format ecs --compress gzip
feature kafka librdkafka librdkafka-dev 2 "${export_events[@]}" --to kafka --brokers 127.0.0.1:1 --topic t --format ecs
feature kafka librdkafka librdkafka-dev 2 export --format ecs --from kafka --brokers 127.0.0.1:1 --topic t --group g --follow --kafka x=1
feature zstd libzstd libzstd-dev 2 "${export_events[@]}" --to http --url http://127.0.0.1:1 --format ecs --compress zstd
feature metrics libmicrohttpd libmicrohttpd-dev 2 "${export_events[@]}" --format ecs --follow --output out.jsonl \
    --metrics-listen 127.0.0.1:0
finish
