"""Sparkplug B through a real broker: births, aliases, deaths, sequence gaps, what comes late, and what
an agent makes of it that was started anew. The edge node's payloads are made by pysparkplug."""
import datetime
import time

import harness
import pysparkplug as spb
from publisher import rows
from sparkplug_node import Node, metric

FIRST = 1_760_000_000_000
BAD_NO_COMMUNICATION = 0x80310000
UNCERTAIN = 0x40000000
Type = spb.DataType

VALUES = [("int8", Type.INT8, -128, -128), ("int16", Type.INT16, -2, -2),
          ("int32", Type.INT32, -2**31, -2**31), ("int64", Type.INT64, -2**63, -2**63),
          ("uint8", Type.UINT8, 255, 255), ("uint16", Type.UINT16, 65535, 65535),
          ("uint32", Type.UINT32, 2**32 - 1, 2**32 - 1),
          ("uint64", Type.UINT64, 2**63 - 1, 2**63 - 1), ("float", Type.FLOAT, 0.5, 0.5),
          ("double", Type.DOUBLE, -0.1, -0.1), ("boolean", Type.BOOLEAN, True, 1),
          ("string", Type.STRING, "grün", "grün"), ("text", Type.TEXT, "", ""),
          ("uuid", Type.UUID, "1-2-3", "1-2-3"),
          ("datetime", Type.DATETIME,
           datetime.datetime.fromtimestamp(FIRST / 1000, datetime.timezone.utc), FIRST)]


def device(port, points="", topic="spBv1.0/plant-1/#", more=""):
    return (f"  - name: line\n    driver: mqtt\n    broker: mqtt://127.0.0.1:{port}\n"
            f"    client_id: leat-under-test\n{more}    subscriptions:\n"
            f"      - topic: '{topic}'\n        payload: sparkplug\n{points}")


def wait_rows(subject, lake, wanted, stream="readings", timeout=40):
    """The rows of the lake once `wanted` is true of them."""
    deadline = time.monotonic() + timeout
    while not wanted(found := rows(lake, stream)):
        if time.monotonic() > deadline or subject.process.ended.wait(0.3):
            raise harness.Trouble(f"not in the lake: {found[-5:]}\n{subject.process.said()}")
    return found


def values(found, point):
    """[(epoch ms, value, status)] of one point, in order of its arrival."""
    return [(row["ts"] // 1000,
             next((row[key] for key in ("value_int", "value_double", "value_text")
                   if row[key] is not None), None), row["quality"])
            for row in sorted(found, key=lambda row: row["seq"])
            if row["point_id"] == f"line/{point}"]


def has(point, stamp, value):
    return lambda found: any(one[:2] == (stamp, value) for one in values(found, point))


def start(agent, tmp_path, devices):
    subject = agent(harness.leat_yaml(tmp_path, devices, max_age="1s"))
    subject.start().wait_device("line", "up")
    return subject


def test_a_node_of_a_foreign_library_is_understood(agent, broker, closing, tmp_path):
    """Every datatype; births, aliases, a value that is late, deaths of a device and of the node."""
    server = broker()
    subject = start(agent, tmp_path, device(server.port))
    node = closing(Node(server.port, session=7)).connect()
    node.birth(*[metric(name, kind, value, alias=at) for at, (name, kind, value, _)
                 in enumerate(VALUES)], stamp=FIRST)
    node.device_birth("press", metric("Speed/Actual", Type.INT16, -5, alias=100, stamp=FIRST + 1),
                      metric("Gone", Type.INT32, is_null=True, alias=101), stamp=FIRST)
    node.device_data("press", metric(None, Type.INT16, -6, alias=100), stamp=FIRST + 2)
    node.device_data("press", metric(None, Type.INT16, -4, alias=100, stamp=FIRST - 60_000,
                                     is_historical=True), stamp=FIRST + 3)
    node.data(metric(None, Type.UINT8, 1, alias=4), stamp=FIRST + 4)
    node.device_death("press", stamp=FIRST + 5)
    before = int(time.time() * 1000)
    node.die()
    found = wait_rows(subject, tmp_path / "lake", lambda found: any(
        one[2] == BAD_NO_COMMUNICATION for one in values(found, "plant-1/edge-1/int8")))
    for name, _, _, value in VALUES:
        assert values(found, f"plant-1/edge-1/{name}")[0] == (FIRST, value, 0), name
    speed = values(found, "plant-1/edge-1/press/Speed/Actual")
    assert speed == [(FIRST + 1, -5, 0), (FIRST + 2, -6, 0), (FIRST - 60_000, -4, 0),
                     (FIRST + 5, None, BAD_NO_COMMUNICATION)]
    assert values(found, "plant-1/edge-1/press/Gone")[0] == (FIRST, None, 0x80000000)
    ended = values(found, "plant-1/edge-1/uint8")
    assert ended[1] == (FIRST + 4, 1, 0)
    assert ended[2][1:] == (None, BAD_NO_COMMUNICATION) and ended[2][0] >= before - 1000
    assert not [row for row in found if "bdSeq" in row["point_id"]]
    assert subject.stop().code == 0
    assert subject.stopped_counts()["rejected"] == 0


