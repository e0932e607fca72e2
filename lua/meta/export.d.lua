---@meta
--- LuaCATS definitions of pipelines and exports (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Pipelines and exports ----

--- Makes a pipeline, which `oversight-siem run` runs when a script returns it. Raises for a definition that is wrong.
---@param definition oversight.PipelineDefinition
---@return oversight.Pipeline
function siem.pipeline(definition) end

--- The argument of `siem.pipeline`.
---@class oversight.PipelineDefinition
---@field source oversight.Registry|oversight.RegistryOptions|oversight.ManyRegistries|oversight.Source|table where events come from: an open registry, a table that describes one or many, a source, or a list of events
---@field format string|oversight.Format what records look like: a name, a path, or a format
---@field sink string|table|oversight.Sink|(fun(): oversight.Sink?, string?, oversight.Code?) where records go: `"-"`, a file, a table with `send` or `url`, a sink, or a function that opens one after all else
---@field options table<string, string>? options of the format
---@field filter (fun(event: oversight.Event): boolean?)|oversight.Filter|string|nil skips events: a function, a table with one, or the name of a file or module that returns one
---@field on_error "stop"|"skip"|"dead-letter"|nil what happens to a refused event; `"dead-letter"` when there is a dead letter, else `"stop"`
---@field dead_letter string? a file that keeps refused events
---@field checkpoint string? a file that keeps the position, so that a run exports what is new; of many registries a folder, or a path with `{registry_id}`; the default for many is `FILE.checkpoint` beside each database
---@field follow boolean? go on with events as they are recorded; the source is a registry, or one of `siem.source`
---@field wait boolean? with `follow`: wait for a registry that does not exist yet
---@field after integer? with `follow` and without `checkpoint`: skip events up to this id
---@field jobs integer? threads that render, 1 to 64; see [All cores](#all-cores)
---@field tlog string|oversight.Tlog|nil the transparency log that events are compared with: a file, a URL, or an open log
---@field on_unverified "export"|"stop"|"refuse"|nil what happens to an event that differs from its leaf; `"export"` by default
---@field receipt string? a file that gets a line about what was delivered, at the end, and once an hour with `follow`; of many registries a path with `{registry_id}`
---@field receipt_key string? a PEM file with the Ed25519 key that signs the receipt
---@field progress (fun(counts: oversight.Counts, path: string?): boolean?)? called about ten times a second; false ends the export; of many registries with the path of one
---@field notice (fun(text: string, path: string?))? called when an attempt fails that is retried, and when it works again
---@field name string? what messages call the pipeline; the name of the format by default

--- Many registries as the source of a pipeline.
---@class oversight.ManyRegistries
---@field registries (string|{ path: string, registry_id: string? })[] files and patterns of the shell; without registry_id, the identity comes from `NAME.identity.json` or `identity.json` beside the database
---@field since oversight.Time? only events of this time or later
---@field before oversight.Time? only events before this time; not with `follow`
---@field kind string|string[]|nil only events of these kinds
---@field limit integer? at most this many events of each registry; not with `follow`; without `checkpoint` no position is kept
---@field busy_timeout_ms integer? how long to wait for a lock; 5000 by default

--- An export as data: source → filter → format → sink.
---@class oversight.Pipeline
local Pipeline = {}

--- Runs the pipeline. It opens what the definition names, and closes that again. A pipeline that follows ends with a
--- failure, or with the code `"cancelled"` when `progress` returns false. An error in `progress` or `notice` ends it
--- with that error. After a failure, the fourth value has the counts so far.
---@return oversight.Counts? counts, string? message, oversight.Code? code, oversight.Counts? counts_at_failure
---@return oversight.Fault? fault
function Pipeline:run() end

--- Returns what messages call the pipeline: its name, or that of its format.
---@return string
function Pipeline:title() end

--- Exports events into a sink, which stays open. Returns the number of exported events, and all counts.
---@param job oversight.Job
---@return integer? exported, oversight.Counts|string counts_or_message, oversight.Code? code
function siem.export_events(job) end

--- The argument of `siem.export_events`.
---@class oversight.Job
---@field registry oversight.Registry? where events come from
---@field events oversight.Event[]|(fun(): oversight.Event?)|nil a list or an iterator of events, in place of a registry
---@field format string|oversight.Format what records look like
---@field options table<string, string>? options of the format
---@field sink oversight.Sink|table where records go; a table is used as by `siem.sink.custom`
---@field on_error "stop"|"skip"|"dead-letter"|nil what happens to a refused event
---@field filter (fun(event: oversight.Event): boolean?)|oversight.Filter|string|nil skips events
---@field dead_letter string? a file that keeps refused events
---@field jobs integer? threads that render, 1 to 64
---@field progress (fun(counts: oversight.Counts): boolean?)? called after each batch; false, or an error, ends the export
---@field notice (fun(text: string))? called when an attempt fails that is retried, and when it works again; an error ends the export

--- What an export has done. With a checkpoint, or while an export follows, `last_id` and the fields after it have
--- values.
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
---@field waiting boolean? a pipeline waits for a registry that does not exist yet
---@field left integer? of a pipeline that failed: events of its registry that are not done
---@field nothing string? of a pipeline that selected no event: why
---@field reasons oversight.Reason[]? of a pipeline that ended: why events were refused
---@field target string? of a pipeline that ended: as of `sink:target`
---@field beginning string? the same, of a file: `new`, `appended` or `emptied`

--- One reason for which events were refused.
---@class oversight.Reason
---@field reason string the reason of the first event
---@field events integer how many events were refused for it
---@field first string[] the ids of the first of them, three at most

siem.export = {}

--- Opens an export that a script drives by itself.
---@param options oversight.ExportOptions
---@return oversight.Export? export, string? message, oversight.Code? code
function siem.export.open(options) end

--- The argument of `siem.export.open`.
---@class oversight.ExportOptions
---@field mapping oversight.Mapping the compiled format
---@field sink oversight.Sink where records go
---@field on_error "stop"|"skip"|"dead-letter"|nil what happens to a refused event; `"stop"` by default
---@field deadletter oversight.Deadletter? keeps refused events
---@field checkpoint oversight.Checkpoint? keeps the position
---@field after integer? skip events up to this id
---@field batch_bytes integer? bytes of a batch; 262144 by default
---@field jobs integer? threads that render, 1 to 64
---@field tlog oversight.Tlog? the transparency log that events are compared with
---@field on_unverified "export"|"stop"|"refuse"|nil what happens to an event that differs from its leaf
---@field progress (fun(counts: oversight.Counts): boolean?)? called about ten times a second; false, or an error, ends the export
---@field notice (fun(text: string))? called when an attempt fails that is retried, and when it works again; an error ends the export

--- An export in steps.
---@class oversight.Export
local Export = {}

--- Adds an event to the batch, and sends a batch that is full.
---@param event oversight.Event
---@return true?, string? message, oversight.Code? code
function Export:send(event) end

--- Exports all events of a registry.
---@param registry oversight.Registry
---@return true?, string? message, oversight.Code? code
function Export:run(registry) end

--- Exports what is new, and goes on with the events that are added. It ends when `progress`, which is called ten
--- times a second, returns false (the code is `"cancelled"`), or when something fails that waiting does not fix.
---@param registry oversight.Registry opened with `follow = true`
---@return nil, string message, oversight.Code code
function Export:follow(registry) end

--- Exports the events of a source, and goes on with those that are added, as `export:follow` does. The source keeps
--- the position.
---@param source oversight.Source
---@return nil, string message, oversight.Code code
function Export:consume(source) end

--- Exports the events of a source up to the end that each partition has when this member gets it.
---@param source oversight.Source
---@return true?, string? message, oversight.Code? code
function Export:drain(source) end

--- Sends the records of the last batch, and waits until all records are confirmed.
---@return true?, string? message, oversight.Code? code
function Export:finish() end

--- Returns what the export has done so far.
---@return oversight.Counts
function Export:counts() end

--- Lists why events were refused while the export went on: at most 8 reasons, and one for all others. Reasons that
--- differ only in numbers and quoted texts are one.
---@return oversight.Reason[]
function Export:reasons() end

--- Frees the export. The sink stays open.
function Export:close() end
