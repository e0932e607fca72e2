#!/usr/bin/env bash
# sign: the header, verified with openssl; keys that never show.
. "$(dirname "$0")/check.sh"
key=$(printf 'only a test, no key' | base64 -w0)
hex=$(printf 'only a test, no key' | od -An -tx1 | tr -d ' \n')
date='Mon, 15 Jan 2024 10:00:00 GMT'
signature=$(printf 'POST\n42\napplication/json\nx-ms-date:%s\n/api/logs' "$date" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary | base64 -w0)

echo "$key" >key
run 0 sign --workspace-id ws --key file:key --length 42 --date "$date"
has out "x-ms-date: $date"
has out "Authorization: SharedKey ws:$signature"
KEY=$key run 0 sign --workspace-id ws --key env:KEY --length 42 --date "$date"
has out "SharedKey ws:$signature"
run 0 sign --workspace-id ws --key file:key --length 42
grep -Eq '^x-ms-date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$' out || fail "the date of today"

run 2 sign --workspace-id ws --key "$key" --length 42
has err "a key on the command line shows in ps"
lacks err "$key"
run 2 sign --workspace-id ws --length 1 "--key:$key"
lacks err "$key"
run 2 sign --workspace-id ws --length 1 "--key$key"
lacks err "$key"
run 1 sign --workspace-id ws --key file:. --length 1
has err "Is a directory"
printf 'a\0b\n' >nul
run 1 sign --workspace-id ws --key file:nul --length 1
has err "not text"
run 2 sign --workspace-id ws --key file:key --length -1
run 2 sign --workspace-id ws --key file:key --length many
run 1 sign --workspace-id ws --key file:none --length 1
has err "No such file"
run 1 sign --workspace-id ws --key env:NO_SUCH_NAME --length 1
has err "not set"
echo 'secret but no base64!' >bad
run 1 sign --workspace-id ws --key file:bad --length 1
has err "not base64"
lacks err "secret but"
finish
