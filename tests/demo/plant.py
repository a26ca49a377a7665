"""The plant of the demo: two Modbus slaves and four machines that publish, and what they produced."""
import json
import threading
import time

import harness
import paho.mqtt.client as mqtt

MACHINES = ("press-1", "press-2", "oven-1", "saw-1")
PUBLISH_EVERY_SECONDS = 0.5
BROKEN_EVERY = 23  # one payload in so many is not what the configuration says
VALUES_PER_PAYLOAD = 4
BROKEN_PAYLOADS = (b'{"t": 17', b"\xff\xfe\x00 not a text", b"", b"[1, 2")

# Runs of points side by side in one table: (table, first register, prefix, how many, type, order,
# further keys of the point). Runs of a table touch, so that a coalesced read has no holes: a slave
# counts what it served, also what nobody asked for.
BOILER = (
    ("holding", 0, "temperature", 12, "int16", "", {"scale": 0.1, "unit": "Cel", "deadband": 5}),
    ("holding", 12, "pressure", 8, "uint16", "", {"scale": 0.01, "unit": "bar", "deadband": 1}),
    ("holding", 20, "position", 6, "int32", "ABCD", {"unit": "mm"}),
    ("holding", 32, "pulses", 6, "uint32", "CDAB", {"role": "counter"}),
    ("holding", 44, "flow", 4, "float32", "ABCD", {"unit": "m3/h", "deadband": 2}),
    ("holding", 52, "draught", 4, "float32", "BADC", {"unit": "Pa"}),
    ("holding", 60, "balance", 4, "int64", "ABCD", {}),
    ("holding", 76, "energy", 4, "uint64", "CDAB", {"unit": "kW.h", "role": "counter"}),
    ("holding", 92, "level", 4, "float64", "DCBA", {"unit": "m", "deadband": "1%"}),
    ("input", 0, "hours", 10, "uint32", "ABCD", {"interval": "2s", "role": "counter"}),
    ("coil", 0, "valve", 12, "bool", "", {"role": "status"}),
    ("discrete", 0, "limit", 8, "bool", "", {"role": "alarm"}),
)
PACKER = (
    ("holding", 100, "speed", 10, "int16", "", {"unit": "/min", "range": "[-20000, 20000]"}),
    ("holding", 110, "torque", 10, "float32", "CDAB", {"unit": "N.m"}),
    ("holding", 130, "weight", 10, "int32", "BADC", {"scale": 0.001, "unit": "kg"}),
    ("holding", 150, "count", 5, "uint64", "ABCD", {"role": "counter"}),
    ("input", 40, "current", 10, "float32", "DCBA", {"unit": "A", "deadband": 3}),
    ("input", 60, "voltage", 10, "uint16", "", {"scale": 0.1, "unit": "V", "deadband": 2}),
    ("coil", 100, "running", 8, "bool", "", {"role": "status"}),
)
REGISTERS = {"int16": 1, "uint16": 1, "bool": 1, "int32": 2, "uint32": 2, "float32": 2,
             "int64": 4, "uint64": 4, "float64": 4}
# The slave spells the order of eight bytes out.
WIDE_ORDERS = {"ABCD": "ABCDEFGH", "CDAB": "GHEFCDAB", "BADC": "BADCFEHG", "DCBA": "HGFEDCBA"}


def points_of(runs):
    """(points for the slave, points for leat.yaml)."""
    served, wanted = [], []
    for table, first, prefix, count, kind, order, more in runs:
        for number in range(count):
            name = f"{prefix}-{number + 1}"
            address = f"{table}:{first + number * REGISTERS[kind]}"
            spelt = WIDE_ORDERS[order] if order and REGISTERS[kind] == 4 else order
            served.append((name, address, kind, spelt, 1000))
            wanted.append({"name": name, "address": address, "type": kind,
                           **({"order": order} if order else {}), **more})
    return served, wanted


def mqtt_device(name, port):
    """The YAML of the machines' line."""
    return (f"  - name: {name}\n"
            "    driver: mqtt\n"
            f"    broker: mqtt://127.0.0.1:{port}\n"
            "    subscriptions:\n"
            "      - topic: plant/{line}/{machine}/state\n"
            "        qos: 1\n"
            "        payload: json\n"
            "        time: { path: t, format: epoch-ms }\n"
            "        points:\n"
            '          - { name: "{machine}-speed", path: motor.rpm, type: double, unit: "/min" }\n'
            '          - { name: "{machine}-current", path: "motor.amps[1]", type: double, '
            "unit: A, deadband: 1 }\n"
            '          - { name: "{machine}-parts", path: parts, type: int, role: counter }\n'
            '          - { name: "{machine}-mode", path: mode, type: text }\n')


class Publisher:
    """The machines: each publishes its state every half second at QoS 1, now and then nonsense.

    `produced` counts the values of good payloads, and one for each broken payload, once the broker
    has acknowledged them.
    """

    def __init__(self, port):
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="demo-machines")
        self._client.max_inflight_messages_set(20)
        self._stopping = threading.Event()
        self._waiting = []
        self.good = self.broken = 0
        connected = threading.Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not connected.wait(20):
            raise harness.Trouble("the broker did not let the publisher in within 20 s")
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()
        return self

    def _payload(self, number, machine):
        """The n-th message. Its stamp is its own: two readings of a point never share one."""
        return json.dumps({
            "t": time.time_ns() // 1_000_000,
            "motor": {"rpm": 1450 + (number * 37 + machine * 11) % 100 / 8,
                      "amps": [10.5, 11 + (number // 7 + machine) % 5 / 4, 10.25]},
            "parts": number * 3 + machine,
            "mode": "run" if number % 20 < 17 else "idle"}).encode()

    def _run(self):
        number, due = 0, time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due += PUBLISH_EVERY_SECONDS
            for machine, name in enumerate(MACHINES):
                count = number * len(MACHINES) + machine + 1
                broken = count % BROKEN_EVERY == 0
                payload = BROKEN_PAYLOADS[count // BROKEN_EVERY % len(BROKEN_PAYLOADS)] if broken \
                    else self._payload(number, machine)
                self._waiting.append(
                    self._client.publish(f"plant/line-1/{name}/state", payload, qos=1))
                if broken:
                    self.broken += 1
                else:
                    self.good += 1
            number += 1

    @property
    def produced(self):
        return self.good * VALUES_PER_PAYLOAD + self.broken

    def stop(self):
        """No more messages; the broker has acknowledged all."""
        self._stopping.set()
        self._thread.join()
        for message in self._waiting:
            message.wait_for_publish(20)
            if not message.is_published():
                raise harness.Trouble("the broker did not acknowledge a message within 20 s")
        self._client.disconnect()
        self._client.loop_stop()
        return self.produced

    def close(self):
        if self._thread.is_alive():
            self._stopping.set()
            self._thread.join()
        self._client.loop_stop()
