--- What ECS has, of releases 8.11 to 9: names, types, lists and allowed values of fields.
---
--- The record's own ecs.version says which release's list (oversight.targets.ecs_list) it is held against.
local core   = require "oversight.core"
local record = require "oversight.record"
local lists  = require "oversight.targets.ecs_list"
local values = require "oversight.targets.values"

local M = {}

--- One record's check. `version` is the release that messages name.
---@class oversight.EcsCheck
---@field list oversight.EcsList
---@field version string
---@field custom table<string, true>
---@field complain oversight.Complain

-- ---- types ----

local function is_string(value) return type(value) == "string" end
local function is_number(value) return type(value) == "number" end
local function is_object(value) return record.kind_of(value) == "object" end

--- A whole number between two bounds; 3.0 is one as well.
local function whole(least, most)
  return function(value) return is_number(value) and value % 1 == 0 and value >= least and value <= most end
end

--- A number on the globe.
local function degrees(most)
  return function(value) return is_number(value) and value >= -most and value <= most end
end

local is_long = whole(math.mininteger, math.maxinteger)
local is_latitude, is_longitude = degrees(90), degrees(180)

--- "48.1,11.6" or [11.6,48.1], perhaps with a height; a point that is an object has fields of its own.
local function is_point(value)
  if type(value) == "string" then
    local latitude, longitude = value:match "^%s*([%d.+-]+)%s*,%s*([%d.+-]+)%s*$"
    return latitude and is_latitude(tonumber(latitude)) and is_longitude(tonumber(longitude))
  end
  return record.kind_of(value) == "array" and #value <= 3 and is_longitude(value[1]) and is_latitude(value[2])
end

local STRING = { wanted = "a string", holds = is_string }
local NUMBER = { wanted = "a number", holds = is_number }
local OBJECT = { wanted = "an object", holds = is_object }

-- What a document has to have for a type of Elasticsearch.
M.TYPES = {
  keyword = STRING, constant_keyword = STRING, wildcard = STRING, text = STRING, match_only_text = STRING,
  version = STRING,
  long = { wanted = "a whole number of 64 bits", holds = is_long },
  unsigned_long = { wanted = "a whole number of 64 bits from 0 on", holds = whole(0, 2 ^ 64 - 2048) },
  integer = { wanted = "a whole number of 32 bits", holds = whole(-2 ^ 31, 2 ^ 31 - 1) },
  short = { wanted = "a whole number of 16 bits", holds = whole(-2 ^ 15, 2 ^ 15 - 1) },
  float = NUMBER, scaled_float = NUMBER, double = NUMBER,
  boolean = { wanted = "true or false", holds = function(value) return type(value) == "boolean" end },
  date = {
    wanted = "an RFC 3339 time or whole milliseconds",
    holds = function(value) return is_long(value) or values.is_rfc3339(value) end,
  },
  ip = { wanted = "an IP address", holds = values.is_address },
  geo_point = { wanted = 'a point, {lat, lon}, "lat,lon" or [lon,lat],', holds = is_point },
  latitude = { wanted = "a number from -90 to 90", holds = is_latitude },
  longitude = { wanted = "a number from -180 to 180", holds = is_longitude },
  object = OBJECT, flattened = OBJECT, nested = OBJECT,
}

-- ---- values ----

-- As milliseconds, smaller numbers are times around 1970; as seconds, all that a clock shows.
local LEAST_MILLISECONDS = 100000000000

--- A value that is not a list, and no object with members.
local function check_one(check, path, of_type, value)
  local rule = M.TYPES[of_type]
  if not rule.holds(value) then
    local shown = values.show(value)
    local reason = of_type == "ip" and shown .. " is not an IP address, and costs the whole document" or
      ("is %s in ECS (%s), not %s"):format(rule.wanted, of_type, shown)
    return check.complain(path, reason)
  end
  if of_type == "date" and is_number(value) and value > -LEAST_MILLISECONDS and value < LEAST_MILLISECONDS then
    check.complain(path, ("%s is read as milliseconds, and looks like seconds"):format(values.show(value)), "warning")
  end
  local allowed = check.list:values_at(path)
  if allowed and not allowed[value] then
    local function has(list) return (list:values_at(path) or {})[value] end
    check.complain(path, ("%s is not an allowed value of %s%s"):format(
      values.show(value), check.version, check.list:elsewhere(has)))
  end
end

local HAS_MEMBERS = { object = true, nested = true, geo_point = true }

local check_fields

