--- In the Lua state of a thread that renders: the format and the filter of another state, loaded again.
local catalog = require "oversight.catalog"
local core    = require "oversight.core"
local filter  = require "oversight.filter"
local recipe  = require "oversight.recipe"

local M = {}

--- What a name or a path gives. A path must still mean the same file.
---@param origin oversight.Origin
local function load_again(load, origin)
  if origin.file and core.absolute_path(origin.name) ~= origin.file then
    error(("%s was %s: the file, or the working directory, has changed"):format(origin.name, origin.file), 0)
  end
  local loaded, message = load(origin.name)
  return loaded or error(message, 0)
end

--- The mapping of a recipe. Raises what is wrong.
---@param text string
---@return oversight.Mapping
function M.load(text)
  local given = recipe.read(text)
  local chosen = load_again(catalog.load, given.format)
  local asked = given.filter and load_again(filter.load, given.filter) or nil
  local difference = recipe.difference(given.prints, chosen, given.options, asked)
  if difference then
    error(("%s is different: its file has changed, or depends on what the script has done"):format(difference), 0)
  end
  return chosen:compile(given.options, asked)
end

return M
