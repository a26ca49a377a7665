"""Bad disks under the agent as shipped, under live load: ./dev torture disk.

Rounds of three kinds, in turn:
  full    the queue on a small file system of its own that is filled to the last byte and freed again,
          with a kill -9 and a start while it is full
  errors  writes and syncs of the queue that answer EIO or ENOSPC now and then, syncs that take long,
          and a kill -9 in the middle of it
  limit   an hour's worth of records with no target to be reached, through a ring that holds minutes

Acquisition has to go on (its polls are counted), memory to stay flat, and in the end each number has to
be in the lake or, where a full ring gave it up, in a gap record; `lost` is what is in neither.
"""
import argparse
import pathlib
import random
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import harness  # noqa: E402
from account import Sum, print_total  # noqa: E402
from rig import EVENT_MOST, Rig, SmallDisk, in_folder  # noqa: E402

SMALL_DISK_MIB = 13  # the journal, the smaller rings and part of the readings' ring
STREAMS = ("readings", "logs")
POLLS = 60             # in each phase
HOUR_RECORDS = 360000  # a hundred a second
FLAT_KIB = 1024        # what memory may grow by once it is warm
PHASES = ({"io_error": 0.02}, {"io_error": 0.3}, {"no_space": 0.1},
          {"slow": 0.2, "slow_seconds": 0.2}, {"io_error": 0.05, "no_space": 0.05, "slow": 0.05,
                                               "slow_seconds": 0.05})


