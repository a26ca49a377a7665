"""The agent as shipped under live load with the shim inside it: what kill.py and disk.py share."""
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness
import load
from account import Account
from shim import Shim

LOOK = 0.005      # seconds between two looks at the shim's counts
EVENT_MOST = 30   # seconds that anything may take to come about


class Rig:
    """Broker, slave, publisher and agent in one folder; begin() first. `queue_folder` is where the
    queue is; options go to harness.leat_yaml."""

    def __init__(self, folder, seed, *, rate=1200, counters=load.COUNTERS, interval="20ms",
                 queue_folder=None, lake_is_there=True, max_age="1s", flush="50ms", **options):
        self.folder = folder
        self.programs = harness.Programs(harness.ROOT / "build/release")
        self.queue = (queue_folder or folder) / "queue.db"
        self.lake = folder / "lake"
        if lake_is_there:
            self.lake.mkdir()
        self.account = Account(self.programs, self.lake)
        self.things = []
        self.incarnation = None
        self.broker = self.keep(harness.Broker(folder / "broker", log="information")).start()
        self.slave = self.keep(harness.ModbusSlave(
            self.programs, folder / "slave", load.slave_points(counters), seed=seed)).start()
        self.shim = self.keep(Shim(self.programs, folder, self.queue, self.lake, seed))
        devices = load.mqtt_device(self.broker.port) \
            + load.modbus_device(self.slave.port, counters, interval)
        text = harness.leat_yaml(queue_folder or folder, devices, lake=self.lake, max_age=max_age,
                                 flush=flush, **options)
        self.agent = self.keep(harness.Agent(self.programs, folder, text,
                                             environment=self.shim.environment()))
        self.rate = rate
        self.publisher = self.log_writer = None

    def begin(self):
        """The first start, which makes the session that the broker keeps; then the messages."""
        self.start_agent()
        self.agent.wait_device("line", "up")
        self.agent.kill()
        self.publisher = self.keep(load.Publisher(self.broker.port, self.rate)).start()
        self.log_writer = self.keep(load.LogWriter(self.agent.socket_path)).start()
        return self

    def keep(self, thing):
        self.things.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.things):
            thing.close()

    def start_agent(self, same_queue=True):
        self.agent.start()
        incarnation = self.agent.wait_log("agent-started").fields["incarnation"]
        if same_queue and self.incarnation not in (None, incarnation):
            raise harness.Trouble(f"a new incarnation began:\n{self.agent.process.said()}")
        self.incarnation = incarnation

    def ask_upload(self):
        """As `leat upload` does; the agent may die of it."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(10)
                client.connect(str(self.agent.socket_path))
                client.sendall(b"upload\n")
                while client.recv(4096):
                    pass
        except OSError:
            if not self.agent.process.ended.wait(1):
                raise

    def wait_until(self, wanted, what, most=EVENT_MOST):
        """Until wanted(), or the end of the agent."""
        deadline = time.monotonic() + most
        while not wanted() and not self.agent.process.ended.wait(LOOK):
            if time.monotonic() > deadline:
                raise harness.Trouble(f"{what} did not come within {most} s; the agent said:\n"
                                      f"{self.agent.process.said()}")

    def drain(self):
        """With no agent there, as a technician would."""
        self.shim.disarm()
        done = self.agent.command("upload", "--socket", self.folder / "none.sock", timeout=600)
        if done.returncode != 0:
            raise harness.Trouble(f"leat upload failed: {done.stdout}{done.stderr}")

    def finish(self):
        """No more faults; everything that the broker has comes through; then stop and drain."""
        self.shim.disarm()
        self.shim.faults()
        self.publisher.stop()
        if not self.agent.process.running:
            self.start_agent(same_queue=False)
        self.log_writer.stop()
        self.publisher.say_end()
        known = set(self.account.objects("readings"))

        def has_end():
            new = [name for name in self.account.objects("readings") if name not in known]
            return new and self.account.base.execute(
                "select count(*) from read_parquet(?) where point_id = 'line/end'",
                [new]).fetchone()[0]
        deadline = time.monotonic() + 120
        while not has_end():
            self.ask_upload()
            if time.monotonic() > deadline or self.agent.process.ended.wait(0.2):
                raise harness.Trouble(f"the last message did not come:\n{self.agent.process.said()}")
        if self.agent.stop().code != 0:
            raise harness.Trouble(f"the agent did not end well:\n{self.agent.process.said()}")
        self.slave.stop()
        self.drain()


def in_folder(name, torture):
    """Exit code of torture(folder) in a folder of its own, which stays where something went wrong."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"leat-{name}-"))
    try:
        code = torture(folder)
    except BaseException:
        print(f"what was left is in {folder}", file=sys.stderr)
        raise
    if code == 0:
        shutil.rmtree(folder)
    else:
        print(f"what was left is in {folder}", file=sys.stderr, flush=True)
    return code


class SmallDisk:
    """A file system of its own: ext4 in a file, or in memory where that is not allowed."""

    def __init__(self, folder, size_mib):
        self.path = folder / "disk"
        self.path.mkdir()
        self.filler = self.path / "filler"
        image = folder / "disk.ext4"
        with open(image, "wb") as file:
            file.truncate(size_mib << 20)
        commands = (["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image],
                    ["mount", "-o", "loop", image, self.path])
        if any(harness.run(command).returncode != 0 for command in commands):
            done = harness.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", self.path])
            if done.returncode != 0:
                raise PermissionError(done.stderr.strip())

    def fill(self, leave_kib=0):
        """Not a byte more fits, or just so much."""
        with open(self.path / "room", "wb") as file:
            file.write(bytes(leave_kib << 10))
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12, 1 << 9):
                try:
                    while True:
                        file.write(random.randbytes(size))
                except OSError:
                    pass
        (self.path / "room").unlink()

    def free(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], check=False)
