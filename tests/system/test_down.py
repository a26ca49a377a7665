"""What is lost while nobody reads is told in the lake: the time the agent was down, a device taken out."""
import signal

import harness
from publisher import rows

POINTS = [("level", "holding:10", "uint16", "", 1000)]
ALARM = [{"name": "level", "address": "holding:10", "type": "uint16", "role": "alarm"}]


def test_each_time_down_and_a_device_taken_out_are_events_in_the_lake(agent, slave, tmp_path):
    plant = slave(POINTS)

    def text(devices):
        return harness.leat_yaml(tmp_path, devices, flush="10s")
    boiler = harness.modbus_device("boiler", plant.port, ALARM, interval="100ms")
    subject = agent(text(boiler)).start()
    subject.wait_status(lambda status: status["totals"]["queued"] >= 5)
    subject.kill()  # long before the flush: what is there was committed as an alarm
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 5)
    subject.write_config(text("  []\n"))
    subject.reload()
    assert subject.stop().code == 0
    subject.start()
    assert subject.stop().code == 0
    done = subject.command("upload", "--socket", subject.folder / "none.sock")
    assert done.returncode == 0, done.stdout + done.stderr

    events = sorted(rows(tmp_path / "lake", "events"), key=lambda row: row["seq"])
    down = [row for row in events if row["kind"] == "down"]
    assert [row["reason"] for row in down] == [
        "it was killed or crashed", f"it was stopped (signal {int(signal.SIGTERM)})"]
    assert all(row["detail"] == "only the agent was restarted" for row in down)
    removed = [row["detail"] for row in events if row["kind"] == "config" and row["subject"] == "removed"]
    assert removed == ["boiler"]
    alarms = [row for row in events if row["kind"] == "alarm"]
    assert len(alarms) >= 2 and {row["subject"] for row in alarms} == {"boiler/level"}
    readings = rows(tmp_path / "lake")
    assert len(readings) >= 10  # those before the kill among them
    verified = harness.run([subject.programs.leat_lake, "verify", tmp_path / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr
