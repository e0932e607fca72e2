--- Finds formats: by name on the search path, or as a file.
local core     = require "oversight.core"
local format   = require "oversight.format"
local misuse   = require "oversight.misuse"
local nearest  = require "oversight.nearest"
local recipe   = require "oversight.recipe"
local searcher = require "oversight.searcher"

local M = {}

local BUILT_IN = " (built in)"
local MODULE, FOLDER = "oversight.formats.", "oversight/formats/"

--- Folders of package.path that can hold formats, in order.
local function format_folders()
  local folders = {}
  for template in package.path:gmatch "[^;]+" do
    local folder = template:match "^(.*)%?%.lua$"
    if folder then folders[#folders + 1] = folder .. FOLDER end
  end
  return folders
end

--- The files that the program has inside; none in a host of somebody's own.
---@return { name: string, file: string, text: string }[]
local function embedded_modules()
  local has_embedded, embedded = pcall(require, "oversight.embedded")
  return has_embedded and embedded or {}
end

--- All formats that can be loaded: a list of { name, file }, by name; the first found wins.
---@return { name: string, file: string }[]
function M.list()
  local found, list = {}, {}
  local function add(name, file)
    if name and not found[name] then
      found[name] = true
      list[#list + 1] = { name = name, file = file }
    end
  end
  for _, folder in ipairs(format_folders()) do
    for _, file in ipairs(core.list_folder(folder)) do
      add(file:match "^([%w_-]+)%.lua$", folder .. file)
    end
  end
  for _, module in ipairs(embedded_modules()) do
    add(module.name:match "^oversight%.formats%.([%w_-]+)$", module.file .. BUILT_IN)
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function unknown(name)
  local names = {}
  for i, entry in ipairs(M.list()) do names[i] = entry.name end
  local near = nearest(name, names)
  local hint = near and ("did you mean '%s'?"):format(near) or ("choices: %s"):format(table.concat(names, ", "))
  return nil, ("unknown format '%s' (%s)"):format(name, hint), "not_found"
end

local function check_name(name)
  if type(name) ~= "string" then misuse.raise("a format's name is a string, not " .. type(name)) end
end

local function is_folder(path)
  local inside = io.open(path .. "/.", "r")
  return inside ~= nil and inside:close()
end

--- Why a file cannot be read, or nil. Nothing is read: it may be a pipe. A folder can be opened, too.
---@param path string
---@return string? reason
function M.unreadable(path)
  if is_folder(path) then return path .. ": Is a directory" end
  local file, message = io.open(path, "r")
  if not file then return message end
  file:close()
end

--- The file that a name or path means.
function M.where(name)
  check_name(name)
  if searcher.is_path(name) then
    local problem = M.unreadable(name)
    if problem then return nil, "cannot open the format " .. problem, "not_found" end
    return name
  end
  for _, entry in ipairs(M.list()) do
    if entry.name == name then return entry.file end
  end
  return unknown(name)
end

local function check_result(name, ok, result)
  if ok and format.is_format(result) then
    recipe.remember(result, name, searcher.is_path(name))
    return result
  end
  if not ok then return nil, core.error_text(result), "invalid" end
  return nil, ("format '%s': its file returns no format, but a %s"):format(name, type(result)), "invalid"
end

--- Loads a format by name from the search path, or from a path to a .lua file.
function M.load(name)
  check_name(name)
  if searcher.is_path(name) then
    local file, message, code = M.where(name)
    if not file then return nil, message, code end
    return check_result(name, searcher.protected_call(searcher.run_file, file))
  end
  if not name:find "^[%w_-]+$" then return unknown(name) end
  local ok, result = searcher.protected_call(require, MODULE .. name)
  if not ok and searcher.is_missing(MODULE .. name) then return unknown(name) end
  return check_result(name, ok, result)
end

-- ---- what they are made of ----

--- The text of a file, as M.where names it; nil for what can be read once only, or not at all.
local function text_of(file)
  for _, module in ipairs(embedded_modules()) do
    if file == module.file .. BUILT_IN then return module.text end
  end
  local opened = core.is_regular_file(file) and io.open(file, "rb")
  if not opened then return nil end
  local text = opened:read "a"
  opened:close()
  return text
end

--- The files of a format and of those that it extends, one after the other: the text is nil for one that a script
--- made, or that cannot be read again.
---@param loaded oversight.Format
---@return { name: string, text: string? }[]
function M.texts(loaded)
  local texts = {}
  while type(loaded) == "table" do
    local is_module = rawequal(package.loaded[MODULE .. tostring(loaded.name)], loaded)
    local file = searcher.file_of(loaded) or is_module and M.where(loaded.name) or nil
    texts[#texts + 1] = { name = loaded.name, text = file and text_of(file) }
    loaded = loaded.base
  end
  return texts
end

return M
