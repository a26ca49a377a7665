"""The real things a whole-system test talks to, as objects: agent, broker, Modbus slave.

Each process runs until its object ends it, by its own pid. Nothing here sleeps to wait: a line of
output, the end of a process or an answer of the agent is waited for, each with a time-out that says
what did not come. tests/demo/demo.py stands on this file too.
"""
import collections
import dataclasses
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOCKET_PATH_MAX = 107  # of unix(7), without the closing NUL
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")


class Trouble(AssertionError):
    """Something did not happen; the text says what, and what was seen instead."""


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass(frozen=True)
class Programs:
    """The programs of one build folder."""
    build: pathlib.Path

    def _find(self, *candidates):
        for candidate in candidates:
            if (self.build / candidate).is_file():
                return self.build / candidate
        raise Trouble(f"{candidates[0]} is not in {self.build}: run ./dev build "
                      f"{self.build.name}")

    @property
    def leat(self):
        return self._find("agent/leat", "leat")

    @property
    def leat_lake(self):
        return self._find("lake/leat-lake", "leat-lake")

    @property
    def modbus_slave(self):
        return self._find("tests/sim/modbus_slave")

    @property
    def write_objects(self):
        return self._find("tests/sim/write_objects")


@dataclasses.dataclass
class Ended:
    """How a process ended."""
    code: int  # negative: by that signal
    took_seconds: float  # from the request to the end
    rss_kib: int  # at its peak, as known when it was told to end; 0 when it ended by itself
    cpu_seconds: float


class Process:
    """A child whose output is kept line by line and can be waited for."""

    def __init__(self, name, command, environment=None, folder=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.lines = {"stdout": [], "stderr": []}
        self.ended = threading.Event()
        self.wait_status = self.usage = None
        self._peak_kib = 0
        self._changed = threading.Condition()
        # JOURNAL_STREAM would make the agent prefix its lines for systemd.
        variables = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
        variables.update(environment or {})
        self._popen = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=variables, cwd=folder, text=True, errors="replace")
        self.pid = self._popen.pid
        self.started = time.monotonic()
        self._readers = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                         for stream in self.lines]
        for reader in self._readers:
            reader.start()
        threading.Thread(target=self._reap, daemon=True).start()

    def _read(self, stream):
        for line in getattr(self._popen, stream):
            with self._changed:
                self.lines[stream].append(line.rstrip("\n"))
                self._changed.notify_all()

    def _reap(self):
        _, status, self.usage = os.wait4(self.pid, 0)
        for reader in self._readers:
            reader.join(5)  # its last lines belong to it; a grandchild may keep the pipe
        self.wait_status = status
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        with self._changed:
            self.ended.set()
            self._changed.notify_all()

    @property
    def running(self):
        return not self.ended.is_set()

    def said(self, stream="stderr", last=30):
        return "\n".join(self.lines[stream][-last:])

    def wait_for_line(self, pattern, timeout=20, stream="stderr", after=0):
        """The match of the first line from number `after` on that `pattern` finds."""
        deadline = time.monotonic() + timeout
        seen = after
        with self._changed:
            while True:
                lines = self.lines[stream]
                while seen < len(lines):
                    found = re.search(pattern, lines[seen])
                    if found:
                        return found
                    seen += 1
                rest = deadline - time.monotonic()
                if self.ended.is_set() or rest <= 0:
                    what = f"ended with {self._popen.returncode}" if self.ended.is_set() \
                        else f"did not within {timeout} s"
                    raise Trouble(f"{self.name} was to say /{pattern}/ and {what}; it said:\n"
                                  f"{self.said(stream)}\n{self.said()}")
                self._changed.wait(rest)

    def memory_peak_kib(self):
        """VmHWM so far. The kernel's ru_maxrss will not do: after vfork and exec it still holds
        what the parent, a whole Python, had resident."""
        try:
            text = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except FileNotFoundError:
            text = ""
        found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
        if found:
            self._peak_kib = int(found.group(1))
        return self._peak_kib

    def signal(self, number):
        if self.running:
            os.kill(self.pid, number)

    def wait(self, timeout=20, since=None):
        """Until it ends by itself."""
        since = time.monotonic() if since is None else since
        if not self.ended.wait(timeout):
            raise Trouble(f"{self.name} still runs after {timeout} s; it said:\n{self.said()}")
        return Ended(code=os.waitstatus_to_exitcode(self.wait_status),
                     took_seconds=time.monotonic() - since, rss_kib=self._peak_kib,
                     cpu_seconds=self.usage.ru_utime + self.usage.ru_stime)

    def stop(self, timeout=20):
        since = time.monotonic()
        self.memory_peak_kib()
        self.signal(signal.SIGTERM)
        return self.wait(timeout, since)

    def kill(self):
        since = time.monotonic()
        self.memory_peak_kib()
        self.signal(signal.SIGKILL)
        return self.wait(20, since)

    def close(self):
        """For teardown: end it, whatever it does."""
        if self.running:
            self.kill()


