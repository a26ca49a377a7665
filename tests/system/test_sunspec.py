"""SunSpec devices, with pysunspec2 as the referee of every value."""
import importlib.metadata
import ipaddress
import math
import re
import subprocess
import sys

import harness
import modbus_slaves
import pytest
import sunspec_peer
from publisher import rows
from serial_line import SerialLine
from sunspec_peer import Model, Peer, image, scaled
from test_running import upload

FOLDER = harness.ROOT / "drivers/modbus/sunspec"
sys.path.insert(0, str(FOLDER))
import make_models  # noqa: E402

NO_ADDRESS, NO_DATA = 0x80340000, 0x80B10000
BLOCK = 125


def expected_of(point, block=BLOCK):
    """Value and quality that Leat must give."""
    if point.span > block:
        return None, NO_ADDRESS
    if point.factor_absent:
        return None, NO_DATA
    if point.value is None:
        return None, NO_DATA
    if point.factor is not None:
        return scaled(point.value, point.factor), 0
    if point.kind == "ipaddr":
        return str(ipaddress.IPv4Address(point.value)), 0
    if point.kind == "ipv6addr":
        return int(point.value.replace(":", ""), 16), 0
    return point.value, 0


def value_of(point, row):
    if point.kind == "ipv6addr" and row["value_text"] is not None:
        return int(ipaddress.IPv6Address(row["value_text"]))
    return next((row[key] for key in ("value_double", "value_int", "value_text")
                 if row[key] is not None), None)


def configured(points):
    return [{"name": f"p{number}", "address": point.address} for number, point in enumerate(points)]


def read_with(agent, tmp_path, peer, points, line="modbus-tcp", serial=None, **options):
    """What the agent stored: the rows of each of `points`, in their order."""
    device = harness.modbus_device("sun", peer.port, configured(points), **options)
    for old, new in (("driver: modbus-tcp", f"driver: {line}"),
                     (f"address: 127.0.0.1:{peer.port}", modbus_slaves.keys(line, peer.port, serial))):
        assert device.count(old) == 1
        device = device.replace(old, new)
    subject = agent(harness.leat_yaml(tmp_path, device, max_age="2s"))
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= len(points))
    assert subject.stop().code == 0
    upload(subject)
    stored = [[] for _ in points]
    for row in rows(tmp_path / "lake"):
        stored[int(row["point_id"].removeprefix("sun/p"))].append(row)
    return stored


def check(points, stored, block=BLOCK):
    for point, found in zip(points, stored, strict=True):
        value, quality = expected_of(point, block)
        assert found, point
        for row in found:
            assert row["quality"] & 0xffffffff == quality, (point, row)
            if quality == 0:
                assert value_of(point, row) == value, (point, row)


def test_the_table_is_that_of_the_models():
    made = subprocess.run([sys.executable, FOLDER / "make_models.py", sunspec_peer.MODELS,
                           importlib.metadata.version("pysunspec2")],
                          check=True, capture_output=True, text=True).stdout
    assert made == (FOLDER / "models.inc").read_text()


@pytest.mark.parametrize("base,seed", [(40000, 1), (50000, 2), (0, 3)])
def test_every_point_of_every_model_agrees_with_pysunspec2(agent, closing, tmp_path, base, seed):
    dice = sunspec_peer.dice(seed)
    models = [Model(number, dice) for number in make_models.MODELS]
    points = [point for model in models for point in model.points()]
    peer = closing(Peer(*image(models, base)).start())
    stored = read_with(agent, tmp_path, peer, points, interval="5s")
    check(points, stored)
    assert {point.kind for point in points} >= set(sunspec_peer.INTEGERS) | {
        "float32", "string", "eui48", "ipv6addr", "sunssf"}
    good = [point for point in points if expected_of(point)[1] == 0]
    assert len(good) > len(points) / 2
    assert not any(isinstance(point.value, float) and math.isnan(point.value) for point in good)


def test_a_device_that_takes_60_registers_at_once_is_read(agent, closing, tmp_path):
    models = [Model(number, sunspec_peer.dice(7)) for number in (1, 103, 120, 160, 701)]
    points = [point for model in models for point in model.points()]
    peer = closing(Peer(*image(models, 40000),
                        refuse=lambda _, count: 3 if count > 60 else 0).start())
    check(points, read_with(agent, tmp_path, peer, points), block=60)
    assert any(60 < point.span <= BLOCK for point in points)


