"""500 points stay under 16 MiB resident: three cuts and the drain of a backlog, as many rows each as
at one second and the default age, only faster."""
import re

import harness

POINTS = 500
INTERVAL_MS = 20
SECOND_FACTOR = 1000 // INTERVAL_MS  # how much faster than one second
CUT_ROWS = POINTS * 15 * 60          # the default age of a batch at one second
HOUR_ROWS = POINTS * 3600
LIMIT_KIB = 16 * 1024


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))


def test_500_points_stay_under_16_mib(agent, slave, tmp_path, release_programs):
    plant = slave([(f"p{i}", f"holding:{i}", "uint16", "", 1000) for i in range(POINTS)])
    points = [{"name": f"p{i}", "address": f"holding:{i}", "type": "uint16"} for i in range(POINTS)]
    lake = tmp_path / "lake"
    lake.mkdir()
    subject = agent(harness.leat_yaml(
        tmp_path, harness.modbus_device("plant", plant.port, points, interval=f"{INTERVAL_MS}ms"),
        flush="100ms", max_age=f"{15 * 60 // SECOND_FACTOR}s", ring="64MiB"),
        programs=release_programs)
    subject.start().wait_status(lambda status: status["totals"]["uploaded"] >= 2.9 * CUT_ROWS,
                                timeout=300, what="three cuts")
    after_cuts = peak_kib(subject.process.pid)
    away = tmp_path / "away"
    lake.rename(away)
    waiting = subject.wait_status(lambda status: status["streams"][1]["waiting"] >= HOUR_ROWS,
                                  timeout=600, what="an hour's backlog")
    away.rename(lake)
    harness.run([release_programs.leat, "upload", "--socket", subject.socket_path])
    subject.wait_status(lambda status: status["streams"][1]["acknowledged"]
                        >= waiting["streams"][1]["committed"], timeout=300, what="the drain")
    peak = peak_kib(subject.process.pid)
    print(f"resident at most {after_cuts} KiB after three cuts, {peak} KiB after the drain")
    assert subject.stop().code == 0
    assert peak < LIMIT_KIB, f"{peak} KiB"
