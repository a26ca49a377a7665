"""Leat as a host application of Sparkplug: it asks for births, and says whether it is there. Both are
off by default. The edge node, its births and its commands are pysparkplug's."""
import json
import time

import harness
import paho.mqtt.client as mqtt
import pysparkplug as spb
import pytest
from publisher import rows
from sparkplug_node import ForeignNode, Node, Watcher, metric
from test_sparkplug import FIRST, Type, device, has, start, values, wait_rows

STATE = "spBv1.0/STATE/historian-1"
REBIRTH = "    sparkplug: { host_id: historian-1, rebirth: true }\n"
HOST_STATE = "    sparkplug: { host_id: historian-1, host_state: true }\n"


both_versions = pytest.mark.parametrize("version", ["", "    version: 5\n"], ids=["3.1.1", "5"])


def commands(seen):
    return [topic for topic, _, _ in seen if "/NCMD/" in topic]


def kinds(seen):
    return [topic.split("/")[2] for topic, _, _ in seen]


def states(seen):
    """[(online, timestamp)] of the host's messages."""
    said = [json.loads(payload) for topic, payload, _ in seen if topic == STATE]
    assert all(set(one) == {"online", "timestamp"} for one in said)
    return [(one["online"], one["timestamp"]) for one in said]


def retained(port):
    watcher = Watcher(port, STATE)
    try:
        return watcher.wait(lambda seen: any(one[2] for one in seen))[0]
    finally:
        watcher.close()


def test_nothing_is_published_unless_it_is_asked_for(agent, broker, closing, tmp_path):
    """A node that calls for a birth in every way, and no key set: the broker's log has no PUBLISH
    of ours, no will, and a subscriber to everything sees the node's messages only."""
    server = broker()
    watcher = closing(Watcher(server.port))
    subject = start(agent, tmp_path, device(server.port))
    node = closing(Node(server.port)).connect()
    node.data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST)
    node.lose(3)
    node.data(metric("a", Type.INT32, 2), stamp=FIRST + 1)
    subject.process.ended.wait(8)  # longer than a command would take
    node.birth(metric("a", Type.INT32, 3), stamp=FIRST + 2)
    wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST + 2, 3))
    assert subject.stop().code == 0
    node.data(metric("a", Type.INT32, 4), stamp=FIRST + 3)
    seen = watcher.wait(lambda seen: len(seen) >= 4)
    assert kinds(seen) == ["NDATA", "NDATA", "NBIRTH", "NDATA"]
    log = server.process.said(last=100_000)
    assert "Received PUBLISH from leat-under-test" not in log
    assert "Received PUBLISH from edge-edge-1" in log


@both_versions
def test_a_birth_is_asked_for_after_joining_late_and_the_node_is_born(agent, broker, closing,
                                                                     tmp_path, version):
    server = broker()
    foreign = closing(ForeignNode(server.port)).connect()
    watcher = closing(Watcher(server.port))
    subject = start(agent, tmp_path, device(server.port, more=REBIRTH + version))
    foreign.node.update_device("press", [metric("speed", Type.INT32, 110)])
    foreign.be_born_again()
    watcher.wait(lambda seen: kinds(seen)[-3:] == ["NDEATH", "NBIRTH", "DBIRTH"])
    foreign.node.update_device("press", [metric("speed", Type.INT32, 120)])
    wait_rows(subject, tmp_path / "lake", lambda found: any(
        one[1] == 120 for one in values(found, "plant-1/edge-9/press/speed")))
    found = wait_rows(subject, tmp_path / "lake", lambda found: any(
        one[1] == 20.5 for one in values(found, "plant-1/edge-9/temperature")))
    speeds = [one[1] for one in values(found, "plant-1/edge-9/press/speed")]
    assert speeds[:1] + speeds[-2:] == [110, 110, 120]
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "rebirth" for row in found), "events")
    told = [row for row in events if row["kind"] == "rebirth"]
    assert [row["subject"] for row in told] == ["line plant-1/edge-9"]
    assert "no birth was seen before its data" in told[0]["reason"]
    subject.process.ended.wait(8)
    assert commands(watcher.seen) == ["spBv1.0/plant-1/NCMD/edge-9"]
    assert watcher.expiries["spBv1.0/plant-1/NCMD/edge-9"] == (60 if version else None)
    assert foreign.commands == [{"Node Control/Rebirth": True}]
    assert not [one for one in watcher.seen if "STATE" in one[0] or one[2]]


def test_a_gap_an_alias_and_a_strange_death_have_a_birth_asked_for(agent, broker, closing,
                                                                   tmp_path):
    """Three nodes, each with one of them; a fourth one is well and is not asked."""
    server = broker()
    watcher = closing(Watcher(server.port, "spBv1.0/+/NCMD/#"))
    subject = start(agent, tmp_path, device(server.port, more=REBIRTH))
    nodes = [closing(Node(server.port, name=name, session=5)).connect()
             for name in ("gap", "alias", "death", "well")]
    for node in nodes:
        node.birth(metric("a", Type.INT32, 0, alias=1), stamp=FIRST)
    nodes[0].lose(1)
    nodes[0].data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST + 1)
    nodes[1].data(metric(None, Type.INT32, 1, alias=7), stamp=FIRST + 1)
    nodes[2].session = 4
    nodes[2].client.publish(nodes[2].topic(spb.MessageType.NDEATH), nodes[2].death(), qos=1)
    nodes[3].data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST + 1)
    watcher.wait(lambda seen: len(seen) >= 3)
    subject.process.ended.wait(8)
    assert sorted(commands(watcher.seen)) == [
        f"spBv1.0/plant-1/NCMD/{name}" for name in ("alias", "death", "gap")]


