-- guard_spec.lua: callbacks that pull nouns away from under the engine are refused, and hurt nothing.
local siem = require "oversight.siem"

local path
setup(function()
  path = os.tmpname()
  local pipe = assert(io.popen("sqlite3 " .. path, "w"))
  pipe:write "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, user_agent, timestamp);"
  for i = 1, 20 do
    pipe:write(("INSERT INTO events VALUES (%d, 'token-%d-long-enough-to-be-allocated', 'dns', 'agent', %d);"):format(i, i, i))
  end
  assert(pipe:close())
end)
teardown(function() os.remove(path) end)

local function open() return assert(siem.registry.open { path = path, registry_id = "r" }) end
local sink = { send = function() return true end }

local function event() return siem.from_registry_row({ id = 1, token_id = "t" }, { registry_id = "r" }) end

--- Exports with a row function that misbehaves once; the event must be refused with the message.
local function export_with(misbehave, registry, more)
  local format = siem.format.define "g" {
    { "a", with = function(_, e) misbehave(e) return 1 end },
    { "b", from = "token_id" }, { "c", from = "user_agent" },
  }
  local job = { registry = registry, format = format, sink = sink }
  for key, value in pairs(more or {}) do job[key] = value end
  return siem.export_events(job)
end

describe("a noun in use", function()
  it("is a registry that cannot be closed, released or read", function()
    for _, act in ipairs {
      function(registry) registry:close() end,
      function(registry) registry:release() end,
      function(registry) registry:events() end,
      function(registry) siem.export_events { registry = registry, format = "ecs", sink = sink } end,
    } do
      local registry = open()
      local count, message = export_with(function() act(registry) end, registry)
      assert.is_nil(count)
      assert.matches("this registry is in use", message)
      registry:close()
    end
  end)

  it("is a registry whose iterator stands still", function()
    local registry = open()
    local step = registry:events()
    local count, message = export_with(function() step() end, registry)
    assert.is_nil(count)
    assert.matches("in use", message)
  end)

  it("is safe from a progress function", function()
    local registry = open()
    local mapping = siem.format.load "ecs":compile()
    local export = siem.export.open { mapping = mapping, sink = siem.sink.custom(sink), batch_bytes = 10,
      progress = function() registry:close() end }
    local ok, message = export:run(registry)
    assert.is_nil(ok)
    assert.matches("progress: .*this registry is in use", message)
    assert.is_true(#registry:columns() > 0)
  end)

  it("is a batch that is written or sent", function()
    local batch, e = siem.batch.open(), event()
    for _, act in ipairs {
      function() batch:close() end, function() batch:clear() end,
      function() batch:write(siem.format.load "ecs":compile(), e) end,
    } do
      local mapping = siem.format.define "g" { { "a", with = function() act() return 1 end } }:compile()
      local ok, message = batch:write(mapping, e)
      assert.is_nil(ok)
      assert.matches("this batch is in use", message)
      assert.equal(0, #batch)
      assert.equal("", batch:bytes())
    end
    assert(batch:write(siem.format.load "ecs":compile(), e))
    local custom = siem.sink.custom { send = function() batch:close() return true end }
    local sent, message = custom:send(batch)
    assert.is_nil(sent)
    assert.matches("this batch is in use", message)
    assert.equal(1, #batch)
  end)

  it("is an event that is rendered", function()
    local e = event()
    local format = siem.format.define "g" { { "a", with = function() e:close() return 1 end }, { "b", from = "token_id" } }
    local record, message = format:render(e)
    assert.is_nil(record)
    assert.matches("this event is in use", message)
    assert.equal("t", e.token_id)
  end)

  it("is a dead letter that is written", function()
    local file = os.tmpname()
    local deadletter = assert(siem.deadletter.open(file))
    local mapping = siem.format.define "g" { { "a", with = function() deadletter:close() end } }:compile()
    local export = siem.export.open { mapping = mapping, sink = siem.sink.custom(sink), deadletter = deadletter,
      on_error = "dead-letter" }
    assert.is_true(export:run(open()))
    assert.equal(20, export:counts().refused)
    assert.is_true(deadletter:close())
    os.remove(file)
  end)
end)

describe("a registry", function()
  it("is exported from its beginning each time", function()
    local registry = open()
    assert.equal(20, siem.export_events { registry = registry, format = "ecs", sink = sink })
    assert.equal(20, siem.export_events { registry = registry, format = "splunk", sink = sink })
    local step = registry:events()
    assert.equal("1", step().event_id)
    assert.equal(20, siem.export_events { registry = registry, format = "ecs", sink = sink })
    assert.equal("1", registry:events()().event_id)
  end)

  it("hides columns named like fields that come from elsewhere", function()
    local e = siem.from_registry_row({ id = 1, registry_id = "EVIL", event_id = "9", occurred_at = "never" },
      { registry_id = "r" })
    assert.equal("r", e.registry_id)
    assert.equal("r", e:to_table().registry_id)
    assert.equal(14, #e:names())
  end)
end)

describe("a table as a sink", function()
  it("is closed by its owner only", function()
    local closed = 0
    local mine = { send = function() return true end, close = function() closed = closed + 1 end }
    siem.export_events { registry = open(), format = "ecs", sink = mine }
    collectgarbage()
    collectgarbage()
    assert.equal(0, closed)
    siem.sink.custom(mine):close()
    assert.equal(1, closed)
  end)
end)

describe("arguments", function()
  it("are read raw, so that nothing is freed while it is used", function()
    local proxy = setmetatable({}, { __index = function(_, key)
      collectgarbage()
      return key .. ("/"):rep(100)
    end })
    assert.has_error(function() siem.registry.open(proxy) end)
    assert.is_nil((siem.sentinel_authorization(proxy)))
  end)

  it("are refused when they are out of range or hold NUL", function()
    assert.has_error(function() siem.registry.open { path = path, registry_id = "r", busy_timeout_ms = 1 << 32 } end)
    assert.has_error(function() siem.sink.file "a\0b" end)
    assert.has_error(function() siem.from_registry_row({}, { registry_id = "a\0b" }) end)
    local mapping = siem.format.load "ecs":compile()
    assert.has_error(function()
      siem.export.open { mapping = mapping, sink = siem.sink.custom(sink), batch_bytes = -1 }
    end)
    local step, batch = siem.batch.open():records()
    assert.has_error(function() step(batch, math.maxinteger) end)
    assert.has_error(function() siem.export_events { format = "ecs", sink = sink } end,
      "export_events: registry or events is missing")
  end)
end)

describe("errors that are no strings", function()
  it("have their text", function()
    local count, message = export_with(function()
      error(setmetatable({}, { __tostring = function() return "my own kind" end }))
    end, open())
    assert.is_nil(count)
    assert.matches("my own kind", message)
  end)
end)

describe("rows of options", function()
  local define = siem.format.define
  it("keep what else the row asks for", function()
    local f = define "o" { options = { x = "" }, { "a", from = "option.x", required = true }, { "b", value = 1 } }
    local record, message = f:render(event())
    assert.is_nil(record)
    assert.matches("required", message)
    f = define "o" { options = { x = "" }, { "a", from = { "option.x" }, keep = true } }
    assert.equal('{"a":""}', f:render(event()))
    f = define "o" { options = { x = "" }, { "a", from = "option.x", with_null = true, with = function(v) return v == nil end } }
    assert.equal('{"a":true}', f:render(event()))
  end)

  it("name an option first", function()
    assert.has_error(function()
      define "o" { options = { x = "" }, { "a", from = { "token_id", "option.x" } } }
    end)
  end)
end)
