"""An edge node of Sparkplug B with a device: payloads and topics by pysparkplug, which nobody here
wrote, sent with paho-mqtt."""
import threading

import paho.mqtt.client as mqtt
import pysparkplug as spb

# pysparkplug calls it; paho-mqtt 2 has it no longer, and it did nothing before.
mqtt.Client.message_retry_set = lambda *_, **__: None


def metric(name, datatype, value=None, *, stamp=None, alias=None, **flags):
    return spb.Metric(timestamp=stamp, name=name, datatype=datatype, value=value, alias=alias,
                      **flags)


class Node:
    """Publishes under spBv1.0/{group}/.../{name}, counting seq. lose(n) counts n
    messages that are not sent."""

    def __init__(self, port, group="plant-1", name="edge-1", session=0):
        self.group, self.name, self.port = group, name, port
        self.session = session
        self.sequence = 0
        self.client = None

    def topic(self, kind, device=None):
        return str(spb.Topic(message_type=kind, group_id=self.group, edge_node_id=self.name,
                             device_id=device))

    def death(self):
        number = metric("bdSeq", spb.DataType.INT64, self.session)
        return spb.NDeath(timestamp=1, bd_seq_metric=number).encode()

    def connect(self):
        """With the death of this session as the last will."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"edge-{self.name}")
        client.will_set(self.topic(spb.MessageType.NDEATH), self.death(), qos=1)
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        assert connected.wait(10), "the node was not connected"
        self.client = client
        return self

    def publish(self, kind, payload, device=None, encoded=None):
        body = payload.encode(include_dtypes=False) if encoded is None else encoded
        self.client.publish(self.topic(kind, device), body, qos=1).wait_for_publish(10)

    def _next(self):
        number = self.sequence
        self.sequence = (number + 1) % 256
        return number

    def lose(self, count):
        self.sequence = (self.sequence + count) % 256

    def birth(self, *metrics, stamp):
        self.sequence = 0
        session = metric("bdSeq", spb.DataType.INT64, self.session)
        self.publish(spb.MessageType.NBIRTH, spb.NBirth(
            timestamp=stamp, seq=self._next(), metrics=(session, *metrics)))

    def data(self, *metrics, stamp):
        self.publish(spb.MessageType.NDATA, spb.NData(
            timestamp=stamp, seq=self._next(), metrics=metrics))

    def device_birth(self, device, *metrics, stamp):
        self.publish(spb.MessageType.DBIRTH, spb.DBirth(
            timestamp=stamp, seq=self._next(), metrics=metrics), device)

    def device_data(self, device, *metrics, stamp):
        self.publish(spb.MessageType.DDATA, spb.DData(
            timestamp=stamp, seq=self._next(), metrics=metrics), device)

    def device_death(self, device, *, stamp):
        self.publish(spb.MessageType.DDEATH, spb.DDeath(timestamp=stamp, seq=self._next()), device)

    def die(self):
        """Lose the connection without a word: the broker sends the last will."""
        self.client.loop_stop()
        self.client.socket().close()

    def close(self):
        if self.client is not None:
            self.client.loop_stop()


class Watcher:
    """Sees whatever is published, as (topic, payload, retained), in order; and how many seconds the
    last message of a topic is good for, where it says so (MQTT 5, 3.3.2.3.3)."""

    def __init__(self, port, *topics):
        self.seen, self.expiries = [], {}
        self.changed = threading.Condition()
        subscribed = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe([(topic, 1) for topic in topics or ("#",)])
        assert subscribed.wait(10), "the watcher was not subscribed"

    def _on_message(self, _client, _data, message):
        with self.changed:
            self.seen.append((message.topic, message.payload, message.retain))
            self.expiries[message.topic] = getattr(message.properties, "MessageExpiryInterval", None)
            self.changed.notify_all()

    def wait(self, wanted, timeout=30):
        """The messages so far, once `wanted` is true of them."""
        with self.changed:
            assert self.changed.wait_for(lambda: wanted(self.seen), timeout), self.seen[-10:]
            return list(self.seen)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class ForeignNode:
    """pysparkplug's own edge node with a device "press". A command to be born anew makes it connect
    again, for it births at connecting only."""

    def __init__(self, port, group="plant-1", name="edge-9"):
        self.port, self.commands = port, []
        self.asked = threading.Event()
        self.node = spb.EdgeNode(group, name, [
            metric("Node Control/Rebirth", spb.DataType.BOOLEAN, False),
            metric("temperature", spb.DataType.DOUBLE, 20.5)], cmd_callback=self._on_command)
        self.node.register(spb.Device("press", [metric("speed", spb.DataType.INT32, 100)]))

    def connect(self):
        self.node.connect("127.0.0.1", port=self.port)
        return self

    def _on_command(self, _node, message):
        self.commands.append({one.name: one.value for one in message.payload.metrics})
        if self.commands[-1].get("Node Control/Rebirth") is True:
            self.asked.set()

    def be_born_again(self):
        assert self.asked.wait(20), "nobody asked for a birth"
        self.node.disconnect()
        self.connect()

    def close(self):
        self.node.disconnect()
