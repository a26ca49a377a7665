"""kill -9 of the agent as shipped, under live load: ./dev torture kill.

Each round starts the agent on the queue that the round before left, lets it acknowledge at least 1,000
records of three kinds (polled counters, MQTT at QoS 1, lines of a log), has it cut and upload, and kills
it: at a random moment, or by the shim inside a commit, a slot turn, a
checkpoint, a cut or an upload. Nothing that was acknowledged may be missing from the lake in the end.
"""
import argparse
import collections
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import harness  # noqa: E402
from account import Sum, print_total  # noqa: E402
from rig import EVENT_MOST, Rig, in_folder  # noqa: E402

KINDS = ("random", "commit", "slot-turn", "checkpoint", "cut", "upload")
DISK_MOMENTS = ("begin", "write", "half", "written", "sync", "synced", "end")
MOMENTS = {"commit": DISK_MOMENTS, "slot-turn": DISK_MOMENTS, "cut": DISK_MOMENTS,
           "checkpoint": (*DISK_MOMENTS, "restart"),
           "upload": ("begin", "write", "half", "written", "sync", "synced", "link", "linked",
                      "directory", "end", "finish")}
NUMBERED = {"commit": 6, "slot-turn": 40, "cut": 4, "checkpoint": 60, "upload": 1}
STREAMS = ("readings", "logs")
RECORDS_LEAST = 1000   # acknowledged in a round
PUBACKS_LEAST = 100    # of them through MQTT, so that no round ends before the broker is reached
DRAIN_EVERY = 100      # rounds

Plan = collections.namedtuple("Plan", "kind moment nth let_pass delay")
Round = collections.namedtuple("Round", "plan inside before after")


def make_plan(dice, number, order):
    """What is to happen in a round; every kind once in six rounds."""
    if number % len(KINDS) == 0:
        order[:] = dice.sample(KINDS, len(KINDS))
    kind = order[number % len(KINDS)]
    if kind == "random":
        return Plan(kind, "", 0, 0, dice.random() * 0.2)
    moment = dice.choice(MOMENTS[kind])
    counted = moment in ("write", "half", "written")
    let_pass = 0 if kind in ("slot-turn", "checkpoint") else dice.randrange(3)
    return Plan(kind, moment, dice.randint(1, NUMBERED[kind]) if counted else 1, let_pass, 0.0)


def provoke(rig, kind):
    """Bring about what the shim waits for, until the agent is dead."""
    deadline = time.monotonic() + EVENT_MOST
    while rig.agent.process.running and time.monotonic() < deadline:
        if kind in ("slot-turn", "checkpoint"):
            rig.publisher.ballast(8 if kind == "slot-turn" else 24)
        elif kind in ("cut", "upload"):
            rig.ask_upload()
        rig.agent.process.ended.wait(0.05)


def kill_once(rig, plan, broken=None):
    """One round; where the agent died."""
    shim = rig.shim
    before = shim.committed()
    pubacks = shim.get("pubacks")
    shim.disarm()
    rig.start_agent(same_queue=not broken)

    def has_acknowledged():
        now = shim.committed()
        records = sum(now[stream] - before[stream] for stream in STREAMS)
        return records >= RECORDS_LEAST and shim.get("pubacks") - pubacks >= PUBACKS_LEAST
    rig.wait_until(has_acknowledged, f"{RECORDS_LEAST} acknowledged records")
    if broken != "journal":
        rig.ask_upload()
    if plan.kind == "random":
        rig.agent.process.ended.wait(plan.delay)
    else:
        shim.arm(plan.kind, plan.moment, plan.nth, plan.let_pass)
        provoke(rig, plan.kind)
    died_by_itself = not rig.agent.process.running
    ended = rig.agent.kill()
    if ended.code != -9 or (died_by_itself and shim.killed_in() is None):
        raise harness.Trouble(f"the agent ended with {ended.code}:\n{rig.agent.process.said()}")
    return Round(plan, shim.killed_in(), before, shim.committed())


def look_between(rig, done):
    """All that was committed is in the lake, each number once, and leat-lake finds it whole. False,
    with what is wrong on standard output, when it is not so."""
    rig.drain()
    account = rig.account.look()
    problems = account.verify()
    for stream, last in rig.shim.committed().items():
        if stream in STREAMS:
            missing, repeated = account.missing(stream, last), account.repeated(stream)
            if missing or repeated:
                problems += (f"{len(missing)} numbers of {stream} are missing, {repeated} repeated: "
                             f"{missing[:5]}\n")
    if problems:
        print(f"after round {done}: {problems}", flush=True)
    return not problems


