# shellcheck shell=bash
# opensearch.sh: a node of OpenSearch on loopback; sourced after tests/cli/check.sh.
# shellcheck source=tests/integration/servers/java.sh
source "$root/tests/integration/servers/java.sh"
OPENSEARCH=2.19.6 LOG4J=2.25.4 # log4j-core must be of the version of log4j-api, which OpenSearch brings
node='' url=''

# prepare_node: gets OpenSearch, and makes the folder of a node. $url is its address.
prepare_node() {
    get_jars "org.opensearch:opensearch:$OPENSEARCH" "org.opensearch.plugin:transport-netty4-client:$OPENSEARCH" \
        "org.opensearch.plugin:analysis-common:$OPENSEARCH" "org.apache.logging.log4j:log4j-core:$LOG4J"
    mkdir -p node/config node/data
    printf '%s\n' 'status = error' 'appender.c.type = Console' 'appender.c.name = c' \
        'appender.c.layout.type = PatternLayout' 'appender.c.layout.pattern = [%p] %c{1} %m%n' \
        'rootLogger.level = warn' 'rootLogger.appenderRef.c.ref = c' >node/config/log4j2.properties
    javac -cp 'lib/*' -d . "$root/tests/integration/servers/OpenSearchNode.java"
    http_port=$(free_port)
    transport_port=$(free_port)
    url=http://127.0.0.1:$http_port
}

# start_node [SETTING=VALUE...]: starts it with further settings, and waits until it answers.
start_node() {
    java -Xms512m -Xmx1g -Dlog4j2.configurationFile=node/config/log4j2.properties -cp '.:lib/*' OpenSearchNode node \
        "http.port=$http_port" "transport.port=$transport_port" \
        cluster.routing.allocation.disk.threshold_enabled=false "$@" >>node.log 2>&1 &
    node=$!
    until_within 90 ask GET "/_cluster/health?wait_for_status=yellow&timeout=30s" ||
        { tail -n 20 node.log; fail "the node does not start"; exit 1; }
}

# end_node SIGNAL
end_node() {
    kill "-$1" "$node"
    wait "$node" 2>/dev/null || true
}

# ask METHOD PATH [FILE]: what the node answers, to the file as body; an error is a failure.
ask() { python3 "$root/tests/integration/servers/ask.py" "$1" "$url$2" "${3:-/dev/null}"; }

# stored INDEX: how many documents it has.
stored() { ask GET "/$1/_count?filter_path=count" | tr -dc 0-9; }
