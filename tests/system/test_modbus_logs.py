"""A load profile that a meter (pymodbus) keeps in a ring of registers, over outages of both sides."""
import harness
import pytest
from modbus_peer import Peer
from publisher import rows
from test_running import upload

RING, INDEX, LENGTH, COUNT = 4000, 3990, 4, 50
EPOCH, EVERY_S = 1_700_000_000, 900


class Meter:
    """Writes record after record: time, number, -number."""

    def __init__(self):
        self.peer = Peer().start()
        self.client = self.peer.client()
        self.written = 0

    def record(self, count=1):
        for number in range(self.written, self.written + count):
            time_s = EPOCH + number * EVERY_S
            self._write(RING + number % COUNT * LENGTH,
                        [time_s >> 16, time_s & 0xFFFF, number & 0xFFFF, -number & 0xFFFF])
        self.written += count
        self._write(INDEX, [self.written >> 16, self.written & 0xFFFF])

    def _write(self, address, registers):
        assert not self.client.write_registers(address, registers).isError()

    def clear(self):
        self._write(RING, [0] * 100)
        self._write(RING + 100, [0] * 100)
        self.written = 0
        self._write(INDEX, [0, 0])

    def close(self):
        self.client.close()
        self.peer.close()


@pytest.fixture
def meter(closing):
    return closing(Meter())


def configured(tmp_path, meter, port=None):
    points = ('    logs:\n'
              f'      - records: "holding:{RING}"\n'
              f'        length: {LENGTH}\n'
              f'        count: {COUNT}\n'
              f'        index: "holding:{INDEX}"\n'
              '        index_type: uint32\n'
              '        index_says: written\n'
              '        time: "record:0"\n'
              '        time_format: unix\n'
              '        points:\n'
              '          - { name: number, address: "record:2", type: uint16 }\n'
              '          - { name: power, address: "record:3", type: int16, unit: W, deadband: 0 }\n')
    return harness.leat_yaml(tmp_path, harness.modbus_device(
        "meter", port or meter.peer.port, [{"name": "level", "address": "holding:10", "type": "uint16",
                                            "deadband": 1}], interval="100ms", more=points),
        flush="100ms", max_age="2s")


def stored(lake):
    """What the lake has of the log: (time, number), (time, power) in the order of arrival."""
    found = {"number": [], "power": []}
    for row in sorted(rows(lake), key=lambda row: row["seq"]):
        name = row["point_id"].removeprefix("meter/")
        if name in found:
            assert row["quality"] == 0, row
            found[name].append((row["ts"] // 1_000_000, row["value_int"]))
    return found


def expected(numbers):
    return {"number": [(EPOCH + n * EVERY_S, n) for n in numbers],
            "power": [(EPOCH + n * EVERY_S, -n) for n in numbers]}


def unread(lake):
    return [(row["reason"], row["count"]) for row in rows(lake, "events")
            if row["kind"] == "unread" and row["subject"] == f"meter holding:{RING}"]


def wait_queued(agent, count):
    agent.wait_status(lambda status: status["totals"]["queued"] >= count)


def durable(status):
    return harness.committed(status, "readings")


def test_an_outage_is_filled_in_from_the_meters_own_log(agent, meter, tmp_path):
    subject = agent(configured(tmp_path, meter))
    meter.record(20)
    subject.start()
    wait_queued(subject, 41)  # and the level, once
    assert subject.stop().code == 0
    meter.record(30)
    subject.start()
    wait_queued(subject, 61)
    assert subject.stop().code == 0
    upload(subject)
    assert stored(tmp_path / "lake") == expected(range(50))
    assert unread(tmp_path / "lake") == []


def test_killed_in_the_middle_it_loses_no_record(agent, meter, tmp_path):
    subject = agent(configured(tmp_path, meter))
    before = 0
    for _ in range(6):
        subject.start()
        meter.record(15)
        # some of the records, whatever became of the rest: three are the level's, before and after a kill
        before = durable(subject.wait_status(lambda status: durable(status) > before + 3))
        subject.kill()
    meter.record(1)
    subject.start()
    wait_queued(subject, 3)
    subject.stop()
    upload(subject)
    found, wanted = stored(tmp_path / "lake"), expected(range(91))
    for name in found:
        assert list(dict.fromkeys(found[name])) == wanted[name]  # doubled at worst, and in order
    assert unread(tmp_path / "lake") == []


def test_what_the_meter_overwrote_is_told_and_a_cleared_log_is_read_anew(agent, meter, tmp_path):
    subject = agent(configured(tmp_path, meter))
    meter.record(10)
    subject.start()
    wait_queued(subject, 21)
    subject.stop()
    meter.record(COUNT + 7)
    subject.start()
    wait_queued(subject, 101)
    subject.stop()
    meter.clear()
    meter.record(3)
    subject.start()
    wait_queued(subject, 7)
    subject.stop()
    upload(subject)
    assert stored(tmp_path / "lake") == expected([*range(10), *range(17, 67), *range(3)])
    (lost, lost_count), (cleared, _) = unread(tmp_path / "lake")
    assert "overwrote records" in lost and lost_count == 7
    assert "cleared its log" in cleared


def test_an_outage_of_the_meter_leaves_no_mark_in_its_log(agent, meter, closing, tmp_path):
    subject = agent(configured(tmp_path, meter))
    meter.record(5)
    subject.start()
    wait_queued(subject, 11)
    port = meter.peer.port
    meter.close()
    subject.wait_device("meter", "down")
    subject.stop()
    assert port == meter.peer.port
    upload(subject)
    assert stored(tmp_path / "lake") == expected(range(5))
