#!/usr/bin/env bash
# A secret in an argument is taken out of the list of processes before the program does anything else.
# arguments.sh PROGRAM FIRST_CALL, the library that keeps what the list shows then.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
first_call=$(realpath "$2")
make_registry one.db "$(many 1)"
secret=Geheimnis

# shown ARGUMENT...: what the list has of them when the program has begun.
shown() {
    rm -f shown
    FIRST_CALL=$work/shown LD_PRELOAD=$first_call "$program" "$@" >out 2>err || true
    [ "$(wc -l <shown)" -ge 2 ] || fail "there were few calls: $(cat shown)"
    lacks shown "$secret"
}
for arguments in "--token $secret" "--token=$secret" "--api-key $secret" "--password $secret" "--shared-key=$secret" \
    "--client-secret $secret" "--header X-Key:$secret" "--proxy http://u:$secret@h:1"; do
    # shellcheck disable=SC2086 # an option and its value
    shown export --db one.db $arguments --registry-id reg --to nowhere
    has shown "export --db one.db ${arguments%%[ =]*}"
    has shown "--registry-id reg --to nowhere"
    has err "--to takes"
done
shown sign --workspace-id w --key "$secret" --length 1
shown ping --to splunk --url http://127.0.0.1:1 --token "$secret"
has err "is given as it is" # the program itself has it
# A value that looks like an option, and one that is missing.
shown export --token --token "$secret" --db one.db
shown export --db one.db --token
has err "--token needs a value"
finish
