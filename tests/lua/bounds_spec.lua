-- bounds_spec.lua: the arguments at and beyond their bounds, function by function of the module in C.
local siem = require "oversight.siem"
local core = require "oversight.core"

local folder, path
setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  path = folder .. "/registry.db"
  local pipe = assert(io.popen("sqlite3 " .. path, "w"))
  pipe:write [[CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id, kind, timestamp);
    INSERT INTO events VALUES (1,'t','dns',5);]]
  assert(pipe:close())
end)
teardown(function() os.execute("rm -r " .. folder) end)

local function accept() return true end
local function event() return siem.from_registry_row({ id = 1, token_id = "t", kind = "dns" }, { registry_id = "r" }) end
local function open(more)
  local options = { path = path, registry_id = "r" }
  for key, value in pairs(more or {}) do options[key] = value end
  return assert(core.registry_open(options))
end

--- Holds that each call raises a message that ends as wanted.
local function raise(cases)
  for wanted, call in pairs(cases) do
    local ok, message = pcall(call)
    assert.is_false(ok, wanted)
    assert.equal(wanted, message:sub(-#wanted), message)
  end
end

describe("a registry", function()
  it("is opened within bounds alone", function()
    raise {
      ["busy_timeout_ms is out of range)"] = function() open { busy_timeout_ms = -1 } end,
      ["(busy_timeout_ms is out of range)"] = function() open { busy_timeout_ms = 1 << 31 } end,
      ["(path is missing)"] = function() core.registry_open { registry_id = "r" } end,
      ["(registry_id is missing)"] = function() core.registry_open { path = path } end,
      ["path must be a string, not number"] = function() open { path = 5 } end,
      ["registry_id holds a NUL character"] = function() open { registry_id = "a\0" } end,
      ["follow must be true or false, not string"] = function() open { follow = "yes" } end,
      ["since must be a whole number"] = function() open { since = 0.5 } end,
      ["limit must be a whole number, not boolean"] = function() open { limit = true } end,
    }
    open({ busy_timeout_ms = (1 << 31) - 1, since = 2.0, limit = 0 }):close()
  end)

  it("waits for a time that C can count", function()
    local registry = open { follow = true }
    raise {
      ["'wait' (is out of range)"] = function() registry:wait(-1) end,
      ["(is out of range)"] = function() registry:wait(1 << 31) end,
      ["'registry_await' (is out of range)"] = function() core.registry_await(path, -1) end,
      ["#2 to 'registry_await' (is out of range)"] = function() core.registry_await(path, 1 << 31) end,
    }
    assert.is_false(core.registry_await(folder .. "/none.db", 0))
    registry:close()
  end)

  it("asks its function while a call of its own reads, and not while an export does", function()
    local many = folder .. "/many.db"
    local pipe = assert(io.popen("sqlite3 " .. many, "w"))
    pipe:write [[CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, timestamp);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO events SELECT i, 't', 'dns', i FROM n;]]
    assert(pipe:close())
    local registry, asked = open { path = many }, 0
    registry:set_go_on(function()
      asked = asked + 1
      return false
    end)
    assert.equal(9000, siem.export_events { registry = registry, format = "ecs", sink = { send = accept } })
    assert.equal(0, asked)
    local query = assert(registry:prepare "SELECT sum(timestamp) FROM events")
    assert.matches("stopped on request", select(2, pcall(query.first, query)))
    assert.equal(1, asked)
    registry:set_go_on(function() end)
    assert.equal(40504500, query:first()[1])
    registry:close()
  end)

  it("has an order, of nothing, of one event, and of a step back in time", function()
    local function ordering(name, rows)
      local pipe = assert(io.popen(("sqlite3 %s/%s.db"):format(folder, name), "w"))
      pipe:write("CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, timestamp);", rows)
      assert(pipe:close())
      local registry = assert(core.registry_open { path = ("%s/%s.db"):format(folder, name), registry_id = "r" })
      local result = registry:ordering()
      registry:close()
      return result
    end
    assert.same({ follows = true, count = 0 }, ordering("empty", ""))
    assert.same({ follows = true, count = 1, first_id = 9, last_id = 9 },
      ordering("single", "INSERT INTO events VALUES (9,'t','dns',5);"))
    assert.same({ follows = false, count = 3, first_id = 1, last_id = 4, first_break = 4 },
      ordering("back", "INSERT INTO events VALUES (1,'t','dns',5),(2,'t','dns',6),(4,'t','dns',5);"))
  end)
end)

describe("a batch", function()
  it("takes records within bounds alone", function()
    local batch = siem.batch.open()
    raise {
      ["#4 to 'add' (is out of range)"] = function() batch:add("{}", "1", "r", -1) end,
      ["(is out of range)"] = function() batch:add("{}", "1", "r", 1 << 31) end,
      ["(the text holds a NUL character)"] = function() batch:add("{}", "1\0", "r") end,
    }
    assert.is_true(batch:add("{}", "1", "r", (1 << 31) - 1))
    local added, message, code = batch:add("", "1", "r")
    assert.is_nil(added)
    assert.equal("event 1: its record is not a JSON object", message)
    assert.equal("invalid", code)
    assert.equal(1, #batch)
  end)

  it("has records 1 to n", function()
    local batch = siem.batch.open()
    assert(batch:add("{}", "7", "r"))
    assert.same({ "{}", "7" }, { batch:at(1) })
    for _, index in ipairs { 0, -1, 2, math.mininteger, math.maxinteger } do assert.same({}, { batch:at(index) }) end
    local step = batch:records()
    assert.same({ 1, "{}", "7" }, { step(batch, 0) })
    assert.same({}, { step(batch, 1) })
    assert.same({}, { step(batch, -5) })
    raise { ["(out of range)"] = function() step(batch, math.maxinteger) end }
  end)

  it("is not a sink's to change", function()
    local message
    local custom = siem.sink.custom { send = function(_, batch)
      message = select(2, pcall(batch.clear, batch))
      return true
    end }
    local batch = siem.batch.open()
    assert(batch:add("{}", "7", "r"))
    assert.equal(1, (custom:send(batch)))
    assert.matches("a sink cannot change the batch it is given", message)
    assert.equal(1, #batch)
  end)
end)

describe("a dead letter", function()
  it("takes lines and details that can be read again", function()
    local file = folder .. "/dead.jsonl"
    local letter = assert(siem.deadletter.open(file))
    raise {
      ["(holds a line end)"] = function() letter:append "{}\n" end,
      ["part is out of range"] = function() letter:write(event(), "ecs", "no", { part = -1 }) end,
      ["http_status is out of range"] = function() letter:write(event(), "ecs", "no", { http_status = 1 << 31 }) end,
      ["code is out of range"] = function() letter:write(event(), "ecs", "no", { code = -2 }) end,
      ["(has a negative number)"] = function() core.deadletter_blank(file, { { -1, 5 } }) end,
      ["#2 to 'deadletter_blank' (has a negative number)"] = function() core.deadletter_blank(file, { { 1, -5 } }) end,
    }
    assert.is_true(letter:write(event(), "ecs", "no"))
    assert.is_true(letter:write(event(), "ecs", "no", {}))
    assert.is_true(letter:write(event(), "ecs", "no", { record = '{"a":1}', http_status = 400, code = 6, part = 2, sink = "s" }))
    local written, message, code = letter:write(event(), "ecs", "no", { record = "nope" })
    assert.is_nil(written)
    assert.matches("record", message)
    assert.equal("invalid", code)
    local lines = {}
    for line in io.lines(file) do lines[#lines + 1] = siem.json.decode(line) end
    assert.equal(3, #lines)
    assert.is_true(lines[2].record == nil or lines[2].record == siem.null)
    assert.same({ a = 1 }, lines[3].record)
    assert.equal(400, lines[3].http_status)
    assert.is_true(letter:close())
  end)

  it("says that it cannot be closed without loss, once", function()
    local letter = assert(siem.deadletter.open "/dev/full")
    local written, message, code = letter:append "{}"
    if written then written, message, code = letter:close() end
    assert.is_nil(written)
    assert.matches("/dev/full", message)
    assert.equal("io", code)
    letter:close()
    assert.is_true(letter:close())
  end)
end)

describe("a mapping", function()
  it("cannot be closed by a function of its own", function()
    local mapping, message
    mapping = siem.format.define "g" { { "a", with = function()
      message = select(2, pcall(mapping.close, mapping))
      return 1
    end } }:compile()
    assert.equal('{"a":1}', mapping:render(event()))
    assert.matches("a function of this mapping cannot close it", message)
  end)

  it("is of rows or a function, and of rows with what they need", function()
    raise {
      ["(table or function expected, got no value)"] = function() core.mapping_open "m" end,
      ["(table or function expected, got string)"] = function() core.mapping_open("m", "rows") end,
      ["a row: the destination is missing"] = function() core.mapping_open("m", { {} }) end,
      ["row 1: destination must be a string"] = function() core.mapping_open("m", { { label = "row 1", destination = 1 } }) end,
      ["a row: as holds a NUL character"] = function() core.mapping_open("m", { { destination = "a", as = "text\0" } }) end,
      ["a row: from must be a field or a list of fields"] = function()
        core.mapping_open("m", { { destination = "a", from = 5 } })
      end,
      ["a row: lookup has a key that is not a string"] = function()
        core.mapping_open("m", { { destination = "a", from = "event_kind", lookup = { "x" } } })
      end,
      ["a row: lookup must be a table"] = function() core.mapping_open("m", { { destination = "a", lookup = 5 } }) end,
      ["a row: keep must be true or false"] = function() core.mapping_open("m", { { destination = "a", keep = 1 } }) end,
      ["a row: with must be a function"] = function() core.mapping_open("m", { { destination = "a", with = 1 } }) end,
      ["(function expected, got number)"] = function() core.mapping_open("m", { { destination = "a", value = 1 } }, 5) end,
    }
    local mapping = core.mapping_open("m", { { destination = "a", from = { "user_agent", "event_kind" } } })
    assert.equal("m", mapping:name())
    mapping = core.mapping_open("m", { { destination = "a", from = "user_agent", lookup = { x = 1 }, default = { 1, 2 } },
      { destination = "b", from = "event_kind", default = { prefix = "p:" }, lookup = { ocsp = 1 } } })
    assert.equal('{"a":[1,2],"b":"p:dns"}', mapping:render(event()))
  end)

  it("drops an event by siem.drop alone", function()
    local result = siem.null
    local mapping = siem.format.from_function("f", function() return result end):compile()
    local record, message = mapping:render(event())
    assert.is_nil(record)
    assert.not_matches("dropped", message)
    result = siem.drop
    message = select(2, mapping:render(event()))
    assert.matches("dropped by a function", message)
  end)

  it("gives back what a record of many bytes took", function()
    local text = ("x"):rep(100000)
    local mapping = siem.format.define "g" { { "a", with = function() return { text } end } }:compile()
    for _ = 1, 3 do assert.equal('{"a":["' .. text .. '"]}', mapping:render(event())) end
    text = "short"
    assert.equal('{"a":["short"]}', mapping:render(event()))
  end)
end)

describe("an export", function()
  local mapping = siem.format.load "ecs":compile()
  local sink = siem.sink.custom { send = accept }

  it("is opened within bounds alone", function()
    local function with(more)
      local options = { mapping = mapping, sink = sink }
      for key, value in pairs(more) do options[key] = value end
      return function() return core.export_open(options) end
    end
    raise {
      ["#1 to 'export_open' (batch_bytes is out of range)"] = with { batch_bytes = -1 },
      ["(batch_bytes is out of range)"] = with { batch_bytes = (1 << 30) + 1 },
      ["on_error must be stop, skip or dead-letter, not ignore"] = with { on_error = "ignore" },
      ["progress must be a function"] = with { progress = 1 },
      ["notice must be a function"] = with { notice = "x" },
    }
    for _, on_error in ipairs { "stop", "skip" } do with { on_error = on_error }():close() end
    with { batch_bytes = 1 << 30 }():close()
  end)

  it("cannot be closed by what it calls, nor begun again with its mapping or sink", function()
    local export, said, other
    export = core.export_open { mapping = mapping, sink = sink, batch_bytes = 1, progress = function()
      said = { select(2, pcall(export.close, export)), select(2, pcall(other.send, other, event())) }
    end }
    other = core.export_open { mapping = mapping, sink = siem.sink.custom { send = accept } }
    local registry = open()
    assert.is_true(export:run(registry))
    assert.is_true(export:finish())
    assert.matches("an export cannot be closed while it runs", said[1])
    assert.matches("this export's mapping or sink is in use by a call further out", said[2])
    other = core.export_open { mapping = siem.format.load "splunk":compile(), sink = sink }
    assert.is_true(export:run(registry))
    assert.matches("this export's mapping or sink is in use by a call further out", said[2])
    registry:close()
  end)

  it("goes on when progress gives nothing or true, and stops at false alone", function()
    for answer, stops in pairs { [true] = false, [0] = false, [false] = true } do
      local registry = open()
      local export = core.export_open { mapping = mapping, sink = sink, batch_bytes = 1, progress = function() return answer end }
      local done, message, code = export:run(registry)
      if done then done, message, code = export:finish() end
      assert.equal(not stops or nil, done)
      assert.equal(stops and "cancelled" or nil, code, message)
      registry:close()
    end
  end)
end)

describe("a table as a sink", function()
  local function send_one(custom)
    local batch = siem.batch.open()
    assert(batch:add("{}", "7", "r"))
    return custom:send(batch)
  end

  it("has a function send, for as long as it is used", function()
    raise { ["(a sink has a function send)"] = function() core.sink_table {} end }
    local mine = { send = accept }
    local custom = siem.sink.custom(mine)
    assert.equal(1, (send_one(custom)))
    mine.send = nil
    local sent, message, code = send_one(custom)
    assert.is_nil(sent)
    assert.matches("the sink: send is gone", message)
    assert.equal("io", code)
  end)

  it("gives reasons that are texts, one outcome a record, and outcomes that there are", function()
    local returned
    local custom = siem.sink.custom { send = function() return table.unpack(returned) end }
    for wanted, values in pairs {
      ["a reason is a string, not a table"] = { nil, {} },
      ["a reason is a string, not a number"] = { { { "reject", 5 } } },
      ["the sink gives 2 outcome(s) for 1 record(s)"] = { { "delivered", "delivered" } },
      ["the sink gives 0 outcome(s) for 1 record(s)"] = { {} },
      ["an outcome is delivered, retry, reject or hold, not lost"] = { { "lost" } },
      ["an outcome is delivered, retry, reject or hold, not nil"] = { { {} } },
    } do
      returned = values
      local sent, message, code = send_one(custom)
      assert.is_nil(sent)
      assert.is_truthy(message:find(wanted, 1, true), message)
      assert.equal("io", code)
    end
    returned = { nil, "gone", "pipe_closed" }
    local _, message, code = send_one(custom)
    assert.equal("the sink: gone pipe_closed", message .. " " .. code)
  end)

  it("has headers that are names and texts", function()
    local function transport(headers)
      return siem.sink.custom { url = "http://127.0.0.1:9", headers = headers, body = function() return "" end }
    end
    for wanted, headers in pairs {
      ["headers are names and texts"] = { "X-A" }, ["a header holds a NUL character"] = { ["X-A"] = "a\0" },
    } do
      local ok, custom, message = pcall(transport, headers)
      assert.is_truthy(not ok or custom == nil)
      assert.is_truthy((ok and message or custom):find(wanted, 1, true))
    end
    local custom = assert(transport { ["X-A"] = 5, ["X-B"] = 1.0, ["X-C"] = "c" })
    local request
    assert.is_true(custom:preview(function(text) request = text end))
    assert.equal(1, (send_one(custom)))
    for _, line in ipairs { "X-A: ****", "X-B: ****", "X-C: ****" } do assert.is_truthy(request:find(line, 1, true), request) end
    for wanted, result in pairs { ["headers returned number, not a table of headers"] = 5,
      ["headers are names and texts"] = { ["X-A"] = {} } } do
      custom = assert(transport(function() return result end))
      assert.is_true(custom:preview(function() end))
      local sent, message, code = send_one(custom)
      assert.is_nil(sent)
      assert.is_truthy(message:find(wanted, 1, true), message)
      assert.equal("held", code)
    end
  end)

  it("are no lists that keys alone make long", function()
    -- The length of a table of these keys is found at the last one: 2^63 - 1 values of 16 bytes.
    local keys = { ("[%d] = 1"):format(math.maxinteger) }
    for power = 0, 62 do keys[#keys + 1] = ("[%d] = 1"):format(1 << power) end
    local forged = assert(load("return {" .. table.concat(keys, ", ") .. "}"))()
    assert.equal(math.maxinteger, #forged)
    raise { ["a list has more than 16777216 values"] = function() core.deadletter_blank(path, forged) end }
  end)
end)
