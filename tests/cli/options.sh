#!/usr/bin/env bash
# Options as they are typed: short names, wrong ones, help where it is asked for; and no message repeats a secret.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"
export=(export --db r.db --registry-id reg)

# ---- short names ----
run 0 "${export[@]}" --format ecs --output long.jsonl --quiet
run 0 "${export[@]}" -f ecs -o short.jsonl -q
same long.jsonl short.jsonl
[ ! -s err ] || fail "-q prints: $(cat err)"
run 0 "${export[@]}" -qfecs -oclose.jsonl
same long.jsonl close.jsonl
run 0 "${export[@]}" -q -f=ecs -o=equals.jsonl
same long.jsonl equals.jsonl
run 0 "${export[@]}" -f ecs -o -
same long.jsonl out
run 2 "${export[@]}" -qo
has err "--output needs a value: -|FILE|URL"
run 2 "${export[@]}" -o ''
has err "--output is empty"
for name in -h --help; do
    run 0 export $name
    has out "Usage: oversight-siem export"
    run 0 $name
    has out "Usage: oversight-siem COMMAND"
done
"$program" --version >version
for name in -v "export -v" "export --db x --version" "run -v"; do
    # shellcheck disable=SC2086 # several words
    run 0 $name
    same version out
done

# ---- help ----
run 0 export --help
cp out help
run 0 help export
same help out
run 0 export --db x --limit 3 -h --nonsense
same help out
run 2 export --nonsense --help
run 0 help
has out "Usage: oversight-siem COMMAND"
run 2 help exprot
has err "there is no command 'exprot'; did you mean export?"
run 0 sinks splunk
cp out of_splunk
for words in "export --to splunk --help" "export -h --to=splunk" "help export --to splunk" "ping --to splunk -h"; do
    # shellcheck disable=SC2086 # several words
    run 0 $words
    has out "splunk: Splunk HTTP Event Collector"
    grep -qxF -f <(grep -- --ack-timeout of_splunk) out || fail "$words lacks options of splunk"
    has out "86400; default: 300)"
done
lacks help "--ack-timeout"
run 0 run -h script.lua
has out "Usage: oversight-siem run"
echo 'print(...)' >script.lua
run 0 script.lua -h --help -x
[ "$(cat out)" = "-h	--help	-x" ] || fail "arguments of a script are taken: $(cat out)"

# Each help begins with two examples, which the command takes.
for command in "" $(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <("$program" --help)); do
    # shellcheck disable=SC2086 # none or one
    run 0 $command --help
    [ "$(head -n 1 out)" = "Examples:" ] || fail "the help of $command begins with: $(head -n 1 out)"
    [ "$(sed '/^$/q' out | grep -c '^  oversight-siem ')" -eq 2 ] || fail "$command has other than two examples"
done
run 0 run "$root/tests/cli/examples.lua"
has out "the commands take their examples"

# ---- what is not known: named up to "=", with what may have been meant ----
wrong() { # MESSAGE ARGUMENT...
    local message=$1
    shift
    run 2 "$@"
    has err "$message"
}
wrong "there is no command 'frobnicate'" frobnicate
wrong "there is no command 'epxort'; did you mean export?" epxort
wrong "there is no command 'version'; did you mean --version?" version
wrong "the first argument is a command" --db r.db export
wrong "--fromat is not an option of export; did you mean --format?" "${export[@]}" --fromat=ecs
wrong "--ouptut is not an option of export; did you mean --output?" "${export[@]}" --ouptut x
wrong "--tokne is not an option of export; did you mean --token?" "${export[@]}" --tokne=hunter2
wrong "--registry_id is not an option of export; did you mean --registry-id?" "${export[@]}" --registry_id=x
wrong "-format is not an option of export; did you mean --format?" "${export[@]}" -format ecs
wrong "-tokn is not an option of export; did you mean --token?" "${export[@]}" -tokn hunter2
wrong "-x is not an option of export" "${export[@]}" -qx
wrong "--xyzzy is not an option of where" where --xyzzy ecs
wrong "argument 5 is not an option of export" "${export[@]}" -5
wrong "token= (argument 5), after the value of --registry-id, is where an option is expected; did you mean --token?" \
    export -q --db r.db --registry-id=x token=hunter2
