#!/usr/bin/env bash
# Rows on which the reference crashes, and what outsiders choose: all come out, counted.
. "$(dirname "$0")/check.sh"
make_registry r.db "
INSERT INTO events (id, token_id, kind, timestamp) VALUES (1, CAST(x'ff41c0af' AS TEXT), 'dns', 100);
INSERT INTO events (id, token_id, kind, timestamp) VALUES (2, x'626c6f62', 'dns', 100);
INSERT INTO events (id, token_id, kind, timestamp) VALUES (3, 't', 'dns', 'tomorrow');
INSERT INTO events (id, token_id, kind, timestamp) VALUES (4, 't', 'dns', 999999999999999);
INSERT INTO events (id, token_id, kind, timestamp, extra) VALUES (5, 't', 'dns', 100,
    replace(hex(zeroblob(200)), '00', '[') || replace(hex(zeroblob(200)), '00', ']'));
INSERT INTO events (id, token_id, kind, timestamp, extra) VALUES (6, 't', 'dns', 100, '{\"a\": NaN}');
INSERT INTO events (id, token_id, kind, timestamp, extra) VALUES (7, 't', 'dns', 100,
    '{\"k\": \"' || hex(zeroblob(1500000)) || '\"}');
INSERT INTO events (id, token_id, kind, timestamp) VALUES (8, char(10) || char(0) || '\"\\' || char(27), 'dns', 100);
INSERT INTO events (id, token_id, kind, timestamp, tlog_index) VALUES (9, 't', 'dns', 100, 9e999);
INSERT INTO events (id, token_id, kind, timestamp, user_agent) VALUES (10, 't', char(0x202e), 100, CAST(x'eda080' AS TEXT));
INSERT INTO events (id, token_id, kind, timestamp) VALUES (11, 't', 'dns', 100.5);
"
for format in splunk ecs sentinel; do
    run 0 export --db r.db --registry-id reg --format "$format"
    lines out 11
    python3 -c 'import json, sys
for line in open("out", encoding="ascii"): json.loads(line)' || fail "$format: not JSON"
    has err "[ok] exported 11 event(s) as $format"
    tr -s '\n ' ' ' <err >joined
    has joined "8 event(s) needed repair: 2 with text that was not UTF-8, 1 with a blob in a text column,"
    has joined "2 with a timestamp that is not a time, 2 with extra nested too deep or with NaN, 1 with an infinite number"
done
has out '"TokenId":"\ufffdA\ufffd\ufffd"'
has out '"TokenId":"blob"'
has out '"TokenId":"\n\u0000\"\\\u001b"'
has out '"TlogIndex":"Infinity"'
has out '"ExtraJson":"{\"raw\":\"{\\\"a\\\": NaN}\"}"'
grep -F '"EventId":"3"' out | grep -qvF TimeGenerated || fail "event 3 has a time"
run 0 export --db r.db --registry-id reg --format splunk
grep -F '"event_id":"4"' out | grep -qF '{"time":0.0,' || fail "event 4 has a time"

# Outsiders' text costs no more than its size.
make_registry quotes.db "INSERT INTO events (token_id, kind, timestamp, user_agent) VALUES ('t', 'dns', 1,
    replace(hex(zeroblob(200000)), '00', '\"') || '\'), ('t', 'dns', 1, '{[,:]}');"
run 0 export --db quotes.db --registry-id reg --format sentinel --pretty
python3 -c 'import json, sys
text = open("out").read(); decoder = json.JSONDecoder(); record, end = decoder.raw_decode(text)
assert record["UserAgent"] == "\"" * 200000 + "\\", "changed"
assert decoder.raw_decode(text[end:].lstrip())[0]["UserAgent"] == "{[,:]}"' || fail "--pretty changed a record"

# On a terminal nothing of it moves the cursor.
run 0 inspect --db r.db
! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" out || fail "inspect prints control characters"
! LC_ALL=C grep -q "$(printf '\342\200\256')" out || fail "inspect turns the direction of text"
awk 'length > 80 { exit 1 }' out || fail "inspect is wider than 80 columns"
has out "Events        11"
finish
