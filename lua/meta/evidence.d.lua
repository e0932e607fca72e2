---@meta
--- LuaCATS definitions of the transparency log (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- The transparency log ----

siem.tlog = {}

--- Reads the transparency log of a registry, from `leaves.jsonl` or from the registry at a URL. Each leaf is read once.
---@param options oversight.TlogOptions
---@return oversight.Tlog? tlog, string? message, oversight.Code? code
function siem.tlog.open(options) end

--- Reads the head of the log, from a file or from the registry at a URL.
---@param options oversight.TlogOptions
---@return oversight.TlogHead? head, string? message, oversight.Code? code
function siem.tlog.head(options) end

--- The argument of `siem.tlog.open` and `siem.tlog.head`.
---@class oversight.TlogOptions
---@field source string a file, or the URL of a registry
---@field go_on (fun(): boolean?)? called while the log is read; false ends that with the code `"cancelled"`

--- What a registry signs of its log.
---@class oversight.TlogHead
---@field size integer the number of leaves
---@field root string the root, 64 hex digits
---@field signature string? the signature, 128 hex digits

--- Returns the hash of a leaf with that text. A hash is a text of 64 hex digits.
---@param text string
---@return string hash
function siem.tlog.hash(text) end

--- Checks that the registry signed a head. `registry_id` is its public key, 64 hex digits. The code of a failure is
--- `"unproved"`.
---@param head oversight.TlogHead
---@param registry_id string
---@return true?, string? message, oversight.Code? code
function siem.tlog.check_head(head, registry_id) end

--- Checks that a leaf has that index in the tree with that root. The code of a failure is `"unproved"`.
---@param given { leaf: string, index: integer, size: integer, proof: string[], root: string }
---@return true?, string? message, oversight.Code? code
function siem.tlog.check_proof(given) end

--- A transparency log that was read.
---@class oversight.Tlog
local Tlog = {}

--- Reads the leaves that were added since.
---@return integer? size, string? message, oversight.Code? code
function Tlog:grow() end

--- Returns the number of leaves.
---@return integer
function Tlog:size() end

--- Returns the root of the first `size` leaves, or of all. The code is `"unproved"` when a leaf is missing.
---@param size integer?
---@return string? root, string? message, oversight.Code? code
function Tlog:root(size) end

--- Returns the hash of a leaf. The index is from 0.
---@param index integer
---@return string? hash, string? message, oversight.Code? code
function Tlog:leaf_hash(index) end

--- Compares an event with its leaf. Returns the hash of the leaf, whether the event is what the leaf says, and if not,
--- why.
---@param event oversight.Event
---@return string? hash, boolean verified, string? reason
function Tlog:leaf(event) end

--- Makes the proof that a leaf is one of the first `size` leaves, or of all: sibling hashes, the deepest first.
---@param index integer
---@param size integer?
---@return string[]? proof, string? message, oversight.Code? code
function Tlog:proof(index, size) end

--- Compares each row of a registry with its leaf, each leaf with its row, and the log with its heads.
---@param options oversight.TlogVerifyOptions
---@return oversight.TlogReport? report, string? message, oversight.Code? code
function Tlog:verify(options) end

--- The argument of `tlog:verify`.
---@class oversight.TlogVerifyOptions
---@field registry oversight.Registry a registry that was opened before the log, with `follow = true`
---@field head oversight.TlogHead? the head of the log
---@field since_head oversight.TlogHead? an older head, which this log continues
---@field registry_id string? the public key that signs the heads
---@field most integer? how many findings of each name the report lists; 100 by default

--- What `tlog:verify` returns.
---@class oversight.TlogReport
---@field leaves integer all leaves
---@field callbacks integer leaves that have a row
---@field rows integer all rows
---@field proved integer rows that are what their leaf says
---@field after_head integer of these, rows whose leaf the head does not cover
---@field signed boolean whether the signature of the head is valid
---@field root string? the root; nil when leaves are missing
---@field findings { name: string, title: string, count: integer, first: oversight.TlogFinding[] }[] what is wrong; empty when all is right

--- One finding. A field that does not apply is nil.
---@class oversight.TlogFinding
---@field row integer? the id of an event
---@field leaf integer? the index of a leaf
---@field other integer? another leaf, or the size of a head
---@field line integer? the line of the file
---@field detail string? the fields that differ, or why a signature is not valid

--- Closes the log.
function Tlog:close() end
