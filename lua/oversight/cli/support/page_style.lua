--- The style of a page, and the hash by which the page allows it.
local M = {}

M.TEXT = [[

:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #fff; --line: #d9dee3; --card: #f6f8fa;
  --k0: #8c959f; --k1: #0072b2; --k2: #e69f00; --k3: #009e73; --k4: #cc79a7; --k5: #56b4e9; --k6: #d55e00;
  --k7: #b59b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --paper: #0d1117; --line: #3d444d; --card: #151b23; --k1: #4493f8; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
header, main { max-width: 100rem; margin: 0 auto; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
.path { font-weight: 400; }
p { margin: 0 0 .5rem; color: var(--soft); overflow-wrap: anywhere; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
section { padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; min-width: 0; }
.wide, .facts { grid-column: 1 / -1; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin: .5rem 0 0; }
.facts div { flex: 1 1 9rem; padding: .6rem .8rem; border-radius: .5rem; background: var(--card); }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
ol, ul { list-style: none; margin: 0; padding: 0; }
.bars li { display: grid; grid-template-columns: 1fr auto; gap: 0 .75rem; padding: .25rem 0; }
.label { overflow-wrap: anywhere; min-width: 0; }
.count { font-variant-numeric: tabular-nums; text-align: right; }
.bar { grid-column: 1 / -1; width: 100%; height: .45rem; display: block; border-radius: .2rem;
  background: var(--card); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.legend li { min-width: 0; }
.legend svg { width: .8rem; height: .8rem; }
figure { margin: 0; }
.days { display: block; width: 100%; height: 14rem; }
table.days { height: auto; }
.grid { fill: none; stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.most { margin: 0; font-size: .85rem; }
.axis { display: flex; justify-content: space-between; margin: .25rem 0 .5rem; font-size: .85rem; }
summary { cursor: pointer; }
table { display: block; overflow-x: auto; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; font-weight: 400; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); }
.k0 { fill: var(--k0); } .k1 { fill: var(--k1); } .k2 { fill: var(--k2); } .k3 { fill: var(--k3); }
.k4 { fill: var(--k4); } .k5 { fill: var(--k5); } .k6 { fill: var(--k6); } .k7 { fill: var(--k7); }
]]

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

--- Base64 of hexadecimal digits.
---@param hex string
---@return string
function M.base64(hex)
  local bytes, out = hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end), {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    for j = 0, 3 do
      local digit = bits >> (18 - 6 * j) & 63
      out[#out + 1] = (j == 2 and not b or j == 3 and not c) and "=" or DIGITS:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(out)
end

return M
