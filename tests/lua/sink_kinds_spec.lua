-- sink_kinds_spec.lua: what kinds of sinks can do is data, which commands go by.
local siem = require "oversight.siem"

describe("the kinds of sinks", function()
  local kinds = {}
  for _, kind in ipairs(siem.sink.kinds()) do kinds[kind.name] = kind end

  it("say whether they count events", function()
    for name, kind in pairs(kinds) do assert.equal(name == "elastic" or name == "kafka", kind.counts) end
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

  it("show the range and the default of an option", function()
    local shown = {}
    for _, option in ipairs(kinds.splunk.options) do shown[option.name] = option end
    local in_flight = shown.in_flight
    assert.same({ "integer", 1, 64, "2" }, { in_flight.kind, in_flight.least, in_flight.most, in_flight.default })
    assert.equal("2097152", shown.batch_bytes.default)
    assert.equal("none", shown.compress.default)
    assert.is_nil(shown.url.least)
    assert.same({ "secret", true, true }, { shown.token.kind, shown.token.secret, shown.token.required })
    assert.same({ "text", true }, { shown.proxy.kind, shown.proxy.secret })
  end)

  it("take each option at its default", function()
    for _, option in ipairs(kinds.http.options) do
      local options = { url = "http://127.0.0.1:1" }
      if option.default then
        options[option.name] = option.default
        assert(siem.sink.http(options)):close()
      end
    end
  end)

  it("name the options at fault, in the order of the message", function()
    local function at_fault(kind, options)
      local sink, message, code, fault = siem.sink.open(kind, options)
      assert.is_nil(sink)
      assert.is_string(code)
      for i, name in ipairs(fault.options) do
        assert.equal(name, message:sub(fault.option_at[i], fault.option_at[i] + #name - 1))
      end
      return fault.options
    end
    local url = "http://127.0.0.1:1"
    assert.same({ "url" }, at_fault("http", {}))
    assert.same({ "in_flight" }, at_fault("http", { url = url, in_flight = 65 }))
    assert.same({ "token" }, at_fault("splunk", { url = url, token = "file:/no/such/file" }))
    assert.same({ "api_key", "user", "password" }, at_fault("elastic", { url = url, api_key = "k", user = "u" }))
    assert.same({ "tenant", "client_id", "client_secret", "managed_identity" },
      at_fault("azure", { endpoint = url, rule_id = "r", stream = "s" }))
    assert.same({ "ca_file" }, at_fault("http", { url = url, ca_file = "/no/such/file" }))
    assert.same({ "header" }, at_fault("http", { url = url, header = "no colon" }))
    local fault = select(4, siem.sink.custom { url = url, headers = { Host = "h" } })
    assert.same({ "header" }, fault.options)
  end)
end)
