#!/usr/bin/env bash
# TLS: a certificate that does not verify holds at once, nothing is sent, and it is said what to mend.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=tls-secret
registry ten.db 10
"$receivers/certificates.sh" pki

# export_to STATUS [OPTION]...: ten.db to the receiver that was started last. Retries would be slow.
export_to() {
    local expected=$1
    shift
    run "$expected" export --db ten.db --registry-id reg --to splunk --token env:TOKEN --url "$url" \
        --retry-base 30 --retry-cap 60 "$@"
}
# held TEXT OPTION...: nothing arrives, and the message says so.
held() {
    local text=$1
    shift
    export_to 4 "$@" --dead-letter held.dead
    has err "[held] exported 0 event(s)"
    has err "10 event(s) left"
    has err "$text"
    lacks err "made again"
    lines held.dead 0
}
serve() { receive "$1" hec --tls pki/"$2".pem pki/"$2".key "${@:3}"; }

# ---- which authority, which name, which time ----
serve right server
export_to 0 --ca-file pki/ca.pem
account right none 1 10
holds right "data[0]['tls'] in ('TLSv1.2', 'TLSv1.3')"
held "name its authority by ca_file"
held "name its authority by ca_file" --ca-file pki/other-ca.pem
held "ca_file holds no certificate" --ca-file pki/ca.key
held "client_cert" --ca-file pki/ca.pem --client-cert pki/client.pem --client-key pki/server.key
export_to 2 --ca-file pki/missing.pem
has err "--ca-file"
export_to 0 --insecure
has err "warning: insecure: the server's certificate is not verified"
[ "$(grep -c insecure: err)" -eq 1 ] || fail "more than one remark: $(cat err)"
holds right "len(requests) == 2 and len(stored) == 20" # those that were held have sent no token
serve wrong-name wrong-name
held "in the URL a host of the certificate" --ca-file pki/ca.pem
export_to 0 --insecure
holds wrong-name "len(requests) == 1"
serve expired expired
held "expired" --ca-file pki/ca.pem
export_to 0 --insecure
holds expired "len(requests) == 1"
serve unknown other-server
held "does not verify" --ca-file pki/ca.pem
holds unknown "requests == []"
# The other kinds and ping hold it alike.
elastic=(--to elastic --api-key env:TOKEN --url "$url" --ca-file pki/ca.pem)
run 4 export --db ten.db --registry-id reg "${elastic[@]}"
has err "does not verify"
run 4 export --db ten.db --registry-id reg --format ecs --output "$url" --ca-file pki/ca.pem
has err "does not verify"
run 4 export --db ten.db --registry-id reg --to azure --tenant T --client-id C --client-secret env:TOKEN --login-url "$url" \
    --endpoint "$url" --rule-id dcr-1 --stream Custom-S --ca-file pki/ca.pem
has err "does not verify"
run 4 ping "${elastic[@]}"
has err "does not verify"
run 4 ping --output "$url" --ca-file pki/ca.pem
has err "does not verify"
holds unknown "requests == []"

# ---- a certificate of one's own ----
both=(--ca-file pki/ca.pem --client-cert pki/client.pem --client-key pki/client.key)
for version in 1.2 1.3; do
    serve mutual server --client-ca pki/ca.pem --tls-version $version
    export_to 0 "${both[@]}"
    account mutual none 1 10
    holds mutual "data[0]['tls'] == 'TLSv$version'"
    export_to 1 --ca-file pki/ca.pem --retries 0
    has err "10 event(s) left"
    export_to 1 --ca-file pki/ca.pem --client-cert pki/other-server.pem --client-key pki/other-server.key --retries 0
    holds mutual "len(requests) == 1"
done
cat pki/client.pem pki/client.key >pki/together.pem
export_to 0 --ca-file pki/ca.pem --client-cert pki/together.pem
holds mutual "len(requests) == 2"

# ---- HTTP/2, where it is offered ----
mkdir -p www/services/collector
printf '{"text":"Success","code":0}' >www/services/collector/event
for ((h2_port = 20000 + RANDOM % 20000; ; h2_port++)); do
    nghttpd -v --no-content-length -d www "$h2_port" pki/server.key pki/server.pem >h2.log 2>&1 &
    child=$!
    until grep -q 'IPv4: listen' h2.log || ! kill -0 $child 2>/dev/null; do sleep 0.02; done
    grep -q 'IPv4: listen' h2.log && break
done
run 0 export --db ten.db --registry-id reg --to splunk --token env:TOKEN --url "https://127.0.0.1:$h2_port" \
    --ca-file pki/ca.pem --batch-events 2 --in-flight 2
has err "[ok] exported 10 event(s)"
has h2.log "The negotiated protocol: h2"
[ "$(grep -c ':path: /services/collector/event' h2.log)" -eq 5 ] || fail "other requests by HTTP/2: $(grep -c :path: h2.log)"
kill "$child"

# ---- versions before 1.2, also where the system would take them ----
cat >old.conf <<'CONF'
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
CONF
for version in 1.0 1.1; do
    serve old server --tls-version $version
    OPENSSL_CONF=old.conf curl -s --insecure "$url/services/collector/health" >health || fail "the system takes no TLS $version"
    has health "HEC is healthy"
    OPENSSL_CONF=old.conf export_to 1 --insecure --retries 0
    has err "10 event(s) left"
    holds old "data == []"
    dismiss
done

# ---- versions before 1.2 ----
for version in 1.0 1.1; do
    serve old server --tls-version $version
    export_to 1 --ca-file pki/ca.pem --retries 0
    has err "10 event(s) left"
    export_to 1 --insecure --retries 0
    holds old "requests == []"
done

# ---- faults within TLS ----
plan '["reset", "reset-early", "garbage", "reset-answer", {"status": 503}, "http10", "close", "close-late"]'
serve faults server --plan plan.json
run 0 export --db ten.db --registry-id reg --to splunk --token env:TOKEN --url "$url" --ca-file pki/ca.pem \
    "${quick[@]}" --batch-events 2 --in-flight 1
account faults none 1 10 twice
adds_up faults 10

# ---- through a proxy, which sees no more than the name ----
python3 "$receivers/proxy.py" proxy.log user:proxy-secret >proxy.port &
until port=$(sed -n 's/^port //p' proxy.port) && [ -n "$port" ]; do sleep 0.02; done
proxy=127.0.0.1:$port
serve behind server
export_to 0 --ca-file pki/ca.pem --proxy "http://user:proxy-secret@$proxy"
account behind none 1 10
has proxy.log "CONNECT ${url#https://} HTTP/1.1|"
lacks proxy.log "$TOKEN"
lacks proxy.log "Splunk"
holds behind "'proxy-authorization' not in data[0]['headers']"
https_proxy=http://user:proxy-secret@$proxy export_to 0 --ca-file pki/ca.pem
lines proxy.log 2
held "the proxy wants credentials" --ca-file pki/ca.pem --proxy "http://user:wrong-secret@$proxy"
lacks err wrong-secret
holds behind "len(requests) == 2"
finish