--- A value, or each of a list. Null is as good as no field.
local function check_value(check, path, of_type, value)
  local kind = record.kind_of(value)
  if kind == "null" then return end
  if kind == "array" and not (of_type == "geo_point" and is_number(value[1])) then
    for _, element in ipairs(value) do check_value(check, path, of_type, element) end
  elseif kind == "object" and HAS_MEMBERS[of_type] and next(value) ~= nil then
    check_fields(check, record.fields_within(value, path), path)
  else
    check_one(check, path, of_type, value)
  end
end

-- ---- fields ----

--- A path as Elasticsearch reads it: there, a dot within a key parts names as well.
local function plain(path)
  return (path:gsub("\\(.)", "%1"))
end

local function complain_unknown(check, field, path)
  local where = check.list:elsewhere(function(list) return list:type_of(path) end)
  if where == "" then
    where = "; custom fields are under oversight, labels or a name declared with --custom"
  end
  check.complain(field.path, ("is not an ECS field of %s%s"):format(check.version, where))
end

--- Complains of objects and values that ECS wants in a list. `within` is the list whose member is looked at.
local function check_lists(check, path, within, kind)
  local wanted = check.list.lists
  if wanted[path] and kind ~= "array" and kind ~= "null" then check.complain(path, "is a list, not " .. kind) end
  local above = path:match "^(.*)%."
  while above and #above > #within do
    if wanted[above] then check.complain(above, "is a list, not object") end
    above = above:match "^(.*)%."
  end
end

local function check_label(check, field)
  local name = field.path:gsub("^labels\\?%.", "")
  if name:find "[^\\]%." or record.kind_of(field.value) ~= "string" then
    check.complain(field.path, "labels are flat strings")
  end
end

local OTHER_HALF = { latitude = "lon", longitude = "lat" }

local function check_field(check, field, siblings, within)
  local path = plain(field.path)
  local top = path:match "^[^.]*"
  if top == "labels" and path ~= top then return check_label(check, field) end
  local of_type = check.list:type_of(path)
  if not of_type then
    if not check.custom[top] or check.list:type_of(top) then complain_unknown(check, field, path) end
    return
  end
  check_lists(check, path, within, record.kind_of(field.value))
  if of_type == "anything" then return end
  check_value(check, path, of_type, field.value)
  local other = OTHER_HALF[of_type]
  if other and not siblings[field.path:sub(1, -4) .. other] then
    check.complain(path:sub(1, -5), ("is a point without %s"):format(other))
  end
end

---@param check oversight.EcsCheck
---@param members oversight.Fields
---@param within string the list whose members these are, or ""
function check_fields(check, members, within)
  for _, field in ipairs(members) do check_field(check, field, members, within) end
end

-- ---- records ----

--- The text of a value, or of those of a list.
local function texts_of(field)
  local value = field and field.value
  local list = {}
  for _, text in ipairs(record.kind_of(value) == "array" and value or { value }) do
    if type(text) == "string" then list[#list + 1] = text end
  end
  return list
end

--- Warns of an event.type that goes with none of the record's categories.
local function check_expected(check, category, event_type)
  local categories = texts_of(category)
  for _, name in ipairs(texts_of(event_type)) do
    if not check.list:expects(name, categories) then
      check.complain("event.type", ("%q is not expected with event.category %s"):format(
        name, table.concat(categories, ", ")), "warning")
    end
  end
end

--- The list that a record is held against, and the release to name: those of its ecs.version, when it is known.
local function list_for(field, complain)
  if not field then return lists.of(lists.OLDEST), lists.OLDEST end
  local list, release, doubt = lists.find(field.value)
  if list then
    if doubt then complain("ecs.version", doubt, "warning") end
    return list, release
  end
  complain("ecs.version", ("%s is not a release of ECS 8 or 9; checked as %s"):format(
    values.show(field.value), lists.OLDEST))
  return lists.of(lists.OLDEST), lists.OLDEST
end

---@param members oversight.Fields
---@param complain oversight.Complain
---@param custom table<string, true>
function M.check(members, complain, custom)
  local by_path = {}
  for _, field in ipairs(members) do
    if field.value ~= core.null then by_path[plain(field.path)] = field end
  end
  local list, release = list_for(by_path["ecs.version"], complain)
  local check = { list = list, version = release, custom = custom, complain = complain }
  check_fields(check, members, "")
  check_expected(check, by_path["event.category"], by_path["event.type"])
  if not by_path["@timestamp"] then complain("@timestamp", "is required: a data stream refuses the document") end
  if not by_path["ecs.version"] then complain("ecs.version", "is required") end
end

return M
