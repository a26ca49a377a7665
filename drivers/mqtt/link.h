/* drivers/mqtt/link.h - one connection to a broker: Paho's client, the inbox and the gate.
 *
 *   open -> subscribe -> { next -> (use) -> done }* -> close
 *
 *  K1  A link is one Paho client, from open to close. Nothing is carried over to the next: what
 *      was not acknowledged is delivered again by the broker (gate.h).
 *  K2  When the inbox is full the callback waits for room, at most MQTT_ROOM_WAIT_NS, sending what
 *      is committed for every gate meanwhile, since it holds Paho's mutex and no other client is
 *      served. After that a message of QoS 1 is not accepted: it is not acknowledged either, and
 *      the link ends so that the broker delivers it again. One of QoS 0 is dropped and counted.
 *      The same may happen before the broker has answered the subscriptions: a broker that kept
 *      messages for us sends those first. So the link is open when half the inbox is full, too.
 *  K3  After a failure next() still hands over what had arrived.
 *  K4  Every link subscribes, though a session that the broker has kept holds its subscriptions: a
 *      session keeps nothing that was published with QoS 0, and where such a message is retained,
 *      as the states of most small devices are, only a new subscription brings it.
 *  K5  What is published with QoS 1 is handed to Paho on its own threads, in callbacks, where it
 *      takes no lock: elsewhere it waits for Paho's mutex, whose holder may wait for us (K2).
 *      Only close() does, when nobody waits any more.
 *  K6  The collector is woken once for several messages: the wake-ups cost more than the messages.
 *
 * Depends on: base, gate, inbox, options, Paho.  Threads: callbacks run on Paho's threads under its
 * mutex; all functions here are for the collector, one call at a time.
 */
#ifndef DRIVERS_MQTT_LINK_H
#define DRIVERS_MQTT_LINK_H

#include "base/clock.h"
#include "base/error.h"
#include "drivers/mqtt/filters.h"
#include "drivers/mqtt/gate.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/options.h"
#include "drivers/mqtt/payload.h"
#include "drivers/mqtt/sparkplug_births.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define MQTT_ROOM_WAIT_NS (5 * NS_PER_S)
#define MQTT_FAREWELL_NS  (2 * NS_PER_S)

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

/** Connect. `*link` may be half built on failure: mqtt_link_close() takes it.
 *  Errors: ERROR_TIMEOUT, ERROR_UNREACHABLE, ERROR_REFUSED, ERROR_PROTOCOL, those of gate.h. */
MUST_CHECK enum error_code mqtt_link_open(struct mqtt_link **link,
                                          const struct mqtt_options *options,
                                          const struct clock *clock, int64_t deadline_ns,
                                          struct error *error);

/** Wait until the gate has room for another acknowledgement: false when it has none by `until_ns`
 *  (monotonic, of the machine) or the connection is lost. */
bool mqtt_link_wait_room(struct mqtt_link *link, int64_t until_ns);

/** The oldest message; where there is none, wait until there are `wake_at`, at most until
 * `until_ns` (of clock_system, monotonic). NULL: none, or the link has ended. Borrowed until done
 * or close.
 */
struct mqtt_parcel *mqtt_link_next(struct mqtt_link *link, int64_t until_ns, size_t wake_at);

/** That message was handed over whole. */
void mqtt_link_done(struct mqtt_link *link);

/** How many messages of QoS 0 were dropped since this was asked. */
uint64_t mqtt_link_take_dropped(struct mqtt_link *link);

/** ERROR_OK while the link is of use. */
MUST_CHECK enum error_code mqtt_link_state(struct mqtt_link *link, struct error *error);

/** Disconnect and free. What is committed is acknowledged before, nothing else is. Accepts NULL and
 * half-built links. */
void mqtt_link_close(struct mqtt_link *link);

/* connect.c */

/** Connect the client, waiting for the answer until `until_ns` (clock_system). */
MUST_CHECK enum error_code mqtt_connect(struct mqtt_link *link, int64_t until_ns,
                                        struct error *error);

/* subscribe.c */

/** Unsubscribe what `filters` says is not wanted any more, subscribe, and wait for the answers
 * until the deadline of opening, or until messages pile up (K2). Errors: those of
 * mqtt_link_state(), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_subscribe(struct mqtt_link *link,
                                          const struct mqtt_subscription *subscriptions,
                                          const struct mqtt_filters *filters, struct error *error);

/** Fill in which subscriptions this copy was sent for. One that a session kept since an earlier
 *  configuration, and that no subscription of now was asked for with, says nothing. */
void mqtt_identify(struct mqtt_message *message, const struct mqtt_parcel *parcel,
                   const struct mqtt_subscription *subscriptions);

/** Is a subscription refused, or not answered in time? Part of mqtt_link_state(). */
MUST_CHECK enum error_code mqtt_check_grants(struct mqtt_link *link, struct error *error);

/* presence.c: the topic of `will`, or STATE of Sparkplug 3.0.0, 5.3 "Host Application Session
 * Establishment"; only where it is configured. */

/** A client's will (connect.c): we are offline, made at the time of connecting. It may point into
 *  `state`. false: there is none to be set. */
bool mqtt_presence_will(struct mqtt_link *link, MQTTAsync_willOptions *will,
                        char state[MQTT_STATE_SIZE]);

/** In a callback: every subscription is granted, we are online now. */
void mqtt_presence_begin(struct mqtt_link *link);

/** Did this message come on the topic where we say that we are there? It is no reading. */
bool mqtt_presence_is_ours(const struct mqtt_options *options, const struct mqtt_parcel *parcel);

/** In a callback: a message came. One that says a Sparkplug host is offline is answered at once. */
void mqtt_presence_look(struct mqtt_link *link, const struct mqtt_parcel *parcel);

/** The last words, before disconnecting, which takes the will back. Waits at most
 *  MQTT_FAREWELL_NS. */
void mqtt_presence_end(struct mqtt_link *link);

/** Tell what callbacks took note of. */
void mqtt_presence_tell(struct mqtt_link *link, struct driver_sink *sink);

/* publish.c: Sparkplug 3.0.0, "Commands". */

/** Ask the nodes whose births are wanted now; tell that, and what happened to our presence. Until
 *  when there is nothing to be done (clock_system, monotonic). Never waits. */
int64_t mqtt_act(struct mqtt_link *link, struct sparkplug_births *births, struct driver_sink *sink);

/* link.c */

/** With the mutex held: wait for `changed`, at most until `until_ns`; the caller looks again. */
void mqtt_link_wait_changed(struct mqtt_link *link, int64_t until_ns);

/** Wait for link->answer. The mutex is free before and after. */
bool mqtt_link_wait_answer(struct mqtt_link *link, int64_t until_ns, struct mqtt_answer *answer);

#endif
