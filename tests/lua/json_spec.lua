-- json_spec.lua: Lua values and JSON text, both ways, at their edges.
local siem = require "oversight.siem"
local encode, decode = siem.json.encode, siem.json.decode

--- What a value that cannot be written gives.
local function refusal(value)
  local text, message, code = encode(value)
  assert.is_nil(text)
  assert.equal("refused", code)
  return message
end

describe("a table", function()
  it("is an array when its keys are 1 to n, in whatever order they came", function()
    local backwards = {}
    for i = 7, 1, -1 do backwards[i] = i end
    assert.equal("[1,2,3,4,5,6,7]", encode(backwards))
    for _, keys in ipairs { { 0, 1 }, { -1, 1 }, { 1, 3 }, { 3 }, { 1.5 }, { 1, "x" }, { true } } do
      local value = {}
      for _, key in ipairs(keys) do value[key] = 1 end
      assert.equal("a table must hold either names or the keys 1 to n", refusal(value))
    end
  end)

  it("is what its metatable declares, when that is a kind of JSON", function()
    local function declared(value, kind) return setmetatable(value, { __jsontype = kind }) end
    assert.equal("[]", encode(declared({}, "array")))
    assert.equal("{}", encode(declared({}, "object")))
    for _, kind in ipairs { true, 7, "list", "" } do
      assert.equal("[1]", encode(declared({ 1 }, kind)))
      assert.equal("{}", encode(declared({}, kind)))
    end
    assert.equal("an array must hold the keys 1 to n and no other", refusal(declared({ a = 1 }, "array")))
    assert.equal("a table must hold either names or the keys 1 to n", refusal(declared({ 1 }, "object")))
  end)

  it("has its keys in the declared order, then sorted byte by byte", function()
    local function ordered(value, order) return setmetatable(value, { __jsonorder = order }) end
    assert.equal('{"c":3,"a":1,"b":2}', encode(ordered({ a = 1, b = 2, c = 3 }, { "none", "c", 5, "c", true, "a" })))
    assert.equal('{"a":1,"b":2}', encode(ordered({ a = 1, b = 2 }, "b")))
    assert.equal('{"":1,"B":2,"a":3,"a\\u0000":4,"ab":5,"\\u00e9":6}',
      encode { [""] = 1, B = 2, a = 3, ["a\0"] = 4, ab = 5, ["é"] = 6 })
    local many, wanted = {}, {}
    for i = 100, 999 do
      many["k" .. i] = i
      wanted[#wanted + 1] = ('"k%d":%d'):format(i, i)
    end
    assert.equal("{" .. table.concat(wanted, ",") .. "}", encode(many))
  end)

  it("has bounds: its depth, and itself", function()
    local function nested(depth)
      local value = {}
      for _ = 2, depth do value = { value } end
      return value
    end
    local most = 0
    while encode(nested(most + 1)) do most = most + 1 end
    assert.is_true(most >= 64)
    assert.matches("tables lie too deep in one another$", refusal(nested(most + 1)))
    local own = { a = {} }
    own.a.b = own
    assert.equal("a.b: the table holds itself", refusal(own))
    local shared = { 1 }
    assert.equal("[[1],[1]]", encode { shared, shared })
  end)
end)

describe("a value without a JSON form", function()
  it("is named by its place", function()
    assert.equal("a function has no JSON form", refusal(print))
    assert.equal("a userdata has no JSON form", refusal(siem.drop))
    assert.equal("a userdata has no JSON form", refusal(io.stdout))
    assert.equal("a[2].b: a thread has no JSON form", refusal { a = { 1, { b = coroutine.create(print) } } })
    assert.equal("[1]: a number is NaN or infinite", refusal { 0 / 0 })
    local long, other = ("k"):rep(100), ("l"):rep(100)
    assert.equal(long .. "." .. other:sub(1, 58) .. ": a function has no JSON form",
      refusal { [long] = { [other] = { deeper = print } } })
  end)

  it("is refused as a result of a format's function and as a default", function()
    local event = siem.from_registry_row({ id = 1, kind = "dns" }, { registry_id = "r" })
    for value, wanted in pairs { [1 / 0] = "a number is NaN or infinite", [print] = "a function has no JSON form" } do
      local format = siem.format.define "f" { { "a", from = "event_kind", with = function() return value end } }
      local record, message, code = format:render(event)
      assert.is_nil(record)
      assert.equal("refused", code)
      assert.matches("a: .*the function's result: " .. wanted .. "$", message)
    end
    assert.has_error(function()
      siem.format.define "f" { { "a", from = "event_kind", default = { { 0 / 0 } } } }:compile()
    end)
  end)
end)

describe("raw JSON", function()
  it("is written as it is, in its canonical form", function()
    assert.equal('{"n":[123456789012345678901234567890,1.0]}',
      encode { n = siem.json.raw " [123456789012345678901234567890, 1.0] " })
    assert.equal("null", encode(siem.json.raw "null"))
  end)

  it("is JSON text and nothing else", function()
    for _, text in ipairs { "", "{", "1 2", "NaN", "{'a':1}" } do
      assert.equal("a: siem.json.raw holds text that is not JSON", refusal { a = siem.json.raw(text) })
    end
    local emptied = siem.json.raw "1"
    emptied[1] = nil
    assert.equal("siem.json.raw holds text that is not JSON", refusal(emptied))
    emptied[1] = 5
    assert.equal("siem.json.raw holds text that is not JSON", refusal(emptied))
    assert.has_error(function() siem.json.raw {} end)
  end)
end)

describe("a mark", function()
  it("is not for a table with a protected metatable, but for arrays", function()
    local sealed = setmetatable({}, { __metatable = "mine" })
    for _, mark in ipairs { siem.array, siem.object } do
      for _, value in ipairs { sealed, siem.json.raw "1" } do
        assert.has_error(function() mark(value) end)
      end
      assert.has_error(function() mark "text" end)
    end
    assert.equal("[]", encode(siem.array(siem.array {})))
    assert.equal("{}", encode(siem.object(siem.array {})))
    assert.equal('{"b":1,"a":2}', encode(siem.object({ a = 2, b = 1 }, { "b" })))
    assert.has_error(function() siem.object({}, "b") end)
  end)
end)

describe("decoded text", function()
  it("has integers of 64 bits, floats, and longer numbers as text", function()
    local cases = {
      ["0"] = 0, ["-0"] = 0, ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger,
      ["9223372036854775808"] = "9223372036854775808", ["-9223372036854775809"] = "-9223372036854775809",
      ["1.5"] = 1.5, ["1e3"] = 1000.0, ["1E3"] = 1000.0, ["-2.5e-1"] = -0.25, ["1e400"] = "1e400", ["-1E400"] = "-1E400",
    }
    for text, wanted in pairs(cases) do
      local value = decode(text)
      assert.equal(type(wanted), type(value), text)
      assert.equal(math.type(wanted), math.type(value), text)
      if type(wanted) == "string" then assert.equal(wanted:lower(), value:lower())
      else assert.equal(wanted, value, text) end
    end
  end)

  it("has escapes and pairs of surrogates as UTF-8", function()
    assert.equal("A\u{e9}\u{20ac}\u{1f600}\"\\/\b\f\n\r\t", decode [["\u0041\u00E9\u20aC\uD83D\uDe00\"\\\/\b\f\n\r\t"]])
    for _, alone in ipairs { [["\ud83d"]], [["\ude00"]], [["\ud83dx"]], [["\ud83d\n"]] } do
      assert.equal("\u{fffd}", decode(alone):match "^\u{fffd}")
    end
    for _, text in ipairs { [["\u12g4"]], [["\u123"]], [["\x41"]], '"\\', '"a', '"a\n"' } do
      local value, message, code = decode(text)
      assert.is_nil(value, text)
      assert.equal("the text is not JSON", message)
      assert.equal("invalid", code)
    end
  end)

  it("allows the white space of JSON, and no other", function()
    assert.same({ a = { 1, 2 } }, decode " \t\r\n{ \"a\"\t:\r\n[ 1 ,\n2 ] } ")
    for _, text in ipairs { "\v1", "\f1", "\u{a0}1", "[1\v]", "\u{feff}1" } do
      assert.equal("the text is not JSON", select(2, decode(text)))
    end
  end)

  it("says what is wrong with numbers and depth", function()
    for _, text in ipairs { "NaN", "[Infinity]", "-Infinity" } do
      assert.equal("the text holds NaN or Infinity, which JSON has not", select(2, decode(text)))
    end
    assert.equal("the JSON text is nested too deep", select(2, decode(("["):rep(100000) .. ("]"):rep(100000))))
    for _, text in ipairs { "", " ", "01", "1.", ".5", "+1", "1e", "--1", "[1,]", "{,}", '{"a"}', "{1:2}", "tru", "nulls" } do
      assert.equal("the text is not JSON", select(2, decode(text)), text)
    end
  end)

  it("keeps the order of keys when it is asked to", function()
    local text = '{"z":{"y":1,"x":[{"w":2,"v":null}]},"a":true}'
    assert.equal(text, encode(decode(text, true)))
    assert.equal('{"a":true,"z":{"x":[{"v":null,"w":2}],"y":1}}', encode(decode(text)))
  end)
end)

describe("a member", function()
  it("is found by its decoded name, the last one of a name, with its digits", function()
    local member = siem.json.member
    assert.equal("12345678901234567890.0", member('{"a":1,"n":12345678901234567890.0}', "n"))
    assert.equal("2", member([[{"\u0061":1,"a":2}]], "a"))
    assert.equal('{"a":1}', member('{"b":{"a":1}}', "b"))
    for text, name in pairs { ['{"b":{"a":1}}'] = "a", ["[1]"] = "1", ["{"] = "a", ['"a"'] = "a", ["{}"] = "" } do
      assert.is_nil(member(text, name))
    end
  end)
end)
