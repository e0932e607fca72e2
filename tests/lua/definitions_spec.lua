-- definitions_spec.lua: each table of options takes the keys that lua/meta lists for it, and no others.
local siem = require "oversight.siem"
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

--- The fields of a class of the definitions.
local function fields_of(class)
  for _, name in ipairs { "siem", "format", "export", "delivery", "source", "checkpoint", "evidence" } do
    local file = assert(io.open(here .. "../../lua/meta/" .. name .. ".d.lua"))
    local text = file:read "a"
    file:close()
    local found = text:match("%-%-%-@class oversight%." .. class .. "\n(.-)\n[^-]")
    if found then
      local fields = {}
      for field in found:gmatch "%-%-%-@field (%S+)" do fields[#fields + 1] = field end
      return fields
    end
  end
  error("lua/meta has no class oversight." .. class)
end

-- A key that is near to none, so that the message lists the choices.
local NO_KEY = ("q"):rep(40)

--- The keys that a function takes, by its message about one that it does not.
local function keys_of(call)
  local ok, message = pcall(call, { [NO_KEY] = 1 })
  assert.is_false(ok)
  local keys = {}
  local choices = message:match("there is no key ['\"]" .. NO_KEY .. "['\"]; choices: (.*)")
  for key in choices:gmatch "[%w_]+" do keys[#keys + 1] = key end
  return keys
end

local function many(options)
  options.registries = { "registry.sqlite" }
  siem.pipeline { source = options, format = "ecs", sink = "-" }
end

local TAKES = {
  RegistryOptions    = siem.registry.open,
  PipelineDefinition = siem.pipeline,
  ManyRegistries     = many,
  Job                = siem.export_events,
  ExportOptions      = siem.export.open,
  CheckpointOptions  = siem.checkpoint.open,
  TlogOptions        = siem.tlog.open,
  SentinelRequest    = siem.sentinel_authorization,
  Row                = function(row)
    row[1] = "a"
    siem.format.define "x" { row }
  end,
  KafkaSourceOptions = siem.source.kafka,
}

describe("the definitions of", function()
  for class, call in pairs(TAKES) do
    it(class .. " have the keys that are taken", function()
      local fields, keys = fields_of(class), keys_of(call)
      if fields[1] == "[1]" then table.remove(fields, 1) end
      table.sort(fields)
      table.sort(keys)
      assert.same(keys, fields)
    end)
  end

  it("TlogVerifyOptions have keys that are taken", function()
    local path = os.tmpname()
    local tlog = assert(siem.tlog.open { source = path })
    os.remove(path)
    local function message(key) return select(2, pcall(tlog.verify, tlog, { [key] = 1 })) end
    for _, field in ipairs(fields_of "TlogVerifyOptions") do assert.is_nil(message(field):match "there is no key") end
    assert.matches("there is no key", message(NO_KEY))
  end)
end)
