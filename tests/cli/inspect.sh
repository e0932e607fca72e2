#!/usr/bin/env bash
# inspect: counts, range, order, unknown tokens; and the progress line.
. "$(dirname "$0")/check.sh"
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null
run 0 inspect --db sample.db
has out "Events        12"
has out "Time range    2026-01-02T00:00:00Z to 2026-01-03T05:00:00Z"
has out "timestamps follow ids"
has out "  http_img                 5  ####"
has out "  2026-01-03               6  ####"
has out "Unknown tokens: 2"
has out "  ffffffffffffffff  1 event(s)"
run 1 inspect --db none.db
run 2 inspect

make_registry back.db "$(many 3) UPDATE events SET timestamp = 5 WHERE id = 2;"
run 0 inspect --db back.db
has out "timestamps do not follow ids (first at id 2): an export sorts"
has out "no table 'beacons'"
# Times that targets do not take as they are.
make_registry times.db "INSERT INTO events (id, token_id, kind, timestamp) VALUES (4, 't', 'dns', 0),
    (5, 't', 'dns', 'soon'), (6, 't', 'dns', 1e15), (7, 't', 'dns', strftime('%s', 'now', '-3 days')),
    (8, 't', 'dns', strftime('%s', 'now')), (9, 't', 'dns', strftime('%s', 'now', '+3 days'))"
run 0 inspect --db times.db
has out "Without time  3, first id 4: a data stream refuses them, Splunk says 1970"
has out "Past          1 older than two days: Azure replaces their time"
has out "Ahead         1 more than a day ahead: Azure replaces their time"
sqlite3 times.db "DELETE FROM events WHERE id <> 8"
run 0 inspect --db times.db
for line in "Without time" Past Ahead; do lacks out "$line"; done

make_registry empty.db
run 0 inspect --db empty.db
has out "Events        0"
make_registry months.db "$(many 60) UPDATE events SET timestamp = id * 86400 * 10;"
run 0 inspect --db months.db
has out "By month:"
has out "  1970-02                  2  #"
make_registry years.db "$(many 2000) UPDATE events SET timestamp = id * 86400 * 20;"
run 0 inspect --db years.db
has out "By year, the last 31:"
has out "  2050                     19  #"
lacks out "  2048  "
has out "  2049                     18  #"

# On a terminal of 80 columns: a progress line that never wraps, then a clean closing line.
make_registry large.db "$(many 400000)"
script -qefc "stty cols 80; NO_COLOR=1 '$program' export --db large.db --registry-id r --format ecs --output /dev/null" \
    /dev/null </dev/null >screen
tr '\r' '\n' <screen | awk 'length > 80 { exit 1 }' || fail "progress is wider than 80 columns"
has screen "[ok] exported 400,000 event(s) as ecs"
run 0 export --db large.db --registry-id r --format ecs --output /dev/null --progress
tr '\r' '\n' <err >rows
grep -Eq '^\[#+\.*\] +[0-9]+% [0-9]+/400000  [0-9]+/s  ETA [0-9:]+$' rows || fail "no progress line"
finish
