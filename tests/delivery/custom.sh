#!/usr/bin/env bash
# Sinks that are Lua tables: those that send, and those that say what a request holds.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
registry ten.db 10
registry poison.db 30 "UPDATE events SET user_agent = 'poison' WHERE id IN (2, 29)"

# script FILE: a pipeline over the registry $DB to the sink that standard input defines; the arguments
# of the script are dead letter and URL.
script() {
    cat - >sink.lua
    cat >"$1" <<END
local siem = require "oversight.siem"
local sink = dofile "sink.lua"
return siem.pipeline {
  name = "own", source = { path = os.getenv "DB", registry_id = "reg" }, format = "ecs", sink = sink,
  dead_letter = arg[1] ~= "" and arg[1] or nil,
}
END
}
# calls WANT: what the sink wrote down of its calls.
calls() { [ "$(cat calls 2>/dev/null)" = "$1" ] || fail "calls are '$(cat calls)' instead of '$1'"; }
export DB=ten.db

# ---- send(batch) with an outcome a record ----
script outcomes.lua <<'END'
local call = 0
return {
  send = function(_, batch)
    call = call + 1
    local outcomes, file = {}, assert(io.open("calls", "a"))
    for i, _, event_id in batch:records() do
      file:write(call, ":", event_id, " ")
      if call == 1 and event_id == "2" then outcomes[i] = { "reject", "too old" }
      elseif call == 1 and event_id == "3" then outcomes[i] = "reject"
      elseif call == 1 and tonumber(event_id) > 7 then outcomes[i] = { "retry", "busy" }
      elseif call == 2 and event_id == "9" then outcomes[i] = "retry"
      else outcomes[i] = "delivered" end
    end
    file:close()
    return outcomes
  end,
  close = function()
    local file = assert(io.open("calls", "a"))
    file:write "close"
    file:close()
  end,
}
END
run 3 outcomes.lua own.dead
calls '1:1 1:2 1:3 1:4 1:5 1:6 1:7 1:8 1:9 1:10 2:8 2:9 2:10 3:9 close'
has err "exported 8 event(s)"
has err "2 event(s) refused and kept in own.dead"
lines own.dead 2
grep -q '"event_id":"2".*"reason":"too old"' own.dead || fail "the reason of event 2: $(cat own.dead)"
has own.dead '"event":{'
grep -q '"event_id":"3".*"reason":"the sink gave no reason"' own.dead || fail "the reason of event 3: $(cat own.dead)"
rm calls
run 1 outcomes.lua
has err "event 2: "
has err "too old"

# hold ends it, and what is decided beside it counts.
script holds.lua <<'END'
return { send = function() return { "delivered", { "hold", "no right" }, "delivered", "retry", "retry", "retry", "retry",
  "retry", "retry", "retry" } end }
END
run 4 holds.lua own-hold.dead
has err "no right"
has err "exported 2 event(s)"
lines own-hold.dead 0

# ---- lists that are wrong ----
wrong_list() {
    script wrong.lua <<<"return { send = function(_, batch) $1 end }"
    run 1 wrong.lua wrong.dead
    has err "$2"
    has err "exported 0 event(s)"
    lacks err "stack traceback"
    lines wrong.dead 0
}
wrong_list 'return {}' "0 outcome(s) for 10 record(s)"
wrong_list 'return { "delivered" }' "1 outcome(s) for 10 record(s)"
wrong_list 'local t = {} for i = 1, 11 do t[i] = "delivered" end return t' "11 outcome(s) for 10 record(s)"
wrong_list 'local t = {} for i = 1, 10 do t[i] = "fine" end return t' "not fine"
wrong_list 'local t = {} for i = 1, 10 do t[i] = "delivered" end t[7] = {} return t' "not nil"
wrong_list 'local t = {} for i = 1, 10 do t[i] = "delivered" end t[10] = true return t' "not true"
wrong_list 'local t = {} for i = 1, 10 do t[i] = "undecided" end return t' "not undecided"
wrong_list 'return nil, {}' "a reason is a string, not a table"
wrong_list 'error "out of paper"' "out of paper"
wrong_list 'return nil, "no more"' "no more"
wrong_list 'return false' "send returned false"
wrong_list 'error {}' "an error of type table was raised: raise a text"
script none.lua <<<'return { sned = true }'
run 1 none.lua
has err "send"

