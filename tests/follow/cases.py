"""Runs the cases of a test beside one another, each in a process and a folder of its own."""
import concurrent.futures
import os
import subprocess
import sys
import tempfile


def run_one(script, arguments, name):
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "place")
        os.mkdir(place)
        done = subprocess.run([sys.executable, script, *arguments, name], cwd=place, timeout=240,
                              capture_output=True, text=True)
    print(f"{'ok' if done.returncode == 0 else 'FAILED'}: {name}\n{done.stdout}{done.stderr}", end="", flush=True)
    return done.returncode == 0


def main(cases, script, arguments):
    """`cases` are functions by name; the last argument names one to run here, without it all are run."""
    if arguments[-1] in cases:
        cases[arguments[-1]](*arguments[:-1])
        return
    arguments = [os.path.abspath(path) for path in arguments]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda name: run_one(os.path.abspath(script), arguments, name), cases))
    if len(results) < 2 or not all(results):
        sys.exit("some cases failed")
