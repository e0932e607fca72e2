--- Receipts: a file with a line for each period of an export: what was delivered, by one hash of all records. Each line
--- has the hash of the line before it, so that none can be removed or changed alone, and may be signed.
local core = require "oversight.core"

local M = {}

--- How often an export that follows writes one, in seconds.
M.PERIOD = 3600

--- The signature is the last member: the text before it is what is signed.
local SIGNATURE = '^(.*),"signature":"(%x+)"}$'

--- The SHA-256 of a text.
---@param text string
---@return string hex
function M.hash(text)
  local digest = core.digest_open()
  digest:add(text)
  local sum = digest:take()
  digest:close()
  return sum.sha256
end

--- The lines of a file of receipts; none when it does not exist.
---@param path string
---@return string[]?, string? message, string? code
function M.read_lines(path)
  local file, message, number = io.open(path, "rb")
  if not file and number == 2 then return {} end
  local text
  if file then
    text, message = file:read "a"
    message = message and ("%s: %s"):format(path, message)
    file:close()
  end
  if not text then return nil, message, "io" end
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

-- ---- writing ----

---@class oversight.Receipt
local Receipt = {}
Receipt.__index = Receipt

--- The head of the log that the events were compared with.
local function describe_tlog(self)
  if not self.tlog then return nil end
  return { size = self.tlog:size(), root = self.tlog:root(), head = self.head }
end

--- The line of what was delivered since the last one, without a signature.
local function make_line(self, sum)
  local described = core.object {}
  for key, value in pairs(self.about) do described[key] = value end
  for key, value in pairs(sum) do described[key] = value end
  described.oversight_receipt, described.written, described.previous = 1, core.iso8601(os.time()), self.previous
  described.tlog = describe_tlog(self)
  return core.json_encode(described)
end

--- Writes the receipt of what was delivered since the last one, unless that is nothing.
---@return true?, string? message, string? code
function Receipt:write()
  local sum, message, code = self.digest:take()
  if not sum then return nil, message, code end
  self.due = core.clock() + M.PERIOD
  if sum.records == 0 then return true end
  local line = make_line(self, sum)
  if self.key then
    local signature
    signature, message, code = core.key_sign(self.key, line)
    if not signature then return nil, message, code end
    line = ('%s,"signature":"%s"}'):format(line:sub(1, -2), signature)
  end
  local ok
  ok, message, code = self.file:append(line)
  if ok then ok, message, code = self.file:sync() end
  if not ok then return nil, message, code end
  self.previous = M.hash(line)
  return true
end

--- Writes a receipt when an hour has passed.
function Receipt:write_when_due()
  if core.clock() < self.due then return true end
  return self:write()
end

function Receipt:close()
  self.digest:close()
  return self.file:close()
end

--- Opens a file of receipts, which one export at a time continues.
---@param options { path: string, key: string?, about: table, tlog: oversight.Tlog?, head: table? } key: a file in PEM
---@return oversight.Receipt?, string? message, string? code
function M.open(options)
  if options.key then -- before anything is delivered
    local signed, message, code = core.key_sign(options.key, "")
    if not signed then return nil, message, code end
  end
  local lines, message, code = M.read_lines(options.path)
  if not lines then return nil, message, code end
  local file
  file, message, code = core.deadletter_open(options.path) -- such a file has whole lines of one process, too
  if not file then return nil, message, code end
  return setmetatable({
    file = file, key = options.key, about = options.about, tlog = options.tlog, head = options.head,
    digest = core.digest_open(), previous = #lines > 0 and M.hash(lines[#lines]) or nil, due = core.clock() + M.PERIOD,
  }, Receipt)
end

-- ---- checking ----

--- What is wrong with a line by itself, or the receipt that it is.
local function read_line(line, previous, key)
  local receipt = core.json_decode(line)
  if type(receipt) ~= "table" or receipt.oversight_receipt ~= 1 or math.type(receipt.bytes) ~= "integer" or
    math.type(receipt.records) ~= "integer" or type(receipt.sha256) ~= "string" then
    return nil, "is not a receipt"
  end
  if receipt.previous ~= previous then return nil, "does not continue the receipt before it" end
  if not key then return receipt end
  local text, signature = line:match(SIGNATURE)
  if not text or #signature ~= 128 then return nil, "has no signature" end
  local signed, message = core.key_check(key, text .. "}", signature)
  if not signed then return nil, message end
  return receipt
end

--- Reads files one after the other, as if they were one.
local function new_reader(paths)
  local i, file = 0, nil
  return function(most)
    while true do
      local bytes = file and file:read(most)
      if bytes then return bytes end
      if file then file:close() end
      i = i + 1
      if not paths[i] then
        file = nil
        return nil
      end
      local message
      file, message = io.open(paths[i], "rb")
      if not file then error(message, 0) end
    end
  end
end

local STEP = 1 << 18

--- What is wrong with the bytes that a receipt is of, or nil.
local function compare(receipt, read)
  local digest, left = core.digest_open(), receipt.bytes
  while left > 0 do
    local bytes = read(math.min(left, STEP))
    if not bytes then break end
    digest:add(bytes)
    left = left - #bytes
  end
  local sum = digest:take()
  digest:close()
  if left > 0 then return ("lacks %d of its %d bytes in the files"):format(left, receipt.bytes) end
  return sum.sha256 ~= receipt.sha256 and "is of other records than the files have" or nil
end

---@class oversight.ReceiptReport
---@field receipts integer
---@field records integer
---@field problems { line: integer, problem: string }[]
---@field rest integer? bytes of the files after all receipts

--- Checks receipts: that each continues the one before it, their signatures by a key, and the records by files.
---@param options { path: string, key: string?, files: string[]? } key: public, in PEM; files: in order
---@return oversight.ReceiptReport?, string? message, string? code
function M.check(options)
  local lines, message, code = M.read_lines(options.path)
  if not lines then return nil, message, code end
  if #lines == 0 then return nil, "there is no receipt in " .. options.path, "not_found" end
  if options.key then -- a key that cannot be read is not the fault of a receipt
    local checked, problem, kind = core.key_check(options.key, "", ("0"):rep(128))
    if not checked and kind ~= "unproved" then return nil, problem, kind end
  end
  local report, previous = { receipts = #lines, records = 0, problems = {} }, nil
  local read = options.files and new_reader(options.files)
  local function note(line, problem) report.problems[#report.problems + 1] = { line = line, problem = problem } end
  for i, line in ipairs(lines) do
    local receipt, problem = read_line(line, previous, options.key)
    previous = M.hash(line)
    if receipt then
      report.records = report.records + receipt.records
      if read then problem = compare(receipt, read) end
    end
    if problem then note(i, problem) end
  end
  if read then
    report.rest = 0
    for bytes in read, STEP do report.rest = report.rest + #bytes end
  end
  return report
end

return M
