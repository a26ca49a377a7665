"""MQTT 5: what stands beside the payload - user properties as values, times and fields of lines."""
import json

import harness
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from publisher import rows, wait_in_lake

FIRST_MS = 1_718_000_000_000
COUNT = 100


def device(port, version="5"):
    return (f"  - name: tanks\n"
            f"    driver: mqtt\n"
            f"    broker: mqtt://127.0.0.1:{port}\n"
            f"    version: {version}\n"
            f"    client_id: leat-under-test\n"
            f"    subscriptions:\n"
            f"      - topic: 'tanks/{{tank}}/level'\n"
            f"        payload: raw\n"
            f"        time: {{ property: ts, format: epoch-ms }}\n"
            f"        points:\n"
            f"          - {{ name: '{{tank}}-level', type: int }}\n"
            f"          - {{ name: '{{tank}}-battery', property: battery, type: int }}\n"
            f"      - {{ topic: 'tanks/+/log', payload: log, time: {{ property: ts }} }}\n")


class Publisher:
    """Of version 5, with user properties."""

    def __init__(self, port):
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def say(self, topic, payload, *pairs):
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = list(pairs)
        self.client.publish(topic, payload, qos=1, properties=properties).wait_for_publish(30)

    def close(self):
        self.client.loop_stop()


def test_values_times_and_fields_come_from_user_properties(agent, broker, closing, tmp_path):
    server = broker()
    subject = agent(harness.leat_yaml(tmp_path, device(server.port), max_age="2s"))
    subject.start().wait_device("tanks", "up")
    publisher = closing(Publisher(server.port))
    publisher.say("tanks/a/level", "1", ("battery", "87"))  # no time
    publisher.say("tanks/a/log", "leak", ("ts", str(FIRST_MS)), ("trace", "x-1"))
    for number in range(COUNT):
        publisher.say("tanks/a/level", str(number), ("battery", str(COUNT - number)),
                      ("ts", str(FIRST_MS + number)), ("ts", "the second of a name"))
    wait_in_lake(subject, tmp_path / "lake", "tanks/a-level", COUNT - 1, timeout=60)
    assert subject.stop().code == 0
    assert subject.command("upload").returncode == 0
    found = {(row["point_id"], row["value_int"]): row["ts"]
             for row in rows(tmp_path / "lake")}
    assert found == {
        **{("tanks/a-level", n): (FIRST_MS + n) * 1000 for n in range(COUNT)},
        **{("tanks/a-battery", COUNT - n): (FIRST_MS + n) * 1000 for n in range(COUNT)}}
    (line,) = rows(tmp_path / "lake", "logs")
    assert line["message"] == "leak" and line["ts"] == FIRST_MS * 1000
    assert json.loads(line["fields"])["properties"] == {"ts": str(FIRST_MS), "trace": "x-1"}
    (rejected,) = [row for row in rows(tmp_path / "lake", "events") if row["kind"] == "rejected"]
    assert "time.property ts: the message has none" in rejected["reason"]



def test_version_3_has_none_and_check_says_what_to_write(agent, tmp_path):
    subject = agent(harness.leat_yaml(tmp_path, device(1883, "3.1.1")))
    said = subject.command("check")
    assert said.returncode == 1
    assert "MQTT 3.1.1 has no user properties; write version: 5 at the device" in said.stdout
