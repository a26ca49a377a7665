"""`will`: what a broker and those who listen there hear of a gateway that comes, ends and dies."""
import harness
import pytest
from sparkplug_node import Watcher
from test_sparkplug import start, wait_rows

TOPIC = "plant/gateway-7"
WILL = "    will: { topic: plant/gateway-7, offline: gone, online: here"
both_versions = pytest.mark.parametrize("version", ["3.1.1", "5"])


def device(port, more="", version="3.1.1"):
    """Reads everything below plant, its own topic of `will` among it."""
    return (f"  - name: line\n"
            f"    driver: mqtt\n"
            f"    broker: mqtt://127.0.0.1:{port}\n"
            f"    client_id: leat-under-test\n"
            f"    version: {version}\n{more}"
            f"    subscriptions:\n"
            f"      - topic: 'plant/#'\n"
            f"        payload: raw\n"
            f"        points:\n"
            f"          - {{ name: said, type: text, path: '' }}\n")


@both_versions
def test_online_offline_and_the_last_will(agent, broker, closing, tmp_path, version):
    server = broker()
    watcher = closing(Watcher(server.port, TOPIC))
    subject = start(agent, tmp_path, device(server.port, WILL + " }\n", version))
    heard = [(TOPIC, b"here", False)]
    watcher.wait(lambda seen: seen == heard)
    subject.kill()
    heard.append((TOPIC, b"gone", False))
    watcher.wait(lambda seen: seen == heard)
    late = closing(Watcher(server.port, TOPIC))
    late.wait(lambda seen: seen == [(TOPIC, b"gone", True)])
    subject.start().wait_device("line", "up")
    heard.append((TOPIC, b"here", False))
    watcher.wait(lambda seen: seen == heard)
    late.client.publish("plant/a", "1", qos=1).wait_for_publish(10)
    found = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["value_text"] == "1" for row in found))
    assert [row["value_text"] for row in found] == ["1"]  # what we say is no reading of ours
    assert subject.stop().code == 0
    heard.append((TOPIC, b"gone", False))
    watcher.client.publish(TOPIC, "the end", qos=1).wait_for_publish(10)
    # A clean end says it once: its DISCONNECT took the will back.
    assert watcher.wait(lambda seen: seen[-1][1] == b"the end")[:-1] == heard


def test_a_will_that_is_not_retained_reaches_those_who_listen(agent, broker, closing, tmp_path):
    server = broker()
    watcher = closing(Watcher(server.port, TOPIC))
    subject = start(agent, tmp_path, device(server.port, WILL + ", qos: 0, retained: false }\n"))
    subject.kill()
    watcher.wait(lambda seen: [one[1] for one in seen] == [b"here", b"gone"])
    subject.start().wait_device("line", "up")
    assert subject.stop().code == 0
    watcher.wait(lambda seen: [one[1] for one in seen] == [b"here", b"gone"] * 2)
    late = closing(Watcher(server.port, TOPIC))
    late.client.publish(TOPIC, "the end", qos=1).wait_for_publish(10)
    assert late.wait(lambda seen: seen) == [(TOPIC, b"the end", False)]


def test_a_broker_that_refuses_it_is_told_of_and_read_on(agent, broker, closing, tmp_path):
    (tmp_path / "acl").write_text(f"topic deny {TOPIC}\ntopic readwrite plant/#\n")
    server = broker(lines=[f"acl_file {tmp_path}/acl"])
    subject = start(agent, tmp_path, device(server.port, WILL + " }\n", "5"))
    watcher = closing(Watcher(server.port, "plant/a"))
    watcher.client.publish("plant/a", "1", qos=1).wait_for_publish(10)
    wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["value_text"] == "1" for row in found))
    events = wait_rows(subject, tmp_path / "lake", lambda found: any(
        row["kind"] == "last-will" for row in found), "events")
    told = [row for row in events if row["kind"] == "last-will"]
    assert [row["subject"] for row in told] == [f"line {TOPIC}"]
    assert f"may this user write to {TOPIC}?" in told[0]["reason"]
    assert subject.stop().code == 0


def test_a_will_beside_a_host_state_is_refused_by_check(agent, tmp_path):
    host = "    sparkplug: { host_id: h, host_state: true }\n"
    text = device(1883, host + WILL + " }\n")
    text += "      - { topic: 'spBv1.0/g/#', payload: sparkplug }\n"
    done = agent(harness.leat_yaml(tmp_path, text)).check()
    assert done.returncode != 0
    assert "a connection has one last will, and sparkplug.host_state" in done.stdout + done.stderr
