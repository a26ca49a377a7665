"""A SunSpec device that nobody here wrote: pysunspec2 lays out its registers, pymodbus serves them."""
import dataclasses
import decimal
import json
import pathlib
import random
import struct

import sunspec2
import sunspec2.device
from pymodbus.pdu import ExceptionResponse
from pymodbus_server import Server, device

MODELS = pathlib.Path(sunspec2.__file__).parent / "models/json"
GROUPS = 2  # how many there are of each repeating group
INTEGERS = {"int16": (-32767, 32767), "uint16": (0, 65534), "acc16": (1, 65535),
            "enum16": (0, 65534), "bitfield16": (0, 65534), "int32": (1 - 2**31, 2**31 - 1),
            "uint32": (0, 2**32 - 2), "acc32": (1, 2**32 - 1), "enum32": (0, 2**32 - 2),
            "bitfield32": (0, 2**32 - 2), "int64": (1 - 2**63, 2**63 - 1), "uint64": (0, 2**63 - 1),
            "acc64": (1, 2**63 - 1), "ipaddr": (1, 2**32 - 1), "count": (0, 65534)}


def definition(model):
    return json.loads((MODELS / f"model_{model}.json").read_text())["group"]


def counts_in(group):
    """The points that say how often a group is there."""
    own = [group["count"]] if isinstance(group.get("count"), str) else []
    return set(own).union(*(counts_in(inner) for inner in group.get("groups", [])))


def random_value(dice, point):
    kind = point["type"]
    if kind in INTEGERS:
        return dice.randint(*INTEGERS[kind])
    if kind in ("float32", "float64"):
        value = dice.uniform(-1e6, 1e6)
        return struct.unpack(">f", struct.pack(">f", value))[0] if kind == "float32" else value
    if kind == "sunssf":
        return dice.randint(-10, 10)
    if kind == "string":
        return "".join(dice.choices("abcXYZ 09", k=2 * point["size"] - 1)).strip() or "x"
    if kind == "eui48":
        return ":".join(f"{dice.randrange(255):02X}" for _ in range(6))
    if kind == "ipv6addr":
        return ":".join(f"{dice.randrange(2**32):08X}" for _ in range(4))  # as pysunspec2 writes it
    return None


def random_group(dice, group, counts):
    """Values for a group and those in it; about one in eight is not implemented."""
    data = {}
    for point in group.get("points", []):
        if point["name"] in counts:
            data[point["name"]] = GROUPS
        elif point["name"] not in ("ID", "L") and point["type"] != "pad" and dice.random() > 0.12:
            value = random_value(dice, point)
            if value is not None:
                data[point["name"]] = value
    for inner in group.get("groups", []):
        count = inner.get("count", 1)
        if count == 1:
            data[inner["name"]] = random_group(dice, inner, counts)
        else:
            data[inner["name"]] = [random_group(dice, inner, counts) for _ in range(GROUPS)]
    return data


@dataclasses.dataclass
class Point:
    """What pysunspec2 says of a point: its address as Leat writes it, its value (None: not
    implemented), its power of ten, and the registers from the value to it."""
    address: str
    kind: str
    value: object
    factor: object  # None: it has none
    factor_absent: bool
    span: int


class Model:
    """A model with random values, laid out by pysunspec2."""

    def __init__(self, number, dice):
        group = definition(number)
        values = {"ID": number, **random_group(dice, group, counts_in(group))}
        built = sunspec2.device.Model(number, data=values)
        assert not built.error_info, built.error_info
        self.number = number
        self.registers = struct.unpack(f">{len(built.get_mb()) // 2}H", built.get_mb())

    def points(self):
        """Read back from the registers by pysunspec2's own reader."""
        data = struct.pack(f">{len(self.registers)}H", *self.registers)
        read = sunspec2.device.Model(self.number, data=data, model_len=len(self.registers) - 2)
        assert not read.error_info, read.error_info
        return list(self._points(read, read, f"sunspec:{self.number}", {}))

    def _points(self, model, group, path, factors):
        factors = {**factors, **{name: point for name, point in group.points.items()
                                 if point.pdef["type"] == "sunssf"}}
        for name, point in group.points.items():
            if point.pdef["type"] == "pad":
                continue
            factor, absent, span = point.pdef.get("sf"), False, point.len
            if isinstance(factor, str):
                other = factors[factor]
                span = (max(point.offset + point.len, other.offset + 1)
                        - min(point.offset, other.offset))
                factor, absent = other.value, other.value is None
            yield Point(f"{path}.{name}", point.pdef["type"], point.value, factor, absent, span)
        for name, inner in group.groups.items():
            each = inner if isinstance(inner, list) else [inner]
            for number, one in enumerate(each, 1):
                index = f"[{number}]" if isinstance(inner, list) else ""
                yield from self._points(model, one, f"{path}.{name}{index}", factors)


def image(models, base):
    """All registers of a device, and where they begin."""
    registers = [0x5375, 0x6e53]
    for model in models:
        registers += model.registers
    return base, registers + [0xffff, 0]


def scaled(value, factor):
    """The double nearest to the exact decimal."""
    return float(decimal.Decimal(value).scaleb(factor))


class Peer(Server):
    """pymodbus with one block of holding registers. `refuse(address, count)` gives an exception's
    number for what it shall not answer."""

    def __init__(self, base, registers, refuse=lambda address, count: 0, *, rtu=False):
        super().__init__(device(1, coils=[False], discretes=[False], holding=(base, registers),
                                inputs=[0]), rtu=rtu, trace=self._note)
        self.requests = []
        self._refuse = refuse

    def _note(self, sending, pdu):
        if not sending:
            self.requests.append((pdu.address, pdu.count))
            return pdu
        code = self._refuse(*self.requests[-1])
        return ExceptionResponse(pdu.function_code, code, pdu.dev_id, pdu.transaction_id) \
            if code else pdu


def dice(seed):
    return random.Random(seed)
