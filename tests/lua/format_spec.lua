-- format_spec.lua: rows, options, extension, and what a wrong definition says.
local siem   = require "oversight.siem"
local format = require "oversight.format"

local function render(chosen, row)
  local event = siem.from_registry_row(row or {
    id = 7, kind = "dns", token_id = "Tok", timestamp = 5, extra = '{"a": {"b": 1.10}}' }, { registry_id = "reg" })
  return chosen:render(event)
end

--- The message of the error that loading these rows raises.
local function problem(rows)
  local ok, message = pcall(function() return format "bad" (rows) end)
  assert.is_false(ok)
  return message
end

describe("a format", function()
  it("writes rows in their order", function()
    local f = format "f" {
      { "z", from = "token_id", as = "lower" },
      { "a.b", value = { 1, "two", siem.null, { x = true } } },
      { "n", from = "extra.a.b" },
      { "empty", value = siem.array {} },
      { "object", value = {} },
    }
    assert.equal('{"z":"tok","a":{"b":[1,"two",null,{"x":true}]},"n":1.10,"empty":[],"object":{}}', render(f))
  end)

  it("calls functions with value and event", function()
    local f = format "f" {
      { "with", from = "token_id", with = function(value, event) return value .. event.event_id end },
      { "alone", with = function(value, event) return { value == nil, event.occurred_unix } end },
      { "when", value = 1, when = function(_, event) return event.event_kind == "ocsp" end },
      { "gone", from = "token_id", with = function() return nil end },
      { "miss", from = "event_kind", lookup = { x = 1 }, default = function(value) return value .. "!" end },
    }
    assert.equal('{"with":"Tok7","alone":[true,5],"miss":"dns!"}', render(f))
  end)

  it("calls no function for null, unless a row asks for it", function()
    local count = function(...) return select("#", ...) .. type((...)) end
    local f = format "f" {
      { "upper",   from = "recipient_id", with = string.upper },
      { "extra",   with = function(_, event) return event.extra.none end },
      { "kept",    from = "recipient_id", with = string.upper, keep = true },
      { "default", from = "recipient_id", lookup = { x = 1 }, default = "d", with = string.upper },
      { "asked",   from = "recipient_id", with = count, with_null = true },
    }
    assert.equal('{"kept":null,"default":"D","asked":"2nil"}', render(f))
    assert.equal('{"upper":"A@B","kept":"A@B","default":"D","asked":"2string"}', render(f, { id = 1, recipient_id = "a@b" }))
    assert.matches("with_null needs from or value", select(2, pcall(function()
      return format "f" { { "x", with = print, with_null = true } }
    end)))
  end)

  it("refuses one event when a function fails", function()
    local f = format "f" { { "x.y", from = "token_id", with = function() error "no luck" end } }
    local record, message, code = render(f)
    assert.is_nil(record)
    assert.matches("^f: x%.y: .*format_spec%.lua:%d+: no luck$", message)
    assert.equal("refused", code)
    f = format "f" { { "x", with = function() return { ["in"] = { 0 / 0 } } end } }
    record, message = render(f)
    assert.is_nil(record)
    assert.matches("in%[1%]: a number is NaN or infinite", message)
    f = format "f" { { "x", with = function() return { 1, nil, 3 } end } }
    record, message = render(f)
    assert.is_nil(record)
    assert.matches("either names or the keys 1 to n", message)
    f = format "f" { { "x", with = function() return print end } }
    record, message = render(f)
    assert.is_nil(record)
    assert.matches("a function has no JSON form", message)
    local loop = {}
    loop.loop = loop
    f = format "f" { { "x", with = function() return loop end } }
    record, message = render(f)
    assert.is_nil(record)
    assert.matches("loop: the table holds itself", message)
  end)

  it("keeps an event that a function keeps only as a copy", function()
    local kept, copy
    local f = format "f" { { "x", with = function(_, event) kept, copy = event, event:copy() end } }
    assert.equal("{}", render(f))
    assert.has_error(function() return kept.token_id end)
    assert.equal("Tok", copy.token_id)
  end)

  it("cannot run inside itself", function()
    local f
    f = format "f" { { "x", with = function(_, event) return f:render(event) end } }
    local _, message = render(f)
    assert.matches("in use", message)
  end)

  it("takes options", function()
    local f = format "f" {
      options = { host = "", tag = "t" },
      { "host", from = { "option.host", "registry_id" } },
      { "tag", from = "option.tag" },
      { "kept", from = "option.host", keep = true },
    }
    assert.equal('{"host":"reg","tag":"t","kept":""}', render(f))
    local mapping = f:compile { host = "h", tag = "" }
    local event = siem.from_registry_row({ id = 1 }, { registry_id = "reg" })
    assert.equal('{"host":"h","kept":"h"}', mapping:render(event))
  end)

  it("can be a function", function()
    local f = format.from_function("f", function(event)
      return siem.object({ b = event.token_id, a = 1, c = siem.null }, { "b", "a" })
    end)
    assert.equal('{"b":"Tok","a":1,"c":null}', render(f))
    local record, message = render(format.from_function("f", function() return "text" end))
    assert.is_nil(record)
    assert.matches("no table of named values", message)
  end)
end)

