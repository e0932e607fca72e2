#!/usr/bin/env python3
"""Roots and inclusion proofs of random logs, by the engine and by two other implementations: the definition of RFC 6962
in Python, always, and the Go module transparency-dev/merkle, where Go is there and can load it.

Usage: merkle.py PROGRAM
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "evidence"))
from made_log import find_path, find_root, hash_leaf  # noqa: E402

PROGRAM, MOST, PROOFS = sys.argv[1], 300, 400
SCRIPT = """
local siem = require "oversight.siem"
local folder = os.getenv "WORK"
local given = siem.json.decode(io.open(folder .. "/given.json"):read "a")
local tlog = assert(siem.tlog.open { source = folder .. "/leaves.jsonl" })
local roots, proofs = {}, {}
for size = 1, tlog:size() do roots[size] = assert(tlog:root(size)) end
for i, pair in ipairs(given.pairs) do
  proofs[i] = siem.array(assert(tlog:proof(pair[1], pair[2])))
  local proof = { leaf = assert(tlog:leaf_hash(pair[1])), index = pair[1], size = pair[2], root = roots[pair[2]] }
  proof.proof = given.paths[i]
  assert(siem.tlog.check_proof(proof))
  proof.root = roots[pair[2] % #roots + 1]
  if #roots > 1 and siem.tlog.check_proof(proof) then error "a proof of another root holds" end
end
io.open(folder .. "/made.json", "w"):write(siem.json.encode { roots = roots, proofs = proofs }):close()
"""

work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-merkle-"))
seed = random.randrange(1 << 32)
dice = random.Random(seed)
problems = []


def check_python(hashes, pairs, made):
    for size, root in enumerate(made["roots"], 1):
        if find_root(hashes[:size]).hex() != root:
            problems.append(f"Python has another root of {size} leaves")
    for (index, size), proof in zip(pairs, made["proofs"]):
        if [step.hex() for step in find_path(index, hashes[:size])] != proof:
            problems.append(f"Python has another proof of leaf {index} in {size}")


def check_go(leaves, pairs, made):
    """What the Go module says, or why it was not asked."""
    if not shutil.which("go"):
        return "Go is not there"
    module = work / "merkle"
    shutil.copytree(HERE / "merkle", module)
    built = subprocess.run(["go", "build", "-o", "check", "."], cwd=module, capture_output=True, text=True, timeout=200,
                           check=False)
    if built.returncode != 0:
        return "the Go module cannot be loaded"
    proofs = [{"index": index, "size": size, "proof": proof} for (index, size), proof in zip(pairs, made["proofs"])]
    given = json.dumps({"leaves": leaves, "roots": made["roots"], "proofs": proofs})
    done = subprocess.run([module / "check"], input=given, capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    problems.extend("Go: " + line for line in lines[:-1])
    return "Go agrees on " + lines[-1]


try:
    leaves = [json.dumps({"event": "beacon", "n": dice.random(), "text": "é" * dice.randrange(30)}, ensure_ascii=False)
              for _ in range(dice.randrange(2, MOST))]
    hashes = [hash_leaf(leaf) for leaf in leaves]
    (work / "leaves.jsonl").write_text("".join(
        json.dumps({"index": i, "leaf_hash": hashes[i].hex(), "leaf_data": leaf}) + "\n"
        for i, leaf in enumerate(leaves)))
    pairs = []
    for _ in range(PROOFS):
        size = dice.randrange(1, len(leaves) + 1)
        pairs.append((dice.randrange(size), size))
    paths = [[step.hex() for step in find_path(index, hashes[:size])] for index, size in pairs]
    (work / "given.json").write_text(json.dumps({"pairs": pairs, "paths": paths}))
    (work / "script.lua").write_text(SCRIPT)
    subprocess.run([PROGRAM, "run", work / "script.lua"], env={"WORK": str(work), "PATH": "/usr/bin:/bin"}, check=True,
                   timeout=120)
    made = json.loads((work / "made.json").read_text())
    check_python(hashes, pairs, made)
    go = check_go(leaves, pairs, made)
finally:
    shutil.rmtree(work)
print("\n".join(problems) or f"{len(leaves)} leaves: Python agrees; {go}")
if problems:
    print(f"seed {seed}")
sys.exit(bool(problems))
