"""./dev demo - a minute of a plant, through the whole of Leat, and the account of every value.

  two Modbus slaves, four machines on a broker -> leat run -> queue -> directory lake -> leat upload
    -> leat-lake verify, integrate -> marts in DuckDB

Everything is real: protocols, processes, files. It ends with a table; the exit status is 0 when the
numbers agree, 1 when they do not or something failed, with a sentence that says what.
"""
import argparse
import json
import pathlib
import shutil
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import harness  # noqa: E402
import plant  # noqa: E402
from account import Account, Warehouse, objects_of, rows_of  # noqa: E402

FOLDER = ROOT / "build" / "demo"
SHOWN_POINTS = ("boiler/temperature-1", "boiler/energy-1", "packer/speed-1", "packer/voltage-1",
                "line-1/press-1-speed", "line-1/oven-1-parts")
# What a technician and a script of theirs say meanwhile.
NOTES = ("replaced the sensor of boiler-1", "line-1: oven-2 stands still until noon")
SCRIPT_LINES = ("backup begins", "backup: 3 folders", "backup ends")
STOP_SECONDS = 2.0  # what SIGTERM may take


def say(text=""):
    print(text, flush=True)


def must(done, what):
    """The output of a command that has to succeed."""
    if done.returncode != 0:
        raise harness.Trouble(f"{what} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Demo:
    def __init__(self, options):
        self.options = options
        self.programs = harness.Programs(options.build)
        self.account = Account()
        self.folder = options.folder.resolve()
        self.lake = self.folder / "lake"
        self.warehouse = self.folder / "warehouse.duckdb"
        self.open = []  # what has to be closed, the last one first

    def _keep(self, thing):
        self.open.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.open):
            thing.close()

    def start_plant(self):
        self.broker = self._keep(harness.Broker(self.folder / "broker")).start()
        self.slaves = {}
        devices = ""
        for seed, (name, runs) in enumerate((("boiler", plant.BOILER), ("packer", plant.PACKER))):
            served, wanted = plant.points_of(runs)
            slave = self._keep(harness.ModbusSlave(self.programs, self.folder / name, served, seed=seed))
            self.slaves[name] = slave.start()
            devices += harness.modbus_device(name, slave.port, wanted, timeout="5s")
            say(f"slave {name}: {len(served)} points on port {slave.port}")
        devices += plant.mqtt_device("line-1", self.broker.port)
        say(f"broker on port {self.broker.port}, {len(plant.MACHINES)} machines")
        config = harness.leat_yaml(self.folder, devices, site="demo", gateway="gw-demo", max_age="15s",
                                   lake=self.lake)
        self.lake.mkdir()
        self.agent = self._keep(harness.Agent(self.programs, self.folder, config))

    def run_agent(self):
        say(must(self.agent.check(), "leat check").strip())
        self.agent.start()
        began = time.monotonic()
        for device in (*self.slaves, "line-1"):
            self.agent.wait_device(device, "up")
        publisher = self._keep(plant.Publisher(self.broker.port)).start()
        say(f"leat runs with three devices for {self.options.seconds} s")
        passing = threading.Event()  # never set: the minute of the plant
        while time.monotonic() - began < self.options.seconds:
            rest = self.options.seconds - (time.monotonic() - began)
            passing.wait(max(0.0, min(10, rest)))
            totals = self.agent.status()["totals"]
            say("  {:3.0f} s: {} queued, {} suppressed, {} rejected, {} uploaded".format(
                time.monotonic() - began, *(totals[key] for key in (
                    "queued", "suppressed", "rejected", "uploaded"))))
        self.write_notes()
        published = publisher.stop()
        self.agent.wait_status(lambda status: counted(status, "line-1") == published, 30,
                               f"all {published} published values to be counted")
        self._stop_agent(began, published)

    def write_notes(self):
        for note in NOTES:
            said = must(self.agent.note("--source", "technician", note), "leat log")
            say(f"leat log: {said.strip()}: {note}")
            self.account.notes += stored(said)
        said = must(self.agent.note("--source", "backup", "--severity", "informational",
                                    lines=SCRIPT_LINES), "leat log")
        say(f"leat log: {said.strip()} of a script")
        self.account.notes += stored(said)

    def _stop_agent(self, began, published):
        ended = self.agent.stop()
        account, counts = self.account, self.agent.stopped_counts()
        account.queued = counts["queued"]
        account.suppressed = counts["suppressed"]
        account.rejected = counts["rejected"]
        account.rss_kib = ended.rss_kib
        account.cpu_percent = 100 * ended.cpu_seconds / (time.monotonic() - began)
        if ended.code != 0 or ended.took_seconds > STOP_SECONDS:
            raise harness.Trouble(f"the agent ended with {ended.code} after "
                                  f"{ended.took_seconds:.2f} s:\n{self.agent.process.said()}")
        say(f"leat ended in {ended.took_seconds:.2f} s")
        served = {name: slave.stop() for name, slave in self.slaves.items()}
        account.produced = published + sum(served.values())
        say("produced: " + ", ".join(f"{name} {count}" for name, count in
                                     {**served, "machines": published}.items()))

    def upload(self):
        say(must(self.agent.command("upload", timeout=300), "leat upload").strip())
        objects = objects_of(self.lake)
        self.account.uploaded = rows_of(objects)
        self.account.notes_uploaded = rows_of(objects_of(self.lake, "logs"))
        if self.options.delete_one_object and objects:
            victim = objects[len(objects) // 2]
            victim.unlink()
            say(f"deleted, as asked: {victim.relative_to(self.lake)}")

    def integrate(self):
        # What these two find wrong is part of the account, not the end of the demo.
        verified = harness.run([self.programs.leat_lake, "verify", self.lake])
        say(verified.stdout.rstrip())
        if verified.returncode != 0:
            self.account.complaints += [line for line in (verified.stdout + verified.stderr)
                                        .splitlines() if "missing" in line or "damaged" in line]
        self.account.gaps = missing(self.programs.leat_lake, self.lake)
        done = harness.run([self.programs.leat_lake, "integrate", self.lake, self.warehouse,
                            "--dbt", ROOT / "build/venv/bin/dbt", "--json"], timeout=900)
        (self.folder / "integrate.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode != 0:
            self.account.complaints.append(f"leat-lake integrate ended with {done.returncode}: see "
                                           f"{self.folder / 'integrate.log'}")
            if done.returncode != verified.returncode:
                say(done.stderr.rstrip())
        if self.warehouse.is_file():
            self.show_marts()

    def show_marts(self):
        warehouse = Warehouse(self.warehouse)
        self.account.integrated = warehouse.count("fact_reading", "not is_duplicate")
        self.account.duplicates = warehouse.count("fact_reading", "is_duplicate")
        say("\nwhat the marts hold: " + ", ".join(
            f"{table} {warehouse.count(table)}" for table in
            ("dim_asset", "dim_point", "fact_reading", "fact_log", "fact_gap", "agg_point_hour",
             "agg_point_day")))
        self.account.notes_integrated = warehouse.count("fact_log")
        say("\n" + warehouse.text(
            "select stream, issued, arrived, lost, missing, status from {0} order by stream",
            "agg_gateway_completeness"))
        say("\n" + warehouse.text(
            "select point_id, hour_start, n, good, uncertain, bad, mean, min, max, counter_delta "
            f"from {{0}} where point_id in {SHOWN_POINTS} order by point_id, hour_start",
            "agg_point_hour"))
        say("\n" + warehouse.text(
            "select ts, source, severity_name, message from {0} order by seq", "fact_log"))
        warehouse.close()

    def report(self):
        problems = self.account.problems()
        text = self.account.table()
        if problems:
            text += "\n\nThe numbers do not agree:\n" + "\n".join(f"  {line}" for line in problems)
        else:
            text += "\n\nEvery value is accounted for."
        say("\n" + text)
        (self.folder / "report.txt").write_text(text + "\n", encoding="utf-8")
        self.account.write(self.folder / "summary.json")
        say(f"\nreport     {self.folder / 'report.txt'}, {self.folder / 'summary.json'}\n"
            f"lake       {self.lake}\nwarehouse  {self.warehouse}")
        return 1 if problems else 0


def stored(said):
    """The number in `stored 3 lines`."""
    return int(said.split()[1])


def counted(status, name):
    """Values of a device that the agent has dealt with, whatever it did with them."""
    return sum(device[key] for device in status["devices"] if device["name"] == name
               for key in ("queued", "suppressed", "rejected"))


def missing(leat_lake, lake):
    """Sequence numbers that are not in the lake, of all streams."""
    done = harness.run([leat_lake, "verify", lake, "--json"])
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise harness.Trouble(f"leat-lake verify --json: {error}: {done.stdout}{done.stderr}") \
            from error
    return sum(account["missing"] for account in report["accounts"])


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long the plant runs")
    parser.add_argument("--delete-one-object", action="store_true",
                        help="take an object out of the lake before it is verified and integrated: "
                        "the demo then exits 1 and says what is missing")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER,
                        help="a new folder for what it makes (default build/demo, made anew)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="where the programs are (default build/release)")
    options = parser.parse_args()
    if options.folder == FOLDER:
        shutil.rmtree(FOLDER, ignore_errors=True)
    options.folder.mkdir(parents=True)  # fails when it is there: it may be somebody's
    demo = Demo(options)
    try:
        demo.start_plant()
        demo.run_agent()
        demo.upload()
        demo.integrate()
        return demo.report()
    except harness.Trouble as trouble:
        say(f"\nthe demo failed: {trouble}")
        return 1
    finally:
        demo.close()


if __name__ == "__main__":
    sys.exit(main())
