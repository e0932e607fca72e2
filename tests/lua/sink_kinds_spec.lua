-- sink_kinds_spec.lua: what kinds of sinks can do is data, which commands go by.
local siem = require "oversight.siem"

describe("the kinds of sinks", function()
  local kinds = {}
  for _, kind in ipairs(siem.sink.kinds()) do kinds[kind.name] = kind end

  it("say whether they count events", function()
    for name, kind in pairs(kinds) do assert.equal(name == "elastic", kind.counts) end
  end)

  it("have one for a URL without a name", function()
    local names = {}
    for name, kind in pairs(kinds) do
      if kind.takes_urls then names[#names + 1] = name end
    end
    assert.same({ "http" }, names)
  end)

  it("name an option of their own that a format sets", function()
    local shared = 0
    for _, kind in pairs(kinds) do
      local own = {}
      for _, option in ipairs(kind.options) do own[option.name] = true end
      if kind.from_format then
        shared = shared + 1
        assert.is_true(own[kind.from_format])
        assert.is_string(siem.format.load(kind.format).options[kind.from_format])
      end
    end
    assert.equal(1, shared)
  end)

  it("say what to prefer to a retired one", function()
    for name, kind in pairs(kinds) do
      assert.equal(name == "sentinel" and "string" or "nil", type(kind.retired))
    end
    assert.truthy(kinds.sentinel.retired:find("--to azure", 1, true))
  end)
end)
