"""leat-lake verify: every sequence number is accounted for, or the sentence says which is not."""
import json
import shutil
import struct

import harness
import pytest
from lake_writer import COLUMNS, Gateway, reseal, us, write_parquet

READINGS = [("boiler/flow", f"2026-03-01 10:{minute:02}:00", minute) for minute in range(60)]


@pytest.fixture
def lake(tmp_path):
    """A lake with one gateway and three objects of readings: 1 to 20, 21 to 40, 41 to 60."""
    gateway = Gateway(tmp_path / "lake")
    gateway.define("boiler/flow")
    paths = [gateway.read(READINGS[at:at + 20]) for at in (0, 20, 40)]
    gateway.tell("high-water", "readings", last_seq=60)
    return tmp_path / "lake", gateway, paths


@pytest.fixture
def verify(programs):
    def run(lake):
        done = harness.run([programs.leat_lake, "verify", lake, "--json"])
        assert done.stderr == ""
        report = json.loads(done.stdout)
        assert done.returncode == (0 if report["whole"] else 1)
        return report
    return run


def account(report, stream="readings"):
    return next(one for one in report["accounts"] if one["stream"] == stream)


def test_a_whole_lake_is_whole(verify, lake):
    report = verify(lake[0])
    assert report["problems"] == [] and report["whole"]
    assert account(report) == {
        "site": "works", "gateway": "gw-1", "incarnation": "00000000000000aa",
        "stream": "readings", "objects": 3, "damaged": 0, "rows": 60, "arrived": 60, "first": 1,
        "last": 60, "high_water": 60, "lost": 0, "missing": 0, "status": "complete"}


def test_the_table_for_people_ends_with_the_verdict(programs, lake):
    done = harness.run([programs.leat_lake, "verify", lake[0]])
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "5 objects: every sequence number is accounted for"
    assert "works        gw-1             00000000000000aa readings        3         60" in done.stdout


def test_rows_may_stand_in_another_order_than_they_count(verify, lake):
    lake[1].read(READINGS[:5], order=[3, 1, 4, 0, 2])
    assert verify(lake[0])["problems"] == []


@pytest.mark.parametrize("which,missing", [(0, "1 to 20"), (1, "21 to 40"), (2, "41 to 60")])
def test_a_deleted_object_is_named(verify, lake, which, missing):
    lake[2][which].unlink()
    report = verify(lake[0])
    assert account(report)["missing"] == 20 and account(report)["status"] == "incomplete"
    assert len(report["problems"]) == 1
    assert f"readings: {missing} are missing (20 records)" in report["problems"][0]
    if which < 2:  # its successor knows the digest that it had
        assert lake[2][which].name.split("-")[-1] in report["problems"][0]


def test_a_stream_that_never_arrived_is_missing(verify, lake):
    for path in lake[2]:
        path.unlink()
    assert account(verify(lake[0]))["missing"] == 60


