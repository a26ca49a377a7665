"""What of the load is in the lake: the raw objects as DuckDB reads them, leat-lake, the warehouse."""
import dataclasses

import duckdb
import harness
import load
import pyarrow

INCARNATION = "regexp_extract(filename, '([0-9a-f]{16})-[^/]*$', 1)"
NO_ROWS = "(select 0 as seq, '' as kind, '' as source, '' as message, '' as filename) where false"
DBT = harness.ROOT / "build/venv/bin/dbt"


@dataclasses.dataclass
class Sum:
    """What was acknowledged of one source, and what became of it."""
    acknowledged: int = 0
    found: int = 0
    lost: int = 0
    double: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


class Account:
    """Of one lake with one gateway."""

    def __init__(self, programs, lake):
        self.programs = programs
        self.lake = lake
        self.base = duckdb.connect()
        self.base.sql("set threads to 2")

    def objects(self, stream):
        return sorted(str(path) for path in
                      self.lake.glob(f"raw/site=*/gateway=*/stream={stream}/v=1/*/*.parquet"))

    def look(self):
        """Read the lake anew: views readings, logs, events."""
        for stream in ("readings", "logs", "events"):
            names = self.objects(stream)
            source = f"read_parquet({names}, filename = true)" if names else NO_ROWS
            self.base.sql(f"create or replace view {stream} as select * from {source}")
        return self

    def one(self, query):
        return self.base.sql(query).fetchone()

    def missing(self, stream, last):
        """The numbers up to `last` that no object of the stream has."""
        return [row[0] for row in self.base.sql(
            f"select number from generate_series(1, {last}) as all_numbers(number) "
            f"where number not in (select seq from {stream}) order by 1").fetchall()]

    def repeated(self, stream):
        """Numbers of one incarnation that stand in more than one row."""
        return self.one(f"select count(*) - count(distinct ({INCARNATION}, seq)) from {stream}")[0]

    def gaps(self):
        """Gap events: stream, from, to, reason."""
        return self.base.sql("select subject, first_seq, last_seq, reason from events "
                             "where kind = 'gap' order by seq").fetchall()

    def unaccounted(self, stream, last):
        """(numbers up to `last` that are neither in the lake nor in a gap record, those in one)."""
        told = set()
        for subject, first, to, _ in self.gaps():
            if subject == stream:
                told.update(range(first, to + 1))
        missing = self.missing(stream, last)
        return [number for number in missing if number not in told], \
            [number for number in missing if number in told]

    def verify(self):
        """The sentences of leat-lake verify when it does not find the lake whole; else ""."""
        done = harness.run([self.programs.leat_lake, "verify", self.lake], timeout=600)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def published(self, publisher):
        """Every message that the broker took; foreign values are trouble."""
        sent = {}
        for name, stamps in (("count", publisher.counts), ("text", publisher.texts)):
            sent[name] = pyarrow.table({"number": range(len(stamps)), "stamp": stamps})
        self.base.register("sent_counts", sent["count"])
        self.base.register("sent_texts", sent["text"])
        counts = self.one("select count(*) from sent_counts where (stamp, number) in (select "
                          "epoch_us(ts), value_int from readings where point_id = 'line/count')")[0]
        texts = self.one(
            "select count(*) from sent_texts where (stamp, number) in (select epoch_us(ts), "
            "value_int from readings where point_id = 'line/text-number') and stamp in (select "
            "epoch_us(ts) from readings where point_id = 'line/text' and "
            f"length(value_text) = {load.BALLAST_BYTES + 32} and "
            "md5(value_text[33:]) = value_text[:32])")[0]
        foreign = self.one("select count(*) from readings where point_id = 'line/count' and "
                           "(epoch_us(ts), value_int) not in (select stamp, number from "
                           "sent_counts)")[0]
        if foreign:
            raise harness.Trouble(f"{foreign} values in the lake were never published")
        total = len(publisher.counts) + len(publisher.texts)
        return Sum(total, counts + texts, total - counts - texts)

    def logged(self, writer):
        """Every line that the agent answered for; and lines that are there twice: none was sent so."""
        self.base.register("answered", pyarrow.table({"number": writer.numbers()}))
        number = "try_cast(split_part(message, ' ', 1) as bigint)"
        acknowledged, found = self.one(
            f"select count(*), count(*) filter (number in (select {number} from logs "
            "where source = 'torture')) from answered")
        double = self.one(f"select count(*) - count(distinct {number}) from logs "
                          "where source = 'torture'")[0]
        return Sum(acknowledged, found, acknowledged - found, double)

    def polled(self, journal_path, last, lost):
        """Counters up to number `last` of the readings; `lost` of those numbers are missing. What is
        there more often than the slave served it is double."""
        found = self.one(f"select count(*) from readings where point_id like 'packer/%' and "
                         f"seq <= {last}")[0]
        foreign = self.one(
            "select coalesce(sum(greatest(stored - coalesce(served, 0), 0)), 0) from (select "
            "point_id[8:] as name, value_int as raw, count(*) as stored from readings "
            "where point_id like 'packer/%' and value_int is not null group by all) left join "
            f"(select name, raw, count(*) as served from read_json('{journal_path}', "
            "columns = {name: 'VARCHAR', raw: 'BIGINT'}, format = 'newline_delimited') "
            "group by all) using (name, raw)")[0]
        return Sum(found + lost, found, lost, int(foreign))

    def doubles(self, folder):
        """Integrate, then count (point, time) that stand unflagged more than once: by source."""
        warehouse = folder / "warehouse.duckdb"
        done = harness.run([self.programs.leat_lake, "integrate", self.lake, warehouse, "--dbt", DBT],
                           timeout=1800)
        if done.returncode != 0:
            raise harness.Trouble(f"leat-lake integrate failed:\n{done.stdout}{done.stderr}")
        with duckdb.connect(str(warehouse), read_only=True) as base:
            facts = base.sql("select count(*) from business.fact_reading").fetchone()[0]
            doubles = dict(base.sql(
                "select split_part(point_id, '/', 1), count(*) from (select point_id, ts "
                "from business.fact_reading where not is_duplicate group by 1, 2 "
                "having count(*) > 1) group by 1").fetchall())
        if facts != self.one("select count(*) from readings")[0]:
            raise harness.Trouble(f"the warehouse has {facts} readings, the lake another number")
        return doubles


def print_total(rounds, total):
    print(f"total: rounds {rounds} acknowledged {total.acknowledged} found {total.found} "
          f"lost {total.lost} double {total.double}", flush=True)
