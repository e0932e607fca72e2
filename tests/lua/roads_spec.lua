-- roads_spec.lua: a format compiled to a mapping, and the same format as a function that builds the
-- whole record, print the same bytes for every event of the golden registries.
local actions = require "oversight.actions"
local siem    = require "oversight.siem"

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

--- What a row of a built-in format gives, worked out in Lua.
local function evaluate(row, event)
  if row.value ~= nil then return row.value end
  for _, source in ipairs(type(row.from) == "table" and row.from or { row.from }) do
    local default = { ["option.source"] = "oversight:registry", ["option.sourcetype"] = "oversight:beacon" }
    local value = default[source]
    if not source:find "^option%." then value = event:raw(source) end
    if value ~= nil and value ~= "" then
      if row.as == "float" then return value + 0.0 end
      if row.as == "json_text" then return (siem.json.encode(value)) end
      if row.lookup then return actions.by_kind[value] or actions.for_unknown.prefix .. value end
      return value
    end
  end
  if row.lookup then return actions.for_unknown.prefix end
end

--- An object that keeps its keys in the order they are set in.
local function new_object()
  local order = {}
  return setmetatable({}, {
    __jsontype = "object", __jsonorder = order,
    __newindex = function(t, key, value)
      order[#order + 1] = key
      rawset(t, key, value)
    end,
  })
end

--- The whole record of an event.
local function build(rows, event)
  local record = new_object()
  for _, row in ipairs(rows) do
    local outer, inner = row[1]:match "^([^.]+)%.(.+)$"
    local value = (row.from or row.value ~= nil) and evaluate(row, event) or nil
    if not row.from and row.value == nil then value = new_object() end
    if outer and value ~= nil and value ~= "" then
      if record[outer] == nil then record[outer] = new_object() end
      record[outer][inner] = value
    elseif not outer and value ~= nil and (value ~= "" or row.keep) then
      record[row[1]] = value
    end
  end
  return record
end

describe("both roads", function()
  for _, name in ipairs { "splunk", "ecs", "sentinel" } do
    for _, registry in ipairs { "ordinary", "odd" } do
      it(("print the same %s records for the %s registry"):format(name, registry), function()
        local path = os.tmpname()
        assert(os.execute(("sqlite3 %s <%s../golden/%s.sql"):format(path, here, registry)))
        local compiled = assert(siem.format.load(name))
        local whole = siem.format.from_function(name, function(event) return build(compiled.rows, event) end)
        local count = 0
        for event in siem.iter_registry_events(path, { registry_id = ("deadbeef"):rep(8) }) do
          local expected, record = compiled:render(event), whole:render(event)
          assert.is_string(expected)
          assert.equal(expected, record)
          count = count + 1
        end
        assert.is_true(count >= 33)
        os.remove(path)
      end)
    end
  end
end)
