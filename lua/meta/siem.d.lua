---@meta oversight.siem
--- LuaCATS definitions of the public API, for editors. Nothing loads this file.
---
--- When the world fails, a function returns nil, a message and a code (oversight.Code). When it is
--- misused, it raises with the place of the script: an unknown key of a table of options names the
--- nearest one.

--- What is at fault, as far as that is known. Functions return it after the code; without it they return three values.
---@class oversight.Fault
---@field options string[] the options, in the order in which the message names them
---@field option_at integer[] where the message names each, from 1 on; 0: nowhere
---@field event_id string? the event
---@field row string? the row of the format, by its destination
---@field file string? the source of the format's function that failed
---@field line integer? and its line

---@alias oversight.Code
---| "invalid"     # an argument or a definition is wrong
---| "no_memory"
---| "not_found"   # no such file, format or field
---| "io"          # reading or writing failed
---| "schema"      # the file is not a registry
---| "locked"      # the registry stayed locked beyond the busy timeout
---| "refused"     # this event has no record in this format
---| "dropped"     # a filter or a function left this event out
---| "pipe_closed" # the reader of a pipe went away
---| "cancelled"   # the progress function asked to stop
---| "held"        # the target's set-up or the credentials are wrong: fix them
---| "unavailable" # the target did not accept the records in as many attempts as allowed
---| "idle"        # no program has the registry open, and this user may not open it alone
---| "unproved"    # the transparency log does not show what it should

---@class oversight.siem
---@field VERSION string of the library, "0.2.0"
---@field ECS_VERSION string
---@field SCHEMA_VERSION string
---@field FEATURES table<string, boolean> what this build has beyond the core: "geoip", "gzip", "metrics", "zstd"
---@field BEACON_KINDS table<string, true>
---@field ACTION_BY_KIND table<string, string>
---@field FORMATTERS table<string, fun(event: oversight.Event, options: table?): table?>
---@field null lightuserdata JSON's null inside tables
---@field drop lightuserdata what a format's function returns to leave an event out
local siem = {}

--- Marks a table as a JSON array, also when it is empty. Returns it. Raises for a table whose metatable is
--- protected, such as a format.
---@generic T: table
---@param t T
---@return T
function siem.array(t) end

--- Marks a table as a JSON object; `order` lists keys that come first. Returns it.
---@generic T: table
---@param t T
---@param order string[]?
---@return T
function siem.object(t, order) end

--- RFC 3339 in UTC with seconds, of seconds since 1970; the years 1 to 9999.
---@param seconds number
---@return string? text, string? message, oversight.Code? code
function siem.iso8601(seconds) end

--- The converters that a row can name with `as`.
---@return { name: string, summary: string }[]
function siem.converters() end

siem.json = {}

--- JSON text of a value: compact, ASCII, keys in order of __jsonorder and then sorted.
---@param value any
---@return string? text, string? message names the path of what has no JSON form
---@return oversight.Code? code
function siem.json.encode(value) end

--- The value of a JSON text. Whole numbers beyond 64 bits stay text; null is siem.null.
---@param text string
---@param ordered boolean? keep the order of keys in __jsonorder
---@return any value, string? message, oversight.Code? code
function siem.json.decode(text, ordered) end

--- The value of the Authorization header of the Log Analytics HTTP Data Collector API
--- (Microsoft, "HTTP Data Collector API", Authorization). No message holds the key.
---@param request { workspace_id: string, shared_key: string, content_length: integer, date: string, method: string?, content_type: string?, resource: string? }
---@return string? header "SharedKey <workspace>:<signature>"
---@return string? message, oversight.Code? code
function siem.sentinel_authorization(request) end

--- A value that is written as this JSON text: no digit of its numbers changes.
---@param text string
---@return table
function siem.json.raw(text) end

--- The JSON text of a member of an object, its numbers as they are written.
---@param text string
---@param key string
---@return string? json
function siem.json.member(text, key) end

-- ---- event ----

--- One row of `events`, normalized. Columns that a site added are fields, too.
---@class oversight.Event
---@field event_id string
---@field event_kind string "" when the row has none
---@field occurred_unix integer seconds since 1970; 0 when the row has no usable time
---@field occurred_at string RFC 3339, or ""
---@field registry_id string
---@field token_id string|number|nil chosen by outsiders
---@field file_id string|number|nil
---@field recipient_id string|number|nil
---@field issuer_id string|number|nil
---@field source_ip string|number|nil
---@field user_agent string|number|nil chosen by outsiders
---@field qualified_timestamp string|number|nil
---@field tlog_index integer|nil
---@field extra table decoded again at each reading; empty when there is none
---@field [string] any a column that the site added
local Event = {}

