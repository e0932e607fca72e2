-- record_spec.lua: what is in the text of a record.
local record = require "oversight.record"

local TEXT = [[{"b":{"x.y":1.10,"l":[{"k":2}],"e":{}},"a":"say \"{[,:]}\" \\"}]]

describe("a record", function()
  it("keeps the order of its keys", function()
    local decoded = assert(record.decode(TEXT))
    assert.same({ "b", "a" }, getmetatable(decoded).__jsonorder)
    assert.same(decoded, record.decode(TEXT, "json"))
    local nothing, message = record.decode "{"
    assert.is_nil(nothing)
    assert.is_string(message)
  end)

  it("is a list of fields, which is a table by path as well", function()
    local fields = record.fields(TEXT)
    local paths = {}
    for i, field in ipairs(fields) do paths[i] = field.path end
    assert.same({ "b.x\\.y", "b.l", "b.e", "a" }, paths)
    assert.equal('[{"k":2}]', fields["b.l"].json)
    assert.equal("l.k", record.fields_within(fields["b.l"].value[1], "l")[1].path)
    assert.has_error(function() record.fields "1 2" end)
  end)

  it("gives a value as it was written", function()
    assert.equal("1.10", record.find(TEXT, { "b", "x.y" }))
    assert.equal(record.quote('say "{[,:]}" \\'), record.find(TEXT, { "a" }))
    assert.is_nil(record.find(TEXT, { "b", "none", "x" }))
  end)

  it("is indented without a change of its values", function()
    local lines = { "{", '  "b": {', '    "x.y": 1.10,', '    "l": [', "      {", '        "k": 2', "      }", "    ],",
      '    "e": {}', "  },", [[  "a": "say \"{[,:]}\" \\"]], "}" }
    assert.equal(table.concat(lines, "\n"), record.indent(TEXT))
  end)

  it("has an encoding that is known", function()
    for name, arguments in pairs {
      decode = {}, fields = {}, find = { {} }, quote = {}, indent = {},
    } do
      arguments[#arguments + 1] = "x"
      local ok, message = pcall(record[name], TEXT, table.unpack(arguments))
      assert.is_false(ok)
      assert.truthy(message:find('there is no encoding "x"', 1, true))
    end
  end)
end)
