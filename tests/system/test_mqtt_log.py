"""Topics that carry log text: each message that a broker was told is accepted is a line in the lake."""
import json
import pathlib
import threading
import time

import harness
import paho.mqtt.client as mqtt
import pyarrow.parquet

KILLS = 3
BETWEEN_KILLS = 300
LONG = "x" * 40000  # comes in three parts


def device(port):
    return (f"  - name: line\n"
            f"    driver: mqtt\n"
            f"    broker: mqtt://127.0.0.1:{port}\n"
            f"    client_id: leat-under-test-log\n"
            f"    subscriptions:\n"
            f"      - {{ topic: 'log/{{machine}}/text', payload: log }}\n"
            f"      - {{ topic: 'log/+/syslog', payload: log, log: {{ format: syslog-5424 }} }}\n"
            f"      - topic: 'log/{{machine}}/json'\n"
            f"        payload: log\n"
            f"        log: {{ message: msg, severity: level }}\n"
            f"        time: {{ path: t, format: epoch-ms }}\n")


class Speaker:
    """Publishes numbered lines, text and JSON in turn, at QoS 1."""

    def __init__(self, port):
        self._infos = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="speaker")
        self.client.max_queued_messages_set(0)
        connected = threading.Event()
        self.client.on_connect = lambda *_: connected.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert connected.wait(10)

    def say(self, count):
        """Returns when the broker has accepted them all: from then on they must not be lost."""
        for number in range(len(self._infos), len(self._infos) + count):
            if number % 2 == 0:
                topic, payload = "log/press/text", f"line {number}"
            else:
                topic = "log/press/json"
                payload = json.dumps({"t": 1718000000000 + number, "level": "WARN",
                                      "msg": f"line {number}"})
            self._infos.append(self.client.publish(topic, payload, qos=1))
        for info in self._infos[-count:]:
            info.wait_for_publish(60)

    def close(self):
        self.client.loop_stop()


def lines_in(lake):
    return [row for path in pathlib.Path(lake).rglob("stream=logs/**/*.parquet")
            for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()]


def wait_in_lake(subject, lake, message, timeout=60):
    deadline = time.monotonic() + timeout
    while not any(row["message"] == message for row in lines_in(lake)):
        assert time.monotonic() < deadline and not subject.process.ended.wait(0.3), message


def test_lines_of_topics_through_kills(agent, broker, closing, tmp_path):
    server = broker(lines=("max_queued_messages 0",))
    subject = agent(harness.leat_yaml(tmp_path, device(server.port), flush="5s", max_age="2s"))
    assert subject.command("check").returncode == 0
    subject.start().wait_device("line", "up")
    speaker = closing(Speaker(server.port))
    for _ in range(KILLS):
        speaker.say(BETWEEN_KILLS)
        subject.kill()
        speaker.say(10)
        subject.start()
    subject.wait_device("line", "up")
    speaker.client.publish("log/press/text", LONG, qos=1).wait_for_publish(60)
    speaker.client.publish("log/press/syslog", "<10>1 2024-06-10T06:13:20Z press valve - - - stuck",
                           qos=1).wait_for_publish(60)
    speaker.say(1)
    total = KILLS * (BETWEEN_KILLS + 10) + 1
    last = f"line {total - 1}"
    wait_in_lake(subject, tmp_path / "lake", last)
    assert subject.stop().code == 0
    assert subject.command("upload").returncode == 0
    rows = lines_in(tmp_path / "lake")
    said = {row["message"]: row for row in rows if row["message"].startswith("line ")}
    assert set(said) == {f"line {number}" for number in range(total)}
    assert said["line 1"]["severity"] == 4 and said["line 0"]["severity"] is None
    assert json.loads(said["line 1"]["fields"])["machine"] == "press"
    (stuck,) = [row for row in rows if row["message"] == "stuck"]
    assert (stuck["severity"], stuck["source"]) == (2, "valve")
    assert stuck["ts"].timestamp() == 1718000000
    parts = [row for row in rows if row["message"].startswith("xxx")]
    numbered = {json.loads(row["fields"])["part"]: row["message"] for row in parts}
    assert "".join(numbered[part] for part in sorted(numbered)) == LONG