def resident_kib(agent):
    text = pathlib.Path(f"/proc/{agent.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE).group(1))


def polls(status):
    return next(device["polls"] for device in status["devices"] if device["name"] == "packer")


def given_up(status):
    """Readings that a full ring has overwritten."""
    return next(stream["lost"] for stream in status["streams"] if stream["name"] == "readings")


class Watch:
    """Polls and memory of the running agent, looked at while something is wrong."""

    def __init__(self, rig):
        self.rig = rig
        self.polls = 0
        self.memory = []

    def go_on(self, wanted=POLLS, every=0.2):
        """Until it has polled so often; that it does is what is asked here."""
        first = last = polls(self.rig.agent.status())
        deadline = time.monotonic() + EVENT_MOST
        while last < first + wanted:
            if self.rig.agent.process.ended.wait(every):
                raise harness.Trouble(f"the agent ended:\n{self.rig.agent.process.said()}")
            if time.monotonic() > deadline:
                raise harness.Trouble(f"{last - first} polls in {EVENT_MOST} s: acquisition does not "
                                      f"go on; the agent said:\n{self.rig.agent.process.said()}")
            self.memory.append(resident_kib(self.rig.agent))
            last = polls(self.rig.agent.status())
        self.polls += last - first

    def committed_more(self, what):
        before = self.rig.shim.committed()["readings"]
        self.rig.wait_until(lambda: self.rig.shim.committed()["readings"] > before + 200, what)

    def growth_kib(self):
        """From the first third of the samples, when all is warm, to the peak of the rest."""
        third = len(self.memory) // 3
        return max(self.memory[third:]) - max(self.memory[:third])


def start_without_room(rig):
    """A new queue finds no room for itself: the agent runs, or ends with the sentence that says so."""
    rig.agent.start(wait=False)
    rig.wait_until(lambda: rig.agent.log("agent-started"), "a start on a full disk")
    if not rig.agent.process.running:
        said = rig.agent.process.said()
        if rig.agent.process.wait().code != 1 or not re.search("room|space|full", said):
            raise harness.Trouble(f"it ended on a full disk without saying why:\n{said}")
    rig.agent.kill()


def full(folder, seed, _records):
    dice = random.Random(seed)
    disk = SmallDisk(folder, SMALL_DISK_MIB)
    try:
        rig = Rig(folder, seed, queue_folder=disk.path, rate=600, keep_free="0")
        try:
            disk.fill(leave_kib=dice.choice((64, 1024, 3072)))
            start_without_room(rig)
            disk.free()
            rig.begin()
            watch = Watch(rig)
            rig.start_agent()
            for _ in range(3):
                watch.committed_more("records before the disk is full")
                rig.publisher.ballast(dice.randrange(40))
                disk.fill()
                rig.publisher.ballast(dice.randrange(40))  # for which the ring would like to grow
                watch.go_on()
                rig.agent.kill()
                rig.start_agent()  # on a full disk
                watch.go_on()
                disk.free()
                watch.committed_more("records after the disk was freed")
            rig.finish()
            return settle(rig, watch)
        finally:
            rig.close()
    finally:
        disk.close()


def start_whatever_it_takes(rig):
    """As the service manager does: an agent that a disk error ends at its start is started again."""
    for _ in range(50):
        try:
            rig.start_agent()
            return
        except harness.Trouble:
            if rig.agent.process.running or rig.agent.log("agent-started"):
                raise
    raise harness.Trouble(f"it does not start:\n{rig.agent.process.said()}")


def errors(folder, seed, _records):
    dice = random.Random(seed)
    rig = Rig(folder, seed)
    try:
        rig.begin()
        watch = Watch(rig)
        rig.start_agent()
        for phase in dice.sample(PHASES, len(PHASES)):
            watch.committed_more("records on a sound disk")
            rig.shim.faults(**phase)
            watch.go_on()
            if dice.random() < 0.5:
                rig.agent.kill()
                start_whatever_it_takes(rig)
                watch.go_on()
            rig.shim.faults()
        watch.committed_more("records after all that")
        rig.finish()
        return settle(rig, watch)
    finally:
        rig.close()


def limit(folder, seed, records):
    rig = Rig(folder, seed, counters=60, interval="10ms", ring="1MiB", flush="200ms",
              lake_is_there=False)
    try:
        rig.begin()
        watch = Watch(rig)
        rig.start_agent()
        deadline = time.monotonic() + records / 100
        while rig.shim.committed()["readings"] < records or not given_up(rig.agent.status()):
            rig.publisher.ballast(16)
            watch.go_on(50)
            if time.monotonic() > deadline:
                raise harness.Trouble(f"the ring is not full yet: {rig.agent.status()}")
        if watch.growth_kib() > FLAT_KIB:
            raise harness.Trouble(f"memory grew by {watch.growth_kib()} KiB: {watch.memory}")
        rig.lake.mkdir()
        rig.finish()
        return settle(rig, watch, may_evict=True)
    finally:
        rig.close()


def settle(rig, watch, may_evict=False):
    """(Sum, line of the table). Found is what is in the lake or, if it may be, in a gap record."""
    account, last = rig.account.look(), rig.shim.committed()
    problems = account.verify()
    if problems:
        raise harness.Trouble(f"leat-lake does not find the lake whole:\n{problems}")
    lost, evicted = rig.shim.get("given_twice"), 0
    for stream in STREAMS:
        missing, told = account.unaccounted(stream, last[stream])
        lost += len(missing)
        evicted += len(told)
    polled = account.polled(rig.slave.journal_path, last["readings"], 0)
    published, logged = account.published(rig.publisher), account.logged(rig.log_writer)
    if not may_evict:
        lost = max(lost, evicted, published.lost + logged.lost)
    double = account.repeated("readings") + polled.double + logged.double \
        + sum(account.doubles(rig.folder).values())
    acknowledged = sum(last[stream] for stream in STREAMS)
    result = Sum(acknowledged, acknowledged - lost, lost, double)
    faults = ", ".join(f"{rig.shim.get(word)} {word.replace('_', ' ')}" for word in
                       ("io_errors", "no_spaces", "slow_syncs") if rig.shim.get(word))
    failing = sum(len(re.findall("queue-failing", process.said(last=10000)))
                  for process in [*rig.agent.history, rig.agent.process])
    line = (f"polls {watch.polls}, resident {min(watch.memory)} to {max(watch.memory)} KiB, polled "
            f"{polled.found}, published {published.acknowledged}, logged {logged.acknowledged}, evicted {evicted}, "
            f"commits began to fail {failing} times"
            + (f", faults: {faults}" if faults else ""))
    return result, line


FAULTS = {"full": full, "errors": errors, "limit": limit}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--records", type=int, default=HOUR_RECORDS,
                        help=f"of a round `limit`; by default {HOUR_RECORDS}")
    arguments = parser.parse_args()
    total, rounds, code = Sum(), 0, 0
    print(f"{'fault':7} {'acknowledged':>13} {'found':>9} {'lost':>6} {'double':>7}  what went on")
    for number in range(arguments.rounds):
        name = list(FAULTS)[number % len(FAULTS)]

        def torture(folder, name=name, seed=arguments.seed + number):
            result, line = FAULTS[name](folder, seed, arguments.records)
            total.add(result)
            print(f"{name:7} {result.acknowledged:13} {result.found:9} {result.lost:6} "
                  f"{result.double:7}  {line}", flush=True)
            return 1 if result.lost or result.double else 0
        try:
            code |= in_folder(f"disk-{name}", torture)
            rounds += 1
        except PermissionError as error:
            print(f"{name:7} skipped: no file system may be mounted here: {error}", flush=True)
    print_total(rounds, total)
    return code


if __name__ == "__main__":
    sys.exit(main())
