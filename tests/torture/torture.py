"""Break things on purpose and count what is missing afterwards: ./dev torture.

A fault is a program of its own: tests/torture/torture_<fault>.c, or <fault>.py where whole processes
are needed. Each takes --seed and --rounds, prints a table, and ends with one line of totals; the same
seed does the same again. This adds the totals up and fails when anything was lost or double.
"""
import argparse
import pathlib
import re
import secrets
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parents[1] / "build" / "release" / "tests" / "torture"
TOTAL = re.compile(r"total: rounds (\d+) acknowledged (\d+) found (\d+) lost (\d+) double (\d+)")


def known_faults():
    """Name -> command line, in the order of the names."""
    faults = {path.stem.removeprefix("torture_"): [str(PROGRAMS / path.stem)]
              for path in HERE.glob("torture_*.c")}
    faults |= {path.stem: [sys.executable, str(path)] for path in HERE.glob("*.py")
               if path.stem != "torture" and "__main__" in path.read_text(encoding="utf-8")}
    return dict(sorted(faults.items()))


def run_fault(name, command, seed, rounds):
    """Run one; its totals, or None when it gave none. What it prints is shown as it comes."""
    print(f"== {name}, seed {seed}", flush=True)
    command = [*command, "--seed", str(seed)] + (["--rounds", str(rounds)] if rounds else [])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line
    match = TOTAL.fullmatch(last.strip())
    if process.returncode != 0 or match is None:
        print(f"{name} failed with exit code {process.returncode}; again with: "
              f"./dev torture {name} --seed {seed}" + (f" --rounds {rounds}" if rounds else ""))
    return process.returncode, [int(part) for part in match.groups()] if match else None


def main():
    faults = known_faults()
    parser = argparse.ArgumentParser(prog="./dev torture", description=__doc__.splitlines()[0])
    parser.add_argument("fault", nargs="?", default="all", choices=["all", *faults])
    parser.add_argument("--seed", type=int, help="what happens; by default another one each time")
    parser.add_argument("--rounds", type=int, help="how often; each fault has a default of its own")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1 << 31)
    wanted = faults if arguments.fault == "all" else [arguments.fault]
    failed = []
    totals = [0] * 5
    for name in wanted:
        code, counts = run_fault(name, faults[name], seed, arguments.rounds)
        if code != 0 or counts is None:
            failed.append(name)
        totals = [total + count for total, count in zip(totals, counts or [0] * 5)]
    if failed:
        print(f"failed: {' '.join(failed)}")
    if arguments.fault == "all":
        print("total: rounds {} acknowledged {} found {} lost {} double {}".format(*totals))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
