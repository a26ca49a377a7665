"""P1 to P4 under kill -9 and bad disks: the short form of ./dev torture kill and disk, on the agent as
shipped; and the proof that these would see a loss."""
import re
import sys

import harness
import pytest

TORTURE = harness.ROOT / "tests" / "torture"
TOTAL = re.compile(r"total: rounds (\d+) acknowledged (\d+) found (\d+) lost (\d+) double (\d+)")


def torture(fault, *arguments):
    """Exit code, what it printed, its totals."""
    done = harness.run([sys.executable, TORTURE / f"{fault}.py", "--seed", 20261122, *arguments],
                       timeout=300)
    found = TOTAL.fullmatch(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "")
    assert found, done.stdout + done.stderr
    return done.returncode, done.stdout, [int(part) for part in found.groups()]


def test_25_rounds_of_kill_lose_nothing():
    code, said, (rounds, acknowledged, found, lost, double) = torture("kill", "--rounds", 25)
    assert (code, rounds, lost, double) == (0, 25, 0, 0), said
    assert acknowledged == found >= 25 * 1000, said
    for event in ("commit", "slot-turn", "checkpoint", "cut", "upload"):
        wanted, inside = re.search(rf"^{event} +(\d+) +(\d+)", said, re.MULTILINE).groups()
        assert wanted == inside != "0", said


@pytest.mark.parametrize("what", ["object", "journal"])
def test_a_loss_is_seen(what):
    code, said, (_, acknowledged, found, lost, _) = torture("kill", "--rounds", 3, "--break", what)
    assert code == 1 and lost > 0 and acknowledged == found + lost, said


def test_bad_disks_lose_nothing():
    code, said, (rounds, acknowledged, found, lost, double) = torture(
        "disk", "--rounds", 3, "--records", 40000)
    assert (code, lost, double) == (0, 0, 0) and acknowledged == found > 40000, said
    assert rounds == 3 or "skipped" in said, said
    assert re.search(r"evicted [1-9]", said) and re.search(r"[1-9]\d* io errors", said), said
