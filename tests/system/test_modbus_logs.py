"""A load profile that a meter (pymodbus) keeps in a ring of registers, over outages of both sides."""
import json
import harness
import pytest
from modbus_peer import Peer
from publisher import rows
from test_running import upload

RING, INDEX, LENGTH, COUNT = 4000, 3990, 4, 50
EPOCH, EVERY_S = 1_700_000_000, 900


def registers_of(number):
    time_s = EPOCH + number * EVERY_S
    return [time_s >> 16, time_s & 0xFFFF, number & 0xFFFF, -number & 0xFFFF]


class Meter:
    """Writes record after record: time, number, -number."""

    def __init__(self):
        self.peer = Peer().start()
        self.client = self.peer.client()
        self.written = 0

    def record(self, count=1):
        for number in range(self.written, self.written + count):
            self._write(RING + number % COUNT * LENGTH, registers_of(number))
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


def unread(lake, records=f"holding:{RING}"):
    return [(row["reason"], row["count"]) for row in rows(lake, "events")
            if row["kind"] == "unread" and row["subject"] == f"meter {records}"]


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


def configured_log(tmp_path, peer, log, driver="modbus-tcp"):
    """The meter's two points in the records of `log`."""
    lines = "".join(f"        {key}: {value}\n" for key, value in log.items())
    more = ("    logs:\n      -\n" + lines + f"        length: {LENGTH}\n"
            '        time: "record:0"\n        time_format: unix\n        points:\n'
            '          - { name: number, address: "record:2", type: uint16 }\n'
            '          - { name: power, address: "record:3", type: int16, unit: W, deadband: 0 }\n')
    device = harness.modbus_device("meter", peer.port, [], interval="100ms", more=more)
    return harness.leat_yaml(tmp_path, device.replace("modbus-tcp", driver), flush="100ms", max_age="2s")


@pytest.fixture(params=["modbus-tcp", "modbus-rtu-tcp"])
def wired(request, closing):
    """A peer, and the driver that speaks its framing."""
    return closing(Peer(rtu=request.param == "modbus-rtu-tcp").start()), request.param


class File:
    """A ring of 40 records in a file, the first of them number 1."""

    COUNT = 40

    def __init__(self, by_register):
        self.step = LENGTH if by_register else 1
        self.records = {}

    def write(self, numbers):
        for number in numbers:
            self.records[number % self.COUNT] = registers_of(number)

    def __call__(self, number, length):
        place, rest = divmod(number - 1, self.step)
        if rest or length % LENGTH or (self.step == 1 and length != LENGTH):
            raise KeyError(number)
        return sum((self.records[place + more] for more in range(length // LENGTH)), [])


@pytest.mark.parametrize("numbers", ["records", "registers"])
def test_records_of_a_file_are_read_from_where_the_last_run_ended(agent, wired, tmp_path, numbers):
    peer, driver = wired
    peer.files[7] = file = File(numbers == "registers")
    subject = agent(configured_log(tmp_path, peer, {
        "records": '"file:7/1"', "count": File.COUNT, "file_numbers": numbers,
        "index": f'"holding:{INDEX}"', "index_says": "written"}, driver))
    with peer.client() as client:
        for first, behind in ((0, 15), (15, 50)):  # the second goes over the end of the ring
            file.write(range(first, behind))
            assert not client.write_register(INDEX, behind).isError()
            subject.start()
            wait_queued(subject, 2 * (behind - first))
            assert subject.stop().code == 0
    upload(subject)
    assert stored(tmp_path / "lake") == expected(range(50))
    assert 20 in peer.seen


def queue_of(numbers):
    return sum((registers_of(number) for number in numbers), [])


def test_a_queue_is_read_from_where_the_last_run_ended_and_a_full_one_told(agent, wired, tmp_path):
    peer, driver = wired
    subject = agent(configured_log(tmp_path, peer, {"records": '"fifo:1246"'}, driver))
    # 7 records of 4 registers fill it; the third and fourth run find none of the ones before. At the
    # fifth somebody emptied it: nothing needs to be lost.
    for numbers, new in ((range(3), 3), (range(1, 6), 3), (range(6, 13), 7), (range(20, 27), 7), (range(27, 29), 2)):
        peer.queues[1246] = queue_of(numbers)
        subject.start()
        wait_queued(subject, 2 * new)
        assert subject.stop().code == 0
    upload(subject)
    assert stored(tmp_path / "lake") == expected([*range(13), *range(20, 29)])
    told = unread(tmp_path / "lake", "fifo:1246")
    assert len(told) == 2 and all("queue is full" in reason and count is None for reason, count in told)


def test_leat_read_shows_no_records_and_takes_none(agent, meter, tmp_path):
    subject = agent(configured_log(tmp_path, meter.peer, {"records": '"fifo:1246"'}))
    meter.peer.queues[1246] = queue_of(range(3))

    def read():
        return subject.command("read", "meter", "--json", "--socket", subject.socket_path)
    alone = read()
    subject.start()
    wait_queued(subject, 6)
    assert alone.returncode == read().returncode == 1
    assert "readings" not in json.loads(alone.stdout) and "no points that can be read" in alone.stdout
    assert subject.stop().code == 0
    upload(subject)
    assert stored(tmp_path / "lake") == expected(range(3))


def test_files_and_queues_that_are_none_are_told_once(agent, meter, tmp_path):
    subject = agent(configured_log(tmp_path, meter.peer, {"records": '"fifo:9"'}))

    def run():
        subject.start()
        subject.wait_status(lambda status: status["devices"][0]["rejected"] == 1
                            and status["devices"][0]["polls"] > 3)
        assert subject.stop().code == 0

    run()
    meter.peer.queues[9] = [1, 2, 3, 4, 5]
    run()
    subject = agent(configured_log(tmp_path, meter.peer, {
        "records": '"file:7"', "count": 9, "file_numbers": "records", "index": f'"holding:{INDEX}"',
        "index_says": "next"}))
    meter.peer.files[7] = lambda number, length: [0] * (length - 1) + [number] * 2  # one too many
    run()
    upload(subject)
    refused, uneven, odd = (row["reason"] for row in sorted(rows(tmp_path / "lake", "events"), key=lambda row: row["seq"])
                            if row["kind"] == "rejected")
    assert "the device refuses fifo:9" in refused
    assert "5 registers, which is no whole number of records of 4" in uneven
    assert "answer to function 20" in odd
