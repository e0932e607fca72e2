#!/usr/bin/env bash
# rsyslog tails the file of an export that follows, through rotations: each record arrives once, and whole.
# Usage: rsyslog.sh PROGRAM     The status is 77 when rsyslog cannot be had.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../../cli/check.sh"
# shellcheck source=tests/integration/servers/server.sh
source "$root/tests/integration/servers/server.sh"
get_packages
rounds=4 per_round=2500
sqlite3 odd.db <"$root/tests/golden/odd.sql"
sqlite3 odd.db "PRAGMA journal_mode = WAL" >/dev/null
records=$((rounds * per_round + $(sqlite3 odd.db 'SELECT count(*) FROM events')))

# ---- an export that follows, a rotation as the example has it, and rsyslog, without a right of root's ----
mkdir -m 755 logs spool
sed "s,/var/log/oversight-siem,$work/logs," "$root/examples/logrotate/oversight-siem" >rotation
chmod 644 rotation
cat >rsyslog.conf <<CONF
global(workDirectory="$work/spool" maxMessageSize="256k")
module(load="imfile")
template(name="line" type="string" string="%msg%\n")
input(type="imfile" file="$work/logs/events.jsonl" tag="oversight")
action(type="omfile" file="$work/arrived.jsonl" template="line")
CONF
unprivileged=()
[ "$(id -u)" -ne 0 ] || unprivileged=(setpriv --bounding-set=-all --inh-caps=-all)
"${unprivileged[@]}" /usr/sbin/rsyslogd -n -f rsyslog.conf -i "$work/rsyslog.pid" >rsyslog.log 2>&1 &
"$program" export --db odd.db --registry-id odd --format ecs --output logs/events.jsonl \
    --follow --checkpoint position.json >follow.out 2>&1 &
follower=$!
until_within 30 test -s arrived.jsonl || fail "nothing arrives: $(cat rsyslog.log follow.out)"

# ---- events are recorded meanwhile; each rotation falls among them ----
insert() { # in transactions of 50
    for ((first = 0; first < per_round; first += 50)); do echo "BEGIN IMMEDIATE; $(many 50) COMMIT;"; done |
        sqlite3 -cmd "PRAGMA busy_timeout = 10000" odd.db >/dev/null
}
for ((round = 1; round <= rounds; round++)); do
    insert &
    until_within 30 test -s logs/events.jsonl || fail "round $round: nothing is written"
    /usr/sbin/logrotate --force --state "$work/state" rotation || fail "logrotate refuses the file"
    wait $!
done
until_within 60 has_lines arrived.jsonl "$records" || true
kill -TERM "$follower"
wait "$follower" || fail "the export ends with $?: $(cat follow.out)"

"$program" export --db odd.db --registry-id odd --format ecs --output expected.jsonl --checkpoint once.json 2>/dev/null
for ((number = rounds; number > 1; number--)); do zcat "logs/events.jsonl.$number.gz"; done >written.jsonl
cat logs/events.jsonl.1 logs/events.jsonl >>written.jsonl
same written.jsonl expected.jsonl
sort arrived.jsonl >arrived
sort expected.jsonl >expected
cmp -s arrived expected || fail "$(comm -13 arrived expected | wc -l) of $records record(s) are missing, $(
    )$(comm -23 arrived expected | wc -l) are torn or there again: $(cat rsyslog.log)"
echo "$records records through $rounds rotations"
finish
