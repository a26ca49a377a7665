"""The other end of shim.h: ask the shim inside the agent for a death or a bad disk, read its counts."""
import mmap
import struct

import harness

EVENTS = ("none", "commit", "slot-turn", "checkpoint", "cut", "upload")
MOMENTS = ("begin", "write", "half", "written", "sync", "synced", "end", "link", "linked",
           "directory", "finish", "restart")
STREAMS = ("events", "readings", "logs", "catalogue")
WORDS = ("armed", "pass", "moment", "nth", "io_error_ppm", "no_space_ppm", "slow_ppm", "slow_us",
         "random", "killed_event", "killed_moment", *(f"events.{name}" for name in EVENTS),
         *(f"committed.{name}" for name in STREAMS), "given_twice", "pubacks", "io_errors",
         "no_spaces", "slow_syncs",
         *(f"milestones.{name}.{word}" for name in STREAMS for word in ("goal", "reached")))


class Shim:
    """A file of words, mapped here and in every agent that is started with environment()."""

    def __init__(self, programs, folder, queue, lake, seed=1):
        self.library = programs.build / "tests" / "torture" / "libshim.so"
        if not self.library.is_file():
            raise harness.Trouble(f"{self.library} is not there: run ./dev build release")
        self.path = folder / "shim.state"
        self.paths = {"LEAT_SHIM_QUEUE": str(queue.resolve()), "LEAT_SHIM_LAKE": str(lake.resolve())}
        self.path.write_bytes(bytes(8 * len(WORDS)))
        with open(self.path, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), 8 * len(WORDS))
        self.set("random", seed * 2 + 1)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "LEAT_SHIM_STATE": str(self.path), **self.paths}

    def get(self, name):
        return struct.unpack_from("<Q", self.words, 8 * WORDS.index(name))[0]

    def set(self, name, value):
        struct.pack_into("<Q", self.words, 8 * WORDS.index(name), value)

    def committed(self):
        """Stream -> the highest number that stood in a transaction that succeeded."""
        return {name: self.get(f"committed.{name}") for name in STREAMS}

    def arm(self, event, moment, nth=1, let_pass=0):
        """Die in the next such event (after letting `let_pass` go)."""
        self.set("killed_event", 0)
        self.set("moment", MOMENTS.index(moment))
        self.set("nth", nth)
        self.set("pass", let_pass)
        self.set("armed", EVENTS.index(event))  # last: from here on it may fire

    def disarm(self):
        self.set("armed", 0)
        self.set("killed_event", 0)

    def killed_in(self):
        """(event, moment) of the death that the shim chose, or None."""
        event = self.get("killed_event")
        return (EVENTS[event], MOMENTS[self.get("killed_moment")]) if event else None

    def faults(self, *, io_error=0.0, no_space=0.0, slow=0.0, slow_seconds=0.0):
        """The share of the queue's writes and syncs that fail, of its syncs that take long."""
        self.set("slow_us", int(slow_seconds * 1e6))
        for name, share in (("io_error_ppm", io_error), ("no_space_ppm", no_space),
                            ("slow_ppm", slow)):
            self.set(name, int(share * 1e6))

    def close(self):
        self.words.close()
        self.path.unlink(missing_ok=True)