# ---- a batch that is kept ----
script kept.lua <<'END'
local kept
return { send = function(_, batch)
  if kept then
    local ok, message = pcall(function() return kept:at(1) end)
    local file = assert(io.open("kept", "a"))
    file:write(tostring(ok), " ", tostring(message), "\n")
    file:close()
  end
  kept = batch
  return true
end, close = function()
  local ok, message = pcall(function() return kept:at(1) end)
  local file = assert(io.open("kept", "a"))
  file:write(tostring(ok), " ", tostring(message), "\n")
  file:close()
end }
END
run 0 kept.lua
lines kept 1
has kept "false"
has kept "closed"

# ---- over the transport ----
# With nothing but a URL: arrays, and what the status says.
receive plain plain --bodies
script url.lua <<<"return { url = '$url/in', batch_events = 4, in_flight = 1 }"
run 0 url.lua
account plain none 1 10
run 0 export --db ten.db --registry-id reg --format ecs --output ten.jsonl
records plain >sent.jsonl
same ten.jsonl sent.jsonl
holds plain "[one['stored'] for one in data] == [4, 4, 2] and data[0]['path'] == '/in'"
holds plain "data[0]['headers']['content-type'] == 'application/json'"

# Headers by a table, a body of one's own, gzip.
receive body plain --framing ndjson
script body.lua <<END
return {
  url = "$url", compress = "${compressions[-1]}", batch_events = 3, in_flight = 1,
  headers = { ["X-Fixed"] = "yes", ["Content-Type"] = "text/own" },
  body = function(self, batch)
    local lines = {}
    for i, record, event_id in batch:records() do lines[i] = ('{"event_id":"%s","n":%d}\n'):format(event_id, #record) end
    return table.concat(lines)
  end,
}
END
run 0 body.lua
account body none 1 10
holds body "len(data) == 4 and all(one['gzip'] == ('${compressions[-1]}' == 'gzip') for one in data) and records[0]['n'] > 100"
holds body "all(one['headers']['x-fixed'] == 'yes' and one['headers']['content-type'] == 'text/own' for one in data)"
# Headers and body by functions, which see the records of this request alone, also of a half.
receive halves plain --poison-status 422
script halves.lua <<END
local function first(batch) return select(2, batch:at(1)) end
return {
  url = "$url", in_flight = 1,
  headers = function(_, batch) return { ["X-First"] = first(batch), ["X-Count"] = tostring(#batch), Authorization = "x" } end,
}
END
DB=poison.db run 3 halves.lua halves.dead
account halves halves.dead 1 30
lines halves.dead 2
holds halves "data[0]['headers']['x-count'] == '30' and data[1]['headers']['x-count'] == '15'"
holds halves "all(one['headers']['x-first'] == records[[s['request'] for s in stored].index(one['number'])]['event']['id']
    for one in data if one['stored'])"

# outcome: verdicts, split, a list, nil.
answers() { # answers STATUS LUA PLAN [WORD]
    plan "$3"
    receive answers plain --plan plan.json
    script answers.lua <<<"return { url = '$url', retry_base = 0.01, retries = 3,
        outcome = function(_, response) $2 end }"
    rm -f answers.dead
    run "$1" answers.lua answers.dead
    [ $# -lt 4 ] || has err "$4"
    dismiss
}
answers 0 'return response.status == 409 and "delivered" or nil' '[{"status": 409}]'
holds answers "statuses == [409]"
has err "exported 10 event(s)"
answers 0 'if response.body:find "later" then return "retry", "it says later" end' '[{"status": 200, "body": "later"}]'
holds answers "statuses == [200, 200]"
account answers answers.dead 1 10
answers 1 'return "retry", "it says " .. response.body' '[]' "it says {\"accepted\":10}"
holds answers "len(data) == 4"
answers 4 'if response.status == 404 then return "hold", "make the table" end' '[{"status": 404}]' "make the table"
lines answers.dead 0
answers 3 'if response.status == 418 then return "reject", "teapot" end' '[{"status": 418}]' "10 event(s) refused"
grep -q '"http_status":418.*"reason":"teapot"' answers.dead || fail "the reasons of outcome: $(head -n 1 answers.dead)"
answers 0 'if response.status == 418 then return "split", "teapot" end' '[{"status": 418}]'
holds answers "[one['stored'] for one in data] == [0, 5, 5]"
answers 3 'if response.status == 207 then local list = {} for i = 1, 10 do list[i] = "delivered" end
    list[3], list[4], list[5] = { "reject", "third" }, "reject", { "retry", "soon" } return list end' \
    '[{"status": 207, "body": "x"}]' "2 event(s) refused"
holds answers "len(data) == 2 and [one['event']['id'] for one in records] == ['5']"
has err "exported 8 event(s)"
has own.dead '"event":{'
grep -q '"event_id":"3".*"http_status":207.*"reason":"third"' answers.dead || fail "a reason of a list: $(cat answers.dead)"
answers 0 'if response.status == 429 then return "retry", tostring(response.retry_after) end' \
    '[{"status": 429, "retry_after": 1}]'
holds answers "pauses[0] >= 0.99"
answers 4 'return {}' '[]' "0 outcome(s) for 10 record(s)"
answers 4 'return "perhaps"' '[]' "not perhaps"
answers 4 'return 5' '[]' "not 5"
answers 4 'return "reject", {}' '[]' "a reason is a string, not a table"
lacks err "bad argument"
answers 4 'local list = {} for i = 1, 10 do list[i] = { "reject", true } end return list' '[]' "not a boolean"
answers 4 'error "cannot read this"' '[]' "cannot read this"
answers 4 'local list = {} for i = 1, 9 do list[i] = { "reject", "x" } end list[10] = {} return list' '[]' "not nil"
for file in err answers.dead; do lacks $file '"reason":"x"'; done
has err "exported 0 event(s)"

# What fails while a request is written.
receive silent plain
written() { # written STATUS TABLE WORD
    script written.lua <<<"return { url = '$url', $2 }"
    run "$1" written.lua written.dead
    has err "$3"
    [ "$1" -eq 1 ] || has err "exported 0 event(s)" # else nothing begins
    lacks err traceback
    lines written.dead 0
}
written 4 'headers = function() error "no key" end' "no key"
written 4 'headers = function() return 5 end' "headers returned number, not a table of headers"
written 4 'headers = function() end' "headers returned nil, not a table of headers"
written 1 'headers = { ["X-Bad"] = "a\r\nX-More: b" }' "control character"
written 1 'headers = { ["X Bad"] = "a" }' "Name: value"
written 1 'headers = { ["X-Bad"] = "a\0b" }' "NUL"
written 1 'headers = { 1, 2 }' "names and texts"
for name in Content-Length Transfer-Encoding Content-Encoding Expect Host Connection; do
    written 1 'headers = { ["'$name'"] = "20" }' "header $name belongs to the transport"
    written 4 'headers = function() return { ["'$name'"] = "20" } end' "header $name belongs to the transport"
done
written 4 'headers = function() return { ["Content-Type"] = "a/b", ["content-type"] = "c/d" } end' "is given twice"
written 4 'body = function() error "no body" end' "no body"
written 4 'body = function() return nil end' "body must give a string"
written 4 'body = function() return 5 end' "body must give a string"
holds silent "requests == []"
for wrong in "url = 'ftp://x'" "url = '$url', batch_byte = 1" "url = '$url', in_flight = 65" "url = '$url', retries = -1"; do
    script unopened.lua <<<"return { $wrong }"
    run 1 unopened.lua
done
# In a sink over the transport a batch that is kept is closed, too.
script kept.lua <<END
local kept
return { url = "$url", body = function(_, batch) kept = batch return batch:bytes() end, outcome = function(_, response)
  return "hold", tostring(select(2, pcall(function() return kept:at(1) end)))
end }
END
run 4 kept.lua
has err "closed"
finish
