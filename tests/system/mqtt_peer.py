"""tests/sim/mqtt_peer.py as an object, and what its journal says."""
import json
import sys

import harness


class Peer:
    """A strict or a stalling broker that publishes by itself; `arguments` are the program's."""

    def __init__(self, folder, *arguments, tls=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.journal_path = folder / "journal.jsonl"
        certificate = ["--certificate", tls.certificate, "--key", tls.key] if tls else []
        self.process = harness.Process("mqtt_peer", [
            sys.executable, harness.ROOT / "tests/sim/mqtt_peer.py", "--journal", self.journal_path,
            *certificate, *arguments])
        self.port = int(self.wait_said(r"^port (\d+)$").group(1))

    def wait_said(self, pattern, timeout=30):
        return self.process.wait_for_line(pattern, timeout, stream="stdout")

    def journal(self):
        return [json.loads(line) for line in
                self.journal_path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]

    def acknowledged(self):
        """n -> t of what we acknowledged to it; t needs --first-ms 0 < T, given as first_ms."""
        return [entry["n"] for entry in self.journal() if entry["event"] == "ack"]

    def most_in_flight(self):
        """The largest number of messages that were sent and not acknowledged at once."""
        flight, most = set(), 0
        for entry in self.journal():
            if entry["event"] == "send":
                flight.add(entry["n"])
                most = max(most, len(flight))
            elif entry["event"] == "ack":
                flight.discard(entry["n"])
        return most

    def close(self):
        self.process.close()
