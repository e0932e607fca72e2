#!/usr/bin/env python3
"""Makes the reference of lua/README.md from the definitions in lua/meta, and checks that it is up to date.

Usage: reference.py ROOT [--write]
Without --write, it fails when the page differs from the definitions. Each function and each class of the definitions
needs a sentence, and each field a description.
"""
import pathlib
import re
import sys
import textwrap

root = pathlib.Path(sys.argv[1]).resolve()
page = root / "lua/README.md"
BEGIN = "<!-- The rest of this section is made by tests/reference.py from lua/meta. -->\n"
END = "<!-- The end of what tests/reference.py makes. -->\n"
# The files in the order in which the page shows them.
FILES = ["siem", "source", "format", "export", "delivery", "checkpoint", "evidence"]
problems = []


def split(text, separator=","):
    """Splits at separators that are in no bracket."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "({[<") - (c in ")}]" or (c == ">" and text[i - 1] != "-"))
        if c == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [part for part in (*parts, text[start:].strip()) if part]


def read_type(text):
    """The type at the beginning of a text, and the rest."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "({[<") - (c in ")}]" or (c == ">" and text[i - 1] != "-"))
        if c == " " and depth == 0 and not text[:i].endswith((":", ",", "|")) and not text[i:].lstrip().startswith("|"):
            return text[:i], text[i:].strip()
    return text, ""


def show_type(text):
    return re.sub(r"\bT\b", "table", text.replace("oversight.", ""))


class Block:
    """The comment above a declaration: its sentences and its tags."""

    def __init__(self):
        self.text, self.tags = [], []

    def add(self, line):
        tag = re.match(r"---@(\w+) ?(.*)", line)
        if tag:
            self.tags.append(tag.groups())
        elif line.startswith("---| "):
            self.tags.append(("value", line[5:]))
        else:
            self.text.append(line[3:].strip())

    def get(self, name):
        return [value for tag, value in self.tags if tag == name]

    @property
    def sentences(self):
        return " ".join(self.text)


def read_blocks(path):
    """Gives (block, declaration) of each declaration, and (None, title) of each chapter."""
    block = Block()
    for line in path.read_text().split("\n"):
        chapter = re.match(r"-- ---- (.+) ----", line)
        if chapter:
            yield None, chapter[1]
        elif line.startswith("---"):
            block.add(line)
        else:
            if block.text or block.tags:
                yield block, line.strip()
            block = Block()


def show_returns(block, name):
    """What a function returns, as in: "→ `Registry`, or a failure"."""
    values = []
    for part in [part for text in block.get("return") for part in split(text)]:
        kind, rest = read_type(part)
        values.append((show_type(kind), rest.split(" ")[0]))
    if not values:
        return ""
    names = [value[1] for value in values]
    fails = [i for i, called in enumerate(names) if called.endswith("message")]
    shown = []
    for kind, called in values[:fails[0] if fails else None]:
        kind = kind.removesuffix("?") if fails else kind
        kind = kind[1:-1] if kind.startswith("(fun") and kind.endswith(")") else kind
        if kind != "nil":
            shown.append(f"`{called}`: `{kind}`" if called else f"`{kind}`")
    if fails and names[fails[0]] != "message":
        shown.append(f"`{names[fails[0]].removesuffix('_or_message')}`")
    failure = "a failure with a fault" if "fault" in names else "a failure"
    return " → " + ", ".join(shown) + ("; or " * bool(shown) + failure) * bool(fails)


def show_function(block, declaration):
    name, parameters = re.match(r"function ([\w.:]+)\((.*)\) end", declaration).groups()
    if ":" in name:
        name = name[0].lower() + name[1:]
    if not block.sentences:
        problems.append(f"{name} has no sentence")
    given = {text.split(" ")[0].rstrip("?"): text for text in block.get("param")}
    for parameter in split(parameters):
        if parameter not in given:
            problems.append(f"{name}: the parameter {parameter} has no type")
    return wrap(f"`{name}({parameters})`{show_returns(block, name)}  ", f"{block.sentences}")


def wrap(head, text):
    lines = textwrap.wrap(text, 98, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"- {head}", *(f"  {line}" for line in lines)])


def show_table(block, declaration):
    """A class with fields, as a table."""
    name = show_type(block.get("class")[0])
    if not block.sentences:
        problems.append(f"the class {name} has no sentence")
    lines = [*textwrap.wrap(f"**{name}**: {block.sentences}", 100, break_long_words=False, break_on_hyphens=False), "",
             "| field | type | meaning |", "|---|---|---|"]
    for field in block.get("field"):
        key, rest = field.split(" ", 1)
        kind, meaning = read_type(rest)
        if not meaning:
            problems.append(f"{name}.{key} has no description")
        kind = show_type(kind).replace("|", "\\|")
        lines.append(f"| `{'siem.' * (name == 'siem')}{key}` | `{kind}` | {meaning} |")
    return "\n".join(lines)


def show_values(block):
    """An alias with its values, as a list."""
    name, _, kind = show_type(block.get("alias")[0]).partition(" ")
    if kind:
        return "\n".join(textwrap.wrap(f"**{name}** (`{kind}`): {block.sentences}", 100, break_long_words=False,
                                       break_on_hyphens=False))
    if not block.sentences:
        return "\n".join([f"**{name}** is one of:", "", *map(show_value, block.get("value"))])
    return "\n".join([f"**{name}**: {block.sentences}", "", *map(show_value, block.get("value"))])


def show_value(text):
    value, meaning = re.match(r'("\w+") *# (.*)', text).groups()
    return f"- `{value}`: {meaning}"


def make_reference():
    parts, was_item = [], False
    for name in FILES:
        for block, what in read_blocks(root / f"lua/meta/{name}.d.lua"):
            is_item = False
            if block is None:
                text = f"### {what}"
            elif what.startswith("function "):
                text, is_item = show_function(block, what), True
            elif block.get("alias"):
                text = show_values(block)
            elif block.get("class") and block.get("field"):
                text = show_table(block, what)
            elif block.get("class") and block.sentences:
                called = show_type(block.get("class")[0])
                text = "\n".join(textwrap.wrap(f"**{called}**: {block.sentences}", 100, break_long_words=False,
                                               break_on_hyphens=False))
            else:
                continue
            parts.append(text if is_item and was_item else "\n" + text)
            was_item = is_item
    return "\n".join(parts).strip("\n") + "\n"


shown = sorted(path.name.removesuffix(".d.lua") for path in (root / "lua/meta").glob("*.d.lua"))
if shown != sorted(FILES):
    problems.append(f"lua/meta has the files {shown}, and FILES of tests/reference.py has {sorted(FILES)}")
reference = f"{BEGIN}\n{make_reference()}\n{END}"
text = page.read_text()
if BEGIN not in text or END not in text:
    problems.append(f"lua/README.md lacks the line {(BEGIN if BEGIN not in text else END).strip()}")
else:
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    if "--write" in sys.argv:
        page.write_text(before + reference + after)
    elif before + reference + after != text:
        problems.append("the reference of lua/README.md differs from lua/meta: run tests/reference.py . --write")
print("\n".join(problems) or "the reference is what the definitions say")
sys.exit(bool(problems))
