"""A serial line between the agent and a slave: pseudo terminals, joined byte by byte."""
import os
import select
import socket
import threading
import tty


class SerialLine:
    """`name` is what the agent opens. At the far end is the slave: at `port` as RTU over TCP, or
    without one at a terminal of its own, `far_name`."""

    def __init__(self, port=None):
        self._held, self._ours = [], []
        self.name = self._terminal()
        self._peer = None
        if port is None:
            self.far_name = self._terminal()
        else:
            self._peer = socket.create_connection(("127.0.0.1", port))
            self._ours.append(self._peer.fileno())
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _terminal(self):
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._ours.append(ours)
        self._held.append(theirs)  # a terminal that nobody has open reads as an error
        return os.ttyname(theirs)

    def _carry(self):
        near, far = self._ours
        while True:
            ready, _, _ = select.select([near, far, self._stop], [], [])
            if self._stop in ready:
                return
            for one, other in ((near, far), (far, near)):
                if one in ready:
                    data = os.read(one, 4096)
                    if not data:
                        return
                    while data:
                        data = data[os.write(other, data):]

    def close(self):
        os.write(self._stopping, b"x")
        self._thread.join(10)
        if self._peer:
            self._ours.pop()
            self._peer.close()
        for descriptor in (*self._ours, *self._held, self._stop, self._stopping):
            os.close(descriptor)
