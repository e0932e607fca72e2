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

if ! has_feature gzip; then
    url=http://127.0.0.1:1
    export_to 2 --to http --format ecs --compress gzip
    has err "compress=gzip: this build omits the feature gzip: install libdeflate-dev, and build it with -DOVERSIGHT_GZIP=ON"
    finish
    exit
fi
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
