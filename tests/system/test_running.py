"""The running agent: end, reload, kill -9, and the values that arrive."""
import signal
import socket
import struct

import duckdb
import harness
from publisher import objects, rows

POINTS = [("level", "holding:10", "uint16", "", 1000), ("flow", "holding:20", "float32", "ABCD", 1000),
          ("energy", "input:30", "uint64", "CDAB", 1000), ("valve", "coil:4", "bool", "", 1000),
          ("power", "input:40", "int32", "ABCD", 1000)]


def point(row):
    name, address, kind, order, _ = row
    return {"name": name, "address": address, "type": kind, **({"order": order} if order else {})}


DEVICE_POINTS = [point(row) for row in POINTS]


def served_and_stored(plant, lake, device):
    """(name, raw) as the slave's journal and as the lake have it, each in order of time."""
    def raw_of(row):
        if row["value_double"] is not None:
            return struct.pack(">f", row["value_double"]).hex()
        return row["value_int"]
    served = {}
    for entry in plant.journal():
        served.setdefault(entry["name"], []).append(entry["raw"])
    stored = {}
    for row in sorted(rows(lake), key=lambda row: row["seq"]):
        if row["quality"] == 0:
            name = row["point_id"].removeprefix(device + "/")
            stored.setdefault(name, []).append(raw_of(row))
    return served, stored


def upload(agent):
    done = agent.command("upload", "--socket", agent.folder / "none.sock")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_slave_served_is_what_the_lake_holds(agent, slave, tmp_path):
    plant = slave(POINTS)
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS, interval="200ms"),
        max_age="2s"))
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 100)
    ended = subject.stop()
    assert ended.code == 0 and ended.took_seconds < 2
    produced = plant.stop()
    counts = subject.stopped_counts()
    assert counts["queued"] == produced and counts["suppressed"] == counts["rejected"] == 0
    upload(subject)
    served, stored = served_and_stored(plant, tmp_path / "lake", "boiler")
    assert stored == served
    with_duckdb = duckdb.execute(
        "select seq, epoch_us(ts), value_int, value_double from read_parquet(?) order by seq",
        [[str(path) for path in objects(tmp_path / "lake", "readings")]]).fetchall()
    assert with_duckdb == [(row["seq"], row["ts"], row["value_int"], row["value_double"])
                           for row in sorted(rows(tmp_path / "lake"), key=lambda row: row["seq"])]
    assert len(objects(tmp_path / "lake", "catalogue")) >= 1
    verified = harness.run([subject.programs.leat_lake, "verify", tmp_path / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_changed_file_is_applied_and_what_did_not_change_goes_on(agent, slave, tmp_path):
    plant, other = slave(POINTS), slave(POINTS, name="other")

    def text(scale):
        changed = [{**DEVICE_POINTS[0], "scale": scale}]
        return harness.leat_yaml(
            tmp_path, harness.modbus_device("steady", plant.port, DEVICE_POINTS, interval="100ms")
            + harness.modbus_device("changing", other.port, changed, interval="100ms"))
    subject = agent(text(1)).start()
    subject.wait_device("changing", "up")
    before = subject.wait_device("steady", "up")
    subject.write_config(text(0.1))
    subject.reload()
    applied = subject.wait_log("config-applied")
    assert (applied.fields["kept"], applied.fields["started"], applied.fields["stopped"]) == \
        ("1", "1", "1")
    after = subject.wait_device("changing", "up")

    def polls(status, name):
        return next(device["polls"] for device in status["devices"] if device["name"] == name)
    assert polls(after, "steady") >= polls(before, "steady") > 0  # its counters went on
    lines = len(subject.process.lines["stderr"])
    subject.write_config(text(0.1).replace("gateway:", "gatway:"))
    subject.reload()
    subject.wait_log("config-refused", after=lines)
    subject.write_config(text(0.1).split("  - name: changing")[0])
    subject.reload()
    subject.wait_log("config-applied", after=lines, kept=1, stopped=1)
    assert subject.stop().code == 0
    upload(subject)
    revisions = {(row["point_id"], row["revision"], row["scale"])
                 for row in rows(tmp_path / "lake", "catalogue")}
    assert {("changing/level", 1, 1.0), ("changing/level", 2, 0.1)} <= revisions
    used = {row["definition"] for row in rows(tmp_path / "lake")
            if row["point_id"] == "changing/level"}
    assert used == {1, 2}


def test_another_name_waits_for_the_restart(agent, slave, tmp_path):
    """Numbers belong to a name: the running agent keeps both, and says so."""
    plant = slave(POINTS)

    def text(gateway):
        return harness.leat_yaml(tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS,
                                                                 interval="100ms"), gateway=gateway)
    subject = agent(text("gw-1")).start()
    subject.wait_device("boiler", "up")
    subject.write_config(text("gw-2"))
    subject.reload()
    refused = subject.wait_log("config-refused")
    assert "restarted" in refused.fields["error"]
    assert subject.status()["gateway"] == "gw-1"
    before = subject.status()["incarnation"]
    assert subject.stop().code == 0
    subject.start()
    assert subject.status()["gateway"] == "gw-2" and subject.status()["incarnation"] != before


def test_killed_again_and_again_what_was_committed_is_there_once(agent, slave, tmp_path):
    plant = slave(POINTS)
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS, interval="50ms"),
        flush="100ms", max_age="1s"))
    committed = 0
    for _ in range(8):
        subject.start()
        state = subject.wait_status(
            lambda status: status["streams"][1]["committed"] >= committed + 50)
        committed = state["streams"][1]["committed"]
        subject.kill()
    subject.start()
    assert subject.stop().code == 0
    plant.stop()
    upload(subject)
    found = rows(tmp_path / "lake")
    assert sorted(row["seq"] for row in found) == list(range(1, len(found) + 1))
    assert len(found) >= committed
    verified = harness.run([subject.programs.leat_lake, "verify", tmp_path / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_an_interrupt_ends_it_as_cleanly_as_a_termination(agent, slave, tmp_path):
    plant = slave(POINTS)
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS)))
    subject.start().wait_device("boiler", "up")
    subject.process.signal(signal.SIGINT)
    assert subject.process.wait(5).code == 0
    assert not subject.socket_path.exists()


def test_batches_grow_as_old_as_configured(agent, slave, tmp_path):
    plant = slave(POINTS)
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("boiler", plant.port, DEVICE_POINTS, interval="100ms"),
        max_age="3s"))
    subject.start()
    # Without the age they would be cut at every look of the uplink, once a second.
    status = subject.wait_status(lambda status: status["uptime_s"] >= 10 and
                                 status["totals"]["uploaded"] > 0)
    assert subject.stop().code == 0
    cut = objects(tmp_path / "lake", "readings")
    assert 1 <= len(cut) <= (status["uptime_s"] + 1) // 3 + 1


def test_a_termination_during_a_reload_is_not_kept_waiting(agent, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
        subject = agent(harness.leat_yaml(
            tmp_path, harness.modbus_device("mute", silent.getsockname()[1], DEVICE_POINTS,
                                            timeout="8s")))
        subject.start()
        peer, _ = silent.accept()
        assert peer.recv(1)  # the device is being read
        subject.write_config(subject.config_path.read_text().replace("name: mute", "name: calm"))
        subject.reload()
        ended = subject.stop()
        peer.close()
    assert ended.code == 0 and ended.took_seconds < 2
