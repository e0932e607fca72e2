--- The tests that a format brings along: rows of `tests` in its definition, and case files beside its file.
---
--- A test is { row =, record = } or { row =, expect = { path = value } }; `record` is the whole record,
--- `expect` some of its fields. For an event of several records, both are lists with one for each.
local core         = require "oversight.core"
local events       = require "oversight.cli.support.events"
local given_format = require "oversight.cli.support.given_format"
local record       = require "oversight.record"
local siem         = require "oversight.siem"
local tables       = require "oversight.tables"

local M = {}

--- What the keys of a test are.
local KEYS = {
  row = "table", record = "table", expect = "table", options = "table", registry_id = "string", says = "string",
}

-- ---- comparing ----

local function show(value)
  return value == nil and "(nothing)" or core.json_encode(value) or tostring(value)
end

local function is_nothing(value) return value == nil or value == siem.null end

--- True for a JSON array that is not empty, also of a plain table.
local function is_list(value) return type(value) == "table" and #value > 0 end

--- True for what JSON has as an object with members.
local function is_object(value)
  return type(value) == "table" and #value == 0 and next(value) ~= nil
end

local function escape(key) return (tostring(key):gsub("[\\.]", "\\%0")) end

local compare

--- The first member that differs, in the order of their names.
local function compare_members(expected, actual, path)
  for _, name in ipairs(tables.sorted_keys(tables.merge(expected, actual))) do
    local problem = compare(expected[name], actual[name], (path and path .. "." or "") .. escape(name))
    if problem then return problem end
  end
end

--- The first element that differs of two lists.
local function compare_elements(expected, actual, path)
  if #expected ~= #actual then
    return ("%s has %d element(s), expected %d"):format(path or "the record", #actual, #expected)
  end
  for i, element in ipairs(expected) do
    local problem = compare(element, actual[i], ("%s[%d]"):format(path or "", i))
    if problem then return problem end
  end
end

--- How a value differs from what is expected at that path, or nil. Null is as good as nothing, and objects are
--- compared member by member, whatever their order.
function compare(expected, actual, path)
  if is_nothing(expected) and is_nothing(actual) then return end
  if is_object(expected) and is_object(actual) then return compare_members(expected, actual, path) end
  if is_list(expected) and is_list(actual) then return compare_elements(expected, actual, path) end
  local wanted, found = show(expected), show(actual)
  if wanted ~= found then return ("%s is %s, expected %s"):format(path or "the record", found, wanted) end
end

--- The names of a dotted path; a dot after "\" belongs to its name.
local function names_of(path)
  local names = {}
  path = path:gsub("\\(.?)", function(c) return c == "." and "\0" or c end)
  for name in (path .. "."):gmatch "([^.]*)%." do names[#names + 1] = name:gsub("%z", ".") end
  return names
end

--- The value at a path of a record.
local function value_at(decoded, path)
  local value = decoded
  for _, name in ipairs(names_of(path)) do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

--- How some fields of a record differ, or nil.
local function compare_fields(expected, decoded)
  local paths = {}
  for path in pairs(expected) do
    if type(path) ~= "string" then return "expect has paths of fields as keys" end
    paths[#paths + 1] = path
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local problem = compare(expected[path], value_at(decoded, path), path)
    if problem then return problem end
  end
end

-- ---- running ----

--- True when something has to be there for the test to pass.
local function asserts(value)
  if type(value) ~= "table" then return not is_nothing(value) end
  for _, member in pairs(value) do
    if asserts(member) then return true end
  end
  return false
end

--- What is wrong with a test itself, or nil.
local function check_test(test)
  if type(test) ~= "table" then return "a test is a table, not a " .. type(test) end
  for key, value in pairs(test) do
    local wanted = KEYS[key]
    if not wanted then return ("a test has no key %q"):format(tostring(key)) end
    if type(value) ~= wanted then return ("%s must be a %s, not a %s"):format(key, wanted, type(value)) end
  end
  if not test.row then return "a test has a row" end
  if test.record and test.expect then return "give record or expect, not both" end
  if not asserts(test.record or test.expect) then
    return "the test asserts nothing: give record or expect"
  end
end

--- Compares what a test expects, of one record or a list of several, with the records.
local function compare_all(expected, records, differ)
  if not is_list(expected) then
    if #records ~= 1 then return ("there are %d records, expected 1"):format(#records) end
    return differ(expected, records[1])
  end
  if #records ~= #expected then return ("there are %d records, expected %d"):format(#records, #expected) end
  for i, one in ipairs(expected) do
    local problem = differ(one, records[i])
    if problem then return ("record %d: %s"):format(i, problem) end
  end
end

--- What a test finds wrong, or nil.
---@return string? problem
function M.run_one(format, test)
  local problem = check_test(test)
  if problem then return problem end
  local ok, event = pcall(siem.from_registry_row, events.to_row(test.row),
    { registry_id = test.registry_id or "registry" })
  if not ok then return "row: " .. tostring(event) end
  local texts, message = given_format.records(format, event, test.options)
  if not texts then return message end
  local records = {}
  for i, text in ipairs(texts) do records[i] = record.decode(text, format.encoding) end
  return test.record and compare_all(test.record, records, compare) or
    test.expect and compare_all(test.expect, records, compare_fields)
end

-- ---- where they are ----

--- The case files beside a format's file: acme.lua has acme.*.json.
local function case_files(name)
  local file = siem.format.where(name)
  local folder, base = (file or ""):match "^(.-)([^/]+)%.lua$"
  if not folder then return {} end
  local cases = {}
  for _, entry in ipairs(core.list_folder(folder == "" and "." or folder)) do
    if entry:sub(1, #base + 1) == base .. "." and entry:find "%.json$" then cases[#cases + 1] = folder .. entry end
  end
  table.sort(cases)
  return cases
end

local function read_case(path)
  local file, message = io.open(path, "r")
  if not file then return nil, message end
  local text, problem = file:read "a"
  file:close()
  if not text then return nil, problem end
  local test
  test, problem = siem.json.decode(text, true)
  if test == nil then return nil, problem end
  return test
end

--- The name of a test, with what it says of itself: "test 2 (a recipient is lower case)".
local function title_of(title, test)
  local says = type(test) == "table" and test.says
  return type(says) == "string" and ("%s (%s)"):format(title, says) or title
end

--- Runs all tests of a format that was loaded by that name. Calls complain for each that fails.
---@param complain fun(title: string, problem: string)
---@return integer count
function M.run(format, name, complain)
  local count = 0
  local function run(title, test, problem)
    count = count + 1
    problem = problem or M.run_one(format, test)
    if problem then complain(title_of(title, test), problem) end
  end
  local tests = format.tests or {}
  for key in pairs(tests) do
    if math.type(key) ~= "integer" or key < 1 or key > #tests then
      run("tests", nil, ("is a list of tests, and has no key %q"):format(tostring(key)))
    end
  end
  for i, test in ipairs(tests) do run(("test %d"):format(i), test) end
  for _, path in ipairs(case_files(name)) do
    local test, message = read_case(path)
    run(path, test, test == nil and message or nil)
  end
  return count
end

return M
