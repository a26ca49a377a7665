#!/usr/bin/env python3
"""A small MQTT 3.1.1 broker that is its own publisher and keeps a journal: who acknowledged what, when.

It does what mosquitto cannot be made to do: it honours its window strictly (--window), and it can stop
reading while it goes on sending (--stall-at), over TCP or TLS. One publication source, one subscriber
session per client id; the session outlives the connection, and what was not acknowledged is sent again
with DUP before anything new, as a broker does.

Message n of COUNT goes to TOPIC with the payload {"t": FIRST_MS + n, "v": n}, so (point, t) names it.

stdout:   `port N`, `subscribed ID`, `stalled N`, `read again`, `dropped`, `all sent`, `done` (all
          acknowledged), and at the end `sent S acknowledged A`
journal:  JSON lines in order: {"event": "send", "n": 3, "id": 4, "dup": false, "at_ms": ...},
          {"event": "ack", "n": 3, ...}, {"event": "connect" | "lost" | "stall" | "stray", ...};
          "stray" is a PUBACK for an id that is not in flight
"""
import argparse
import json
import select
import signal
import socket
import ssl
import struct
import sys
import time

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
SMALL_BUFFER = 4096  # so that a stall is felt soon; and small segments, which the window counts in
SMALL_SEGMENT = 536
WINDOW_MAX = 65535
OUTGOING_MAX = 65536  # bytes that wait here for the socket
HANDSHAKE_SECONDS = 10
TURN_SECONDS = 0.005  # the source's clock


def packet(kind, body=b"", flags=0):
    """A whole packet: first byte, remaining length (2.2.3), body."""
    size, head = len(body), bytearray([kind << 4 | flags])
    while True:
        size, digit = size >> 7, size & 0x7F
        head.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(head) + body


def text(string):
    raw = string.encode()
    return struct.pack("!H", len(raw)) + raw


class Journal:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8", buffering=1) if path else None

    def write(self, event, **fields):
        if self.file:
            fields["at_ms"] = int(time.time() * 1000)
            self.file.write(json.dumps({"event": event, **fields}) + "\n")


class Source:
    """What is published, and what of it one session has in flight."""

    def __init__(self, options):
        self.count, self.rate, self.window = options.count, options.rate, options.window
        self.first_ms = options.first_ms or int(time.time() * 1000)
        self.topic = options.topic
        self.next = 0  # the first n that was never sent
        self.flight = {}  # packet id -> n, in order of sending
        self.ids = 0
        self.acknowledged = 0
        self.began = None

    def offered(self):
        """How many messages have been published so far."""
        if not self.rate:
            return self.count
        self.began = self.began or time.monotonic()
        return min(self.count, int((time.monotonic() - self.began) * self.rate))

    def take_id(self):
        while True:
            self.ids = self.ids % WINDOW_MAX + 1
            if self.ids not in self.flight:
                return self.ids

    def message(self, identity, number, again):
        body = (text(self.topic) + struct.pack("!H", identity) +
                json.dumps({"t": self.first_ms + number, "v": number}).encode())
        return packet(PUBLISH, body, flags=2 | (8 if again else 0))

    @property
    def done(self):
        return self.acknowledged == self.count


class Connection:
    """One client. Bytes in and out are ours: nothing is read while `reading` is off, not even the end."""

    def __init__(self, sock):
        self.sock = sock
        self.incoming, self.outgoing = bytearray(), bytearray()
        self.reading = self.writing = True  # writing ends when the other side is gone
        self.client = None
        self.subscribed = self.ended = False
        self.stalled_until = None

    def fill(self):
        """Read what there is; at its end, or a failure, `ended`."""
        try:
            while self.reading:
                got = self.sock.recv(65536)
                if not got:
                    self.ended = True
                    return
                self.incoming += got
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.ended = True

    def flush(self):
        try:
            while self.outgoing and self.writing:
                del self.outgoing[:self.sock.send(self.outgoing[:16384])]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.writing = False  # what it sent before it went may still be read

    def take_packet(self):
        """(kind, body) of the next whole packet, or None."""
        size = shift = 0
        for at in range(1, min(5, len(self.incoming))):
            digit = self.incoming[at]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        else:
            return None
        if len(self.incoming) < at + 1 + size:
            return None
        kind, body = self.incoming[0] >> 4, bytes(self.incoming[at + 1:at + 1 + size])
        del self.incoming[:at + 1 + size]
        return kind, body


