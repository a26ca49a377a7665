"""Bad input of every kind is met with a sentence that says what, where and what to do; the rest of
the agent goes on."""
import os
import socket
import subprocess
import threading

import harness
import pytest
from publisher import mqtt_device, objects, rows

POINT = ("level", "holding:10", "uint16", "", 1000)
LEVEL = {"name": "level", "address": "holding:10", "type": "uint16"}


def refused(agent):
    """What `leat check` and `leat run` say of a configuration that neither accepts."""
    checked = agent.check()
    assert checked.returncode == 1, checked.stdout
    run = harness.run([agent.programs.leat, "run", "--config", agent.config_path, "--socket",
                       agent.socket_path])
    assert run.returncode == 1
    said = checked.stdout + checked.stderr
    for line in said.splitlines():
        if ".yaml:" in line:
            assert line in run.stdout + run.stderr
    return said


@pytest.mark.parametrize("broken, place, words", [
    (lambda text: text.replace("site: works", "site: [works"), "leat.yaml:", ""),
    (lambda text: text.replace("gateway:", "gatway:"), "leat.yaml:2:1", "gateway"),
    (lambda text: text.replace("flush: 1s", "flush: 1"), "leat.yaml:6:", "flush"),
    (lambda text: text.replace("driver: modbus-tcp", "driver: modbus"), "leat.yaml:", "modbus-tcp"),
    (lambda text: text.replace("holding:10", "holding:70000"), "leat.yaml:", "70000"),
    (lambda text: text.replace("uint16", "uint17"), "leat.yaml:", "uint16"),
    (lambda _: "", "leat.yaml", ""),
    (lambda _: "\0\1\2", "leat.yaml", ""),
], ids=["broken yaml", "unknown key", "no unit", "unknown driver", "bad address", "bad type", "empty",
        "not text"])
def test_a_bad_configuration_is_refused_with_its_place(agent, tmp_path, broken, place, words):
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", 502, [LEVEL]))
    said = refused(agent(broken(text)))
    assert place in said and words in said, said


def test_a_missing_configuration_is_a_sentence(programs, tmp_path):
    done = harness.run([programs.leat, "run", "--config", tmp_path / "none.yaml"])
    assert done.returncode == 1
    assert "none.yaml" in done.stderr and "No such file" in done.stderr


def test_a_second_agent_is_refused(agent, tmp_path, slave):
    plant = slave([POINT])
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL]))
    first = agent(text).start()
    second = harness.run([first.programs.leat, "run", "--config", first.config_path, "--socket",
                          tmp_path / "other.sock"])
    assert second.returncode == 1
    assert "agent-not-started" in second.stderr and "queue.db" in second.stderr
    third = harness.run([first.programs.leat, "run", "--config", first.config_path, "--socket",
                         first.socket_path])
    assert third.returncode == 1
    first.wait_device("tank", "up")


def test_an_unreachable_slave_costs_only_itself(agent, tmp_path, slave):
    plant = slave([POINT])
    text = harness.leat_yaml(tmp_path, max_age="1s", devices=
                             harness.modbus_device("tank", plant.port, [LEVEL])
                             + harness.modbus_device("dead", harness.free_port(), [LEVEL]))
    subject = agent(text).start()
    subject.wait_device("dead", "down")
    status = subject.wait_device("tank", "up")
    dead = next(device for device in status["devices"] if device["name"] == "dead")
    assert "127.0.0.1" in dead["reason"]
    down = subject.wait_log("device-down", device="dead")
    assert down.fields["reason"]
    before = next(device for device in status["devices"] if device["name"] == "tank")["polls"]
    subject.wait_status(lambda status: any(device["polls"] >= before + 3 and device["missed"] == 0
                                           for device in status["devices"]))
    assert subject.stop().code == 0
    assert len(subject.log("device-down")) == 1  # one line per change of state
    done = subject.command("upload", "--socket", tmp_path / "none.sock")
    assert done.returncode == 0, done.stderr
    unread = [row for row in rows(tmp_path / "lake", "events") if row["kind"] == "unread"]
    assert unread and unread[0]["subject"] == "dead" and unread[0]["count"] >= 1
    assert unread[0]["reason"]


