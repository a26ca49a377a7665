#include "drivers/mqtt/gate.h"

#include "base/clock.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAHO_COMPLETE = 0,      /* the packet is in the socket */
    PAHO_INTERRUPTED = -22, /* a part of it is; Paho keeps the rest and writes it when it can */
    SENT_AT_ONCE_MAX = 256, /* per turn with Paho's mutex: others want it, too; and per write */
    PUBACK_SIZE = 4,
    PUBACK_HEADER = 0x40, /* its type, and no flags */
};

/* How long a full socket may stay full before the broker counts as gone. */
#define CHOKED_NS (5 * NS_PER_S)

/* Socket.h of Paho, PacketBuffers: what follows the first buffer of a write. Nothing does here. */
struct paho_buffers {
    int count;
    char **buffers;
    size_t *sizes;
    int *frees;
    uint8_t mask[4];
};

/* Of Paho's static library: MQTTPacketOut.c, MQTTAsync.c and WebSocket.c, 1.3.9 to 1.3.15. The last
 * writes to a socket with or without TLS, and frees `first` where it answers PAHO_INTERRUPTED. */
extern pthread_mutex_t *mqttasync_mutex;
int MQTTPacket_send_puback(int version, int packet_id, void *net, const char *client_id);
int WebSocket_putdatas(void *net, char **first, size_t *first_size, struct paho_buffers *more);
int __wrap_MQTTPacket_send_puback(int version, int packet_id, void *net, const char *client_id);

/* G5. `table_mutex` also guards the counters of every gate in the table. It is taken last and held
 * for a few instructions; Paho's mutex, where both are needed, comes first. */
static pthread_mutex_t table_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct mqtt_gate *table;

/* A client that never connects. Paho stops its threads and frees its globals with the last client,
 * while another thread may be making the next; with this one there is no last. */
static pthread_mutex_t start_mutex = PTHREAD_MUTEX_INITIALIZER;
static MQTTAsync anchor;

/** G1 */
int __wrap_MQTTPacket_send_puback(int version, int packet_id, void *net, const char *client_id)
{
    (void)version;
    (void)packet_id;
    (void)pthread_mutex_lock(&table_mutex);
    for (struct mqtt_gate *gate = table; gate != NULL; gate = gate->next) {
        if (gate->net == net) {
            break;
        }
        if (gate->net == NULL && strcmp(gate->client_id, client_id) == 0) {
            gate->net = net;
            break;
        }
    }
    (void)pthread_mutex_unlock(&table_mutex);
    return PAHO_COMPLETE;
}

/** Does this Paho do what the gate builds on? Its sources were read up to 1.3.15. */
static bool version_is_known(const char **found)
{
    static const char *const known[] = {"1.3.9",  "1.3.10", "1.3.11", "1.3.12",
                                        "1.3.13", "1.3.14", "1.3.15"};

    *found = "unknown";
    for (const MQTTAsync_nameValue *info = MQTTAsync_getVersionInfo(); info->name != NULL; info++) {
        if (strcmp(info->name, "Version") == 0) {
            *found = info->value;
        }
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], *found) == 0) {
            return true;
        }
    }
    return false;
}

static enum error_code check_wrapping(struct error *error)
{
    const char *version;
    /* With the option, the linker turns the plain name into the wrapped one, here as in Paho.
     * Volatile, since the compiler knows that two names are two functions. */
    int (*volatile called)(int, int, void *, const char *) = MQTTPacket_send_puback;

    if (called != __wrap_MQTTPacket_send_puback) {
        return error_set(error, ERROR_BUG,
                         "this program was linked without -Wl,--wrap=MQTTPacket_send_puback and "
                         "would acknowledge messages that are not stored; please report this");
    }
    if (!version_is_known(&version)) {
        return error_set(error, ERROR_BUG,
                         "Paho MQTT %.20s: its acknowledging was never examined; build with 1.3.9 "
                         "to 1.3.15",
                         version);
    }
    return ERROR_OK;
}

static enum error_code start_paho(struct error *error)
{
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    bool started;

