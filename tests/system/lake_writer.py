"""Objects of the raw zone made with pyarrow: what leat-lake has to take, by somebody else's writer.

The same rows of version 1, names, metadata and digests as sync/encoder, written down a second time from
docs/lake-format.md, so that a mistake in one of the two shows.
"""
import datetime
import hashlib
import pathlib
import struct

import pyarrow
import pyarrow.parquet

STAMP = pyarrow.timestamp("us", tz="UTC")
INT32, INT64, DOUBLE, TEXT = pyarrow.int32(), pyarrow.int64(), pyarrow.float64(), pyarrow.string()

# column, type, may be null
COLUMNS = {
    "readings": (
        ("seq", INT64, False), ("ts", STAMP, False), ("received_ts", STAMP, False),
        ("point_id", TEXT, False), ("definition", INT32, False), ("value_int", INT64, True),
        ("value_double", DOUBLE, True), ("value_text", TEXT, True), ("quality", INT64, False)),
    "catalogue": (
        ("seq", INT64, False), ("received_ts", STAMP, False), ("point_id", TEXT, False),
        ("revision", INT32, False), ("device", TEXT, False), ("name", TEXT, False),
        ("type", TEXT, False), ("scale", DOUBLE, False), ("offset", DOUBLE, False),
        ("unit", TEXT, False), ("role", TEXT, False), ("range_low", DOUBLE, True),
        ("range_high", DOUBLE, True), ("deadband", DOUBLE, False),
        ("deadband_percent", DOUBLE, False), ("interval_us", INT64, False),
        ("heartbeat_us", INT64, False), ("address", TEXT, False), ("labels", TEXT, False),
        ("valid_from", STAMP, False)),
    "events": (
        ("seq", INT64, False), ("ts", STAMP, False), ("received_ts", STAMP, False),
        ("kind", TEXT, False), ("subject", TEXT, False), ("reason", TEXT, False),
        ("detail", TEXT, False), ("first_seq", INT64, True), ("last_seq", INT64, True),
        ("count", INT64, True), ("from_ts", STAMP, True), ("to_ts", STAMP, True)),
    "logs": (
        ("seq", INT64, False), ("ts", STAMP, False), ("received_ts", STAMP, False),
        ("source", TEXT, False), ("severity", INT32, True), ("message", TEXT, False),
        ("fields", TEXT, False)),
}
ENCODINGS = {"seq": "DELTA_BINARY_PACKED", "ts": "DELTA_BINARY_PACKED",
             "value_int": "DELTA_BINARY_PACKED"}


def us(text):
    """Microseconds since 1970 of "2026-03-01 10:00:00.5", UTC."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) \
        // datetime.timedelta(microseconds=1)


def digest_of(stream, rows):
    """12 hexadecimal digits over the canonical rows, in sequence order."""
    sha = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row["seq"]):
        for name, kind, _ in COLUMNS[stream]:
            value = row.get(name)
            if value is None:
                sha.update(b"\0")
            elif kind == TEXT:
                data = value.encode()
                sha.update(b"\1" + struct.pack("<I", len(data)) + data)
            else:
                sha.update(b"\1" + struct.pack("<d" if kind == DOUBLE else "<q", value))
    return sha.hexdigest()[:12]


def write_parquet(path, stream, rows, metadata, **options):
    """One file in Leat's profile; `metadata` without leat.sha256, which is added."""
    fields = [pyarrow.field(name, kind, nullable=nullable)
              for name, kind, nullable in COLUMNS[stream]]
    arrays = [pyarrow.array([row.get(name) for row in rows], kind)
              for name, kind, _ in COLUMNS[stream]]
    encodings = {name: encoding for name, encoding in ENCODINGS.items()
                 if any(name == field.name for field in fields)}
    settings = {"compression": "zstd", "data_page_version": "1.0", "write_page_checksum": True,
                "store_schema": False, "version": "2.6", "column_encoding": encodings,
                "use_dictionary": [field.name for field in fields if field.name not in encodings],
                **options}
    table = pyarrow.table(arrays, schema=pyarrow.schema(fields))
    sha = "0" * 64
    for _ in range(2):  # the footer holds the digest of what is before it
        with pyarrow.parquet.ParquetWriter(path, table.schema, **settings) as writer:
            writer.write_table(table, row_group_size=max(len(rows), 1))
            writer.add_key_value_metadata({**metadata, "leat.sha256": sha})
        data = path.read_bytes()
        sha = hashlib.sha256(data[:-8 - int.from_bytes(data[-8:-4], "little")]).hexdigest()


