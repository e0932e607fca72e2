-- guide_spec.lua: every snippet of lua/README.md is run, and what it makes is used.
local core = require "oversight.core"
local siem = require "oversight.siem"
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

--- The blocks of the guide, in order: { language =, text = }.
local function blocks()
  local found = {}
  for language, text in read(here .. "../../lua/README.md"):gmatch "\n```(%l*)\n(.-)```" do
    found[#found + 1] = { language = language, text = text }
  end
  return found
end

--- The program of the build tree that the module under test is from.
local function program()
  local module = assert(package.searchpath("oversight.core", package.cpath))
  return (core.absolute_path(module):gsub("lua/oversight/core%.so$", "oversight-siem"))
end

describe("the scripting guide", function()
  local folder, registry, printed

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir -p " .. folder .. "/site/oversight/formats"))
    assert(os.execute(("sqlite3 %s/registry.sqlite <%s../../examples/registry.sql >%s/log"):format(folder, here, folder)))
    write(folder .. "/networks.csv", "network,site\n192.0.2.0/24,HQ\n")
    write(folder .. "/people.csv", "mail,team\nmei.tanaka@example.com,legal\n")
    registry = assert(siem.registry.open { path = folder .. "/registry.sqlite", registry_id = "r" })
  end)
  teardown(function()
    registry:close()
    os.execute("rm -r " .. folder)
  end)

  --- What a snippet gives. One that ends with a table, as of a sink, gives that.
  local function run_snippet(text)
    if not text:find "\nreturn " and not text:find "^return " then
      local name = text:match "^local (%w+) += {" or text:match "\nlocal (%w+) += {"
      text = name and ("%s\nreturn %s\n"):format(text, name) or text
    end
    text = text:gsub("/etc/oversight/", folder .. "/"):gsub('"([%w_{}-]+%.jsonl?)"', ('"%s/%%1"'):format(folder))
      :gsub('"%./"', ('"%s/"'):format(folder))
      :gsub('"registry%.sqlite"', ('"%s/registry.sqlite"'):format(folder)):gsub('"env:', '"cmd:echo ')
    if not siem.FEATURES.gzip then text = text:gsub('compress = "gzip",', "") end
    printed = {}
    local function print(...) printed[#printed + 1] = table.pack(...) end
    local system = setmetatable({ getenv = function() return "key" end }, { __index = os })
    local environment = setmetatable({ print = print, os = system, arg = {} }, { __index = _G })
    return assert(load(text, "@snippet", "t", environment))()
  end

  --- Every event has a record, made by all functions of the format.
  local function use_format(format)
    local count = 0
    for event in registry:events() do
      local record, message = format:render(event)
      assert.is_nil(message)
      assert.is_table(siem.json.decode(record))
      count = count + 1
    end
    assert.is_true(count > 0)
  end

  local function export_to(sink)
    local count, counts = siem.export_events { registry = registry, format = "ecs", sink = sink }
    assert.is_true(count and count > 0, counts)
    return count
  end

  --- A sink of tables: one that sends by itself, or one over the engine's transport.
  local function use_sink(sink)
    if sink.send then
      assert.equal(export_to(sink), #printed)
      return
    end
    local opened, requests = assert(siem.sink.custom(sink)), {}
    assert(opened:preview(function(request) requests[#requests + 1] = request end))
    export_to(opened)
    assert.matches('"events":%[{"@timestamp"', requests[1])
    assert.equal("split", (sink.outcome(sink, { status = 400, body = "x" })))
    assert.is_nil(sink.outcome(sink, { status = 200, body = "" }))
    assert.equal("application/json", sink.headers(sink)["Content-Type"])
  end

  local function use_pipeline(job)
    if type(job.sink) == "userdata" then assert(job.sink:preview(function() end)) end
    if job.follow then job.progress = function(counts) return counts.batches == 0 end end
    local counts, message, code, at_end = job:run()
    if job.follow and code == "cancelled" then counts, message = at_end, nil end
    assert.is_nil(message)
    assert.is_true(counts.exported > 0)
  end

  --- Uses what a snippet gave, and says what that was.
  local function use(result)
    if require("oversight.format").is_format(result) then
      use_format(result)
      return "format"
    elseif type(result) == "table" and (result.send or result.url) then
      use_sink(result)
      return "sink"
    elseif type(result) == "table" then
      local jobs = #result > 0 and result or { result }
      for _, job in ipairs(jobs) do use_pipeline(job) end
      return "pipeline"
    end
    return "script"
  end

  local used = {}
  for i, block in ipairs(blocks()) do
    if block.language == "lua" then
      it(("has the Lua snippet %d, which works"):format(i), function()
        local kind = use(run_snippet(block.text))
        used[kind] = (used[kind] or 0) + 1
      end)
    else
      it(("has the shell commands %d, which work"):format(i), function()
        for _, acme in ipairs(blocks()) do
          if acme.text:find ':extend "acme"' then write(folder .. "/site/oversight/formats/acme.lua", acme.text) end
        end
        for line in block.text:gmatch "[^\n]+" do
          local command = line:gsub("^oversight%-siem ", program() .. " ")
          assert.are_not.equal(line, command)
          local output = folder .. "/output"
          local ok = os.execute(("cd %s && OVERSIGHT_LUA_PATH=site %s >%s 2>&1 </dev/null"):format(
            folder, command:gsub("#.*", ""), output))
          assert.is_true(ok, line .. "\n" .. read(output))
          assert.are_not.equal("", read(output))
          used.shell = (used.shell or 0) + 1
        end
      end)
    end
  end

  it("has snippets of every kind", function()
    for kind, least in pairs { format = 4, sink = 2, pipeline = 3, script = 2, shell = 5 } do
      assert.is_true((used[kind] or 0) >= least, ("%d of kind %s"):format(used[kind] or 0, kind))
    end
  end)
end)