def test_fifty_nodes_without_births_are_asked_one_after_another(agent, broker, closing, tmp_path):
    server = broker()
    watcher = closing(Watcher(server.port, "spBv1.0/+/NCMD/#"))
    subject = start(agent, tmp_path, device(server.port, more=REBIRTH))
    talker = closing(Node(server.port, name="talker")).connect()
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < 45:
        for number in range(50):
            talker.name = f"mute-{number}"
            talker.data(metric(None, Type.INT32, 1, alias=1), stamp=FIRST)
        assert len(watcher.seen) <= now / 0.5 + 1  # H4
        assert not subject.process.ended.wait(1)
    asked = commands(watcher.seen)
    assert sorted(asked) == sorted(f"spBv1.0/plant-1/NCMD/mute-{n}" for n in range(50))


@both_versions
def test_state_is_retained_taken_back_and_left_to_the_will(agent, broker, closing, tmp_path, version):
    server = broker()
    watcher = closing(Watcher(server.port, STATE))
    before = int(time.time() * 1000)
    subject = start(agent, tmp_path, device(server.port, more=HOST_STATE + version))
    watcher.wait(lambda seen: len(seen) == 1)
    connected = states(watcher.seen)[0][1]
    assert states(watcher.seen) == [(True, connected)]
    assert before - 1000 <= connected <= int(time.time() * 1000) + 1000
    assert states([retained(server.port)]) == [(True, connected)]
    subject.kill()  # the broker sends the will, made when it connected
    watcher.wait(lambda seen: len(seen) == 2)
    assert states(watcher.seen)[1] == (False, connected)
    assert states([retained(server.port)]) == [(False, connected)]
    subject.start().wait_device("line", "up")
    watcher.wait(lambda seen: len(seen) == 3)
    online, again = states(watcher.seen)[2]
    assert online and again > connected
    assert subject.stop().code == 0
    watcher.wait(lambda seen: len(seen) == 4)
    online, ended = states(watcher.seen)[3]
    assert not online and ended > again  # the time of the end, not of the connection
    assert states([retained(server.port)]) == [(False, ended)]
    subject.process.ended.wait(1)
    assert len(watcher.seen) == 4  # a DISCONNECT took the will back


def test_a_broker_that_restarts_is_told_again(agent, broker, closing, tmp_path):
    server = broker()
    subject = start(agent, tmp_path, device(server.port, more=HOST_STATE))
    assert states([retained(server.port)])[0][0]
    server.kill()
    subject.wait_device("line", "down")
    server.start()
    subject.wait_device("line", "up")
    watcher = closing(Watcher(server.port, STATE))
    watcher.wait(lambda seen: states(seen)[-1:] and states(seen)[-1][0])


@both_versions
def test_two_hosts_of_one_name_do_not_leave_it_offline(agent, broker, closing, tmp_path, version):
    server = broker()
    subject = start(agent, tmp_path, device(server.port, more=HOST_STATE))
    watcher = closing(Watcher(server.port, STATE))
    watcher.wait(lambda seen: len(seen) == 1)
    connected = states(watcher.seen)[0][1]
    other = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    other.connect("127.0.0.1", server.port)
    other.loop_start()
    other.publish(STATE, json.dumps({"online": False, "timestamp": connected + 5}), qos=1,
                  retain=True).wait_for_publish(10)
    watcher.wait(lambda seen: len(seen) == 3)
    assert states(watcher.seen)[1:] == [(False, connected + 5), (True, connected)]
    assert states([retained(server.port)]) == [(True, connected)]
    other.publish(STATE, b"OFFLINE", qos=1).wait_for_publish(10)  # of Sparkplug 2.2, and no JSON
    other.publish(STATE, b'{"online":true,"timestamp":1}', qos=1).wait_for_publish(10)
    other.loop_stop()
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "host-state" for row in found), "events")
    told = [row for row in events if row["kind"] == "host-state"]
    assert [(row["subject"], row["count"]) for row in told] == [("line historian-1", 1)]
    assert "is the host_id used twice" in told[0]["reason"]
    assert len(watcher.seen) == 5
    assert not [row for row in rows(tmp_path / "lake", "events") if row["kind"] == "rejected"]
    assert subject.stop().code == 0


def test_a_broker_that_refuses_the_state_is_told_of_and_read_on(agent, broker, closing, tmp_path):
    (tmp_path / "acl").write_text("topic readwrite spBv1.0/plant-1/#\ntopic read spBv1.0/STATE/#\n")
    server = broker(lines=[f"acl_file {tmp_path}/acl"])
    subject = start(agent, tmp_path, device(server.port, more=HOST_STATE + "    version: 5\n"))
    node = closing(Node(server.port)).connect()
    node.birth(metric("a", Type.INT32, 3), stamp=FIRST)
    wait_rows(subject, tmp_path / "lake", has("plant-1/edge-1/a", FIRST, 3))
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "host-state" for row in found), "events")
    told = [row["reason"] for row in events if row["kind"] == "host-state"]
    assert len(told) == 1 and "may this user write to spBv1.0/STATE/historian-1?" in told[0]
    begun = time.monotonic()
    assert subject.stop().code == 0
    assert time.monotonic() - begun < 5


def test_a_host_without_a_name_is_not_configured(agent, tmp_path):
    for keys, sentence in (("rebirth: true", "sparkplug.rebirth: needs sparkplug.host_id"),
                           ("host_state: true", "sparkplug.host_state: needs sparkplug.host_id"),
                           ("host_id: h", "does nothing alone")):
        text = device(1883, more=f"    sparkplug: {{ {keys} }}\n")
        done = agent(harness.leat_yaml(tmp_path, text)).check()
        assert done.returncode != 0
        assert sentence in done.stdout + done.stderr
