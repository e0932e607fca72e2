--- Format definitions: checked, extended, and lowered to a mapping that the engine runs.
---
--- A format is an ordered list of rows, destination <- source. Everything here happens once, when a
--- format is loaded; nothing here runs per event.
local core         = require "oversight.core"
local filter       = require "oversight.filter"
local lazy         = require "oversight.lazy"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local recipe       = require "oversight.recipe"
local searcher     = require "oversight.searcher"
local tables       = require "oversight.tables"
local row_lines    = lazy "oversight.row_lines"
local row_lookup   = lazy "oversight.row_lookup"

local ROW_KEYS = {
  from = true, value = true, as = true, lookup = true, default = true, with = true, when = true,
  key = true, with_null = true, column = true, keep = true, required = true, remove = true, before = true, after = true,
}
local DEFINITION_KEYS = {
  summary = "string", options = "table", tests = "table", parallel = "boolean", mask_dead_letter = "boolean",
}
local TYPES = { string = "a string", table = "a table", boolean = "true or false" }

---@class oversight.Format
---@field name string
---@field summary string
---@field options table<string, string> options and their defaults
---@field rows oversight.Row[]?
---@field labels table<oversight.Row, string>? what rows are called in messages
---@field tests table[]? for `oversight-siem check`: { row =, record = } or { row =, expect = }
---@field base oversight.Format? what extend began with
---@field parallel boolean? its functions keep no state from event to event
---@field mask_dead_letter boolean? what rows mask is masked in the events of a dead letter as well
---@field folder string? of its file, with a / at the end; nil for one that is not made by a file
---@field whole fun(event: oversight.Event, options: table<string, string>?): table?
local Format = {}

--- Kept from scripts: it decides what a format is.
local METATABLE = {
  __index = Format, __metatable = false, __tostring = function(self) return "format " .. self.name end,
}

-- ---- checking ----

--- The name of a row in messages: its place, and its destination when it has one.
local function row_name(index, row)
  local destination = type(row) == "table" and row[1] or nil
  if type(destination) ~= "string" then return ("row %d"):format(index) end
  return ("row %d (%s)"):format(index, core.printable(destination))
end

--- What is wrong with the keys by which extend places or takes out a row, or nil.
local function placing_problem(row)
  for _, key in ipairs { "before", "after" } do
    if row[key] ~= nil and type(row[key]) ~= "string" then return key .. " must be the destination of another row" end
  end
  if row.before and row.after then return "give either before or after, not both" end
  if row.remove == nil then return nil end
  if row.remove ~= true then return "remove must be true" end
  for key in pairs(row) do
    if key ~= 1 and key ~= "remove" then return ("a row to remove takes no other key: %s"):format(key) end
  end
end

--- What is wrong with a list of sources, or nil. A name that is not defined leaves a hole.
local function from_problem(from)
  local count = 0
  for _ in pairs(type(from) == "table" and from or {}) do count = count + 1 end
  if type(from) == "table" and count ~= #from then return "from has a hole: a source in the list is nil" end
end

local function check_row(index, row)
  local name = row_name(index, row)
  if row == nil then return name .. ": it is nil: a hole in the list of rows" end
  if type(row) ~= "table" then return name .. ": a row is a table, not a " .. type(row) end
  if type(row[1]) ~= "string" or row[1] == "" then
    return name .. ": the destination comes first, as a string"
  end
  for key in pairs(row) do
    if key ~= 1 and not ROW_KEYS[key] then
      return ("%s: %s"):format(name, option_table.unknown(key, ROW_KEYS))
    end
  end
  local problem = placing_problem(row) or from_problem(row.from)
  return problem and ("%s: %s"):format(name, problem)
end

--- What is wrong with a definition, or nil; and the row that it is about, if any.
---@return string? problem, integer? index
local function check_definition(definition)
  if type(definition) ~= "table" then return "a format's definition is a table" end
  local count = 0
  for key, value in pairs(definition) do
    if math.type(key) == "integer" and key >= 1 then
      count = math.max(count, key)
    else
      local wanted = DEFINITION_KEYS[key]
      if not wanted then return option_table.unknown(key, DEFINITION_KEYS) end
      if type(value) ~= wanted then return ("%s must be %s"):format(key, TYPES[wanted]) end
    end
  end
  for index = 1, count do
    local problem = check_row(index, definition[index])
    if problem then return problem, index end
  end
  for name, value in pairs(definition.options or {}) do
    if type(name) ~= "string" or type(value) ~= "string" then
      return "options holds names and the texts they default to"
    end
  end
