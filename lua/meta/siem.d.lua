---@meta oversight.siem
--- LuaCATS definitions of the public API, for editors. Nothing loads these files. The reference of lua/README.md is
--- made from them by tests/reference.py.

-- ---- The module ----

--- `require "oversight.siem"`. A function that fails returns nil, a message and a code. A function that is misused
--- raises an error with the line of your script. It names the nearest option when an option is unknown.
---@class oversight.siem
---@field VERSION string the version of the library, `"0.2.0"`
---@field ECS_VERSION string the release of the Elastic Common Schema that the format `ecs` writes
---@field SCHEMA_VERSION string the name of the event schema that the formats write
---@field FEATURES table<string, boolean> the features of this build: `geoip`, `gzip`, `kafka`, `metrics`, `zstd`
---@field BEACON_KINDS table<string, true> the kinds of callbacks that a registry records
---@field ACTION_BY_KIND table<string, string> the action that formats write for each kind
---@field FORMATTERS table<string, fun(event: oversight.Event, options: table?): table?> the three formats of the reference, as functions
---@field null lightuserdata JSON's null inside tables
---@field drop lightuserdata a function of a format returns it to skip the event
local siem = {}

--- The third value that a failing function returns.
---@alias oversight.Code
---| "invalid"     # an argument or a definition is wrong
---| "no_memory"   # memory ran out
---| "not_found"   # the file, format or field does not exist
---| "io"          # reading or writing failed
---| "schema"      # the file is not a registry
---| "locked"      # the registry stayed locked longer than the busy timeout
---| "refused"     # this event has no record in this format
---| "dropped"     # a filter or a function skipped this event
---| "pipe_closed" # the reader of a pipe went away
---| "cancelled"   # the progress function asked to stop
---| "held"        # the target's set-up or the credentials are wrong: fix them
---| "unavailable" # the target did not accept the records in as many attempts as are allowed
---| "idle"        # no program has the registry open, and this user may not open it alone
---| "unproved"    # the transparency log does not show what it should

--- What is at fault, as far as that is known. Some functions return it after the code.
---@class oversight.Fault
---@field options string[] the options at fault, in the order of the message
---@field option_at integer[] where the message names each option, from 1 on; 0: nowhere
---@field event_id string? the event
---@field row string? the row of the format, by its destination
---@field file string? the source file of the function that failed
---@field line integer? the line in that file

--- Marks a table as a JSON array, also when it is empty, and returns it. Raises for a table with a protected
--- metatable, such as a format.
---@generic T: table
---@param t T
---@return T
function siem.array(t) end

--- Marks a table as a JSON object and returns it. `order` lists the keys that come first.
---@generic T: table
---@param t T
---@param order string[]?
---@return T
function siem.object(t, order) end

--- Writes a time as RFC 3339 in UTC. The argument is seconds since 1970; the years are 1 to 9999.
---@param seconds number
---@return string? text, string? message, oversight.Code? code
function siem.iso8601(seconds) end

--- Lists the converters that a row can name with `as`.
---@return { name: string, summary: string, masks: boolean }[]
function siem.converters() end

--- Makes the Authorization header of the Azure Data Collector API. No message contains the key.
--- (Microsoft, "HTTP Data Collector API", Authorization.)
---@param request oversight.SentinelRequest
---@return string? header, string? message, oversight.Code? code
function siem.sentinel_authorization(request) end

--- What `siem.sentinel_authorization` signs.
---@class oversight.SentinelRequest
---@field workspace_id string the workspace
---@field shared_key string its key, in base64
---@field content_length integer bytes of the body
---@field date string the value of the header `x-ms-date`
---@field method string? `POST` by default
---@field content_type string? `application/json` by default
---@field resource string? `/api/logs` by default

-- ---- JSON ----

siem.json = {}

--- Writes a value as JSON: compact, ASCII, keys in the order of `__jsonorder` and then sorted. The message of a
--- failure names the path of the value that has no JSON form.
---@param value any
---@return string? text, string? message, oversight.Code? code
function siem.json.encode(value) end

--- Reads a JSON text. Whole numbers beyond 64 bits stay text, null is `siem.null`. `ordered` keeps the order of keys
--- in `__jsonorder`.
---@param text string
---@param ordered boolean?
---@return any value, string? message, oversight.Code? code
function siem.json.decode(text, ordered) end

