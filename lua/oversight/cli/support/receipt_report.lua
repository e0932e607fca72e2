--- What verify prints of receipts.
local receipt = require "oversight.receipt"
local siem    = require "oversight.siem"
local text    = require "oversight.cli.support.text"

local print = require("oversight.output").print

local M = {}

--- All files that are given, with --file and after it.
local function files_of(given)
  if not given.file then return nil end
  local files = { table.unpack(given.file) }
  for _, path in ipairs(given) do files[#files + 1] = path end
  return files
end

local function print_report(given, report)
  print(("Receipts      %d, of %d records"):format(report.receipts, report.records))
  print("Signatures    " .. (given.receipt_key and "checked" or "not checked: give --receipt-key"))
  print("Records       " .. (given.file and "checked" or "not checked: give --file"))
  for _, found in ipairs(report.problems) do
    print(("  line %d %s"):format(found.line, text.printable(found.problem)))
  end
  if report.rest and report.rest > 0 then print(("  %d bytes of the files have no receipt"):format(report.rest)) end
end

--- What whole receipts prove: a user who can write the file can write all of it again, but cannot sign it.
local function conclude(given, is_whole)
  if not is_whole then return "not_proved", "Not proved." end
  if given.receipt_key then return "proved", "Proved." end
  return "whole", "Whole: each receipt continues the one before it. Who wrote them is not proved: give --receipt-key."
end

---@return "ok"|"incomplete"|nil answer, string? message, string? code
function M.run(given)
  local read, report, message, code = pcall(receipt.check, {
    path = given.receipt, key = given.receipt_key, files = files_of(given),
  })
  if not read then return nil, report end
  if not report then return nil, message, code end
  local is_whole = #report.problems == 0 and (report.rest or 0) == 0
  local status, conclusion = conclude(given, is_whole)
  if given.json then
    report.problems, report.status = siem.array(report.problems), status
    print(siem.json.encode(report))
  else
    print_report(given, report)
    print("\n" .. conclusion)
  end
  return is_whole and "ok" or "incomplete"
end

return M
