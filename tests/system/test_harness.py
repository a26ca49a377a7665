"""The tools of these tests notice what they are there to notice."""
import sys

import harness
import pytest


def script(text):
    return harness.Process("script", [sys.executable, "-u", "-c", text])


def test_a_line_that_comes_is_found_with_its_groups():
    process = script("print('port 1234')")
    assert process.wait_for_line(r"^port (\d+)$", stream="stdout").group(1) == "1234"
    assert process.wait().code == 0


def test_a_process_that_ends_without_the_line_is_told_at_once():
    process = script("import sys; print('no such device', file=sys.stderr); sys.exit(3)")
    with pytest.raises(harness.Trouble, match="(?s)ended with 3.*no such device"):
        process.wait_for_line("ready", timeout=60)


def test_a_process_that_stays_silent_is_told_after_the_time_out(closing):
    process = closing(script("input_ = __import__('threading').Event().wait()"))
    with pytest.raises(harness.Trouble, match="did not within"):
        process.wait_for_line("ready", timeout=0.05)


def test_stop_tells_the_signal_memory_and_time(closing):
    process = closing(script("print('up'); __import__('threading').Event().wait()"))
    process.wait_for_line("up", stream="stdout")
    ended = process.stop()
    assert ended.code == -15 and ended.rss_kib > 1000 and ended.cpu_seconds > 0


def test_log_lines_are_taken_apart():
    line = harness.parse_log('warning device-down device=boiler-1 error="no answer within 800 ms"')
    assert line.id == "device-down"
    assert line.fields == {"device": "boiler-1", "error": "no answer within 800 ms"}
    assert harness.parse_log("==12== ERROR: AddressSanitizer: heap-use-after-free") is None


def test_a_broker_of_our_own_starts_stops_and_keeps_its_port(broker):
    one = broker()
    port = one.port
    one.stop()
    assert one.start().port == port


def test_a_broker_with_tls_starts(broker, certificates):
    assert broker(tls=certificates).process.running