    (void)pthread_mutex_lock(&start_mutex);
    if (anchor == NULL) {
        MQTTAsync_global_init(&options); /* with the static library nothing else sets up mutexes */
        if (MQTTAsync_create(&anchor, "tcp://127.0.0.1:1", "leat-anchor",
                             MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS) {
            anchor = NULL;
        }
    }
    started = anchor != NULL;
    (void)pthread_mutex_unlock(&start_mutex);
    return started ? ERROR_OK : error_set(error, ERROR_NO_MEMORY, "Paho MQTT could not start");
}

static bool id_is_used(const char *client_id)
{
    for (const struct mqtt_gate *gate = table; gate != NULL; gate = gate->next) {
        if (strcmp(gate->client_id, client_id) == 0) {
            return true;
        }
    }
    return false;
}

enum error_code mqtt_gate_enter(struct mqtt_gate *gate, const char *client_id, uint32_t room,
                                struct error *error)
{
    enum error_code code = check_wrapping(error);
    bool used;

    code = code == ERROR_OK ? start_paho(error) : code;
    if (code != ERROR_OK) {
        return code;
    }
    *gate = (struct mqtt_gate){.client_id = client_id, .capacity = 64};
    while (gate->capacity < room) {
        gate->capacity *= 2;
    }
    gate->ids = calloc(gate->capacity, sizeof(gate->ids[0]));
    if (gate->ids == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for %u packet ids", gate->capacity);
    }
    (void)pthread_mutex_lock(&table_mutex);
    used = id_is_used(client_id);
    if (!used) {
        gate->next = table;
        gate->entered = true;
        table = gate;
    }
    (void)pthread_mutex_unlock(&table_mutex);
    if (used) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "client_id '%.80s' is in use by another device of this gateway; give "
                         "each a client_id of its own",
                         client_id);
    }
    return ERROR_OK;
}

void mqtt_gate_leave(struct mqtt_gate *gate)
{
    if (gate->entered) {
        (void)pthread_mutex_lock(mqttasync_mutex); /* so that nobody is sending for it (G3) */
        (void)pthread_mutex_lock(&table_mutex);
        for (struct mqtt_gate **at = &table; *at != NULL; at = &(*at)->next) {
            if (*at == gate) {
                *at = gate->next;
                break;
            }
        }
        (void)pthread_mutex_unlock(&table_mutex);
        (void)pthread_mutex_unlock(mqttasync_mutex);
    }
    gate->entered = false;
    free(gate->ids);
    gate->ids = NULL;
}

bool mqtt_gate_has_room(struct mqtt_gate *gate)
{
    bool room;

    (void)pthread_mutex_lock(&table_mutex);
    room = gate->taken - gate->sent < gate->capacity;
    (void)pthread_mutex_unlock(&table_mutex);
    return room;
}

bool mqtt_gate_take(struct mqtt_gate *gate, int packet_id)
{
    bool room;

    (void)pthread_mutex_lock(&table_mutex);
    room = gate->taken - gate->sent < gate->capacity;
    if (room) {
        gate->ids[gate->taken++ & (gate->capacity - 1)] = (uint16_t)packet_id;
    }
    (void)pthread_mutex_unlock(&table_mutex);
    return room;
}

uint32_t mqtt_gate_uncommitted(struct mqtt_gate *gate)
{
    uint32_t count;

    (void)pthread_mutex_lock(&table_mutex);
    count = gate->taken - gate->ready;
    (void)pthread_mutex_unlock(&table_mutex);
    return count;
}

void mqtt_gate_break(struct mqtt_gate *gate)
{
    (void)pthread_mutex_lock(&table_mutex);
    gate->broken = true;
    (void)pthread_mutex_unlock(&table_mutex);
}

bool mqtt_gate_is_broken(struct mqtt_gate *gate)
{
    bool broken;

    (void)pthread_mutex_lock(&table_mutex);
    broken = gate->broken;
    (void)pthread_mutex_unlock(&table_mutex);
    return broken;
}