def lose(rig, what):
    """Break it on purpose: take an object from the lake, or what the queue wrote since it began."""
    if what == "object":
        pathlib.Path(rig.account.objects("readings")[0]).unlink()
    else:
        pathlib.Path(f"{rig.queue}-wal").write_bytes(b"")
        for stream in STREAMS:
            rig.shim.set(f"committed.{stream}", 0)  # numbers begin anew with the next incarnation


def settle(rig, broken):
    """What became of everything that was acknowledged, by source; and the missing numbers."""
    account, last = rig.account.look(), rig.shim.committed()
    missing = {stream: account.missing(stream, last[stream]) for stream in STREAMS}
    sums = {"modbus": account.polled(rig.slave.journal_path, last["readings"],
                                     len(missing["readings"]) + rig.shim.get("given_twice")),
            "mqtt": account.published(rig.publisher), "logs": account.logged(rig.log_writer)}
    doubles = {} if broken else account.doubles(rig.folder)
    sums["modbus"].double += doubles.get("packer", 0) + account.repeated("readings")
    sums["logs"].double += account.repeated("logs")
    sums["mqtt"].double = doubles.get("line", 0)
    gaps = account.gaps()
    if gaps and not broken:
        raise harness.Trouble(f"{len(gaps)} gaps in a queue that was never full: {gaps[:3]}")
    return sums, missing


def committed_in(one):
    return sum(one.after[stream] - one.before[stream] for stream in STREAMS)


def print_kinds(rounds, missing):
    print(f"\n{'killed inside':14} {'rounds':>7} {'inside':>7} {'acknowledged':>13} {'found':>9} "
          f"{'lost':>6}")
    for kind in KINDS:
        mine = [one for one in rounds if one.plan.kind == kind]
        inside = sum(1 for one in mine if one.inside and one.inside[0] == kind)
        lost = sum(1 for stream, numbers in missing.items() for number in numbers
                   if any(one.before[stream] < number <= one.after[stream] for one in mine))
        acknowledged = sum(committed_in(one) for one in mine)
        print(f"{kind:14} {len(mine):7} {inside if kind != 'random' else '-':>7} {acknowledged:13} "
              f"{acknowledged - lost:9} {lost:6}")


def print_moments(rounds):
    """How often where: one line for each kind."""
    moments = collections.Counter(one.inside for one in rounds if one.inside)
    for kind in KINDS[1:]:
        print(f"{kind}: " + ", ".join(f"{moment} {count}" for (event, moment), count in
                                      sorted(moments.items()) if event == kind))


def print_sources(sums):
    print(f"{'source':14} {'acknowledged':>13} {'found':>9} {'lost':>6} {'double':>7}")
    for name, one in sums.items():
        print(f"{name:14} {one.acknowledged:13} {one.found:9} {one.lost:6} {one.double:7}")


def kill_again_and_again(rig, arguments):
    """The rounds; and was all well in between?"""
    dice = random.Random(arguments.seed)
    rounds, order, whole = [], [], True
    for number in range(arguments.rounds):
        plan = make_plan(dice, number, order)
        if arguments.breaks == "journal":  # what is not uploaded yet is to be lost
            plan = Plan("random", "", 0, 0, 0.0)
        rounds.append(kill_once(rig, plan, arguments.breaks))
        if arguments.breaks == "journal" and number == 1:
            lose(rig, "journal")
        if (number + 1) % DRAIN_EVERY == 0:
            whole &= look_between(rig, number + 1)
    return rounds, whole


def torture(folder, arguments):
    began = time.monotonic()
    rig = Rig(folder, arguments.seed)
    try:
        rig.begin()
        rounds, whole = kill_again_and_again(rig, arguments)
        seconds = time.monotonic() - began
        rig.finish()
        if arguments.breaks == "object":
            lose(rig, "object")
        elif not arguments.breaks:
            whole &= look_between(rig, len(rounds))
        sums, missing = settle(rig, arguments.breaks)
    finally:
        rig.close()
    print_kinds(rounds, missing)
    print()
    print_moments(rounds)
    print(f"\n{seconds / len(rounds):.2f} s a round; at least "
          f"{min(committed_in(one) for one in rounds)} records committed in each\n")
    print_sources(sums)
    total = Sum()
    for one in sums.values():
        total.add(one)
    print_total(len(rounds), total)
    return 0 if whole and not total.lost and not total.double else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--break", dest="breaks", choices=("object", "journal"),
                        help="lose something on purpose: has to end with lost above 0")
    arguments = parser.parse_args()
    return in_folder("kill", lambda folder: torture(folder, arguments))


if __name__ == "__main__":
    sys.exit(main())
