-- siem_spec.lua: the public Lua API, name by name of lua/README.md.
local siem = require "oversight.siem"

local ROW = {
  id = 7, kind = "dns", timestamp = 1735000001, token_id = "tok", file_id = "f",
  extra = '{"qname": "a.b", "big": 12345678901234567890, "n": 9007199254740993}', region = "eu",
}

local function make_event(changes)
  local row = {}
  for key, value in pairs(ROW) do row[key] = value end
  for key, value in pairs(changes or {}) do row[key] = value end
  return siem.from_registry_row(row, { registry_id = "reg" })
end

--- A registry file of SQL, in a temporary place that the caller removes.
local function make_registry(sql)
  local path = os.tmpname()
  local pipe = assert(io.popen("sqlite3 " .. path, "w"))
  pipe:write("CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, file_id, timestamp);", sql)
  assert(pipe:close())
  return path
end

local THREE = "INSERT INTO events VALUES (1,'a','dns','f',10),(2,'b','ocsp','',20),(3,'c','dns','f',30);"

describe("constants", function()
  it("are those of the reference", function()
    assert.equal("8.11.0", siem.ECS_VERSION)
    assert.equal("oversight-siem-1", siem.SCHEMA_VERSION)
    assert.same({ dns = true, http_img = true, ocsp = true, license = true }, siem.BEACON_KINDS)
    assert.equal("beacon-license-check", siem.ACTION_BY_KIND.license)
    assert.equal("2024-12-24T00:26:41Z", siem.iso8601(1735000001))
    local text, message, code = siem.iso8601(1e18)
    assert.is_nil(text)
    assert.matches("years 1 to 9999", message)
    assert.equal("invalid", code)
  end)
end)

