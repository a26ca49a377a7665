"""./dev and the checks behind it notice what they are there to notice."""
import os
import stat
import subprocess
import sys

import harness
import pytest

STYLE = harness.ROOT / "tests" / "style"


def dev(*words, path=None, folder=None):
    return harness.run([harness.ROOT / "dev", *words], folder=folder,
                       environment={"PATH": f"{path}:{os.environ['PATH']}"} if path else None)


def stub(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(stat.S_IRWXU)


@pytest.mark.parametrize("command", ["demo", "test", "build", "lint", "bench", "cross armhf",
                                     "fuzz"])
def test_without_root_it_prints_the_line_to_run_and_stops(tmp_path, command):
    stub(tmp_path / "bin", "id", "echo 1000")
    stub(tmp_path / "bin", "dpkg-query", "exit 1")  # nothing is installed
    stub(tmp_path / "bin", "apt-get", f"touch {tmp_path}/called")
    done = dev(*command.split(), path=tmp_path / "bin")
    assert done.returncode == 1
    assert "apt-get install -y --no-install-recommends " in done.stderr
    assert " libmodbus-dev " in done.stderr
    assert not (tmp_path / "called").exists()


def test_as_root_it_installs_only_what_is_missing(tmp_path):
    stub(tmp_path / "bin", "id", "echo 0")
    stub(tmp_path / "bin", "dpkg-query",
         'for name; do case $name in -*|*Status*|gcc) ;; *) echo "installed $name";; esac; done')
    stub(tmp_path / "bin", "apt-get", f'echo "$@" >>{tmp_path}/called')
    stub(tmp_path / "bin", "cmake", "exit 3")  # far enough
    assert dev("build", path=tmp_path / "bin").returncode == 3
    assert (tmp_path / "called").read_text(encoding="utf-8").split() == \
        ["install", "-y", "--no-install-recommends", "gcc"]


def test_old_package_lists_are_fetched_anew_and_the_installation_repeated(tmp_path):
    stub(tmp_path / "bin", "id", "echo 0")
    stub(tmp_path / "bin", "dpkg-query", "exit 1")
    stub(tmp_path / "bin", "apt-get",
         f'echo "$1" >>{tmp_path}/called; [ "$1" = update ] || grep -q update {tmp_path}/called')
    stub(tmp_path / "bin", "cmake", "exit 3")
    assert dev("build", path=tmp_path / "bin").returncode == 3
    assert (tmp_path / "called").read_text(encoding="utf-8").split() == \
        ["install", "update", "install"]


def test_it_works_from_another_folder_and_names_an_unknown_command(tmp_path):
    assert "./dev demo" in dev("help", folder=tmp_path).stdout
    done = dev("tests", folder=tmp_path)
    assert done.returncode == 2 and "does not know 'tests'" in done.stderr


SUITE = '<testsuites><testsuite tests="{}" failures="{}" errors="0" skipped="{}"/></testsuites>'


@pytest.mark.parametrize("suite, code, line", [
    ((9, 0, 2), 0, "7 passed, 0 failed, 2 skipped"),
    ((9, 3, 2), 1, "4 passed, 3 failed, 2 skipped"),
    ((9, 0, 0), 4, "9 passed, 1 failed, 0 skipped"),  # it failed beside its tests
    (None, 1, "0 passed, 1 failed, 0 skipped"),  # a build that broke
])
def test_the_closing_line_counts_what_happened(tmp_path, suite, code, line):
    if suite:
        (tmp_path / "one.xml").write_text(SUITE.format(*suite), encoding="utf-8")
    done = harness.run([sys.executable, STYLE / "count_results.py", tmp_path, f"one:{code}"])
    assert done.stdout.splitlines()[-1] == line
    assert done.returncode == (1 if " 0 failed" not in line else 0)


@pytest.fixture
def tree(tmp_path):
    """A small tree that keeps the rules."""
    root = tmp_path / "tree"
    for folder in ("base", "drivers", "agent", "sync", "lake", "boards", "toolchains", "tests",
                   "docs"):
        (root / folder).mkdir(parents=True)
        (root / folder / "README.md").write_text("# x\n\nTakes a from b, gives c to d.\n",
                                                 encoding="utf-8")
    (root / "base" / "error.h").write_text("int x;\n", encoding="utf-8")
    (root / "sync" / "target.h").write_text('#include "base/error.h"\n', encoding="utf-8")
    (root / "drivers" / "modbus").mkdir()
    (root / "drivers" / "modbus" / "modbus.h").write_text("int y;\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def layers(root):
    return harness.run([sys.executable, STYLE / "check_layers.py", root])


def test_a_tree_that_keeps_the_rules_passes(tree):
    assert layers(tree).returncode == 0, layers(tree).stdout


@pytest.mark.parametrize("name, text, complaint", [
    ("base/a.c", '#include "sync/target.h"\n', "base/ must not include sync/target.h"),
    ("drivers/mqtt/a.c", '#include "drivers/modbus/modbus.h"\n', "drivers/ must not include"),
    ("agent/store/a.c", '#include "sync/target.h"\n', "agent/store/ must not include"),
    ("lake/a.c", '#include "drivers/modbus/modbus.h"\n', "lake/ must not include"),
    ("base/b.c", '#include "error.h"\n', "from the root"),
    ("base/a.c", "\n" * 601, "601 lines"),
    ("base/a.h", "\n" * 201, "201 lines"),
    ("base/a.c", "/* TO" + "DO: later */\n", "finish it"),
    ("base/README.md", "# base\n\nThis folder is nice.\n", "Takes X from Y"),
])
def test_a_broken_rule_is_told(tree, name, text, complaint):
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text, encoding="utf-8")
    done = layers(tree)
    assert done.returncode == 1 and complaint in done.stdout, done.stdout
