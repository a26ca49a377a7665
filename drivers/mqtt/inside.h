/* drivers/mqtt/inside.h - a link's own state, shared by its files, and waiting for it to change.
 *
 *   [ INSIDE ] <- presence <- connect, subscribe <- link
 *
 * The rules K are those of link.h.
 *
 * Depends on: base, gate, inbox, options, Paho.  Threads: as said at each member; the functions are
 * for the collector.
 */
#ifndef DRIVERS_MQTT_INSIDE_H
#define DRIVERS_MQTT_INSIDE_H

#include "base/clock.h"
#include "base/error.h"
#include "drivers/mqtt/gate.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/options.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { MQTT_STATE_SIZE = 80 }; /* bytes of a Sparkplug STATE, terminated */

/** What Paho answered to connecting or subscribing. */
struct mqtt_answer {
    bool given, success;
    int code;         /* granted QoS, CONNACK's or SUBACK's refusal, or (negative) Paho's own */
    char message[96]; /* Paho's text for it, or "" */
};

/** One subscription that was asked for, and what the broker says. */
struct mqtt_grant {
    struct mqtt_link *link;
    const char *filter; /* the subscription's */
    uint32_t identifier;
    int qos;
    struct mqtt_answer answer; /* guarded by the link's mutex */
};

/** What is said of this gateway (presence.c). Guarded by the link's mutex, but for `made_ms`. */
struct mqtt_presence {
    int64_t made_ms;             /* UTC, of connecting: stands in the will and in the birth */
    bool is_online;              /* the birth was published */
    uint64_t contested;          /* how often another client said that we are offline */
    struct mqtt_answer farewell; /* to the last message, of close() */
    int refused;                 /* what Paho or the broker says to the birth; 0: nothing bad */
};

struct mqtt_link {
    const struct mqtt_options *options;
    const struct clock *clock;
    int version; /* of MQTT, as Paho counts: 4 or 5 */
    MQTTAsync client;
    struct mqtt_gate gate;

    pthread_mutex_t mutex;  /* guards what follows; taken after Paho's */
    pthread_cond_t changed; /* something for the collector */
    pthread_cond_t room;    /* something for the callback */
    bool mutex_ready;
    struct mqtt_inbox inbox;
    size_t wake_at;            /* K6: messages in the inbox that wake the collector; 0 as 1 */
    bool closing;              /* accept nothing any more */
    bool lost;                 /* the connection is gone */
    bool overrun;              /* K2 */
    bool takes_identifiers;    /* the broker, of subscriptions: version 5 */
    bool late;                 /* the callback has waited in vain since next() was here last */
    int lost_reason;           /* of a DISCONNECT of version 5; 0: none */
    uint64_t dropped;          /* messages of QoS 0 since mqtt_link_take_dropped() */
    struct mqtt_answer answer; /* to connecting */
    struct mqtt_grant *grants; /* the collector's, but for their answers */
    size_t grant_count;
    int64_t grants_until_ns; /* of clock_system, from open: no answer by then is a failure */
    bool grants_settled;     /* all of them are as asked */
    struct mqtt_presence presence;
    char tls_problem[96]; /* the first thing that OpenSSL complained about */
};

/** The mutex and its conditions, for mqtt_inside_deinit(). */
MUST_CHECK bool mqtt_inside_init(struct mqtt_link *link);
void mqtt_inside_deinit(struct mqtt_link *link);

/** With the mutex held: wait for one of its conditions, at most until `until_ns` (of clock_system,
 *  monotonic); the caller looks again. */
void mqtt_wait_for(struct mqtt_link *link, pthread_cond_t *condition, int64_t until_ns);

/** Wait for link->answer. The mutex is free before and after. */
bool mqtt_wait_answer(struct mqtt_link *link, int64_t until_ns, struct mqtt_answer *answer);

/** ERROR_OK while the connection is of use: mqtt_link_state(), but for what was subscribed to. */
MUST_CHECK enum error_code mqtt_inside_state(struct mqtt_link *link, struct error *error);

#endif
