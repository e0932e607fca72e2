--- A page of what is in a registry: one file without scripts or parts from elsewhere.
---
--- Outsiders choose tokens, user agents and kinds: each value becomes printable text, and then text of HTML. The page
--- forbids itself all but its own style.
local core       = require "oversight.core"
local inspection = require "oversight.cli.support.inspection"
local numbers    = require "oversight.cli.support.numbers"
local receipt    = require "oversight.receipt"
local siem       = require "oversight.siem"
local style      = require "oversight.cli.support.page_style"
local text       = require "oversight.cli.support.text"

local M = {}

--- Bars of the picture, and kinds that have a colour of their own.
local MOST_PERIODS, MOST_KINDS = 92, 7

-- ---- text ----

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text of HTML, in an element or between quotes.
---@param value any
---@return string
function M.escape(value)
  return (text.printable(value):gsub("[&<>\"']", ENTITIES))
end

local escape, count = M.escape, numbers.count

--- Fills a template: %1 to %9 are texts of HTML already.
local function fill(template, ...)
  local parts = { ... }
  return (template:gsub("%%(%d)", function(place) return tostring(parts[tonumber(place)]) end))
end

-- ---- pictures ----

--- A number of a picture, in thousandths: it has no comma, whatever the locale is.
local function decimal(value)
  local thousandths = math.floor(value * 1000 + 0.5)
  return ("%d.%03d"):format(thousandths // 1000, thousandths % 1000)
end

--- A bar of one row: its share of the longest one.
local function bar(share, class)
  return fill('<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">' ..
    '<rect class="%1" width="%2" height="4"/></svg>', class, decimal(math.max(share * 100, 0.5)))
end

--- Rows of a label, a bar and a count.
local function bars(list, class)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = fill('<li><span class="label">%1</span><span class="count">%2</span>%3</li>', escape(one.label),
      count(one.count), bar(one.count / list[1].count, type(class) == "function" and class(one.label) or class))
  end
  return '<ol class="bars">\n' .. table.concat(out, "\n") .. "\n</ol>"
end

--- The colour of a kind: by its place among the most frequent ones.
local function colours_of(kinds)
  local places = {}
  for i = 1, math.min(#kinds, MOST_KINDS) do places[kinds[i].label == nil and false or kinds[i].label] = i end
  return function(kind) return "k" .. (places[kind == nil and false or kind] or 0) end
end

--- The kinds of a period, as parts of its bar from below: { class, label, count }.
local function parts_of(period, kinds, colour_of)
  local parts, rest = {}, period.count
  for i = 1, math.min(#kinds, MOST_KINDS) do
    local label = kinds[i].label
    local own = period.kinds[label == nil and false or label]
    if own then
      parts[#parts + 1] = { colour_of(label), label, own }
      rest = rest - own
    end
  end
  if rest > 0 then parts[#parts + 1] = { "k0", "other kinds", rest } end
  return parts
end

--- One bar of the picture, with what it shows as its title.
local function column(period, x, width, most, kinds, colour_of)
  local rects, words, y = {}, {}, 100
  for i, part in ipairs(parts_of(period, kinds, colour_of)) do
    local height = 100 * part[3] / most
    y = y - height
    rects[i] = fill('<rect class="%1" x="%2" y="%3" width="%4" height="%5"/>', part[1], decimal(x), decimal(y),
      decimal(width), decimal(height))
    words[i] = ("%s: %s"):format(escape(part[2]), count(part[3]))
  end
  return fill("<g><title>%1: %2 events (%3)</title>%4</g>", escape(period.label), count(period.count),
    table.concat(words, ", "), table.concat(rects))
end

local KEY = '<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="%1" width="1" height="1"/></svg> %2</li>'

local function legend(kinds, colour_of)
  local out = {}
  for i = 1, math.min(#kinds, MOST_KINDS) do
    out[i] = fill(KEY, colour_of(kinds[i].label), escape(kinds[i].label))
  end
  if #kinds > MOST_KINDS then
    out[#out + 1] = fill(KEY, "k0", "other")
  end
  return '<ul class="legend">' .. table.concat(out) .. "</ul>"
end

--- The same numbers as a table.
local function table_of(periods, name, kinds, colour_of)
  local out = {}
  for i, period in ipairs(periods) do
    local words = {}
    for j, part in ipairs(parts_of(period, kinds, colour_of)) do
      words[j] = ("%s %s"):format(escape(part[2]), count(part[3]))
    end
    out[i] = fill("<tr><th scope=\"row\">%1</th><td>%2</td><td>%3</td></tr>", escape(period.label), count(period.count),
      table.concat(words, ", "))
  end
  return fill('<details><summary>The numbers</summary>\n<table class="days"><thead><tr><th scope="col">%1</th>' ..
    '<th scope="col">Events</th><th scope="col">By kind</th></tr></thead>\n<tbody>\n%2\n</tbody></table></details>',
    name, table.concat(out, "\n"))
end

--- Events a day by kind, as bars beside one another.
local function picture(periods, name, kinds)
  local most, columns, colour_of = 1, {}, colours_of(kinds)
  for _, period in ipairs(periods) do most = math.max(most, period.count) end
  local step = 1000 / #periods
  for i, period in ipairs(periods) do
    columns[i] = column(period, (i - 1) * step + step * 0.08, step * 0.84, most, kinds, colour_of)
  end
  return fill([[
%1
<figure>
<p class="most">%2</p>
<svg class="days" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="Events by %3 and kind">
<path class="grid" d="M0 0H1000M0 50H1000M0 100H1000"/>
%4
</svg>
<p class="axis"><span>%5</span><span>%6</span></p>
</figure>
%7]], legend(kinds, colour_of), count(most), name, table.concat(columns, "\n"), escape(periods[1].label),
    escape(periods[#periods].label), table_of(periods, name:gsub("^%l", string.upper), kinds, colour_of))
end

-- ---- sections ----

local function section(id, title, body, class)
  return fill('<section id="%1"%2>\n<h2>%3</h2>\n%4\n</section>', id, class and fill(' class="%1"', class) or "", title,
    body)
end

local function days_section(found)
  if #found.days == 0 then return section("days", "Events a day", "<p>No event has a time.</p>", "wide") end
  local periods, name, is_cut = inspection.periods(found.days, MOST_PERIODS, true)
  local title = ("Events a %s, by kind%s"):format(name, is_cut and (" (the last %d)"):format(MOST_PERIODS) or "")
  return section("days", title, picture(periods, name, found.survey.kinds), "wide")
end

local function kinds_section(found)
  local kinds = found.survey.kinds
  local body = #kinds > 0 and bars(kinds, colours_of(kinds)) or "<p>There is no event.</p>"
  return section("kinds", "Kinds", body)
end

--- A ranking, with how many values there are.
local function ranking_section(id, title, noun, ranking)
  if ranking.problem then return section(id, title, ("<p>%s.</p>"):format(escape(ranking.problem))) end
  if ranking.distinct == 0 then return section(id, title, ("<p>No %s.</p>"):format(noun)) end
  local words = ("%s %s%s"):format(count(ranking.distinct), noun, ranking.distinct == 1 and "" or "s")
  if ranking.distinct > #ranking.most then words = ("%s, the most frequent %d"):format(words, #ranking.most) end
  return section(id, title, fill("<p>%1</p>\n%2", words, bars(ranking.most, "k1")))
end

local function fact(name, value)
  return fill("<div><dt>%1</dt><dd>%2</dd></div>", name, value)
end

--- A time that can be broken into lines.
local function show_time(seconds)
  return (escape(siem.iso8601(seconds)):gsub("T", " "))
end

--- What is known of all events.
local function facts(found)
  local survey, list = found.survey, {}
  list[1] = fact("Events", count(survey.count))
  if survey.first then
    list[#list + 1] = fact("First", show_time(survey.first))
    list[#list + 1] = fact("Last", show_time(survey.last))
  end
  if survey.count > 0 then
    list[#list + 1] = fact("Ids", ("%d to %d"):format(survey.first_id, survey.last_id))
    list[#list + 1] = fact("Order", survey.follows and "times follow ids" or
      ("times go back at id %d"):format(survey.first_break))
  end
  local function add(name, number) if number > 0 then list[#list + 1] = fact(name, count(number)) end end
  add("Without time", survey.timeless)
  add("Older than two days", survey.old)
  add("More than a day ahead", survey.ahead)
  return '<dl class="facts">\n' .. table.concat(list, "\n") .. "\n</dl>"
end

-- ---- the page ----

local PAGE = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'sha256-%1'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>Registry %2</title>
<style>%3</style>
</head>
<body>
<header>
<h1>Registry <span class="path">%2</span></h1>
<p>Read at %4 by oversight-siem %5</p>
</header>
<main>
%6
%7
</main>
</body>
</html>
]]

--- The page of an inspection.
---@param found oversight.Inspection
---@return string
function M.render(found)
  local sections = {
    days_section(found), kinds_section(found),
    ranking_section("documents", "Documents", "document", found.documents),
    ranking_section("recipients", "Recipients", "recipient", found.recipients),
    ranking_section("networks", "Networks (/24, /48)", "network", found.networks),
    ranking_section("tokens", "Unknown tokens", "unknown token", found.unknown_tokens),
  }
  return fill(PAGE, style.base64(receipt.hash(style.TEXT)), escape(found.path), style.TEXT, show_time(found.now),
    escape(core.version), facts(found), table.concat(sections, "\n"))
end

return M
