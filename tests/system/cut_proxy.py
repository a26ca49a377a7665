"""A TCP relay between an agent and its broker whose connections the test cuts."""
import contextlib
import socket
import struct
import threading


class CutProxy:
    """Listens on a free loopback port, relays to `port` there. cut() resets every connection that
    is open, in the middle of whatever it carries; the next ones are relayed again."""

    def __init__(self, port):
        self.target = port
        self._lock = threading.Lock()
        self._open = []  # (socket of the client, socket to the broker)
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            with self._lock:
                self._open.append((client, broker))
                self.accepted += 1
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    @staticmethod
    def _relay(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Reset what is open; how many connections that were."""
        with self._lock:
            cut, self._open = self._open, []
        for pair in cut:
            for end in pair:
                with contextlib.suppress(OSError):
                    # Linger 0: close() is a reset, and what is on its way is lost. shutdown() first
                    # wakes the threads that read.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        return len(cut)

    def close(self):
        self._listener.close()
        self.cut()