wrong "argument 3, after the value of --db, is where an option is expected" export --db r.db other.db
wrong "argument 5, after the value of --registry-id, is where an option is expected; did you mean --limit?" \
    "${export[@]}" limit 3
wrong "--format needs a value: NAME, and --limit is next" "${export[@]}" --format --limit 3
wrong "--limit takes a whole number, not '1.5'" "${export[@]}" --limit 1.5
wrong "there is one argument too many: argument 3" where --color=never ecs splunk
wrong "there is one argument too many: argument 3" diff -- ecs --db r.db
wrong "there is one argument too many: argument 2" sinks splunk elastic
wrong "there is no kind of sink 'splnk' (did you mean 'splunk'?)" sinks splnk
wrong "unknown format 'eccs' (did you mean 'ecs'?)" "${export[@]}" --format eccs
wrong "NAME is missing" where
wrong "--quiet takes no value" "${export[@]}" --quiet=yes

# ---- what may be a secret is in no message ----
silent() { # ARGUMENT...    -h is help, also as the first letter of a secret
    local status=0
    "$program" "$@" >one 2>&1 || status=$?
    [ "$status" -eq 2 ] || grep -q '^Usage' one || fail "status $status: $*"
    cat one >>said
}
for secret in hunter2 'hunter/two+AAAA==' 'c29tZSBzZWNyZXQgdGV4dA==' 'a pass phrase'; do
    silent "$secret"
    silent help "$secret"
    silent "${export[@]}" "$secret"
    silent "${export[@]}" "tokn=$secret"
    silent "${export[@]}" --tokn="$secret"
    silent "${export[@]}" --tokn "$secret"
    silent "${export[@]}" -p"$secret"
    silent "${export[@]}" "-$secret"
    silent "${export[@]}" "--$secret"
    silent "${export[@]}" -q"$secret"
    silent "${export[@]}" --limit "$secret"
    silent "${export[@]}" --quiet="$secret"
    silent "${export[@]}" --token --index "$secret"
    silent where a "$secret"
    silent sign --workspace-id w --length 1 --key "$secret"
done
for secret in hunter2 hunter/two c29tZS phrase; do lacks said "$secret"; done

# ---- a token from a file ----
echo Geheimnis >token
chmod 600 token
post=(--to splunk --url http://127.0.0.1:1 --dry-run)
run 0 "${export[@]}" "${post[@]}" --token file:token
cp out expected
run 0 "${export[@]}" "${post[@]}" --token @token
same expected out
lacks err "is given as it is"
run 4 "${export[@]}" "${post[@]}" --token @absent
has err "splunk: --token: cannot open 'absent'"
if has_feature kafka; then
    topic=(--to kafka --brokers 127.0.0.1:1 --topic t --dry-run --kafka security.protocol=sasl_plaintext
        --kafka sasl.mechanism=PLAIN --kafka sasl.username=u)
    run 0 "${export[@]}" "${topic[@]}" --kafka sasl.password=@token
    lacks err "is given as it is"
    run 0 "${export[@]}" "${topic[@]}" --kafka sasl.password=hunter2
    has err "sasl.password in --kafka is given as it is"
    run 4 "${export[@]}" "${topic[@]}" --kafka sasl.password=@absent
    has err "--kafka sasl.password: cannot open 'absent'"
fi
echo c2VjcmV0 >key
run 0 sign --workspace-id w --length 1 --date now --key file:key
cp out expected
run 0 sign --workspace-id w --length 1 --date now --key @key
same expected out
finish
