#!/usr/bin/env bash
# Answers under an encoding that nobody asked for. Needs the feature gzip.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=encoding-secret
registry ten.db 10
declare -A options=([hec]="--to splunk --token env:TOKEN" [bulk]="--to elastic --api-key env:TOKEN")

# export_to STATUS KIND [OPTION]...: ten.db to the receiver that was started last.
export_to() {
    local expected=$1 kind=$2
    shift 2
    # shellcheck disable=SC2086 # several words
    run "$expected" export --db ten.db --registry-id reg ${options[$kind]} --url "$url" "${quick[@]}" "$@"
    lacks err "$TOKEN"
}

for kind in hec bulk; do
    for how in gzip GZIP members deflate raw-deflate identity large; do
        plan "[{\"encode\": \"$how\"}]"
        receive encoded $kind --plan plan.json
        export_to 0 $kind --retries 0
        account encoded none 1 10
        holds encoded "len(data) == 1 and 'accept-encoding' not in data[0]['headers']"
        dismiss
    done
done
to_plain() { # to_plain STATUS PLAN [OPTION]...
    local expected=$1
    plan "$2"
    shift 2
    receive encoded plain --plan plan.json
    run "$expected" export --db ten.db --registry-id reg --format ecs --output "$url" "${quick[@]}" "$@"
    dismiss
}
to_plain 0 '[{"encode": "gzip"}]' --header 'Accept-Encoding: gzip' --retries 0
to_plain 0 '[{"encode": "empty"}]' --retries 0
# What cannot be decoded delivers nothing; the same is sent again.
while read -r how message; do
    to_plain 1 "[{\"encode\": \"$how\"}]" --retries 0
    has err "HTTP 200, but $message"
    has err "10 event(s) left"
    to_plain 0 "[{\"encode\": \"$how\", \"store\": false}]"
    account encoded none 1 10
    has err "1 request(s) had to be made again"
done <<'E'
cut the answer is not the gzip that its Content-Encoding says, or ends within it
trailing the answer is not the gzip that its Content-Encoding says, or ends within it
wrong the answer is not the gzip that its Content-Encoding says, or ends within it
unknown the answer is encoded as 'br': only gzip and deflate can be read
twice the answer is encoded as 'gzip, gzip': only gzip and deflate can be read
bomb the answer is longer than 
E
# Of a refusal, the status speaks, and what can be read of the body: without what it repeats of a credential.
for how in gzip cut; do
    to_plain 4 "[{\"status\": 403, \"encode\": \"$how\", \"body\": \"no right for <{credential}>\"}]" \
        --header "Authorization: Bearer $TOKEN"
    has err "HTTP 403: the credentials do not allow this"
    lacks err "$TOKEN"
    [ $how = cut ] || has err "no right for <***"
done
plan '[{"encode": "gzip"}, {"encode": "deflate"}]' # of the token and of the records
receive azure ingestion --client-secret "$TOKEN" --plan plan.json --fault-tokens
run 0 export --db ten.db --registry-id reg --to azure --endpoint "$url" --login-url "$url" --rule-id d --stream s --tenant t \
    --client-id c --client-secret env:TOKEN --retries 0
account azure none 1 10
finish
