---@meta
--- LuaCATS definitions of formats and of the tables that they look up (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Formats ----

--- A row of a format: destination ← source.
---@class oversight.Row
---@field [1] string the destination, a dotted path; `\\.` in a Lua string is a dot within a key
---@field from string|string[]|nil a field of the event, `extra.path`, a column of the site, `option.name`, `tlog.NAME`; `*` is all columns of the site, `*bytes` the texts that are not UTF-8; of a list, the first source that is not empty; in `extend`, a row without `from` and `value` has those of the row that it replaces
---@field value any a constant, also a table
---@field as string? the name of a converter; a value that it cannot convert is omitted
---@field key string? of `as = "sha256"`: `file:PATH`, `env:NAME` or `cmd:COMMAND` of the key of an HMAC
---@field lookup table<string, any>|oversight.Lookup|nil a table by the text of the source, or one of `siem.lookup`
---@field column string? the column that is meant of the table of `siem.lookup` in `lookup` or `with`
---@field default any for a value that the lookup lacks: a value, `{ prefix = text }`, or a function of the source
---@field with (fun(value: any, event: oversight.Event): any)|oversight.Lookup|nil a function or a table of `siem.lookup`, called with the result of the keys above; nil omits the row; in a row with `from` or `value`, it is called only when there is a value
---@field with_null boolean? call `with` for null as well, with nil
---@field when (fun(value: nil, event: oversight.Event): boolean?)? a condition; false or nil omits the row
---@field keep boolean? write null and `""` as well; without a source: an object, also when it is empty
---@field required boolean? refuse the event when the value is empty
---@field remove boolean? in `extend`: remove the row, or all rows of an object
---@field before string? in `extend`: put the new row before the row of that destination
---@field after string? in `extend`: put the new row after the row of that destination

--- What a record looks like. A format that is loaded can be extended and compiled.
---@class oversight.Format
---@field name string its name
---@field summary string one sentence
---@field options table<string, string> the options and their defaults
---@field folder string? the folder of its file, with a / at the end
---@field mask_dead_letter boolean? what rows mask is masked in the events of a dead letter as well
---@field parallel boolean? the functions keep no state from event to event, so several threads may call them
local Format = {}

--- Makes a new format: the rows of this one, changed by destination.
---@param name string
---@return fun(rows: oversight.Row[]): oversight.Format
function Format:extend(name) end

--- Compiles the format for an export. Raises for an option that the format does not have.
---@param options table<string, string>?
---@param filter (fun(event: oversight.Event): boolean?)|oversight.Filter|nil
---@return oversight.Mapping
function Format:compile(options, filter) end

--- Makes the record of an event as JSON text, with default options.
---@param event oversight.Event
---@return string? record, string? message, oversight.Code? code
function Format:render(event) end

--- A filter with a property: `{ function(event) ... end, parallel = true }`.
---@class oversight.Filter
---@field [1] fun(event: oversight.Event): boolean? called for each event; false or nil skips it
---@field parallel boolean? the function keeps no state from event to event

siem.format = {}

--- Defines a format of rows: `siem.format.define "name" { rows }`. The same as `require "oversight.format"`.
---@param name string
---@return fun(rows: oversight.Row[]): oversight.Format
function siem.format.define(name) end

--- Defines a format by a function that returns the whole record. It may also return a `siem.array` of several
--- records, or an empty one. With options, the second argument of the function has them.
---@param name string
---@param whole fun(event: oversight.Event, options: table<string, string>?): table
---@param definition { summary: string?, options: table<string, string>?, tests: table[]?, parallel: boolean? }?
---@return oversight.Format
function siem.format.from_function(name, whole, definition) end

--- Loads a format by name from the search path, or from a file when the argument has a `/` or ends in `.lua`. The
--- message of an unknown name lists the choices.
---@param name string
---@return oversight.Format? format, string? message, oversight.Code? code
function siem.format.load(name) end

--- Returns the file of a format.
---@param name string
---@return string? file, string? message, oversight.Code? code
function siem.format.where(name) end

--- Returns the folder of the format's file that is being loaded, with a / at its end; nil when none is.
---@return string?
function siem.format.folder() end

--- Lists all formats that can be found, by name.
---@return { name: string, file: string }[]
function siem.format.list() end

--- Makes the record of an event as a table that keeps the order of its keys.
---@param event oversight.Event
---@param format string|oversight.Format
---@param options table<string, string>?
---@return table? record, string? message, oversight.Code? code
function siem.format_event(event, format, options) end

--- Makes a record of the format `splunk`.
---@param event oversight.Event
---@param options { source: string?, sourcetype: string?, index: string?, host: string? }?
---@return table? record, string? message, oversight.Code? code
function siem.to_splunk_hec(event, options) end

--- Makes a record of the format `ecs`.
---@param event oversight.Event
---@return table? record, string? message, oversight.Code? code
function siem.to_ecs(event) end

--- Makes a record of the format `sentinel`.
---@param event oversight.Event
---@return table? record, string? message, oversight.Code? code
function siem.to_sentinel(event) end

--- A compiled format.
---@class oversight.Mapping
local Mapping = {}

--- Makes the record of an event as JSON text.
---@param event oversight.Event
---@return string? record, string? message, oversight.Code? code
function Mapping:render(event) end

--- Checks that each field that rows of the format read is a field of an event, or a column of the registry or of the
--- event that is given.
---@param registry oversight.Registry|oversight.Event
---@return true?, string? message, oversight.Code? code
function Mapping:check(registry) end

--- Returns the name of the format.
---@return string
function Mapping:name() end

--- Frees the mapping.
function Mapping:close() end

-- ---- Enrichment ----

siem.lookup = {}

--- A table of what a site knows about a value. `lookup(value)` returns a row or nil. A file is checked once a second
--- and read again when it has changed; that time is not charged to the event. The old content stays when the new
--- file is wrong, lacks a column in use or is not a regular file. Standard error then gets one warning. A function that
--- makes a lookup raises when its file is wrong. A path is relative to the file of the format that is being loaded, elsewhere
--- to the working directory.
---@class oversight.Lookup
---@operator call(any): table?
local Lookup = {}

--- Makes a function of one column, for `with` of a row.
---@param name string
---@return fun(value: any): any
function Lookup:column(name) end

--- Reads a CSV file (RFC 4180) with a header, by the text of one column. A key or a column that comes twice is an
--- error.
---@param path string
---@param key string
---@return oversight.Lookup
function siem.lookup.csv(path, key) end

--- Reads a CSV file with a column `network`, by address. The longest network wins.
---@param path string
---@return oversight.Lookup
function siem.lookup.cidr(path) end

--- Asks a registry, or the file of one, by a SELECT with one parameter. The first row counts. Up to 10,000 rows are
--- cached until another program changes the database, which is checked once a second. The cached rows stay in use when
--- the changed database cannot be asked.
---@param registry oversight.Registry|string
---@param sql string
---@return oversight.Lookup
function siem.lookup.sql(registry, sql) end

--- Reads a MaxMind database (.mmdb), by address. A row is what the database has: `row.country.iso_code`. The file is
--- copied into memory, so that it may be written over while it is in use. Integers beyond 64 bits are text, bytes are
--- hexadecimal text. A record that is damaged or has more than 10,000 values raises.
---@param path string
---@return oversight.Lookup
function siem.lookup.geoip(path) end