--- Makes a value that is written as this JSON text, so that no digit of its numbers changes.
---@param text string
---@return table
function siem.json.raw(text) end

--- Returns a member of a JSON object as JSON text, with its numbers as they are written.
---@param text string
---@param key string
---@return string? json
function siem.json.member(text, key) end

-- ---- Events ----

--- One row of the table `events`, normalized. Columns that a site added are fields, too. `tostring(event)` is its id.
--- Two events are equal (`==`) when all their fields are.
---@class oversight.Event
---@field event_id string the id of the row
---@field event_kind string `""` when the row has none
---@field occurred_unix integer seconds since 1970; 0 when the row has no usable time
---@field occurred_at string RFC 3339 in UTC, or `""`
---@field registry_id string the identity of the registry
---@field token_id string|number|nil chosen by outsiders
---@field file_id string|number|nil the document
---@field recipient_id string|number|nil who got the document
---@field issuer_id string|number|nil who issued the document
---@field source_ip string|number|nil where the callback came from
---@field user_agent string|number|nil chosen by outsiders
---@field qualified_timestamp string|number|nil the qualified timestamp, as stored
---@field tlog_index integer|nil the index of the leaf in the transparency log
---@field extra table decoded again at each reading; empty when there is none
---@field [string] any a column that the site added
local Event = {}

--- Copies the event. The event that a function of a format gets is gone when the function returns; a copy stays.
---@return oversight.Event
function Event:copy() end

--- Returns all fields that are not null.
---@return table<string, any>
function Event:to_table() end

--- Returns a field as a row of a format has it: `extra` becomes a value that is written with every digit.
---@param name string
---@return any
function Event:raw(name) end

--- Returns a field as JSON text, as `as = "json_text"` writes it; nil for null.
---@param name string
---@return string?
function Event:json(name) end

--- Returns what may be absent: a field, a column of the site, or a path into extra, `extra.qname`; else nil. Of a
--- registry's event, `event[name]` is an error for a name that is neither a field nor a column.
---@param name string
---@return any
function Event:get(name) end

--- Lists the names of all fields, in order.
---@return string[]
function Event:names() end

--- Frees the event.
function Event:close() end

siem.event = {}

--- Makes an event of a table column → value. Raises for values that no column can hold, and for a registry_id that
--- `siem.registry.open` refuses. `masked` names sources whose values are masked already, as those of a dead letter are:
--- no row masks them again. `complete` says that the row has all columns of the registry: `event[name]` is an error
--- for other names, as it is of a registry's event.
---@param row table<string, string|number>
---@param options { registry_id: string, masked: string[]?, complete: boolean? }
---@return oversight.Event
function siem.event.from_row(row, options) end

--- The same as `siem.event.from_row`.
---@param row table<string, string|number>
---@param options { registry_id: string, masked: string[]?, complete: boolean? }
---@return oversight.Event
function siem.from_registry_row(row, options) end

-- ---- Registries ----

siem.registry = {}

--- Seconds since 1970, or a text: RFC 3339 (`"2026-01-02T03:04:05+01:00"`), a date (midnight in UTC), `"now"`, a time
--- ago (`"-1h"`, `"2d"`: s, m, h, d, w), or digits. It is read when the registry is opened.
---@alias oversight.Time integer|string

--- The argument of `siem.registry.open`, and the `source` of a pipeline.
---@class oversight.RegistryOptions
---@field path string the database
---@field registry_id string the identity that each record gets: not blank, without control or invisible characters, without a space at an end
---@field since oversight.Time? only events of this time or later
---@field before oversight.Time? only events before this time; `until` is a word of Lua
---@field kind string|string[]|nil only events of these kinds
---@field limit integer? at most this many events
---@field busy_timeout_ms integer? how long to wait for a lock; 5000 by default
---@field follow boolean? in the order of ids, for a checkpoint, `registry:seek`, `registry:wait` and `registry:lag`
---@field by_id boolean? in the order of ids, so that a limit is reached without a scan of all events

--- Opens a registry. It is read only, while other programs write to it.
---@param options oversight.RegistryOptions
---@return oversight.Registry? registry, string? message, oversight.Code? code
function siem.registry.open(options) end