def run(command, timeout=120, environment=None, folder=None, input_text=None):
    """A command that ends by itself: CompletedProcess with its texts."""
    source = {"stdin": subprocess.DEVNULL} if input_text is None else {"input": input_text}
    return subprocess.run([str(part) for part in command], check=False, capture_output=True,
                          text=True, timeout=timeout, cwd=folder,
                          env={**os.environ, **(environment or {})}, **source)


LogLine = collections.namedtuple("LogLine", "level id fields text")


def parse_log(text):
    """`level id key=value key="some words"`; None when it is not such a line."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if len(words) < 2 or words[0] not in ("error", "warning", "info"):
        return None
    fields = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    return LogLine(words[0], words[1], fields, text)


class Agent:
    """`leat run` with one configuration; may be started again after it ended.

    `folder` holds what the test gives it; the socket stands there.
    """

    def __init__(self, programs, folder, config, environment=None):
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.config_path = self.folder / "leat.yaml"
        self.socket_path = self.folder / "leat.sock"
        if len(str(self.socket_path)) > SOCKET_PATH_MAX:
            self.socket_path = pathlib.Path(tempfile.mkdtemp(prefix="leat-")) / "leat.sock"
        self.environment = environment or {}
        self.process = None
        self.history = []  # processes that ended
        self.write_config(config)

    def write_config(self, text):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_path.write_text(text, encoding="utf-8")

    def command(self, *words, timeout=120):
        """`leat WORDS... --config FILE`."""
        return run([self.programs.leat, *words, "--config", self.config_path], timeout=timeout,
                   environment=self.environment)

    def check(self):
        return run([self.programs.leat, "check", "--config", self.config_path])

    def start(self, wait=True, timeout=30, arguments=()):
        if self.process is not None:
            self.process.close()
            self.history.append(self.process)
        self.process = Process("leat run", [self.programs.leat, "run", "--config", self.config_path,
                                            "--socket", self.socket_path, *arguments],
                               environment=self.environment)
        if wait:
            self.wait_log("agent-started", timeout=timeout)
        return self

    def wait_log(self, identity, timeout=20, after=0, **fields):
        """The first log line with this id (and these fields) from line `after` on."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.process.wait_for_line(rf"^\w+ {re.escape(identity)}( |$)",
                                               max(0.0, deadline - time.monotonic()), after=after)
            line = parse_log(found.string)
            if all(line.fields.get(key) == str(value) for key, value in fields.items()):
                return line
            after = self.process.lines["stderr"].index(found.string, after) + 1

    def log(self, identity=None):
        """Log lines of this process so far, of that id."""
        lines = [parse_log(text) for text in list(self.process.lines["stderr"])]
        return [line for line in lines if line and identity in (None, line.id)]

    def status(self):
        """What `leat status --json` says, or Trouble."""
        done = run([self.programs.leat, "status", "--json", "--socket", self.socket_path],
                   timeout=20, environment=self.environment)
        if done.returncode != 0:
            raise Trouble(f"leat status failed with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def note(self, *words, lines=None, timeout=60):
        """`leat log WORDS...`, with these lines as its input: CompletedProcess."""
        return run([self.programs.leat, "log", "--socket", self.socket_path, *words],
                   timeout=timeout, environment=self.environment,
                   input_text=None if lines is None else "".join(f"{line}\n" for line in lines))

    def wait_status(self, wanted, timeout=30, what="what the test waits for"):
        """Ask until wanted(status) is true; the status of that moment. Fails at once when the
        agent ends."""
        deadline = time.monotonic() + timeout
        while True:
            status = self.status()
            if wanted(status):
                return status
            if time.monotonic() > deadline:
                raise Trouble(f"{what} did not come within {timeout} s; the last status is\n"
                              f"{json.dumps(status, indent=1)}\n{self.process.said()}")
            if self.process.ended.wait(0.1):
                raise Trouble(f"the agent ended while the test waited for {what}; it said:\n"
                              f"{self.process.said()}")

    def wait_device(self, name, state, timeout=30):
        def wanted(status):
            return any(device["name"] == name and device["state"] == state
                       for device in status["devices"])
        return self.wait_status(wanted, timeout, f"device {name} to be {state}")

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def stop(self, timeout=20):
        return self.process.stop(timeout)

    def stopped_counts(self):
        """The counters of the line that the agent says last: agent-stopped."""
        lines = self.log("agent-stopped")
        if not lines:
            raise Trouble(f"the agent did not say agent-stopped; it said:\n{self.process.said()}")
        return {key: int(value) for key, value in lines[-1].fields.items() if value.isdigit()}

    def kill(self):
        return self.process.kill()

    def close(self):
        if self.process is not None:
            self.process.close()

    def sanitizer_reports(self):
        processes = [*self.history, *([self.process] if self.process else [])]
        return [line for process in processes for line in process.lines["stderr"]
                if SANITIZER.search(line)]


class Broker:
    """A mosquitto of our own on a free port; stop() and start() keep port and folder.

    Its defaults lose nothing while the agent is away: no limit on what it queues. `lines` are
    further lines of mosquitto.conf.
    """

    DEFAULTS = ("max_queued_messages 0", "max_inflight_messages 1000")

    def __init__(self, folder, lines=DEFAULTS, tls=None, password_file=None, port=None, log="all"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.process = None
        text = [f"listener {self.port} 127.0.0.1", "user root", "log_dest stderr", f"log_type {log}",
                "persistence true", f"persistence_location {self.folder}/"]
        if password_file:
            text += ["allow_anonymous false", f"password_file {password_file}"]
        else:
            text += ["allow_anonymous true"]
        if tls:
            text += [f"cafile {tls.ca}", f"certfile {tls.certificate}", f"keyfile {tls.key}"]
        self.config_path = self.folder / "mosquitto.conf"
        self.config_path.write_text("\n".join([*text, *lines]) + "\n", encoding="utf-8")

    def start(self):
        program = "/usr/sbin/mosquitto" if os.path.exists("/usr/sbin/mosquitto") else "mosquitto"
        self.process = Process("mosquitto", [program, "-c", self.config_path])
        self.process.wait_for_line(r"mosquitto version .* running")
        return self

    def stop(self):
        """mosquitto 2.0 overlooks a SIGTERM that comes just after it says that it runs."""
        since = time.monotonic()
        self.process.signal(signal.SIGTERM)
        while not self.process.ended.wait(0.5) and time.monotonic() - since < 20:
            self.process.signal(signal.SIGTERM)
        return self.process.wait(0, since)

    def kill(self):
        return self.process.kill()

    def wait_for_line(self, pattern, timeout=20, after=0):
        return self.process.wait_for_line(pattern, timeout, after=after)

    def close(self):
        if self.process is not None:
            self.process.close()


@dataclasses.dataclass(frozen=True)
class Certificates:
    """A CA and a server certificate for localhost and 127.0.0.1, made by openssl."""
    ca: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path

    @classmethod
    def make(cls, folder, name="localhost"):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        extension = folder / "san.cnf"
        extension.write_text(f"subjectAltName=DNS:{name},IP:127.0.0.1\n", encoding="utf-8")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for command in (
                ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
                 "-subj", "/CN=test authority"],
                ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}"],
                ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                 "-CAcreateserial", "-out", "server.pem", "-days", "30", "-extfile", "san.cnf"]):
            done = run(["openssl", *command], folder=folder)
            if done.returncode != 0:
                raise Trouble(f"openssl {command[0]} failed: {done.stderr}")
        return cls(folder / "ca.pem", folder / "server.pem", folder / "server.key")


