-- counters_spec.lua: the table of counters, and what is made of it: counts, definitions, numbers, closing lines.
local core    = require "oversight.core"
local metrics = require "oversight.metrics"

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("each counter", function()
  local definitions = read(here .. "../../lua/meta/export.d.lua")
  local numbers = core.no_counts()
  numbers.state = "running"
  local text = metrics.text({ { name = "p", numbers = numbers } }, 0)

  for _, counter in ipairs(core.counters()) do
    it(("'%s' is counted, defined and published"):format(counter.name), function()
      local kind = math.type(numbers[counter.name])
      assert.truthy(kind)
      local field = ("---@field %s %s %s\n"):format(counter.name, kind == "integer" and kind or "number", counter.help)
      assert.truthy(definitions:find(field, 1, true), "lua/meta/export.d.lua lacks " .. field)
      assert.is_true(counter.kind == "counter" or counter.kind == "gauge")
      assert.is_true(#counter.unit > 0)
      if not counter.metric then return end
      local head = ("# HELP oversight_siem_%s %s\n# TYPE oversight_siem_%s %s\noversight_siem_%s{pipeline=\"p\"} 0\n")
        :format(counter.metric, counter.help, counter.metric, counter.kind, counter.metric)
      assert.truthy(text:find(head, 1, true), "the numbers lack " .. head)
    end)
  end

  it("that is part of another one names a counter", function()
    local names, parts = {}, 0
    for _, counter in ipairs(core.counters()) do
      assert.is_nil(names[counter.name])
      names[counter.name] = true
      if counter.part_of then
        assert.is_true(names[counter.part_of])
        assert.is_string(counter.summary)
        parts = parts + 1
      end
    end
    assert.equal(5, parts)
  end)

  it("is all that counts have, beside the latency", function()
    local counts = core.no_counts()
    counts.latency = nil
    for _, counter in ipairs(core.counters()) do counts[counter.name] = nil end
    assert.is_nil(next(counts))
  end)
end)
