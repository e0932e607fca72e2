---@meta oversight.siem
--- LuaCATS definitions of checkpoints and following: beside siem.d.lua.

--- What an export that has a checkpoint or follows counts besides.
---@class oversight.Counts
---@field events integer taken from the registry
---@field rendered integer events that became records
---@field batches integer that the sink has answered for
---@field latency { [1]: number, [2]: integer }[] seconds, and how many batches were not longer under way
---@field latency_seconds number how long all batches were under way, added up
---@field last_id integer the event up to which all is dealt with; 0: none
---@field saved number when the checkpoint was saved, in seconds since 1970; 0: it was not
---@field save_failures integer attempts to save it that failed since then
---@field lag_events integer ids that were given since last_id; looked up once a second
---@field lag_seconds number since the first of these events occurred
---@field retrying_since number seconds since 1970 when the first of the attempts failed that are made again; 0: none is
---@field waiting boolean? a pipeline waits for a registry that is not there yet

---@class oversight.Checkpoint
local Checkpoint = {}

siem.checkpoint = {}

--- Opens a checkpoint, mode 0600, and locks it against other processes. The registry is one that was
--- opened with follow = true.
---@param options { path: string, registry: oversight.Registry, mapping: oversight.Mapping, sink: oversight.Sink }
---@return oversight.Checkpoint? checkpoint
---@return string? message
---@return oversight.Code? code "held" when it was made for another registry, format or kind of sink, or is damaged
function siem.checkpoint.open(options) end

--- What a checkpoint says, whoever has it open: last_id, last_timestamp, saved, registry_id,
--- registry_file, format, sink, output_file, output_size, retrying_since, retrying_cause; what it has not is nil.
---@param path string
---@return table<string, any>? state
---@return string? message
---@return oversight.Code? code "not_found", "held" when it is damaged or of a later version
function siem.checkpoint.read(path) end

--- Makes the events behind `last_id` the new ones, for any file of that registry.
---@param path string of a checkpoint that nobody has open
---@param last_id integer
---@return true?
---@return string? message
---@return oversight.Code? code
function siem.checkpoint.set(path, last_id) end

--- Removes it: all events are new.
---@param path string of a checkpoint that nobody has open
---@return true?
---@return string? message
---@return oversight.Code? code
function siem.checkpoint.reset(path) end

--- The id of the last event that was confirmed; 0: none.
---@return integer
function Checkpoint:last_id() end

function Checkpoint:close() end

--- Exports what is new, and goes on with what is added, until progress says false (the code is
--- "cancelled" then) or something fails that waiting does not mend. Progress is called ten times a
--- second. An error in progress or notice ends it with that error.
---@param registry oversight.Registry opened with follow = true
---@return nil
---@return string message
---@return oversight.Code code
function Export:follow(registry) end
