-- restricted_memory.lua: a format from elsewhere that uses memory in every way it can reach, at random.
-- restricted_memory.py puts the seed and the kind of attack (a name below, or "mixed") in front.
local siem, define = require "oversight.siem", require "oversight.format"
local json = siem.json

-- A generator of its own: math.randomseed is shared.
local state = SEED
local function random(most)
  state = (state * 1103515245 + 12345) & 0x7fffffff
  return (state >> 8) % most + 1
end

local BYTES = { "x", "\1", "\xff", '"', "é", "\\", "[", "{", '{"a":', "1e", "-", "0123456789" }
local function long(most) return BYTES[random(#BYTES)]:rep(random(most or 3000000)) end
local function members(count, text)
  local parts = {}
  for i = 1, count do parts[i] = ('"%s%d":%d'):format(text or "k", i, i) end
  return "{" .. table.concat(parts, ",") .. "}"
end
local function table_of(count)
  local t = {}
  for i = 1, count do t["key" .. i] = i end
  return t
end
local function shared(levels)
  local t = { ("x"):rep(random(100000)) }
  for _ = 1, levels do t = { t, t } end
  return t
end

local kept, event = {}, nil
-- What is made once: Lua allocates nothing in a loop that uses it, and its collector does not run.
local CONTROLS = ("\1"):rep(1000000)
local REFUSED, OPEN = { CONTROLS, pairs }, '{"a":"' .. ("\xff"):rep(1000000)
local function keep(value) kept[random(40)] = value end
local function format(rows) return define("inner")(rows) end

local attacks = {
  encode_refused = function() return json.encode(REFUSED) end,
  encode_number = function() return json.encode { long(), 0 / 0 } end,
  encode_deep = function() return json.encode { long(), shared(random(200)) } end,
  encode_long = function() keep(json.encode(long(10000000))) end,
  encode_shared = function() return json.encode(shared(random(12))) end,
  encode_keys = function() return json.encode(table_of(random(100000))) end,
  encode_failing_keys = function()
    local t = table_of(random(50000))
    t.last = pairs
    return json.encode(t)
  end,
  encode_raw = function() return json.encode { json.raw(long()), json.raw(members(random(100000))) } end,
  encode_members = function() return json.encode { json.raw(members(random(300000))), pairs } end,
  decode_malformed = function() return json.decode(OPEN) end,
  decode_text = function() return json.decode('"' .. long()) end,
  decode_open = function() return json.decode(members(random(200000)) .. ",") end,
  decode_members = function() keep(json.decode(members(random(100000)))) end,
  decode_double = function() return json.decode('{"a":1,' .. members(random(100000)):sub(2, -2) .. ',"a":2}') end,
  decode_escapes = function() keep(json.decode('["' .. ("\\u00e9"):rep(random(500000)) .. '"]')) end,
  decode_ordered = function() keep(json.decode(members(random(50000)), true)) end,
  decode_odd = function() return json.decode(long(), long(10)) end,
  raw = function() keep(json.raw(long())) end,
  copy = function() keep(event:copy()) end,
  to_table = function() keep(event:to_table()) end,
  event_raw = function() keep(event:raw "extra") end,
  event_json = function() keep(event:json(random(2) == 1 and "extra" or "user_agent")) end,
  event_close = function() event:copy():close() end,
  constants = function() keep(format { { "a", value = long() }, { "b", value = shared(8) } }) end,
  same_constants = function()
    local rows, value = {}, long()
    for i = 1, random(100) do rows[i] = { "k" .. i, value = value } end
    keep(format(rows))
  end,
  members_constant = function() keep(format { { "a", value = json.decode(members(random(60000))) } }) end,
  wrong_constant = function() keep(format { { "a", value = { long(), pairs } } }) end,
  lookups = function()
    keep(format { { "a", from = "event_kind", lookup = table_of(random(30000)), default = long() } })
  end,
  rows = function()
    local rows = {}
    for i = 1, random(20000) do rows[i] = { "a" .. i, from = { "user_agent", "extra.a.b.c.d.e" .. i }, as = "lower" } end
    keep(format(rows))
  end,
  destinations = function() keep(format { { long(2000000), value = 1 }, { "b.c.d", from = long(1000000) } }) end,
  prefixes = function()
    local f = format { { "a", from = "user_agent", lookup = { a = 1 }, default = { prefix = ("p"):rep(random(2000000)) } } }
    keep(f)
    f:render(event)
  end,
  rendered = function() keep(format { { "a", with = function() return long(8000000) end } }:render(event)) end,
  rendered_table = function()
    local f = format { { "a", with = function() return shared(8) end } }
    keep(f)
    f:render(event)
  end,
  converted = function()
    local f = format { { "a", value = long(), as = "upper" }, { "b", value = long(), as = "sha256" } }
    keep(f)
    f:render(event)
  end,
  columns = function()
    local rows = {}
    for i = 1, random(2000) do rows[i] = { "c" .. i, from = "user_agent" } end
    format(rows):render(event)
  end,
  nested = function()
    local function deeper(levels)
      return format { { "a", with = function()
        local text = long(500000)
        if levels > 0 then return deeper(levels - 1):render(event) end
        return text
      end } }
    end
    deeper(random(20)):render(event)
  end,
  whole = function()
    keep(define.from_function("whole", function() return { a = long(), b = shared(6) } end):render(event))
  end,
  extended = function() keep(require "oversight.formats.ecs":extend "more" { { "labels.a", value = long(100000) } }) end,
  compiled = function()
    for _ = 1, random(200) do keep(require "oversight.formats.splunk":compile {}) end
  end,
  result_refused = function() format { { "a", with = function() return REFUSED end } }:render(event) end,
  closed = function()
    local mapping = format { { "a", value = long() } }:compile()
    mapping:render(event)
    mapping:close()
    mapping:render(event)
  end,
  errors = function() error(long()) end,
  error_tables = function() error(setmetatable({ long() }, { __tostring = function(self) return self[1]:rep(3) end })) end,
  coroutines = function()
    local co = coroutine.wrap(function()
      local text = long()
      coroutine.yield(json.encode { text, coroutine.yield(json.decode('"' .. text)) })
      json.encode { text, pairs }
    end)
    co()
    co()
    keep(co)
  end,
  concat = function() keep(table.concat({ long(), long(), long() }, long(1000))) end,
  gsub = function() keep((long(300000)):gsub(".", "%0%0%0%0")) end,
  growth = function()
    local t = {}
    for i = 1, random(300000) do t[i] = { i } end
    keep(t)
  end,
  options = function() siem.pipeline { format = format { { "a", value = long() } }, options = { a = long() } } end,
}
local names = {}
for name in pairs(attacks) do names[#names + 1] = name end
table.sort(names)

-- What the function gives is memory of the engine's.
local results = {
  function() return 1 end,
  function() return long(12000000) end,
  function() return shared(random(12)) end,
  function() return { json.raw(long()), long() } end,
}

if KIND == "list" then error(table.concat(names, " "), 0) end
return define.from_function("attack", function(given)
  event = given
  for _ = 1, KIND == "mixed" and 30 or 60 do
    pcall(attacks[KIND] or attacks[names[random(#names)]])
  end
  if random(8) == 1 then
    local list = {}
    for i = 1, random(3000000) do list[i] = { id = i } end
    return siem.array(list)
  end
  return { id = event.event_id, made = results[random(#results)]() }
end)