--- An event that stays. The event that a format's function is given is gone when it returns.
---@return oversight.Event
function Event:copy() end

--- All fields that are not null.
---@return table<string, any>
function Event:to_table() end

--- The field as a row of a format has it: extra is a value that is written with every digit.
---@param name string
---@return any
function Event:raw(name) end

--- The field as JSON text, nil where it is null: what `as = "json_text"` writes.
---@param name string
---@return string?
function Event:json(name) end

--- The names of all fields, in order.
---@return string[]
function Event:names() end

function Event:close() end

siem.event = {}

--- An event of a row, given as a table column -> value. Raises for values that no column can hold, and for a
--- registry_id that siem.registry.open refuses.
---@param row table<string, string|number>
---@param options { registry_id: string }
---@return oversight.Event
function siem.event.from_row(row, options) end

--- The same as siem.event.from_row.
---@param row table<string, string|number>
---@param options { registry_id: string }
---@return oversight.Event
function siem.from_registry_row(row, options) end

-- ---- registry ----

--- A registry's database, opened read-only beside whoever writes to it.
---@class oversight.Registry
local Registry = {}

siem.registry = {}

--- Opens a registry. The code is "invalid" for a registry_id that is blank, holds control or invisible characters, or begins or ends
--- with a space: two registries with one identity overwrite each other where documents are stored by id.
---@param options { path: string, registry_id: string, since: integer?, limit: integer?, busy_timeout_ms: integer?, follow: boolean?, by_id: boolean? } since: seconds; limit: events; busy_timeout_ms: 5000; follow: in the order of ids, for a checkpoint; by_id: in the order of ids, so that a limit is reached without a scan of all
---@return oversight.Registry? registry, string? message, oversight.Code? code
function siem.registry.open(options) end

--- After the code "idle": waits until a program opens the registry, for at most so long.
---@param path string
---@param milliseconds integer
---@return boolean is_open whether it is worth another attempt to open it
function siem.registry.await(path, milliseconds) end

--- The events in the order of time and id, from the first one on. Each stays. A failure raises.
---@return fun(): oversight.Event?
function Registry:events() end

--- How timestamps lie along ids; `follows` means that an export sorts nothing.
---@return { follows: boolean, count: integer, first_id: integer?, last_id: integer?, first_break: integer? }?
---@return string? message, oversight.Code? code
function Registry:ordering() end

--- What is in a registry, in one scan of all events.
---@class oversight.Survey
---@field follows boolean as of Registry:ordering, as are:
---@field count integer
---@field first_id integer?
---@field last_id integer?
---@field first_break integer?
---@field first number? the first and
---@field last number? the last time in seconds, unless no event has one
---@field timeless integer events without a time, and the id of the first one
---@field first_timeless integer
---@field old integer events of two days before `now` and more
---@field ahead integer events of a day after `now` and more
---@field kinds { label: string|number|nil, count: integer }[] the most frequent kind first
---@field days { label: string, count: integer }[] "2026-01-31", in their order

--- Counts the events by kind and by day, and finds out how they lie.
---@param now integer seconds
---@return oversight.Survey? survey, string? message, oversight.Code? code
function Registry:survey(now) end

---@return string[] names of the columns of `events` that can be read
function Registry:columns() end

--- Rows of a SELECT: row[1], row.name. A failure while reading raises.
---@param sql string
---@param ... string|number|nil values of its parameters
---@return (fun(): table?)? rows, string? message, oversight.Code? code
function Registry:query(sql, ...) end

--- A SELECT that is run more than once.
---@param sql string
---@return oversight.Query? query, string? message, oversight.Code? code
function Registry:prepare(sql) end

---@class oversight.Query
local Query = {}

--- Rows with these parameters: row[1], row.name. A failure while reading raises.
---@param ... string|number|nil
---@return (fun(): table?)? rows, string? message, oversight.Code? code
function Query:rows(...) end

--- The first row with these parameters; nothing is held open. A failure raises.
---@param ... string|number|nil
---@return table? row
function Query:first(...) end

--- How many parameters it has.
---@return integer
function Query:parameters() end

function Query:close() end

--- For a registry that is followed: the next event that an iterator gives is the first one after this
--- id; 0: the first of all.
---@param id integer
function Registry:seek(id) end

