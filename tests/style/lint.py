#!/usr/bin/env python3
"""Every check of the sources. `lint.py` runs all, `lint.py layers format` those two.

With --results FILE it writes what came out as JUnit XML, which `./dev test` counts. The checks that
read the compile database (cppcheck, tidy) need `./dev build` first.
"""
import argparse
import ast
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import check_layers
from sources import source_files

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DATABASE = BUILD / "dev" / "compile_commands.json"


def run(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode == 0


def layers():
    """Includes, file sizes, READMEs: tests/style/check_layers.py."""
    return check_layers.main(ROOT) == 0


def format_():
    """clang-format 14 with .clang-format."""
    return run("clang-format-14", "--dry-run", "-Werror", *source_files(ROOT, "*.c", "*.h"))


def shell():
    """shellcheck, on everything a shell runs."""
    scripts = [name for name in source_files(ROOT)
               if name.endswith(".sh") or name in ("dev", ".ci/run")]
    return run("shellcheck", *scripts)


def python():
    """Each file parses and imports nothing that it does not use."""
    fine = True
    for name in source_files(ROOT, "*.py"):
        text = (ROOT / name).read_text(encoding="utf-8")
        tree = ast.parse(text, filename=name)
        imported = {}
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    imported[(alias.asname or alias.name).split(".")[0]] = node.lineno
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        # pytest finds fixtures by the name they have in conftest.py
        for word in sorted(set(imported) - used):
            if "# noqa" not in text.splitlines()[imported[word] - 1]:
                print(f"{name}:{imported[word]}: '{word}' is imported and not used")
                fine = False
    return fine


def cppcheck():
    """cppcheck over the compile database; what is suppressed stands in cppcheck.txt with why."""
    cache = BUILD / "cppcheck"
    cache.mkdir(parents=True, exist_ok=True)
    return run("cppcheck", f"--project={DATABASE}", "--enable=warning,performance,portability",
               "--inline-suppr", "--suppressions-list=tests/style/cppcheck.txt", "--quiet",
               f"--cppcheck-build-dir={cache}", "-j2", "--error-exitcode=1",
               "--template={file}:{line}: {severity}: {message} [{id}]")


def tidy_one(name, key):
    """clang-tidy on one file: several in one process give false alarms about va_list."""
    done = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(DATABASE.parent), str(ROOT / name)],
                          cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        key.touch()
    else:
        print(done.stdout, end="", flush=True)
        errors = [line for line in done.stderr.splitlines() if "warnings generated" not in line]
        print("\n".join(errors), file=sys.stderr, flush=True)
    return done.returncode == 0


def tidy():
    """clang-tidy 14, two at a time; a file that passed is left alone until it, a header, the
    settings or its compile command change."""
    cache = BUILD / "tidy-cache"
    cache.mkdir(parents=True, exist_ok=True)
    common = hashlib.sha256()
    for header in source_files(ROOT, "*.h", "*.clang-tidy"):
        common.update(header.encode() + b"\0" + (ROOT / header).read_bytes())
    entries = {os.path.relpath(entry["file"], ROOT): entry
               for entry in json.loads(DATABASE.read_text(encoding="utf-8"))}
    waiting, keys = [], set()
    for name in source_files(ROOT, "*.c"):
        if name not in entries:
            continue
        one = common.copy()
        one.update(entries[name]["command"].encode() + b"\0" + (ROOT / name).read_bytes())
        key = cache / one.hexdigest()
        keys.add(key.name)
        if not key.exists():
            waiting.append((name, key))
    for old in cache.iterdir():
        if old.name not in keys:
            old.unlink()
    print(f"{len(keys) - len(waiting)} files unchanged, {len(waiting)} to look at", flush=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return all(list(pool.map(lambda pair: tidy_one(*pair), waiting)))


CHECKS = {"layers": layers, "format": format_, "shell": shell, "python": python,
          "cppcheck": cppcheck, "tidy": tidy}


def write_results(path, outcome):
    failures = sum(not fine for fine in outcome.values())
    suite = ElementTree.Element("testsuite", name="lint", tests=str(len(outcome)),
                                failures=str(failures), skipped="0")
    for name, fine in outcome.items():
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if not fine:
            ElementTree.SubElement(case, "failure")
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(CHECKS))
    options = parser.parse_args()
    unknown = set(options.checks) - set(CHECKS)
    if unknown:
        parser.error(f"no check is called {', '.join(sorted(unknown))}; there are "
                     f"{', '.join(CHECKS)}")
    outcome = {}
    for name in options.checks or CHECKS:
        outcome[name] = CHECKS[name]()
        print(f"lint {name}: {'clean' if outcome[name] else 'COMPLAINTS, see above'}", flush=True)
    if options.results:
        write_results(options.results, outcome)
    return 0 if all(outcome.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