describe("a format that is a function", function()
  it("takes a summary, options and tests", function()
    local tests = { { row = { id = 1 }, expect = { id = "1" } } }
    local f = format.from_function("f", function(event, options)
      return { id = event.event_id, place = options.place }
    end, { summary = "all of it", options = { place = "HQ" }, tests = tests })
    assert.equal("all of it", f.summary)
    assert.equal(tests, f.tests)
    assert.equal('{"id":"7","place":"HQ"}', render(f))
    local event = siem.from_registry_row({ id = 1 }, { registry_id = "reg" })
    assert.equal('{"id":"1","place":"there"}', f:compile { place = "there" }:render(event))
    assert.has_error(function() f:compile { none = "x" } end, 'f: the format has no option "none"; choices: place')
    assert.equal('{"count":1}', render(format.from_function("f", function(...) return { count = select("#", ...) } end)))
  end)

  it("says what is wrong with its definition", function()
    for message, definition in pairs {
      ['there is no key "sumary"'] = { sumary = "x" }, ["tests must be a table"] = { tests = "x" },
      ["options holds names"] = { options = { 1 } }, ["a function or rows, not both"] = { { "a", value = 1 } },
      ["a format's definition is a table"] = 5,
    } do
      local ok, text = pcall(function()
        local f = format.from_function("f", function() return {} end, definition)
        return f
      end)
      assert.is_false(ok)
      assert.matches("format_spec%.lua:%d+: format f: .*" .. message, text)
    end
  end)
end)

describe("extend", function()
  local base = format "base" {
    { "one", value = 1 }, { "two.a", value = 2 }, { "two.b", value = 3 }, { "four", value = 4 },
  }

  it("replaces, removes, places and adds", function()
    local f = base:extend "site" {
      { "one", value = "ONE" },
      { "two", remove = true },
      { "half", value = 0.5, before = "one" },
      { "five", value = 5 },
      { "after", value = 6, after = "one" },
    }
    assert.equal('{"half":0.5,"one":"ONE","after":6,"four":4,"five":5}', render(f))
    assert.equal('{"one":1,"two":{"a":2,"b":3},"four":4}', render(base))
  end)

  it("inherits the source of a row that it replaces, and nothing else", function()
    local upper = string.upper
    local fields = format "fields" {
      options = { host = "h" },
      { "token", from = { "recipient_id", "token_id" }, as = "lower" },
      { "kind",  from = "event_kind", lookup = { dns = "D" }, keep = true },
      { "const", value = "c" },
      { "host",  from = "option.host" },
      { "only",  with = function() return "only" end },
    }
    local f = fields:extend "site" {
      { "token", with = upper }, { "kind", with = upper, after = "const" }, { "const", with = upper },
      { "host", as = "upper" },  { "only", with = function(value) return value == nil end },
    }
    assert.equal('{"token":"TOK","const":"C","kind":"DNS","host":"H","only":true}', render(f))
    assert.equal('{"token":"tok","kind":"D","const":"c","host":"h","only":"only"}', render(fields))
    assert.equal('{"token":"Tok","kind":"D","const":"c","host":"h"}', render(fields:extend "when" {
      { "token", when = function() return true end }, { "only", remove = true },
    }))
    assert.equal('{"token":1,"kind":"tok"}', render(fields:extend "own" {
      { "token", value = 1 }, { "kind", from = "token_id", as = "lower" }, { "const", remove = true },
      { "host", remove = true }, { "only", remove = true },
    }))
    -- What was inherited is inherited again; a function that asks for null is called.
    assert.equal('{"token":"tok","x":null}', render((fields:extend "a" { { "token", with = upper } }):extend "b" {
      { "token", as = "lower" }, { "kind", remove = true }, { "const", remove = true }, { "host", remove = true },
      { "only", remove = true }, { "x", from = "user_agent", keep = true },
    }:extend "c" { { "x", with = function() return nil end, with_null = true, keep = true } }))
  end)

  it("does not change the rows that it is given", function()
    local rows = { { "one", with = tostring } }
    base:extend "a" (rows)
    assert.is_nil(rows[1].value)
  end)

  it("says what it cannot find", function()
    assert.has_error(function() base:extend "s" { { "none", remove = true } } end)
    assert.has_error(function() base:extend "s" { { "x", value = 1, before = "none" } } end)
  end)
end)

