-- metrics_spec.lua: numbers as Prometheus reads them.
local core    = require "oversight.core"
local metrics = require "oversight.metrics"

local function numbers_of(state)
  local numbers = core.no_counts()
  numbers.state = state
  return numbers
end

describe("numbers", function()
  it("have labels that hold any name", function()
    local text = metrics.text({ { name = 'a "b"\\c\nd', numbers = numbers_of "running" } }, 0)
    assert.truthy(text:find([[oversight_siem_up{pipeline="a \"b\"\\c\nd"} 1]], 1, true))
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find "^# " or line:find "^oversight_siem_[%w_]+{.*} [%d.e+-]+$", line)
    end
  end)

  it("tell that a pipeline which waits, or has ended, is not up", function()
    for _, state in ipairs { "waiting", "held", "stopped", "failed" } do
      local text = metrics.text({ { name = "p", numbers = numbers_of(state) } }, 0)
      assert.truthy(text:find('oversight_siem_up{pipeline="p"} 0', 1, true))
    end
  end)

  it("leave out what is not known", function()
    local numbers = numbers_of "waiting"
    numbers.lag_seconds, numbers.last_id = nil, nil
    local text = metrics.text({ { name = "p", numbers = numbers } }, 0)
    assert.is_nil(text:find("lag_seconds{", 1, true) or text:find("last_id{", 1, true))
  end)
end)
