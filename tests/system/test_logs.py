"""`leat log`: what was answered is on disk and reaches the lake once, whatever clients and power do."""
import collections
import contextlib
import json
import os
import pathlib
import re
import select
import socket
import threading

import duckdb
import harness
import pyarrow.parquet
import pytest

TIMEOUT = 30
ROUNDS = 3
LINES_PER_ROUND = 20_000
ANSWERED_BEFORE_THE_KILL = 1_000


@pytest.fixture
def logger(agent, tmp_path):
    """logger() is an agent without devices that runs; its log ring takes `size`."""
    def make(size="8MiB", when_full="overwrite-oldest", **options):
        text = harness.leat_yaml(tmp_path, "", **options)
        changed = text.replace("logs:     { size: 1MiB, when_full: overwrite-oldest }",
                               f"logs:     {{ size: {size}, when_full: {when_full} }}")
        subject = agent(changed)
        assert f"size: {size}" in changed
        return subject.start()
    return make


class Line:
    """A connection that gives lines, as a program of somebody else's would."""

    def __init__(self, subject, request="log 5 tester"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(str(subject.socket_path))
        self.socket.sendall(request.encode() + b"\n")
        self.answers = b""

    def give(self, *lines):
        self.socket.sendall("".join(f"{line}\n" for line in lines).encode())

    def hear(self, wait=True):
        """Take what was answered by now; false: nothing more will come."""
        if not wait and not select.select([self.socket], [], [], 0)[0]:
            return True
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        self.answers += got
        return got != b""

    def end(self):
        """No more input; the last answer."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        while self.hear():
            pass
        self.socket.close()
        return self.last

    @property
    def last(self):
        whole = self.answers.rpartition(b"\n")[0]
        return json.loads(whole.split(b"\n")[-1]) if whole else {"stored": 0}


def records_in_lake(subject, folder):
    """Everything the agent has: it is ended, uploaded, verified. (source, severity, message)..."""
    ended = subject.stop()
    assert ended.code == 0
    uploaded = subject.command("upload")
    assert uploaded.returncode == 0, uploaded.stdout + uploaded.stderr
    verified = harness.run([subject.programs.leat_lake, "verify", folder / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rows = []
    for path in pathlib.Path(folder / "lake").rglob("stream=logs/**/*.parquet"):
        table = pyarrow.parquet.ParquetFile(path).read().to_pydict()
        rows += zip(table["seq"], table["source"], table["severity"], table["message"])
    return [row[1:] for row in sorted(rows)]


def messages_in_lake(subject, folder):
    return [message for _, _, message in records_in_lake(subject, folder)]


def test_a_note_and_the_lines_of_a_script_reach_the_lake(logger, tmp_path):
    subject = logger()
    done = subject.note("replaced", "the sensor of boiler-1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "stored 1 line\n", "")
    done = subject.note("--source", "backup", "--severity", "warn", lines=["a", "", "\tc ö"])
    assert (done.returncode, done.stdout) == (0, "stored 3 lines\n")
    user = harness.run(["id", "-un"]).stdout.strip()
    assert records_in_lake(subject, tmp_path) == [
        (user, 5, "replaced the sensor of boiler-1"), ("backup", 4, "a"), ("backup", 4, ""),
        ("backup", 4, "\tc ö")]
    rows = duckdb.sql(f"select count(*) from read_parquet("
                      f"'{tmp_path}/lake/raw/*/*/stream=logs/*/*/*.parquet')").fetchall()
    assert rows == [(4,)]


def test_without_an_agent_it_says_so(programs, tmp_path):
    done = harness.run([programs.leat, "log", "--socket", tmp_path / "none", "hello"])
    assert done.returncode == 1
    assert f"nothing was stored: no agent is running behind {tmp_path / 'none'}" in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (["--severity", "fatal"], "'fatal' is no severity; they are emergency, alert, "),
    (["--source", ""], "--source is empty"),
    (["--source", "x" * 129], "longer than 128 bytes"),
    (["--source", "a\nb"], "control character"),
])
def test_a_wrong_option_is_met_with_what_is_right(programs, tmp_path, words, sentence):
    done = harness.run([programs.leat, "log", "--socket", tmp_path / "none", *words, "hello"])
    assert done.returncode == 2
    assert sentence in done.stderr


def test_a_ring_that_holds_and_is_full_refuses_and_says_how_many_it_took(logger):
    subject = logger(size="1MiB", when_full="hold", targets="[]")  # nothing makes room
    lines = [os.urandom(3000).hex() for _ in range(600)]
    done = subject.note(lines=lines)
    assert done.returncode == 1
    stored = int(re.fullmatch(r"stored (\d+) lines\n", done.stdout).group(1))
    assert 0 < stored < len(lines)
    assert "the lines after these were not stored: " in done.stderr and "logs" in done.stderr
    # Room is reserved for the worst that a line can become, so a little may be left after all.
    while (again := subject.note(lines[0])).returncode == 0 and stored < len(lines):
        stored += 1
    assert again.returncode == 1
    assert "nothing was stored: " in again.stderr
    logs, = (stream for stream in subject.status()["streams"] if stream["name"] == "logs")
    assert (logs["waiting"], logs["committed"], logs["lost"]) == (stored, stored, 0)


def test_a_line_of_a_mebibyte_is_cut_with_a_mark(logger, tmp_path):
    subject = logger()
    done = subject.note(lines=["before", "ö" * (1 << 19), "after"])
    assert (done.returncode, done.stdout) == (0, "stored 3 lines\n")
    before, long, after = messages_in_lake(subject, tmp_path)
    assert (before, after) == ("before", "after")
    assert re.fullmatch("ö+ \\[cut\\]", long) and 16_380 < len(long.encode()) <= 16_384


def test_garbage_does_no_harm(logger, tmp_path):
    subject = logger()
    for request in (b"\0\1\2\xff\n", b"log\n", b"log 9 x\n", b"logs 5 x\n", b"x" * 100_000, b"\n", b""):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(TIMEOUT)
            peer.connect(str(subject.socket_path))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                peer.sendall(request)
                peer.shutdown(socket.SHUT_WR)
                answer = peer.recv(1000)
                assert answer == b"" or b'"error"' in answer
    line = Line(subject)
    line.socket.sendall(b"\xff\x00\x1f\xc3\nwhole\nhalf")
    last = line.end()
    assert last["stored"] == 2 and "does not end" in last["error"]
    assert subject.status()["site"] == "works"
    assert messages_in_lake(subject, tmp_path) == ["\ufffd  \ufffd", "whole"]


def test_a_client_that_does_not_read_is_let_go_and_others_are_answered(logger):
    subject = logger()
    deaf = Line(subject)
    text = ("x" * 99 + "\n").encode() * 500
    asked = threading.Event()

    def shout():
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:
                deaf.socket.sendall(text)
                asked.set()

    shouting = threading.Thread(target=shout)
    shouting.start()
    assert asked.wait(TIMEOUT)
    while shouting.is_alive():
        subject.status()
        assert subject.note("meanwhile").returncode == 0
        shouting.join(0.2)
    assert deaf.end()["stored"] > 0
    assert subject.stop().code == 0


def test_two_clients_at_once_keep_their_order_while_status_answers(logger, tmp_path):
    subject = logger()
    lines = [Line(subject, f"log 6 client-{number}") for number in range(2)]
    for turn in range(50):
        for line in lines:
            line.give(*(f"{turn}-{i}" for i in range(20)))
        if turn % 10 == 0:
            subject.status()
    assert [line.end() for line in lines] == [{"stored": 1000}] * 2
    found = collections.defaultdict(list)
    for source, _, message in records_in_lake(subject, tmp_path):
        found[source].append(message)
    expected = [f"{turn}-{i}" for turn in range(50) for i in range(20)]
    assert found == {"client-0": expected, "client-1": expected}


def test_ending_keeps_what_was_answered_and_waits_for_nobody(logger, tmp_path):
    subject = logger()
    line = Line(subject)
    line.give("one", "two")
    while line.last["stored"] < 2:
        assert line.hear()
    assert messages_in_lake(subject, tmp_path) == ["one", "two"]  # the line is open all the while
    line.end()


class Talker(threading.Thread):
    """Gives numbered lines without waiting for answers, until the agent is gone."""

    def __init__(self, subject, name, told):
        super().__init__(daemon=True)
        self.line, self.word, self.told = Line(subject), name, told

    def run(self):
        given = 0
        with contextlib.suppress(OSError):
            while given < LINES_PER_ROUND:
                count = 1 + given * 7 % 97
                self.line.give(*(f"{self.word}-{given + i}" for i in range(count)))
                given += count
                self.listen(wait=False)
            while self.listen(wait=True):
                pass
        while self.line.hear():
            pass

    def listen(self, wait):
        heard = self.line.hear(wait)
        if self.line.last["stored"] >= ANSWERED_BEFORE_THE_KILL:
            self.told.set()
        return heard


def test_killed_again_and_again_nothing_that_was_answered_is_missing(logger, tmp_path):
    subject = logger(size="16MiB")
    answered = {}
    for number in range(ROUNDS):
        told = threading.Event()
        talkers = [Talker(subject, f"r{number}c{i}", told) for i in range(2)]
        for talker in talkers:
            talker.start()
        assert told.wait(TIMEOUT)
        subject.kill()
        for talker in talkers:
            talker.join(TIMEOUT)
            answered[talker.word] = talker.line.last["stored"]
        subject.start()
    found = collections.Counter(messages_in_lake(subject, tmp_path))
    assert max(found.values(), default=1) == 1
    for word, count in answered.items():
        missing = [i for i in range(count) if f"{word}-{i}" not in found]
        assert missing == [], f"{word}: {count} lines were answered"
    assert sum(answered.values()) >= ROUNDS * ANSWERED_BEFORE_THE_KILL
