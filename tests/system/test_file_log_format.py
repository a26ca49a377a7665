"""Lines that state time, severity and source: what other programs wrote is what the lake holds."""
import datetime
import json
import logging
import os
import pathlib
import shutil
import socket
import threading
import time

import harness
import pyarrow.parquet
import pytest
from test_file_log import rows_in_lake, wait_lines

SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


@pytest.fixture
def follow(agent, tmp_path):
    def make(path, more, pattern=None):
        path = path if pattern is None else path.parent / pattern
        device = f"  - name: press\n    driver: file-log\n    path: '{path}'\n{more}"
        return agent(harness.leat_yaml(tmp_path, device))
    return make


def events(folder):
    return [row for path in pathlib.Path(folder / "lake").rglob("stream=events/**/*.parquet")
            for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()]


def utc(year, *rest):
    return datetime.datetime(year, *rest, tzinfo=datetime.timezone.utc)


class Rsyslog:
    """A real rsyslogd that takes lines from a socket and writes them in a template of its own."""

    def __init__(self, folder, template):
        self.socket, self.file = folder / "log.socket", folder / "syslog.log"
        config = folder / "rsyslog.conf"
        config.write_text(
            'module(load="imuxsock" SysSock.Use="off")\n'
            f'input(type="imuxsock" Socket="{self.socket}" CreatePath="on" UseSysTimeStamp="off"\n'
            '      RateLimit.Interval="0" usePIDFromSystem="off")\n'
            f'*.* action(type="omfile" file="{self.file}" template="{template}")\n')
        self.process = harness.Process("rsyslogd", ["rsyslogd", "-n", "-f", config, "-i",
                                                    folder / "rsyslog.pid"])
        deadline = time.monotonic() + 20
        while not self.takes(b"<14>ready: ready"):
            assert self.process.running and time.monotonic() < deadline, self.process.said()
            threading.Event().wait(0.05)

    def takes(self, datagram):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            try:
                out.sendto(datagram, str(self.socket))
            except OSError:
                return False
            return True

    def close(self):
        self.process.close()


@pytest.mark.parametrize("template, format_", [
    ("RSYSLOG_TraditionalFileFormat", "syslog-3164"),
    ("RSYSLOG_FileFormat", "syslog-3164"),
    ("RSYSLOG_SyslogProtocol23Format", "syslog-5424"),
])
def test_what_rsyslog_wrote_is_what_leat_stored(follow, closing, tmp_path, template, format_):
    daemon = closing(Rsyslog(tmp_path, template))
    began = datetime.datetime.now(datetime.timezone.utc)
    for number, _ in enumerate(SEVERITIES):
        stamp = datetime.datetime.now().strftime("%b %e %H:%M:%S")
        assert daemon.takes(f"<{16 * 8 + number}>{stamp} plc-{number}[{number + 100}]: "
                            f'door "{number}" is\topen: ü'.encode())
    subject = follow(daemon.file, f"    format: {format_}\n").start()
    wait_lines(subject, len(SEVERITIES) + 1)
    rows = [row for row in rows_in_lake(subject, tmp_path) if row["source"] != "ready"]
    assert [row["source"] for row in rows] == [f"plc-{n}" for n in range(8)]
    space = " " if format_ == "syslog-5424" else ""  # rsyslog's %msg% begins with one
    assert [row["message"] for row in rows] == \
        [f'{space}door "{n}" is#011open: ü' for n in range(8)]
    fields = [json.loads(row["fields"]) for row in rows]
    assert [one["process"] for one in fields] == [str(n + 100) for n in range(8)]
    assert all(one["host"] and "unparsed" not in one for one in fields)
    assert all(abs(row["ts"] - began) < datetime.timedelta(seconds=5) for row in rows)
    if format_ == "syslog-5424":
        assert [row["severity"] for row in rows] == list(range(8))
        assert {one["facility"] for one in fields} == {16}