--- Waits until a program opens a registry for which `siem.registry.open` failed with the code `"idle"`. Returns
--- whether another attempt to open it is worthwhile.
---@param path string
---@param milliseconds integer
---@return boolean
function siem.registry.await(path, milliseconds) end

--- Iterates over the events of a registry file.
---@param path string
---@param options { registry_id: string, since_unix: integer?, limit: integer? }
---@return (fun(): oversight.Event?)? events, string? message, oversight.Code? code
function siem.iter_registry_events(path, options) end

--- A registry's database.
---@class oversight.Registry
local Registry = {}

--- Iterates over the events in the order of time and id, from the first one on. Each event stays. A failure raises.
---@return fun(): oversight.Event?
function Registry:events() end

--- Says whether timestamps follow ids. When `follows` is true, an export sorts nothing.
---@return oversight.Ordering? ordering, string? message, oversight.Code? code
function Registry:ordering() end

--- What `registry:ordering` returns.
---@class oversight.Ordering
---@field follows boolean timestamps follow ids
---@field count integer all events
---@field first_id integer? the smallest id
---@field last_id integer? the largest id
---@field first_break integer? the first id whose time is before that of the id before

--- Counts the events by kind and by day, in one scan. `now` is in seconds.
---@param now integer
---@return oversight.Survey? survey, string? message, oversight.Code? code
function Registry:survey(now) end

--- What `registry:survey` returns.
---@class oversight.Survey
---@field follows boolean timestamps follow ids
---@field count integer all events
---@field first_id integer? the smallest id
---@field last_id integer? the largest id
---@field first_break integer? the first id whose time is before that of the id before
---@field first number? the first time in seconds; nil when no event has a time
---@field last number? the last time
---@field timeless integer events without a time
---@field first_timeless integer the id of the first event without a time
---@field old integer events from two days before `now` or earlier
---@field ahead integer events from a day after `now` or later
---@field kinds { label: string|number|nil, count: integer }[] the most frequent kind first
---@field days { label: string, count: integer }[] `"2026-01-31"`, in order

--- Lists the columns of `events` that can be read.
---@return string[]
function Registry:columns() end

--- Returns the condition of SQL that the events fulfil, for queries of your own: what `since`, `before` and `kind`
--- select.
---@return string
function Registry:condition() end

--- Runs a SELECT and iterates over its rows: `row[1]`, `row.name`. A failure while reading raises.
---@param sql string
---@param ... string|number|nil values of its parameters
---@return (fun(): table?)? rows, string? message, oversight.Code? code
function Registry:query(sql, ...) end

--- Prepares a SELECT that is run more than once.
---@param sql string
---@return oversight.Query? query, string? message, oversight.Code? code
function Registry:prepare(sql) end

--- Moves a registry that is followed: the next event is the first one after this id. 0 is the beginning.
---@param id integer
function Registry:seek(id) end

--- Waits until something is committed, for at most so long. The iterator of a registry that is followed then goes on.
--- The code is `"held"` when the path names another file, and `"not_found"` when there is no file.
---@param milliseconds integer
---@return boolean? committed, string? message, oversight.Code? code
function Registry:wait(milliseconds) end

--- Counts the ids given after this one, and reads when the first of these events occurred (`seconds`; 0 when none has
--- a time). For a registry that is followed.
---@param id integer
---@return { events: integer, seconds: number }? lag, string? message, oversight.Code? code
function Registry:lag(id) end

--- Sets a function that is called about ten times a second while the registry is read. When it returns false, the
--- call fails with the code `"cancelled"`. It cannot use the registry. An export calls its progress function instead.
---@param go_on fun(): boolean?
function Registry:set_go_on(go_on) end

--- Ends the read transaction until the next event is read.
function Registry:release() end

--- Closes the registry.
function Registry:close() end

--- A prepared SELECT.
---@class oversight.Query
local Query = {}

--- Iterates over the rows with these parameters: `row[1]`, `row.name`. A failure while reading raises.
---@param ... string|number|nil
---@return (fun(): table?)? rows, string? message, oversight.Code? code
function Query:rows(...) end

--- Returns the first row with these parameters. No cursor stays open. A failure raises.
---@param ... string|number|nil
---@return table? row
function Query:first(...) end

--- Returns the number of parameters.
---@return integer
function Query:parameters() end

--- Closes the query.
function Query:close() end

return siem
