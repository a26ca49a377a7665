"""`leat write`: what is written, what is refused, and that a record of both reaches the lake.

The slave is pymodbus' server (modbus_peer.py).
"""
import json
import os
import shutil
import struct

import harness
import modbus_peer
import pytest
from publisher import rows

FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
           "float32": "f", "float64": "d"}
VALUES = {"int16": -1234, "uint16": 54321, "int32": -123456789, "uint32": 4023456789,
          "int64": -1234567890123456789, "uint64": 18000000000000000001, "float32": -0.15625,
          "float64": 3.141592653589793}
WIDE = "[-1e19, 2e19]"
LEVEL = {"name": "level", "address": "holding:10", "type": "uint16", "range": "[0, 1000]",
         "writable": True}


@pytest.fixture
def peer(closing):
    return closing(modbus_peer.Peer()).start()


@pytest.fixture
def running(agent, peer, tmp_path):
    """running(points) is an agent that collects them from the peer, with writes enabled."""
    def start(points, enabled=True, more=""):
        text = harness.leat_yaml(tmp_path, harness.modbus_device(
            "press", peer.port, points, interval="100ms", more=more))
        subject = agent(text + ("writes: { enabled: true }\n" if enabled else "")).start()
        subject.wait_device("press", "up")
        return subject
    return start


def write(subject, *words):
    """(exit code, answer of --json, what was said on stderr)"""
    done = harness.run([subject.programs.leat, "write", *words, "--json", "--socket",
                        subject.socket_path])
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def audit(subject, folder):
    """The records of writes that are in the lake once the agent has ended: (subject, reason, detail)"""
    assert subject.stop().code == 0
    done = subject.command("upload", "--socket", subject.folder / "none.sock")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [row for row in rows(folder / "lake", "events") if row["kind"] == "write"]
    return [(row["subject"], row["reason"], json.loads(row["detail"]))
            for row in sorted(found, key=lambda row: row["seq"])]


def held(peer, address, type_, order):
    """What the slave holds, as pymodbus' client reads it."""
    count = struct.calcsize(FORMATS[type_]) // 2
    client = peer.client()
    registers = client.read_holding_registers(address, count=count).registers
    client.close()
    registers = registers[::-1] if order in ("CDAB", "DCBA") else registers
    layout = "<H" if order in ("BADC", "DCBA") else ">H"
    return struct.unpack(">" + FORMATS[type_],
                         b"".join(struct.pack(layout, register) for register in registers))[0]


def test_every_type_in_every_order_is_written_and_read_back(running, peer):
    orders = ("ABCD", "CDAB", "BADC", "DCBA")
    points = [(f"{type_}-{order}", type_, order) for type_ in FORMATS for order in orders]
    subject = running([{"name": name, "address": f"holding:{100 + 4 * index}", "type": type_,
                        "order": order, "writable": True, "write_range": WIDE}
                       for index, (name, type_, order) in enumerate(points)])
    for index, (name, type_, order) in enumerate(points):
        code, said, _ = write(subject, f"press/{name}", repr(VALUES[type_]))
        assert code == 0 and said["outcome"] == "done", said
        assert held(peer, 100 + 4 * index, type_, order) == VALUES[type_], name
    assert {6, 16} <= set(peer.seen)


def test_coils_and_bits_leave_their_neighbours_alone(running, peer):
    client = peer.client()
    client.write_register(20, 0x0F0F)
    client.close()
    points = [{"name": "valve", "address": "coil:4", "type": "bool", "writable": True},
              {"name": "fan", "address": "holding:20.5", "type": "bool", "writable": True},
              {"name": "lamp", "address": "holding:20.0", "type": "bool", "order": "BADC",
               "writable": True}]
    subject = running(points)
    assert write(subject, "press/valve", "true")[1]["read_back"] == "true"
    assert write(subject, "press/fan", "on")[1]["read_back"] == "true"
    assert write(subject, "press/lamp", "0")[1]["read_back"] == "false"
    client = peer.client()
    assert client.read_holding_registers(20, count=1).registers[0] == 0x0E2F
    assert client.read_coils(3, count=3).bits[:3] == [False, True, False]
    client.close()
    assert {5, 22} <= set(peer.seen) and 6 not in peer.seen[-8:]


def test_texts_are_written_and_filled_up(running, peer):
    subject = running([{"name": "recipe", "address": "holding:30", "type": "string", "length": 4,
                        "writable": True}])
    assert write(subject, "press/recipe", "ABCDEFGH")[0] == 0
    assert write(subject, "press/recipe", "Öl 5")[1]["read_back"] == "Öl 5"
    client = peer.client()
    assert struct.pack(">4H", *client.read_holding_registers(30, count=4).registers) == \
        "Öl 5".encode() + b"\0\0\0"
    client.close()
    code, said, _ = write(subject, "press/recipe", "ABCDEFGHI")
    assert code == 1 and "room for 8" in said["why"]


