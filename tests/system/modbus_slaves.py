"""Slaves that nobody here wrote, each with the same image to serve: pymodbus, and modbus-serial of Node.

An image is {"coil": [...], "discrete": [...], "holding": [...], "input": [...]}, each from 0 on.
`line` is where the slave is reached: "modbus-tcp", "modbus-rtu-tcp", or "modbus-rtu" through a pair of
pseudo terminals. `keys` are the lines of the device that the agent needs for it; `held()` is what it holds.
"""
import json

import harness
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from pymodbus_server import Server, device
from serial_line import SerialLine

UNIT = 7
NODE = harness.ROOT / "build/node"
TABLES = {"coil": "coils", "discrete": "discretes", "holding": "holding", "input": "inputs"}


def keys(line, port, serial):
    if line == "modbus-rtu":
        return f"port: {serial.name}\n    baud: 115200\n    parity: none"
    return f"address: 127.0.0.1:{port}"


class Pymodbus:
    def __init__(self, line, image, folder):
        self._image, self._rtu = image, line != "modbus-tcp"
        self._server = Server(device(UNIT, **{TABLES[table]: values for table, values in image.items()}),
                              rtu=self._rtu)
        self._line = line
        self._serial = None

    def start(self):
        self._server.start()
        self._serial = SerialLine(self._server.port) if self._line == "modbus-rtu" else None
        self.keys = keys(self._line, self._server.port, self._serial)
        return self

    def held(self):
        client = ModbusTcpClient("127.0.0.1", port=self._server.port, timeout=10,
                                 framer=FramerType.RTU if self._rtu else FramerType.SOCKET)
        assert client.connect()
        count = len(self._image["holding"])
        holding = [register for first in range(0, count, 100) for register in
                   client.read_holding_registers(first, count=min(100, count - first),
                                                 device_id=UNIT).registers]
        coils = client.read_coils(0, count=len(self._image["coil"]), device_id=UNIT).bits
        client.close()
        return {"holding": holding, "coil": coils[:len(self._image["coil"])]}

    def close(self):
        if self._serial:
            self._serial.close()
        self._server.close()


class Node:
    """modbus-serial: no RTU over TCP."""

    def __init__(self, line, image, folder):
        self._serial = SerialLine() if line == "modbus-rtu" else None
        self._port = harness.free_port()
        self._path = folder / "image.json"
        self._path.write_text(json.dumps({"unit": UNIT, **image}))
        self.keys = keys(line, self._port, self._serial)
        self._process = None

    def start(self):
        place = ["serial", self._serial.far_name] if self._serial else ["tcp", self._port]
        self._process = harness.Process(
            "node", ["node", harness.ROOT / "tests/system/node/modbus_slave.js", self._path, *place],
            environment={"NODE_PATH": str(NODE / "node_modules")})
        self._process.wait_for_line("^ready", stream="stdout")
        return self

    def held(self):
        """It has ended then."""
        self._process.stop()
        return json.loads(self._process.lines["stdout"][-1])

    def close(self):
        if self._process:
            self._process.close()
        if self._serial:
            self._serial.close()


SLAVES = [(kind, line) for kind, lines in (
    (Pymodbus, ("modbus-tcp", "modbus-rtu-tcp", "modbus-rtu")), (Node, ("modbus-tcp", "modbus-rtu")))
          for line in lines]
NAMES = [f"{kind.__name__.lower()}-{line}" for kind, line in SLAVES]
