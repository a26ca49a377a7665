"""Independent readers agree with the encoder: DuckDB and pyarrow give every value back, bit by bit."""
import hashlib
import json
import pathlib
import struct
import subprocess

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCHEMAS = {
    "readings": "seq:int64 ts:time received_ts:time point_id:text definition:int32 value_int:int64? "
                "value_double:double? value_text:text? quality:int64",
    "catalogue": "seq:int64 received_ts:time point_id:text revision:int32 device:text name:text "
                 "type:text scale:double offset:double unit:text role:text range_low:double? "
                 "range_high:double? deadband:double deadband_percent:double interval_us:int64 "
                 "heartbeat_us:int64 address:text labels:text valid_from:time",
    "events": "seq:int64 ts:time received_ts:time kind:text subject:text reason:text detail:text "
              "first_seq:int64? last_seq:int64? count:int64? from_ts:time? to_ts:time?",
    "logs": "seq:int64 ts:time received_ts:time source:text severity:int32? message:text fields:text",
}
ARROW = {"int64": pa.int64(), "int32": pa.int32(), "double": pa.float64(), "text": pa.string(),
         "time": pa.timestamp("us", tz="UTC")}
DUCKDB = {"int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE", "text": "VARCHAR",
          "time": "TIMESTAMP WITH TIME ZONE"}


def columns(stream):
    for word in SCHEMAS[stream].split():
        name, kind = word.split(":")
        yield name, kind.rstrip("?"), kind.endswith("?")


def plain(kind, values):
    """Values as write_objects prints them."""
    if kind == "double":
        return [None if v is None else struct.pack(">d", v).hex() for v in values]
    if kind == "text":
        return [None if v is None else v.encode().hex() for v in values]
    return values


@pytest.fixture(scope="module")
def objects(tmp_path_factory, programs):
    """[(path, what is in it)], written once."""
    lake = tmp_path_factory.mktemp("lake")
    done = subprocess.run([programs.write_objects, lake], check=True, capture_output=True, text=True)
    expected = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["stream"] for one in expected} == set(SCHEMAS)
    return [(pathlib.Path(lake, one["name"]), one) for one in expected]


def test_pyarrow_gives_every_value_back(objects):
    for path, expected in objects:
        # The page checksums are verified on the way.
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        names = list(columns(expected["stream"]))
        assert table.schema.names == [name for name, _, _ in names]
        table = table.sort_by("seq")
        for number, (name, kind, nullable) in enumerate(names):
            field = table.schema.field(name)
            assert (field.type, field.nullable) == (ARROW[kind], nullable), name
            column = table.column(name)
            found = (column.cast(pa.int64()) if kind == "time" else column).to_pylist()
            assert plain(kind, found) == [row[number] for row in expected["rows"]], name


def test_duckdb_gives_every_value_back(objects):
    for path, expected in objects:
        names = list(columns(expected["stream"]))
        picked = ", ".join(f"epoch_us({name})" if kind == "time" else f'"{name}"'
                           for name, kind, _ in names)
        with duckdb.connect() as database:
            described = database.execute(
                "describe select * from read_parquet(?, hive_partitioning = false)",
                [str(path)]).fetchall()
            assert [(one[0], one[1]) for one in described] == \
                [(name, DUCKDB[kind]) for name, kind, _ in names]
            rows = database.execute(f"select {picked} from read_parquet(?) order by seq",
                                    [str(path)]).fetchall()
        for number, (name, kind, _) in enumerate(names):
            assert plain(kind, [row[number] for row in rows]) == \
                [row[number] for row in expected["rows"]], name


def test_statistics_hold_and_leave_nan_out(objects):
    for path, expected in objects:
        group = pq.ParquetFile(path).metadata.row_group(0)
        for number, (name, kind, _) in enumerate(columns(expected["stream"])):
            statistics = group.column(number).statistics
            values = [row[number] for row in expected["rows"]]
            present = [value for value in values if value is not None]
            if kind == "double":
                present = [struct.unpack(">d", bytes.fromhex(value))[0] for value in present]
                present = [value for value in present if value == value]
            if kind == "text":
                present = [bytes.fromhex(value) for value in present]
            assert statistics.null_count == values.count(None), name
            too_long = kind == "text" and present and \
                max(len(min(present)), len(max(present))) > 64
            assert statistics.has_min_max == (len(present) > 0 and not too_long), name
            if too_long:
                continue
            if present and kind == "text":
                assert (statistics.min.encode(), statistics.max.encode()) == \
                    (min(present), max(present)), name
            elif present and kind != "time":
                assert (statistics.min, statistics.max) == (min(present), max(present)), name


def test_the_footer_names_the_batch_and_its_bytes(objects):
    for path, expected in objects:
        content = path.read_bytes()
        footer_size = struct.unpack("<I", content[-8:-4])[0]
        pairs = {key.decode(): value.decode()
                 for key, value in pq.ParquetFile(path).metadata.metadata.items()
                 if key.startswith(b"leat.")}
        assert pairs == {
            "leat.format": "1", "leat.site": "harbour-works", "leat.gateway": "gw-07.plant_2",
            "leat.stream": expected["stream"], "leat.incarnation": "00112233445566ff",
            "leat.first": str(expected["rows"][0][0]), "leat.last": str(expected["rows"][-1][0]),
            "leat.digest": expected["digest"], "leat.previous": expected["previous"],
            "leat.encoder": "1",
            "leat.sha256": hashlib.sha256(content[:-8 - footer_size]).hexdigest()}
        assert path.name == (f"00112233445566ff-{expected['rows'][0][0]:012}-"
                             f"{expected['rows'][-1][0]:012}-{expected['digest']}.parquet")


def test_the_digest_is_that_of_the_documented_rows(objects):
    """docs/lake-format.md, done again in another language."""
    for _, expected in objects:
        names = list(columns(expected["stream"]))
        digest = hashlib.sha256()
        for row in expected["rows"]:
            for (_, kind, _), value in zip(names, row):
                if value is None:
                    digest.update(b"\0")
                elif kind == "text":
                    digest.update(b"\1" + struct.pack("<I", len(value) // 2) + bytes.fromhex(value))
                elif kind == "double":
                    digest.update(b"\1" + bytes.fromhex(value)[::-1])
                else:
                    digest.update(b"\1" + struct.pack("<q", value))
        assert digest.hexdigest()[:12] == expected["digest"]
