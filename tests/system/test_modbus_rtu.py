"""Modbus RTU from a slave that nobody here wrote (pymodbus): on a serial port, and over TCP.

The serial port is a pseudo terminal whose other end is carried to pymodbus' port byte by byte.
"""
import asyncio
import os
import select
import socket
import struct
import threading
import tty

import harness
import pytest
from publisher import rows
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from test_running import upload

UNIT = 7
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
VALUES = {"int16": ("h", -1234), "uint16": ("H", 54321), "int32": ("i", -123456789),
          "uint32": ("I", 4000000001), "int64": ("q", -2**60 - 3), "uint64": ("Q", 2**62 + 5),
          "float32": ("f", -1.5), "float64": ("d", 2.2250738585072014e-308),
          "string": ("8s", b"Kessel-3")}
BITS = 16


def registers_of(type_, order):
    data = struct.pack(">" + VALUES[type_][0], VALUES[type_][1])
    layout = "<H" if order in ("BADC", "DCBA") else ">H"
    words = [struct.unpack_from(layout, data, at)[0] for at in range(0, len(data), 2)]
    return words[::-1] if order in ("CDAB", "DCBA") and type_ != "string" else words


def make_plant():
    """Registers, and the points on them with what they must read as."""
    registers, points, expected = [], [], {}
    for type_, (_, value) in VALUES.items():
        for order in ORDERS:
            for table in ("holding", "input"):
                point = {"name": f"{table}-{type_}-{order}", "type": type_, "order": order,
                         "address": f"{table}:{len(registers)}"}
                if type_ == "string":
                    point["length"] = 4
                points.append(point)
                expected[point["name"]] = value.decode() if type_ == "string" else value
            registers += registers_of(type_, order)
    for number in range(BITS):
        for table in ("coil", "discrete"):
            points.append({"name": f"{table}-{number}", "type": "bool", "address": f"{table}:{number}"})
            expected[f"{table}-{number}"] = int(is_set(table, number))
    return registers, points, expected


def is_set(table, number):
    return number % 3 == 0 if table == "coil" else number % 5 == 1


class Slave:
    """pymodbus' RTU frames on a TCP port, in a thread."""

    def __init__(self, registers):
        self.port = harness.free_port()
        self._registers = registers
        self._ready = threading.Event()
        self._loop = self._server = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def _serve(self):
        bits = [[is_set(table, number) for number in range(BITS)] for table in ("coil", "discrete")]
        device = SimDevice(UNIT, simdata=(
            [SimData(0, values=bits[0], datatype=DataType.BITS)],
            [SimData(0, values=bits[1], datatype=DataType.BITS)],
            [SimData(0, values=self._registers, datatype=DataType.REGISTERS)],
            [SimData(0, values=self._registers, datatype=DataType.REGISTERS)]))
        self._server = ModbusTcpServer(device, framer=FramerType.RTU,
                                       address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)
        self._ready.set()
        await self._server.serving

    def _run(self):
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._serve())
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    def start(self):
        self._thread.start()
        if not self._ready.wait(20):
            raise harness.Trouble("pymodbus' server did not start")
        return self

    def close(self):
        if self._loop is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(10)
            self._thread.join(10)


class SerialLine:
    """A pseudo terminal joined to a TCP port; `name` is what the agent opens."""

    def __init__(self, port):
        self._master, self._held = os.openpty()
        tty.setraw(self._held)
        self.name = os.ttyname(self._held)
        self._peer = socket.create_connection(("127.0.0.1", port))
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self):
        while True:
            ready, _, _ = select.select([self._master, self._peer, self._stop], [], [])
            if self._stop in ready:
                return
            if self._master in ready:
                self._peer.sendall(os.read(self._master, 4096))
            if self._peer in ready:
                data = self._peer.recv(4096)
                if not data:
                    return
                os.write(self._master, data)

    def close(self):
        os.write(self._stopping, b"x")
        self._thread.join(10)
        self._peer.close()
        for descriptor in (self._master, self._held, self._stop, self._stopping):
            os.close(descriptor)


@pytest.mark.parametrize("driver", ["modbus-rtu", "modbus-rtu-tcp"])
def test_every_type_order_and_function_agrees_with_pymodbus(agent, closing, tmp_path, driver):
    registers, points, expected = make_plant()
    slave = closing(Slave(registers).start())
    device = harness.modbus_device("meter", slave.port, points)
    device = device.replace("driver: modbus-tcp", f"driver: {driver}").replace("unit: 1", f"unit: {UNIT}")
    if driver == "modbus-rtu":
        line = closing(SerialLine(slave.port))
        device = device.replace(f"address: 127.0.0.1:{slave.port}",
                                f"port: {line.name}\n    baud: 115200\n    parity: none")
    subject = agent(harness.leat_yaml(tmp_path, device, max_age="2s"))
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 2 * len(points))
    assert subject.stop().code == 0
    upload(subject)
    stored = {}
    for row in rows(tmp_path / "lake"):
        assert row["quality"] == 0, row
        value = next(row[key] for key in ("value_double", "value_int", "value_text")
                     if row[key] is not None)
        stored.setdefault(row["point_id"].removeprefix("meter/"), set()).add(value)
    assert stored == {name: {value} for name, value in expected.items()}


@pytest.mark.parametrize("south, words", [
    ({}, "'north' and 'south' have the same unit 1 at port /dev/ttyRS485-0"),
    ({"unit": 2, "baud": 9600}, "'south' has 'baud: 9600, parity: even, stop_bits: 1, rs485: none', "
     "but 'north', which is on the same port /dev/ttyRS485-0, has 'baud: 19200"),
    ({"unit": 2, "turnaround": "50ms"}, ""),
], ids=["one unit", "two speeds", "two units"])
def test_devices_on_one_port_differ_in_their_unit_and_in_nothing_of_the_line(agent, tmp_path, south,
                                                                            words):
    point = [{"name": "p", "address": "holding:0", "type": "uint16"}]
    unit = south.pop("unit", 1)
    more = "".join(f"    {key}: {value}\n" for key, value in south.items())
    devices = "".join(
        harness.modbus_device(name, 1, point, more=lines)
        .replace("driver: modbus-tcp", "driver: modbus-rtu").replace("unit: 1", f"unit: {number}")
        .replace("address: 127.0.0.1:1", "port: /dev/ttyRS485-0")
        for name, number, lines in (("north", 1, ""), ("south", unit, more)))
    done = agent(harness.leat_yaml(tmp_path, devices)).check()
    assert (done.returncode == 0) == (words == "")
    assert words in done.stdout + done.stderr