SlavePoint = collections.namedtuple("SlavePoint", "name address type order interval_ms")


class ModbusSlave:
    """tests/sim/modbus_slave with these points, on a port it chose (kept over stop and start)."""

    def __init__(self, programs, folder, points, seed=1, arguments=(), port=0):
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.points_path = self.folder / "points.csv"
        self.journal_path = self.folder / "journal.jsonl"
        rows = [",".join(str(field) for field in SlavePoint(*point)) for point in points]
        self.points_path.write_text("\n".join([",".join(SlavePoint._fields), *rows]) + "\n",
                                    encoding="utf-8")
        self.seed = seed
        self.arguments = arguments
        self.port = port
        self.process = None

    def start(self):
        self.process = Process("modbus_slave", [
            self.programs.modbus_slave, "--points", self.points_path, "--journal",
            self.journal_path, "--seed", self.seed, "--port", self.port, *self.arguments])
        self.port = int(self.process.wait_for_line(r"^port (\d+)$", stream="stdout").group(1))
        return self

    def stop(self):
        """End it; the number of values it served."""
        self.process.stop()
        return int(self.process.wait_for_line(r"^produced (\d+)$", stream="stdout").group(1))

    def kill(self):
        return self.process.kill()

    def journal(self):
        """What was served, in order: dicts with name, t_ns, raw."""
        text = self.journal_path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def close(self):
        if self.process is not None:
            self.process.close()


