#!/usr/bin/env python3
"""Checks the definitions in lua/meta, and what pages and examples use of them.

Usage: definitions.py ROOT
luacheck reads the definitions, and every Lua block of a page and every Lua file of examples/ and formats/ with a
standard that is made of the definitions: a name that they lack is an error there. Where emmylua_check is installed
(cargo install emmylua_check), it checks the types of the definitions as well.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1]).resolve()
meta = sorted((root / "lua/meta").glob("*.d.lua"))
problems = []


def read_names():
    """All names of the module, as "siem.json.encode"."""
    text = "".join(path.read_text() for path in meta)
    names = set(re.findall(r"^function (siem[\w.]*)\(", text, re.M))
    constants = re.search(r"---@class oversight\.siem\n((?:---@field .*\n)+)", text)[1]
    return names | {f"siem.{name}" for name in re.findall(r"---@field (\w+)", constants)}


def make_standard(names):
    """A configuration of luacheck in which `siem` is a global with these fields."""
    tree = {}
    for name in names:
        at = tree
        for part in name.split("."):
            at = at.setdefault(part, {})
    open_tables = {"FEATURES", "BEACON_KINDS", "ACTION_BY_KIND", "FORMATTERS"}

    def write(at):
        parts = []
        for name, inner in sorted(at.items()):
            fields = f"fields = {write(inner)}" if inner else ""
            other = "other_fields = true" if name in open_tables else ""
            parts.append(f"{name} = {{ {fields}{other} }}")
        return "{ " + ", ".join(parts) + " }"
    return (f"stds.oversight = {{ read_globals = {write(tree)} }}\nstd = 'lua54+oversight'\nonly = {{ '1..' }}\n"
            "ignore = { '11.' }\n")


def read_snippets():
    """(name, text) of each Lua text, with the lines where they are in its file."""
    for page in sorted(root.rglob("*.md")):
        if re.match(r"build|\.git/", str(page.relative_to(root))):
            continue
        text = page.read_text()
        for block in re.finditer(r"^```lua\n(.*?)^```", text, re.M | re.S):
            yield page, "\n" * text[:block.start(1)].count("\n") + block[1]
    for folder in ("examples", "formats"):
        for path in sorted((root / folder).rglob("*.lua")):
            yield path, path.read_text()


def luacheck(config, *files):
    return subprocess.run(["luacheck", "--no-color", "--no-cache", "--codes", "-q", "--config", config, *files],
                          capture_output=True, text=True, check=False)


def check_definitions(work):
    """Syntax, and names that nobody defines."""
    config = work / "definitions.lua"
    config.write_text("std = 'lua54'\nignore = { '2..', '6..' }\n")
    done = luacheck(config, *meta)
    if done.returncode:
        problems.append(done.stdout + done.stderr)


def check_snippets(work):
    names, files = read_names(), {}
    config = work / "standard.lua"
    config.write_text(make_standard(names))
    for path, text in read_snippets():
        # A row of a table is not a program.
        program = re.sub(r'local siem *= *require "oversight\.siem"', lambda m: " " * len(m[0]), text)
        if text.lstrip().startswith("{"):
            program = "return {" + program + "}"
        file = work / f"snippet-{len(files)}.lua"
        file.write_text(program)
        files[file] = str(path.relative_to(root))
    if len(names) < 60 or len(files) < 20:
        problems.append(f"only {len(names)} names and {len(files)} snippets are found")
    wrong = work / "wrong.lua"
    wrong.write_text("print(siem.json.encoed {})\n")
    done = luacheck(config, wrong, *files)
    if "encoed" not in done.stdout:
        problems.append("luacheck does not find a name that the definitions lack")
    for line in done.stdout.splitlines():
        place = re.match(r"\s*(/.*?\.lua)(:\d+.*)", line)
        if place and pathlib.Path(place[1]) != wrong:
            problems.append(files[pathlib.Path(place[1])] + place[2])


def check_types():
    if shutil.which("emmylua_check"):
        done = subprocess.run(["emmylua_check", root / "lua/meta"], capture_output=True, text=True, check=False)
        if done.returncode:
            problems.append(done.stdout + done.stderr)


with tempfile.TemporaryDirectory() as folder:
    check_definitions(pathlib.Path(folder))
    check_snippets(pathlib.Path(folder))
check_types()
print("\n".join(problems) or "the definitions are used as they are")
sys.exit(bool(problems))
