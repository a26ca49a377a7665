"""The systemd journal as a source: every entry reaches the lake once, whatever happens between.

The journals are real: systemd-journal-remote writes them from systemd's export format.
"""
import os
import pathlib
import shutil
import subprocess

import harness
import pyarrow.parquet
import pytest

WRITER = "/lib/systemd/systemd-journal-remote"
BOOT = "0123456789abcdef0123456789abcdef"
BEGIN_US = 1_790_000_000_000_000


class Journal:
    """A folder of journal files; entries are numbered, one second apart."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        folder.mkdir()

    def write(self, name, count, unit="pump.service", priority=4, message=None, more=""):
        """Append `count` entries to the file NAME.journal; their messages."""
        said = []
        text = b""
        for _ in range(count):
            said.append(message or f"entry {self.count}")
            body = said[-1].encode()
            text += (f"__REALTIME_TIMESTAMP={BEGIN_US + self.count * 1_000_000}\n"
                     f"__MONOTONIC_TIMESTAMP={1_000 + self.count}\n_BOOT_ID={BOOT}\n"
                     f"PRIORITY={priority}\n_SYSTEMD_UNIT={unit}\n{more}").encode()
            text += b"MESSAGE\n" + len(body).to_bytes(8, "little") + body + b"\n\n"
            self.count += 1
        done = subprocess.run([WRITER, "-o", self.folder / f"{name}.journal", "-"], input=text,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return said


def device(journal, more="start: oldest"):
    return (f"  - name: system\n    driver: journal\n    directory: '{journal.folder}'\n"
            f"    {more}\n")


def rows_of(folder, stream):
    return sorted((row for path in pathlib.Path(folder / "lake").rglob(f"stream={stream}/**/*.parquet")
                   for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()),
                  key=lambda row: row["seq"])


def wait_lines(subject, count):
    subject.wait_status(lambda status: harness.committed(status, "logs") >= count, what=f"{count} lines")


def in_lake(subject, folder):
    """Lines and events, after the agent ended and uploaded what was left."""
    uploaded = subject.command("upload")
    assert uploaded.returncode == 0, uploaded.stdout + uploaded.stderr
    verified = harness.run([subject.programs.leat_lake, "verify", folder / "lake"])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return rows_of(folder, "logs"), rows_of(folder, "events")


def events_of(events, kind):
    return [row for row in events if row["kind"] == kind]


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


def test_entries_become_lines_with_unit_severity_and_time(agent, journal, tmp_path):
    journal.write("a", 1, message="first\nand its second line")
    journal.write("a", 1, unit="init.scope", priority=3, more="UNIT=pump.service\n_PID=1\n")
    journal.write("a", 1, priority=6)  # not grave enough
    journal.write("a", 1, unit="other.service")
    subject = agent(harness.leat_yaml(tmp_path, device(
        journal, "start: oldest\n    units: valve.service pump.service\n    priority: warning"))).start()
    wait_lines(subject, 2)
    wanted = journal.write("a", 2)  # while it waits for more
    wait_lines(subject, 4)
    assert subject.stop().code == 0
    lines, events = in_lake(subject, tmp_path)
    assert [line["message"] for line in lines] == ["first\nand its second line", "entry 1", *wanted]
    assert [line["source"] for line in lines] == ["pump.service"] * 4
    assert [line["severity"] for line in lines] == [4, 3, 4, 4]
    assert [int(line["ts"].timestamp()) - BEGIN_US // 1_000_000 for line in lines] == [0, 1, 4, 5]
    assert not events_of(events, "unread") and not events_of(events, "rejected")


def test_it_begins_now_and_reads_what_came_while_it_did_not_run(agent, journal, tmp_path):
    journal.write("a", 5)
    subject = agent(harness.leat_yaml(tmp_path, device(journal, "priority: debug"))).start()
    subject.wait_device("system", "up")
    assert subject.stop().code == 0
    wanted = journal.write("a", 3)
    subject.start()
    wait_lines(subject, 3)
    assert subject.stop().code == 0
    lines, events = in_lake(subject, tmp_path)
    assert [line["message"] for line in lines] == wanted
    assert not events_of(events, "unread")


def test_kills_and_new_files_cost_no_entry_and_double_none(agent, journal, tmp_path):
    wanted = journal.write("a", 3000)
    subject = agent(harness.leat_yaml(tmp_path, device(journal)))
    for number in range(4):
        subject.start()
        wait_lines(subject, len(wanted) // 2 + number)
        wanted += journal.write(f"file-{number}", 1500)  # another file, as after a rotation
        subject.kill()
    subject.start()
    wait_lines(subject, len(wanted))
    assert subject.stop().code == 0
    lines, events = in_lake(subject, tmp_path)
    assert sorted(line["message"] for line in lines) == sorted(wanted)
    assert not events_of(events, "unread")


def test_entries_that_were_vacuumed_are_told_and_the_rest_is_read(agent, journal, tmp_path):
    read = journal.write("a", 4)
    subject = agent(harness.leat_yaml(tmp_path, device(journal))).start()
    wait_lines(subject, 4)
    assert subject.stop().code == 0
    journal.write("a", 3)  # nobody will ever see these
    (journal.folder / "a.journal").unlink()
    rest = journal.write("b", 2)
    subject.start()
    wait_lines(subject, 6)
    assert subject.stop().code == 0
    subject.start()  # it is told once
    subject.wait_device("system", "up")
    assert subject.stop().code == 0
    lines, events = in_lake(subject, tmp_path)
    assert [line["message"] for line in lines] == read + rest
    told = events_of(events, "unread")
    assert len(told) == 1 and told[0]["subject"] == "system journal"
    assert "is gone from the journal" in told[0]["reason"]


@pytest.mark.parametrize("damage, sentence", [
    (lambda path: path.write_bytes(b"x" * 4096), "this is no journal file"),
    (lambda path: path.write_bytes(path.read_bytes()[:70_000]), "shorter than it says"),
])
def test_a_damaged_file_is_told_and_the_others_are_read(agent, journal, tmp_path, damage, sentence):
    journal.write("bad", 3)
    damage(journal.folder / "bad.journal")
    wanted = journal.write("good", 3)
    subject = agent(harness.leat_yaml(tmp_path, device(journal))).start()
    wait_lines(subject, 3)
    assert subject.stop().code == 0
    lines, events = in_lake(subject, tmp_path)
    assert [line["message"] for line in lines] == wanted
    told = events_of(events, "rejected")
    assert len(told) == 1 and told[0]["subject"].endswith("bad.journal")
    assert sentence in told[0]["reason"]


def test_a_full_ring_holds_the_journal_back_and_nothing_is_lost(agent, journal, tmp_path):
    wanted = [text for _ in range(300)
              for text in journal.write("a", 1, message=os.urandom(2500).hex())]
    text = harness.leat_yaml(tmp_path, device(journal), targets="[]")
    held = text.replace("logs:     { size: 1MiB, when_full: overwrite-oldest }",
                        "logs:     { size: 1MiB, when_full: hold }")
    assert held != text
    subject = agent(held).start()
    subject.wait_status(lambda status: harness.committed(status, "logs") >= 100, what="a ring nearly full")
    (tmp_path / "lake").mkdir()
    subject.write_config(held.replace("targets: []", f"targets: [{{ name: lake, type: directory, "
                                                     f"path: '{tmp_path / 'lake'}' }}]"))
    assert harness.committed(subject.status(), "logs") < len(wanted)
    assert subject.stop().code == 0
    subject.start()
    for _ in range(20):
        if harness.committed(subject.status(), "logs") >= len(wanted):
            break
        done = harness.run([subject.programs.leat, "upload", "--socket", subject.socket_path,
                            "--config", subject.config_path])
        assert done.returncode == 0, done.stderr
    wait_lines(subject, len(wanted))
    assert subject.stop().code == 0
    lines, _ = in_lake(subject, tmp_path)
    assert [line["message"] for line in lines] == wanted


def test_a_folder_that_is_missing_is_said_and_waited_for(agent, journal, tmp_path):
    shutil.rmtree(journal.folder)
    subject = agent(harness.leat_yaml(tmp_path, device(journal))).start()
    line = subject.wait_log("device-down")
    assert "cannot open the journal in" in line.fields["reason"]
    journal.folder.mkdir()
    journal.write("a", 2)
    wait_lines(subject, 2)
    assert subject.stop().code == 0


def test_points_are_refused(programs, journal, tmp_path):
    config = tmp_path / "leat.yaml"
    config.write_text(harness.leat_yaml(tmp_path, device(journal, "points: [{ name: p }]")),
                      encoding="utf-8")
    done = harness.run([programs.leat, "check", "--config", config])
    assert done.returncode == 1 and "a journal has lines and no points; remove it" in done.stdout
