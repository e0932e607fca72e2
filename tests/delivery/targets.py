#!/usr/bin/env python3
"""Says which field of a format its target's set-up in examples/ lacks, or has for nothing.

targets.py ROOT
"""
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
problems = []


def fields(name):
    """The destinations of a format, in order."""
    return re.findall(r'^\s*\{ "([^"]+)",', (root / f"formats/{name}.lua").read_text(), re.M)


def same(place, found, wanted):
    problems.extend(f"{place} lacks {name}" for name in wanted if name not in found)
    problems.extend(f"{place} has {name}, which the format has not" for name in found if name not in wanted)


def mapped(properties, path=""):
    """The paths of all fields in a mapping."""
    found = []
    for name, field in properties.items():
        if "properties" in field:
            found += mapped(field["properties"], f"{path}{name}.")
        else:
            found.append(path + name)
    return found


template = json.loads((root / "examples/elastic/index-template.json").read_text())
paths = mapped(template["template"]["mappings"]["properties"])
same("index-template.json", [path for path in paths if not path.startswith("data_stream.")],
     [name for name in fields("ecs") if name != "labels"])

columns = fields("sentinel")
table = json.loads((root / "examples/azure/table.json").read_text())
same("table.json", [column["name"] for column in table["properties"]["schema"]["columns"]], columns)
rule = json.loads((root / "examples/azure/dcr.json").read_text())["resources"][0]["properties"]
same("dcr.json", [column["name"] for column in rule["streamDeclarations"]["Custom-Oversight"]["columns"]], columns)

stanzas = re.findall(r"^\[(.+)\]$", (root / "examples/splunk/fields.conf").read_text(), re.M)
same("fields.conf", stanzas, [name[7:] for name in fields("splunk") if name.startswith("fields.")])
inputs, props = ((root / f"examples/splunk/{name}.conf").read_text() for name in ("inputs", "props"))
sourcetype = re.search(r'sourcetype = "(.+)"', (root / "formats/splunk.lua").read_text())[1]
if f"sourcetype = {sourcetype}\n" not in inputs or f"[{sourcetype}]\n" not in props:
    problems.append(f"inputs.conf and props.conf are not about {sourcetype}")
index = re.search(r"^index = (.+)$", inputs, re.M)[1]
if f"[{index}]\n" not in (root / "examples/splunk/indexes.conf").read_text():
    problems.append(f"indexes.conf does not make {index}")

print("\n".join(problems) or "the set-ups have the fields of the formats")
sys.exit(bool(problems))
