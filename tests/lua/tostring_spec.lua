-- tostring_spec.lua: what objects are called in a log line, and when two events are equal.
local siem = require "oversight.siem"
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

describe("tostring", function()
  local folder, database

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    database = folder .. "/registry.sqlite"
    assert(os.execute(("sqlite3 %s <%s../../examples/registry.sql >/dev/null"):format(database, here)))
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  --- An object is called `text`, and by its noun once it is closed.
  local function check(object, text)
    assert.equal(text, tostring(object))
    local noun = text:match "^%l+"
    object:close()
    assert.equal(noun .. " (closed)", tostring(object))
  end

  it("names files, targets and numbers", function()
    local registry = assert(siem.registry.open { path = database, registry_id = "r", follow = true })
    local mapping  = siem.format.load "ecs":compile()
    local sink     = assert(siem.sink.file(folder .. "/out.jsonl"))
    local letters  = assert(siem.deadletter.open(folder .. "/refused.jsonl"))
    local checkpoint = assert(siem.checkpoint.open {
      path = folder .. "/position.json", registry = registry, mapping = mapping, sink = sink,
    })
    local export = assert(siem.export.open { mapping = mapping, sink = sink })
    local event  = registry:events()()
    assert(export:send(event))
    assert(export:finish())
    local batch = siem.batch.open()
    assert(batch:write(mapping, event))

    check(batch, "batch of 1 record(s)")
    check(export, "export of 1 event(s)")
    check(event, "event 1")
    check(assert(registry:prepare "SELECT 1"), "query SELECT 1")
    check(checkpoint, "checkpoint " .. folder .. "/position.json after event 0")
    check(letters, "deadletter " .. folder .. "/refused.jsonl")
    check(sink, "sink file at " .. folder .. "/out.jsonl")
    check(mapping, "mapping ecs")
    check(registry, "registry " .. database)
  end)

  it("names formats, pipelines, tables and the log", function()
    local leaves = folder .. "/leaves.jsonl"
    io.open(leaves, "w"):close()
    check(assert(siem.tlog.open { source = leaves }), "tlog of 0 leaves")
    local people = folder .. "/people.csv"
    local file = io.open(people, "w")
    file:write "mail,team\n"
    file:close()
    assert.equal("lookup " .. people, tostring(siem.lookup.csv(people, "mail")))
    assert.equal("lookup the query", tostring(siem.lookup.sql(database, "SELECT 1 WHERE 1 = ?")))
    local ecs = siem.format.load "ecs"
    assert.equal("format ecs", tostring(ecs))
    assert.equal("format acme", tostring(ecs:extend "acme" {}))
    assert.equal("pipeline ecs", tostring(siem.pipeline { source = {}, format = "ecs", sink = "-" }))
    assert.equal("pipeline night", tostring(siem.pipeline { source = {}, format = ecs, sink = "-", name = "night" }))
  end)

  it("never shows a credential", function()
    local sink = assert(siem.sink.splunk {
      url = "https://splunk.example:8088", token = "cmd:echo 0c1d2e3f-secret", proxy = "http://me:secret@proxy.example:1",
    })
    check(sink, "sink splunk at https://splunk.example:8088")
    check(assert(siem.sink.elastic { url = "http://127.0.0.1:9200", user = "me", password = "cmd:echo secret" }),
      "sink elastic at http://127.0.0.1:9200")
  end)

  it("names an event that is gone", function()
    local kept
    local format = siem.format.from_function("keeper", function(event)
      kept = event
      return { id = tostring(event) }
    end)
    local event = siem.event.from_row({ id = 17 }, { registry_id = "r" })
    assert.equal('{"id":"event 17"}', format:render(event))
    assert.equal("event (closed)", tostring(kept))
  end)
end)

describe("two events", function()
  local function event(row) return siem.event.from_row(row, { registry_id = "r" }) end

  it("are equal when all their fields are", function()
    local row = { id = 1, kind = "dns", timestamp = 1.5, extra = '{"a": [1, 2]}', asn = 64500 }
    assert.is_true(event(row) == event(row))
    assert.is_true(event(row) == event(row):copy())
    assert.is_true(event { id = 1, site = siem.null } == event { id = 1 })
  end)

  it("differ in any field", function()
    local first = event { id = 1, kind = "dns", tlog_index = 1 }
    for _, row in ipairs {
      { id = 2, kind = "dns", tlog_index = 1 }, { id = 1, kind = "ocsp", tlog_index = 1 }, { id = 1, kind = "dns" },
      { id = 1, kind = "dns", tlog_index = 1, site = "HQ" }, { id = 1, kind = "dns", tlog_index = 1, extra = '{"a":1}' },
    } do
      assert.is_false(first == event(row))
      assert.is_false(event(row) == first)
    end
    assert.is_false(event { id = 1 } == siem.event.from_row({ id = 1 }, { registry_id = "s" }))
  end)

  it("differ from what is closed, and from what is not an event", function()
    local first, closed = event { id = 1 }, event { id = 1 }
    closed:close()
    assert.is_false(first == closed)
    assert.is_false(closed == first)
    assert.is_true(closed == closed)
    assert.is_false(first == siem.batch.open())
    assert.is_false(siem.batch.open() == first)
  end)
end)
