"""`./dev demo`, shorter: its account agrees, and does not when something was taken away."""
import json
import re
import sys

import harness
import pytest


@pytest.fixture
def demo(pytestconfig, tmp_path):
    def run(*options):
        done = harness.run([sys.executable, harness.ROOT / "tests/demo/demo.py", "--seconds", "20",
                            "--folder", tmp_path / "demo",
                            "--build", pytestconfig.getoption("build").resolve(), *options],
                           timeout=900)
        summary = json.loads((tmp_path / "demo/summary.json").read_text(encoding="utf-8")) \
            if (tmp_path / "demo/summary.json").exists() else None
        return done, summary
    return run


def test_every_value_that_the_plant_produced_is_accounted_for(demo, tmp_path):
    done, summary = demo()
    lake = tmp_path / "demo" / "lake"
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(summary) == ["produced", "suppressed", "rejected", "queued", "uploaded",
                             "integrated", "gaps", "rss_kib", "cpu_percent", "notes", "notes_uploaded",
                             "notes_integrated"]
    assert summary["produced"] == \
        summary["queued"] + summary["suppressed"] + summary["rejected"]
    assert summary["queued"] == summary["uploaded"] == summary["integrated"]
    assert summary["gaps"] == 0
    assert summary["notes"] == summary["notes_uploaded"] == summary["notes_integrated"] == 5
    assert min(summary[key] for key in ("suppressed", "rejected", "queued")) > 0
    # Batches of 15 s: one is cut while the plant runs, one is what `leat upload` finds.
    objects = list((lake / "raw").glob("*/*/stream=readings/*/*/*.parquet"))
    assert 1 <= len(objects) <= 4, objects


def test_an_object_taken_out_of_the_lake_is_missed(demo):
    done, summary = demo("--delete-one-object")
    assert done.returncode == 1, done.stdout + done.stderr
    taken = re.search(r"deleted, as asked: .*-(\d{12})-(\d{12})-\w+\.parquet", done.stdout)
    first, last = (int(number) for number in taken.groups())
    assert summary["gaps"] == last - first + 1
    assert summary["uploaded"] - summary["integrated"] == last - first + 1
    told = done.stdout[done.stdout.index("The numbers do not agree"):]
    assert str(first) in told and str(last) in told
