--- Loads the files of formats: as text, and so that a site's file can extend the shipped one of its name.
---
--- While oversight/formats/splunk.lua of a site is loading, `require "oversight.formats.splunk"` gives what
--- follows it on the search path. In a state of the engine's own, require always works that way; in a
--- host's, whose searchers are the host's, while a format is loaded by name.
local core = require "oversight.core"

local M = {}

local PREFIX = "oversight.formats."

--- The files that are being loaded, by module.
local loading = {}

--- The modules that were not found when they were looked for last.
local missing = {}

--- The file that each format came from.
---@type table<table, string>
local files = setmetatable({}, { __mode = "k" })

local function remember(result, file)
  if type(result) == "table" then files[result] = file end
  return result
end

--- The folders of the files that are being loaded, the innermost last; "" where a format has no file.
local folders = {}

--- Runs a chunk of a file. Raises its error, as it is.
local function run_in(folder, chunk, ...)
  folders[#folders + 1] = folder
  local ok, result = pcall(chunk, ...)
  folders[#folders] = nil
  if not ok then error(result, 0) end
  return result
end

local function folder_of(file)
  return file:match "^(.*/)" or "./"
end

--- The folder of the format's file that is being loaded, with a / at its end; nil when none is.
---@return string?
function M.folder()
  local folder = folders[#folders]
  return folder ~= "" and folder or nil
end

--- A path as a format's file means it: relative to its own folder.
---@param path string
---@return string
function M.beside(path)
  local folder = M.folder()
  if path:sub(1, 1) == "/" or not folder or folder == "./" then return path end
  return folder .. path
end

--- The file that a format came from, as a searcher of require names it; nil where another one found it.
---@param format table
---@return string?
function M.file_of(format)
  return files[format]
end

--- The chunk of a file, or nil and a message that names the file. A compiled chunk could break out of Lua.
---@param path string
---@return function? chunk, string? message
function M.load_text(path)
  local chunk, message = loadfile(path, "t")
  if chunk then return chunk end
  if not message:find(path, 1, true) then message = ("cannot load '%s': %s"):format(path, message) end
  return nil, message
end

--- Whether a name is read as a path to a file.
---@param name string
---@return boolean
function M.is_path(name)
  return name:find("/", 1, true) ~= nil or name:find "%.lua$" ~= nil
end

--- Runs a file, as require runs one.
---@param path string
---@return any
function M.run_file(path)
  local chunk, message = M.load_text(path)
  if not chunk then error(message, 0) end
  return remember(run_in(folder_of(path), chunk, path), path)
end

local function is_readable(path)
  local file = io.open(path, "r")
  return file ~= nil and file:close()
end

--- The first file of the module on package.path that is not being loaded.
local function find_file(name, used)
  local inside = name:gsub("%.", "/")
  for template in package.path:gmatch "[^;]+" do
    local path = template:gsub("%?", function() return inside end)
    if not used[path] and is_readable(path) then return path end
  end
end

local search

--- What the other searchers have, for what is not on package.path: the copies built in.
local function ask_others(name, used)
  for _, searcher in ipairs(package.searchers) do
    if searcher ~= search then
      local loader, data = searcher(name)
      if type(loader) == "function" and not used[data] then return loader, data end
    end
  end
end

--- What is loaded next under that name, and its file.
local function find_chunk(name, used)
  local file = find_file(name, used)
  if not file then return ask_others(name, used) end
  local chunk, message = M.load_text(file)
  if not chunk then error(message, 0) end
  return chunk, file, folder_of(file)
end

--- The searcher of formats, which comes before those that would give the same file again.
function search(name)
  if name:sub(1, #PREFIX) ~= PREFIX then return nil end
  local used = loading[name] or {}
  local chunk, data, folder = find_chunk(name, used)
  missing[name] = not chunk or nil
  if not chunk then return nil end
  return function()
    loading[name] = used
    used[data] = true
    local ok, result = pcall(run_in, folder or "", chunk, name, data)
    used[data] = nil
    if ok then return remember(result == nil or result, data) end
    -- What follows it is not used in place of a file that fails.
    package.loaded[name] = nil
    error(result, 0)
  end, data
end

--- Whether nothing had the name of a format when it was required last.
---@param name string of its module
---@return boolean
function M.is_missing(name)
  return missing[name] == true
end

--- pcall, while require finds formats as described above, and os.exit is an error.
---@return boolean ok, any ...
function M.protected_call(f, ...)
  if package.searchers[1] == search then return core.without_exit(f, ...) end
  table.insert(package.searchers, 1, search)
  local results = table.pack(core.without_exit(f, ...))
  for i, searcher in ipairs(package.searchers) do
    if searcher == search then
      table.remove(package.searchers, i)
      break
    end
  end
  return table.unpack(results, 1, results.n)
end

if package.preload["oversight.embedded"] then table.insert(package.searchers, 1, search) end

return M
