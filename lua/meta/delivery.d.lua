---@meta oversight.siem
--- LuaCATS definitions of batches, sinks and dead letters: the other half of siem.d.lua.

--- Records that wait for a sink. #batch is their number.
---@class oversight.Batch
local Batch = {}

siem.batch = {}

---@return oversight.Batch
function siem.batch.open() end

---@param mapping oversight.Mapping
---@param event oversight.Event
---@return true?, string? message, oversight.Code? code
function Batch:write(mapping, event) end

--- Adds a record that was rendered before.
---@param record string a JSON object
---@param event_id string
---@param registry_id string
---@param part integer? which of the event's records it is, from 0 (the default)
---@return true?, string? message, oversight.Code? code
function Batch:add(record, event_id, registry_id, part) end

--- All records, each followed by "\n".
---@return string
function Batch:bytes() end

---@param index integer from 1
---@return string? record, string? event_id
function Batch:at(index) end

---@return fun(): integer?, string?, string? index, record, event_id
function Batch:records() end

---@return integer
function Batch:size() end

function Batch:clear() end

function Batch:close() end

-- ---- sink ----

---@alias oversight.Verdict
---| "delivered"
---| "retry"     # not now: again later
---| "reject"    # this record, never
---| "hold"      # the configuration is wrong: stop, nothing is lost
---| "undecided" # not sent, or not known

--- What became of a record.
---@class oversight.Outcome
---@field verdict oversight.Verdict
---@field reason string? of a rejected one
---@field status integer? of HTTP
---@field code integer? the protocol's own, as HEC's

---@class oversight.Sink
local Sink = {}

siem.sink = {}

--- A file that gets whole lines; a renamed file is reopened under its path. Mode 0640. It has one writer: an export
--- locks it while it runs, `sink:send` until the sink is closed, and both fail with code "held" when another one has
--- the lock, or the file is another user's. `truncate` empties it then, before the first line.
---@param path string
---@param options { truncate: boolean? }?
---@return oversight.Sink? sink, string? message, oversight.Code? code
function siem.sink.file(path, options) end

--- Standard output. In the program, scripts print to standard error from here on.
---@return oversight.Sink? sink, string? message, oversight.Code? code "io" when it is closed, or open for reading only
function siem.sink.stdout() end

--- A table of your own that sends by itself. `send` returns true when all records are delivered, or a list
--- with an outcome for each: a verdict, or { verdict, reason }. It fails by raising, or with nil, a message
--- and a code; anything else is an error as well. After an error no record counts as delivered. The batch is
--- lent: it is closed when send returns. `close` fails by raising, or with nil and a message.
---@class oversight.SendingTable
---@field send fun(self: table, batch: oversight.Batch): true|oversight.Verdict[]|table[]|nil, string?, oversight.Code?
---@field close (fun(self: table): any, string?)?

--- A table of your own that says what the engine sends and what an answer means. All options of the
--- kinds are allowed as well: batch_bytes, timeout, compress, ca_file ...
---@class oversight.TransportTable
---@field url string
---@field headers table<string, string>|(fun(self: table, batch: oversight.Batch): table<string, string>)|nil
---@field body (fun(self: table, batch: oversight.Batch): string)? default: a JSON array of the records
---@field outcome (fun(self: table, response: { status: integer, body: string, retry_after: number? }): any, string?)? gives a verdict or "split" and a reason, which is a string, or a list of outcomes; nil: what the status says. Values of the request's headers are masked in the body
---@field close (fun(self: table): any, string?)?

--- Raises for a table with both send and url, and for an unknown key beside url.
---@param sink oversight.SendingTable|oversight.TransportTable
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.custom(sink) end

--- A kind of sink that delivers to a SIEM, and its options.
---@class oversight.SinkKind
---@field name string
---@field summary string
---@field format string? that suits it
---@field counts boolean whether sink:count can be asked
---@field retired string? what to prefer, and why
---@field takes_urls boolean whether a URL alone, without the name of a kind, is one of this kind
---@field from_format string? the name of an option that the format's option of that name sets
---@field options oversight.SinkOption[]

--- An option of a kind of sink. `value` is what its text means; nil for a flag. `default` is what it is
--- when it is not given; nil: nothing, or what `help` says. Numbers have a range. A secret is given as
--- "file:PATH", "env:NAME" or "cmd:COMMAND"; `secret` is also true for what may hold a credential in it.
---@class oversight.SinkOption
---@field name string
---@field kind "text"|"texts"|"secret"|"flag"|"choice"|"integer"|"bytes"|"seconds" "texts" may come several times
---@field value string?
---@field help string
---@field default string?
---@field least number?
---@field most number?
---@field required boolean
---@field secret boolean