describe("a wrong definition", function()
  it("names file, row, destination and reason", function()
    assert.matches("format_spec%.lua:%d+: format bad: row 2 %(b%): there is no key \"form\"",
      problem { { "a", value = 1 }, { "b", form = "token_id" } })
    assert.matches("row 1: the destination comes first", problem { { value = 1 } })
    assert.matches("format_spec%.lua:%d+: format bad: row 1 %(a%): as: there is no converter \"nope\"",
      problem { { "a", from = "token_id", as = "nope" } })
    assert.matches("\"a\" is a value already", problem { { "a", value = 1 }, { "a.b", value = 2 } })
    assert.matches("no option \"x\"", problem { { "a", from = "option.x" } })
    assert.matches("from must be a string", problem { { "a", from = { 1 } } })
    assert.matches("with must be a function", problem { { "a", with = 1 } })
    assert.matches("no key \"sumary\"", problem { sumary = "x", { "a", value = 1 } })
    assert.matches("remove, before and after are for extend", problem { { "a", remove = true } })
    assert.matches("no rows", problem {})
    assert.has_error(function() format "bad name" end)
  end)

  it("is named by file, line and row also where the engine reads it", function()
    local place = "^%S*format_spec%.lua:%d+: format bad: row 2 %(b%): "
    for message, row in pairs {
      ["from must be a string"] = { from = { "token_id", 1 } }, ["lookup must be a table"] = { from = "x", lookup = 1 },
      ["lookup has a key that is not a string"] = { from = "x", lookup = { 1 } }, ["as must be a string"] = { as = 1 },
      ["required must be true or false"] = { required = 1 }, ["with_null must be true or false"] = { with_null = 1 },
      ["with_null needs with"] = { from = "x", with_null = true }, ["value a function has no JSON form"] = { value = print },
      ["from holds a NUL character"] = { from = "a\0b" }, ["with must be a function"] = { with = "upper" },
      ["lookup needs from"] = { value = 1, lookup = {} }, ["default needs lookup"] = { from = "x", default = 1 },
      ["give either from or value"] = { from = "x", value = 1 }, ["the row has no source"] = {},
      ["from has a hole"] = { from = { nil, "token_id" } }, ["from: the list is empty"] = { from = {} },
      ["the format declares no option \"o\""] = { from = "option.o" },
    } do
      row[1] = "b"
      assert.matches(place .. message, problem { { "a", value = 1 }, row })
    end
    assert.matches("row 2 %(a%.b%): \"a\" is a value already", problem { { "a", value = 1 }, { "a.b", value = 2 } })
    assert.matches("row 2 %(a%): this destination is an object", problem { { "a.b", value = 1 }, { "a", value = 2 } })
    assert.matches("row 2 %(a%): another row has this destination already", problem { { "a", value = 1 }, { "a", value = 2 } })
    assert.matches("format bad: the format has no rows", problem {})
    local none = { pcall(function() return format "base" { { "a", value = 1 } }:extend "bad" { { "a", remove = true } } end) }
    assert.matches("^%S*format_spec%.lua:%d+: format bad: the format has no rows$", none[2])
    assert.matches("row 1 %(a\\x00b%): destination holds a NUL", problem { { "a\0b", value = 1 } })
  end)

  it("is named by the line of the row, however the rows are written", function()
    local here = debug.getinfo(1, "l").currentline
    local name = "bad"
    local function place_of(define)
      local _, message = pcall(define)
      return tonumber(message:match "^%S*format_spec%.lua:(%d+): format bad: row") - here
    end
    assert.equal(9, place_of(function()
      local made = format "bad" {
        { "a", value = 1 }, { "b", value = "{" }, -- { "x" },
        { "c", as = "nope", value = 1 },
      }
      return made
    end))
    assert.equal(22, place_of(function()
      local made = format("bad")({
        summary = [[a { "text" }, ]], tests = { { row = { id = 1 }, expect = { ["a"] = 1 } } },
        ["options"] = { host = "}" };
        { "a", with = function(value)
          local x, y = value, "\"}"
          for _ = 1, 2 do if x then return y, "," elseif y then x = y end end
        end },
        --[==[ { "no row" }, ]==]
        { "c", as = "nope", from = "x" }, { "d", value = 2 },
      })
      return made
    end))
    local row = { "c", value = 1, as = "nope" }
    assert.equal(30, place_of(function()
      local made = format "base" { { "one", value = 0 } }:extend 'bad' {
        { "one", value = 1 },
        row,
      }
      return made
    end))
    -- Rows that are not written there, and a name that is not: the line of the definition.
    local rows = { { "a", value = 1 }, row }
    assert.equal(36, place_of(function() local made = format "bad" (rows) return made end))
    assert.equal(38, place_of(function()
      local made = format(name) {
        { "c", value = 1, as = "nope" },
      }
      return made
    end))
  end)

  it("is named by its own place in an extension, and by the base's for the base's rows", function()
    local base = format "base" { { "a", value = 1 }, { "o.x", value = 1 } }
    local function extension_problem(rows)
      local ok, message = pcall(function() return base:extend "site" (rows) end)
      assert.is_false(ok)
      return message
    end
    assert.matches("^%S+:%d+: format site: row 2 %(b%): from must be a string",
      extension_problem { { "c", value = 1 }, { "b", from = { 1 } } })
    assert.matches("^%S+:%d+: format site: %S+:%d+: format base: row 2 %(o%.x%): \"o\" is a value already",
      extension_problem { { "o", value = 1, before = "a" } })
  end)

  it("has a hole where a row is nil", function()
    assert.matches("format bad: row 2: it is nil: a hole", problem { { "a", value = 1 }, nil, { "b", value = 2 } })
    assert.matches("format bad: row 1: it is nil: a hole", problem { nil, { "b", value = 2 } })
    local rows = { { "a", value = 1 } }
    rows[9] = { "b", value = 2 }
    assert.matches("format bad: row 2: it is nil: a hole", problem(rows))
  end)

  it("has keys that would be ignored", function()
    local base = format "base" { { "a", value = 1 }, { "b", value = 2 } }
    for message, row in pairs {
      ["give either before or after"] = { value = 1, before = "a", after = "b" },
      ["remove must be true"] = { remove = "no" },
      ["remove must be true "] = { remove = false, value = 1 },
      ["a row to remove takes no other key: value"] = { remove = true, value = 1 },
      ["before must be the destination"] = { value = 1, before = 1 },
    } do
      row[1] = "a"
      local ok, problem_of_row = pcall(function() return base:extend "site" { row } end)
      assert.is_false(ok)
      assert.matches("format site: row 1 %(a%): " .. message:gsub(" $", ""), problem_of_row)
    end
    local ok, twice = pcall(function() return base:extend "site" { { "a", remove = true }, { "a", value = 1 } } end)
    assert.is_false(ok)
    assert.matches("row 2 %(a%): row 1 is for the same destination", twice)
  end)
end)

describe("json", function()
  it("sorts keys and honours marks", function()
    local encode = siem.json.encode
    assert.equal('{"a":1,"b":2,"c":3}', encode { c = 3, a = 1, b = 2 })
    assert.equal("[]", encode(siem.array {}))
    assert.equal('{"b":1,"a":2}', encode(setmetatable({ a = 2, b = 1 }, { __jsonorder = { "b" } })))
    assert.equal("{}", encode(setmetatable({}, { __jsontype = "object" })))
    assert.equal("[1.0,-0.0,9223372036854775807]", encode { 1.0, -0.0, math.maxinteger })
    assert.equal('"\\u00e9\\ufffd"', encode "é\xff")
    local text, message = encode { a = { b = 1 / 0 } }
    assert.is_nil(text)
    assert.equal("a.b: a number is NaN or infinite", message)
  end)

  it("decodes what it encodes", function()
    local text = '{"b":[1,2.5,"x",null,{}],"a":true}'
    assert.equal(text, siem.json.encode((siem.json.decode(text, true))))
    local value, message, code = siem.json.decode "{"
    assert.is_nil(value)
    assert.equal("the text is not JSON", message)
    assert.equal("invalid", code)
  end)
end)
