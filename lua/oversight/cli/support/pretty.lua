--- JSON text, indented for people. Works on the text itself: no number passes through a conversion.
local core = require "oversight.core"
local siem = require "oversight.siem"

local M = {}

local OPENS, CLOSES = { ["{"] = "}", ["["] = "]" }, { ["}"] = true, ["]"] = true }

--- The string whose opening quote is at `from`, and where it ends.
local function read_string(json, from)
  local at = json:find('["\\]', from + 1)
  while json:byte(at) ~= 34 do at = json:find('["\\]', at + 2) end
  return json:sub(from, at), at
end

---@param json string compact JSON text, as records are
---@return string
function M.indent(json)
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

--- A sink that prints records on standard output, indented.
function M.sink()
  return siem.sink.custom {
    send = function(_, batch)
      for _, record in batch:records() do
        local ok, message, code = core.print(M.indent(record) .. "\n")
        if not ok then return nil, message, code end
      end
      return true
    end,
  }
end

return M
