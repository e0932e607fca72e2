#!/usr/bin/env python3
"""Fails for a public function without documentation, and for a page that leads nowhere or is hard to read.

C: every SIEM_API declaration of a public header is under a comment (its own, or that of the lines right
above it), every pointer in a struct that a caller fills says what NULL means, and every function that
takes a pointer is called carelessly by a test. Lua: every name that the modules offer, and every method
of its class, is in lua/meta/*.d.lua and in lua/README.md, and no method is there that does not exist. Every
output field of a format is in formats/README.md, every number for Prometheus in examples/systemd/README.md.
Pages: every link, anchor and path leads somewhere, every file of examples/ is named by the page of its
folder, and prose has at most 100 columns.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1]).resolve()
problems = []


HEADERS = sorted((root / "engine/include/oversight").glob("*.h"))


def check_header(path):
    commented = False
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if line.rstrip().endswith("*/"):
            commented = True
        elif not line.strip() or line.startswith("}"):
            commented = False
        elif line.startswith("SIEM_API") and not commented:
            problems.append(f"{path.name}:{number}: no comment above: {line}")


def check_misuse():
    tests = "".join(path.read_text() for path in (root / "tests/engine").glob("test_misuse*.c"))
    header = "".join(path.read_text() for path in HEADERS)
    functions = re.findall(r"^SIEM_API\b[^;(]*?\b(siem_\w+)\(([^;]*)\);", header, re.M)
    if len(functions) < 90:
        problems.append(f"only {len(functions)} functions are found in the public headers")
    for name, parameters in functions:
        if "*" in parameters and f"{name}(" not in tests:
            problems.append(f"no case of tests/engine/test_misuse*.c calls {name}")


# The structs that a caller fills, with the comment above each.
FILLED = re.compile(r"(?:/\*((?:(?!\*/).)*)\*/\n)?typedef struct (siem_(?:\w+_options|\w+_request|refusal|row|pair|"
                    r"column|option)) \{\n(.*?)\n\}[^\n]*", re.S)


def check_zeroed():
    header = "".join(path.read_text() for path in HEADERS)
    structs = list(FILLED.finditer(header))
    if len(structs) < 9:
        problems.append(f"only {len(structs)} structs that a caller fills are found in the public headers")
    for struct in structs:
        whole, above, name, members = struct[0], struct[1] or "", struct[2], struct[3]
        if "NULL" in above or "all are required" in whole:
            continue
        for declaration, comment in re.findall(r"^ +([^/\n]*;) *(?:/\*((?:(?!\*/).)*)\*/)?", members, re.M | re.S):
            says = r"required|NULL" if "*" in declaration or "_function " in declaration else r"required|\b0\b"
            is_plain = re.match(r"bool |siem_value ", declaration) is not None
            if "context" not in declaration and not is_plain and not re.search(says, comment):
                problems.append(f"{name}: {declaration} does not say what NULL or 0 means")


def check_versions():
    version = re.search(r"project\(oversight-siem VERSION (\d+)\.(\d+)\.(\d+)", (root / "CMakeLists.txt").read_text()).groups()
    number, text = int("%d%02d%02d" % tuple(map(int, version))), ".".join(version)
    header = (root / "engine/include/oversight/siem.h").read_text()
    if f"#define SIEM_VERSION_NUMBER {number}\n" not in header:
        problems.append(f"siem.h: SIEM_VERSION_NUMBER is not {number}, as CMakeLists.txt has version {text}")
    rockspec = root / f"lua/oversight-siem-{text}-1.rockspec"
    if not rockspec.exists() or f'version = "{text}-1"' not in rockspec.read_text():
        problems.append(f"{rockspec.name} is missing, or has another version")
    if f"\n{text}, against " not in (root / "README.md").read_text().split("## Changes")[-1]:
        problems.append(f"README.md: the changes of {text} are missing")
    for path in HEADERS:
        check_since(path, tuple(map(int, version)))


SINCE = re.compile(r"[Ss]ince (\d+)\.(\d+)\.(\d+)")


def check_since(path, version):
    """Each function says since which version it is there: by its comment, its chapter or its file."""
    chapters = re.split(r"(?m)^(?=/\* ---- )", path.read_text())
    for_file = SINCE.search(chapters[0].split("*/")[0])
    for chapter in chapters:
        heading = SINCE.search(chapter.split("\n")[0]) or for_file
        for comment, function in re.findall(r"/\*((?:(?!\*/).)*)\*/\n((?:SIEM_API[^;]*;\n)+)", chapter, re.S):
            since = SINCE.search(comment) or heading
            if not since or tuple(map(int, since.groups())) > version:
                problems.append(f"{path.name}: {function.splitlines()[0]}: since which version?")


# A line for each name: "siem.json.encode", "event:copy".
LIST_NAMES = """
local siem = require "oversight.siem"
local function show(prefix, t)
  for k, v in pairs(t) do
    if type(v) ~= "table" then print(prefix .. k) end
  end
