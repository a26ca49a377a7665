"""Live load for torture: a publisher that never stops, counters that change at each poll, and lines of
a log; each value can be found again in the lake."""
import array
import base64
import hashlib
import json
import os
import socket
import threading
import time

import harness
import paho.mqtt.client as mqtt

BALLAST_BYTES = 12000  # of text; noise, so that it takes this room on the disk too
COUNTERS = 20
TICK = 0.01
LINES_A_SECOND = 500

COUNT_TOPIC, TEXT_TOPIC, END_TOPIC = "plant/press/state", "plant/ballast/text", "plant/end/state"


def mqtt_device(port):
    def subscription(topic, points):
        return (f"      - topic: {topic}\n        qos: 1\n        payload: json\n"
                f"        time: {{ path: t, format: epoch-us }}\n        points:\n"
                + "".join(f"          - {{ name: {name}, path: {path}, type: {kind} }}\n"
                          for name, path, kind in points))
    return (f"  - name: line\n    driver: mqtt\n    broker: mqtt://127.0.0.1:{port}\n"
            f"    client_id: leat-under-torture\n    subscriptions:\n"
            + subscription(COUNT_TOPIC, [("count", "v", "int")])
            + subscription(TEXT_TOPIC, [("text-number", "v", "int"), ("text", "b", "text")])
            + subscription(END_TOPIC, [("end", "v", "int")]))


def slave_points(count=COUNTERS):
    """Counters that have another value at every read."""
    return [(f"count-{i}", f"holding:{100 + 2 * i}", "uint32", "ABCD", 1) for i in range(count)]


def modbus_device(port, count=COUNTERS, interval="20ms"):
    points = [{"name": name, "address": address, "type": kind, "order": order}
              for name, address, kind, order, _ in slave_points(count)]
    return harness.modbus_device("packer", port, points, interval=interval, timeout="5s")


class Publisher:
    """QoS 1, paced: {"t": epoch us, "v": n} with n = 0, 1, 2 ...; ballast() adds messages of noise.

    counts[n] and texts[n] are the stamps; each differs from all others of its topic. The broker keeps
    what it accepted, so that all of it has to be in the lake in the end.
    """

    def __init__(self, port, rate):
        self.rate = rate
        self.counts, self.texts = array.array("q"), array.array("q")
        self._accepted = self._sent = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="publisher")
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(1000)
        self.client.on_publish = self._on_publish
        connected = threading.Event()
        self.client.on_connect = lambda *_: connected.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if not connected.wait(10):
            raise harness.Trouble("the publisher was not connected")
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _on_publish(self, *_):
        with self._changed:
            self._accepted += 1
            self._changed.notify_all()

    def _publish(self, topic, stamps, **more):
        stamp = time.time_ns() // 1000
        if stamps and stamp <= stamps[-1]:
            stamp = stamps[-1] + 1
        number = len(stamps)
        stamps.append(stamp)
        with self._changed:
            self._sent += 1
        self.client.publish(topic, json.dumps({"t": stamp, "v": number, **more}), qos=1)

    def _run(self):
        started = time.monotonic()
        first = len(self.counts)
        while not self._stop.wait(TICK):
            due = int((time.monotonic() - started) * self.rate)
            while len(self.counts) - first < due and not self._stop.is_set():
                self._publish(COUNT_TOPIC, self.counts)

    def start(self):
        self.thread.start()
        return self

    def ballast(self, messages):
        """One thread at a time."""
        for _ in range(messages):
            noise = base64.b64encode(os.urandom(BALLAST_BYTES * 3 // 4)).decode()
            self._publish(TEXT_TOPIC, self.texts,
                          b=hashlib.md5(noise.encode()).hexdigest() + noise)

    def stop(self, timeout=60):
        """Stop, and wait until the broker has everything."""
        self._stop.set()
        self.thread.join()
        with self._changed:
            if not self._changed.wait_for(lambda: self._accepted == self._sent, timeout):
                raise harness.Trouble(f"the broker accepted {self._accepted} of {self._sent}")

    def say_end(self):
        """The last message of all, on a topic of its own."""
        self._publish(END_TOPIC, array.array("q"))

    def close(self):
        self._stop.set()
        self.client.disconnect()
        self.client.loop_stop()


class LogWriter:
    """Lines "n noise", n = 0, 1, 2 ..., to the local socket, as `leat log` sends them; none twice.

    `stored` are the ranges of n that the agent answered for: those are on its disk. What it was sent
    and did not answer for, because it was killed, may be there or not.
    """

    def __init__(self, socket_path):
        self.socket_path = socket_path
        self.sent = 0
        self.stored = []  # (first, count) per connection
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _run(self):
        while not self._stop.wait(TICK):
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(20)
                    client.connect(str(self.socket_path))
                    client.sendall(b"log 5 torture\n")
                    self._write(client, client.makefile("r", encoding="utf-8"))
            except OSError:
                pass  # there is no agent at the moment

    def _write(self, client, answers):
        first, stored = self.sent, 0
        self.stored.append((first, 0))
        while not self._stop.wait(TICK):
            count = max(1, int(LINES_A_SECOND * TICK))
            lines = "".join(f"{number} {os.urandom(24).hex()}\n"
                            for number in range(self.sent, self.sent + count))
            self.sent += count
            client.sendall(lines.encode())
            while stored < self.sent - first:
                answer = json.loads(answers.readline() or "{}")
                if "stored" not in answer:
                    return
                stored = answer["stored"]
                self.stored[-1] = (first, stored)
                if "error" in answer:
                    return

    def numbers(self):
        """Every n that was answered for."""
        return [number for first, count in self.stored for number in range(first, first + count)]

    def stop(self):
        self._stop.set()
        self.thread.join()

    def close(self):
        self._stop.set()