def test_numbers_above_the_high_water_mark_are_in_flight(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.tell("high-water", "readings", last_seq=20)
    gateway.read(READINGS[:20])
    assert verify(tmp_path)["whole"]


def test_a_gap_event_closes_a_hole(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.read(READINGS[:20])
    gateway.read(READINGS[:20], first=41)
    gateway.tell("gap", "readings", first_seq=21, last_seq=30, reason="the ring was full")
    report = verify(tmp_path)
    assert (account(report)["lost"], account(report)["missing"]) == (10, 10)
    assert "31 to 40 are missing (10 records)" in report["problems"][0]
    gateway.tell("gap", "readings", first_seq=29, last_seq=40, reason="the ring was full")
    report = verify(tmp_path)
    assert report["problems"] == []
    assert (account(report)["lost"], account(report)["missing"]) == (20, 0)
    assert account(report)["status"] == "gaps"


def test_a_gap_of_another_stream_closes_nothing(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.read(READINGS[:20], first=21)
    gateway.tell("gap", "logs", first_seq=1, last_seq=20)
    assert account(verify(tmp_path))["missing"] == 20


def test_a_copied_queue_is_a_fork(verify, lake):
    clone = Gateway(lake[0])
    clone.read([("boiler/flow", "2026-03-01 12:00:00", 1)] * 20, date="2026-03-02")
    report = verify(lake[0])
    assert account(report)["status"] == "forked"
    assert "hold different records under the same numbers, from 1 on" in report["problems"][0]


def test_a_substituted_object_breaks_the_chain(verify, lake):
    lake[2][1].unlink()
    other = Gateway(lake[0])
    other.previous["readings"] = lake[2][0].stem.split("-")[-1]
    other.read([("boiler/flow", "2026-03-01 12:00:00", 7)] * 20, first=21)
    report = verify(lake[0])
    assert account(report)["status"] == "substituted"
    assert "one was put there or taken away" in report["problems"][0]


def test_a_renamed_object_is_damaged(verify, lake):
    renamed = lake[2][2].with_name(lake[2][2].name.replace("-000000000060-", "-000000000061-"))
    lake[2][2].rename(renamed)
    report = verify(lake[0])
    assert account(report)["damaged"] == 1
    assert "leat.last" in report["problems"][0] and renamed.name in report["problems"][0]


def test_an_object_of_another_site_is_damaged(verify, lake):
    there = lake[0] / "raw/site=elsewhere" / lake[2][0].relative_to(lake[0] / "raw/site=works")
    there.parent.mkdir(parents=True)
    shutil.copy(lake[2][0], there)
    assert any("leat.site" in problem for problem in verify(lake[0])["problems"])


def test_foreign_files_are_reported_and_hidden_ones_passed_over(verify, lake):
    (lake[0] / "raw/README.txt").write_text("not ours")
    (lake[2][0].parent / "notes.parquet").write_text("not ours")
    (lake[2][0].parent / ".upload.abc").write_text("half of it")
    report = verify(lake[0])
    assert report["whole"]
    assert len(report["foreign"]) == 2 and "raw/README.txt" in report["foreign"]


def test_an_empty_file_and_a_cut_one_are_damaged(verify, lake):
    lake[2][0].write_bytes(b"")
    lake[2][1].write_bytes(lake[2][1].read_bytes()[:-9])
    report = verify(lake[0])
    assert account(report)["damaged"] == 2 and account(report)["missing"] == 40
    assert len(report["problems"]) == 2


def problem_of(report):
    assert len(report["problems"]) == 1 and account(report)["damaged"] == 1
    return report["problems"][0]


def test_a_page_is_held_against_its_checksum_even_under_a_right_sha256(verify, lake):
    def change(body):  # in the content of the last page
        return body[:-3] + bytes([body[-3] ^ 1]) + body[-2:]
    reseal(lake[2][0], change)
    assert "fails its checksum" in problem_of(verify(lake[0]))


def test_the_sha256_is_held_against_the_bytes(verify, lake):
    data = lake[2][0].read_bytes()
    at = data.rindex(b"leat.sha256") + 20
    lake[2][0].write_bytes(data[:at] + (b"0" if data[at:at + 1] != b"0" else b"1") + data[at + 1:])
    assert "SHA-256 differs" in problem_of(verify(lake[0]))


def test_statistics_that_hide_rows_are_noticed(verify, lake):
    data = lake[2][2].read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    greatest = struct.pack("<q", 60)  # of seq and nothing else
    assert greatest in data[footer:]
    lake[2][2].write_bytes(data[:footer] + data[footer:].replace(greatest, struct.pack("<q", 59)))
    assert "column 'seq': a value lies outside the statistics" in problem_of(verify(lake[0]))


def forge(gateway, path, stream, rows, **metadata):
    """Other rows under a name that exists, with everything else right."""
    incarnation, first, last, digest = path.stem.split("-")
    write_parquet(path, stream, rows, {
        "leat.format": "1", "leat.site": gateway.site, "leat.gateway": gateway.gateway,
        "leat.stream": stream, "leat.incarnation": incarnation, "leat.first": str(int(first)),
        "leat.last": str(int(last)), "leat.digest": digest, "leat.previous": "",
        "leat.encoder": "1", **metadata})


def row(number, **fields):
    return {"seq": number, "ts": 0, "received_ts": 0, "point_id": "boiler/flow", "definition": 1,
            "quality": 0, **fields}


def test_other_rows_under_a_right_name_are_noticed(verify, lake):
    forge(lake[1], lake[2][0], "readings", [row(number) for number in range(1, 21)])
    assert "its rows have the digest" in problem_of(verify(lake[0]))


def test_a_number_that_is_there_twice_or_does_not_belong_is_noticed(verify, lake):
    for last in (19, 21):
        forge(lake[1], lake[2][0], "readings", [row(number) for number in [*range(1, 20), last]])
        assert f"sequence number {last} is in it twice or does not belong there" in \
            problem_of(verify(lake[0]))


def test_rows_that_are_fewer_than_the_name_says_are_noticed(verify, lake):
    forge(lake[1], lake[2][0], "readings", [row(number) for number in range(1, 20)])
    assert "it has 19 rows; its name says 20" in problem_of(verify(lake[0]))


def test_columns_of_another_stream_are_noticed(verify, lake):
    rows = [{name: 1 if kind != COLUMNS["events"][3][1] else "" for name, kind, _ in COLUMNS["events"]}
            for _ in range(20)]
    forge(lake[1], lake[2][0], "events", rows, **{"leat.stream": "readings"})
    assert "columns; 9 are expected" in problem_of(verify(lake[0]))


def test_a_lake_that_is_not_there_is_said_so(programs, tmp_path):
    done = harness.run([programs.leat_lake, "verify", tmp_path / "nowhere"])
    assert done.returncode == 2
    assert "cannot open the lake" in done.stderr


def test_a_folder_without_a_raw_zone_is_no_lake(programs, tmp_path):
    """A wrong path or a share that is not mounted must not pass for a lake where all is well."""
    done = harness.run([programs.leat_lake, "verify", tmp_path])
    assert done.returncode == 2
    assert f"{tmp_path} holds no folder 'raw'" in done.stderr
    (tmp_path / "raw").mkdir()
    done = harness.run([programs.leat_lake, "verify", tmp_path])
    assert (done.returncode, done.stdout) == (0, "0 objects: nothing has arrived yet\n")


@pytest.mark.parametrize("words", [[], ["verify"], ["verify", "a", "b"], ["verify", "a", "--full"],
                                   ["integrate", "a"], ["integrate", "a", "b", "--dbt"], ["fly"]])
def test_a_wrong_call_is_refused(programs, words):
    done = harness.run([programs.leat_lake, *words])
    assert done.returncode == 2 and "leat-lake help" in done.stderr


def test_version_and_help_are_told(programs):
    assert harness.run([programs.leat_lake, "version"]).stdout.startswith("leat-lake 0.")
    assert "integrate LAKE WAREHOUSE" in harness.run([programs.leat_lake, "--help"]).stdout


def identify(gateway, predecessor="", reason="", time="2026-03-01 00:00:00"):
    """The first event of an incarnation."""
    return gateway.tell("identity", gateway.incarnation, detail=predecessor, reason=reason, time=time)


def test_a_batch_that_was_cut_again_is_no_fork(verify, tmp_path):
    """1 to 40 reached the lake, but not the answer; 1 to 20 were evicted; 21 to 60 were cut anew."""
    gateway = Gateway(tmp_path)
    gateway.read(READINGS[:40])
    gateway.previous["readings"] = ""  # the queue never learnt of the first try
    gateway.read(READINGS[20:60], first=21)
    gateway.tell("gap", "readings", first_seq=1, last_seq=20, reason="the ring was full")
    report = verify(tmp_path)
    assert report["problems"] == []
    assert {key: account(report)[key] for key in ("rows", "arrived", "lost", "missing", "status")} \
        == {"rows": 80, "arrived": 60, "lost": 0, "missing": 0, "status": "complete"}


def test_a_set_aside_queue_that_two_machines_drained_is_no_fork(verify, tmp_path):
    """1 to 20 | 21 to 40 | 41 to 60 by the original, 1 to 40 by the clone, in other cuts."""
    original, clone = Gateway(tmp_path), Gateway(tmp_path)
    for at in (0, 20, 40):
        original.read(READINGS[at:at + 20])
    clone.read(READINGS[:15])
    clone.read(READINGS[15:40])
    report = verify(tmp_path)
    assert report["problems"] == []
    assert (account(report)["rows"], account(report)["arrived"]) == (100, 60)


def test_a_fork_names_both_objects_and_the_first_number_that_differs(verify, tmp_path):
    one, two = Gateway(tmp_path), Gateway(tmp_path)
    for gateway in (one, two):
        gateway.read(READINGS[:20])
    paths = [one.read(READINGS[20:40]),
             two.read(READINGS[20:25] + [("boiler/flow", "2026-03-01 10:25:00", 99)] + READINGS[26:50])]
    report = verify(tmp_path)
    assert account(report)["status"] == "forked" and not report["whole"]
    assert len(report["problems"]) == 1
    problem = report["problems"][0]
    assert all(path.name in problem for path in paths)
    assert "works/gw-1" in problem and "from 26 on" in problem and "name of its own" in problem


def test_a_fork_is_seen_behind_rows_that_are_the_same(verify, tmp_path):
    """The third object overlaps both before it, and differs from the second alone."""
    Gateway(tmp_path).read(READINGS[:20])
    Gateway(tmp_path).read(READINGS[:30])
    other = Gateway(tmp_path)
    other.read(READINGS[14:24] + [("boiler/flow", "2026-03-01 10:24:00", -1)] + READINGS[25:40],
               first=15)
    assert [problem.count("from 25 on") for problem in verify(tmp_path)["problems"]] == [1]


def test_a_batch_that_was_cut_again_is_whole_before_its_gap_event_arrives(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.read(READINGS[:10])
    before = gateway.previous["readings"]
    gateway.read(READINGS[10:40])
    gateway.previous["readings"] = before
    gateway.read(READINGS[20:60], first=21)
    assert verify(tmp_path)["problems"] == []


def test_a_corrected_time_makes_no_fork_but_another_value_does(verify, tmp_path):
    corrected, unsynchronised = 1, 0x40000002
    before, after = Gateway(tmp_path), Gateway(tmp_path)
    before.read([("boiler/flow", "1970-01-01 00:00:01", 5, unsynchronised)])
    after.read([("boiler/flow", "2026-03-01 10:00:00", 5, corrected)])
    assert verify(tmp_path)["problems"] == []
    Gateway(tmp_path).read([("boiler/flow", "2026-03-01 10:00:00", 6, corrected)])
    assert account(verify(tmp_path))["status"] == "forked"


def test_the_same_value_at_another_right_time_is_a_fork(verify, tmp_path):
    for minute in (1, 2):
        Gateway(tmp_path).read([("boiler/flow", f"2026-03-01 10:0{minute}:00", 5)])
    assert account(verify(tmp_path))["status"] == "forked"


def test_losses_are_told_by_reason_once_and_without_what_arrived(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.read(READINGS[:20])
    gateway.previous["readings"] = "ffffffffffff"
    gateway.read(READINGS[:20], first=61)
    gateway.tell("gap", "readings", first_seq=11, last_seq=40, reason="the ring was full",
                 from_ts=us("2026-03-01 10:00:00"), to_ts=us("2026-03-01 10:10:00"))
    gateway.tell("gap", "readings", first_seq=31, last_seq=45, reason="the ring was full",
                 from_ts=us("2026-03-01 10:05:00"), to_ts=us("2026-03-01 10:20:00"))
    gateway.tell("gap", "readings", first_seq=41, last_seq=62, reason='a "slot" was damaged')
    report = verify(tmp_path)
    assert [(loss["reason"], loss["count"], loss["ranges"], loss["from"], loss["to"])
            for loss in report["lost"]] == [
        ('a "slot" was damaged', 15, 1, None, None),
        ("the ring was full", 25, 2, "2026-03-01T10:00:00.000Z", "2026-03-01T10:20:00.000Z")]
    assert (account(report)["lost"], account(report)["arrived"]) == (40, 40)
    assert "names ffffffffffff as its predecessor" in report["problems"][0]


def test_a_damaged_object_whose_rows_another_holds_too_costs_nothing(verify, tmp_path):
    gateway = Gateway(tmp_path)
    path = gateway.read(READINGS[:20])
    gateway.previous["readings"] = ""
    gateway.read(READINGS[:30], first=1)
    path.write_bytes(b"")
    report = verify(tmp_path)
    assert (account(report)["damaged"], account(report)["missing"]) == (1, 0)
    assert len(report["problems"]) == 1 and "is damaged" in report["problems"][0]


def test_outages_are_summed_up_per_gateway(programs, verify, tmp_path):
    gateway = Gateway(tmp_path)
    for hour in (1, 5):
        gateway.tell("down", "agent", from_ts=us(f"2026-03-01 0{hour}:00:00"),
                     to_ts=us(f"2026-03-01 0{hour}:30:00"), reason="the power failed")
    gateway.tell("unread", "boiler", count=17, from_ts=us("2026-03-01 02:00:00"),
                 to_ts=us("2026-03-01 02:00:17"))
    gateway.tell("rejected", "broker plant/1", count=3)
    report = verify(tmp_path)
    assert report["whole"]
    assert [(row["kind"], row["events"], row["count"], row["seconds"], row["from"], row["to"])
            for row in report["outages"]] == [
        ("down", 2, 0, 3600, "2026-03-01T01:00:00.000Z", "2026-03-01T05:30:00.000Z"),
        ("unread", 1, 17, 17, "2026-03-01T02:00:00.000Z", "2026-03-01T02:00:17.000Z"),
        ("rejected", 1, 3, 0, None, None)]
    said = harness.run([programs.leat_lake, "verify", tmp_path]).stdout
    assert "works/gw-1: the agent was down 2 times, 3600 s in all" in said
    assert "works/gw-1: devices could not be read 1 times, 17 s in all, 17 polls missed" in said


def test_an_event_that_stands_in_two_objects_is_heard_once(verify, tmp_path):
    gateway, again = Gateway(tmp_path), Gateway(tmp_path)
    gateway.tell("unread", "boiler", count=17)
    rows = [{"ts": us("2026-03-01 00:00:00"), "received_ts": us("2026-03-01 00:00:00"),
             "kind": "unread", "subject": "boiler", "reason": "", "detail": "", "count": 17}]
    again.write("events", rows * 2)
    report = verify(tmp_path)
    assert report["problems"] == []
    assert report["outages"][0]["count"] == 34


@pytest.fixture
def family(tmp_path):
    """family(letter) makes the incarnation of 16 such letters."""
    return lambda letter, name="gw-1": Gateway(tmp_path, gateway=name, incarnation=letter * 16)


def test_the_chain_of_incarnations_is_told(programs, verify, family, tmp_path):
    first, second = family("a"), family("b")
    identify(first)
    first.read(READINGS[:20])
    identify(second, "a" * 16, "the queue was damaged and is kept as queue.db.damaged-1",
             time="2026-03-01 11:00:00")
    second.read([("boiler/flow", "2026-03-01 11:00:00", 1)])
    first.read(READINGS[20:40], date="2026-03-02")  # drained later
    report = verify(tmp_path)
    assert report["whole"] and report["notes"] == []
    assert [(one["incarnation"][0], one["follows"]) for one in report["incarnations"]] == [
        ("a", ""), ("b", "a" * 16)]
    said = harness.run([programs.leat_lake, "verify", tmp_path]).stdout
    assert ("works/gw-1 incarnation bbbbbbbbbbbbbbbb followed aaaaaaaaaaaaaaaa on "
            "2026-03-01T11:00:00.000Z: the queue was damaged and is kept as") in said


def test_a_predecessor_that_never_arrived_is_a_problem(verify, family, tmp_path):
    identify(family("b"), "a" * 16, "the queue was damaged")
    report = verify(tmp_path)
    assert not report["whole"]
    assert "it followed incarnation aaaaaaaaaaaaaaaa, of which nothing has arrived" in \
        report["problems"][0]


def test_a_clone_and_its_original_that_both_went_on_are_a_fork(verify, family, tmp_path):
    original, clone = family("a"), family("b")
    identify(original)
    identify(clone, "a" * 16, "the queue is another machine's")
    original.read(READINGS)
    clone.read([("boiler/flow", "2026-03-01 10:30:00", 1)])
    report = verify(tmp_path)
    assert not report["whole"]
    assert "incarnations aaaaaaaaaaaaaaaa and bbbbbbbbbbbbbbbb come from one queue and both went on" \
        in report["problems"][0]


def test_two_clones_that_both_went_on_are_a_fork_and_one_after_the_other_a_note(
        verify, family, tmp_path):
    identify(family("a"))
    clones = [family(letter) for letter in "bcd"]
    for clone, start in zip(clones, (0, 30, 50)):
        identify(clone, "a" * 16)
        clone.read(READINGS[start:start + 25])
    report = verify(tmp_path)  # b until 24, c from 30 to 54, d from 50
    assert len(report["problems"]) == 1 and "cccccccccccccccc and dddddddddddddddd" in \
        report["problems"][0]
    assert len(report["notes"]) == 1 and "bbbbbbbbbbbbbbbb and cccccccccccccccc both followed " \
        "aaaaaaaaaaaaaaaa, one after the other" in report["notes"][0]


def test_a_clock_that_was_never_right_proves_no_fork(verify, family, tmp_path):
    original, successor = family("a"), family("b")
    identify(original)
    identify(successor, "a" * 16)
    original.read(READINGS)
    successor.read([("boiler/flow", "2024-01-01 00:00:00", 1, 0x40000002)])
    assert verify(tmp_path)["whole"]


def test_a_copy_under_a_name_of_its_own_is_a_note(verify, family, tmp_path):
    original, copy = family("a"), family("b", "gw-2")
    identify(original)
    identify(copy, "a" * 16)
    original.read(READINGS)
    copy.read(READINGS)
    report = verify(tmp_path)
    assert report["whole"]
    assert "works/gw-2 incarnation bbbbbbbbbbbbbbbb began with a copy of the queue of works/gw-1" in \
        report["notes"][0]


def test_a_long_reason_is_cut_between_two_characters(verify, tmp_path):
    gateway = Gateway(tmp_path)
    gateway.tell("gap", "readings", first_seq=1, last_seq=2, reason="a" + "ö" * 150)
    gateway.tell("gap", "readings", first_seq=2, last_seq=1, reason="backwards")
    gateway.tell("gap", "weather", first_seq=1, last_seq=9, reason="of nothing that is known")
    assert [loss["reason"] for loss in verify(tmp_path)["lost"]] == ["a" + "ö" * 99]


def test_only_an_incarnations_own_first_event_names_what_it_followed(verify, family, tmp_path):
    gateway = family("b")
    gateway.tell("identity", "c" * 16, detail="a" * 16)
    report = verify(tmp_path)
    assert report["whole"] and report["incarnations"][0]["follows"] is None
    gateway.tell("identity", "b" * 16, detail="no incarnation")
    assert verify(tmp_path)["incarnations"][0]["follows"] == ""
