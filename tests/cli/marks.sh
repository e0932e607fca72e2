#!/usr/bin/env bash
# Text from outside is shown without what moves a cursor, turns the direction of text, or is invisible.
. "$(dirname "$0")/check.sh"
all='\u0007 \u001b[2J \u009b2J \u061c \u200b \u200e \u200f \u2028 \u2029 \u202a \u202e \u2060 \u2066 \u2069 \ufeff \udb40\udc41'
shown='\x1b[2J \u{9b}2J \u{61c} \u{200b} \u{200e} \u{200f} \u{2028} \u{2029} \u{202a} \u{202e} \u{2060} \u{2066} \u{2069} \u{feff} \u{e0041}'
marks=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1]), end="")' "\"$all\"")

# clean FILE: none of them is in it, and all of it is UTF-8.
clean() {
    python3 - "$1" <<'END' || { fail "$1 holds what is unsafe: $(cat -v "$1" | head -c 600)"; }
import re, sys
text = open(sys.argv[1], encoding="utf-8", newline="").read()
unsafe = ("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
          "\ufff9-\ufffb\U000e0000-\U000e007f]")
sys.exit(1 if re.search(unsafe, text) else 0)
END
}
# shows FILE: nothing else is missing, however its lines are wrapped.
shows() {
    clean "$1"
    tr -s '\n ' ' ' <"$1" >joined
    has joined "$shown"
}

cat >bad.lua <<L
local siem = require "oversight.siem"
local format = require "oversight.formats.sentinel":extend "bad" {
  { "Mark $marks", from = "token_id", with = function(value) if value ~= "t" then error("no " .. value, 0) end end },
  { "Other", from = "user_agent" },
}
format.summary = "Says $marks"
return format
L
echo "{\"id\": 1, \"token_id\": \"$all\", \"user_agent\": \"$all\", \"kind\": \"dns\", \"timestamp\": 100}" >event.jsonl
python3 - "$marks" <<'END'
import sqlite3, sys
connection = sqlite3.connect("r.db")
connection.executescript("""PRAGMA journal_mode = WAL; CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT,
    user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);""")
connection.execute("INSERT INTO events (token_id, kind, source_ip, user_agent, timestamp) VALUES (?, ?, ?, ?, 100)", sys.argv[1:] * 4)
connection.commit()
END

# ---- what the commands show of rows and formats ----
run 0 inspect --db r.db
clean out
has out '\x1b[2J \u{9b}2J'
run 1 export --db r.db --registry-id reg --format ./bad.lua
shows err
run 3 export --db r.db --registry-id reg --format ./bad.lua --on-error dead-letter:dead.jsonl
shows err
run 3 try bad.lua <event.jsonl
shows err
run 3 diff bad.lua <event.jsonl
clean out
run 1 check ./bad.lua
clean out
mkdir -p site/oversight/formats "$marks"
cp bad.lua "site/oversight/formats/bad.lua"
LUA_PATH="$work/site/?.lua;;" OVERSIGHT_LUA="$work/site" run 0 formats
clean out
run 0 export --db r.db --registry-id reg --format ecs --output good.jsonl --checkpoint good.cp
run 1 reconcile --db r.db --checkpoint good.cp --file "$marks/none.jsonl"
cat out >>err
shows err

# ---- a dead letter that somebody else wrote ----
echo "{\"time\": \"x\", \"event_id\": \"$all\", \"reason\": \"$all\", \"event\": {\"event_id\": \"$all\"}, \"record\": 1}" >forged.jsonl
printf '{"%s\n' "$marks" >>forged.jsonl
"$program" replay forged.jsonl --format ./bad.lua --output again.jsonl >out 2>err || true
clean out
clean err

# ---- log lines ----
"$program" export --db r.db --registry-id reg --format ./bad.lua --output f.jsonl --follow --checkpoint cp >out 2>log || true
clean log
has log '\u{202e}'
"$program" export --db "$marks/none.db" --registry-id reg --format ecs --output f.jsonl >out 2>err || true
shows err

# ---- names that are refused with them ----
run 2 export --db r.db --registry-id "reg$(printf '\342\200\256')" --format ecs
has err "registry_id holds a control character"
clean err
echo "return require 'oversight.siem'.pipeline { source = {}, format = 'ecs', sink = 'n.jsonl', name = '$marks' }" >named.lua
run 1 run named.lua
has err "name must be text without control characters"
clean err

# ---- scripts from elsewhere ----
echo "print('$marks')" >script.lua
run 0 run --restricted script.lua
shows out
finish
