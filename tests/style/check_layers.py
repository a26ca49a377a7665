#!/usr/bin/env python3
"""Which folder may include which, how long a file may be, how a folder introduces itself.

  base <- drivers, sync    base, sync <- lake    base, drivers, sync <- agent    everything <- tests

Data flows left to right; includes point only to the left, never to a sibling driver or target.
Reads the files that git knows or would take, so build folders and sysroots are never scanned.
"""
import pathlib
import re
import sys

from sources import source_files

ALLOWED = {
    "base": set(),
    "drivers": {"base"},
    "sync": {"base"},
    "lake": {"base", "sync"},
    "agent/pipeline": {"base"},
    "agent/store": {"base"},
    "agent": {"base", "drivers", "sync", "agent/pipeline", "agent/store"},
}
FAMILIES = {"drivers": {"io", "lines"}, "sync/targets": set()}  # siblings may not include each other
HARD_LINES = {".c": 600, ".h": 200}
TOP_FOLDERS = ("base", "drivers", "agent", "sync", "lake", "boards", "toolchains", "tests", "docs")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Halves of work, and names that tell nothing. Spelt so that this file does not accuse itself.
BANNED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
TEXT_SUFFIXES = {".c", ".h", ".md", ".py", ".sh", ".sql", ".yml", ".yaml", ".cmake", ".txt"}


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


def include_complaints(root, name, lines):
    here = layer(name)
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        path = found.group(1)
        if not (root / path).is_file():
            yield f"{name}:{number}: write \"{path}\" from the root of the repository"
            continue
        if here == "tests":
            continue
        there = layer(path)
        if (there != here and there not in ALLOWED.get(here, set())) or siblings(name, path):
            yield f"{name}:{number}: {here}/ must not include {path}"


def file_complaints(root, name):
    suffix = pathlib.PurePosixPath(name).suffix
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    limit = HARD_LINES.get(suffix)
    if limit and len(lines) > limit:
        yield f"{name}: {len(lines)} lines; split it along a real seam (limit {limit})"
    if limit:
        yield from include_complaints(root, name, lines)
    for number, line in enumerate(lines, 1):
        found = BANNED.search(line)
        if found:
            yield f"{name}:{number}: '{found.group(1)}': finish it, or open an issue"


def readme_complaints(root):
    for folder in TOP_FOLDERS:
        readme = root / folder / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        if not lines or not lines[0].lstrip("*_").startswith("Takes "):
            yield f"{folder}/README.md: open it with one line, 'Takes X from Y, gives Z to W'"


def main(root):
    root = pathlib.Path(root)
    names = [name for name in source_files(root)
             if pathlib.PurePosixPath(name).suffix in TEXT_SUFFIXES]
    complaints = [one for name in names for one in file_complaints(root, name)]
    complaints += readme_complaints(root)
    for complaint in complaints:
        print(complaint)
    print(f"{len(names)} files, {len(complaints)} complaints")
    return 1 if complaints or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
