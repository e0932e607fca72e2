#!/usr/bin/env python3
"""Every command that a page shows exists, with its options; and so does every option that a page's text names.

Usage: pages.py PROGRAM
"""
import pathlib
import re
import subprocess
import sys

program = sys.argv[1]
root = pathlib.Path(__file__).resolve().parents[2]
problems = []

# Options of other programs that pages name: of az, cmake, kafka-topics.sh, pkg-config, systemctl, useradd, and of a test.
OTHERS = set("--assignee --body --build --bootstrap-server --cflags --config --create --full --install --libs --list --method --now --partitions --prefix --replication-factor --role --scope --system --tag --variant --write".split())


def ask(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def find_options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


commands = re.findall(r"^  (\w+) ", ask("--help"), re.M)
helps = {command: find_options(ask(command, "--help")) for command in commands}
kinds = [line.split()[0] for line in ask("sinks").splitlines() if re.match(r"\w", line)]
of_sinks = set().union(*(find_options(ask("sinks", kind)) for kind in kinds))
known = set().union(of_sinks, OTHERS, find_options(ask("--help")), *helps.values())

for page in sorted(root.rglob("*.md")):
    name = str(page.relative_to(root))
    if name.startswith(("build", "tests/")):
        continue
    text = page.read_text().replace("\\\n", " ")
    for command, arguments in re.findall(r"^[$ ]*(?:build/)?oversight-siem +(\w+)\b(?!/)([^#\n]*)", text, re.M):
        if command not in helps:
            problems.append(f"{name}: there is no command {command}")
            continue
        of_kinds = of_sinks if "--to" in helps[command] else set()
        for option in sorted(find_options(arguments) - helps[command] - of_kinds):
            problems.append(f"{name}: {command} has no option {option}")
    for option in sorted(find_options(text) - known):
        problems.append(f"{name}: there is no option {option}")

if len(commands) < 12 or len(of_sinks) < 30:
    problems.append(f"only {len(commands)} commands and {len(of_sinks)} options of sinks are found")
print("\n".join(problems) or "the pages show commands and options that exist")
sys.exit(bool(problems))
