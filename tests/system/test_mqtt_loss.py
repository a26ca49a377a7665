"""P1: what a broker was told is accepted is on disk, through kills, through a TLS broker that stops
reading; and the rate follows the commits, not the flush interval."""
import random

import duckdb
import harness
from publisher import Publisher, assert_nothing_lost, mqtt_device, wait_in_lake

KILLS = 25
BETWEEN_KILLS = 250  # messages


def drained(agent):
    done = agent.command("upload", "--socket", agent.folder / "none.sock")
    assert done.returncode == 0, done.stderr


def unflagged_doubles(programs, lake, folder):
    """Integrate, and count (point, ts) that stand unflagged more than once."""
    warehouse = folder / "warehouse.duckdb"
    done = harness.run([programs.leat_lake, "integrate", lake, warehouse, "--dbt",
                        harness.ROOT / "build/venv/bin/dbt"], timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(warehouse), read_only=True) as base:
        return base.sql("select count(*) from (select point_id, ts from business.fact_reading "
                        "where not is_duplicate group by 1, 2 having count(*) > 1)").fetchone()[0]


def test_25_kills_under_a_live_publisher_lose_nothing(agent, broker, closing, programs, tmp_path):
    server = broker()
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", server.port), flush="5s",
                                      max_age="2s", ring="64MiB"))
    subject.start().wait_device("line", "up")
    publisher = closing(Publisher(server.port)).start()
    dice = random.Random(25)
    accepted = 0
    for _ in range(KILLS):
        accepted += BETWEEN_KILLS + dice.randrange(100)
        publisher.wait_accepted(accepted)
        subject.kill()
        subject.start()
    subject.wait_device("line", "up")
    total = publisher.stop()
    wait_in_lake(subject, tmp_path / "lake", "line/press-count", total - 1)
    assert subject.stop().code == 0
    drained(subject)
    assert_nothing_lost(tmp_path / "lake", publisher.accepted(), "line/press-count")
    assert len(publisher.accepted()) == total > KILLS * BETWEEN_KILLS
    assert unflagged_doubles(programs, tmp_path / "lake", tmp_path) == 0


def test_a_backlog_larger_than_the_inbox_comes_through(agent, broker, closing, tmp_path):
    """A broker sends what it kept for us before it answers the subscription, and all at once."""
    server = broker(lines=("max_queued_messages 0", "max_inflight_messages 0"))
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", server.port), max_age="2s",
                                      ring="64MiB"))
    subject.start().wait_device("line", "up")
    assert subject.stop().code == 0
    publisher = closing(Publisher(server.port, rate=4000)).start()
    publisher.wait_accepted(12000)
    total = publisher.stop()
    subject.start()
    wait_in_lake(subject, tmp_path / "lake", "line/press-count", total - 1)
    assert not subject.log("device-down")
    assert subject.stop().code == 0
    drained(subject)
    assert_nothing_lost(tmp_path / "lake", publisher.accepted(), "line/press-count")
