"""Queues that cannot go on: copied to another machine, cut off, damaged under the running agent."""
import collections
import os
import subprocess
import types

import harness
import pyarrow.parquet as parquet
import pytest
from publisher import objects, rows
from test_running import DEVICE_POINTS, POINTS, upload

DAMAGE = bytes(range(1, 256)) * 4


def configuration(folder, plant):
    """Nothing falls due by itself."""
    return harness.leat_yaml(
        folder, harness.modbus_device("boiler", plant.port, DEVICE_POINTS, interval="100ms"),
        max_age="1h")


def collect(subject, more, **start):
    """Run until so many further readings are queued; stop."""
    subject.start(**start)
    subject.wait_status(lambda status: status["totals"]["queued"] >= more)
    assert subject.stop().code == 0


def numbers(lake):
    """How often each (incarnation, number) of a reading is there."""
    return collections.Counter(
        (path.name.split("-")[0], number) for path in objects(lake, "readings")
        for number in parquet.ParquetFile(path).read(["seq"])["seq"].to_pylist())


def incarnations(lake):
    """In order of their first events: incarnation, predecessor, reason."""
    events = [row for row in rows(lake, "events") if row["kind"] == "identity"]
    return [(row["subject"], row["detail"], row["reason"])
            for row in sorted(events, key=lambda row: row["ts"])]


def assert_whole(subject, lake):
    verified = harness.run([subject.programs.leat_lake, "verify", lake])
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.fixture
def elsewhere(programs, tmp_path):
    """Programs whose agent sees another machine-id."""
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("no right to a mount namespace")
    (tmp_path / "other-id").write_text("00112233445566778899aabbccddeeff\n", encoding="ascii")
    wrapper = tmp_path / "leat-elsewhere"
    wrapper.write_text(
        "#!/bin/sh\n"
        f"exec unshare --mount sh -c 'mount --bind \"{tmp_path}/other-id\" /etc/machine-id && "
        f"exec \"{programs.leat}\" \"$@\"' sh \"$@\"\n", encoding="ascii")
    wrapper.chmod(0o755)
    return types.SimpleNamespace(leat=wrapper, leat_lake=programs.leat_lake)


def test_a_cloned_queue_begins_anew_and_what_it_held_arrives_once(agent, slave, tmp_path, programs,
                                                                  elsewhere):
    plant = slave(POINTS)
    lake = tmp_path / "lake"
    subject = agent(configuration(tmp_path, plant))
    collect(subject, 100)
    subject.programs = elsewhere
    subject.start()
    aside = subject.wait_log("queue-set-aside")
    assert aside.fields["kept_as"].endswith("queue.db.other-host-1")
    drained = subject.wait_log("queue-drained")
    subject.wait_status(lambda status: status["totals"]["queued"] >= 50)
    assert subject.stop().code == 0
    subject.start()  # the same machine again: nothing more happens
    assert subject.log("queue-set-aside") == []
    assert subject.stop().code == 0
    assert not list(tmp_path.glob("queue.db.other-host*"))
    upload(subject)

    first, second = incarnations(lake)
    assert first[1] == "" and second[1] == first[0] == drained.fields["incarnation"]
    assert "machine-id" in second[2]
    count = numbers(lake)
    assert set(count.values()) == {1} and len(count) == plant.stop()
    queue = [row for row in rows(lake, "events") if row["kind"] == "queue"]
    assert [row["subject"] for row in sorted(queue, key=lambda row: row["seq"])
            ] == ["set-aside", "drained"]
    assert_whole(subject, lake)


def test_of_a_queue_cut_off_the_old_records_arrive(agent, slave, tmp_path):
    plant = slave(POINTS)
    lake = tmp_path / "lake"
    subject = agent(configuration(tmp_path, plant))
    collect(subject, 100)
    os.remove(tmp_path / "queue.db-wal")
    os.truncate(tmp_path / "queue.db", (tmp_path / "queue.db").stat().st_size * 3 // 4)
    subject.start()
    aside = subject.wait_log("queue-set-aside")
    assert aside.fields["kept_as"].endswith("queue.db.damaged-1")
    subject.wait_log("queue-salvaged")
    subject.wait_log("queue-drained")
    subject.wait_status(lambda status: status["totals"]["queued"] >= 50)
    assert subject.stop().code == 0
    assert (tmp_path / "queue.db.damaged-1").exists()
    assert "went to the lake" in (tmp_path / "queue.db.damaged-1.done").read_text(encoding="ascii")
    subject.start()  # once is enough
    subject.wait_status(lambda status: status["totals"]["queued"] >= 20)
    assert subject.stop().code == 0
    assert not subject.log("queue-salvaged") and not subject.log("queue-set-aside")
    upload(subject)

    count = numbers(lake)
    assert set(count.values()) == {1} and len(count) == plant.stop()
    first, second = incarnations(lake)
    assert second[1] == first[0]
    assert_whole(subject, lake)


def test_an_agent_whose_queue_is_damaged_under_it_goes_on(agent, slave, tmp_path, programs):
    plant = slave(POINTS)
    lake = tmp_path / "lake"
    subject = agent(configuration(tmp_path, plant))
    collect(subject, 100)
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 50)
    for name in ("queue.db", "queue.db-wal"):  # all but page 1: no slot is found any more
        with open(tmp_path / name, "r+b") as file:
            size = (tmp_path / name).stat().st_size
            file.seek(1024)
            file.write((DAMAGE * (size // len(DAMAGE) + 1))[:size - 1024])
    harness.run([programs.leat, "log", "--socket", subject.socket_path, *(
        os.urandom(1000).hex() for _ in range(20))])  # so that it needs pages it has not in memory
    subject.wait_log("queue-given-up")
    subject.wait_log("queue-set-aside")
    subject.process.wait_for_line("^(error queue-not-salvaged|info queue-drained) ")
    subject.wait_status(lambda status: status["totals"]["queued"] >= 50)
    assert (tmp_path / "queue.db.damaged-1.done").exists()
    assert subject.stop().code == 0
    plant.stop()
    upload(subject)
    count = numbers(lake)
    assert set(count.values()) == {1} and len(count) >= 50
    assert_whole(subject, lake)