class Gateway:
    """One incarnation of a gateway that writes into the lake at `root`."""

    def __init__(self, root, site="works", gateway="gw-1", incarnation="00000000000000aa"):
        self.root = pathlib.Path(root)
        self.site, self.gateway, self.incarnation = site, gateway, incarnation
        self.next = dict.fromkeys(COLUMNS, 1)
        self.previous = dict.fromkeys(COLUMNS, "")

    def write(self, stream, rows, date="2026-03-01", first=None, order=None, **changes):
        """One object with these rows, which get the next sequence numbers. `order` gives the rows'
        places in the file. Returns its path."""
        first = first or self.next[stream]
        rows = [{**row, "seq": first + i} for i, row in enumerate(rows)]
        last = first + len(rows) - 1
        digest = digest_of(stream, rows)
        metadata = {"leat.format": "1", "leat.site": self.site, "leat.gateway": self.gateway,
                    "leat.stream": stream, "leat.incarnation": self.incarnation,
                    "leat.first": str(first), "leat.last": str(last), "leat.digest": digest,
                    "leat.previous": self.previous[stream], "leat.encoder": "1", **changes}
        path = self.root / (f"raw/site={self.site}/gateway={self.gateway}/stream={stream}/v=1/"
                            f"date={date}/{self.incarnation}-{first:012}-{last:012}-{digest}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, stream, [rows[i] for i in order] if order else rows, metadata)
        self.next[stream], self.previous[stream] = last + 1, digest
        return path

    def define(self, point_id, revision=1, valid_from="2026-03-01 00:00:00", **fields):
        """A catalogue object with one definition."""
        device, name = point_id.split("/")
        row = {"received_ts": us(valid_from), "point_id": point_id, "revision": revision,
               "device": device, "name": name, "type": "int16", "scale": 1.0, "offset": 0.0,
               "unit": "Cel", "role": "sensor", "deadband": 0.0, "deadband_percent": 0.0,
               "interval_us": 60_000_000, "heartbeat_us": 0, "address": "holding:100",
               "labels": "", "valid_from": us(valid_from), **fields}
        return self.write("catalogue", [row])

    def read(self, readings, date="2026-03-01", **options):
        """A readings object of (point_id, time, value[, status[, revision]])."""
        rows = []
        for point_id, time, value, *rest in readings:
            row = {"ts": us(time), "received_ts": us(time), "point_id": point_id,
                   "quality": rest[0] if rest else 0, "definition": rest[1] if len(rest) > 1 else 1}
            kind = {int: "value_int", float: "value_double", str: "value_text"}.get(type(value))
            if kind:
                row[kind] = value
            rows.append(row)
        return self.write("readings", rows, date=date, **options)

    def tell(self, kind, subject, date="2026-03-01", time="2026-03-01 00:00:00", **fields):
        """An events object with one event."""
        row = {"ts": us(time), "received_ts": us(time), "kind": kind, "subject": subject,
               "reason": "", "detail": "", **fields}
        return self.write("events", [row], date=date)

    def note(self, messages, date="2026-03-01", time="2026-03-01 00:00:00", source="maria",
             severity=5, **options):
        """A logs object with these messages."""
        return self.write("logs", [{"ts": us(time), "received_ts": us(time), "source": source,
                                    "severity": severity, "message": message, "fields": ""}
                                   for message in messages], date=date, **options)


def reseal(path, change):
    """Change the bytes before the footer with `change`, and make its SHA-256 right again."""
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    body = change(data[:footer])
    old, new = (hashlib.sha256(part).hexdigest().encode() for part in (data[:footer], body))
    assert old in data[footer:] and len(body) == footer
    path.write_bytes(body + data[footer:].replace(old, new))
