"""The demo's plant with its agent killed in the middle, twice: nothing acknowledged is missing,
nothing counts twice."""
import sys

import duckdb
import harness
from publisher import rows

sys.path.insert(0, str(harness.ROOT / "tests" / "demo"))

import plant  # noqa: E402

KILLS = 2
FLUSH_SECONDS = 1  # what a polled value may be lost for: one flush interval and the poll it is in


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(value in rest for value in part)


def test_the_demo_survives_kills_in_its_middle(agent, broker, slave, closing, programs, tmp_path):
    server = broker()
    served, wanted = plant.points_of(plant.PACKER)
    packer = slave(served)
    devices = harness.modbus_device("packer", packer.port, wanted, timeout="5s") \
        + plant.mqtt_device("line-1", server.port)
    subject = agent(harness.leat_yaml(tmp_path, devices, max_age="3s", flush=f"{FLUSH_SECONDS}s"))
    subject.start().wait_device("line-1", "up")
    machines = closing(plant.Publisher(server.port)).start()
    for _ in range(KILLS):
        uploaded = subject.status()["totals"]["uploaded"]
        subject.wait_status(lambda status, uploaded=uploaded:
                            status["totals"]["uploaded"] > uploaded, what="an upload")
        subject.kill()
        subject.start()
    subject.wait_device("packer", "up")
    machines.stop()

    def every_payload_is_there(_):
        return len(parts_in(tmp_path / "lake")) == machines.good
    subject.wait_status(every_payload_is_there, 60, "every payload in the lake")
    assert subject.stop().code == 0
    packer.stop()
    done = subject.command("upload", "--socket", tmp_path / "none.sock")
    assert done.returncode == 0, done.stderr

    warehouse = tmp_path / "warehouse.duckdb"
    done = harness.run([programs.leat_lake, "integrate", tmp_path / "lake", warehouse, "--dbt",
                        harness.ROOT / "build/venv/bin/dbt"], timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(warehouse), read_only=True) as base:
        doubles, counted = base.sql(
            "select (select count(*) from (select point_id, ts from business.fact_reading "
            "where not is_duplicate group by 1, 2 having count(*) > 1)), "
            "(select count(*) from business.fact_reading where not is_duplicate "
            "and point_id like 'line-1/%-parts')").fetchone()
    assert doubles == 0
    assert counted == machines.good

    journal, stored = {}, {}
    for entry in packer.journal():
        journal.setdefault(entry["name"], []).append(entry["raw"])
    for row in sorted(rows(tmp_path / "lake"), key=lambda row: row["seq"]):
        if row["point_id"].startswith("packer/count-") and row["quality"] == 0:
            stored.setdefault(row["point_id"].removeprefix("packer/"), []).append(row["value_int"])
    assert len(stored) == 5
    for name, values in stored.items():
        assert is_subsequence(values, journal[name])
        assert len(journal[name]) - len(values) <= KILLS * (FLUSH_SECONDS + 2)


def parts_in(lake):
    return {(row["point_id"], row["ts"]) for row in rows(lake)
            if row["point_id"].endswith("-parts")}
