--- Writes the completions and the manual pages into a folder.
--- Usage: oversight-siem run --lua-path lua lua/manual/write.lua FOLDER DATE DEFINITIONS
local folder, date, definitions = ...

local FILES = {
  ["oversight-siem"]           = require "manual.bash",
  ["_oversight-siem"]          = require "manual.zsh",
  ["oversight-siem.fish"]      = require "manual.fish",
  ["oversight-siem.1"]         = require "manual.program_page",
  ["oversight-siem-formats.5"] = require "manual.formats_page",
}

for name, make in pairs(FILES) do
  local file = assert(io.open(folder .. "/" .. name, "w"))
  assert(file:write(make(date, definitions)))
  assert(file:close())
end