--- For a registry that is followed, after an iterator has ended: waits until something is committed, for
--- at most so long. The iterator then goes on.
---@param milliseconds integer
---@return boolean? committed false when nothing was
---@return string? message, oversight.Code? code "held" when the path names another file, "not_found" when it names none
function Registry:wait(milliseconds) end

--- For a registry that is followed: how many events there are after this id, and since when.
---@param id integer
---@return { events: integer, seconds: number }? lag ids given since; seconds since the first of them that has a time occurred, 0: none has
---@return string? message, oversight.Code? code
function Registry:lag(id) end

--- Gives a function that ends what reads: it is asked about ten times a second, and false ends that with "cancelled".
--- It cannot use the registry. While an export runs, its progress function is asked instead.
---@param go_on fun(): boolean?
function Registry:set_go_on(go_on) end

--- Ends the read transaction until the next event is read.
function Registry:release() end

function Registry:close() end

--- The events of a registry file.
---@param path string
---@param options { registry_id: string, since_unix: integer?, limit: integer? }
---@return (fun(): oversight.Event?)? events, string? message, oversight.Code? code
function siem.iter_registry_events(path, options) end

-- ---- format ----

--- A row of a format: destination <- source.
---@class oversight.Row
---@field [1] string destination, a dotted path; "\\." is a dot in a key
---@field from string|string[]|nil a field, "extra.path", "option.name", "tlog.leaf_hash" and others of the log, or a list: the first not empty
---@field value any a constant
---@field as string? a converter's name
---@field lookup table<string, any>? a table over the text of the source
---@field default any what the lookup does not hold: a value, { prefix = text }, or a function
---@field with (fun(value: any, event: oversight.Event): any)? run on the result of the above; with from or value, only when that is not null
---@field with_null boolean? call `with` for null as well
---@field when (fun(value: nil, event: oversight.Event): boolean?)? the row is omitted on false
---@field keep boolean? write null and "" too; without a source: an object kept when empty
---@field required boolean? refuse the event when the value is empty
---@field remove boolean? in extend: remove the row, or all rows of that object
---@field before string? in extend: put it before the row of that destination
---@field after string? in extend: put it after that row

---@class oversight.Format
---@field name string
---@field summary string
---@field options table<string, string> options and their defaults
---@field parallel boolean? its functions keep no state from event to event, so several threads may call them
local Format = {}

--- A filter: a function that is asked for each event; false or nil leaves the event out.
---@class oversight.Filter
---@field [1] fun(event: oversight.Event): boolean?
---@field parallel boolean? it keeps no state from event to event

--- A new format: this one's rows, patched by destination.
---@param name string
---@return fun(rows: oversight.Row[]): oversight.Format
function Format:extend(name) end

--- Raises for an option that the format does not have.
---@param options table<string, string>?
---@param filter (fun(event: oversight.Event): boolean?)|oversight.Filter|nil
---@return oversight.Mapping
function Format:compile(options, filter) end

--- The record of an event as JSON text, with default options.
---@param event oversight.Event
---@return string? record, string? message, oversight.Code? code
function Format:render(event) end

siem.format = {}

--- format "name" { rows }: the module oversight.format itself.
---@param name string
---@return fun(rows: oversight.Row[]): oversight.Format
function siem.format.define(name) end

--- A format that is a function giving the whole record; or a siem.array of several, or of none.
--- With options, the function is given them as its second argument.
---@param name string
---@param whole fun(event: oversight.Event, options: table<string, string>?): table
---@param definition { summary: string?, options: table<string, string>?, tests: table[]?, parallel: boolean? }?
---@return oversight.Format
function siem.format.from_function(name, whole, definition) end

--- A format by name, from the search path, or of a .lua file. An unknown name lists the choices.
---@param name string a name; or a path, which has a "/" or ends in ".lua"
---@return oversight.Format? format, string? message, oversight.Code? code
function siem.format.load(name) end

--- The file of a name or a path.
---@param name string
---@return string? file, string? message, oversight.Code? code
function siem.format.where(name) end

--- All formats that can be found, by name.
---@return { name: string, file: string }[]
function siem.format.list() end

--- The record of an event as a table that keeps the order of its keys.
---@param event oversight.Event
---@param format string|oversight.Format
---@param options table<string, string>?
---@return table? record, string? message, oversight.Code? code
function siem.format_event(event, format, options) end

---@param event oversight.Event
---@param options { source: string?, sourcetype: string?, index: string?, host: string? }?
---@return table?
function siem.to_splunk_hec(event, options) end

---@param event oversight.Event
---@return table?
function siem.to_ecs(event) end

---@param event oversight.Event
---@return table?
function siem.to_sentinel(event) end