end
show("siem.", siem)
for k, v in pairs(siem) do
  if type(v) == "table" and k:match "^%l" then show("siem." .. k .. ".", v) end
end
local function show_methods(class, methods)
  for k, v in pairs(methods) do
    if type(v) == "function" and not k:match "^__" then print(class .. ":" .. k) end
  end
end
for _, class in ipairs { "event", "registry", "query", "mapping", "batch", "sink", "deadletter", "checkpoint", "export", "tlog", "source" } do
  local methods = debug.getregistry()["oversight." .. class].__index
  if type(methods) == "function" then
    local _, upvalue = debug.getupvalue(methods, 1)
    methods = upvalue
  end
  show_methods(class, methods)
end
local path = os.tmpname()
io.open(path, "w"):write("key\\n"):close()
for class, object in pairs {
  format = siem.format.load "ecs", lookup = siem.lookup.csv(path, "key"),
  pipeline = siem.pipeline { source = {}, format = "ecs", sink = "-" },
} do
  show_methods(class, debug.getmetatable(object).__index)
end
os.remove(path)
"""


def check_lua():
    names = subprocess.run(["lua5.4", "-e", LIST_NAMES], capture_output=True, text=True, check=True)
    definitions = "".join(path.read_text() for path in (root / "lua/meta").glob("*.d.lua"))
    guide = (root / "lua/README.md").read_text()
    listed = set(names.stdout.split())
    if len(listed) < 90:
        problems.append(f"only {len(listed)} names found: is this the whole API?")
    functions = set(re.findall(r"^function ([\w.:]+)\(", definitions, re.M))
    documented = {re.sub(r"^\w+(?=:)", lambda class_: class_[0].lower(), name) for name in functions}
    constants = re.search(r"---@class oversight\.siem\n((?:---@field .*\n)+)", definitions)[1]
    documented |= {"siem." + name for name in re.findall(r"---@field (\w+)", constants)}
    for name in sorted(listed):
        if name not in documented:
            problems.append(f"the definitions lack {name}")
        if not re.search(rf"(?<![\w.]){re.escape(name)}\b", guide):
            problems.append(f"lua/README.md lacks {name}")
    for name in sorted(documented - listed):
        if ":" in name:
            problems.append(f"the definitions have {name}, which there is not")


def check_fields():
    dictionary = (root / "formats/README.md").read_text()
    for path in sorted((root / "formats").glob("*.lua")):
        for field in re.findall(r'^\s*\{ "([^"]+)",', path.read_text(), re.M):
            if f"`{field}`" not in dictionary:
                problems.append(f"formats/README.md lacks {field} of {path.stem}")


LIST_METRICS = """
for _, counter in ipairs(require "oversight.core".counters()) do
  if counter.metric then print(counter.metric) end