def test_lines_of_python_logging_are_read_with_a_pattern_and_a_zone(follow, tmp_path):
    path = tmp_path / "app.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)-8s] %(name)s: %(message)s",
                                           "%d.%m.%Y %H:%M:%S"))
    handler.formatter.converter = lambda _: (2026, 7, 5, 12, 30, 15, 6, 186, 1)
    logger = logging.Logger("press.axis")
    logger.addHandler(handler)
    logger.warning("torque: %d Nm", 7)
    logger.critical("stopped")
    handler.close()
    with path.open("a", encoding="utf-8") as file:
        file.write("not of this program\n")
    subject = follow(path, "    format: custom\n    zone: Europe/Berlin\n"
                     "    pattern: '%{time} [%{severity}] %{source}: %{message}'\n"
                     "    time_format: '%d.%m.%Y %H:%M:%S'\n").start()
    wait_lines(subject, 3)
    rows = rows_in_lake(subject, tmp_path)
    assert [(row["severity"], row["source"], row["message"]) for row in rows] == [
        (4, "press.axis", "torque: 7 Nm"), (2, "press.axis", "stopped"),
        (None, "app.log", "not of this program")]
    assert [row["ts"] for row in rows[:2]] == [utc(2026, 7, 5, 10, 30, 15)] * 2
    assert json.loads(rows[2]["fields"]) == {"file": str(path), "unparsed": True}


