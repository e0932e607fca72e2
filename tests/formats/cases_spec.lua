-- cases_spec.lua: runs each file of cases/, as README.md describes them.
local core = require "oversight.core"
local siem = require "oversight.siem"

local folder = (debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "cases/"

local function read_case(name)
  local file = assert(io.open(folder .. name))
  local text = file:read "a"
  file:close()
  return assert(siem.json.decode(text, true))
end

local KEYS = { says = true, format = true, options = true, registry_id = true, row = true, record = true }

describe("formats", function()
  local names = core.list_folder(folder)
  table.sort(names)
  for _, name in ipairs(names) do
    if name:find "%.json$" then
      local case = read_case(name)
      it(("%s: %s"):format(name, case.says), function()
        for key in pairs(case) do assert.is_true(KEYS[key], "unknown key " .. key) end
        local row = setmetatable(case.row, nil)
        local event = siem.from_registry_row(row, { registry_id = case.registry_id })
        local options = case.options and setmetatable(case.options, nil)
        local mapping = assert(siem.format.load(case.format)):compile(options)
        assert.equal(siem.json.encode(case.record), mapping:render(event))
      end)
    end
  end

  it("have cases", function() assert.is_true(#names >= 7) end)
end)
