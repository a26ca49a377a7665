"""P1: what a broker was told is accepted is on disk, through kills, cut connections and a backlog larger
than the inbox; and one broker of several does not hold up another."""
import random

import duckdb
import harness
from cut_proxy import CutProxy
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


CUTS = 10


def test_10_cut_connections_under_a_live_publisher_lose_nothing(agent, broker, closing, programs,
                                                                tmp_path):
    """A connection that breaks in the middle of a packet; and coming back makes no storm: one
    CONNECT and one SUBSCRIBE a cut."""
    server = broker()
    proxy = closing(CutProxy(server.port))
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", proxy.port), flush="5s",
                                      max_age="2s", ring="64MiB"))
    subject.start().wait_device("line", "up")
    publisher = closing(Publisher(server.port)).start()
    dice = random.Random(10)
    accepted = 0
    for cut in range(CUTS):
        accepted += BETWEEN_KILLS + dice.randrange(100)
        publisher.wait_accepted(accepted)
        said = len(subject.process.lines["stderr"])
        assert proxy.cut() == 1
        subject.wait_log("device-up", timeout=60, after=said, device="line")
        assert proxy.accepted == cut + 2
    total = publisher.stop()
    wait_in_lake(subject, tmp_path / "lake", "line/press-count", total - 1)
    assert subject.stop().code == 0
    drained(subject)
    assert_nothing_lost(tmp_path / "lake", publisher.accepted(), "line/press-count")
    assert len(publisher.accepted()) == total > CUTS * BETWEEN_KILLS
    assert unflagged_doubles(programs, tmp_path / "lake", tmp_path) == 0
    server.stop()
    said = server.process.said(last=10**9)
    assert said.count("Received SUBSCRIBE from leat-under-test-line") == CUTS + 1


def test_two_brokers_and_one_of_them_away_costs_the_other_nothing(agent, broker, closing, tmp_path):
    first, second = broker("first"), broker("second")
    devices = mqtt_device("line", first.port) + mqtt_device("hall", second.port)
    subject = agent(harness.leat_yaml(tmp_path, devices, max_age="2s", ring="64MiB"))
    subject.start().wait_device("line", "up")
    subject.wait_device("hall", "up")
    publishers = {"line": closing(Publisher(first.port)).start(),
                  "hall": closing(Publisher(second.port)).start()}
    for publisher in publishers.values():
        publisher.wait_accepted(200)
    total = {"line": publishers["line"].stop()}
    wait_in_lake(subject, tmp_path / "lake", "line/press-count", total["line"] - 1)
    first.kill()
    subject.wait_device("line", "down")
    publishers["hall"].wait_accepted(len(publishers["hall"].accepted()) + 600)
    total["hall"] = publishers["hall"].stop()
    wait_in_lake(subject, tmp_path / "lake", "hall/press-count", total["hall"] - 1)
    assert {line.fields["device"] for line in subject.log("device-down")} == {"line"}
    assert subject.stop().code == 0
    drained(subject)
    for name, publisher in publishers.items():
        assert len(publisher.accepted()) == total[name]
        assert_nothing_lost(tmp_path / "lake", publisher.accepted(), f"{name}/press-count")
