"""`leat identify`: what a device says it is, by functions 43/14 and 17.

The slaves are pymodbus' server, and one made here whose answers are wrong on purpose.
"""
import json
import socket
import struct
import threading

import harness
import modbus_peer
import pytest
from pymodbus import ModbusDeviceIdentification

POINT = [{"name": "level", "address": "holding:10", "type": "uint16"}]
BASIC = {0: b"Example Works", 1: b"EM-24", 2: b"V3.1"}


class RawPeer:
    """Answers registers with zeroes; functions 43 and 17 as `objects` and `server` say: from the
    request's bytes behind the unit make those of the answer, None to keep silent."""

    def __init__(self, objects, server=None, framing="tcp"):
        self._objects, self._server = objects, server or (lambda pdu: bytes((0x91, 1)))
        self._rtu = framing == "rtu"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.spoilt = 0  # so many of the next answers to 43 have a wrong checksum, with RTU framing
        self.asked = []  # the PDUs of functions 43 and 17
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _answer(self, pdu):
        if pdu[0] in (0x2B, 0x11):
            self.asked.append(pdu)
            return (self._objects if pdu[0] == 0x2B else self._server)(pdu)
        count = 2 * struct.unpack(">H", pdu[3:5])[0]
        return bytes((pdu[0], count)) + bytes(count)

    def _serve(self, connection):
        try:
            while data := connection.recv(300):
                head, pdu = (data[:1], data[1:-2]) if self._rtu else (data[:7], data[7:])
                answer = self._answer(pdu)
                if answer is None:
                    continue
                if self._rtu:
                    frame = head + answer
                    sums = checksum(frame)
                    if pdu[0] == 0x2B and self.spoilt > 0:
                        self.spoilt -= 1
                        sums = bytes((sums[0] ^ 1, sums[1]))
                    connection.sendall(frame + sums)
                else:
                    connection.sendall(head[:4] + struct.pack(">H", len(answer) + 1) + head[6:] + answer)
        except OSError:
            pass

    def close(self):
        self._listener.close()
        for connection in self._open:
            connection.close()


def checksum(frame):
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def told(pdu, objects, more=0, following=0, count=None):
    body = b"".join(bytes((number, len(text))) + text for number, text in objects.items())
    return bytes((0x2B, 0x0E, pdu[2], 0x83, more, following,
                  len(objects) if count is None else count)) + body


def identify(subject, *words, device="press"):
    """(exit code, what was said of --json, the notes)"""
    done = subject.command("identify", device, "--json", "--socket", subject.socket_path, *words)
    said = json.loads(done.stdout) if done.stdout else {"identity": [], "notes": []}
    return done.returncode, {row["name"]: row["value"] for row in said["identity"]}, \
        "; ".join(said["notes"]) + done.stderr


@pytest.fixture
def gateway(agent, closing, tmp_path):
    """gateway(port) has one device there; it is not started."""
    def make(port, driver="modbus-tcp"):
        device = harness.modbus_device("press", port, POINT, interval="100ms", timeout="500ms")
        return agent(harness.leat_yaml(tmp_path, device.replace("driver: modbus-tcp", f"driver: {driver}")))
    return make


@pytest.fixture
def raw(closing, gateway):
    """raw(objects, server, framing) is such a peer and a gateway that has it as a device."""
    def make(objects, server=None, framing="tcp"):
        peer = closing(RawPeer(objects, server, framing))
        return peer, gateway(peer.port, "modbus-tcp" if framing == "tcp" else "modbus-rtu-tcp")
    return make


@pytest.mark.parametrize("with_agent", [True, False])
def test_a_foreign_slave_tells_all_it_has(gateway, closing, with_agent):
    identity = ModbusDeviceIdentification(info={
        0: "Example Works", 1: "EM-24", 2: "V3.1", 3: "https://example.com/" + "x" * 90,
        4: "Energy meter " + "y" * 90, 5: "24-3", 6: "Hall 2", 0x80: "z" * 90, 0x81: "cal 2026"})
    peer = closing(modbus_peer.Peer(identity)).start()
    subject = gateway(peer.port)
    if with_agent:
        subject.start().wait_device("press", "up")
    code, said, notes = identify(subject)
    assert code == 0 and (said["vendor"], said["product code"], said["revision"]) == \
        ("Example Works", "EM-24", "V3.1"), (said, notes)
    assert said["vendor url"].endswith("x" * 90) and said["product"].endswith("y" * 90)
    assert (said["model"], said["application"], said["object 0x81"]) == ("24-3", "Hall 2", "cal 2026")
    assert said["object 0x80"] == "z" * 90
    assert said["server id"] == "Example Works-EM-24-V3.1" and said["run indicator"] == "on"
    assert notes == "" and peer.seen.count(43) >= 2  # more followed
    if with_agent:
        assert not subject.log("device-down")
    done = subject.command("identify", "press", "--socket", subject.socket_path)
    assert done.returncode == 0 and "\n  vendor         Example Works\n" in done.stdout, done.stdout