def test_a_value_is_given_in_the_unit_and_rounded_to_the_nearest_step(running, peer):
    point = {"name": "setpoint", "address": "holding:40", "type": "int16", "scale": 0.1,
             "offset": -10, "unit": "Cel", "write_range": "[-20, 80]", "writable": True}
    subject = running([point])
    code, said, _ = write(subject, "press/setpoint", "-12.34")
    assert code == 0 and (said["asked"], said["written"], said["read_back"], said["unit"]) == \
        ("-12.34", "-12.3", "-12.3", "Cel")
    assert held(peer, 40, "int16", "ABCD") == -23
    done = harness.run([subject.programs.leat, "write", "press/setpoint", "21.56", "--socket",
                        subject.socket_path])
    assert done.returncode == 0 and "nearest" in done.stdout and "21.6 Cel" in done.stdout
    code, said, _ = write(subject, "press/setpoint", "80.04")
    assert code == 1 and "outside" in said["why"]
    code, said, _ = write(subject, "press/setpoint", "twenty")
    assert code == 1 and "not a number" in said["why"]
    assert held(peer, 40, "int16", "ABCD") == 316


def test_a_value_that_rounding_carries_out_of_its_limits_is_refused(running, peer):
    subject = running([{"name": "setpoint", "address": "holding:40", "type": "int16", "scale": 0.3,
                        "write_range": "[0, 80]", "writable": True}])
    code, said, _ = write(subject, "press/setpoint", "80")
    assert code == 1 and "80.1 is outside of 0 to 80" in said["why"], said
    assert write(subject, "press/setpoint", "79.8")[1]["outcome"] == "done"


def test_a_dry_run_says_what_would_be_and_sends_nothing(running, peer, tmp_path):
    subject = running([LEVEL])
    code, said, _ = write(subject, "press/level", "500", "--dry-run")
    assert code == 0 and (said["outcome"], said["old"], said["written"]) == ("would", "0", "500")
    assert write(subject, "press/level", "1001", "--dry-run")[0] == 1
    assert not {5, 6, 15, 16, 22} & set(peer.seen)
    assert not audit(subject, tmp_path)


def test_what_may_not_be_written_is_refused_and_recorded(running, peer, tmp_path):
    fixed = {"name": "fixed", "address": "holding:11", "type": "uint16"}
    subject = running([LEVEL, fixed])
    for words, sentence in ((("press/level", "1001"), "outside of 0 to 1000"),
                            (("press/level", "-1"), "outside of 0 to 1000"),
                            (("press/fixed", "1"), "not marked writable"),
                            (("press/none", "1"), "no such point"),
                            (("drill/level", "1"), "no such device")):
        code, said, _ = write(subject, *words)
        assert code == 1 and said["outcome"] == "refused" and sentence in said["why"], said
    assert not {5, 6, 15, 16, 22} & set(peer.seen)
    found = audit(subject, tmp_path)
    assert [(where, how) for where, how, _ in found] == [
        (where, "refused") for where in ("press/level", "press/level", "press/fixed", "press/none",
                                         "drill/level")]


def test_writes_are_off_until_they_are_switched_on(running, peer, tmp_path):
    subject = running([LEVEL], enabled=False)
    code, said, _ = write(subject, "press/level", "5")
    assert code == 1 and "writes are off" in said["why"]
    assert not {5, 6, 15, 16, 22} & set(peer.seen)
    subject.write_config(subject.config_path.read_text() + "writes: { enabled: true }\n")
    subject.reload()
    subject.wait_log("config-applied")
    assert write(subject, "press/level", "5")[0] == 0
    subject.write_config(subject.config_path.read_text().replace("enabled: true", "enabled: false"))
    lines = len(subject.process.lines["stderr"])
    subject.reload()
    subject.wait_log("config-applied", after=lines)
    assert write(subject, "press/level", "6")[0] == 1
    assert [how for _, how, _ in audit(subject, tmp_path)] == ["refused", "asked", "done", "refused"]


def test_the_record_says_who_and_what(running, peer, tmp_path):
    subject = running([LEVEL])
    assert write(subject, "press/level", "5")[0] == 0
    asked, done = audit(subject, tmp_path)
    assert asked[:2] == ("press/level", "asked") and done[:2] == ("press/level", "done")
    assert done[2]["uid"] == str(os.getuid()) and int(done[2]["pid"]) > 1
    assert (done[2]["old"], done[2]["asked"], done[2]["read_back"]) == ("0", "5", "5")
    assert held(peer, 10, "uint16", "ABCD") == 5