end
"""


def check_metrics():
    names = subprocess.run(["lua5.4", "-e", LIST_METRICS], capture_output=True, text=True, check=True).stdout.split()
    page = (root / "examples/systemd/README.md").read_text()
    for name in names:
        if f"`{name}`" not in page:
            problems.append(f"examples/systemd/README.md lacks the number {name}")
    if len(names) < 10:
        problems.append(f"only {len(names)} numbers for Prometheus are found")


# ---- pages ----

# What a project's folder can hold beside its sources.
IGNORED = re.compile(r"(build[^/]*|export|\.git)/")


def list_files(*endings):
    for path in sorted(root.rglob("*")):
        if path.name.endswith(endings) and path.is_file() and not IGNORED.match(str(path.relative_to(root))):
            yield path


def find_anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", prose, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def check_links():
    pages = {path: path.read_text() for path in list_files(".md")}
    for path, text in pages.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)):
            if re.match(r"\w+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (path.parent / name).resolve() if name else path
            if not to.exists():
                problems.append(f"{path.relative_to(root)}: the link {target} leads nowhere")
            elif anchor and anchor not in find_anchors(pages.get(to, "")):
                problems.append(f"{path.relative_to(root)}: {target}: there is no such heading")


def check_paths():
    """Files of this repository that a page, a comment or a message names."""
    for path in list_files(".md", ".c", ".h", ".lua"):
        for name in re.findall(r"(?<![\w/.$}\])*+-])(?:engine|lua|formats|examples|tests)/[\w/-]+\.(?:[ch]|\w{2,})\b",
                               path.read_text()):
            if not (root / name).exists() and not (root / path.parent / name).exists():
                problems.append(f"{path.relative_to(root)} names {name}, which there is not")


# Turns of phrase that a reader has to read twice, and plain ones. For pages, comments, messages and help.
WORDS = {
    r"\b(takes?|taken|took|taking) down\b": "record",
    r"\bbehind\b(?! an? (balancer|proxy))(?! *=)": "after",
    r"\banew\b": "again",
    r"\b(is|are|was|were|be) told\b": "log, print, report, call",
    r"\bsays so\b": "log, report",
    r"\bdealt with\b": "done",
    r"\bat hand\b": "cached, current",
    r"\blets? go of\b": "release",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"(?<!here )\bis no (?!longer|more)\w": "is not a",
    r"\b(left|leaves?|leaving) out\b": "omit, skip",
    r"\b(stands?|stood)\b": "is, comes, means",
    r"\bunder way\b": "in flight, running",
    r"\bgets? over\b": "recover from",
    r"\bbut for\b": "except",
    r"\bbecomes? of\b": "happens to",
    r"\bwaited out\b": "retried",
    r"\b(is|are|was) not there\b": "does not exist, is missing",
    r"\bever more\b": "more and more",
    r"\bnobody (asked|else has|is asked|wants)\b": "none, not set",
    r"\bin the meantime\b": "meanwhile",
}


def check_words():
    for path in list_files(".md", ".c", ".h", ".lua", ".conf", ".service"):
        if path.is_relative_to(root / "tests"):
            continue
        for number, line in enumerate(path.read_text().split("\n"), 1):
            for word, plain in WORDS.items():
                if re.search(word, line):
                    problems.append(f"{path.relative_to(root)}:{number}: instead of '{re.search(word, line)[0]}' "
                                    f"write: {plain}")


# Columns of prose: tables and blocks of code may be longer.
COLUMNS = 100


def check_columns():
    for path in list_files(".md"):
        in_block = False
        for number, line in enumerate(path.read_text().split("\n"), 1):
            in_block ^= line.lstrip().startswith("```")
            # A link cannot be broken.
            rest = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"[\1]", line)
            if len(rest) > COLUMNS and not in_block and not line.startswith("|"):
                problems.append(f"{path.relative_to(root)}:{number}: {len(rest)} columns of prose, more than {COLUMNS}")


def check_examples():
    for folder in [root / "examples", *(path for path in (root / "examples").iterdir() if path.is_dir())]:
        page = folder / "README.md"
        text = page.read_text() if page.exists() else ""
        for path in sorted(folder.iterdir()):
            name = f"{path.name}/README.md" if path.is_dir() else path.name
            if path != page and f"]({name})" not in text:
                problems.append(f"examples: {page.relative_to(root)} has no link to {name}")


for header_path in HEADERS:
    check_header(header_path)
check_misuse()
check_zeroed()
check_versions()
check_lua()
check_fields()
check_metrics()
check_links()
check_paths()
check_examples()
check_columns()
check_words()
print("\n".join(problems) or "everything public is documented")
sys.exit(bool(problems))
