-- guide_spec.lua: every Lua snippet of lua/README.md runs.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- The ```lua blocks of the guide, in order.
local function snippets()
  local file = assert(io.open(here .. "../../lua/README.md"))
  local text, found = file:read "a", {}
  file:close()
  for block in text:gmatch "```lua\n(.-)```" do found[#found + 1] = block end
  return found
end

describe("the scripting guide", function()
  local folder
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    assert(os.execute(("sqlite3 %s/registry.sqlite <%s../../examples/registry.sql >%s/log"):format(folder, here, folder)))
    write(folder .. "/networks.csv", "network,site\n192.0.2.0/24,HQ\n")
    write(folder .. "/people.csv", "mail,team\nmei.tanaka@example.com,legal\n")
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  it("has snippets", function() assert.is_true(#snippets() >= 5) end)

  for i, block in ipairs(snippets()) do
    it(("runs snippet %d"):format(i), function()
      block = block:gsub("/etc/oversight/", folder .. "/"):gsub('"([%w-]+%.jsonl?)"', ('"%s/%%1"'):format(folder))
        :gsub('"registry%.sqlite"', ('"%s/registry.sqlite"'):format(folder)):gsub('"env:', '"cmd:echo ')
      local chunk = assert(load(block, "@snippet", "t", setmetatable({ print = function() end, arg = {} }, { __index = _G })))
      local result = chunk()
      local jobs = type(result) == "table" and (#result > 0 and result or { result.sink and result }) or {}
      for _, job in ipairs(jobs) do
        if type(job.sink) == "userdata" then assert(job.sink:preview(function() end)) end
        if job.follow then job.progress = function(counts) return counts.batches == 0 end end
        local counts, message, code, at_end = job:run()
        if job.follow and code == "cancelled" then counts, message = at_end, nil end
        assert.is_nil(message)
        assert.is_true(counts.exported > 0)
      end
    end)
  end
end)