def test_lines_that_do_not_have_the_format_are_kept_and_told_once(follow, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("".join(f"line {number}\n" for number in range(300)))
    subject = follow(path, "    format: iso\n").start()
    wait_lines(subject, 300)
    rows = rows_in_lake(subject, tmp_path)
    assert [row["message"] for row in rows] == [f"line {number}" for number in range(300)]
    rejected = [row for row in events(tmp_path) if row["kind"] == "rejected"]
    assert [row["count"] for row in rejected] == [1]
    assert "does not have the configured format" in rejected[0]["reason"]


@pytest.mark.parametrize("more, sentence", [
    ("    format: custom\n", "needs a pattern"),
    ("    format: iso\n    zone: Mars/Base\n", "install the package tzdata"),
    ("    format: custom\n    pattern: '%{time} %{a}%{message}'\n", "side by side"),
    ("    pattern: '%{time} %{message}'\n", "belongs to 'format: custom'"),
    ("    encoding: klingon\n", "gconv modules"),
    ("    encoding: EBCDIC-US\n", "has no line feed"),
])
def test_a_wrong_format_is_met_with_what_is_right(follow, more, sentence):
    done = follow("/var/log/x.log", more).check()
    assert done.returncode != 0 and sentence in done.stdout + done.stderr


TRACE = """Traceback (most recent call last):
  File "press.py", line 7, in axis
    raise ValueError("torque")
ValueError: torque"""


def test_a_traceback_of_python_is_one_record(follow, tmp_path):
    path = tmp_path / "app.log"
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.Logger("press")
    logger.addHandler(handler)
    subject = follow(path, "    format: iso\n    multiline: true\n").start()
    try:
        raise ValueError("torque")
    except ValueError:
        logger.exception("axis failed")
    logger.info("one\n\nthree")
    logger.info("last\n of all")
    handler.close()
    wait_lines(subject, 3)  # the last one after a second of quiet
    rows = rows_in_lake(subject, tmp_path)
    assert [row["severity"] for row in rows] == [3, 6, 6]
    first, *others = [row["message"] for row in rows]
    assert first.startswith("axis failed\nTraceback (most recent call last):\n  File ")
    assert first.endswith("\nValueError: torque")
    assert others == ["one\n\nthree", "last\n of all"]


class Tracer(threading.Thread):
    """Writes numbered records of several lines, each in two pieces that are cut somewhere."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.records = path, []
        self.enough, self.progress = threading.Event(), threading.Condition()

    def run(self):
        with self.path.open("ab", buffering=0) as file:
            while not self.enough.wait(0.002):
                number = len(self.records)
                stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
                message = f"number {number}\n{TRACE}\n{'x' * (number % 300)}end"
                text = f"{stamp} ERROR {message}\n".encode()
                cut = number * 37 % len(text)
                file.write(text[:cut])
                file.write(text[cut:])
                with self.progress:
                    self.records.append(message)
                    self.progress.notify_all()

    def wait_for(self, count):
        with self.progress:
            assert self.progress.wait_for(lambda: len(self.records) >= count, 60)


def test_killed_within_records_each_comes_whole_and_once(follow, tmp_path):
    path = tmp_path / "app.log"
    subject = follow(path, "    format: iso\n    multiline: true\n")
    writer = Tracer(path)
    writer.start()
    try:
        for number in range(1, 6):
            subject.start()
            before = harness.committed(subject.status(), "logs")
            writer.wait_for(number * 200)
            wait_lines(subject, before + 50)
            subject.kill()
    finally:
        writer.enough.set()
        writer.join(30)
    subject.start()
    wait_lines(subject, len(writer.records))
    assert [row["message"] for row in rows_in_lake(subject, tmp_path)] == writer.records


def test_a_record_that_is_too_long_comes_in_parts_that_say_so(follow, tmp_path):
    path = tmp_path / "app.log"
    stack = "".join(f"\n  at frame {number:060}" for number in range(600))
    path.write_text(f"2026-03-05T09:00:01Z FATAL stack{stack}\n2026-03-05T09:00:02Z INFO next\n")
    subject = follow(path, "    format: iso\n    multiline: true\n").start()
    wait_lines(subject, 4)
    *parts, last = rows_in_lake(subject, tmp_path)
    assert "".join(row["message"] for row in parts) == "stack" + stack
    assert [row["severity"] for row in parts] == [2, None, None]
    assert last["message"] == "next"
    assert [json.loads(row["fields"]).get("part") for row in parts] == [1, 2, 3]


@pytest.mark.parametrize("more", ["", "    multiline: true\n"])
def test_an_old_file_is_not_cut_where_a_chunk_ends(follow, tmp_path, more):
    path = tmp_path / "app.log"
    lines = [f"line {number} {'x' * (number % 90)}" for number in range(5000)]
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, (1772712000, 1772712000))  # nothing was written for long
    subject = follow(path, more).start()
    wait_lines(subject, len(lines))
    assert [row["message"] for row in rows_in_lake(subject, tmp_path)] == lines


@pytest.mark.parametrize("encoding, codec", [
    ("utf-16le", "utf-16-le"), ("utf-16be", "utf-16-be"), ("windows-1252", "cp1252"),
    ("latin-1", "latin-1"), ("Shift_JIS", "shift_jis"),
])
def test_lines_of_other_encodings_come_whole_over_kills_and_truncations(
        follow, tmp_path, encoding, codec):
    sign = {"cp1252": "€ü", "latin-1": "°ü", "shift_jis": "温度"}.get(codec, "\u0a0a€😀")
    path, lines = tmp_path / "app.log", []

    def write(file, count):
        for _ in range(count):
            lines.append(f"line {len(lines)} {sign} {'x' * (len(lines) % 200)}")
            file.write(f"{lines[-1]}\r\n".encode(codec))

    with path.open("ab", buffering=0) as file:
        if codec.startswith("utf-16"):
            file.write("\ufeff".encode(codec))
        write(file, 200)
        subject = follow(path, f"    encoding: {encoding}\n", "app.log*").start()
        wait_lines(subject, 100)
        subject.kill()
        write(file, 200)
        subject.start()
        wait_lines(subject, 400)
        shutil.copyfile(path, tmp_path / "app.log.1")
        os.truncate(path, 0)
        write(file, 100)
        wait_lines(subject, 500)
    assert [row["message"] for row in rows_in_lake(subject, tmp_path)] == lines