--- A compiled format.
---@class oversight.Mapping
local Mapping = {}

---@param event oversight.Event
---@return string? record, string? message, oversight.Code? code
function Mapping:render(event) end

--- Checks that each field the format reads is one of an event or a column of the registry.
---@param registry oversight.Registry
---@return true?, string? message, oversight.Code? code
function Mapping:check(registry) end

---@return string
function Mapping:name() end

function Mapping:close() end

-- ---- lookup ----

--- What a site knows about the values of events. table(value) gives a row or nil. Files are looked at
--- once a second and read again when they changed, apart from the budget of the event. When the new one is
--- wrong, lacks a column in use or is not a regular file, the old one stays, and that is reported once on standard error.
--- Making a table raises what is wrong with its file.
---@class oversight.Lookup
---@operator call(any): table?
local Lookup = {}

--- A function of one column, for `with` of a row.
---@param name string
---@return fun(value: any): any
function Lookup:column(name) end

siem.lookup = {}

--- A CSV file (RFC 4180) with a header, by the text of one column. A key or a column that comes twice is
--- an error.
---@param path string
---@param key string
---@return oversight.Lookup
function siem.lookup.csv(path, key) end

--- A CSV file with a column "network", by address: the longest network wins.
---@param path string
---@return oversight.Lookup
function siem.lookup.cidr(path) end

--- The first row of a SELECT with one parameter; up to 10000 rows are cached until the database is
--- changed by others (looked at once a second). When the changed one cannot be asked, the cached rows are used.
---@param registry oversight.Registry|string an open registry, or its file
---@param sql string
---@return oversight.Lookup
function siem.lookup.sql(registry, sql) end

--- A MaxMind database (.mmdb), by address. A row is what it holds: row.country.iso_code. The file is
--- copied into memory: it may be written over while it is in use. Integers beyond 64 bits are text with all
--- digits, bytes hexadecimal text. A record that is damaged or has more than 10000 values raises.
---@param path string
---@return oversight.Lookup
function siem.lookup.geoip(path) end

-- ---- export ----

--- What an export has done. With a checkpoint, or while it follows, last_id and what comes after it have values.
---@class oversight.Counts
---@field events integer Events taken from the registry
---@field rendered integer Events that became records
---@field exported integer Events that the sink confirmed
---@field refused integer Events without a record, or rejected by the target
---@field dropped integer Events that a filter or a function dropped
---@field existed integer Delivered events that the target had already
---@field kept_aside integer Delivered events that the target put into a failure store
---@field repaired integer Delivered events in which something was replaced
---@field utf8 integer Of these, events with text that was not UTF-8
---@field blob integer Of these, events with a blob in a text column
---@field timestamp integer Of these, events with a timestamp that is not a time
---@field extra integer Of these, events with extra nested too deep or with NaN
---@field number integer Of these, events with an infinite number
---@field cut integer Texts that were longer than the target's fields
---@field retries integer Attempts that had to be made again
---@field bytes integer Bytes of delivered records
---@field batches integer Batches that the sink has answered for
---@field latency_seconds number How long all batches were in flight, added up
---@field save_failures integer Attempts to save the checkpoint since it was saved
---@field last_id integer Id of the event up to which all is done; 0: none
---@field lag_events integer Ids given since then
---@field lag_seconds number Since the first event that is not done occurred
---@field saved number When the checkpoint was saved; 0: never
---@field retrying_since number When the first of the attempts failed that are made again; 0: none is
---@field latency { [1]: number, [2]: integer }[] seconds, and how many batches were in flight for at most so long
---@field waiting boolean? a pipeline waits for a registry that is not there yet
---@field left integer? of a pipeline that failed: events of its registry that are not done
---@field nothing string? of a pipeline that selected no event: why
---@field reasons oversight.Reason[]? of a pipeline that ended: why events were refused
---@field target string? of a pipeline that ended: as of sink:target
---@field beginning string? the same, of a file: "new", "appended" or "emptied"

---@class oversight.Reason
---@field reason string of the first event
---@field events integer that were refused for it
---@field first string[] the ids of the first of them, three at most

