"""A live, paced MQTT publisher whose every message can be found again, and the lake to find it in."""
import json
import pathlib
import threading
import time

import paho.mqtt.client as mqtt
import pyarrow.parquet as parquet

import harness


class Publisher:
    """Publishes {"t": epoch ms, "v": n} at QoS 1 to `topic`, n = 0, 1, 2 ..., `rate` a second.

    `t` differs for every message, so (point, t) names it. accepted() are the n that the broker has
    acknowledged to us: from then on they must not be lost.
    """

    def __init__(self, port, topic="plant/press/state", rate=300, ca=None):
        self.topic = topic
        self.interval = 1.0 / rate
        self.sent = {}  # n -> t
        self._acknowledged = set()
        self._waiting = {}  # mid -> n
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="publisher")
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(1000)
        if ca:
            self.client.tls_set(ca_certs=str(ca))
        self.client.on_publish = self._on_publish
        connected = threading.Event()
        self.client.on_connect = lambda *_: connected.set()
        self.client.connect("127.0.0.1" if not ca else "localhost", port)
        self.client.loop_start()
        assert connected.wait(10), "the publisher was not connected"
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _on_publish(self, _client, _data, mid, *_):
        with self._changed:
            # The acknowledgement may come before publish() has told its number.
            self._waiting.setdefault(mid, None)
            number = self._waiting[mid]
            if number is not None:
                self._acknowledged.add(number)
                del self._waiting[mid]
            self._changed.notify_all()

    def _run(self):
        first = int(time.time() * 1000)
        started = time.monotonic()
        number = 0
        while not self._stop.is_set():
            stamp = first + number  # one millisecond each: unique, close to now
            payload = json.dumps({"t": stamp, "v": number})
            self.sent[number] = stamp
            mid = self.client.publish(self.topic, payload, qos=1).mid  # without our lock: it waits
            with self._changed:                                        # for callbacks that want it
                if mid in self._waiting:
                    del self._waiting[mid]
                    self._acknowledged.add(number)
                else:
                    self._waiting[mid] = number
                self._changed.notify_all()
            number += 1
            self._stop.wait(max(0.0, started + number * self.interval - time.monotonic()))

    def start(self):
        self.thread.start()
        return self

    def wait_accepted(self, count, timeout=120):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._acknowledged) >= count, timeout):
                raise harness.Trouble(f"the broker accepted {len(self._acknowledged)} of {count}")

    def stop(self, timeout=60):
        """Stop publishing, wait until the broker has accepted everything; how much that is."""
        self._stop.set()
        self.thread.join()  # a second time it is over
        self.wait_accepted(len(self.sent), timeout)
        self.client.disconnect()
        self.client.loop_stop()
        return len(self.sent)

    def close(self):
        self._stop.set()
        self.client.loop_stop()

    def accepted(self):
        with self._changed:
            return {number: self.sent[number] for number in self._acknowledged}


def objects(lake, stream):
    return sorted(pathlib.Path(lake).glob(f"raw/site=*/gateway=*/stream={stream}/v=1/*/*.parquet"))


def rows(lake, stream="readings"):
    """All rows of a stream as dicts; times as integer microseconds."""
    found = []
    for path in objects(lake, stream):
        table = parquet.ParquetFile(path).read()
        columns = {}
        for name in table.column_names:
            column = table.column(name)
            if str(column.type).startswith("timestamp"):
                column = column.cast("int64")
            columns[name] = column.to_pylist()
        found += [dict(zip(columns, values)) for values in zip(*columns.values())]
    return found


def mqtt_device(name, port, *, more="", topic="plant/{machine}/state"):
    """A device with one point per machine, value `v`, stamp `t`."""
    return (f"  - name: {name}\n"
            f"    driver: mqtt\n"
            f"{more or f'    broker: mqtt://127.0.0.1:{port}'}\n"
            f"    client_id: leat-under-test-{name}\n"
            f"    subscriptions:\n"
            f"      - topic: '{topic}'\n"
            f"        qos: 1\n"
            f"        payload: json\n"
            f"        time: {{ path: t, format: epoch-ms }}\n"
            f"        points:\n"
            f"          - {{ name: '{{machine}}-count', path: v, type: int }}\n")


def assert_nothing_lost(lake, accepted, point):
    """Every accepted (n, t) is in the lake, with its value."""
    found = {(row["ts"], row["value_int"]) for row in rows(lake) if row["point_id"] == point}
    lost = [number for number, stamp in accepted.items() if (stamp * 1000, number) not in found]
    assert not lost, f"{len(lost)} of {len(accepted)} accepted messages are lost: {lost[:10]}"


def wait_in_lake(agent, lake, point, value, timeout=60):
    """Until the running agent has brought this value of this point to the lake."""
    deadline = time.monotonic() + timeout
    while not any(row["point_id"] == point and row["value_int"] == value for row in rows(lake)):
        if time.monotonic() > deadline or agent.process.ended.wait(0.3):
            raise harness.Trouble(f"{point} = {value} did not reach the lake; the agent said:\n"
                                  f"{agent.process.said()}")
