-- misuse_spec.lua: option tables, and functions of a caller that fail, yield or call os.exit.
local siem = require "oversight.siem"

local path
setup(function()
  path = os.tmpname()
  local pipe = assert(io.popen("sqlite3 " .. path, "w"))
  pipe:write [[CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id, kind, timestamp);
    INSERT INTO events VALUES (1,'a','dns',10),(2,'b','ocsp',20),(3,'c','dns',30);]]
  assert(pipe:close())
end)
teardown(function() os.remove(path) end)

local function open(more)
  local options = { path = path, registry_id = "r" }
  for key, value in pairs(more or {}) do options[key] = value end
  return assert(siem.registry.open(options))
end

local function accept() return true end

--- What a call raises.
local function raised(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

describe("an option table", function()
  local mapping = siem.format.load "ecs":compile()
  local sink = siem.sink.custom { send = accept }

  it("names the key that is nearest to an unknown one", function()
    for wanted, call in pairs {
      ['export_events: there is no key "filtre"; did you mean "filter"?'] = function()
        siem.export_events { registry = open(), format = "ecs", sink = sink, filtre = accept }
      end,
      ['export.open: there is no key "batch_byte"; did you mean "batch_bytes"?'] = function()
        siem.export.open { mapping = mapping, sink = sink, batch_byte = 1 }
      end,
      ['registry.open: there is no key "sicne"; did you mean "since"?'] = function()
        siem.registry.open { path = path, registry_id = "r", sicne = 1 }
      end,
      ['sink.file: there is no key "truncat"; did you mean "truncate"?'] = function()
        siem.sink.file("/none/x", { truncat = true })
      end,
      ['sink.splunk: there is no key "tokn"; did you mean "token"?'] = function()
        siem.sink.splunk { url = "https://x", tokn = "x" }
      end,
      ['sink.http: there is no key "token"; choices: '] = function()
        siem.sink.open("http", { url = "https://x", token = "x" })
      end,
      ['sink.open: there is no kind of sink "splnk"; did you mean "splunk"?'] = function()
        siem.sink.open("splnk", { url = "https://x" })
      end,
      ['sink.custom: there is no key "heders"; did you mean "headers"?'] = function()
        siem.sink.custom { url = "https://x", heders = {} }
      end,
      ['sink.custom: there is no key "compres"; did you mean "compress"?'] = function()
        siem.sink.custom { url = "https://x", compres = "gzip" }
      end,
      ['checkpoint.open: there is no key "pth"; did you mean "path"?'] = function() siem.checkpoint.open { pth = "x" } end,
      ['from_row: there is no key "registri_id"; did you mean "registry_id"?'] = function()
        siem.event.from_row({}, { registri_id = "x" })
      end,
      ['iter_registry_events: there is no key "since"; choices: '] = function()
        siem.iter_registry_events(path, { registry_id = "r", since = 1 })
      end,
      ['sentinel_authorization: there is no key "shared_kye"; did you mean "shared_key"?'] = function()
        siem.sentinel_authorization { shared_kye = "x" }
      end,
      ['pipeline: there is no key "fromat"; did you mean "format"?'] = function() siem.pipeline { fromat = "ecs" } end,
      ['format x: there is no key "sumary"; did you mean "summary"?'] = function()
        siem.format.define "x" { sumary = "x" }
      end,
      ['row 1 (a): there is no key "form"; did you mean "from"?'] = function()
        siem.format.define "x" { { "a", form = "kind" } }
      end,
      ['splunk: the format has no option "indx"; did you mean "index"?'] = function()
        siem.to_splunk_hec(siem.from_registry_row({}, { registry_id = "r" }), { indx = "x" })
      end,
    } do
      local message = raised(call)
      assert.is_truthy(message:find(wanted, 1, true), message)
    end
  end)

  it("has types, and keys that must be there", function()
    for wanted, call in pairs {
      ["registry.open: since must be a time (seconds, or a text as \"-1h\"), not 1.5"] = function()
        siem.registry.open { path = path, registry_id = "r", since = 1.5 }
      end,
      ["registry.open: before: a time is 2026-01-02T03:04:05Z (RFC 3339)"] = function()
        siem.registry.open { path = path, registry_id = "r", before = "soon" }
      end,
      ["registry.open: kind must be a string or a list of strings, not a table"] = function()
        siem.registry.open { path = path, registry_id = "r", kind = {} }
      end,
      ["registry.open: path is missing"] = function() siem.registry.open { registry_id = "r" } end,
      ["registry.open: it takes a table, not a string"] = function() siem.registry.open(path) end,
      ["export.open: mapping must be a mapping, not a string"] = function()
        siem.export.open { mapping = "ecs", sink = sink }
      end,
      ["export.open: progress must be a function, not a number"] = function()
        siem.export.open { mapping = mapping, sink = sink, progress = 1 }
      end,
      ["sink.file: truncate must be true or false, not a string"] = function()
        siem.sink.file("/none/x", { truncate = "yes" })
      end,
      ["sink.custom: give either send, which sends by itself, or url, to which the engine sends"] = function()
        siem.sink.custom { url = "https://x", send = accept }
      end,
      ["sink.custom: close must be a function, not a string"] = function()
        siem.sink.custom { send = accept, close = "x" }
      end,
      ["sink.custom: body must be a function, not a string"] = function()
        siem.sink.custom { url = "https://x", body = "x" }
      end,
      ["export_events: give either registry or events"] = function()
        siem.export_events { registry = open(), events = {}, format = "ecs", sink = sink }
      end,
      ["export_events: dead_letter must be a string, not a boolean"] = function()
        siem.export_events { registry = open(), format = "ecs", sink = sink, dead_letter = true }
      end,
      ["export_events: sink: siem.sink.file failed: cannot open '/none/x'"] = function()
        siem.export_events { registry = open(), format = "ecs", sink = siem.sink.file "/none/x" }
      end,
      ["registry.open failed: cannot open"] = function()
        siem.export_events { registry = siem.registry.open { path = "/none/x", registry_id = "r" },
          format = "ecs", sink = sink }
      end,
      ["export.open: deadletter: siem.deadletter.open failed: cannot open '/none/x'"] = function()
        siem.export.open { mapping = mapping, sink = sink, on_error = "dead-letter",
          deadletter = siem.deadletter.open "/none/x" }
      end,
      ["pipeline: siem.deadletter.open failed: cannot open '/none/x'"] = function()
        siem.pipeline { source = {}, format = "ecs", sink = "-", on_error = "dead-letter",
          dead_letter = siem.deadletter.open "/none/x" }
      end,
      ['sink.stdout: there is no key "truncate"'] = function() siem.sink.stdout { truncate = true } end,
      ["splunk: the options are a table, not a string"] = function() siem.format.load "splunk":compile "index" end,
      ["a format's name is a string, not nil"] = function() siem.format.where() end,
      ["from_function takes a name and a function"] = function() siem.format.from_function("x", 5) end,
      ["lookup.csv takes the path of a file and the name of a column"] = function() siem.lookup.csv "x" end,
    } do
      local message = raised(call)
      assert.is_truthy(message:find(wanted, 1, true), message)
    end
  end)

  it("raises with the place of the script, of a tail call as well", function()
    local chunk = assert(load("local siem = ...\n\nreturn siem.pipeline { sinc = 1 }", "=script.lua"))
    assert.equal('script.lua:3: pipeline: there is no key "sinc"; did you mean "sink"?', raised(chunk, siem))
    chunk = assert(load("local siem = ...\nreturn siem.format.from_function('x', 5)", "=script.lua"))
    assert.equal("script.lua:2: from_function takes a name and a function", raised(chunk, siem))
    chunk = assert(load("local siem = ...\nlocal t = siem.lookup.csv('/none/x', 'k')\nreturn t", "=script.lua"))
    assert.matches("^script%.lua:2: cannot open the table '/none/x'", raised(chunk, siem))
    for call, wanted in pairs {
      ["deadletter.open()"] = "bad argument #1", ["checkpoint.read()"] = "bad argument #1", ["to_ecs()"] = "bad argument #1",
      ["format.where()"] = "a format's name is a string, not nil",
      ["format_event(1, 'splunk', { indx = 'x' })"] = 'splunk: the format has no option "indx"',
      ["to_splunk_hec(1, { indx = 'x' })"] = 'splunk: the format has no option "indx"',
    } do
      chunk = assert(load("local siem = ...\n\nlocal x = siem." .. call .. "\nreturn x", "=script.lua"))
      local message = raised(chunk, siem)
      assert.equal(1, message:find("script.lua:3: " .. wanted, 1, true), message)
    end
  end)

  it("of events names what is not an event", function()
    for _, events in ipairs { { 5 }, function() return 5 end } do
      local count, message = siem.export_events { events = events, format = "ecs", sink = sink }
      assert.is_nil(count)
      assert.equal("events has a number instead of an event", message)
    end
  end)

  it("of a format is named without a place in this library", function()
    local count, message = siem.export_events { registry = open(), format = "splunk", sink = sink, options = { indx = "x" } }
    assert.is_nil(count)
    assert.equal('splunk: the format has no option "indx"; did you mean "index"?', message)
  end)

  it("of a refusal has no key that is not written", function()
    local file = os.tmpname()
    local deadletter = assert(siem.deadletter.open(file))
    local event = siem.from_registry_row({ id = 1 }, { registry_id = "r" })
    assert.matches("there is no key 'recrod'; choices: code, http_status, part, record, sink",
      raised(deadletter.write, deadletter, event, "ecs", "x", { recrod = "{}" }))
    assert.is_true(deadletter:write(event, "ecs", "x", { record = "{}" }))
    deadletter:close()
    os.remove(file)
  end)
end)

describe("a function of the caller", function()
  local function export(more, sink)
    local job = { registry = open(), format = "ecs", sink = sink or { send = accept } }
    for key, value in pairs(more or {}) do job[key] = value end
    return siem.export_events(job)
  end

  it("ends the export when progress fails or yields", function()
    local count, message, code = export { progress = function() error "no screen" end }
    assert.is_nil(count)
    assert.matches("^progress: .*misuse_spec.lua:%d+: no screen$", message)
    assert.equal("invalid", code)
    count, message = coroutine.wrap(function() return export { progress = coroutine.yield } end)()
    assert.is_nil(count)
    assert.matches("^progress: attempt to yield", message)
  end)

  it("ends the export when notice fails or yields", function()
    for _, notice in ipairs { function() error "no log" end, function() coroutine.yield() end } do
      local calls = 0
      local export_ = assert(siem.export.open {
        mapping = siem.format.load "ecs":compile(), sink = siem.sink.file "/dev/full",
        notice = function(text)
          calls = calls + 1
          notice(text)
        end,
      })
      local _, message, code = export_:follow(open { follow = true })
      assert.matches("^notice: .*", message)
      assert.is_truthy(message:find "no log" or message:find "yield", message)
      assert.equal("invalid", code)
      assert.equal(1, calls)
      export_:close()
    end
  end)

  it("ends a pipeline that waits for its registry", function()
    for _, hook in ipairs { "notice", "progress" } do
      local counts, message = siem.pipeline { source = { path = path .. ".none", registry_id = "r" }, format = "ecs",
        sink = { send = accept }, follow = true, wait = true, [hook] = function() error "no more" end }:run()
      assert.is_nil(counts)
      assert.matches("no more", message)
    end
  end)

  it("ends what is being sent when preview or go_on fails", function()
    local sink = assert(siem.sink.http { url = "http://127.0.0.1:1" })
    assert(sink:preview(function() error "no paper" end))
    local count, message, code = export({}, sink)
    assert.is_nil(count)
    assert.matches("^preview: .*no paper", message)
    assert.equal("invalid", code)
    sink = assert(siem.sink.http { url = "http://127.0.0.1:1", retry_base = 0.01 })
    sink:set_go_on(function() error "no idea" end)
    count, message = sink:ping()
    assert.is_nil(count)
    assert.matches("^go_on: .*no idea", message)
  end)

  it("ends what a registry reads when go_on says so, and refuses what it would do to the registry", function()
    local registry = assert(siem.registry.open { path = path, registry_id = "r" })
    local endless = assert(registry:prepare
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    local function first_with(go_on)
      registry:set_go_on(go_on)
      local ok, message = pcall(endless.first, endless)
      assert.is_false(ok)
      return message
    end
    assert.matches("stopped on request", first_with(function() return false end))
    assert.matches("^go_on: .*no idea", first_with(function() error "no idea" end))
    assert.matches("query is in use", first_with(function() endless:close() end))
    assert.matches("query is in use", first_with(function() endless:rows() end))
    assert.matches("registry is in use", first_with(function() registry:close() end))
    assert.matches("registry is in use", first_with(function() registry:set_go_on(print) end))
    assert.matches("this registry is in use", first_with(function() registry:ordering() end))
    assert.matches("is being read", first_with(function() assert(registry:prepare "SELECT 1") end))
    registry:close()
  end)

  it("confirms by true or a list of outcomes alone", function()
    for wanted, send in pairs {
      ["returned nothing"] = function() end, ["returned nil"] = function() return nil end,
      ["returned false"] = function() return false end, ["returned number"] = function() return 3 end,
      ["returned string"] = function() return "delivered" end, ["not today"] = function() return nil, "not today" end,
    } do
      local sink = siem.sink.custom { send = send }
      local count, message, code = export({}, sink)
      assert.is_nil(count)
      assert.is_truthy(message:find(wanted, 1, true), message)
      assert.equal("io", code)
    end
    assert.equal(3, (export({}, { send = function() return { "delivered", "delivered", "delivered" } end })))
  end)

  it("closes with a message, also when it raises", function()
    for wanted, close in pairs {
      ["it is lost"] = function() return nil, "it is lost" end, ["it broke"] = function() error "it broke" end,
      ["it returned false"] = function() return false end,
    } do
      local sink = siem.sink.custom { send = accept, close = close }
      local closed, message, code = sink:close()
      assert.is_nil(closed)
      assert.is_truthy(message:find(wanted, 1, true), message)
      assert.equal("io", code)
      assert.is_true(sink:close())
    end
    assert.is_true(siem.sink.custom { send = accept, close = function() end }:close())
  end)
end)

describe("os.exit", function()
  --- Exports with a function that calls os.exit in each place; the stock one would end this test.
  local function places(exit)
    return {
      format = { format = siem.format.from_function("exit", exit) },
      row = { format = siem.format.define "exit" { { "a", with = exit } } },
      filter = { filter = exit },
      send = { sink = { send = exit } },
      progress = { progress = exit },
    }
  end

  it("is an error of the function that calls it, however it is called", function()
    for way, exit in pairs {
      plain = function() os.exit(0) end,
      protected = function()
        pcall(os.exit, 0)
        return true
      end,
      coroutine = function()
        coroutine.resume(coroutine.create(function() os.exit(0) end))
        return true
      end,
    } do
      for place, job in pairs(places(exit)) do
        job.registry, job.format, job.sink = open(), job.format or "ecs", job.sink or { send = accept }
        local count, message = siem.export_events(job)
        assert.is_nil(count, way .. " in " .. place)
        assert.matches("os%.exit", message)
      end
      local closed, message = siem.sink.custom { send = accept, close = exit }:close()
      assert.is_nil(closed, way)
      assert.matches("os%.exit", message)
    end
  end)

  it("is an error of a format that is loaded", function()
    local file = os.tmpname() .. ".lua"
    for _, call in ipairs { "os.exit(0)", "pcall(os.exit, 0)" } do
      local f = assert(io.open(file, "w"))
      f:write(call, '\nreturn require "oversight.format" "x" { { "a", from = "kind" } }')
      f:close()
      local format, message = siem.format.load(file)
      assert.is_nil(format)
      assert.matches("os%.exit is called", message)
    end
    os.remove(file)
  end)

  it("stays the host's elsewhere", function()
    local command = ("LUA_PATH='%s' LUA_CPATH='%s' lua5.4 -e 'require \"oversight.siem\" os.exit(7)'"):format(
      package.path, package.cpath)
    local _, _, status = os.execute(command)
    assert.equal(7, status)
  end)
end)

describe("a registry that a host follows by itself", function()
  local function write(sql)
    local pipe = assert(io.popen("sqlite3 " .. path, "w"))
    pipe:write(sql)
    assert(pipe:close())
  end

  it("is read on after what was seen, waited for, and counts what is left", function()
    local registry = open { follow = true }
    local next_event = registry:events()
    registry:seek(1)
    local seen = {}
    for event in next_event do seen[#seen + 1] = event.event_id end
    assert.same({ "2", "3" }, seen)
    assert.is_false(registry:wait(0))
    write "INSERT INTO events VALUES (4,'d','dns',40);"
    local lag = registry:lag(3)
    assert.equal(1, lag.events)
    assert.is_true(lag.seconds > 0)
    assert.is_true(registry:wait(5000))
    assert.equal("4", next_event().event_id)
    assert.is_nil(next_event())
    assert.same({ events = 0, seconds = 0.0 }, registry:lag(4))
    write "DELETE FROM events WHERE id = 4;"
    for _, act in ipairs { "wait", "seek", "lag" } do
      assert.is_false(pcall(registry[act], registry, "x"))
    end
    registry:close()
    assert.has_error(function() registry:wait(0) end, "this registry is closed")
    for act, argument in pairs { wait = 0, lag = 0 } do
      registry = open()
      local answer, message, code = registry[act](registry, argument)
      assert.is_nil(answer)
      assert.matches("follow", message)
      assert.equal("invalid", code)
      assert.matches("opened with follow = true", raised(registry.seek, registry, 1))
      registry:close()
    end
  end)
end)

describe("another Lua", function()
  it("hears which one is needed", function()
    for _, lua in ipairs { "lua5.1", "lua5.3", "luajit" } do
      local pipe = assert(io.popen(("LUA_PATH='%s' %s -e 'require \"oversight.siem\"' 2>&1"):format(package.path, lua)))
      local output = pipe:read "a"
      pipe:close()
      if not output:find "not found" then
        assert.matches("oversight%.siem needs Lua 5%.4, and this is Lua", output)
      end
    end
  end)
end)
