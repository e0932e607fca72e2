--- What is in a record: the one module of Lua that looks into the text of records.
---
--- A record is written in the encoding that its format names; without a name it is JSON. Each encoding has the
--- functions of the table ENCODINGS.
local core = require "oversight.core"

local M = {}

-- ---- JSON ----

local OPENS, CLOSES = { ["{"] = "}", ["["] = "]" }, { ["}"] = true, ["]"] = true }

--- The string whose opening quote is at `from`, and where it ends.
local function read_string(json, from)
  local at = json:find('["\\]', from + 1)
  while json:byte(at) ~= 34 do at = json:find('["\\]', at + 2) end
  return json:sub(from, at), at
end

--- Works on the text itself: no number passes through a conversion.
local function indent_json(json)
  local out, depth, at = {}, 0, 1
  local function break_line() out[#out + 1] = "\n" .. ("  "):rep(depth) end
  while at <= #json do
    local c = json:sub(at, at)
    if c == '"' then
      out[#out + 1], at = read_string(json, at)
    elseif OPENS[c] and json:sub(at + 1, at + 1) == OPENS[c] then
      out[#out + 1] = c .. OPENS[c]
      at = at + 1
    elseif OPENS[c] then
      out[#out + 1] = c
      depth = depth + 1
      break_line()
    elseif CLOSES[c] then
      depth = depth - 1
      break_line()
      out[#out + 1] = c
    elseif c == "," then
      out[#out + 1] = c
      break_line()
    else
      out[#out + 1] = c == ":" and ": " or c
    end
    at = at + 1
  end
  return table.concat(out)
end

--- The text at the end of a path of keys; numbers in it are as they were written.
local function find_json(json, keys)
  for _, key in ipairs(keys) do json = json and core.json_member(json, key) end
  return json
end

-- ---- encodings ----

local ENCODINGS = {
  json = {
    decode = function(text) return core.json_decode(text, true) end,
    find = find_json,
    quote = core.json_encode,
    indent = indent_json,
  },
}

local function functions_of(encoding)
  return ENCODINGS[encoding or "json"] or error(("there is no encoding %q"):format(tostring(encoding)), 3)
end

--- A record as a table that keeps the order of its keys in __jsonorder.
---@param text string
---@param encoding string? "json"
---@return table? record, string? message
function M.decode(text, encoding)
  return functions_of(encoding).decode(text)
end

--- What a record's text has at the end of a path of keys, without reading the rest; or nil.
---@param text string
---@param keys string[]
---@param encoding string?
---@return string?
function M.find(text, keys, encoding)
  return functions_of(encoding).find(text, keys)
end

--- How a value is written in a record: what `find` gives for it.
---@param value any
---@param encoding string?
---@return string
function M.quote(value, encoding)
  return functions_of(encoding).quote(value)
end

--- A record indented for people.
---@param text string
---@param encoding string?
---@return string
function M.indent(text, encoding)
  return functions_of(encoding).indent(text)
end

-- ---- fields ----

--- What a value is in JSON: "null", "array", "object", or Lua's type.
---@return string
function M.kind_of(value)
  if value == core.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  return (getmetatable(value) or {}).__jsontype or "object"
end

local function walk(object, prefix, fields)
  local order = (getmetatable(object) or {}).__jsonorder or {}
  for _, key in ipairs(order) do
    local value, path = object[key], prefix .. key:gsub("[\\.]", "\\%0")
    if M.kind_of(value) == "object" and next(value) ~= nil then
      walk(value, path .. ".", fields)
    else
      fields[#fields + 1] = { path = path, value = value, json = core.json_encode(value) }
      fields[path] = fields[#fields]
    end
  end
  return fields
end

--- A list in the record's order, which is a table by path as well: "event.kind" and its value as JSON text. Dots within
--- a key are "\\." in its path.
---@alias oversight.Fields { path: string, value: any, json: string }[]

--- The fields of a record.
---@param text string
---@param encoding string?
---@return oversight.Fields
function M.fields(text, encoding)
  return walk(assert(M.decode(text, encoding)), "", {})
end

--- The fields of an object that is an element of a list, by the paths that they would have without the list.
---@param object table of a decoded record
---@param path string the path of the list
---@return oversight.Fields
function M.fields_within(object, path)
  return walk(object, path .. ".", {})
end

return M