def test_gaps_broken_payloads_and_unknown_aliases_are_told(agent, broker, closing, tmp_path):
    server = broker()
    subject = start(agent, tmp_path, device(server.port))
    node = closing(Node(server.port)).connect()
    node.birth(metric("a", Type.INT32, 0, alias=1), stamp=FIRST)
    node.lose(3)
    node.data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST + 1)
    node.data(metric(None, Type.INT32, 2, alias=1), stamp=FIRST + 2)
    node.data(metric(None, Type.INT32, 3, alias=9), stamp=FIRST + 3)
    node.publish(spb.MessageType.NDATA, None, encoded=b"not protobuf")
    node.data(metric(None, Type.INT32, 4, alias=1), stamp=FIRST + 4)
    found = wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST + 4, 4))
    assert [one[1] for one in values(found, "plant-1/edge-1/a")] == [0, 1, 2, 4]
    events = wait_rows(subject, tmp_path / "lake", lambda found: sum(
        row["count"] for row in found if row["kind"] == "rejected") == 2, "events")
    gaps = [row for row in events if row["kind"] == "sequence"]
    assert [(row["subject"], row["count"]) for row in gaps] == [("line plant-1/edge-1", 3)]
    reasons = " ".join(row["reason"] for row in events if row["kind"] == "rejected")
    assert "alias 9 is unknown: it does not stand in the birth" in reasons


def test_after_a_restart_aliases_are_told_as_unknown_until_the_next_birth(agent, broker, closing,
                                                                         tmp_path):
    server = broker()
    subject = start(agent, tmp_path, device(server.port))
    node = closing(Node(server.port)).connect()
    node.birth(metric("a", Type.INT32, 0, alias=1), stamp=FIRST)
    wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST, 0))
    assert subject.stop().code == 0
    subject.start().wait_device("line", "up")
    node.data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST + 1)
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "rejected" for row in found), "events")
    assert "no birth was seen since Leat started" in [
        row["reason"] for row in events if row["kind"] == "rejected"][0]
    node.birth(metric("a", Type.INT32, 2, alias=1), stamp=FIRST + 2)
    node.data(metric(None, Type.INT32, 3, alias=1), stamp=FIRST + 3)
    wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST + 3, 3))


def test_a_broker_that_restarts_costs_no_aliases(agent, broker, closing, tmp_path):
    """The agent's connection ends and comes again; the node's goes on, and its births are not
    repeated. What was missed makes values uncertain."""
    server = broker()
    subject = start(agent, tmp_path, device(server.port))
    node = closing(Node(server.port)).connect()
    node.birth(metric("a", Type.INT32, 0, alias=1), stamp=FIRST)
    wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST, 0))
    server.kill()
    subject.wait_device("line", "down")
    server.start()
    subject.wait_device("line", "up")
    node.lose(2)
    node.data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST + 1)
    node.birth(metric("a", Type.INT32, 2, alias=1), stamp=FIRST + 2)
    found = wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST + 2, 2))
    assert values(found, "plant-1/edge-1/a")[-2:] == [(FIRST + 1, 1, UNCERTAIN), (FIRST + 2, 2, 0)]
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "sequence" for row in found), "events")
    assert "while there was no connection" in [
        row["reason"] for row in events if row["kind"] == "sequence"][0]


def test_listed_points_carry_their_unit_and_scale(agent, broker, closing, tmp_path):
    server = broker()
    points = ("        points:\n"
              "          - { name: '{node}-flow', path: Flow/Rate, unit: m3/h, scale: 0.1 }\n")
    subject = start(agent, tmp_path, device(server.port, points))
    node = closing(Node(server.port)).connect()
    node.birth(metric("Flow/Rate", Type.INT32, 125), metric("Other", Type.INT32, 1), stamp=FIRST)
    found = wait_rows(subject, tmp_path / "lake", has("edge-1-flow", FIRST, 125))
    assert {row["point_id"] for row in found} == {"line/edge-1-flow"}
    catalogue = [row for row in rows(tmp_path / "lake", "catalogue")
                 if row["point_id"] == "line/edge-1-flow"]
    assert (catalogue[0]["unit"], catalogue[0]["scale"]) == ("m3/h", 0.1)


def test_what_a_configuration_gets_wrong_is_said_in_its_line(agent, broker, tmp_path):
    for changed, sentence in (
            (device(1883, topic="spBv1.0/#"), "write spBv1.0/GROUP/#"),
            (device(1883, "        points: [{ name: a, path: b, type: int }]\n"),
             "the source itself says of which type its points are"),
            (device(1883, "        points: [{ name: a }]\n"), "{metric}"),
            (device(1883, "        time: { path: t }\n"), "states its time")):
        done = agent(harness.leat_yaml(tmp_path, changed)).check()
        assert done.returncode != 0
        assert sentence in done.stdout + done.stderr