end

-- ---- lowering ----

--- Splits `from` into the option that decides it, if any, and the fields that remain.
--- Returns fields, and the option's text when that wins.
local function resolve_sources(from, options)
  local fields = {}
  for _, source in ipairs(type(from) == "table" and from or { from }) do
    local option = type(source) == "string" and source:match "^option%.(.+)$"
    if not option then
      fields[#fields + 1] = source
    elseif options[option] == nil then
      return nil, nil, ("the format declares no option %q%s"):format(option, option_table.hint(option, options))
    elseif #fields > 0 then
      return nil, nil, "an option must come before the fields that it overrides"
    elseif options[option] ~= "" then
      return nil, options[option]
    end
  end
  return fields
end

--- A row whose options are all empty: nothing, except what its keys make of an empty value.
local function lower_without_source(row, lowered)
  lowered.from = nil
  if row.keep then
    lowered.value = ""
  elseif row.required or row.with then
    lowered.value = core.null
  else
    return nil
  end
  return lowered
end

--- A row as the engine takes it; nil when the options leave nothing of it.
local function lower_row(row, options, label)
  local lowered = {
    destination = row[1], label = label, from = row.from, value = row.value, as = row.as, lookup = row.lookup,
    default = row.default, with = row.with, when = row.when, keep = row.keep,
    required = row.required, with_null = row.with_null, key = row.key,
  }
  if row.column ~= nil or type(row.with) == "table" or type(row.lookup) == "table" and getmetatable(row.lookup) then
    local problem = row_lookup.lower(row, lowered)
    if problem then return nil, problem end
  end
  if row.from == nil then return lowered end
  if row.value ~= nil then return nil, "give either from or value, not both" end
  local fields, text, problem = resolve_sources(row.from, options)
  if problem then return nil, problem end
  lowered.from, lowered.value = fields, text
  if fields and #fields == 0 and #row.from > 0 then return lower_without_source(row, lowered) end
  return lowered
end

--- A whole-record function as the engine calls it, with the event alone.
local function with_options(whole, options)
  if next(options) == nil then return whole end
  return function(event) return whole(event, options) end
end

--- What is wrong with options that a format is compiled with, or nil.
local function options_problem(self, options)
  if type(options) ~= "table" then return "the options are a table, not a " .. type(options) end
  for name, value in pairs(options) do
    if self.options[name] == nil then
      return ("the format has no option %q%s"):format(tostring(name), option_table.hint(name, self.options))
    elseif type(value) ~= "string" then
      return ("option %s must be a string"):format(name)
    end
  end
end

--- What is wrong with a filter that a format is compiled with, or nil. One of a file is loaded by then.
local function filter_problem(value)
  if type(value) == "string" then return "the filter is a function, not a string" end
  local problem = filter.problem(value)
  return problem and "the filter: " .. problem
end

--- Compiles the format. Raises for a row that is wrong or an option that it does not declare.
---@param options table<string, string>?
---@param asked (fun(event: oversight.Event): boolean?)|oversight.Filter|nil false leaves the event out
---@return oversight.Mapping
function Format:compile(options, asked)
  local problem = options_problem(self, options or {}) or filter_problem(asked)
  if problem then misuse.raise(("%s: %s"):format(self.name, problem)) end
  local chosen, lowered = tables.merge(self.options, options), {}
  local chooser = filter.of(asked)
  local again, ask = recipe.of(self, chosen, chooser), chooser and chooser[1]
  if self.whole then return core.mapping_open(self.name, with_options(self.whole, chosen), ask, again) end
  for index, row in ipairs(self.rows) do
    local label = self.labels[row] or row_name(index, row)
    local low, fault = lower_row(row, chosen, label)
    if fault then error(("%s: %s"):format(label, fault), 0) end
    lowered[#lowered + 1] = low
  end
  return core.mapping_open(self.name, lowered, ask, again, self.mask_dead_letter)
end

Format.compile = misuse.entry(Format.compile)

--- The record of an event as JSON text, with the default options.
---@param event oversight.Event
---@return string? record, string? message, string? code
function Format:render(event)
  self.mapping = self.mapping or self:compile()
  return self.mapping:render(event)
end

-- ---- making ----

local function new_format(name, fields)
  fields.name = name
  fields.summary = fields.summary or ""
  fields.options = fields.options or {}
  fields.folder = searcher.folder()
  return setmetatable(fields, METATABLE)
end

local NAME_RULE = "a format's name is made of letters, digits, - and _"

local function is_name(name)
  return type(name) == "string" and name:find "^[%w_-]+$" ~= nil
end

local function check_name(name, level)
  if not is_name(name) then error(NAME_RULE, level + 1) end
end

---@class oversight.Place
---@field file string "" where it is not known
---@field line integer
---@field lines integer[] of the rows, as far as they are known

--- Where the caller `level` calls up defines a format. `return format "name" {...}` is a tail call, which leaves no
--- trace, so the place is recorded when the name is given.
---@param level integer
---@param name string of the format
---@return oversight.Place
local function place_of(level, name)
  local info = debug.getinfo(level + 1, "Sl")
  if not info or info.currentline <= 0 then return { file = "", line = 0, lines = {} } end
  local is_built_in = info.source:find "^@oversight/formats/" ~= nil
  return {
    file = info.short_src, line = info.currentline,
    lines = is_built_in and {} or row_lines.of(info.source, info.currentline, name),
  }
end

--- "file:line: format name: ", of a row when there is one.
---@param place oversight.Place
---@param index integer? of the row
local function prefix_of(place, name, index)
  local where = place.file ~= "" and ("%s:%d: "):format(place.file, place.lines[index] or place.line) or ""
  return ("%sformat %s: "):format(where, name)
end

--- Raises what makes a definition wrong, with its place: that of a row of the base is
--- another one.
local function check_compiles(format, place, own_labels)
  local ok, mapping = pcall(format.compile, format)
  if ok then
    format.mapping = mapping
    return format
  end
  for _, label in pairs(own_labels) do
    if mapping:sub(1, #label) == label then error(mapping, 0) end
  end
  error(prefix_of(place, format.name) .. mapping, 0)
end

--- What rows are called in messages: "acme.lua:3: format acme: row 2 (labels.site)".
local function label_rows(definition, name, place)
  local labels = {}
  for index, row in ipairs(definition) do labels[row] = prefix_of(place, name, index) .. row_name(index, row) end
  return labels
end

--- Whether an extension keeps no state: as it says, or as its base says when it adds no function.
local function is_parallel(base, definition)
  if definition.parallel ~= nil then return definition.parallel end
  return base.parallel and not recipe.may_keep_state(definition)
end

--- The definition's own, also when it is false, or the base's.
local function first_given(own, inherited)
  if own ~= nil then return own end
  return inherited
end

--- A format of a definition's rows, as `choose` gives them, or nil and what is wrong with them.
---@param base oversight.Format|{} what it extends
---@param choose fun(definition: table): oversight.Row[]?, oversight.Row[]|string, integer? all rows, and those of the
--- definition; or nil, the problem, and the row that it is about
local function make(name, place, base, definition, choose)
  local rows, own
  local problem, index = check_definition(definition)
  if not problem then
    rows, own, index = choose(definition)
    problem = not rows and own or #rows == 0 and "the format has no rows" or nil
  end
  if problem then error(prefix_of(place, name, index) .. problem, 0) end
  local labels = label_rows(own, name, place)
  return check_compiles(new_format(name, {
    rows = rows, labels = tables.merge(base.labels, labels),
    summary = definition.summary or base.summary, options = tables.merge(base.options, definition.options),
    base = base.name and base, mask_dead_letter = first_given(definition.mask_dead_letter, base.mask_dead_letter),
    tests = definition.tests, parallel = is_parallel(base, definition),
  }), place, labels)
end

--- The rows of a format that extends no other one.
local function own_rows(definition)
  for index, row in ipairs(definition) do
    if row.remove or row.before or row.after then
      return nil, row_name(index, row) .. ": remove, before and after are for extend", index
    end
  end
  return { table.unpack(definition) }, definition
end

local function define(name, place)
  return function(definition) return make(name, place, {}, definition, own_rows) end
end

-- ---- extending ----

local function find_row(rows, destination)
  for index, row in ipairs(rows) do
    if row[1] == destination then return index end
  end
end

--- Removes the row of that destination, or all rows inside that object.
local function remove_rows(rows, destination)
  local inside, kept, removed = destination .. ".", {}, false
  for _, row in ipairs(rows) do
    if row[1] == destination or row[1]:sub(1, #inside) == inside then
      removed = true
    else
      kept[#kept + 1] = row
    end
  end
  return removed and kept or nil
end

--- Puts a row where it says: before or after another, in the place it replaces, or at the end.
local function place_row(rows, row)
  local place = find_row(rows, row[1])
  local neighbour = row.before or row.after
  if not neighbour then
    rows[place or #rows + 1] = row
    return
  end
  if place then table.remove(rows, place) end
  local at = find_row(rows, neighbour)
  if not at then return ("there is no row %q to put it beside"):format(tostring(neighbour)) end
  table.insert(rows, row.before and at or at + 1, row)
end

--- A row that replaces one, and names no source, reads what that one reads. Nothing else is inherited.
local function inherit_source(row, replaced)
  if not replaced or row.from ~= nil or row.value ~= nil then return row end
  return tables.merge(row, { from = replaced.from, value = replaced.value })
end

--- The base's rows with the patch applied, and the patch's own; or nil, what is wrong with it, and where.
local function patch_rows(base, patch)
  local rows, own, taken = { table.unpack(base.rows) }, {}, {}
  for index, row in ipairs(patch) do
    local problem
    if not row.remove then row = inherit_source(row, rows[find_row(rows, row[1])]) end
    own[index] = row
    if taken[row[1]] then
      problem = ("row %d is for the same destination"):format(taken[row[1]])
    elseif row.remove then
      rows = remove_rows(rows, row[1])
      problem = not rows and base.name .. " has no such row to remove" or nil
    else
      problem = place_row(rows, row)
    end
    if problem then return nil, row_name(index, row) .. ": " .. problem, index end
    taken[row[1]] = index
  end
  return rows, own
end

--- A new format: this one's rows, patched by destination.
---@param name string
---@return fun(definition: table): oversight.Format
function Format:extend(name)
  check_name(name, 2)
  local place = place_of(2, name)
  return function(definition)
    return make(name, place, self, definition, function()
      if self.whole then return nil, self.name .. " has no rows to extend" end
      return patch_rows(self, definition)
    end)
  end
end

-- ---- module ----

local M = {}

--- A format that is a function: it gives the whole record as a table.
---@param name string
---@param whole fun(event: oversight.Event, options: table<string, string>?): table
---@param definition { summary: string?, options: table<string, string>?, tests: table[]?, parallel: boolean? }?
---@return oversight.Format
function M.from_function(name, whole, definition)
  if not is_name(name) then misuse.raise("from_function: " .. NAME_RULE) end
  if type(whole) ~= "function" then misuse.raise "from_function takes a name and a function" end
  definition = definition == nil and {} or definition
  local problem = check_definition(definition)
  if not problem and definition[1] ~= nil then problem = "a format is a function or rows, not both" end
  if not problem and definition.mask_dead_letter then
    problem = "mask_dead_letter is about what rows mask, and a function has none"
  end
  if problem then misuse.raise(("format %s: %s"):format(name, problem)) end
  return new_format(name, {
    whole = whole, summary = definition.summary, options = definition.options, tests = definition.tests,
    parallel = definition.parallel,
  })
end

M.from_function = misuse.entry(M.from_function)

--- True for what `format "name" {...}`, extend and from_function give.
function M.is_format(value)
  return rawequal(debug.getmetatable(value), METATABLE)
end

return setmetatable(M, {
  __call = function(_, name)
    check_name(name, 2)
    return define(name, place_of(2, name))
  end,
})
