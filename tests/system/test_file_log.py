"""Log files as a source: each line reaches the lake once, over rotations of both kinds and kills."""
import collections
import os
import pathlib
import shutil
import threading

import harness
import pyarrow.parquet
import pytest

LINES_PER_ROUND = 400
ROUNDS = 5


def device(path, more=""):
    return f"  - name: press\n    driver: file-log\n    path: '{path}'\n{more}"


def rows_in_lake(subject, folder):
    """Everything the agent has: it is ended, uploaded, verified."""
    assert subject.stop().code == 0
    return upload(subject, folder)


def upload(subject, folder):
    uploaded = subject.command("upload")
    assert uploaded.returncode == 0, uploaded.stdout + uploaded.stderr
    verified = harness.run([subject.programs.leat_lake, "verify", folder / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return sorted((row for path in pathlib.Path(folder / "lake").rglob("stream=logs/**/*.parquet")
                   for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()),
                  key=lambda row: row["seq"])


def wait_lines(subject, count):
    subject.wait_status(lambda status: harness.committed(status, "logs") >= count, what=f"{count} lines")


def messages(rows):
    return [row["message"] for row in rows]


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def follower(agent, tmp_path, logs):
    def make(more="", pattern="app.log*"):
        return agent(harness.leat_yaml(tmp_path, device(logs / pattern, more)))
    return make


class Writer(threading.Thread):
    """Writes numbered lines and rotates, by rename and by copy and truncate in turn."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.count, self.rotations = folder, 0, 0
        self.enough, self.progress = threading.Event(), threading.Condition()

    def run(self):
        file = (self.folder / "app.log").open("ab", buffering=0)
        while not self.enough.wait(0.001):
            text = b""
            for _ in range(1 + self.count % 3):
                text += b"line %d %s\n" % (self.count, b"x" * (self.count % 50))
                self.count += 1
            file.write(text)
            if self.count // 150 > self.rotations:
                file = self.rotate(file)
            with self.progress:
                self.progress.notify_all()
        file.close()

    def rotate(self, file):
        live = self.folder / "app.log"
        self.rotations += 1
        for number in range(5, 0, -1):
            older = self.folder / f"app.log.{number}"
            if older.exists():
                older.rename(self.folder / f"app.log.{number + 1}")
        if self.rotations % 2:
            shutil.copyfile(live, self.folder / "app.log.1")
            os.truncate(live, 0)
            return file
        file.close()
        live.rename(self.folder / "app.log.1")
        return live.open("ab", buffering=0)

    def wait_for(self, count):
        with self.progress:
            assert self.progress.wait_for(lambda: self.count >= count, 60)


def test_killed_and_rotated_again_and_again_every_line_comes_once(follower, logs, tmp_path):
    subject = follower()
    writer = Writer(logs)
    writer.start()
    try:
        for number in range(1, ROUNDS + 1):
            subject.start()
            before = harness.committed(subject.status(), "logs")
            writer.wait_for(number * LINES_PER_ROUND)
            wait_lines(subject, before + 100)
            subject.kill()
    finally:
        writer.enough.set()
        writer.join(30)
    subject.start()
    wait_lines(subject, writer.count)
    found = collections.Counter(int(message.split()[1])
                                for message in messages(rows_in_lake(subject, tmp_path)))
    assert writer.rotations > ROUNDS
    assert [number for number in range(writer.count) if found[number] == 0] == []
    assert [number for number, times in found.items() if times > 1] == []


def test_a_rename_while_the_agent_runs_loses_nothing_and_compressed_files_are_left_alone(
        follower, logs, tmp_path):
    subject = follower(pattern="app*")
    (logs / "app-1.log.gz").write_bytes(b"not text\n")
    (logs / "app.log").write_text("one\r\ntwo\n")
    subject.start()
    wait_lines(subject, 2)
    with (logs / "app.log").open("a") as file:
        (logs / "app.log").rename(logs / "app.log.1")
        file.write("three\n")
    (logs / "app.log").write_text("four\nnot whole")
    wait_lines(subject, 4)
    subject.wait_status(lambda status: status["totals"]["lines"] == status["devices"][0]["lines"] == 4)
    rows = rows_in_lake(subject, tmp_path)
    assert sorted(messages(rows)) == ["four", "one", "three", "two"]
    assert {row["source"] for row in rows} <= {"app.log", "app.log.1"}


def test_a_long_line_comes_in_parts_that_say_so(follower, logs, tmp_path):
    subject = follower()
    long = "ö" * 20_001
    (logs / "app.log").write_text(f"before\n{long}\nafter\n")
    subject.start()
    wait_lines(subject, 5)
    rows = rows_in_lake(subject, tmp_path)
    assert messages(rows)[0] == "before" and messages(rows)[-1] == "after"
    parts = rows[1:-1]
    assert "".join(messages(parts)) == long
    assert ['"part":1}' in parts[0]["fields"], '"part":3,"last":true}' in parts[-1]["fields"]] == \
        [True, True]


def test_from_the_end_takes_only_what_comes_and_new_files_whole(follower, logs, tmp_path):
    (logs / "app.log").write_text("old\n")
    subject = follower("    start: end\n").start()
    subject.wait_device("press", "up")
    with (logs / "app.log").open("a") as file:
        file.write("new\n")
    (logs / "app.log.b").write_text("other\n")
    wait_lines(subject, 2)
    assert sorted(messages(rows_in_lake(subject, tmp_path))) == ["new", "other"]


@pytest.mark.parametrize("path, sentence", [
    ("app.log", "does not begin with a '/'"),
    ("/var/log/", "names a folder"),
])
def test_a_wrong_path_is_met_with_what_is_right(agent, tmp_path, path, sentence):
    done = agent(harness.leat_yaml(tmp_path, device(path))).check()
    assert done.returncode != 0 and sentence in done.stdout + done.stderr
