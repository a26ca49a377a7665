"""`leat queue stat | check | export`: of the running agent, of a file, with every stupid mistake."""
import contextlib
import csv
import json
import os
import shutil
import sqlite3
import subprocess
import threading

import duckdb
import harness
import pyarrow.parquet
import pytest

POINTS = [("level", "holding:10", "uint16", "", 100), ("flow", "holding:20", "float32", "ABCD", 100),
          ("power", "holding:30", "int16", "", 100), ("valve", "coil:4", "bool", "", 100)]
DEVICE_POINTS = [{"name": "level", "address": "holding:10", "type": "uint16", "scale": 0.5,
                  "unit": "m"},
                 {"name": "flow", "address": "holding:20", "type": "float32", "order": "ABCD"},
                 {"name": "power", "address": "holding:30", "type": "int16"},
                 {"name": "valve", "address": "coil:4", "type": "bool"}]


@pytest.fixture
def collecting(agent, slave, tmp_path):
    """An agent with some hundreds of readings in its queue, none of them uploaded."""
    plant = slave(POINTS)
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS, interval="10ms"),
        flush="200ms", max_age="1d"))
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 300)
    return subject


def queue(agent, word, *options, socket=None):
    return agent.command("queue", word, "--socket", socket or agent.socket_path, *options)


def stopped(agent):
    agent.stop()
    return agent.folder / "none.sock"


