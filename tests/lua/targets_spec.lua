-- targets_spec.lua: the lists of ECS fields, and the questions that the rules of targets ask of values.
local targets = require "oversight.targets"
local record  = require "oversight.record"
local values  = require "oversight.targets.values"

-- Before the first list is asked for: other commands do not pay for the data.
local loaded_early = package.loaded["oversight.targets.ecs_fields"] ~= nil

local siem  = require "oversight.siem"
local types = require "oversight.targets.ecs".TYPES
local lists = require "oversight.targets.ecs_list"

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

describe("the data of ECS", function()
  it("is loaded when an ECS record is checked", function()
    assert.is_false(loaded_early)
    assert.is_function(targets.ecs)
  end)

  -- The rows of elastic/ecs, generated/csv/fields.csv, without those of multi-fields.
  it("has as many fields as the published lists", function()
    assert.same({ "8.11", "8.16", "9.0", "9.1", "9.2", "9.3", "9.4", "9.5" }, lists.releases())
    assert.equal(2614, count(lists.of "9.5".types))
    assert.equal(1698, count(lists.of "9.0".types))
    assert.equal(1659, count(lists.of "8.11".types))
  end)

  it("has only types that have a rule, and members only below objects", function()
    for _, release in ipairs(lists.releases()) do
      local list = lists.of(release)
      for path, name in pairs(list.types) do
        local rule = types[name]
        assert.is_table(rule, path .. " is of type " .. name)
        assert.is_true(not list.parents[path] or rule.wanted == "an object", path .. " has members")
      end
      for path in pairs(list.lists) do assert.is_string(list.types[path]) end
    end
  end)

  it("has shared sets wherever they stand, and each release for itself", function()
    for _, side in ipairs { "client", "source", "server", "destination" } do
      assert.equal("long", lists.of "8.11":type_of(side .. ".nat.port"))
      assert.equal("geo_point", lists.of "8.11":type_of(side .. ".geo.location"))
    end
    assert.equal("long", lists.of "8.17":type_of "process.pgid")
    assert.is_nil(lists.of "9.0":type_of "process.pgid")
    assert.equal("integer", lists.of "9.4":type_of "gen_ai.request.seed")
    assert.equal("long", lists.of "9.5":type_of "gen_ai.request.seed")
    assert.is_nil(lists.of "8.11":values_at "host.entity.type")
    assert.is_nil(lists.of "9.2":values_at "host.entity.type".cloud)
    assert.is_true(lists.of "9.3":values_at "host.entity.type".cloud)
    assert.is_nil(lists.of "8.10")
  end)

  it("says what stands at a path", function()
    local list = lists.of "8.11"
    for path, expected in pairs {
      ["@timestamp"] = "date", tags = "keyword", source = "object", ["tls.client.x509.subject"] = "object",
      ["process.io.text"] = "wildcard", ["labels.a"] = "anything", ["container.labels.a.b"] = "anything",
      ["log.syslog.structured_data.a"] = "anything", ["source.geo.location.lat"] = "latitude",
      ["dns.answers.name"] = "keyword",
    } do
      assert.equal(expected, list:type_of(path))
    end
    for _, path in ipairs {
      "", ".", "source.", ".source", "base", "base.tags", "geo.name", "hash.md5", "user.name.text", "message.text",
      "event.kind.a", "source.geo.location.x", "network.inner.a", "Source.ip", "tags[]",
    } do
      assert.is_nil(list:type_of(path), path)
    end
  end)
end)

describe("a value", function()
  it("is a time of RFC 3339 only when there is such a time", function()
    for _, text in ipairs {
      "2026-01-02T03:04:05Z", "2026-01-02T03:04:05z", "2026-01-02T03:04:05.123456789+05:30", "2024-02-29T23:59:59-00:00",
      "2000-02-29T00:00:00Z",
    } do
      assert.is_true(values.is_rfc3339(text), text)
    end
    for _, text in ipairs {
      "", "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z",
      "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
      "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05.Z",
      "2026-01-02T03:04:05Zjunk", "2026-01-02T03:04:05+0530", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+05:60",
    } do
      assert.is_false(values.is_rfc3339(text), text)
    end
    assert.is_false(values.is_rfc3339(1767225600))
    assert.is_false(values.is_rfc3339(siem.null))
  end)

  it("is a time in seconds since 1970, whatever its zone", function()
    for text, seconds in pairs {
      ["1970-01-01T00:00:00Z"] = 0, ["1969-12-31T23:59:59Z"] = -1, ["2026-01-01T00:00:00Z"] = 1767225600,
      ["2024-02-29T12:34:56.789Z"] = 1709210096, ["2024-03-01T00:00:00+05:30"] = 1709231400,
      ["0001-01-01T00:00:00Z"] = -62135596800, ["9999-12-31T23:59:59Z"] = 253402300799,
      ["2000-02-28T23:00:00-01:30"] = 951784200,
    } do
      assert.equal(seconds, values.unix_time(text), text)
    end
    assert.is_nil(values.unix_time "2026-02-29T00:00:00Z")
  end)

  it("is an address of IPv4 or IPv6", function()
    assert.is_true(values.is_address "192.0.2.1")
    assert.is_true(values.is_address "2001:db8::1")
    for _, wrong in ipairs { "", "192.0.2.0/24", "192.0.2.256", "localhost", " 192.0.2.1", 5, siem.null } do
      assert.is_false(values.is_address(wrong))
    end
  end)

  it("is of a kind that JSON has", function()
    assert.equal("array", record.kind_of(siem.json.decode("[]", true)))
    assert.equal("object", record.kind_of(siem.json.decode("{}", true)))
    assert.equal("null", record.kind_of(siem.null))
    assert.equal("number", record.kind_of(1))
  end)
end)
