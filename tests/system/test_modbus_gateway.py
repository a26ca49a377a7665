"""Many units behind one Modbus TCP gateway that takes one connection and drops the older one.

The gateway answers 0B (target failed to respond) for a unit that is not there, and hangs up on who
asks too soon after connecting, as some real ones do.
"""
import select
import socket
import struct
import threading
import time

import harness
from publisher import rows
from test_running import upload

UNITS = range(1, 9)
DEAD_UNIT = 5
TOO_SOON_S = 0.2
NO_ANSWER = 0x0B


class Gateway:
    """Holding register n of unit u holds 1000 u + n."""

    def __init__(self):
        self.connections = self.dropped = self.too_soon = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stop, self._stopping = socket.socketpair()
        self._client, self._since = None, 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            watched = [self._listener, self._stop] + ([self._client] if self._client else [])
            ready, _, _ = select.select(watched, [], [])
            if self._stop in ready:
                return
            if self._client in ready:
                self._answer()
            if self._listener in ready:
                self._take()

    def _take(self):
        if self._client is not None:
            self.dropped += 1
            self._client.close()
        self._client, _ = self._listener.accept()
        self._since = time.monotonic()
        self.connections += 1

    def _hang_up(self):
        self._client.close()
        self._client = None

    def _answer(self):
        request = self._client.recv(12)
        if len(request) < 12:
            self._hang_up()
            return
        if time.monotonic() - self._since < TOO_SOON_S:
            self.too_soon += 1
            self._hang_up()
            return
        number, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", request)
        if unit == DEAD_UNIT:
            answer = struct.pack(">BB", function | 0x80, NO_ANSWER)
        else:
            answer = struct.pack(f">BB{count}H", function, 2 * count,
                                 *(1000 * unit + first + i for i in range(count)))
        self._client.sendall(struct.pack(">HHHB", number, 0, len(answer) + 1, unit) + answer)

    def close(self):
        self._stopping.send(b"x")
        self._thread.join(10)
        for end in (self._listener, self._client, self._stop, self._stopping):
            if end is not None:
                end.close()


def devices(gateway):
    points = [{"name": f"r{n}", "address": f"holding:{n}", "type": "uint16"} for n in (3, 4)]
    return "".join(
        harness.modbus_device(f"unit-{unit}", gateway.port, points, more="    connect_delay: 300ms\n")
        .replace("unit: 1\n", f"unit: {unit}\n") for unit in UNITS)


def test_units_behind_a_gateway_share_its_one_connection(agent, closing, tmp_path):
    gateway = closing(Gateway())
    subject = agent(harness.leat_yaml(tmp_path, devices(gateway), max_age="2s"))
    good = [unit for unit in UNITS if unit != DEAD_UNIT]

    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 5 * 2 * len(good))
    for unit in good:
        subject.wait_device(f"unit-{unit}", "up")
    subject.wait_device(f"unit-{DEAD_UNIT}", "down")
    subject.wait_log("device-down", device=f"unit-{DEAD_UNIT}")
    said = [line.fields["reason"] for line in subject.log("device-down")]
    assert len(said) == 1 and "exception 0B" in said[0], said
    assert subject.stop().code == 0
    assert (gateway.connections, gateway.dropped, gateway.too_soon) == (1, 0, 0)
    upload(subject)
    values = {}
    for row in rows(tmp_path / "lake"):
        device, point = row["point_id"].split("/")
        if device == f"unit-{DEAD_UNIT}":
            assert row["quality"] != 0, row
            continue
        assert row["quality"] == 0, row
        values.setdefault((int(device.removeprefix("unit-")), point), set()).add(row["value_int"])
    assert values == {(unit, f"r{n}"): {1000 * unit + n} for unit in good for n in (3, 4)}