@pytest.mark.parametrize("register, state, words", [
    (60001, "up", ""),      # exception 2
    (60002, "up", ""),      # exception 4
    (60003, "down", ""),    # no answer
    (60004, "down", ""),    # a wrong length
    (60005, "down", ""),    # garbage
    (60006, "down", ""),    # another transaction
    (60008, "down", ""),    # closes
], ids=["exception 2", "exception 4", "no answer", "wrong length", "garbage", "foreign transaction",
        "closes"])
def test_a_slave_that_misbehaves_harms_no_other_device(agent, tmp_path, slave, register, state,
                                                       words):
    plant = slave([POINT])
    bad = {"name": "bad", "address": f"holding:{register}", "type": "uint16"}
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL])
                             + harness.modbus_device("odd", plant.port, [bad], timeout="300ms")
                             .replace("unit: 1", "unit: 2"))
    subject = agent(text).start()
    subject.wait_device("tank", "up")
    status = subject.wait_device("odd", state)
    odd = next(device for device in status["devices"] if device["name"] == "odd")
    assert words in odd["reason"]
    if state == "down":
        assert odd["reason"]
    assert subject.stop().code == 0
    assert subject.command("upload", "--socket", tmp_path / "none.sock").returncode == 0
    found = rows(tmp_path / "lake")
    assert any(row["point_id"] == "tank/level" and row["value_int"] is not None for row in found)
    assert any(row["point_id"] == "odd/bad" and row["quality"] >= 0x80000000 for row in found)


def test_a_broker_that_refuses_is_told_and_retried(agent, tmp_path, broker):
    secret = tmp_path / "passwd"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(secret), "leat", "right"], check=True)
    server = broker(password_file=secret)
    word = tmp_path / "word"
    word.write_text("wrong\n", encoding="utf-8")
    word.chmod(0o600)
    more = (f"    broker: mqtt://127.0.0.1:{server.port}\n    user: leat\n"
            f"    password_file: {word}")
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", server.port, more=more)))
    subject.start().wait_device("line", "down")
    reason = subject.wait_log("device-down", device="line").fields["reason"]
    assert "password" in reason or "refused" in reason
    assert "wrong" not in subject.process.said(last=1000)


def test_payloads_that_are_not_understood_are_kept_as_events(agent, tmp_path, broker):
    server = broker()
    subject = agent(harness.leat_yaml(tmp_path, mqtt_device("line", server.port)))
    subject.start().wait_device("line", "up")
    for payload in ("not json", "{", '{"t": 1764000000000}', '{"t": "soon", "v": 1}',
                    '{"t": 1764000000000, "v": "x"}', '{"t": 1764000000000, "v": 7}'):
        subprocess.run(["mosquitto_pub", "-p", str(server.port), "-q", "1", "-t",
                        "plant/press/state", "-m", payload], check=True)
    status = subject.wait_status(lambda status: status["totals"]["queued"] >= 1)
    assert status["totals"]["rejected"] == 5
    assert subject.stop().code == 0
    assert subject.command("upload", "--socket", tmp_path / "none.sock").returncode == 0
    rejected = [row for row in rows(tmp_path / "lake", "events") if row["kind"] == "rejected"]
    assert sum(row["count"] for row in rejected) == 5
    assert all(row["reason"] and "plant/press/state" in row["subject"] for row in rejected)
    assert any(row["detail"] == "not json" for row in rejected)
    assert [row["value_int"] for row in rows(tmp_path / "lake")] == [7]


@pytest.fixture
def mounted(tmp_path):
    """mounted(*arguments of mount) mounts on a new folder; skipped without the right to."""
    points = []

    def mount(*arguments):
        point = tmp_path / f"mount{len(points)}"
        point.mkdir()
        done = harness.run(["mount", *arguments, point])
        if done.returncode != 0:
            pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
        points.append(point)
        return point
    yield mount
    for point in points:
        subprocess.run(["umount", "-l", str(point)], check=False)


