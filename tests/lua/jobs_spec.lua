-- jobs_spec.lua: several threads in a host of its own: each has a state of stock Lua.
local siem = require "oversight.siem"

local EVENTS = 6000

local folder, files = os.tmpname(), {}
os.remove(folder)

local function path_of(name)
  local path = folder .. name
  files[path] = true
  return path
end

local function write(name, text)
  local file = assert(io.open(path_of(name), "w"))
  file:write(text)
  assert(file:close())
  return path_of(name)
end

local database = path_of ".db"
local pipe = assert(io.popen("sqlite3 " .. database, "w"))
pipe:write(([[CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, file_id, timestamp);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
  INSERT INTO events SELECT i, 'tok' || i, 'dns', 'f', i FROM n;]]):format(EVENTS))
assert(pipe:close())

local FORMAT = write("-format.lua", [[
return require "oversight.formats.sentinel":extend "host" { parallel = true,
  { "Token", from = "token_id", with = function(token, event)
    if event.occurred_unix % 1000 == 0 then error("refused " .. token) end
    return token:upper()
  end },
}]])

local function open_registry()
  return assert(siem.registry.open { path = database, registry_id = "reg" })
end

--- What a pipeline of a few keys writes, and its counts.
local function export(keys)
  local registry, records = open_registry(), {}
  local job = { registry = registry, format = FORMAT, on_error = "skip", sink = {
    send = function(_, batch)
      for _, record in batch:records() do records[#records + 1] = record end
      return true
    end,
  } }
  for key, value in pairs(keys) do job[key] = value end
  local count, counts, code = siem.export_events(job)
  registry:close()
  return table.concat(records, "\n"), count, counts, code
end

describe("jobs in a host", function()
  local expected = export { jobs = 1 }

  teardown(function() for path in pairs(files) do os.remove(path) end end)

  it("make the same records", function()
    assert.matches('"Token":"TOK1"', expected, 1, true)
    for jobs = 2, 4 do
      local records, count, counts = export { jobs = jobs }
      assert.equal(expected, records)
      assert.equal(EVENTS - 6, count)
      assert.equal(6, counts.refused)
      assert.matches("%-format.lua:3: refused tok1000$", counts.reasons[1].reason)
    end
    assert.equal(expected, (export {}))
  end)

  it("call progress, a filter of a file, and the sink in the caller's state", function()
    local calls = 0
    local filter = write("-filter.lua", "return { function(event) return event.event_id % 2 == 0 end, parallel = true }")
    local records, count, counts = export { jobs = 3, filter = filter, progress = function() calls = calls + 1 end }
    assert.equal(export { jobs = 1, filter = filter }, records)
    assert.equal(EVENTS // 2 - 6, count)
    assert.equal(EVENTS // 2, counts.dropped)
    assert.is_true(calls > 0)
  end)

  it("keep every byte of options and of rows", function()
    local format = write("-bytes.lua", 'return require "oversight.formats.splunk":extend "bytes" { parallel = true,\n' ..
      '{ "event.odd", value = "\\xff\\n\\"" }, { "event.token", from = "token_id", with = string.upper } }')
    local options = { index = "\xfe \\\n\"" }
    local records, count = export { jobs = 2, format = format, options = options }
    assert.equal(EVENTS, count)
    assert.equal(export { jobs = 1, format = format, options = options }, records)
  end)

  it("run in a coroutine", function()
    assert.equal(expected, coroutine.wrap(function() return export { jobs = 2 } end)())
  end)

  it("end when progress raises", function()
    local _, count, message, code = export { jobs = 2, progress = function() error "enough" end }
    assert.is_nil(count)
    assert.matches("progress: .*enough", message)
    assert.equal("invalid", code)
  end)

  it("are of an export that a script opens by hand", function()
    local registry, out = open_registry(), path_of "-out"
    local mapping = assert(siem.format.load(FORMAT)):compile()
    local sink = assert(siem.sink.file(out))
    local export_ = assert(siem.export.open { mapping = mapping, sink = sink, jobs = 2, on_error = "skip" })
    assert(export_:run(registry))
    mapping:close()
    export_:close()
    assert(sink:close())
    local file = assert(io.open(out))
    assert.equal(expected .. "\n", file:read "a")
    file:close()
    registry:close()
  end)

  it("are collected with an export that nobody closes", function()
    local registry = open_registry()
    for _ = 1, 3 do
      local sink = assert(siem.sink.custom { send = function() return true end })
      assert(assert(siem.export.open {
        mapping = assert(siem.format.load(FORMAT)):compile(), sink = sink, jobs = 2, on_error = "skip",
      }):run(registry))
      collectgarbage()
    end
    registry:close()
  end)

  it("need functions that can be loaded again", function()
    local _, count, message, code = export { jobs = 2, filter = function() return true end }
    assert.is_nil(count)
    assert.matches("jobs is 1 for host: the filter is made by a script", message, 1, true)
    assert.equal("invalid", code)
    local _, exported = export { filter = function() return true end }
    assert.equal(EVENTS - 6, exported)
    local whole = siem.format.from_function("whole", function(event) return { id = event.event_id } end, { parallel = true })
    _, count, message = export { jobs = 2, format = whole }
    assert.is_nil(count)
    assert.matches("jobs is 1 for whole: the format is made by a script", message, 1, true)
    _, exported = export { format = whole }
    assert.equal(EVENTS, exported)
  end)

  it("take a filter that is one", function()
    local ecs = assert(siem.format.load "ecs")
    for problem, filter in pairs {
      ["jobs_spec.lua:%d+: ecs: the filter: it must be a function, or the name of a file"] = 5,
      ["jobs_spec.lua:%d+: ecs: the filter is a function, not a string"] = "thirds.lua",
      ["there is no key \"paralel\" in a filter"] = { print, paralel = true },
    } do
      local ok, message = pcall(function() ecs:compile(nil, filter) end)
      assert.is_false(ok)
      assert.matches(problem, message)
    end
  end)

  it("find a format that a script has from require, and see that it is another one", function()
    package.preload["oversight.formats.preloaded"] = function()
      return require "oversight.format" "preloaded" { parallel = true, { "id", with = function(_, e) return e.event_id end } }
    end
    local _, count, message = export { jobs = 2, format = require "oversight.formats.preloaded" }
    package.preload["oversight.formats.preloaded"], package.loaded["oversight.formats.preloaded"] = nil, nil
    assert.is_nil(count)
    assert.matches("preloaded cannot be loaded for another thread: unknown format 'preloaded'", message, 1, true)
    local fresh = write("-fresh.lua", ('return require "oversight.format" "fresh" { { "id", with = tostring } }'))
    local format = assert(siem.format.load(fresh))
    write("-fresh.lua", ('return require "oversight.format" "fresh" { { "id", with = tonumber }, { "b", value = 1 } }'))
    _, count, message = export { jobs = 2, format = format }
    assert.is_nil(count)
    assert.matches("row 2 (b) is different: its file has changed", message, 1, true)
  end)

  it("do not see what a format's table became after it was loaded", function()
    local format = assert(siem.format.load(FORMAT))
    format.rows[1] = { format.rows[1][1], value = "changed" }
    local _, count, message = export { jobs = 2, format = format }
    assert.is_nil(count)
    assert.matches("row 1 (", message, 1, true)
  end)
end)
