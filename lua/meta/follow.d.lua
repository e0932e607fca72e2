---@meta oversight.siem
--- LuaCATS definitions of checkpoints and following: beside siem.d.lua.

---@class oversight.Checkpoint
local Checkpoint = {}

siem.checkpoint = {}

--- Opens a checkpoint, mode 0600, and locks it against other processes. The registry is one that was
--- opened with follow = true.
---@param options { path: string, registry: oversight.Registry, mapping: oversight.Mapping, sink: oversight.Sink }
---@return oversight.Checkpoint? checkpoint, string? message
---@return oversight.Code? code "held" when it was made for another registry, format or kind of sink, or is damaged
function siem.checkpoint.open(options) end

--- What a checkpoint says, whoever has it open: last_id, last_timestamp, saved, registry_id,
--- registry_file, format, sink, output_file, output_size, retrying_since, retrying_cause; what it has not is nil.
---@param path string
---@return table<string, any>? state
---@return string? message, oversight.Code? code "not_found", "held" when it is damaged or of a later version
function siem.checkpoint.read(path) end

--- Makes the events after `last_id` the new ones, for any file of that registry.
---@param path string of a checkpoint that nobody has open
---@param last_id integer
---@return true?, string? message, oversight.Code? code
function siem.checkpoint.set(path, last_id) end

--- Removes it: all events are new.
---@param path string of a checkpoint that nobody has open
---@return true?, string? message, oversight.Code? code
function siem.checkpoint.reset(path) end

--- The id of the last event that was confirmed; 0: none.
---@return integer
function Checkpoint:last_id() end

function Checkpoint:close() end

--- Exports what is new, and goes on with what is added, until progress says false (the code is
--- "cancelled" then) or something fails that waiting does not fix. Progress is called ten times a
--- second. An error in progress or notice ends it with that error.
---@param registry oversight.Registry opened with follow = true
---@return nil, string message, oversight.Code code
function Export:follow(registry) end

--- Exports the events of a source, and goes on with those that are added, as follow does. The source keeps the position.
---@param source oversight.Source
---@return nil, string message, oversight.Code code
function Export:consume(source) end
