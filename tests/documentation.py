#!/usr/bin/env python3
"""Fails for a public function without documentation.

C: every SIEM_API declaration of siem.h stands under a comment (its own, or that of the lines right
above it). Lua: every name that the modules offer is in a *.d.lua and in lua/README.md; every output
field of a format is in formats/README.md.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
problems = []


def check_header():
    commented = False
    for number, line in enumerate((root / "engine/include/oversight/siem.h").read_text().split("\n"), 1):
        if line.rstrip().endswith("*/"):
            commented = True
        elif not line.strip() or line.startswith("}"):
            commented = False
        elif line.startswith("SIEM_API") and not commented:
            problems.append(f"siem.h:{number}: no comment above: {line}")


LIST_NAMES = """
local siem = require "oversight.siem"
local function show(prefix, t)
  for k, v in pairs(t) do
    if type(v) == "function" or type(v) == "string" then print(prefix .. k) end
  end
end
show("siem.", siem)
for k, v in pairs(siem) do
  if type(v) == "table" and k:match "^%l" then show("siem." .. k .. ".", v) end
end
for _, class in ipairs { "event", "registry", "query", "mapping", "batch", "sink", "deadletter", "checkpoint", "export" } do
  local methods = debug.getregistry()["oversight." .. class].__index
  if type(methods) == "function" then
    local _, upvalue = debug.getupvalue(methods, 1)
    methods = upvalue
  end
  for k, v in pairs(methods) do
    if type(v) == "function" then print(class .. ":" .. k) end
  end
end
"""


def check_lua():
    names = subprocess.run(["lua5.4", "-e", LIST_NAMES], capture_output=True, text=True, check=True)
    definitions = "".join(path.read_text() for path in (root / "lua/oversight").glob("*.d.lua"))
    guide = (root / "lua/README.md").read_text()
    listed = names.stdout.split()
    if len(listed) < 40:
        problems.append(f"only {len(listed)} names found: is this the whole API?")
    for name in listed:
        last = re.split("[.:]", name)[-1]
        if not re.search(rf"\b{re.escape(last)}\b", definitions):
            problems.append(f"the definitions lack {name}")
        if name not in guide:
            problems.append(f"lua/README.md lacks {name}")


def check_fields():
    dictionary = (root / "formats/README.md").read_text()
    for path in sorted((root / "formats").glob("*.lua")):
        for field in re.findall(r'^\s*\{ "([^"]+)",', path.read_text(), re.M):
            if f"`{field}`" not in dictionary:
                problems.append(f"formats/README.md lacks {field} of {path.stem}")


check_header()
check_lua()
check_fields()
print("\n".join(problems) or "everything public is documented")
sys.exit(bool(problems))
