"""The account of the demo: how many values each stage has, counted by somebody else than the stage.

Produced: the slaves and the publisher. Queued, suppressed, rejected: the agent. Uploaded: pyarrow,
from the objects in the lake. Integrated: DuckDB, from the warehouse. Notes: what `leat log` said is
stored, against the same two.
"""
import dataclasses
import json
import pathlib
import re

import duckdb
import pyarrow.parquet

OBJECT = re.compile(r"stream=(?P<stream>\w+)/v=1/date=[-0-9]+/(?P<incarnation>[0-9a-f]{16})-"
                    r"(?P<first>\d{12,})-(?P<last>\d{12,})-(?P<digest>[0-9a-f]{12})\.parquet$")


def objects_of(lake, stream="readings"):
    """The objects of one stream, by the name that lake.md gives them, in order."""
    return sorted(path for path in pathlib.Path(lake).rglob("*.parquet")
                  if (found := OBJECT.search(path.as_posix())) and found["stream"] == stream)


def rows_of(objects):
    """Rows that an independent reader finds in the objects."""
    return sum(pyarrow.parquet.ParquetFile(path).metadata.num_rows for path in objects)


@dataclasses.dataclass
class Account:
    produced: int = 0
    suppressed: int = 0
    rejected: int = 0
    queued: int = 0
    uploaded: int = 0
    integrated: int = 0
    duplicates: int = 0  # among the integrated, flagged
    notes: int = 0  # lines that `leat log` said are stored
    notes_uploaded: int = 0
    notes_integrated: int = 0
    gaps: int = 0  # sequence numbers that verify misses
    rss_kib: int = 0
    cpu_percent: float = 0.0
    complaints: list = dataclasses.field(default_factory=list)  # sentences of leat-lake

    KEYS = ("produced", "suppressed", "rejected", "queued", "uploaded", "integrated", "gaps",
            "rss_kib", "cpu_percent", "notes", "notes_uploaded", "notes_integrated")

    def stages(self):
        """(stage, values, lost in it, who counted)"""
        return (
            ("produced", self.produced, None, "two slaves and a publisher"),
            ("- suppressed", self.suppressed, None, "agent: within the deadband"),
            ("- rejected", self.rejected, None, "agent: payloads it could not read"),
            ("queued", self.queued,
             self.produced - self.suppressed - self.rejected - self.queued, "agent"),
            ("uploaded", self.uploaded, self.queued - self.uploaded, "pyarrow: rows in the lake"),
            ("integrated", self.integrated, self.uploaded - self.integrated - self.duplicates,
             f"DuckDB: fact_reading, beside {self.duplicates} flagged as duplicates"),
        )

    def note_stages(self):
        """The same for the lines of `leat log`."""
        return (
            ("notes stored", self.notes, None, "leat log"),
            ("notes uploaded", self.notes_uploaded, self.notes - self.notes_uploaded,
             "pyarrow: rows in the lake"),
            ("notes in marts", self.notes_integrated, self.notes_uploaded - self.notes_integrated,
             "DuckDB: fact_log"),
        )

    def problems(self):
        """Sentences; none when every number agrees."""
        found = list(self.complaints)
        for stage, _, lost, _ in (*self.stages(), *self.note_stages()):
            if lost:
                found.append(f"{stage}: {lost} values are missing" if lost > 0 else
                             f"{stage}: {-lost} values more than came in")
        if self.gaps:
            found.append(f"{self.gaps} sequence numbers are missing from the lake")
        if self.produced == 0:
            found.append("the plant produced nothing")
        return found

    def table(self):
        lines = [f"{'stage':<15}{'values':>10}{'lost':>8}  counted by"]
        for stage, values, lost, who in (*self.stages(), *self.note_stages()):
            lines.append(f"{stage:<15}{values:>10}{'' if lost is None else lost:>8}  {who}")
        lines.append(f"gaps in the lake: {self.gaps} sequence numbers")
        lines.append(f"agent: peak {self.rss_kib} KiB resident, {self.cpu_percent:.1f} % of a core")
        return "\n".join(lines)

    def write(self, path):
        summary = {key: getattr(self, key) for key in self.KEYS}
        summary["cpu_percent"] = round(self.cpu_percent, 2)
        pathlib.Path(path).write_text(json.dumps(summary) + "\n", encoding="utf-8")


class Warehouse:
    """The finished marts, read only."""

    def __init__(self, path):
        self._base = duckdb.connect(str(path), read_only=True)
        rows = self._base.execute("select table_name, table_schema from information_schema.tables")
        self._schemas = dict(rows.fetchall())

    def query(self, text, *tables):
        """`{0}` in the text is the first of the tables, with its schema."""
        names = [f'"{self._schemas[table]}"."{table}"' for table in tables]
        return self._base.execute(text.format(*names))

    def count(self, table, where="true"):
        return self.query(f"select count(*) from {{0}} where {where}", table).fetchone()[0]

    def text(self, text, *tables):
        """What a query gives, as a table for people."""
        result = self.query(text, *tables)
        heads = [column[0] for column in result.description]
        rows = [["" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
                 for value in row] for row in result.fetchall()]
        widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                         for row in [heads, *rows])

    def close(self):
        self._base.close()
