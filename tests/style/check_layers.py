#!/usr/bin/env python3
"""Which folder may include which, and how long a file may be. Data flows left to right; includes point only to the left.

  base <- drivers, sync    base, sync <- lake    base, drivers, sync <- agent    everything <- tests

Reads the files that git knows, so build folders and sysroots are never scanned.
"""
import pathlib, re, subprocess, sys

ALLOWED = {
    "base": set(),
    "drivers": {"base"},
    "sync": {"base"},
    "lake": {"base", "sync"},
    "agent/pipeline": {"base"},
    "agent/store": {"base"},
    "agent": {"base", "drivers", "sync", "agent/pipeline", "agent/store"},
}
FAMILIES = {"drivers": {"io"}, "sync/targets": set()}  # siblings may not include each other
HARD_LINES = {".c": 600, ".h": 200}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def layer(path):
    parts = pathlib.PurePosixPath(path).parts
    two = "/".join(parts[:2])
    return two if two in ALLOWED else parts[0]


def member(path, family):
    """The driver or target a file belongs to: a folder below the family, or a file in it."""
    rest = pathlib.PurePosixPath(path).relative_to(family)
    return rest.parts[0] if len(rest.parts) > 1 else rest.stem


def siblings(here, there):
    for family, shared in FAMILIES.items():
        if not (here.startswith(family + "/") and there.startswith(family + "/")):
            continue
        mine, other = member(here, family), member(there, family)
        if family == "drivers" and (other == "driver" or mine == "registry"):
            return False
        return mine != other and other not in shared and mine not in shared
    return False


def main(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "*.c", "*.h"],
                            check=True, capture_output=True, text=True).stdout.split()
    bad = 0
    for name in listed:
        lines = pathlib.Path(root, name).read_text(encoding="utf-8").splitlines()
        limit = HARD_LINES[pathlib.PurePosixPath(name).suffix]
        if len(lines) > limit:
            print(f"{name}: {len(lines)} lines; split it along a real seam (limit {limit})")
            bad += 1
        here = layer(name)
        if here == "tests":
            continue
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            there = layer(found.group(1))
            if (there != here and there not in ALLOWED.get(here, set())) or siblings(name, found.group(1)):
                print(f"{name}:{number}: {here}/ must not include {found.group(1)}")
                bad += 1
    print(f"{len(listed)} files, {bad} complaints")
    return 1 if bad or not listed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
