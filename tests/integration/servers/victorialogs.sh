# shellcheck shell=bash
# victorialogs.sh: VictoriaLogs, a store that takes events as Splunk's HTTP Event Collector does, and vmauth, a proxy
# before it that asks for a token; both on loopback; sourced after tests/cli/check.sh.
# shellcheck source=tests/integration/servers/server.sh
source "$root/tests/integration/servers/server.sh"
VICTORIALOGS=github.com/VictoriaMetrics/VictoriaLogs VICTORIALOGS_VERSION=v1.52.1
VMAUTH=github.com/VictoriaMetrics/VictoriaMetrics/app/vmauth # of the version that VictoriaLogs needs
store='' store_url='' guard='' url=''

# prepare_store: gets and builds both. $store_url is the store's address, $url the guarded one's; its token is "right".
prepare_store() {
    export GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0
    command -v go >/dev/null || cannot "Go is not installed"
    printf 'module real\ngo 1.26\n' >go.mod
    timeout 120 go get "$VICTORIALOGS/app/victoria-logs@$VICTORIALOGS_VERSION" >go.log 2>&1 ||
        cannot "the Go module proxy is out of reach: $(tail -n 1 go.log)"
    mkdir -p bin
    timeout 300 go build -o bin/ "$VICTORIALOGS/app/victoria-logs" "$VMAUTH" >go.log 2>&1 ||
        cannot "VictoriaLogs cannot be built: $(tail -n 1 go.log)"
    store_url=http://127.0.0.1:$(free_port)
    url=http://127.0.0.1:$(free_port)
    cat >guard.yml <<Y
users:
  - {auth_token: "Splunk right", url_prefix: "$store_url"}
Y
    bin/vmauth -auth.config=guard.yml -httpListenAddr="${url#http://}" >guard.log 2>&1 &
    guard=$!
}

# start_store: starts it, and waits until it answers.
start_store() {
    bin/victoria-logs -storageDataPath=store -httpListenAddr="${store_url#http://}" -retentionPeriod=100y >>store.log 2>&1 &
    store=$!
    until_within 60 stored '*' || { tail -n 20 store.log; fail "the store does not start"; exit 1; }
}

# end_store: it writes what it has in memory first.
end_store() {
    kill "$store"
    wait "$store" 2>/dev/null || true
}

# end_guard
end_guard() {
    kill "$guard"
    wait "$guard" 2>/dev/null || true
}

# query TEXT: the events that are stored, one a line.
query() { curl -sS --fail --max-time 60 --noproxy '*' "$store_url/select/logsql/query" --data-urlencode "query=$1"; }

# stored TEXT: how many those are.
stored() { query "$1 | count() as events" | tr -dc 0-9; }
