"""P1: what a broker was told is accepted is on disk, through kills, cut connections and a backlog larger
than the inbox; and one broker of several does not hold up another."""
import random

import duckdb
import harness
from cut_proxy import CutProxy
from publisher import Publisher, assert_nothing_lost, mqtt_device, wait_in_lake

KILLS, CUTS = 25, 10
BETWEEN_TROUBLES = 250  # messages


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


def assert_all_in_lake(subject, publisher, lake, device="line"):
    """Stop both; what the broker accepted is in the lake, and how much that is."""
    total = publisher.stop()
    wait_in_lake(subject, lake, f"{device}/press-count", total - 1)
    assert subject.stop().code == 0
    drained(subject)
    accepted = publisher.accepted()
    assert len(accepted) == total
    assert_nothing_lost(lake, accepted, f"{device}/press-count")
    return total


def test_25_kills_and_10_cuts_under_a_live_publisher_lose_nothing(agent, broker, closing, programs,
                                                                  tmp_path):
    """kill -9 at any moment; a connection that breaks in the middle of a packet. And coming back makes
    no storm: each costs one CONNECT and one SUBSCRIBE at most."""
    server = broker()
    proxy = closing(CutProxy(server.port))
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", proxy.port), flush="5s",
                                      max_age="2s", ring="64MiB"))
    subject.start().wait_device("line", "up")
    publisher = closing(Publisher(server.port)).start()
    dice = random.Random(25)
    troubles = ["kill"] * KILLS + ["cut"] * CUTS
    dice.shuffle(troubles)
    accepted = 0
    for trouble in troubles:
        accepted += BETWEEN_TROUBLES + dice.randrange(100)
        publisher.wait_accepted(accepted)
        if trouble == "kill":
            subject.kill()
            subject.start()
        else:
            subject.wait_device("line", "up", timeout=60)
            said = len(subject.process.lines["stderr"])
            assert proxy.cut() >= 1  # and those of killed agents
            subject.wait_log("device-up", timeout=60, after=said, device="line")
    subject.wait_device("line", "up")
    total = assert_all_in_lake(subject, publisher, tmp_path / "lake")
    assert total > len(troubles) * BETWEEN_TROUBLES
    assert unflagged_doubles(programs, tmp_path / "lake", tmp_path) == 0
    assert 1 + CUTS <= proxy.accepted <= 1 + len(troubles)
    server.stop()
    subscribed = server.process.said(last=10**9).count("Received SUBSCRIBE from leat-under-test-line")
    assert 1 + CUTS <= subscribed <= 1 + len(troubles)
    print(f"{KILLS} kills, {CUTS} cuts: {total} accepted, 0 lost, {proxy.accepted} connections")


def test_a_backlog_larger_than_the_inbox_comes_through(agent, broker, closing, tmp_path):
    """A broker sends what it kept for us before it answers the subscription, and all at once."""
    server = broker(lines=("max_queued_messages 0", "max_inflight_messages 0"))
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", server.port), max_age="2s",
                                      ring="64MiB"))
    subject.start().wait_device("line", "up")
    assert subject.stop().code == 0
    publisher = closing(Publisher(server.port, rate=4000)).start()
    publisher.wait_accepted(12000)
    publisher.stop()
    subject.start()
    assert_all_in_lake(subject, publisher, tmp_path / "lake")
    assert not subject.log("device-down")


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
