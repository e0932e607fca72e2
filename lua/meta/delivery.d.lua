---@meta
--- LuaCATS definitions of batches, sinks and dead letters (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Batches ----

siem.batch = {}

--- Opens an empty batch.
---@return oversight.Batch
function siem.batch.open() end

--- Records that wait for a sink. `#batch` is their number.
---@class oversight.Batch
local Batch = {}

--- Adds the record of an event.
---@param mapping oversight.Mapping
---@param event oversight.Event
---@return true?, string? message, oversight.Code? code
function Batch:write(mapping, event) end

--- Adds a record that was rendered before: a JSON object. `part` says which of the event's records it is, from 0 (the
--- default).
---@param record string
---@param event_id string
---@param registry_id string
---@param part integer?
---@return true?, string? message, oversight.Code? code
function Batch:add(record, event_id, registry_id, part) end

--- Returns all records, each with a line end.
---@return string
function Batch:bytes() end

--- Returns the record at an index, from 1 on, and the id of its event.
---@param index integer
---@return string? record, string? event_id
function Batch:at(index) end

--- Iterates over index, record and event id.
---@return (fun(): integer?, string?, string?)
function Batch:records() end

--- Returns the number of records.
---@return integer
function Batch:size() end

--- Removes all records.
function Batch:clear() end

--- Frees the batch.
function Batch:close() end

-- ---- Sinks ----

siem.sink = {}

--- Opens a file as a sink. It gets whole lines; a file that was renamed is reopened under its path. A new file has mode
--- 0640. A file has one writer: an export locks it while it runs, `sink:send` until the sink is closed. Both fail with
--- the code `"held"` when another writer has the lock, or when the file belongs to another user. `truncate` empties the
--- file before the first line.
---@param path string
---@param options { truncate: boolean? }?
---@return oversight.Sink? sink, string? message, oversight.Code? code
function siem.sink.file(path, options) end

--- Opens standard output as a sink. In the program, scripts print to standard error from here on. The code is `"io"`
--- when standard output is closed or read-only.
---@return oversight.Sink? sink, string? message, oversight.Code? code
function siem.sink.stdout() end

--- Opens a sink of your own: a table with `send` or with `url`. Raises for a table with both, and for an unknown key
--- beside `url`.
---@param sink oversight.SendingTable|oversight.TransportTable
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.custom(sink) end