---@class oversight.Job
---@field registry oversight.Registry?
---@field events oversight.Event[]|(fun(): oversight.Event?)|nil instead of a registry
---@field format string|oversight.Format
---@field options table<string, string>? of the format
---@field sink oversight.Sink|table a table is taken as by siem.sink.custom
---@field on_error "stop"|"skip"|"dead-letter"|nil "stop"
---@field filter (fun(event: oversight.Event): boolean?)|oversight.Filter|string|nil a string: a file or a module that returns one
---@field dead_letter string? a file for refused events
---@field jobs integer? threads that render, 1 to 64; default: one a core, up to 8, or 1 for a format or filter with functions, unless it says parallel = true
---@field progress (fun(counts: oversight.Counts): boolean?)? called after each batch; false, or an error, ends the export
---@field notice (fun(text: string))? called when an attempt fails that is made again, and when it works again; an error ends the export

--- Exports events. The sink stays open.
---@param job oversight.Job
---@return integer? exported, string|oversight.Counts? counts or message
---@return oversight.Code? code
function siem.export_events(job) end

---@class oversight.ManyRegistries
---@field registries (string|{ path: string, registry_id: string? })[] files and patterns of the shell's; without registry_id, the identity is read from NAME.identity.json or identity.json beside the database
---@field since integer? only events of this time or later
---@field limit integer? of each registry; there is no checkpoint then
---@field busy_timeout_ms integer?

---@class oversight.PipelineDefinition
---@field source oversight.Registry|oversight.ManyRegistries|oversight.Source|table an open registry, { path=, registry_id=, since=, limit= }, many registries, a source, or events
---@field checkpoint string? a file that keeps the position: only what is new since is exported; of many registries a folder, or a path with {registry_id}: FILE.checkpoint beside each database
---@field follow boolean? go on with events as they are recorded; the source is a registry, or one of siem.source
---@field after integer? with follow, without checkpoint: events up to this id are skipped
---@field wait boolean? with follow: wait for a registry that is not there yet
---@field notice (fun(text: string, path: string?))? called when an attempt fails that is made again, and when it works again
---@field format string|oversight.Format
---@field options table<string, string>?
---@field filter (fun(event: oversight.Event): boolean?)|oversight.Filter|string|nil a string: a file or a module that returns one
---@field sink string|table|oversight.Sink|(fun(): oversight.Sink?, string?, oversight.Code?) "-", a file, a table with send and close, a sink, or a function that opens one when all else is open; the pipeline closes that
---@field tlog string|oversight.Tlog|nil the transparency log with which events are compared: a file, a URL, or an open one
---@field receipt string? a file that gets a line of what was delivered, at the end, and once an hour with follow
---@field receipt_key string? a file with the Ed25519 key that signs it, in PEM
---@field on_unverified "export"|"stop"|"refuse"|nil what becomes of an event that is not what its leaf says; "export"
---@field on_error "stop"|"skip"|"dead-letter"|nil
---@field dead_letter string?
---@field jobs integer? as of a Job
---@field progress (fun(counts: oversight.Counts, path: string?): boolean?)? of many registries with the path of one
---@field name string? for messages

---@class oversight.Pipeline
local Pipeline = {}

--- Runs it. Opens what it names, and closes that again. One that follows ends with a failure, or with
--- the code "cancelled" when progress says false. An error in progress or notice ends it with that error.
---@return oversight.Counts? counts, string? message, oversight.Code? code, oversight.Counts? counts_at_failure
---@return oversight.Fault? fault
function Pipeline:run() end

--- What the pipeline is called in messages: its name, or that of its format.
---@return string
function Pipeline:title() end

--- Raises for a definition that is wrong.
---@param definition oversight.PipelineDefinition
---@return oversight.Pipeline
function siem.pipeline(definition) end

---@class oversight.Export
local Export = {}

siem.export = {}

---@param options { mapping: oversight.Mapping, sink: oversight.Sink, on_error: string?, deadletter: oversight.Deadletter?, checkpoint: oversight.Checkpoint?, after: integer?, batch_bytes: integer?, jobs: integer?, tlog: oversight.Tlog?, on_unverified: "export"|"stop"|"refuse"|nil, progress: function?, notice: function? } batch_bytes: 262144. An error in progress or notice ends the export with that error
---@return oversight.Export? export, string? message, oversight.Code? code
function siem.export.open(options) end

---@param event oversight.Event
---@return true?, string? message, oversight.Code? code
function Export:send(event) end

---@param registry oversight.Registry
---@return true?, string? message, oversight.Code? code
function Export:run(registry) end

--- Sends what waits in the batch.
---@return true?, string? message, oversight.Code? code
function Export:finish() end

---@return oversight.Counts
function Export:counts() end

--- Why events were refused, as far as the export went on after them: at most 8 reasons, and one for all others.
--- Reasons that differ in numbers and quoted texts alone are one.
---@return oversight.Reason[]
function Export:reasons() end

function Export:close() end

return siem
