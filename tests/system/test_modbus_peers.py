"""Modbus with slaves that nobody here wrote: every type, order and function, on every kind of line."""
import struct

import harness
import pytest
from modbus_slaves import NAMES, SLAVES, UNIT, Node
from publisher import rows
from test_running import upload
from test_write import WIDE, write

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
    """An image, and the points on it with what they must read as."""
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
    bits = {table: [is_set(table, number) for number in range(BITS)] for table in ("coil", "discrete")}
    return {**bits, "holding": registers, "input": registers}, points, expected


def is_set(table, number):
    return number % 3 == 0 if table == "coil" else number % 5 == 1


@pytest.fixture
def reading(agent, closing, tmp_path):
    """reading(kind, line, image, points) is an agent that collects from such a slave, and that slave."""
    def start(kind, line, image, points):
        slave = closing(kind(line, image, tmp_path)).start()
        device = harness.modbus_device("meter", 1, points)
        for old, new in (("driver: modbus-tcp", f"driver: {line}"), ("unit: 1", f"unit: {UNIT}"),
                         ("address: 127.0.0.1:1", slave.keys)):
            assert old in device
            device = device.replace(old, new, 1)
        return agent(harness.leat_yaml(tmp_path, device, max_age="2s")
                     + "writes: { enabled: true }\n"), slave
    return start


@pytest.mark.parametrize("kind, line", SLAVES, ids=NAMES)
def test_every_type_order_and_function_is_read(reading, tmp_path, kind, line):
    image, points, expected = make_plant()
    subject, _ = reading(kind, line, image, points)
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


@pytest.mark.parametrize("kind, line", SLAVES, ids=NAMES)
def test_every_type_order_and_function_is_written(reading, kind, line):
    """Functions 5, 6, 16 and, where the slave has it, 22."""
    image, points, expected = make_plant()
    points = [{**point, "writable": True, "write_range": WIDE} for point in points
              if point["address"].startswith("holding:") and point["type"] != "string"]
    count = len(image["holding"])
    blank = {table: [0] * len(values) for table, values in image.items()}
    blank["holding"].append(0x0f0f)
    subject, slave = reading(kind, line, blank, points + [
        {"name": "valve", "address": "coil:5", "type": "bool", "writable": True},
        {"name": "fan", "address": f"holding:{count}.4", "type": "bool", "writable": True}])
    subject.start().wait_device("meter", "up")
    registers = [0] * count + [0x0f0f if kind is Node else 0x0f1f]
    for point in points:
        value = expected[point["name"]]
        code, said, _ = write(subject, f"meter/{point['name']}", repr(value))
        assert code == 0 and said["outcome"] == "done", said
        first = int(point["address"].partition(":")[2])
        words = registers_of(point["type"], point["order"])
        registers[first:first + len(words)] = words
    assert write(subject, "meter/valve", "true")[1]["outcome"] == "done"
    _, said, _ = write(subject, "meter/fan", "true")
    assert said["outcome"] == ("refused" if kind is Node else "done"), said
    assert subject.stop().code == 0
    held = slave.held()
    assert held["holding"] == registers
    assert [bool(bit) for bit in held["coil"]] == [number == 5 for number in range(BITS)]


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