describe("an event", function()
  it("has the fields of a row", function()
    local event = make_event()
    assert.equal("7", event.event_id)
    assert.equal("2024-12-24T00:26:41Z", event.occurred_at)
    assert.equal(1735000001, event.occurred_unix)
    assert.equal("reg", event.registry_id)
    assert.equal("eu", event.region)
    assert.is_nil(event.user_agent)
    assert.is_nil(event.no_such_field)
    assert.equal("event 7", tostring(event))
  end)

  it("has an empty table where there is no extra", function()
    local event = make_event { extra = siem.null }
    assert.is_nil(event.extra.qname)
    assert.is_nil(next(event.extra))
    assert.is_nil(event:raw "extra")
    assert.is_nil(event:json "extra")
    assert.is_nil(event:to_table().extra)
    event.extra.mine = 1 -- of this reading alone
    assert.is_nil(event.extra.mine)
  end)

  it("gives what may be absent", function()
    local event = make_event()
    assert.equal("f", event:get "file_id")
    assert.equal("eu", event:get "region")
    assert.equal("a.b", event:get "extra.qname")
    assert.equal(9007199254740993, event:get "extra".n)
    for _, name in ipairs { "recipient_id", "recipient", "extra.none", "extra.qname.more", "tlog.verified" } do
      assert.is_nil(event:get(name))
    end
    assert.is_nil(make_event { extra = siem.null }:get "extra")
    assert.has_error(function() return event:get "extra..x" end)
    assert.has_error(function() return event:get() end)
  end)

  it("has values that are masked already", function()
    local f = siem.format.define "f" {
      { "a", from = "recipient_id", as = "sha256" }, { "b", from = { "user_agent", "extra.who" }, as = "sha256" },
      { "c", from = "recipient_id", as = "upper" }, { "d", from = "file_id", as = "sha256" },
    }
    local row = { id = 1, recipient_id = "digest", extra = '{"who": "other"}' }
    local masked = { "recipient_id", "extra.who" }
    local event = siem.from_registry_row(row, { registry_id = "reg", masked = masked })
    masked[1], masked[2] = nil, nil
    collectgarbage()
    assert.equal('{"a":"digest","b":"other","c":"DIGEST"}', f:render(event))
    assert.matches('^{"a":"%x+","b":"%x+","c":"DIGEST"}$', f:render(siem.from_registry_row(row, { registry_id = "reg" })))
    assert.has_error(function() siem.from_registry_row(row, { registry_id = "reg", masked = { 1 } }) end)
    assert.has_error(function() siem.from_registry_row(row, { registry_id = "reg", masked = "a" }) end)
    assert.equal("1", siem.from_registry_row(row, { registry_id = "reg", masked = {} }).event_id)
  end)

  it("of a registry has no other name", function()
    local path = make_registry("ALTER TABLE events ADD asn;" .. THREE:gsub("%)", ",NULL)"))
    local first = assert(siem.iter_registry_events(path, { registry_id = "reg" }))()
    assert.is_nil(first.asn)
    assert.is_nil(first.recipient_id)
    assert.is_nil(first:get "recipient")
    for name, meant in pairs {
      recipient = "recipient_id", kind = "event_kind", timestamp = "occurred_unix", Id = "event_id", ip = "source_ip",
      agent = "user_agent", token = "token_id", asm = "asn", ["tlog.proof"] = "tlog.root",
    } do
      for _, read in ipairs {
        function(event) return event[name] end, function(event) return event:raw(name) end,
        function(event) return event:json(name) end,
      } do
        local ok, message = pcall(read, first:copy())
        assert.is_false(ok)
        local place, text = message:match "^(%S*%.lua:%d+): (.*)$"
        assert.matches("siem_spec%.lua:%d", place)
        assert.equal(('"%s" is neither a field of an event nor a column of this registry; did you mean "%s"? '
          .. "(event:get reads what may be absent)"):format(name, meant), text)
      end
    end
    assert.matches('column of this registry %(event:get', select(2, pcall(function() return first.zzzzzz end)))
    os.remove(path)
  end)

  it("holds names to a row that is said to be complete", function()
    local row = { id = 1, token_id = "t", department = "sales" }
    local open = siem.from_registry_row(row, { registry_id = "reg" })
    local complete = siem.from_registry_row(row, { registry_id = "reg", complete = true })
    assert.is_nil(open.recipient)
    assert.equal("sales", complete.department)
    assert.is_nil(complete.recipient_id)
    assert.is_nil(complete:get "recipient")
    for _, event in ipairs { complete, complete:copy() } do
      assert.has_error(function() return event.recipient end)
    end
    local function check(from)
      return require "oversight.format" "f" { { "x", from = from } }:compile():check(complete)
    end
    assert.is_true(check "department")
    assert.is_true(check "recipient_id")
    local known, message, code = check "recipient"
    assert.is_nil(known)
    assert.matches('did you mean "recipient_id"', message)
    assert.equal("not_found", code)
    assert.has_error(function() siem.from_registry_row(row, { registry_id = "reg", complete = 1 }) end)
  end)

  it("loses no digit of extra", function()
    local extra = make_event().extra
    assert.equal("a.b", extra.qname)
    assert.equal(9007199254740993, extra.n)
    assert.equal("12345678901234567890", extra.big)
  end)

  it("gives its fields as JSON text", function()
    local event = make_event()
    assert.equal("12345678901234567890", event:json "extra":match '"big":(%d+)')
    assert.equal('"tok"', event:json "token_id")
    assert.equal("1735000001", event:json "occurred_unix")
    assert.is_nil(event:json "user_agent")
    assert.is_nil(event:json "no_such_field")
    assert.has_error(function() return event:json() end)
  end)

  it("becomes a table and a copy", function()
    local event = make_event()
    assert.equal("tok", event:to_table().token_id)
    local copy = event:copy()
    event:close()
    assert.equal("tok", copy.token_id)
    assert.has_error(function() return event.token_id end)
    assert.equal("event_id", copy:names()[1])
    assert.equal("region", copy:names()[15])
  end)

  it("refuses rows that are none", function()
    assert.has_error(function() siem.from_registry_row({ id = {} }, { registry_id = "r" }) end)
    assert.has_error(function() siem.from_registry_row({ "x" }, { registry_id = "r" }) end)
    assert.has_error(function() siem.from_registry_row({}, {}) end)
  end)
end)

describe("formats", function()
  it("give records as tables in order", function()
    local record = siem.to_splunk_hec(make_event(), { index = "main", host = "h" })
    assert.equal("h", record.host)
    assert.equal("main", record.index)
    assert.equal("beacon-dns-callback", record.event.action)
    assert.matches('^{"time":1735000001.0,"host":"h","source":', siem.json.encode(record))
    assert.equal("tok", siem.to_ecs(make_event()).labels.oversight_token_id)
    assert.equal("tok", siem.to_sentinel(make_event()).TokenId)
    assert.equal("dns", siem.FORMATTERS.sentinel(make_event()).BeaconKind)
    assert.equal("dns", siem.format_event(make_event(), "sentinel").BeaconKind)
  end)

  it("are listed, and an unknown one names the choices", function()
    local names = {}
    for _, entry in ipairs(siem.format.list()) do names[entry.name] = entry.file end
    assert.is_string(names.splunk)
    assert.is_string(names.ecs)
    assert.is_string(names.sentinel)
    local format, message, code = siem.format.load "nope"
    assert.is_nil(format)
    assert.matches("unknown format 'nope' %(choices: .*ecs, .*sentinel", message)
    assert.equal("not_found", code)
    assert.is_nil((siem.format.load "../splunk"))
  end)

  it("refuse an option they do not have", function()
    assert.has_error(function() siem.format_event(make_event(), "ecs", { index = "x" }) end,
      "ecs: the format has no option \"index\"")
  end)
end)

