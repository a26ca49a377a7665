"""The gateway itself as a device: what it says of itself reaches the lake, with units."""
import harness
import pathlib

import pyarrow.parquet


def rows_of(folder, stream):
    return [row for path in pathlib.Path(folder / "lake").rglob(f"stream={stream}/**/*.parquet")
            for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()]


def test_the_gateway_tells_of_itself_without_any_point_listed(agent, programs, tmp_path):
    devices = ("  - { name: box, driver: gateway, interval: 1s }\n"
               + harness.modbus_device("away", harness.free_port(), [
                   {"name": "p", "address": "holding:1", "type": "int16"}]))
    subject = agent(harness.leat_yaml(tmp_path, devices, max_age="1s"))
    checked = subject.check()
    assert checked.returncode == 0 and "gateway      1 device, " in checked.stdout
    subject.start()
    subject.wait_device("away", "down")
    subject.wait_status(lambda status: status["uplink"]["objects"] >= 4, what="uploads")
    polls = subject.status()["totals"]["queued"]
    subject.wait_status(lambda status: status["totals"]["queued"] >= polls + 20, what="readings")
    resident = subject.process.memory_peak_kib() * 1024
    assert subject.stop().code == 0
    assert subject.command("upload").returncode == 0
    assert harness.run([programs.leat_lake, "verify", tmp_path / "lake"]).returncode == 0

    points = {row["point_id"]: row for row in rows_of(tmp_path, "catalogue")}
    assert points["box/memory-available"]["unit"] == "By"
    assert points["box/cpu-busy"]["unit"] == "%"
    values = {}
    for row in sorted(rows_of(tmp_path, "readings"), key=lambda row: row["seq"]):
        if row["quality"] == 0:
            value = row["value_int"] if row["value_int"] is not None else row["value_double"]
            values.setdefault(row["point_id"].removeprefix("box/"), []).append(value)
    assert 0 <= values["cpu-busy"][-1] <= 100
    assert 1 << 20 < values["agent-memory"][-1] <= resident
    assert values["disk-free"][-1] > 0 and values["queue-disk-free"][-1] > 0
    assert values["uptime"] == sorted(values["uptime"])
    assert values["devices-up"][-1] == 1 and values["devices-down"][-1] == 1
    assert values["sync-up"][-1] == 1 and values["sync-bytes"][-1] > 0
    assert values["queue-readings-lost"] == [0]  # report by exception: once
    assert any(value > 0 for value in values["queue-events-waiting"])
    links = [name for name in values if name.startswith("link-") and name.endswith("-received")]
    assert links and all(points[f"box/{name}"]["role"] == "counter" for name in links)