def committed(status, stream):
    """The highest sequence number of a stream that is on disk."""
    return next(row["committed"] for row in status["streams"] if row["name"] == stream)


def leat_yaml(folder, devices, *, site="works", gateway="gw-1", flush="1s", max_age="15min",
              max_size="8MiB", ring="8MiB", lake=None, targets=None, keep_free="1MiB"):
    """A configuration: queue in `folder`, a directory lake in it, the given text of devices.

    `lake`: where the directory target is (default folder/lake, made here); `targets`: the YAML text of
    sync.targets instead of it, "[]" for none.
    """
    folder = pathlib.Path(folder)
    if targets is None:
        if lake is None:
            (folder / "lake").mkdir(parents=True, exist_ok=True)
        targets = f"\n    - {{ name: lake, type: directory, path: '{lake or folder / 'lake'}' }}"
    return (f"site: {site}\n"
            f"gateway: {gateway}\n\n"
            "queue:\n"
            f"  path: '{folder / 'queue.db'}'\n"
            f"  flush: {flush}\n"
            "  rings:\n"
            f"    events:   {{ size: 1MiB, when_full: hold }}\n"
            f"    readings: {{ size: {ring}, when_full: overwrite-oldest }}\n"
            f"    logs:     {{ size: 1MiB, when_full: overwrite-oldest }}\n"
            f"  keep_free: {keep_free}\n\n"
            "clock: { source: trusted }\n\n"  # a machine for tests is often not synchronised
            "sync:\n"
            f"  batch: {{ max_size: {max_size}, max_age: {max_age} }}\n"
            f"  targets: {targets}\n\n"
            f"devices:\n{devices}")


def modbus_device(name, port, points, *, interval="1s", timeout="800ms", more=""):
    """The YAML of a modbus-tcp device; `points` are dicts of the keys of a point."""
    def value(item):
        return item if isinstance(item, str) and item.startswith("[") else json.dumps(item)
    rows = "".join("      - { " + ", ".join(f"{key}: {value(item)}" for key, item in point.items())
                   + " }\n" for point in points)
    return (f"  - name: {name}\n"
            f"    driver: modbus-tcp\n"
            f"    address: 127.0.0.1:{port}\n"
            f"    unit: 1\n"
            f"    timeout: {timeout}\n"
            f"    interval: {interval}\n"
            f"{more}    points:\n{rows}")