describe("a registry", function()
  local path
  before_each(function() path = make_registry(THREE) end)
  after_each(function() os.remove(path) end)

  it("gives events that stay", function()
    local kept = {}
    for event in siem.iter_registry_events(path, { registry_id = "r", since_unix = 15 }) do
      kept[#kept + 1] = event
    end
    assert.equal(2, #kept)
    assert.equal("b", kept[1].token_id)
    assert.equal("c", kept[2].token_id)
  end)

  it("answers queries and says how it lies", function()
    local registry = assert(siem.registry.open { path = path, registry_id = "r" })
    local rows = {}
    for row in registry:query("SELECT id, kind FROM events WHERE kind = ? ORDER BY id", "dns") do
      rows[#rows + 1] = row
    end
    assert.equal(2, #rows)
    assert.equal(3, rows[2].id)
    assert.equal("dns", rows[2][2])
    local iterator, message, code = registry:query "DELETE FROM events"
    assert.is_nil(iterator)
    assert.matches("SELECT", message)
    assert.equal("invalid", code)
    assert.same({ follows = true, count = 3, first_id = 1, last_id = 3 }, registry:ordering())
    assert.same({ "id", "token_id", "kind", "file_id", "timestamp" }, registry:columns())
    registry:close()
    registry:close()
    assert.has_error(function() registry:columns() end, "this registry is closed")
  end)

  it("waits for an idle registry, and for none that is not there", function()
    assert.is_false(siem.registry.await(path .. ".none", 1))
    assert.has_error(function() siem.registry.await(path, -1) end)
  end)

  it("fails with message and code", function()
    local registry, message, code = siem.registry.open { path = path .. ".none", registry_id = "r" }
    assert.is_nil(registry)
    assert.matches("cannot open", message)
    assert.equal("not_found", code)
    assert.has_error(function() siem.registry.open { path = path } end)
    for _, id in ipairs { "", "  ", "acme\r\n", "acme " } do
      registry, message, code = siem.registry.open { path = path, registry_id = id }
      assert.is_nil(registry)
      assert.matches("registry_id ", message)
      assert.equal("invalid", code)
      assert.has_error(function() siem.from_registry_row({ id = 1 }, { registry_id = id }) end)
      registry, message = siem.iter_registry_events(path, { registry_id = id })
      assert.is_nil(registry)
      assert.matches("registry_id ", message)
    end
    assert.has_error(function() siem.registry.open { path = path, registry_id = "r", limit = "1" } end,
      "registry.open: limit must be a whole number, not a string")
  end)
end)

describe("an export", function()
  local path
  before_each(function() path = make_registry(THREE) end)
  after_each(function() os.remove(path) end)

  local function open() return assert(siem.registry.open { path = path, registry_id = "r" }) end

  it("goes to a table with send and close", function()
    local got, closed = {}, false
    local sink = siem.sink.custom {
      send = function(_, batch)
        for i, record, id in batch:records() do got[i] = { siem.json.decode(record).TokenId, id } end
        assert.equal(3, #batch)
        return true
      end,
      close = function() closed = true end,
    }
    local count, counts = siem.export_events { registry = open(), format = "sentinel", sink = sink }
    assert.equal(3, count)
    assert.equal(0, counts.refused)
    assert.same({ { "a", "1" }, { "b", "2" }, { "c", "3" } }, got)
    assert.is_true(sink:close())
    assert.is_true(closed)
  end)

  it("goes to a sink that the pipeline opens last, and closes", function()
    local opened, closed = 0, 0
    local function open_sink()
      opened = opened + 1
      return siem.sink.custom { send = function() return true end, close = function() closed = closed + 1 end }
    end
    local source = { path = path, registry_id = "r" }
    local function run(source_of, sink)
      return siem.pipeline { source = source_of, format = "ecs", sink = sink }:run()
    end
    assert.equal(3, run(source, open_sink).exported)
    assert.same({ 1, 1 }, { opened, closed })
    assert.is_nil(run({ path = "/none", registry_id = "r" }, open_sink))
    assert.equal(1, opened)
    local counts, message = run(source, function() return nil, "no such target", "held" end)
    assert.is_nil(counts)
    assert.equal("no such target", message)
    assert.matches("opens the sink gave none", select(2, run(source, function() return 5 end)))
  end)

  it("takes events of an iterator or a list", function()
    local sent = 0
    local sink = { send = function(_, batch) sent = sent + #batch return true end }
    assert.equal(3, siem.export_events { events = open():events(), format = "ecs", sink = sink })
    assert.equal(2, siem.export_events { events = { make_event(), make_event() }, format = "ecs", sink = sink })
    assert.equal(5, sent)
  end)

  it("tells what a sink says when it fails", function()
    local function run(send)
      return siem.export_events { registry = open(), format = "ecs", sink = { send = send } }
    end
    local count, message, code = run(function() return nil, "not today" end)
    assert.is_nil(count)
    assert.matches("not today", message)
    assert.equal("io", code)
    count, message = run(function() error "boom" end)
    assert.is_nil(count)
    assert.matches("boom", message)
  end)

  it("goes on in a new file when the old one is renamed", function()
    local name = os.tmpname()
    local sink = assert(siem.sink.file(name, { truncate = true }))
    local mapping, batch = siem.format.load "sentinel":compile(), siem.batch.open()
    for event in open():events() do
      assert(batch:write(mapping, event))
      assert.equal(1, sink:send(batch))
      batch:clear()
      assert(os.rename(name, name .. event.event_id))
    end
    assert(sink:close())
    for id = 1, 3 do
      local record = assert(siem.json.decode((io.open(name .. id):read "a")))
      assert.equal(tostring(id), record.EventId)
      os.remove(name .. id)
    end
  end)

  it("keeps a batch from being used after its time", function()
    local kept
    siem.export_events { registry = open(), format = "ecs", sink = {
      send = function(_, batch)
        assert.has_error(function() batch:clear() end)
        kept = batch
        return true
      end } }
    assert.has_error(function() return #kept end, "this batch is closed")
  end)

  it("keeps its sink from being closed before it is finished", function()
    local sent = 0
    local sink = siem.sink.custom { send = function(_, batch) sent = sent + #batch return true end }
    local export = assert(siem.export.open { mapping = siem.format.load "ecs":compile(), sink = sink })
    assert(export:send(make_event()))
    local closed, message, code = sink:close()
    assert.is_nil(closed)
    assert.matches("finish or close the export", message)
    assert.equal("invalid", code)
    assert(export:finish())
    assert.equal(1, sent)
    assert.is_true(sink:close())
    assert.has_error(function() export:send(make_event()) end, "this sink is closed")
    export:close()
  end)

  it("does not write to the registry that it reads", function()
    local function size_of() return io.open(path):seek "end" end
    local size = size_of()
    local sink, message, code = siem.sink.file(path)
    assert.is_nil(sink)
    assert.matches("it is a database of SQLite", message)
    assert.equal("invalid", code)
    -- A name that is the registry's only when the export begins.
    local name = os.tmpname()
    sink = assert(siem.sink.file(name))
    assert(os.execute(("ln -f '%s' '%s'"):format(path, name)))
    local count
    count, message, code = siem.export_events { registry = open(), format = "ecs", sink = sink }
    assert.is_nil(count)
    assert.matches("it is the registry", message)
    assert.equal("invalid", code)
    assert.equal(size, size_of())
    assert(sink:close())
    os.remove(name)
  end)

  it("follows on_error", function()
    local strict = siem.format.define "strict" { { "file", from = "file_id", required = true } }
    local sink = { send = function() return true end }
    local count, message, code = siem.export_events { registry = open(), format = strict, sink = sink }
    assert.is_nil(count)
    assert.equal("event 2: strict: file: the value is required, and empty", message)
    assert.equal("refused", code)
    local file = os.tmpname()
    local counts
    count, counts = siem.export_events {
      registry = open(), format = strict, sink = sink, dead_letter = file }
    assert.equal(2, count)
    assert.equal(1, counts.refused)
    local line = assert(siem.json.decode(io.open(file):read "a"))
    assert.equal("2", line.event_id)
    assert.equal("ocsp", line.event.event_kind)
    os.remove(file)
  end)

  it("shows progress and stops on false", function()
    local calls = 0
    local count, message, code = siem.export_events {
      registry = open(), format = "ecs", sink = { send = function() return true end },
      progress = function(counts) calls = calls + counts.exported return false end }
    assert.is_nil(count)
    assert.equal("stopped on request", message)
    assert.equal("cancelled", code)
    assert.equal(3, calls)
  end)
end)

describe("a signature", function()
  it("is that of openssl dgst", function()
    -- The vector of tests/engine/test_sign.c.
    assert.equal("SharedKey ws-1:M/Me8Gxzxd7H8F32yK+X6Y7RZAqfNvwuzbjUNO3dDHU=", (siem.sentinel_authorization {
      workspace_id = "ws-1", shared_key = "bm90IGEgcmVhbCBrZXksIG9ubHkgYnl0ZXM=",
      content_length = 1024, date = "Mon, 15 Jan 2024 10:00:00 GMT" }))
  end)

  it("names what is wrong, and never the key", function()
    local header, message, code = siem.sentinel_authorization {
      workspace_id = "w", shared_key = "not base64!", content_length = 1, date = "d" }
    assert.is_nil(header)
    assert.equal("invalid", code)
    assert.is_nil(message:find("not base64!", 1, true))
  end)
end)
