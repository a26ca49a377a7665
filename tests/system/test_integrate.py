"""leat-lake integrate: from objects to marts, by pyarrow's objects and DuckDB's eyes."""
import datetime
import json
import re
import sys

import duckdb
import harness
import pytest
from lake_writer import Gateway, us

DBT = harness.ROOT / "build/venv/bin/dbt"
BAD, UNCERTAIN = 0x80000000, 0x40000000


class Lake:
    """A lake and its warehouse in one folder."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.root = folder / "the lake's raw data"  # a quote and spaces must do no harm
        (self.root / "raw").mkdir(parents=True)
        self.warehouse = folder / "ware house.duckdb"

    def integrate(self, *options, code=0):
        """Run it; the summary."""
        done = harness.run([self.programs.leat_lake, "integrate", self.root, self.warehouse,
                            "--dbt", DBT, "--json", *options], timeout=600)
        assert done.returncode == code, done.stdout + done.stderr
        self.stderr = done.stderr
        return json.loads(done.stdout)

    def query(self, text):
        with duckdb.connect(str(self.warehouse), read_only=True) as base:
            return base.execute(text).fetchall()

    def marts(self):
        """All that a person would query, to compare runs."""
        tables = ("business.fact_reading", "business.fact_gap", "business.dim_point",
                  "business.dim_asset", "business.dim_quality", "marts.agg_point_hour",
                  "marts.agg_point_day", "marts.agg_gateway_completeness")
        return {table: self.query(f"select * from {table} order by all") for table in tables}


@pytest.fixture
def lake(programs, tmp_path):
    return Lake(programs, tmp_path)


def at(text):
    return datetime.datetime.fromisoformat(text)


def test_an_empty_lake_makes_empty_marts(lake):
    summary = lake.integrate()
    assert {key: summary[key] for key in ("objects", "raw_rows", "integrated", "duplicates",
                                          "gaps", "missing")} == dict.fromkeys(
        ("objects", "raw_rows", "integrated", "duplicates", "gaps", "missing"), 0)
    assert lake.query("select count(*) from business.fact_reading") == [(0,)]


def test_raw_values_become_engineering_values(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", scale=0.1, offset=-40.0, unit="Cel")
    gateway.define("boiler/state", type="text")
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 651),
                  ("boiler/flow", "2026-03-01 10:01:00", 12.5),
                  ("boiler/state", "2026-03-01 10:01:00", "it's running"),
                  ("boiler/flow", "2026-03-01 10:02:00.123456", None, BAD),
                  ("boiler/flow", "2026-03-01 10:03:00", 1, UNCERTAIN),
                  ("boiler/flow", "2026-03-01 10:04:00", -2**63)])
    summary = lake.integrate()
    assert (summary["raw_rows"], summary["integrated"], summary["bad"], summary["points"]) == \
        (6, 6, 1, 2)
    assert lake.query("select seq, ts, value_int, value_double, value_text, round(value, 9), quality"
                      " from business.fact_reading order by seq") == [
        (1, at("2026-03-01 10:00:00"), 651, None, None, 25.1, "good"),
        (2, at("2026-03-01 10:01:00"), None, 12.5, None, -38.75, "good"),
        (3, at("2026-03-01 10:01:00"), None, None, "it's running", None, "good"),
        (4, at("2026-03-01 10:02:00.123456"), None, None, None, None, "bad"),
        (5, at("2026-03-01 10:03:00"), 1, None, None, -39.9, "uncertain"),
        (6, at("2026-03-01 10:04:00"), -2**63, None, None, -2**63 * 0.1 - 40.0, "good")]
    assert lake.query("select unit, device from business.dim_point join business.dim_asset "
                      "using (asset_key) where point_key = 'works/gw-1/boiler/flow'") == \
        [("Cel", "boiler")]


def test_of_duplicates_the_best_counts(lake):
    gateway = Gateway(lake.root, incarnation="00000000000000aa")
    later = Gateway(lake.root, incarnation="00000000000000bb")
    for one in (gateway, later):
        one.define("boiler/flow")
    moment, other, third = "2026-03-01 10:00:00", "2026-03-01 10:00:01", "2026-03-01 10:00:02"
    gateway.read([("boiler/flow", moment, 1, BAD), ("boiler/flow", moment, 2),
                  ("boiler/flow", moment, 3, UNCERTAIN), ("boiler/flow", other, 4),
                  ("boiler/flow", other, 5), ("boiler/flow", third, 6),
                  ("boiler/flow", "2026-03-01 10:00:03", 9, UNCERTAIN),
                  ("boiler/flow", "2026-03-01 10:00:03", 10, BAD)])
    later.read([("boiler/flow", third, 7), ("boiler/flow", moment, 8, UNCERTAIN)])
    summary = lake.integrate()
    assert (summary["raw_rows"], summary["integrated"], summary["duplicates"]) == (10, 4, 6)
    assert lake.query("select value_int from business.fact_reading where not is_duplicate "
                      "order by ts") == [(2,), (5,), (7,), (9,)]
    assert lake.query("select n from marts.agg_point_day") == [(4,)]


def test_running_again_changes_nothing(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.read([("boiler/flow", f"2026-03-01 10:{minute:02}:00", minute) for minute in range(60)])
    first, before = lake.integrate(), lake.marts()
    assert lake.integrate() == first and lake.marts() == before
    assert lake.query("select count(*) from business.etl_dirty_day") == [(0,)]


def test_late_data_makes_its_days_anew_and_no_others(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=3_600_000_000)
    for day in (1, 2, 4, 20):
        gateway.read([("boiler/flow", f"2026-03-{day:02} 23:00:00", 10 * day)],
                     date=f"2026-03-{day:02}")
    lake.integrate()
    gateway.read([("boiler/flow", "2026-03-02 22:00:00", 99), ("boiler/flow", "2026-03-02 23:00:00", 1)],
                 date="2026-03-25")
    summary = lake.integrate()
    assert (summary["integrated"], summary["duplicates"]) == (5, 1)
    assert lake.query("select reading_date from business.etl_dirty_day") == [
        (datetime.date(2026, 3, 2),)]
    assert lake.query("select distinct reading_date from business.etl_affected_day where is_target "
                      "order by 1") == [(datetime.date(2026, 3, 2),), (datetime.date(2026, 3, 4),)]
    assert lake.query("select value_int from business.fact_reading where not is_duplicate "
                      "order by ts") == [(10,), (99,), (1,), (40,), (200,)]
    after = lake.marts()
    lake.integrate("--full")
    assert lake.marts() == after


def test_a_definition_that_comes_late_gives_the_values_their_meaning(lake):
    gateway = Gateway(lake.root)
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 100)])
    gateway.read([("boiler/flow", "2026-03-09 10:00:00", 100, 0, 2)], date="2026-03-09")
    lake.integrate()
    assert lake.query("select value from business.fact_reading") == [(None,), (None,)]
    assert lake.query("select undefined from marts.agg_gateway_completeness") == [(2,)]
    gateway.define("boiler/flow", scale=0.5)
    lake.integrate()
    assert lake.query("select value from business.fact_reading order by ts") == [(50.0,), (None,)]
    assert lake.query("select mean from marts.agg_point_day order by day_start") == [(50.0,), (None,)]


def test_each_revision_scales_its_own_readings(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", scale=0.1)
    gateway.define("boiler/flow", revision=2, scale=0.01, valid_from="2026-03-01 10:30:00")
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 1000),
                  ("boiler/flow", "2026-03-01 10:30:00", 1000, 0, 2)])
    lake.integrate()
    assert lake.query("select value from business.fact_reading order by ts") == [(100.0,), (10.0,)]
    assert lake.query("select revision, valid_from, valid_to, is_current from business.dim_point "
                      "order by revision") == [
        (1, at("2026-03-01 00:00:00"), at("2026-03-01 10:30:00"), False),
        (2, at("2026-03-01 10:30:00"), None, True)]


def test_the_mean_is_weighted_with_time_and_holds_one_heartbeat(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=0, heartbeat_us=1_800_000_000)
    gateway.read([("boiler/flow", "2026-03-01 09:50:00", 10),   # until 10:10
                  ("boiler/flow", "2026-03-01 10:10:00", 20),   # until 10:40, one heartbeat
                  ("boiler/flow", "2026-03-01 11:00:00", 30),   # until 11:15, then bad
                  ("boiler/flow", "2026-03-01 11:15:00", None, BAD)])
    lake.integrate()
    assert lake.query("select hour_start, n, expected, good, bad, mean, min, max, first, last, "
                      "covered_seconds from marts.agg_point_hour order by hour_start") == [
        (at("2026-03-01 09:00:00"), 1, 2, 1, 0, 10.0, 10.0, 10.0, 10.0, 10.0, 600.0),
        (at("2026-03-01 10:00:00"), 1, 2, 1, 0, 17.5, 20.0, 20.0, 20.0, 20.0, 2400.0),
        (at("2026-03-01 11:00:00"), 2, 2, 1, 1, 30.0, 30.0, 30.0, 30.0, 30.0, 900.0)]
    assert lake.query("select n, expected, covered_seconds, round(mean, 6) from "
                      "marts.agg_point_day") == [(4, 48, 3900.0, round((12000 + 36000 + 27000) / 3900, 6))]


def test_a_value_holds_across_midnight_and_late_data_shortens_it(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=0, heartbeat_us=7_200_000_000)
    gateway.read([("boiler/flow", "2026-03-01 23:00:00", 10)])
    gateway.read([("boiler/flow", "2026-03-02 00:30:00", 20)], date="2026-03-02")
    lake.integrate()
    query = "select covered_seconds, mean from marts.agg_point_hour where hour_start = " \
            "timestamp '2026-03-02 00:00:00'"
    assert lake.query(query) == [(3600.0, 15.0)]
    gateway.read([("boiler/flow", "2026-03-02 00:45:00", 30)], date="2026-03-02")
    lake.integrate()
    assert lake.query(query) == [(3600.0, 17.5)]
    gateway.read([("boiler/flow", "2026-03-01 23:30:00", None, BAD)])
    lake.integrate()
    assert lake.query(query) == [(1800.0, 25.0)]
    after = lake.marts()
    lake.integrate("--full")
    assert lake.marts() == after


def test_no_value_holds_across_a_gap(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=0, heartbeat_us=7_200_000_000)
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 10)])
    gateway.read([("boiler/flow", "2026-03-01 11:30:00", 20)], first=5)
    lake.integrate(code=1)
    assert "2 to 4 are missing (3 records)" in lake.stderr
    query = "select hour_start, covered_seconds from marts.agg_point_hour order by 1"
    assert lake.query(query)[0] == (at("2026-03-01 10:00:00"), 0.0)
    assert lake.query("select first_seq, last_seq, kind from business.fact_gap") == [(2, 4, "missing")]
    gateway.tell("gap", "readings", first_seq=2, last_seq=4, reason="the ring was full")
    summary = lake.integrate()
    assert (summary["gaps"], summary["missing"]) == (1, 0)
    assert lake.query("select kind, reason from business.fact_gap") == [("lost", "the ring was full")]
    assert lake.query(query)[0] == (at("2026-03-01 10:00:00"), 0.0)


def test_a_gap_that_was_filled_is_one_no_longer(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=0, heartbeat_us=7_200_000_000)
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 10)])
    middle = gateway.read([("boiler/flow", "2026-03-01 11:00:00", 15)])
    gateway.read([("boiler/flow", "2026-03-01 12:00:00", 20)])
    kept = middle.read_bytes()
    middle.unlink()
    assert lake.integrate(code=1)["missing"] == 1
    middle.write_bytes(kept)
    assert lake.integrate()["missing"] == 0
    after = lake.marts()
    assert lake.query("select covered_seconds from marts.agg_point_hour order by hour_start") == [
        (3600.0,), (3600.0,), (3600.0,)]
    lake.integrate("--full")
    assert lake.marts() == after


def test_a_gap_that_becomes_known_later_ends_what_held_before_it(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=0, heartbeat_us=7_200_000_000)
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 10)])
    lake.integrate()
    query = "select covered_seconds from marts.agg_point_hour"
    assert lake.query(query) == [(3600.0,)]
    gateway.tell("high-water", "readings", last_seq=5, date="2026-03-02")
    lake.integrate(code=1)
    assert lake.query(query) == [(0.0,)]


def test_counters_count_on_through_resets_and_nights(lake):
    gateway = Gateway(lake.root)
    big = 2**62  # a double cannot tell it from its neighbours
    gateway.define("meter/energy", role="counter", scale=1.0, interval_us=0)
    gateway.read([("meter/energy", "2026-03-01 10:00:00", big),
                  ("meter/energy", "2026-03-01 10:30:00", big + 5),
                  ("meter/energy", "2026-03-01 11:00:00", 3),
                  ("meter/energy", "2026-03-01 11:10:00", None, BAD),
                  ("meter/energy", "2026-03-01 11:30:00", 10)])
    gateway.read([("meter/energy", "2026-03-02 06:00:00", None, BAD)], date="2026-03-02")
    gateway.read([("meter/energy", "2026-03-03 06:00:00", 30)], date="2026-03-03")
    lake.integrate()
    assert lake.query("select counter_delta, counter_resets from marts.agg_point_hour "
                      "order by hour_start") == [(5.0, 0), (10.0, 1), (None, 0), (20.0, 0)]
    gateway.read([("meter/energy", "2026-03-01 12:00:00", 25)], date="2026-03-03")
    lake.integrate()
    assert lake.query("select counter_delta from marts.agg_point_day order by day_start") == [
        (30.0,), (None,), (5.0,)]
    gateway.read([("meter/energy", "2026-03-03 05:00:00", 28)], date="2026-03-03")
    lake.integrate()
    assert lake.query("select counter_delta from marts.agg_point_hour where reading_date = "
                      "date '2026-03-03' order by hour_start") == [(3.0,), (2.0,)]
    after = lake.marts()
    lake.integrate("--full")
    assert lake.marts() == after


def test_log_records_become_facts_once(lake):
    gateway = Gateway(lake.root)
    gateway.note(["sensor of boiler-1 replaced", "pump 2: new seal"])
    gateway.note(["door open"], source="door", severity=4, date="2026-03-02",
                 time="2026-03-02 06:00:00.000001")
    assert lake.integrate()["logs"] == 3
    gateway.note(["of a newer agent"], severity=None, date="2026-03-02", time="2026-03-02 07:00:00")
    for _ in range(2):  # the second run has nothing new
        assert lake.integrate()["logs"] == 4
    assert lake.query("select gateway_key, seq, log_date, ts, source, severity, severity_name, "
                      "message from business.fact_log where seq > 2 order by seq") == [
        ("works/gw-1", 3, datetime.date(2026, 3, 2), at("2026-03-02 06:00:00.000001"), "door", 4,
         "warning", "door open"),
        ("works/gw-1", 4, datetime.date(2026, 3, 2), at("2026-03-02 07:00:00"), "maria", None,
         "unknown", "of a newer agent")]
    assert lake.query("select stream, issued, arrived, missing, status "
                      "from marts.agg_gateway_completeness") == [("logs", 4, 4, 0, "complete")]


def test_a_log_record_in_two_objects_counts_once(lake):
    gateway = Gateway(lake.root)
    gateway.note(["one", "two", "three"])
    # Cut again after a part of it was evicted: the first cut was never finished, so both follow nothing.
    gateway.note(["two", "three", "four"], first=2, **{"leat.previous": ""})
    lake.integrate()
    assert lake.query("select seq, message from business.fact_log order by seq") == [
        (1, "one"), (2, "two"), (3, "three"), (4, "four")]


def test_a_log_object_that_is_missing_shows(lake):
    gateway = Gateway(lake.root)
    gateway.note(["one", "two"])
    victim = gateway.note(["three"])
    gateway.note(["four"])
    victim.unlink()
    summary = lake.integrate(code=1)
    assert (summary["logs"], summary["missing"]) == (3, 1)


def test_a_deleted_object_is_reported_and_the_rest_integrated(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    paths = [gateway.read([("boiler/flow", f"2026-03-01 1{hour}:00:00", hour)]) for hour in range(3)]
    paths[1].unlink()
    summary = lake.integrate(code=1)
    assert (summary["integrated"], summary["missing"]) == (2, 1)
    assert "readings: 2 to 2 are missing" in lake.stderr
    assert lake.query("select issued, arrived, missing, status from marts.agg_gateway_completeness "
                      "where stream = 'readings'") == [(3, 2, 1, "incomplete")]


def test_what_was_integrated_outlives_its_object(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    first = gateway.read([("boiler/flow", "2026-03-01 10:00:00", 1)])
    gateway.read([("boiler/flow", "2026-03-01 11:00:00", 2)])
    lake.integrate()
    first.write_bytes(first.read_bytes()[:100])
    gateway.read([("boiler/flow", "2026-03-01 12:00:00", 3)])
    summary = lake.integrate(code=1)
    assert "is damaged" in lake.stderr and summary["integrated"] == 3
    first.unlink()
    gateway.read([("boiler/flow", "2026-03-01 13:00:00", 4)])
    assert lake.integrate(code=1)["integrated"] == 4
    assert sorted(lake.query("select state, is_integrated from business.etl_file "
                             "where stream = 'readings'")) == [
        ("gone", True), ("sound", True), ("sound", True), ("sound", True)]


def test_two_gateways_and_a_change_of_incarnation_stay_apart(lake):
    for site, name, incarnation, scale in (("works", "gw-1", "00000000000000aa", 1.0),
                                           ("works", "gw-1", "00000000000000bb", 10.0),
                                           ("works", "gw-2", "00000000000000aa", 100.0)):
        gateway = Gateway(lake.root, site, name, incarnation)
        gateway.define("boiler/flow", scale=scale)
        gateway.read([("boiler/flow", f"2026-03-01 10:00:{int(scale) % 60:02}", 1)])
    lake.integrate()
    assert lake.query("select gateway, value from business.fact_reading order by value") == [
        ("gw-1", 1.0), ("gw-1", 10.0), ("gw-2", 100.0)]
    assert lake.query("select gateway, incarnations from business.dim_gateway order by 1") == [
        ("gw-1", 2), ("gw-2", 1)]


def test_infinite_and_undefined_numbers_stay_out_of_the_means(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 4.0),
                  ("boiler/flow", "2026-03-01 10:10:00", float("nan")),
                  ("boiler/flow", "2026-03-01 10:20:00", float("-inf"))])
    lake.integrate()
    assert lake.query("select n, mean, min, max, covered_seconds from marts.agg_point_hour") == [
        (3, 4.0, 4.0, 4.0, 600.0)]


def test_the_encoders_own_extremes_are_integrated(lake):
    written = harness.run([lake.programs.build / "tests/sim/write_objects", lake.root])
    objects = [json.loads(line) for line in written.stdout.splitlines()]
    rows = sum(len(one["rows"]) for one in objects if one["stream"] == "readings")
    summary = lake.integrate(code=1)  # its catalogue and events do not begin at 1
    assert "damaged" not in lake.stderr
    assert (summary["objects"], summary["raw_rows"], summary["staged"]) == (len(objects), rows, rows)
    assert lake.query("select count(*) from business.fact_reading") == [(rows,)]


def test_a_missing_dbt_is_met_with_how_to_install_it(lake):
    done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse],
                       environment={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert "dbt is not on the PATH: install it with" in done.stderr
    done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse,
                        "--dbt", "/nowhere/dbt"])
    assert done.returncode == 2 and "/nowhere/dbt cannot be run" in done.stderr
    assert not lake.warehouse.exists()


def test_a_project_that_is_not_there_is_said_so(lake):
    done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse,
                        "--dbt", sys.executable, "--project", "/nowhere"])
    assert done.returncode == 2 and "give their folder with --project" in done.stderr


def fake_dbt(folder, *lines):
    """A dbt that does something else."""
    path = folder / "dbt"
    path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    path.chmod(0o755)
    return path


def test_a_failure_of_dbt_changes_nothing_and_is_shown(lake, tmp_path):
    lake.integrate()
    before = lake.warehouse.read_bytes()
    failing = fake_dbt(tmp_path, "echo 'chatter'", "echo 'Completed with 1 error'",
                       "echo 'the reason'", "exit 1")
    done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse,
                        "--dbt", failing])
    assert done.returncode == 1
    assert "the reason" in done.stderr and "chatter" not in done.stderr
    assert "chatter" in (tmp_path / "ware house.duckdb.log").read_text()
    assert lake.warehouse.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_dbt_is_called_without_shell_telemetry_or_colour(lake, tmp_path):
    spy = fake_dbt(tmp_path, 'printf "%s\\n" "$@"', 'echo "DO_NOT_TRACK=$DO_NOT_TRACK"', "exit 1")
    harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse, "--dbt", spy])
    said = (tmp_path / "ware house.duckdb.log").read_text().splitlines()
    assert {"--no-send-anonymous-usage-stats", "--no-use-colors", "build", "DO_NOT_TRACK=1"} <= \
        set(said)
    assert json.loads(said[said.index("--vars") + 1]) == {
        "listing": str(tmp_path / ".ware house.duckdb.leat-lake")}


def test_two_runs_at_once_are_refused_and_leftovers_removed(lake, tmp_path):
    work = tmp_path / ".ware house.duckdb.leat-lake"
    work.mkdir()
    (work / "left by a run that was killed").write_text("x" * 100)
    second = fake_dbt(tmp_path, f"ls -a '{work}'", f"'{lake.programs.leat_lake}' integrate \"$LAKE\" "
                      f"'{lake.warehouse}' --dbt /bin/true", "exit 1")
    harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse, "--dbt", second],
                environment={"LAKE": str(lake.root)})
    said = (tmp_path / "ware house.duckdb.log").read_text()
    assert "another run is integrating into" in said and "killed" not in said
    assert not work.exists()


def test_the_closing_table_is_for_people(lake):
    gateway = Gateway(lake.root)
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 1)])
    done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse,
                        "--dbt", DBT], timeout=600)
    assert done.returncode == 0
    assert re.search(r"^integrated +1$", done.stdout, re.MULTILINE)
    assert "works/gw-1 00000000000000aa readings: issued 1, arrived 1, lost 0, missing 0 (complete)" \
        in done.stdout
    assert "PASS" not in done.stdout


def test_a_warehouse_with_writes_of_another_program_is_left_alone(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.read([("boiler/flow", "2026-03-01 10:00:00", 1)])
    lake.integrate()
    with duckdb.connect(str(lake.warehouse)) as theirs:
        theirs.execute("create table notes as select 1 as number")
        for options in ([], ["--full"]):
            done = harness.run([lake.programs.leat_lake, "integrate", lake.root, lake.warehouse,
                                "--dbt", DBT, *options])
            assert done.returncode == 2
            assert f"{lake.warehouse}.wal holds what another program wrote" in done.stderr
    lake.integrate()
    assert lake.query("select number from notes") == [(1,)]


def everything_but_the_objects(lake):
    """The marts, without the names of the objects that rows came in."""
    return {table: lake.query(f"select {'* exclude (object)' if table.endswith('reading') else '*'} "
                              f"from {table} order by all") for table in
            ("business.fact_reading", "marts.agg_point_hour", "marts.agg_point_day",
             "marts.agg_gateway_completeness")}


def test_rows_that_stand_in_two_objects_count_once(lake):
    """1 to 4 arrived without an answer, 1 and 2 were evicted, 3 to 6 were cut anew."""
    readings = [("boiler/flow", f"2026-03-0{day} 10:00:00", day) for day in range(1, 7)]
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.tell("unread", "boiler", count=3, from_ts=us("2026-03-01 01:00:00"))
    again = Gateway(lake.root)
    again.next["events"], again.previous["events"] = 2, gateway.previous["events"]
    gateway.tell("gap", "readings", first_seq=1, last_seq=2, reason="the ring was full")
    again.write("events", [{"ts": us("2026-03-01 00:00:00"), "received_ts": us("2026-03-01 00:00:00"),
                            "kind": "gap", "subject": "readings", "reason": "the ring was full",
                            "detail": "", "first_seq": 1, "last_seq": 2}] * 2)
    gateway.read(readings[2:], first=3)
    assert lake.integrate()["integrated"] == 4
    assert lake.query("select lost_count from business.fact_gap where kind = 'lost'") == [(2,)]
    gateway.previous["readings"] = ""
    gateway.read(readings[:4], first=1)
    summary = lake.integrate()
    assert {key: summary[key] for key in ("raw_rows", "staged", "repeated", "integrated", "gaps")} \
        == {"raw_rows": 8, "staged": 8, "repeated": 2, "integrated": 6, "gaps": 0}
    assert lake.query("select seq, value_int from business.fact_reading order by seq") == [
        (number, number) for number in range(1, 7)]
    assert lake.query("select arrived, lost, status from marts.agg_gateway_completeness "
                      "where stream = 'readings'") == [(6, 0, "complete")]
    assert lake.query("select subject, lost_count from business.fact_gap") == [("boiler", 3)]
    after = everything_but_the_objects(lake)
    lake.integrate("--full")
    assert everything_but_the_objects(lake) == after


def test_of_a_fork_one_side_counts_and_the_rest_is_integrated(lake):
    gateway, copy = Gateway(lake.root), Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.read([("boiler/flow", f"2026-03-01 1{hour}:00:00", hour) for hour in range(3)])
    lake.integrate()
    copy.read([("boiler/flow", f"2026-03-05 1{hour}:00:00", 10 + hour) for hour in range(4)])
    summary = lake.integrate(code=1)
    assert "hold different records under the same numbers" in lake.stderr
    assert (summary["staged"], summary["repeated"], summary["integrated"]) == (7, 3, 4)
    after = lake.marts()
    lake.integrate("--full", code=1)
    assert lake.marts() == after


def test_the_quality_of_a_time_is_told_apart_from_that_of_the_value(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow")
    gateway.read([("boiler/flow", f"2026-03-01 10:0{minute}:00", minute, status)
                  for minute, status in enumerate((0, 1, 0x40000002, 0x40000003, 0x800A0001,
                                                   0x12340001))])
    lake.integrate()
    assert lake.query("select status_code, quality_name, fact_reading.quality, time_quality "
                      "from business.fact_reading join business.dim_quality using (quality_code) "
                      "order by ts") == [
        (0, "Good", "good", "synchronised"), (1, "Good", "good", "corrected"),
        (0x40000002, "Uncertain", "uncertain", "unsynchronised"),
        (0x40000003, "Uncertain", "uncertain", "unsynchronised"),
        (0x800A0001, "BadTimeout", "bad", "corrected"), (0x12340001, "Other", "good", "corrected")]


def test_gaps_outages_and_alarms_are_in_the_marts(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", interval_us=1_800_000_000)
    gateway.define("boiler/hot", role="alarm")
    gateway.read([("boiler/flow", "2026-03-01 22:00:00", 4)])
    gateway.read([("boiler/flow", "2026-03-02 00:40:00", 8), ("boiler/flow", "2026-03-02 00:50:00", 9)],
                 first=4, date="2026-03-02")
    gateway.tell("gap", "readings", first_seq=1, last_seq=3, reason='the ring was "full", it says',
                 from_ts=us("2026-03-01 22:00:00"), to_ts=us("2026-03-01 23:00:00"))
    gateway.tell("down", "agent", reason="the power failed", detail="the machine was restarted",
                 from_ts=us("2026-03-01 23:30:00"), to_ts=us("2026-03-02 00:30:00"))
    gateway.tell("rejected", "broker plant/1", count=3, reason="no JSON")
    gateway.tell("alarm", "boiler/hot", detail="1", from_ts=us("2026-03-02 00:31:00"))
    assert lake.integrate()["gaps"] == 1
    assert lake.query("select kind, stream, subject, first_seq, last_seq, lost_count, reason, "
                      "from_ts, to_ts from business.fact_gap order by kind") == [
        ("down", None, "agent", None, None, None, "the power failed", at("2026-03-01 23:30:00"),
         at("2026-03-02 00:30:00")),
        ("lost", "readings", "readings", 2, 3, 2, 'the ring was "full", it says',
         at("2026-03-01 22:00:00"), at("2026-03-01 23:00:00")),
        ("rejected", None, "broker plant/1", None, None, 3, "no JSON", None, None)]
    assert lake.query("select point_key, ts, value_text from business.fact_alarm") == [
        ("works/gw-1/boiler/hot", at("2026-03-02 00:31:00"), "1")]


def test_no_value_holds_while_the_agent_was_down(lake):
    gateway = Gateway(lake.root)
    gateway.define("boiler/flow", heartbeat_us=7_200_000_000)
    gateway.read([("boiler/flow", "2026-03-01 22:00:00", 4), ("boiler/flow", "2026-03-01 22:50:00", 6),
                  ("boiler/flow", "2026-03-02 00:40:00", 8), ("boiler/flow", "2026-03-02 00:50:00", 9)])
    question = ("select n, covered_seconds, down_seconds from marts.agg_point_hour "
                "order by hour_start")
    lake.integrate()
    assert lake.query(question) == [(2, 3600.0, 0.0), (2, 3600.0, 0.0)]
    gateway.tell("down", "agent", from_ts=us("2026-03-01 22:55:00"), to_ts=us("2026-03-02 00:30:00"))
    lake.integrate()
    assert lake.query(question) == [(2, 3000.0, 300.0), (2, 1200.0, 1800.0)]
    assert lake.query("select down_seconds from marts.agg_point_day order by day_start") == [
        (3900.0,), (1800.0,)]
    after = lake.marts()
    lake.integrate("--full")
    assert lake.marts() == after