def test_a_running_agent_asks_through_its_own_connection(raw):
    peer, subject = raw(lambda pdu: told(pdu, BASIC))
    subject.start().wait_device("press", "up")
    assert identify(subject)[0] == 0
    assert peer.connections == 1


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_rtu_framing_tells_the_same(raw, framing):
    peer, subject = raw(lambda pdu: told(pdu, BASIC), lambda pdu: b"\x11\x07\x2a\x00Fan 7", framing)
    code, said, notes = identify(subject)
    assert code == 0 and said == {"vendor": "Example Works", "product code": "EM-24",
                                  "revision": "V3.1", "server id": "*", "run indicator": "off",
                                  "server text": "Fan 7"}, (said, notes)


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_a_device_that_knows_neither_is_said_to_in_clear_sentences(raw, framing):
    peer, subject = raw(lambda pdu: b"\xab\x01", None, framing)
    subject.start().wait_device("press", "up")
    code, said, notes = identify(subject)
    assert code == 1 and not said
    assert "does not know function 43/14" in notes and "does not know function 17" in notes
    assert len(peer.asked) == 2 and not subject.log("device-down")


def test_who_refuses_all_objects_is_asked_for_fewer(raw):
    peer, subject = raw(lambda pdu: b"\xab\x03" if pdu[2] > 1 else told(pdu, BASIC))
    code, said, notes = identify(subject)
    assert code == 0 and said["revision"] == "V3.1", notes
    assert [pdu[2] for pdu in peer.asked[:3]] == [3, 2, 1]


@pytest.mark.parametrize("next_object", [0, 1, 3, 200])
def test_endless_more_follows_comes_to_an_end(raw, next_object):
    peer, subject = raw(lambda pdu: told(pdu, BASIC, 0xFF, next_object))
    code, said, notes = identify(subject)
    assert code == 0 and said["vendor"] == "Example Works" and len(said) == 3
    assert "nothing new" in notes and len(peer.asked) <= 3


def test_more_objects_than_anybody_has_are_cut_off_with_a_sentence(raw):
    peer, subject = raw(lambda pdu: told(pdu, {pdu[3]: b"x"}, 0xFF, pdu[3] + 1))
    code, said, notes = identify(subject)
    assert code == 0 and len(said) == 64 and "more than 64" in notes


@pytest.mark.parametrize("answer, sentence", [
    (lambda pdu: told(pdu, BASIC, count=9), "ends within its object 4 of 9"),
    (lambda pdu: told(pdu, {0: b"abc"})[:-1], "ends within its object 1 of 1"),
    (lambda pdu: told(pdu, {0: b"abc"})[:5], "no answer to function 43/14"),
    (lambda pdu: b"\x2b\x0d" + bytes(20), "no answer to function 43/14"),
    (lambda pdu: b"\x03\x02\x00\x00", "does not fit"),
    (lambda pdu: None, "no whole answer"),
])
def test_lengths_that_lie_are_said_and_the_readings_go_on(raw, answer, sentence):
    peer, subject = raw(answer)
    subject.start().wait_device("press", "up")
    _, _, notes = identify(subject)
    assert sentence in notes, notes
    subject.wait_device("press", "up")


@pytest.mark.parametrize("answer, sentence", [
    (lambda pdu: told(pdu, BASIC, count=9), "function 43/14"),
    (lambda pdu: b"\x2b\x0e\x03\x83\x00\x00\xff" + b"\x00\xf0" * 122, "does not fit"),
    (lambda pdu: b"\x55\x00", "does not fit"),
    (lambda pdu: None, "no whole answer"),
])
def test_on_a_line_the_next_question_follows(raw, answer, sentence):
    peer, subject = raw(answer, lambda pdu: b"\x11\x07\x2a\xffFan 7", "rtu")
    code, said, notes = identify(subject)
    assert code == 0 and said["server text"] == "Fan 7" and sentence in notes, notes


def test_a_spoilt_answer_is_asked_for_once_more(raw):
    peer, subject = raw(lambda pdu: told(pdu, BASIC), None, "rtu")
    peer.spoilt = 1
    code, said, _ = identify(subject)
    assert code == 0 and said["vendor"] == "Example Works" and len(peer.asked) == 3
    peer.spoilt = 2
    code, said, notes = identify(subject)
    assert code == 1 and not said and "does not fit" in notes


def test_bytes_that_are_no_text_are_shown_as_bytes(raw):
    first = {0: b"M\xfcller", 1: b"a\x1b[2Jb", 2: "Öl".encode() + b"\0\0"}
    _, subject = raw(lambda pdu: told(pdu, {4: bytes(range(244))}) if pdu[3] == 4
                     else told(pdu, first, 0xFF, 4))
    code, said, _ = identify(subject)
    assert code == 0 and said["vendor"] == "0x4dfc6c6c6572" and said["product code"] == "0x611b5b324a62"
    assert said["revision"] == "Öl" and said["product"] == "0x" + bytes(range(244)).hex()


def test_what_cannot_be_asked_is_said(gateway, closing):
    peer = closing(modbus_peer.Peer()).start()
    subject = gateway(peer.port)
    code, _, notes = identify(subject, device="drill")
    assert code == 1 and "no device is called so" in notes
    subject.start().wait_device("press", "up")
    code, said, _ = identify(subject, device="drill")
    assert code == 1 and not said
    peer.close()
    subject.wait_device("press", "down")
    done = subject.command("identify", "press", "--socket", subject.socket_path)
    assert done.returncode == 1 and "away" in done.stderr
    assert subject.command("identify").returncode == 2
