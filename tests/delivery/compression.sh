#!/usr/bin/env bash
# Bodies that are compressed: what a build without the feature says, and targets that take none.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=compression-secret
registry ten.db 10

# export_to STATUS [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1
    shift
    run "$expected" export --db ten.db --registry-id reg --url "$url" "${quick[@]}" "$@"
}

# missing NAME PACKAGE: a build without it says what it takes.
missing() {
    url=http://127.0.0.1:1
    export_to 2 --to http --format ecs --compress "$1"
    has err "compress=$1: this build omits the feature $1: install $2, and build it with -DOVERSIGHT_${1^^}=ON"
}

# ---- zstd: where a target takes it ----
if has_feature zstd; then
    for level in 1 19; do
        receive zstd-$level plain
        export_to 0 --to http --format ecs --compress zstd --compress-level $level
        account zstd-$level none 1 10
        holds zstd-$level "data[0]['encoding'] == 'zstd' and data[0]['wire'] < data[0]['body'] / 2"
    done
    for target in "splunk --token env:TOKEN" "elastic --api-key env:TOKEN"; do
        # shellcheck disable=SC2086 # several words
        export_to 2 --to $target --compress zstd
        has err "this target takes no zstd"
    done
else
    missing zstd libzstd-dev
fi

# ---- gzip ----
if ! has_feature gzip; then
    missing gzip libdeflate-dev
    plan '[{"encode": "gzip"}]' # that nobody asked for
    receive encoded plain --plan plan.json
    export_to 1 --to http --format ecs --retries 0
    has err "HTTP 200, but the answer is encoded as 'gzip': this build omits the feature gzip: install libdeflate-dev"
    finish
    exit
fi
for level in 1 12; do
    receive gzip-$level hec --token "$TOKEN"
    export_to 0 --to splunk --token env:TOKEN --compress gzip --compress-level $level
    account gzip-$level none 1 10
    holds gzip-$level "data[0]['encoding'] == 'gzip'"
done
wire() { sed -n 's/.*"wire": \([0-9]*\).*/\1/p' "$1/requests.jsonl"; }
[ "$(wire gzip-12)" -lt "$(wire gzip-1)" ] || fail "level 12 is no smaller than 1: $(wire gzip-12) and $(wire gzip-1)"
receive plain hec --token "$TOKEN"
export_to 2 --to splunk --token env:TOKEN --compress gzip --compress-level 13
has err "compress-level is 12 at most for gzip"
export_to 2 --to splunk --token env:TOKEN --compress-level 1
has err "compress-level goes with"
receive nothing hec --no-gzip
export_to 4 --to splunk --token env:TOKEN --compress gzip
has err "the collector takes no compressed bodies"

# ---- the example, which compresses ----
registry poison.db 30 "UPDATE events SET user_agent = 'poison' WHERE id IN (2, 29)"
receive datadog plain --success-status 202 --require-header 'DD-API-KEY: geheim1'
DD_API_KEY=geheim1 DB='' run 3 "$root/examples/http/datadog.lua" poison.db "$url/api/v2/logs"
has err "exported 28 event(s)"
account datadog datadog-refused.jsonl 1 30
lines datadog-refused.jsonl 2
holds datadog "records[0]['ddsource'] == 'oversight' and all(one['gzip'] for one in data)"
lacks datadog-refused.jsonl geheim1
DD_API_KEY=falsch1 run 4 "$root/examples/http/datadog.lua" ten.db "$url"
has err "HTTP 401"
lacks err falsch1
env -u DD_API_KEY "$program" "$root/examples/http/datadog.lua" ten.db "$url" 2>err && fail "no key is enough"
has err "DD_API_KEY is not set"
finish
