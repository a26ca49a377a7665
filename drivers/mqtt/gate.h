/* drivers/mqtt/gate.h - the ack gate: no PUBACK leaves before its message is on disk.
 *
 *   Paho: message arrives -> callback -> PUBACK     becomes
 *   message arrives -> callback -> [ GATE swallows the PUBACK ] ... commit ... -> PUBACK
 *
 * Paho acknowledges by itself when the callback returns. The program is linked with
 * -Wl,--wrap=MQTTPacket_send_puback against Paho's static library, so that its calls end here.
 * docs/adr/0003-mqtt-ack-gate.md gives the reasons and the measurements.
 *
 * Life: zeroed -> mqtt_gate_enter() -> take()* commit()* -> mqtt_gate_leave(). One gate per Paho
 * client, and one client per connection: its generation ends with it, so a packet id of a lost
 * session can never acknowledge a message of the next.
 *
 *  G1  The wrapped function notes where the client's socket is and sends nothing, ever. It pairs
 *      nothing: Paho calls it late when output is pending.
 *  G2  What is acknowledged is a packet id that mqtt_gate_take() noted, after mqtt_gate_commit().
 *      In order of arrival (MQTT 3.1.1, 4.6).
 *  G3  Only a holder of Paho's global mutex sends: the receive thread, or who gets it by trylock.
 *      Nobody on the way to a commit waits for that mutex, since its holder may be waiting for the
 *      commit; mqtt_gate_finish() and mqtt_gate_leave() do, as destroying a client does.
 *  G4  A PUBACK that cannot be sent breaks the gate: nothing is sent any more, the connection ends,
 *      and the broker delivers again what it did not see acknowledged.
 *  G5  The table of gates is the one mutable file-scope state of the drivers. Client ids in it are
 *      unique, for Paho names the client of a PUBACK by its id.
 *  G6  What may go out together leaves in one write: a PUBACK is four bytes (MQTT 3.1.1, 3.4, and
 *      5, 3.4.2.1 for success), and a write for each costs more than everything else that is done
 *      for its message.
 *
 * Depends on: base, Paho (linked statically).  Threads: as each function says.
 */
#ifndef DRIVERS_MQTT_GATE_H
#define DRIVERS_MQTT_GATE_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mqtt_gate {
    struct mqtt_gate *next; /* in the table */
    const char *client_id;
    void *net; /* Paho's, of this client; NULL until its first PUBACK was swallowed */
    bool entered, broken;
    int64_t choked_until_ns; /* monotonic; the socket was full, Paho finishes writing */
    uint16_t *ids;           /* a ring; the counters below only grow */
    uint32_t capacity;       /* a power of two */
    uint32_t sent, ready, taken;
};

/** Before the client connects: step into the table. `client_id` lives until mqtt_gate_leave().
 *  `room` is how many messages may wait for their acknowledgement at least.
 *  Errors: ERROR_BAD_CONFIG (another connection has this client id), ERROR_NO_MEMORY, ERROR_BUG
 *  (the wrapping is not in place, or an unknown Paho). */
MUST_CHECK enum error_code mqtt_gate_enter(struct mqtt_gate *gate, const char *client_id,
                                           uint32_t room, struct error *error);

/** After the client was destroyed; may wait for a callback to end. Accepts a zeroed gate, and
 * twice. */
void mqtt_gate_leave(struct mqtt_gate *gate);

/** The message with this packet id was handed over. false: no room before the next commit. */
MUST_CHECK bool mqtt_gate_take(struct mqtt_gate *gate, int packet_id);

/** Is there room for another mqtt_gate_take()? */
bool mqtt_gate_has_room(struct mqtt_gate *gate);

/** What was taken is on disk. Sends what it can at once, never waits. */
void mqtt_gate_commit(struct mqtt_gate *gate);

/** Taken and not committed. */
uint32_t mqtt_gate_uncommitted(struct mqtt_gate *gate);

/** Committed and not sent yet: try to, without waiting. Is something left? */
bool mqtt_gate_flush(struct mqtt_gate *gate);

/** The same before the client is destroyed, and waiting as destroying it does: for a callback to
 *  end. It is the last time: the gate is broken after it. Not while a callback may wait for a
 * commit. */
void mqtt_gate_finish(struct mqtt_gate *gate);

/** Send for every gate what is committed. Only on Paho's receive thread, in a callback. */
void mqtt_gate_flush_all_held(void);

/** The connection is gone: nothing is sent any more (G4). Paho closes the socket of a client that
 *  it keeps, and would write to descriptor 0. In the callback that tells the loss: Paho's mutex is
 *  held. */
void mqtt_gate_break(struct mqtt_gate *gate);

bool mqtt_gate_is_broken(struct mqtt_gate *gate);

#endif