/** The PUBACKs of the packet ids that come next, at most `most`, to `packets`. How many? G2 */
static uint32_t next_ready(struct mqtt_gate *gate, uint32_t most, char *packets)
{
    uint32_t count = 0;

    (void)pthread_mutex_lock(&table_mutex);
    if (gate->net != NULL && !gate->broken) {
        count = gate->ready - gate->sent;
        count = count < most ? count : most;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint16_t packet_id = gate->ids[(gate->sent + i) & (gate->capacity - 1)];
        const uint8_t packet[PUBACK_SIZE] = {PUBACK_HEADER, PUBACK_SIZE - 2,
                                             (uint8_t)(packet_id >> 8), (uint8_t)packet_id};

        memcpy(packets + (size_t)i * PUBACK_SIZE, packet, PUBACK_SIZE);
    }
    (void)pthread_mutex_unlock(&table_mutex);
    return count;
}

static void note_sent(struct mqtt_gate *gate, uint32_t count, int outcome)
{
    (void)pthread_mutex_lock(&table_mutex);
    if (outcome == PAHO_INTERRUPTED) {
        gate->choked_until_ns = clock_monotonic_ns(&clock_system) + CHOKED_NS;
    }
    if (outcome == PAHO_COMPLETE || outcome == PAHO_INTERRUPTED) {
        gate->sent += count;
    } else {
        gate->broken = true; /* G4 */
    }
    (void)pthread_mutex_unlock(&table_mutex);
}

/** One write (G6) of at most SENT_AT_ONCE_MAX. Is there reason to try another? */
static bool send_some(struct mqtt_gate *gate)
{
    char packets[SENT_AT_ONCE_MAX * PUBACK_SIZE];
    uint32_t count = next_ready(gate, SENT_AT_ONCE_MAX, packets);
    size_t size = (size_t)count * PUBACK_SIZE;
    struct paho_buffers none = {.count = 0};
    char *written;
    int outcome;

    if (count == 0) {
        return false;
    }
    written = MQTTAsync_malloc(size); /* Paho, which may have to free it, keeps a list of its own */
    if (written == NULL) {
        return false; /* the next turn tries again */
    }
    memcpy(written, packets, size);
    outcome = WebSocket_putdatas(gate->net, &written, &size, &none);
    note_sent(gate, count, outcome);
    if (outcome != PAHO_INTERRUPTED) {
        MQTTAsync_free(written);
    }
    return count == SENT_AT_ONCE_MAX && outcome == PAHO_COMPLETE;
}

/** May this gate be tried? A part of its last write may still wait for room in the socket. The
 *  caller holds Paho's mutex (G3), so nobody else sends; the table's is free while Paho works, for
 *  it takes locks of its own and calls the wrapped function. */
static bool may_send(const struct mqtt_gate *gate)
{
    return gate->choked_until_ns == 0 || clock_monotonic_ns(&clock_system) >= gate->choked_until_ns;
}

static void send_ready(struct mqtt_gate *gate)
{
    while (may_send(gate) && send_some(gate)) {
    }
}

void mqtt_gate_flush_all_held(void)
{
    struct mqtt_gate *gate;

    (void)pthread_mutex_lock(&table_mutex);
    gate = table;
    (void)pthread_mutex_unlock(&table_mutex);
    for (; gate != NULL; gate = gate->next) { /* nobody leaves without Paho's mutex */
        if (may_send(gate)) {
            (void)send_some(gate);
        }
    }
}

bool mqtt_gate_flush(struct mqtt_gate *gate)
{
    bool left;

    if (pthread_mutex_trylock(mqttasync_mutex) == 0) { /* G3 */
        send_ready(gate);
        (void)pthread_mutex_unlock(mqttasync_mutex);
    }
    (void)pthread_mutex_lock(&table_mutex);
    left = gate->sent != gate->ready && !gate->broken;
    (void)pthread_mutex_unlock(&table_mutex);
    return left;
}

void mqtt_gate_finish(struct mqtt_gate *gate)
{
    (void)pthread_mutex_lock(mqttasync_mutex);
    send_ready(gate);
    mqtt_gate_break(gate); /* another client's callback must not send for one that is destroyed */
    (void)pthread_mutex_unlock(mqttasync_mutex);
}

void mqtt_gate_commit(struct mqtt_gate *gate)
{
    (void)pthread_mutex_lock(&table_mutex);
    gate->ready = gate->taken;
    (void)pthread_mutex_unlock(&table_mutex);
    (void)mqtt_gate_flush(gate); /* what is left goes out with the next read or message */
}