def goes_on_without_lake_and_recovers(subject, plant, lake, mend, words):
    subject.start().wait_device("tank", "up")
    down = subject.wait_log("uplink-down", timeout=30)
    assert words in down.fields["reason"], down.text
    before = subject.status()["totals"]["queued"]
    subject.wait_status(lambda status: status["totals"]["queued"] >= before + 3,
                        what="readings while the lake is away")
    mend()
    assert subject.stop().code == 0
    served = plant.stop()
    done = subject.command("upload", "--socket", subject.folder / "none.sock")
    assert done.returncode == 0, done.stderr
    levels = [row for row in rows(lake) if row["value_int"] is not None]
    assert len(levels) == served
    verified = harness.run([subject.programs.leat_lake, "verify", lake])
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_read_only_lake_loses_nothing(agent, tmp_path, slave, mounted):
    lake = tmp_path / "real-lake"
    lake.mkdir()
    point = mounted("--bind", lake)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(point)], check=True)
    plant = slave([POINT])
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL]),
                             max_age="1s", lake=point)
    goes_on_without_lake_and_recovers(
        agent(text), plant, point,
        lambda: subprocess.run(["mount", "-o", "remount,rw,bind", str(point)], check=True),
        "read-only")


def test_a_full_lake_loses_nothing(agent, tmp_path, slave, mounted):
    point = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    filler = point / "filler"
    with open(filler, "wb", buffering=0) as file:
        with pytest.raises(OSError):
            while True:
                file.write(bytes(65536))
    plant = slave([POINT])
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL]),
                             max_age="1s", lake=point)
    goes_on_without_lake_and_recovers(agent(text), plant, point, filler.unlink, "space")


def test_a_lake_that_is_not_mounted_is_not_made(agent, tmp_path, slave):
    plant = slave([POINT])
    lake = tmp_path / "missing" / "lake"
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL]),
                             max_age="1s", lake=lake)
    goes_on_without_lake_and_recovers(agent(text), plant, lake,
                                      lambda: os.makedirs(lake), str(lake))


def test_what_no_client_should_send_to_the_socket(agent, tmp_path, slave):
    plant = slave([POINT])
    text = harness.leat_yaml(tmp_path, harness.modbus_device("tank", plant.port, [LEVEL]))
    subject = agent(text).start()

    def ask(request):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(subject.socket_path))
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while part := client.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
            return answer
    assert b"unknown request" in ask(b"reboot\n")
    assert ask(b"") == b""
    assert ask(b"x" * 100000) == b""
    threads = [threading.Thread(target=ask, args=(b"status\n",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert subject.status()["site"] == "works"
    assert oct(subject.socket_path.stat().st_mode & 0o777) == "0o660"
    assert objects(tmp_path / "lake", "readings") == []


def test_words_that_are_no_command(programs):
    for words in (["rnu"], [], ["run", "extra"], ["status", "--colour"]):
        done = harness.run([programs.leat, *words])
        assert done.returncode == 2
        assert "usage: leat COMMAND" in done.stderr
    assert "one word too many" in harness.run([programs.leat, "run", "extra"]).stderr
    assert harness.run([programs.leat, "--help"]).returncode == 0
    assert harness.run([programs.leat, "--version"]).stdout.startswith("leat ")
    assert harness.run([programs.leat, "version"]).stdout.startswith("leat ")
    gone = harness.run([programs.leat, "status", "--socket", "/nonexistent/leat.sock"])
    assert gone.returncode == 1 and "no agent is running" in gone.stderr


def test_a_full_disk_under_the_queue_is_told_once_and_outlived(agent, tmp_path, slave, mounted):
    disk = mounted("-t", "tmpfs", "-o", "size=12m", "tmpfs")
    (tmp_path / "lake").mkdir()
    plant = slave([POINT])
    text = harness.leat_yaml(disk, harness.modbus_device("tank", plant.port, [LEVEL],
                                                         interval="100ms"),
                             flush="100ms", lake=tmp_path / "lake")
    subject = agent(text)
    subject.start().wait_device("tank", "up")
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        with pytest.raises(OSError):
            while True:
                file.write(bytes(65536))
    # What the queue has allocated still takes commits; only what needs room may fail, and is told.
    before = subject.status()["totals"]["queued"]
    subject.wait_status(lambda status: status["totals"]["queued"] >= before + 20,
                        what="readings on a full disk")
    filler.unlink()
    status = subject.wait_status(lambda status: status["disk"]["error"] == "")
    subject.wait_status(lambda now: now["streams"][1]["committed"]
                        > status["streams"][1]["committed"] + 10)
    assert subject.stop().code == 0
    assert len(subject.log("queue-failing")) <= 1
    done = subject.command("upload", "--socket", tmp_path / "none.sock")
    assert done.returncode == 0, done.stderr
    served = plant.stop()
    assert len([row for row in rows(tmp_path / "lake") if row["quality"] == 0]) == served