@pytest.mark.parametrize("line", ["modbus-rtu", "modbus-rtu-tcp"])
def test_a_device_with_rtu_framing_is_found(agent, closing, tmp_path, line):
    models = [Model(number, sunspec_peer.dice(11)) for number in (1, 103, 160)]
    points = [point for model in models for point in model.points()]
    peer = closing(Peer(*image(models, 40000), rtu=True).start())
    serial = closing(SerialLine(peer.port)) if line == "modbus-rtu" else None
    check(points, read_with(agent, tmp_path, peer, points, line, serial, interval="5s"))


def test_the_second_of_two_equal_models_and_the_first_of_several_are_found(agent, closing, tmp_path):
    models = [Model(number, sunspec_peer.dice(seed)) for seed, number in enumerate((1, 203, 203, 112))]
    second = models[2].points()
    float_watts = [point for point in models[3].points() if point.address == "sunspec:112.W"]
    for point in second:
        point.address = point.address.replace("203", "203[2]")
    float_watts[0].address = "sunspec:101|102|103|111|112|113.W"
    peer = closing(Peer(*image(models, 40000)).start())
    check(second + float_watts, read_with(agent, tmp_path, peer, second + float_watts))


def test_what_the_device_does_not_have_is_bad_and_told_once(agent, closing, tmp_path):
    models = [Model(number, sunspec_peer.dice(9)) for number in (1, 160)]
    points = models[1].points()[:3]
    for address in ("sunspec:103.W", "sunspec:160.module[3].DCW"):
        points.append(sunspec_peer.Point(address, "uint16", 0, None, False, 1000))
    peer = closing(Peer(*image(models, 40000)).start())
    check(points, read_with(agent, tmp_path, peer, points))
    told = [row for row in rows(tmp_path / "lake", "events") if "no model 103" in str(row)]
    assert len(told) == 1


def test_check_refuses_what_cannot_be_with_advice(agent, tmp_path):
    points = [{"name": "a", "address": "sunspec:103.w"}, {"name": "b", "address": "sunspec:103.W", "type": "int16"},
              {"name": "c", "address": "sunspec:123.WMaxLimPct", "writable": True, "write_range": "[0, 100]"},
              {"name": "d", "address": "sunspec:103.W"}]
    done = agent(harness.leat_yaml(tmp_path, harness.modbus_device("sun", 502, points))).check()
    assert done.returncode != 0
    text = done.stdout + done.stderr
    for advice in ("has nothing called w there; mind capitals", "leave out type, order",
                   "a SunSpec point cannot be written"):
        assert text.count(advice) == 1, text


@pytest.mark.parametrize("template,number", [
    ("sunspec-inverter", 101), ("sunspec-inverter", 103), ("sunspec-inverter", 112),
    ("sunspec-meter", 201), ("sunspec-meter", 203), ("sunspec-meter", 214)])
def test_a_template_reads_any_of_its_models(agent, closing, tmp_path, template, number):
    models = [Model(each, sunspec_peer.dice(number)) for each in (1, number)]
    values = {point.address.split(".")[1]: point for point in models[1].points()}
    peer = closing(Peer(*image(models, 40000)).start())
    text = (harness.ROOT / f"drivers/templates/{template}.yaml").read_text(encoding="utf-8")
    points = dict(re.findall(r'name: ([\w-]+), .*address: "sunspec:[\d|]+\.(\w+)"', text))
    assert len(points) > 15
    subject = agent(harness.leat_yaml(
        tmp_path, f"  - {{ name: sun, driver: modbus-tcp, address: '127.0.0.1:{peer.port}', "
        f"template: {template}, interval: 1s }}\n", max_age="2s")
        + f"\ntemplates: '{harness.ROOT / 'drivers/templates'}'\n")
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= len(points))
    assert subject.stop().code == 0
    upload(subject)
    stored = {row["point_id"].removeprefix("sun/"): row for row in rows(tmp_path / "lake")}
    assert set(stored) == set(points)
    check([values[points[name]] for name in stored], [[row] for row in stored.values()])
