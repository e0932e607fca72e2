-- metrics_spec.lua: numbers as Prometheus reads them.
local core    = require "oversight.core"
local metrics = require "oversight.metrics"
local siem    = require "oversight.siem"

local function numbers_of(state)
  local numbers = core.no_counts()
  numbers.state = state
  return numbers
end

describe("names of pipelines", function()
  it("are text of one line", function()
    local function make(name)
      return siem.pipeline { name = name, source = { path = "r.db", registry_id = "r" }, format = "ecs", sink = "-" }
    end
    assert.equal("größte \"1\"", make("größte \"1\""):title())
    for _, name in ipairs { "a\nb", "a\27[2J", "a\0", "\xff", "\u{202e}a", "a\u{feff}", "\u{e0041}" } do
      assert.has_error(function() make(name) end, "pipeline: name must be text without control characters")
    end
  end)
end)

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

  it("are those of each partition of a topic", function()
    local numbers = numbers_of "running"
    assert.is_nil(metrics.text({ { name = "p", numbers = numbers } }, 0):find "partition_lag")
    numbers.partitions = { { partition = 0, lag = 7 }, { partition = 12 }, { partition = 3, lag = 0 } }
    local text = metrics.text({ { name = "p", numbers = numbers } }, 0)
    assert.truthy(text:find('# TYPE oversight_siem_partition_lag_events gauge\n' ..
      'oversight_siem_partition_lag_events{pipeline="p",partition="0"} 7\n' ..
      'oversight_siem_partition_lag_events{pipeline="p",partition="3"} 0\n# ', 1, true))
  end)

  it("leave out what is not known", function()
    local numbers = numbers_of "waiting"
    numbers.lag_seconds, numbers.last_id = nil, nil
    local text = metrics.text({ { name = "p", numbers = numbers } }, 0)
    assert.is_nil(text:find("lag_seconds{", 1, true) or text:find("last_id{", 1, true))
  end)

  it("go to a new file, and through no link", function()
    local path, other = os.tmpname(), os.tmpname()
    assert(os.execute(("ln -s %s %s.new"):format(other, path)))
    assert.is_true(metrics.write(path, "up 1\n"))
    for name, text in pairs { [path] = "up 1\n", [other] = "" } do
      local file = assert(io.open(name))
      assert.equal(text, file:read "a")
      file:close()
      os.remove(name)
    end
    assert.equal("cannot write the numbers to '/none/m': cannot open '/none/m.new' for writing: No such file or directory",
      select(2, metrics.write("/none/m", "")))
    assert.equal("cannot write the numbers to '/dev/null': '/dev/null' is not a regular file: give another file",
      select(2, metrics.write("/dev/null", "")))
  end)
end)