---@return oversight.SinkKind[]
function siem.sink.kinds() end

--- Opens a sink of a kind; nothing is sent. Credentials are given as "file:PATH", "env:NAME" or
--- "cmd:COMMAND". What the options are, `oversight-siem sinks KIND` prints.
---@param kind string
---@param options table<string, string|number|boolean|string[]>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.open(kind, options) end

--- Any collector that takes JSON by POST: url, header, framing.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.http(options) end

--- Splunk HTTP Event Collector: url, token, ack, channel, index, trust_event_number.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.splunk(options) end

--- Elasticsearch and OpenSearch: url, api_key or user and password, namespace or index, without_template,
--- bulk_path.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.elastic(options) end

--- Azure's Data Collector API: workspace_id, shared_key, log_type, cloud, url.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.sentinel(options) end

--- Azure's Logs Ingestion API: endpoint, rule_id, stream, and tenant, client_id, client_secret or
--- managed_identity.
---@param options table<string, any>
---@return oversight.Sink? sink, string? message, oversight.Code? code, oversight.Fault? fault
function siem.sink.azure(options) end

--- A topic of Kafka: brokers, topic, kafka (a list of "NAME=VALUE", properties of librdkafka), kafka_key,
--- kafka_headers, compress.
---@param options table<string, any>
---@return oversight.Sink? sink
---@return string? message
---@return oversight.Code? code
---@return string[]? at_fault the options at fault, in the order in which the message names them
function siem.sink.kafka(options) end

--- Delivers a batch, waiting and trying again as the options say.
---@param batch oversight.Batch
---@return integer? delivered, oversight.Outcome[]|string outcomes_or_message
---@return oversight.Code? code "held", "unavailable", "io" ...
---@return oversight.Outcome[]? outcomes of a failure
function Sink:send(batch) end

--- Asks whether the target is there, takes the credentials, and is set up, as far as it says.
---@return string? answer, string? message, oversight.Code? code
function Sink:ping() end

--- How often the target has each of these events of a registry. Only elastic can count them, of documents
--- whose index was refreshed since.
---@param registry_id string
---@param event_ids string[] at most 2,500
---@return integer[]? counts, string? message, oversight.Code? code
function Sink:count(registry_id, event_ids) end

--- From here on gives `show` each request as text, secrets masked, and sends nothing. An error in it ends
--- the export, or the call of `send`, with that error.
---@param show fun(request: string)
---@return true?, string? message, oversight.Code? code
function Sink:preview(show) end

--- From here on asks, at least ten times a second, while `send`, `ping` and `count` wait for a target: false
--- ends them with "cancelled", and an error with that error.
---@param go_on fun(): boolean?
function Sink:set_go_on(go_on) end

--- From here on calls `notice` while `send` and `count` wait for a target: with the cause of the first attempt that
--- fails and when the next one is, then rarer, and when attempts succeed again. Before the first request, and once: with
--- the file of a credential that other users can read.
---@param notice fun(text: string)
function Sink:set_notice(notice) end

--- Where it delivers: the scheme, host and port of its URL, or a file's path; nil for others.
---@return string? target, "new"|"appended"|"emptied"|nil beginning what was done with a file when it was written first
function Sink:target() end

---@return true?, string? message, oversight.Code? code
function Sink:close() end

-- ---- dead letter ----

--- A file of refused events, one JSON line each, mode 0600.
---@class oversight.Deadletter
local Deadletter = {}

siem.deadletter = {}

---@param path string
---@return oversight.Deadletter? deadletter, string? message, oversight.Code? code
function siem.deadletter.open(path) end

---@param event oversight.Event
---@param format string
---@param reason string
---@param details { sink: string?, http_status: integer?, code: integer?, record: string?, part: integer? }?
---@return true?, string? message, oversight.Code? code
function Deadletter:write(event, format, reason, details) end

--- Adds a line that such a file held before.
---@param line string
---@return true?, string? message, oversight.Code? code
function Deadletter:append(line) end

--- Adds a line that is in another file, however long: it takes no memory.
---@param path string
---@param offset integer of its first byte
---@param size integer in bytes, without its line end
---@return true?, string? message, oversight.Code? code
function Deadletter:copy(path, offset, size) end

---@return true?, string? message, oversight.Code? code
function Deadletter:close() end

--- Forces what was written to the disk.
---@return true?, string? message, oversight.Code? code
function Deadletter:sync() end

--- Blanks lines that are done, and forces that to the disk.
---@param path string
---@param places integer[][] { offset, size } of lines, without their line ends
---@return true?, string? message, oversight.Code? code
function siem.deadletter.blank(path, places) end
