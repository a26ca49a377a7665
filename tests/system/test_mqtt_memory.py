"""No unbounded memory when the store is slower than the broker, and nothing lost by it."""
import os
import threading
import time

import harness
import paho.mqtt.client as mqtt
from publisher import rows

MESSAGES = 24000
TEXT_BYTES = 1000  # a quarter of them fill the inbox (4 MiB), all of them are 24 MB
LIMIT_KIB = 24 * 1024


def device(port):
    return (f"  - name: line\n"
            f"    driver: mqtt\n"
            f"    broker: mqtt://127.0.0.1:{port}\n"
            f"    client_id: leat-under-test-memory\n"
            f"    subscriptions:\n"
            f"      - topic: flood\n"
            f"        payload: raw\n"
            f"        points: [{{ name: text, type: text }}]\n")


def flood(port, texts):
    """Publish them as fast as the broker takes them; returns when it has accepted them all."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="flood")
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1000)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(10)
    for info in [client.publish("flood", text, qos=1) for text in texts]:
        info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def test_a_store_that_takes_nothing_bounds_the_memory(agent, broker, tmp_path, release_programs):
    """The queue is full and holds, the lake is away: the rest waits at the broker."""
    server = broker(lines=("max_queued_messages 0", "max_inflight_messages 0"))
    lake, away = tmp_path / "lake", tmp_path / "away"
    text = harness.leat_yaml(tmp_path, device(server.port), max_age="2s", max_size="1MiB",
                             ring="2MiB")
    subject = agent(text.replace("when_full: overwrite-oldest", "when_full: hold"),
                    programs=release_programs)
    subject.start().wait_device("line", "up")
    lake.rename(away)
    texts = {f"{number} {os.urandom(TEXT_BYTES // 2).hex()}" for number in range(MESSAGES)}
    flood(server.port, texts)
    held = subject.status()["streams"][1]["committed"]
    away.rename(lake)
    subject.command("upload", "--socket", subject.socket_path)
    found, deadline = set(), time.monotonic() + 150
    while found != texts and time.monotonic() < deadline and not subject.process.ended.wait(1):
        found = {row["value_text"] for row in rows(lake)}
    peak = subject.process.memory_peak_kib()
    print(f"{held} of {MESSAGES} stored while the lake was away; {peak} KiB resident at most")
    assert subject.stop().code == 0
    assert found == texts, f"{len(texts - found)} of {MESSAGES} are lost"
    assert held < MESSAGES / 2
    assert peak < LIMIT_KIB, f"{peak} KiB"