def test_a_record_survives_a_kill_right_after_the_answer(running, tmp_path):
    subject = running([LEVEL])
    assert write(subject, "press/level", "77")[0] == 0
    subject.kill()
    subject.start()
    assert [how for _, how, _ in audit(subject, tmp_path)] == ["asked", "done"]


def test_a_device_that_ignores_or_refuses_is_told_from_one_that_obeys(running, peer, tmp_path):
    bit = {"name": "fan", "address": "holding:20.5", "type": "bool", "writable": True}
    subject = running([LEVEL, bit])
    peer.ignored = True
    code, said, _ = write(subject, "press/level", "500")
    assert code == 1 and (said["outcome"], said["read_back"]) == ("differs", "7")
    peer.ignored = False
    peer.exceptions = {6: 2}
    code, said, _ = write(subject, "press/level", "500")
    assert code == 1 and said["outcome"] == "refused" and "exception 2" in said["why"]
    peer.exceptions = {6: 1}  # knows only function 16
    assert write(subject, "press/level", "501")[1]["outcome"] == "done"
    peer.exceptions = {22: 1}
    before = len(peer.seen)
    code, said, _ = write(subject, "press/fan", "1")
    assert code == 1 and said["outcome"] == "refused" and "function 22" in said["why"]
    assert not {6, 16} & set(peer.seen[before:])  # never by reading and writing the whole register
    assert [how for _, how, _ in audit(subject, tmp_path)] == [
        "asked", "differs", "asked", "refused", "asked", "done", "asked", "refused"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_only_the_owner_and_the_group_of_the_socket_may_ask(running, peer, tmp_path):
    subject = running([LEVEL])
    for folder in (subject.socket_path.parent, *subject.socket_path.parent.parents):
        if folder.stat().st_uid == os.getuid() and folder.as_posix().startswith("/tmp/"):
            folder.chmod(0o755)
    leat = tmp_path / "leat"
    shutil.copy(subject.programs.leat, leat)
    ask = [leat, "write", "press/level", "5", "--json", "--socket", subject.socket_path]
    somebody = ["setpriv", "--reuid=65534", "--regid=65534"]
    stranger = harness.run([*somebody, "--clear-groups", *ask])
    assert stranger.returncode == 1 and "denied" in stranger.stderr, stranger.stderr
    assert not {5, 6, 15, 16, 22} & set(peer.seen)
    member = harness.run([*somebody, f"--groups={subject.socket_path.stat().st_gid}", *ask])
    assert member.returncode == 0 and json.loads(member.stdout)["uid"] == "65534", member.stderr
    assert [detail["uid"] for _, _, detail in audit(subject, tmp_path)] == ["65534", "65534"]


def test_a_write_does_not_disturb_the_readings(running, peer):
    subject = running([LEVEL])
    for value in range(20):
        assert write(subject, "press/level", str(value))[0] == 0
    device = next(item for item in subject.status()["devices"] if item["name"] == "press")
    assert device["state"] == "up" and not subject.log("device-down")


def test_a_device_that_is_away_is_said_to_be(running, peer):
    subject = running([LEVEL])
    peer.close()
    subject.wait_device("press", "down")
    code, said, _ = write(subject, "press/level", "1")
    assert code == 1 and "away" in said["why"]


def test_without_an_agent_nothing_is_written(programs, tmp_path):
    done = harness.run([programs.leat, "write", "a/b", "1", "--socket", tmp_path / "none.sock"])
    assert done.returncode == 1 and "no agent" in done.stderr.lower(), done.stderr
    done = harness.run([programs.leat, "write", "a", "1", "--socket", tmp_path / "none.sock"])
    assert done.returncode == 2


@pytest.mark.parametrize("keys, sentence", [
    ({"address": "input:1", "type": "uint16", "range": "[0, 1]"}, "input register"),
    ({"address": "discrete:1", "type": "bool"}, "discrete input"),
    ({"address": "holding:1", "type": "uint16"}, "write_range: [10, 80]"),
    ({"address": "holding:1", "type": "uint16", "range_low": 1}, "write_range: [10, 80]"),
    ({"address": "holding:1", "type": "uint16", "write_range": "[5, 1]"}, "swap"),
    ({"address": "holding:1", "type": "string", "length": 124}, "at most 123"),
    ({"address": "holding:1", "type": "int16", "scale_register": "holding:2", "range": "[0, 1]"},
     "change its factor"),
])
def test_check_refuses_what_cannot_be_written(agent, tmp_path, keys, sentence):
    subject = agent(harness.leat_yaml(tmp_path, harness.modbus_device(
        "press", 502, [{"name": "level", "writable": True, **keys}])))
    done = subject.check()
    assert done.returncode == 1 and sentence in done.stdout + done.stderr, done.stdout
