---@meta
--- LuaCATS definitions of checkpoints (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Checkpoints ----

siem.checkpoint = {}

--- Opens a checkpoint, mode 0600, and locks it against other processes. The code is `"held"` when it was made for
--- another registry, format or kind of sink, or when it is damaged.
---@param options oversight.CheckpointOptions
---@return oversight.Checkpoint? checkpoint, string? message, oversight.Code? code
function siem.checkpoint.open(options) end

--- The argument of `siem.checkpoint.open`.
---@class oversight.CheckpointOptions
---@field path string the file
---@field registry oversight.Registry a registry that was opened with `follow = true`
---@field mapping oversight.Mapping the compiled format
---@field sink oversight.Sink where records go

--- Reads a checkpoint, also while a program has it open. The code is `"not_found"`, or `"held"` when the file is
--- damaged or from a later version.
---@param path string
---@return oversight.CheckpointState? state, string? message, oversight.Code? code
function siem.checkpoint.read(path) end

--- What a checkpoint says. A field that it lacks is nil.
---@class oversight.CheckpointState
---@field last_id integer? the id of the last confirmed event
---@field last_timestamp number? the time of that event
---@field saved number? when the checkpoint was saved
---@field registry_id string? the identity of the registry
---@field registry_file string? the database, by device and inode
---@field format string? the format
---@field sink string? the kind of sink
---@field output_file string? the output file, by device and inode
---@field output_size integer? its size
---@field retrying_since number? since when attempts fail
---@field retrying_cause string? why

--- Sets the position of a checkpoint that no program has open: the events after `last_id` are new. The checkpoint
--- then continues with any file of that registry.
---@param path string
---@param last_id integer
---@return true?, string? message, oversight.Code? code
function siem.checkpoint.set(path, last_id) end

--- Removes a checkpoint that no program has open: all events are new.
---@param path string
---@return true?, string? message, oversight.Code? code
function siem.checkpoint.reset(path) end

--- The position after the last confirmed event.
---@class oversight.Checkpoint
local Checkpoint = {}

--- Returns the id of the last confirmed event; 0: none.
---@return integer
function Checkpoint:last_id() end

--- Closes the checkpoint and releases its lock.
function Checkpoint:close() end