class Broker:
    """One listener, one session, one live connection; a loop that never blocks but in select."""

    def __init__(self, options):
        self.options = options
        self.source = Source(options)
        self.journal = Journal(options.journal)
        self.current = None
        self.ending = False
        self.all_sent = False
        self.tls = None
        if options.certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(options.certificate, options.key)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.stall_at:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        self.listener.bind(("127.0.0.1", options.port))
        self.listener.listen(8)

    @staticmethod
    def say(*words):
        print(*words, flush=True)

    def accept(self):
        sock, _ = self.listener.accept()
        sock.settimeout(HANDSHAKE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
        except OSError:
            return
        sock.setblocking(False)
        old, self.current = self.current, Connection(sock)
        if old:  # taken over (3.1.4), after what it had sent was read
            old.reading = True
            old.fill()
            self.obey(old)
            self.end(old)

    def end(self, connection):
        self.journal.write("lost", client=connection.client)
        connection.sock.close()
        if self.current is connection:
            self.current = None

    def obey(self, connection):
        while (got := connection.take_packet()) is not None:
            kind, body = got
            if kind == CONNECT:
                size = struct.unpack("!H", body[10:12])[0]
                connection.client = body[12:12 + size].decode()
                self.journal.write("connect", client=connection.client)
                present = 1 if self.source.next else 0
                connection.outgoing += packet(CONNACK, bytes([present, 0]))
            elif kind == PUBACK:
                self.take_ack(struct.unpack("!H", body[:2])[0])
            elif kind == SUBSCRIBE:
                filters = self.count_filters(body[2:])
                connection.outgoing += packet(SUBACK, body[:2] + bytes([1] * filters))
                if not connection.subscribed:
                    connection.subscribed = True
                    self.say("subscribed", connection.client)
                    self.send_again(connection)
            elif kind == PINGREQ:
                connection.outgoing += packet(PINGRESP)
            elif kind == DISCONNECT:
                connection.ended = True

    @staticmethod
    def count_filters(body):
        at = filters = 0
        while at < len(body):
            at += 3 + struct.unpack("!H", body[at:at + 2])[0]
            filters += 1
        return filters

    def take_ack(self, identity):
        number = self.source.flight.pop(identity, None)
        if number is None:
            self.journal.write("stray", id=identity)
            return
        self.source.acknowledged += 1
        self.journal.write("ack", n=number, id=identity)
        if self.source.done:
            self.say("done")

    def send_again(self, connection):
        """What was not acknowledged, before anything new (4.4)."""
        for identity, number in self.source.flight.items():
            self.journal.write("send", n=number, id=identity, dup=True)
            connection.outgoing += self.source.message(identity, number, True)

    def send_new(self, connection):
        source = self.source
        resting = connection.stalled_until is not None and self.options.stall_sending
        while (connection.subscribed and connection.writing and not resting and
               len(connection.outgoing) < OUTGOING_MAX and len(source.flight) < source.window and
               source.next < min(source.count, source.offered())):
            number, identity = source.next, source.take_id()
            source.next += 1
            source.flight[identity] = number
            self.journal.write("send", n=number, id=identity, dup=False)
            connection.outgoing += source.message(identity, number, False)
            if source.next in self.options.stall_at:
                self.stall(connection)
                resting = self.options.stall_sending
        if source.next == source.count and not self.all_sent:
            self.all_sent = True
            self.say("all sent")

    def stall(self, connection):
        """Read nothing from now on, while sending goes on or rests."""
        connection.reading = False
        connection.stalled_until = time.monotonic() + self.options.stall_seconds
        self.journal.write("stall")
        self.say("stalled", self.source.next)

    def check_stall(self, connection):
        if connection.stalled_until is None or time.monotonic() < connection.stalled_until:
            return
        connection.stalled_until = None
        if self.options.after_stall == "drop":
            self.say("dropped")
            self.end(connection)
        else:
            self.say("read again")
            connection.reading = True

    def turn(self):
        connection = self.current
        readers, writers = [self.listener], []
        if connection:
            if connection.reading:
                readers.append(connection.sock)
            if connection.outgoing and connection.writing:
                writers.append(connection.sock)
        waiting = connection and connection.reading and self.tls and connection.sock.pending()
        ready, _, _ = select.select(readers, writers, [], 0 if waiting else TURN_SECONDS)
        if connection:
            connection.fill()
            self.obey(connection)
            self.send_new(connection)
            connection.flush()
            self.check_stall(connection)
            if connection.ended and self.current is connection:
                self.end(connection)
        if self.listener in ready:
            self.accept()

    def run(self):
        self.say("port", self.listener.getsockname()[1])
        while not self.ending:
            self.turn()
        self.say("sent", self.source.next, "acknowledged", self.source.acknowledged)

    def stop(self, *_):
        self.ending = True


def counts(words):
    return [int(word) for word in words.split(",")]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--window", type=int, default=20, help="messages in flight at most, strictly")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=0, help="messages a second offered; 0: all at once")
    parser.add_argument("--topic", default="plant/press/state")
    parser.add_argument("--first-ms", type=int, default=0, help="t of message 0; default: now")
    parser.add_argument("--journal")
    parser.add_argument("--certificate", help="PEM; with --key: TLS")
    parser.add_argument("--key")
    parser.add_argument("--stall-at", type=counts, default=[],
                        help="stop reading after this many messages; several: 1000,2000")
    parser.add_argument("--stall-seconds", type=float, default=5)
    parser.add_argument("--stall-sending", action="store_true", help="send nothing meanwhile, either")
    parser.add_argument("--after-stall", choices=("resume", "drop"), default="resume")
    options = parser.parse_args(arguments)
    if not 1 <= options.window <= WINDOW_MAX:
        parser.error("--window: 1 to 65535")
    return options


def main(arguments):
    broker = Broker(parse(arguments))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, broker.stop)
    broker.run()


if __name__ == "__main__":
    main(sys.argv[1:])
