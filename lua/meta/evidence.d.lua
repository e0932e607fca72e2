---@meta oversight.siem
--- LuaCATS definitions of the transparency log: beside siem.d.lua. A hash is a text of 64 hex digits.

---@class oversight.Tlog
local Tlog = {}

siem.tlog = {}

--- Reads the registry's transparency log: each leaf once, from a file or from the registry at a URL. `go_on` is asked
--- while it is read; false ends that with "cancelled".
---@param options { source: string, go_on: (fun(): boolean?)? } source: leaves.jsonl, or a URL
---@return oversight.Tlog? tlog
---@return string? message
---@return oversight.Code? code
function siem.tlog.open(options) end

--- What a registry signs of its log.
---@class oversight.TlogHead
---@field size integer
---@field root string
---@field signature string? 128 hex digits

--- Reads a head from a file, or from the registry at a URL.
---@param options { source: string, go_on: (fun(): boolean?)? }
---@return oversight.TlogHead? head
---@return string? message
---@return oversight.Code? code
function siem.tlog.head(options) end

--- The hash of a leaf of that text.
---@param text string
---@return string hash
function siem.tlog.hash(text) end

--- Whether the registry signed a head. The code is "unproved" when it did not.
---@param head oversight.TlogHead
---@param registry_id string its public key, 64 hex digits
---@return true?
---@return string? message
---@return oversight.Code? code
function siem.tlog.check_head(head, registry_id) end

--- Whether a leaf has that index in the tree with that root. The code is "unproved" when it has not.
---@param given { leaf: string, index: integer, size: integer, proof: string[], root: string }
---@return true?
---@return string? message
---@return oversight.Code? code
function siem.tlog.check_proof(given) end

--- Reads the leaves that were added since.
---@return integer? size
---@return string? message
---@return oversight.Code? code
function Tlog:grow() end

---@return integer leaves
function Tlog:size() end

--- The root of the first leaves, of all without a size.
---@param size integer?
---@return string? root
---@return string? message
---@return oversight.Code? code "unproved" when a leaf is missing
function Tlog:root(size) end

---@param index integer from 0
---@return string? hash
---@return string? message
---@return oversight.Code? code
function Tlog:leaf_hash(index) end

--- The hash of the leaf of an event, whether the event is what that leaf says, and if not, why.
---@param event oversight.Event
---@return string? hash
---@return boolean verified
---@return string? reason
function Tlog:leaf(event) end

--- The proof that a leaf is one of the first `size` leaves, deepest sibling first; of all without a size.
---@param index integer from 0
---@param size integer?
---@return string[]? proof
---@return string? message
---@return oversight.Code? code
function Tlog:proof(index, size) end

--- What is wrong, and where. What a finding is not about is nil.
---@class oversight.TlogFinding
---@field row integer? the id of an event
---@field leaf integer? the index of a leaf
---@field other integer? another leaf, or the size of a head
---@field line integer? of the file
---@field detail string? the fields that differ, or why a signature does not hold

---@class oversight.TlogReport
---@field leaves integer
---@field callbacks integer of all leaves, those that have a row
---@field rows integer
---@field proved integer of all rows, those that are what their leaf says
---@field after_head integer of these, those whose leaf the head does not have
---@field signed boolean the head's signature holds
---@field root string? nil when leaves are missing
---@field findings { name: string, title: string, count: integer, first: oversight.TlogFinding[] }[] empty when all is right

--- Compares each row of a registry with its leaf, each leaf with its row, and the log with its heads. The registry is
--- one that was opened with follow = true, before the log.
---@param options { registry: oversight.Registry, head: oversight.TlogHead?, since_head: oversight.TlogHead?, registry_id: string?, most: integer? } since_head: an older one, whose log this one continues; registry_id: the key that signs; most: findings of each name in the report, 100
---@return oversight.TlogReport? report
---@return string? message
---@return oversight.Code? code
function Tlog:verify(options) end

function Tlog:close() end
