# shellcheck shell=bash
# kafka.sh: a broker of Kafka 4 (KRaft, one process) on loopback; sourced after tests/cli/check.sh.
# shellcheck source=tests/integration/servers/java.sh
source "$root/tests/integration/servers/java.sh"
KAFKA=org.apache.kafka:kafka_2.13:4.3.1
broker='' brokers='' guarded=''

# prepare_broker: gets Kafka, and formats the folder of a broker. $brokers is its address; $guarded is the one that asks
# for a user and a password: oversight, right.
prepare_broker() {
    local port controller id
    get_jars "$KAFKA"
    port=$(free_port)
    controller=$(free_port)
    brokers=127.0.0.1:$port
    guarded=127.0.0.1:$(free_port)
    cat >server.properties <<P
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:$controller
listeners=PLAINTEXT://$brokers,GUARDED://$guarded,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://$brokers,GUARDED://$guarded,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT
listener.name.guarded.sasl.enabled.mechanisms=PLAIN
listener.name.guarded.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_oversight="right";
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=$PWD/data
num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
P
    id=$(python3 -c 'import base64, uuid; print(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22])')
    java -cp 'lib/*' kafka.tools.StorageTool format --standalone -t "$id" -c server.properties >format.log 2>&1 ||
        fail "the broker's folder cannot be formatted: $(tail -n 3 format.log)"
}

# start_broker [PROPERTY...]: starts it with further properties, and waits until it answers.
start_broker() {
    cp server.properties running.properties
    printf '%s\n' "$@" >>running.properties
    java -Xms256m -Xmx512m -cp 'lib/*' kafka.Kafka running.properties >>broker.log 2>&1 &
    broker=$!
    until_within 90 kcat -b "$brokers" -L -m 2 || { tail -n 20 broker.log; fail "the broker does not start"; exit 1; }
}

# end_broker SIGNAL
end_broker() {
    kill "-$1" "$broker"
    wait "$broker" 2>/dev/null || true
}

# read_topic TOPIC FORMAT: what is there, as kcat prints it.
read_topic() { kcat -b "$brokers" -C -t "$1" -e -q -f "$2"; }