--- A sink of your own that sends by itself. What its functions return: [A sink of your own](#a-sink-of-your-own).
---@class oversight.SendingTable
---@field send fun(self: table, batch: oversight.Batch): true|oversight.Verdict[]|table[]|nil, string?, oversight.Code? delivers a batch, which is closed when `send` returns
---@field close (fun(self: table): any, string?)? called when the sink is closed

--- A sink of your own over HTTP: the engine sends, and the table says what is sent and what an answer means. The options
--- of all kinds are keys as well: `batch_bytes`, `timeout`, `compress`, `ca_file` and so on.
---@class oversight.TransportTable
---@field url string where requests go
---@field headers table<string, string>|(fun(self: table, batch: oversight.Batch): table<string, string>)|nil the headers of a request
---@field body (fun(self: table, batch: oversight.Batch): string)? the body of a request; a JSON array of the records by default
---@field outcome (fun(self: table, response: oversight.Response): any, string?)? what an answer means; by default what the HTTP status says
---@field close (fun(self: table): any, string?)? called when the sink is closed

--- What `outcome` gets. Values of the request's headers are masked in the body.
---@class oversight.Response
---@field status integer the HTTP status
---@field body string the body, decoded
---@field retry_after number? the pause in seconds that the server asks for

--- The kinds of sinks and their options, as `oversight-siem sinks` prints them.
---@return oversight.SinkKind[]
function siem.sink.kinds() end

--- A kind of sink that delivers to a SIEM.
---@class oversight.SinkKind
---@field name string the name, as of `--to`
---@field summary string one sentence
---@field format string? the format that suits it
---@field counts boolean whether `sink:count` works
---@field retired string? what to use in its place, and why
---@field takes_urls boolean whether a URL without the name of a kind means this kind
---@field from_format string? the name of an option that the format's option of that name sets
---@field options oversight.SinkOption[] its options

--- An option of a kind of sink.
---@class oversight.SinkOption
---@field name string the name
---@field kind "text"|"texts"|"secret"|"flag"|"choice"|"integer"|"bytes"|"seconds" the type of its value; `texts` may be repeated
---@field value string? what the text means; nil for a flag
---@field help string one sentence
---@field default string? the default; nil when there is none, or when `help` has it
---@field least number? the smallest number
---@field most number? the largest number
---@field required boolean whether the sink needs it
---@field secret boolean whether it may have a credential; one of the kind `secret` is given as `file:PATH`, `env:NAME` or `cmd:COMMAND`

--- Opens a sink of a kind. Nothing is sent. Credentials are given as `file:PATH`, `env:NAME` or `cmd:COMMAND`.
--- `oversight-siem sinks KIND` prints the options.
---@param kind string
---@param options table<string, string|number|boolean|string[]>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.open(kind, options) end

--- Opens a sink for any collector that takes JSON by POST. Options: `url`, `header`, `framing`, and those that all kinds
--- over HTTP have.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.http(options) end

--- Opens a sink for Splunk HTTP Event Collector. Options: `url`, `token`, `ack`, `channel`, `index`,
--- `trust_event_number`, and those that all kinds over HTTP have.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.splunk(options) end

--- Opens a sink for Elasticsearch and OpenSearch. Options: `url`, `api_key` or `user` and `password`,
--- `namespace` or `index`, `without_template`, `bulk_path`, and those that all kinds over HTTP have.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.elastic(options) end

--- Opens a sink for the Azure Data Collector API. Options: `workspace_id`, `shared_key`, `log_type`, `cloud`,
--- `url`, and those that all kinds over HTTP have.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.sentinel(options) end

--- Opens a sink for the Azure Logs Ingestion API. Options: `endpoint`, `rule_id`, `stream`, and `tenant`, `client_id`,
--- `client_secret` or `managed_identity`, and those that all kinds over HTTP have.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.azure(options) end

--- Opens a sink for a topic of Kafka. Options: `brokers`, `topic`, `kafka` (a list of `"NAME=VALUE"`, properties of
--- librdkafka), `kafka_key`, `kafka_headers`, `compress`.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.kafka(options) end

--- What became of a record.
---@class oversight.Outcome
---@field verdict oversight.Verdict the decision
---@field reason string? why a record is rejected
---@field status integer? the HTTP status
---@field code integer? the protocol's own code, as of HEC

---@alias oversight.Verdict
---| "delivered" # the target has the record
---| "retry"     # send the record again later
---| "reject"    # the target never takes this record
---| "hold"      # the configuration is wrong: stop, nothing is lost
---| "undecided" # the record was not sent, or its outcome is not known

--- Where records go.
---@class oversight.Sink
local Sink = {}

--- Delivers a batch. It waits and retries as the options say. Returns the number of delivered records and an outcome for
--- each record. After a failure, the fourth value has the outcomes.
---@param batch oversight.Batch
---@return integer? delivered, oversight.Outcome[]|string outcomes_or_message
---@return oversight.Code? code
---@return oversight.Outcome[]? outcomes of a failure
function Sink:send(batch) end

--- Asks whether the target is reachable, takes the credentials and is set up, as far as its protocol says.
---@return string? answer, string? message, oversight.Code? code
function Sink:ping() end

--- Counts how often the target has each of these events of a registry, at most 2,500 of them. For `elastic`, whose
--- index must have been refreshed since, and `kafka`.
---@param registry_id string
---@param event_ids string[]
---@return integer[]? counts, string? message, oversight.Code? code
function Sink:count(registry_id, event_ids) end

--- Sends nothing from here on. `show` gets each request as text, with secrets masked. An error in `show` ends the
--- export, or the call of `send`, with that error.
---@param show fun(request: string)
---@return true?, string? message, oversight.Code? code
function Sink:preview(show) end

--- Sets a function that is called at least ten times a second while `send`, `ping` and `count` wait. When it returns
--- false, the call fails with the code `"cancelled"`. An error in it ends the call with that error.
---@param go_on fun(): boolean?
function Sink:set_go_on(go_on) end

--- Sets a function that gets a line of text: the cause of the first attempt that fails and when the next one is, then
--- further lines at growing intervals, and when attempts succeed again. Before the first request, it gets the file of a
--- credential that other users can read.
---@param notice fun(text: string)
function Sink:set_notice(notice) end

--- Returns where the sink delivers: the scheme, host and port of its URL, or a file's path; nil for others. Of a file,
--- the second value says how it was when it was written first.
---@return string? target, "new"|"appended"|"emptied"|nil beginning
function Sink:target() end

--- Closes the sink.
---@return true?, string? message, oversight.Code? code
function Sink:close() end

-- ---- Dead letters ----

siem.deadletter = {}

--- Opens a dead letter: a file of refused events, one JSON line each, mode 0600.
---@param path string
---@return oversight.Deadletter? deadletter, string? message, oversight.Code? code
function siem.deadletter.open(path) end

--- Blanks lines that are done, and forces that to the disk. Each place is `{ offset, size }` of a line, without its line
--- end.
---@param path string
---@param places integer[][]
---@return true?, string? message, oversight.Code? code
function siem.deadletter.blank(path, places) end

--- A file of refused events.
---@class oversight.Deadletter
local Deadletter = {}

--- Adds a refused event.
---@param event oversight.Event
---@param format string
---@param reason string
---@param details { sink: string?, http_status: integer?, code: integer?, record: string?, part: integer? }?
---@return true?, string? message, oversight.Code? code
function Deadletter:write(event, format, reason, details) end

--- Adds a line of a dead letter as it is.
---@param line string
---@return true?, string? message, oversight.Code? code
function Deadletter:append(line) end

--- Adds a line that is in another file, without reading it into memory. `size` is without the line end.
---@param path string
---@param offset integer
---@param size integer
---@return true?, string? message, oversight.Code? code
function Deadletter:copy(path, offset, size) end

--- Forces the lines to the disk.
---@return true?, string? message, oversight.Code? code
function Deadletter:sync() end

--- Closes the dead letter.
---@return true?, string? message, oversight.Code? code
function Deadletter:close() end