def test_the_running_agent_tells_what_is_in_its_queue(collecting):
    done = queue(collecting, "stat", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    readings = next(row for row in told["streams"] if row["name"] == "readings")
    assert told["incarnation"] == collecting.status()["incarnation"]
    assert readings["waiting"] >= 100 and readings["acknowledged"] == 0
    assert readings["newest"] >= readings["oldest_waiting"] > "2020"
    assert told["queue"]["bytes"] > 1 << 20
    table = queue(collecting, "stat")
    assert table.returncode == 0 and "readings" in table.stdout


def test_the_same_of_a_file_whose_agent_is_gone(collecting, tmp_path):
    collecting.wait_status(lambda status: status["totals"]["queued"] >= 500)
    gone = stopped(collecting)
    before = (tmp_path / "queue.db").read_bytes()
    told = json.loads(queue(collecting, "stat", "--json", socket=gone).stdout)
    readings = next(row for row in told["streams"] if row["name"] == "readings")
    assert readings["committed"] == collecting.stopped_counts()["queued"]
    checked = queue(collecting, "check", "--queue", tmp_path / "queue.db")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.splitlines()[-1].startswith("whole: ")
    assert (tmp_path / "queue.db").read_bytes() == before


def test_exports_of_the_live_queue_while_it_collects(collecting, tmp_path):
    polls = collecting.status()["devices"][0]
    done = queue(collecting, "export", "--format", "csv", "--output", tmp_path / "out.csv",
                 "--to", "200")
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["seq"]) for line in lines] == list(range(1, 201))
    for line in lines:
        if line["point_id"] == "boiler/level":
            assert float(line["value"]) == int(line["value_int"]) * 0.5 and line["unit"] == "m"
    done = queue(collecting, "export", "--output", tmp_path / "parquet", "--from", "11")
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "parquet").iterdir())
    rows = [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
    assert [row["seq"] for row in rows] == list(range(11, 11 + len(rows))) and len(rows) >= 200
    assert duckdb.execute("select count(*) from read_parquet(?)",
                          [[str(file) for file in files]]).fetchone() == (len(rows),)
    raw = {int(line["seq"]): line["value_int"] for line in lines if line["value_int"]}
    assert {row["seq"]: str(row["value_int"]) for row in rows
            if row["value_int"] is not None and row["seq"] <= 200} == \
        {number: value for number, value in raw.items() if number >= 11}
    after = collecting.status()["devices"][0]
    assert after["polls"] > polls["polls"]


@pytest.mark.parametrize("stream", ["events", "catalogue", "readings", "logs"])
def test_every_stream_can_be_exported_dead_in_both_forms(collecting, tmp_path, stream):
    gone = stopped(collecting)
    for form, output in (("csv", tmp_path / "out.csv"), ("parquet", tmp_path / "folder")):
        done = queue(collecting, "export", "--stream", stream, "--format", form, "--output", output,
                     socket=gone)
        assert done.returncode == 0, done.stderr
    if stream == "logs":
        return  # nothing wrote any
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = [row for file in sorted((tmp_path / "folder").iterdir())
            for row in pyarrow.parquet.read_table(file).to_pylist()]
    assert len(lines) == len(rows) > 0
    assert [int(line["seq"]) for line in lines] == [row["seq"] for row in rows]
    to_output = queue(collecting, "export", "--stream", stream, "--format", "csv", "--output", "-",
                      socket=gone)
    assert to_output.stdout.replace("\r\n", "\n") == \
        (tmp_path / "out.csv").read_bytes().decode().replace("\r\n", "\n")


def test_times_choose_records(collecting, tmp_path):
    gone = stopped(collecting)
    everything = queue(collecting, "export", "--format", "csv", "--output", "-", "--from",
                       "2020-01-01", socket=gone).stdout.splitlines()
    received = [line.split(",")[2] for line in everything[1:]]
    middle = received[len(received) // 2]
    some = queue(collecting, "export", "--format", "csv", "--output", "-", "--from", middle,
                 socket=gone).stdout.splitlines()
    assert len(some) - 1 == sum(1 for stamp in received if stamp >= middle)
    none = queue(collecting, "export", "--format", "csv", "--output", "-", "--to", "2020-01-01",
                 socket=gone)
    assert none.returncode == 0 and "0 rows" in none.stderr
    assert none.stdout.splitlines() == everything[:1]  # the header


def test_a_flipped_bit_is_found_and_named(collecting, tmp_path):
    gone = stopped(collecting)
    file = tmp_path / "queue.db"
    queue(collecting, "stat", socket=gone)
    content = bytearray(file.read_bytes() + (tmp_path / "queue.db-wal").read_bytes())
    slots = [at for at in range(len(content) - 8) if content[at:at + 8] == b"LEATSLOT"
             and content[at + 10] == 1]
    assert slots
    for at in slots:
        content[at + 300] ^= 4
    size = file.stat().st_size
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "queue.db").write_bytes(content[:size])
    (copy / "queue.db-wal").write_bytes(content[size:])
    checked = queue(collecting, "check", "--queue", copy / "queue.db")
    assert checked.returncode == 1
    assert checked.stdout + checked.stderr


def copy_without_journal(tmp_path):
    """A copy of the stopped agent's queue, all of it in the one file."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("queue.db", "queue.db-wal"):
        shutil.copy(tmp_path / name, copy / name)
    with contextlib.closing(sqlite3.connect(copy / "queue.db")) as database:
        assert database.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
    return copy / "queue.db"


def test_repair_makes_a_new_queue_from_a_damaged_one(collecting, tmp_path):
    gone = stopped(collecting)
    stored = collecting.stopped_counts()["queued"]
    damaged = copy_without_journal(tmp_path)
    with open(damaged, "r+b") as file:
        file.write(b"no database any more")  # the first page is gone
    before = damaged.read_bytes()
    assert queue(collecting, "check", "--queue", damaged).returncode == 1
    mended = tmp_path / "mended.db"
    done = queue(collecting, "repair", "--queue", damaged, "--output", mended)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "salvaged-1" in done.stdout and damaged.read_bytes() == before
    checked = queue(collecting, "check", "--json", "--queue", mended)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    readings = next(row for row in json.loads(checked.stdout)["streams"]
                    if row["name"] == "readings")
    assert readings["records"] == stored
    again = queue(collecting, "repair", "--queue", damaged, "--output", mended)
    assert again.returncode == 1 and "not overwritten" in again.stderr
    assert gone


def test_repair_leaves_a_running_agent_and_rubbish_alone(collecting, tmp_path):
    done = queue(collecting, "repair", "--output", tmp_path / "mended.db")
    assert done.returncode == 1 and "an agent has the queue" in done.stderr
    (tmp_path / "rubbish").write_bytes(os.urandom(300000))
    done = queue(collecting, "repair", "--queue", tmp_path / "rubbish", "--output",
                 tmp_path / "mended.db")
    assert done.returncode == 1 and done.stderr.startswith("leat: ")
    assert not (tmp_path / "mended.db").exists()
    done = queue(collecting, "repair", "--queue", tmp_path / "rubbish")
    assert done.returncode == 2 and "--output" in done.stderr


def test_a_queue_on_a_read_only_folder_can_be_read(collecting, tmp_path):
    gone = stopped(collecting)
    folder = tmp_path / "read-only"
    folder.mkdir()
    for name in ("queue.db", "queue.db-wal"):
        shutil.copy(tmp_path / name, folder / name)
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", folder, folder],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount: " + mounted.stderr.strip())
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        checked = queue(collecting, "check", "--queue", folder / "queue.db")
    finally:
        subprocess.run(["umount", folder], check=True)
    assert checked.returncode == 0, checked.stderr
    assert gone


def test_two_exports_at_once(collecting, tmp_path):
    """The second waits or is told; neither breaks the other, and `leat status` goes on."""
    results = {}

    def export(name):
        results[name] = queue(collecting, "export", "--output", tmp_path / name)
    threads = [threading.Thread(target=export, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    assert collecting.status()["devices"]
    for thread in threads:
        thread.join()
    assert 0 in {done.returncode for done in results.values()}
    for done in results.values():
        assert done.returncode == 0 or "another" in done.stderr


@pytest.mark.parametrize("words, expected, code", [
    ((), "write stat, check, export or repair", 2),
    (("look",), "'queue look' is not a command", 2),
    (("stat", "--stream", "readings"), "--stream belongs to export", 2),
    (("export",), "say where to with --output", 2),
    (("export", "--output", "x", "--stream", "reading"), "write readings, events", 2),
    (("export", "--output", "x", "--format", "xlsx"), "write csv or parquet", 2),
    (("export", "--output", "x", "--from", "noon"), "neither a number nor a time", 2),
    (("stat", "--queue", "nowhere.db"), "there is no queue nowhere.db", 1),
])
def test_a_mistake_gets_a_sentence(collecting, words, expected, code):
    done = collecting.command("queue", *words, "--socket", collecting.socket_path)
    assert done.returncode == code
    assert expected in done.stdout + done.stderr


def test_files_are_never_overwritten_and_agents_files_not_copied(collecting, tmp_path):
    (tmp_path / "there.csv").write_text("mine")
    done = queue(collecting, "export", "--format", "csv", "--output", tmp_path / "there.csv")
    assert done.returncode == 1 and "is not overwritten" in done.stderr
    assert (tmp_path / "there.csv").read_text() == "mine"
    done = queue(collecting, "stat", "--queue", tmp_path / "queue.db")
    assert done.returncode == 1 and "an agent has the queue" in done.stderr
    (tmp_path / "no-queue").write_text("hello")
    done = queue(collecting, "stat", "--queue", tmp_path / "no-queue")
    assert done.returncode == 1 and done.stderr.startswith("leat: ")


def test_a_copy_that_does_not_fit_is_told_in_figures(collecting, tmp_path):
    gone = stopped(collecting)
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount: " + mounted.stderr.strip())
    try:
        done = queue(collecting, "check", "--work-folder", small, socket=gone)
        left = os.listdir(small)
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.returncode == 1 and "--work-folder" in done.stderr and "MiB" in done.stderr
    assert left == []
