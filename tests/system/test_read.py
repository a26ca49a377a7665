"""`leat read`: the values of a device now, over the connection that the agent has anyway.

The slave is pymodbus' server (modbus_peer.py); a gateway that takes one connection is refused a second.
"""
import json
import socket
import struct

import harness
import modbus_peer
import pytest
from publisher import rows

POINTS = [
    {"name": "level", "address": "holding:10", "type": "uint16", "unit": "mm", "range": "[0, 1000]"},
    {"name": "temperature", "address": "input:4", "type": "int16", "scale": 0.1, "unit": "Cel"},
    {"name": "energy", "address": "holding:20", "type": "uint64", "order": "ABCD", "unit": "W.h"},
    {"name": "running", "address": "coil:3", "type": "bool"},
    {"name": "serial", "address": "holding:40", "type": "string", "length": 8},
    {"name": "torque", "address": "holding:60", "type": "int16", "invalid": "0x8000"},
    {"name": "slow", "address": "holding:70", "type": "uint16", "interval": "1h"},
]
ENERGY = 18_000_000_000_000_000_001


@pytest.fixture
def peer(closing):
    peer = closing(modbus_peer.Peer()).start()
    with peer.client() as client:
        client.write_registers(10, [420])
        client.write_registers(20, list(struct.unpack(">4H", struct.pack(">Q", ENERGY))))
        client.write_coil(3, True)
        client.write_registers(40, list(struct.unpack(">8H", "Öl 7/α".encode().ljust(16, b"\0"))))
        client.write_registers(60, [0x8000])
        client.write_registers(70, [7])
    return peer


@pytest.fixture
def subject(agent, peer, tmp_path):
    return agent(harness.leat_yaml(tmp_path, harness.modbus_device("press", peer.port, POINTS)))


def read(subject, *words):
    """(exit code, {point: (value, unit, status)}, notes and what was said on stderr)"""
    done = subject.command("read", *words, "--json", "--socket", subject.socket_path)
    said = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, {row["point"]: (row["value"], row["unit"], row["status"])
                             for row in said.get("readings", [])}, \
        "; ".join(said.get("notes", [])) + done.stderr


@pytest.mark.parametrize("with_agent", [True, False])
def test_all_values_are_shown(subject, peer, with_agent):
    if with_agent:
        subject.start().wait_device("press", "up")
    code, said, notes = read(subject, "press")
    assert said == {
        "level": ("420", "mm", "good"), "temperature": ("0", "Cel", "good"),
        "energy": (str(ENERGY), "W.h", "good"), "running": ("true", "", "good"),
        "serial": ("Öl 7/α", "", "good"),
        "torque": ("-32768", "", "bad: the device says that it has no value here"),
        "slow": ("7", "", "good")}, notes
    assert code == 1 and not notes  # not all are good
    with peer.client() as client:
        client.write_registers(60, [5])
        client.write_registers(10, [1500])
    code, said, _ = read(subject, "press/torque")
    assert (code, said) == (0, {"torque": ("5", "", "good")})
    _, said, _ = read(subject, "press/level")
    assert said["level"] == ("1500", "mm", "uncertain: outside the range given for the point")
    done = subject.command("read", "press", "--socket", subject.socket_path)
    assert "  serial       " in done.stdout and "1500 mm  uncertain: outside" in done.stdout, done.stdout


def test_what_is_read_on_request_is_kept(subject, peer, tmp_path):
    subject.start().wait_device("press", "up")
    with peer.client() as client:
        client.write_registers(70, [8])
    assert read(subject, "press/slow")[1] == {"slow": ("8", "", "good")}
    subject.stop()
    assert subject.command("upload", "--socket", tmp_path / "none.sock").returncode == 0
    kept = [row["value_int"] for row in rows(tmp_path / "lake", "readings")
            if row["point_id"] == "press/slow"]
    assert kept[-1] == 8, kept


def test_a_slave_of_one_connection_keeps_it(agent, closing, tmp_path):
    """It serves the first one and hangs up on all others."""
    listener = closing(socket.create_server(("127.0.0.1", 0)))
    points = [{"name": "level", "address": "holding:10", "type": "uint16"}]
    subject = agent(harness.leat_yaml(tmp_path, harness.modbus_device(
        "press", listener.getsockname()[1], points, interval="1h"))).start()
    connection = closing(listener.accept()[0])
    listener.settimeout(0)

    def answer(value):
        request = connection.recv(12)
        connection.sendall(request[:5] + b"\x05" + request[6:8] + struct.pack(">BH", 2, value))
    answer(1)
    subject.wait_device("press", "up")
    asked = closing(harness.Process("read", [subject.programs.leat, "read", "press", "--socket",
                                             subject.socket_path]))
    answer(1234)
    assert asked.wait().code == 0 and "level  1234" in asked.said("stdout")
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_what_cannot_be_read_is_said(subject, peer, tmp_path):
    code, said, notes = read(subject, "drill")
    assert code == 1 and "no device is called so" in notes
    code, said, notes = read(subject, "press/tork")
    assert code == 1 and "no such point" in notes
    subject.start().wait_device("press", "up")
    code, said, notes = read(subject, "press/tork")
    assert code == 1 and not said and "no such point" in notes
    code, said, notes = read(subject, "drill")
    assert code == 1 and "drill: no such device is collected from" in notes
    assert subject.command("read").returncode == 2
    assert subject.command("read", "press", "level").returncode == 2
    peer.exceptions[3] = 4
    code, said, notes = read(subject, "press/slow")
    assert code == 1 and said == {"slow": ("", "", "bad: the device reports a failure of its own")}
    peer.close()
    code, said, notes = read(subject, "press/slow")
    assert code == 1 and "the device closed the connection" in notes, notes
    subject.wait_device("press", "down")
    code, said, notes = read(subject, "press")
    assert code == 1 and not said and "press: it is away" in notes


def test_a_device_that_sends_when_it_likes_is_not_asked(agent, closing, tmp_path):
    subject = agent(harness.leat_yaml(tmp_path, "  - name: hall\n    driver: mqtt\n"
                                      "    broker: mqtt://127.0.0.1:1\n    subscriptions:\n"
                                      "      - { topic: a, payload: json, points: [ { name: x, path: x, type: double } ] }\n"))
    assert read(subject, "hall")[2].startswith("leat: hall: it sends when it likes")
    subject.start()
    code, said, notes = read(subject, "hall")
    assert code == 1 and not said and "hall: it sends when it likes" in notes, notes


def test_the_gateway_itself_can_be_read(agent, tmp_path):
    subject = agent(harness.leat_yaml(tmp_path, "  - name: gw\n    driver: gateway\n    interval: 1h\n"))
    _, said, notes = read(subject, "gw")
    assert said["memory-used"][2] == "good", notes
    subject.start().wait_device("gw", "up")
    _, more, _ = read(subject, "gw")
    assert set(said) <= set(more) and any(name.startswith("link-") for name in more)
