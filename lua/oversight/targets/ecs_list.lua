--- The lists of ECS fields, one for each release that changed them, made of oversight.targets.ecs_fields.
---
--- The data is loaded, and each list made, when it is first asked for.
local tables = require "oversight.tables"

local M = { OLDEST = "8.11" }

---@class oversight.EcsList
---@field release string such as "9.2"
---@field index integer its place among the releases
---@field types table<string, string> the type of each field
---@field lists table<string, true> the fields where ECS wants a list
---@field parents table<string, true> the paths that have fields below them
---@field values table<string, table<string, true>> the only values that ECS allows in a field
---@field values_of table<string, string> a field -> the field in `values` whose values it has
---@field expected table<string, table<string, true>> event.category -> the event.type expected with it
local List = {}
List.__index = List

-- ---- making ----

local data
local releases -- oldest first
local made = {} -- release -> list

--- "9.2" as a number that orders releases.
local function order_of(release)
  local major, minor = release:match "^(%d+)%.(%d+)$"
  return tonumber(major) * 1000 + tonumber(minor)
end

local function load_data()
  if data then return end
  data, releases = require "oversight.targets.ecs_fields", { M.OLDEST }
  local seen = {}
  for _, changes in ipairs { data.removed, data.added, data.reused_added, data.allowed_added } do
    for release in pairs(changes) do
      if not seen[release] then releases[#releases + 1] = release end
      seen[release] = true
    end
  end
  table.sort(releases, function(a, b) return order_of(a) < order_of(b) end)
end

--- A set of words, with those of another set.
local function set_of(words, more)
  local result = tables.merge(more)
  for word in words:gmatch "%S+" do result[word] = true end
  return result
end

--- Adds names by their types, below a prefix. Multi-fields are omitted: no document has them as keys.
local function add_fields(list, prefix, by_type)
  for type_name, names in pairs(by_type) do
    for name in names:gmatch "%S+" do
      local bare = name:match "^(.-)%[?%]?$"
      if type_name ~= "match_only_text" or not bare:find "%.text$" then
        list.types[prefix .. bare] = type_name
        list.lists[prefix .. bare] = bare ~= name or nil
      end
    end
  end
end

local function add_sets(list, places)
  for path, set in pairs(places) do
    add_fields(list, path .. ".", data.sets[set])
    if set == "entity" then list.values_of[path .. ".type"] = "entity.type" end
  end
end

local function find_parents(types)
  local parents = {}
  for path in pairs(types) do
    for dot in path:gmatch "()%." do parents[path:sub(1, dot - 1)] = true end
  end
  return parents
end

local function new_list()
  local list = { types = {}, lists = {}, values = {}, values_of = {}, expected = {} }
  for root in data.roots:gmatch "%S+" do
    add_fields(list, root == "base" and "" or root .. ".", data.sets[root])
  end
  add_sets(list, data.reused)
  for path, words in pairs(data.allowed) do list.values[path] = set_of(words) end
  for category, words in pairs(data.expected_types) do list.expected[category] = set_of(words) end
  return list
end

--- The list of the release before, with what a release took away and brought.
local function next_list(before, release)
  local list = {
    types = tables.merge(before.types), lists = tables.merge(before.lists), values = tables.merge(before.values),
    values_of = tables.merge(before.values_of), expected = before.expected,
  }
  for path in (data.removed[release] or ""):gmatch "%S+" do list.types[path], list.lists[path] = nil, nil end
  add_fields(list, "", data.added[release] or {})
  add_sets(list, data.reused_added[release] or {})
  for path, words in pairs(data.allowed_added[release] or {}) do
    list.values[path] = set_of(words, list.values[path])
  end
  return list
end

local function list_at(index)
  local release = releases[index]
  if not made[release] then
    local list = index == 1 and new_list() or next_list(list_at(index - 1), release)
    list.release, list.index, list.parents = release, index, find_parents(list.types)
    made[release] = setmetatable(list, List)
  end
  return made[release]
end

-- ---- asking ----

--- The releases that have a list of their own, oldest first.
---@return string[]
function M.releases()
  load_data()
  return releases
end

--- The list of a release: that of the last release up to it which changed something.
---@param release string such as "9.2"
---@return oversight.EcsList? list nil before the first
function M.of(release)
  load_data()
  for index = #releases, 1, -1 do
    if order_of(releases[index]) <= order_of(release) then return list_at(index) end
  end
end

--- What a record's ecs.version means, such as "9.2.0": a list, the release to name, and what is doubtful.
---@param version any
---@return oversight.EcsList? list nil for what is not a release of ECS 8 or 9
---@return string? release, string? doubt
function M.find(version)
  if type(version) ~= "string" then return end
  local release, rest = version:match "^([89]%.%d%d?%d?)(.*)$"
  if not release or not (rest == "" or rest:find "^%.%d+$" or rest:find "^%.%d+[+-]") then return end
  local known = M.releases()
  local newest = known[#known]
  if order_of(release) < order_of(M.OLDEST) then
    return M.of(M.OLDEST), M.OLDEST, ("releases before %s are not known here; checked as %s"):format(M.OLDEST, M.OLDEST)
  elseif order_of(release) > order_of(newest) then
    return M.of(newest), newest, ("releases after %s are not known here; checked as %s"):format(newest, newest)
  end
  return M.of(release), release
end

-- What may hold members that ECS does not list.
local OPEN = { object = true, flattened = true, nested = true }
local POINT = { lat = "latitude", lon = "longitude" }

--- What is at a path: the type of a field, "object" for what only holds fields, "latitude" or "longitude" in
--- a point, "anything" below what ECS leaves open, and nil for what is not a field.
---@param path string
---@return string?
function List:type_of(path)
  if self.types[path] then return self.types[path] end
  if self.parents[path] then return "object" end
  local above, last = path:match "^(.*)%.([^.]*)$"
  while above do
    local found = self.types[above]
    if found == "geo_point" then return POINT[last] end
    if found or self.parents[above] then
      return OPEN[found] and not self.parents[above] and "anything" or nil
    end
    above = above:match "^(.*)%."
  end
end

--- The only values that ECS allows in a field, or nil.
---@param path string
---@return table<string, true>?
function List:values_at(path)
  return self.values[self.values_of[path] or path]
end

--- True when one of the categories expects an event.type. So is, with any, a type that no category names, and
--- any type with a category that ECS does not have.
---@param event_type string
---@param categories string[]
---@return boolean
function List:expects(event_type, categories)
  for _, category in ipairs(categories) do
    if not self.expected[category] or self.expected[category][event_type] then return true end
  end
  for _, types in pairs(self.expected) do
    if types[event_type] then return #categories == 0 end
  end
  return true
end

--- Says in which other release something holds: "; it came with 9.1", "; 9.0 took it away", or "".
---@param holds fun(list: oversight.EcsList): any
---@return string
function List:elsewhere(holds)
  for index = self.index + 1, #releases do
    if holds(list_at(index)) then return "; it came with " .. releases[index] end
  end
  for index = self.index - 1, 1, -1 do
    if holds(list_at(index)) then return ("; %s took it away"):format(releases[index + 1]) end
  end
  return ""
end

return M
