--- A manual page in the macros of man(7), written part by part.
local columns = require "oversight.cli.support.columns"

local Page = {}
Page.__index = Page

local M = {}

local WIDTH = 78

--- Text as roff takes it: "-" is a minus, as options have it, and "`x`" is bold.
local function escape(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("'", "\\(aq"):gsub("`([^`]*)`", "\\fB%1\\fP"))
end

--- No line begins a request by chance.
local function lines_of(list)
  for i, line in ipairs(list) do list[i] = line:gsub("^[.']", "\\&%0") end
  return table.concat(list, "\n")
end

--- An argument of a macro.
local function quote(text)
  return '"' .. escape(text):gsub('"', '\\(dq') .. '"'
end

---@param name string in lower case
---@param section integer
---@param version string
---@param date string YYYY-MM-DD
function M.page(name, section, version, date)
  local page = setmetatable({ lines = {} }, Page)
  page.lines[1] = ('.TH %s %d "%s" "oversight\\-siem %s"'):format(escape(name:upper()), section, date, version)
  return page
end

function Page:request(name, ...)
  local words = { "." .. name }
  for i, argument in ipairs { ... } do words[i + 1] = quote(argument) end
  self.lines[#self.lines + 1] = table.concat(words, " ")
end

function Page:section(title) self:request("SH", title:upper()) end

function Page:subsection(title) self:request("SS", title) end

function Page:text(words)
  self.lines[#self.lines + 1] = lines_of(columns.wrap(escape(words), WIDTH))
end

--- A paragraph macro, where the one above does not begin one.
function Page:begin()
  if not self.lines[#self.lines]:find "^%.S[HS]" then self:request "PP" end
end

function Page:paragraph(words)
  self:begin()
  self:text(words)
end

--- A name in bold, what follows it in italics, and below it what it is.
---@param name string
---@param value string?
---@param words string
function Page:item(name, value, words)
  self:request "TP"
  local after = value and " \\fI" .. escape(value) .. "\\fP" or ""
  self.lines[#self.lines + 1] = ("\\fB%s\\fP%s"):format(escape(name), after)
  self:text(words)
end

--- Lines as they are.
---@param lines string
function Page:block(lines)
  local list = {}
  for line in (lines .. "\n"):gmatch "(.-)\n" do list[#list + 1] = escape(line) end
  self:begin()
  for _, part in ipairs { ".RS 4", ".EX", lines_of(list), ".EE", ".RE" } do self.lines[#self.lines + 1] = part end
end

function Page:finish()
  return table.concat(self.lines, "\n") .. "\n"
end

return M
