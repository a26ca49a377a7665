"""The simulated slave, read by a Modbus client that is not ours."""
import struct

import pytest
from pymodbus.client import ModbusTcpClient

POINTS = [
    ("level", "holding:100", "int16", "", 1),
    ("speed", "input:100", "uint16", "BADC", 1),
    ("torque", "holding:102", "int32", "CDAB", 1),
    ("pulses", "input:102", "uint32", "DCBA", 1),
    ("position", "holding:104", "int64", "BADC", 1),
    ("energy", "input:104", "uint64", "CDAB", 1),
    ("flow", "holding:108", "float32", "DCBA", 1),
    ("mass", "input:108", "float64", "ABCD", 1),
    ("running", "coil:4", "bool", "", 1),
    ("door", "discrete:7", "bool", "", 1),
    ("alarm", "holding:110.3", "bool", "", 1),
    ("batch", "input:112/5", "string", "BADC", 1),
]
FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q"}


@pytest.fixture
def client(slave, closing):
    running = slave(POINTS)
    client = closing(ModbusTcpClient("127.0.0.1", port=running.port, timeout=10))
    assert client.connect()
    client.slave = running
    return client


def raw_of(type_, order, registers):
    """What the journal should say, from registers as they came."""
    if type_ != "string" and order in ("CDAB", "DCBA"):
        registers = registers[::-1]
    layout = "<H" if order in ("BADC", "DCBA") else ">H"
    data = b"".join(struct.pack(layout, register) for register in registers)
    if type_ == "string":
        return data.split(b"\0")[0].decode()
    if type_.startswith("float"):
        return data.hex()
    return struct.unpack(">" + FORMATS[type_], data)[0]


def read(client, address, type_, order):
    table, number = address.split(":")
    if table in ("coil", "discrete"):
        function = client.read_coils if table == "coil" else client.read_discrete_inputs
        return int(function(int(number), count=1).bits[0])
    function = client.read_holding_registers if table == "holding" else client.read_input_registers
    if "." in number:
        number, bit = number.split(".")
        return function(int(number), count=1).registers[0] >> int(bit) & 1
    number, _, length = number.partition("/")
    count = int(length or {"16": 1, "32": 2, "64": 4}[type_[-2:]])
    return raw_of(type_, order, function(int(number), count=count).registers)


def test_another_client_reads_what_the_journal_says(client):
    seen = [(name, read(client, address, type_, order))
            for _ in range(200) for name, address, type_, order, _ in POINTS]
    assert client.slave.stop() == len(seen)
    journal = [(line["name"], line["raw"]) for line in client.slave.journal()]
    assert journal == seen
    for name, *_ in POINTS:
        assert len({raw for other, raw in seen if other == name}) > 1, f"{name} never changed"


def test_a_point_counts_only_when_all_its_registers_were_asked_for(client):
    client.read_holding_registers(102, count=1)  # half of torque
    client.read_holding_registers(60001, count=1)  # an exception
    client.read_holding_registers(100, count=6)  # level, torque, half of position
    client.slave.stop()
    assert [line["name"] for line in client.slave.journal()] == ["level", "torque"]


def test_exceptions_are_those_of_the_manual(client):
    codes = {number: client.read_holding_registers(number, count=1).exception_code
             for number in (60001, 60002, 60011, 60012, 60013, 60014, 60015, 62009)}
    assert codes == {60001: 2, 60002: 4, 60011: 1, 60012: 3, 60013: 6, 60014: 10, 60015: 11,
                     62009: 2}
    assert client.read_holding_registers(61000, count=11).exception_code == 3
    assert not client.read_holding_registers(61000, count=10).isError()
