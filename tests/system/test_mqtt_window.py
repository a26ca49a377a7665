"""The ack gate against brokers that mosquitto cannot play: a strict window, and one that stops reading."""
import harness
import pytest
from mqtt_peer import Peer
from publisher import assert_nothing_lost, mqtt_device, wait_in_lake

FIRST_MS = 1_760_000_000_000
POINT = "line/press-count"
# Acknowledgements of what is read before a commit, four bytes each, are more than a socket takes (104 to
# 108 KB were measured): else the client stops reading before a write is ever cut short.
WINDOW = 65535
COUNT = 60000


def start(agent, tmp_path, device, flush):
    subject = agent(harness.leat_yaml(tmp_path, device, flush=flush, max_age="2s", ring="64MiB"))
    return subject.start()


def stored(subject, tmp_path, peer, count):
    """Everything acknowledged is in the lake, once the last message is there."""
    wait_in_lake(subject, tmp_path / "lake", POINT, count - 1, timeout=90)
    assert subject.stop().code == 0
    assert subject.command("upload", "--socket", subject.folder / "none.sock").returncode == 0
    accepted = {number: FIRST_MS + number for number in peer.acknowledged()}
    assert_nothing_lost(tmp_path / "lake", accepted, POINT)
    return accepted


def test_with_a_window_of_20_the_rate_follows_the_commits(agent, closing, tmp_path):
    """With a commit every 5 s alone, 20 messages would pass in 5 s, and 600 in 150 s."""
    count = 600
    peer = closing(Peer(tmp_path / "peer", "--window", 20, "--count", count, "--rate", 300,
                        "--first-ms", FIRST_MS))
    subject = start(agent, tmp_path, mqtt_device("line", peer.port), flush="5s")
    peer.wait_said(r"^done$", timeout=40)
    assert peer.most_in_flight() <= 20
    assert len(stored(subject, tmp_path, peer, count)) == count


def stalled(agent, certificates, closing, folder, *arguments):
    """An agent and a broker, with TLS if there are certificates, that stops reading after 3,000 of 60,000
    messages."""
    peer = closing(Peer(folder / "peer", "--window", WINDOW, "--count", COUNT, "--stall-at", 3000,
                        "--first-ms", FIRST_MS, *arguments, tls=certificates))
    uri = f"mqtts://localhost:{peer.port}" if certificates else f"mqtt://127.0.0.1:{peer.port}"
    authority = f"    ca: '{certificates.ca}'\n" if certificates else ""
    device = mqtt_device("line", peer.port, more=f"    broker: {uri}\n{authority}"
                                                 f"    window: {WINDOW}\n"
                                                 f"    inbox_messages: {COUNT}\n")
    subject = agent(harness.leat_yaml(folder, device, flush="1s", max_age="2s", ring="64MiB"),
                    folder=folder)
    return subject.start(), peer


@pytest.mark.parametrize("with_tls, after", [(True, "resume"), (True, "drop"), (False, "resume")])
def test_a_broker_that_stops_reading_loses_nothing(with_tls, after, agent, certificates, closing,
                                                   tmp_path):
    """One that reads again within the 5 s for which a socket may be full keeps its connection."""
    subject, peer = stalled(agent, certificates if with_tls else None, closing, tmp_path,
                            "--stall-seconds", 4 if after == "resume" else 8, "--after-stall", after)
    peer.wait_said(r"^stalled ", timeout=60)
    peer.wait_said(r"^done$", timeout=150)
    assert len(stored(subject, tmp_path, peer, COUNT)) == COUNT
    events = [entry["event"] for entry in peer.journal()]
    assert "stray" not in events
    assert events.count("connect") == 1 if after == "resume" else events.count("connect") > 1


def test_kills_while_a_tls_broker_does_not_read_lose_nothing_acknowledged(agent, certificates,
                                                                           closing, tmp_path):
    """The broker reads what we acknowledged only after we are dead. It sends nothing meanwhile: a
    write would end the connection, and with it what it has not read."""
    stalls = [500 * step for step in range(1, 11)]
    subject, peer = stalled(agent, certificates, closing, tmp_path, "--stall-at",
                            ",".join(map(str, stalls)), "--stall-sending", "--stall-seconds", 600)
    for stall in stalls:
        peer.wait_said(f"^stalled {stall}$", timeout=60)
        subject.kill()
        subject.start()
    peer.wait_said(r"^done$", timeout=150)
    assert len(stored(subject, tmp_path, peer, COUNT)) == COUNT
