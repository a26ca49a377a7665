/* drivers/mqtt/sparkplug_births.h - what births have said: nodes, their devices, their metrics.
 *
 *   births, data, deaths -> sparkplug.c -> [ BIRTHS ]
 *
 * A source is a node itself or one of its devices. Its metrics are known by name for good, since
 * their points stay; what a birth said of them (alias, datatype) counts until the next birth of
 * that source, a birth of its node, or a death.
 *
 * Bounded: SPARKPLUG_SOURCES_MAX sources, SPARKPLUG_METRICS_MAX metrics, names of
 * SPARKPLUG_NAME_MAX bytes. Nothing is freed before sparkplug_births_deinit().
 *
 * Depends on: base, payload, topic.  Threads: one user at a time.
 */
#ifndef DRIVERS_MQTT_SPARKPLUG_BIRTHS_H
#define DRIVERS_MQTT_SPARKPLUG_BIRTHS_H

#include "drivers/mqtt/payload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SPARKPLUG_SOURCES_MAX = 4000,
    SPARKPLUG_METRICS_MAX = 20000,
    SPARKPLUG_NAME_MAX = 512, /* bytes of a metric's name, and of a level of the topic */
    SPARKPLUG_BUCKETS = 4096,
};

/** Of one name, as it was born last. */
struct sparkplug_known {
    struct sparkplug_known *next_name, *next_alias, *next_point; /* in the buckets */
    struct sparkplug_known *next;                                /* of the source */
    struct sparkplug_source *source;
    uint64_t birth; /* the source's in which it stood; 0: none yet */
    uint64_t alias;
    bool has_alias;
    bool was_heard; /* its point has a value since the last death */
    uint32_t datatype;
    const struct mqtt_rule *rule; /* NULL: nobody wants it */
    char *point_name;             /* the rule's, expanded; NULL: the rule is no template */
    size_t name_size;
    char name[]; /* terminated; may hold anything */
};

struct sparkplug_source {
    struct sparkplug_source *next; /* of the node; the node itself is the first */
    struct sparkplug_node *node;
    struct sparkplug_known *first, *last;
    uint64_t birth; /* grows with each birth */
    bool is_born;   /* and not dead since */
    char device[];  /* "": the node itself */
};

struct sparkplug_node {
    struct sparkplug_node *next;
    const struct mqtt_subscription *subscription; /* whose points its metrics become */
    struct sparkplug_source *self;                /* the first of its sources */
    bool has_sequence, has_session;
    bool is_doubtful;           /* messages, a birth perhaps, were missed while we were away */
    bool was_away;              /* we connected anew, and no message of it was looked at since */
    uint64_t sequence, session; /* seq of its last message, bdSeq of its birth */
    int64_t heard_ns;           /* UTC; of its last message with a sequence number */
    bool wants_birth;           /* H1 (sparkplug_asking.h) */
    bool is_planned;            /* to be asked, at ask_ns */
    const char *why;            /* wants_birth: a constant text */
    int64_t ask_ns, asked_ns;   /* monotonic; when it will be, and was last, asked for a birth */
    unsigned asked_count;       /* 0: never, or long ago */
    const char *name;           /* behind the group, in the same memory */
    char group[];
};

struct sparkplug_births {
    struct sparkplug_node *nodes;
    size_t source_count, metric_count;
    bool wanted;            /* a birth is wanted that was not, when asking was planned last */
    int64_t look_ns;        /* monotonic; nobody is to be asked before */
    int64_t quiet_until_ns; /* monotonic: H4 */
    struct sparkplug_known *by_name[SPARKPLUG_BUCKETS];
    struct sparkplug_known *by_alias[SPARKPLUG_BUCKETS];
    struct sparkplug_known *by_point[SPARKPLUG_BUCKETS];
};

/** Accepts a zeroed struct. */
void sparkplug_births_deinit(struct sparkplug_births *births);

/** The node, made at first sight. NULL: at the maximum, or no memory. */
struct sparkplug_node *sparkplug_node_of(struct sparkplug_births *births,
                                         const struct mqtt_subscription *subscription,
                                         struct mqtt_slice group, struct mqtt_slice name);

/** The node's device (empty: itself), made at first sight. NULL likewise. */
struct sparkplug_source *sparkplug_source_of(struct sparkplug_births *births,
                                             struct sparkplug_node *node, struct mqtt_slice device);

/** The source's metric of this name, or NULL. */
struct sparkplug_known *sparkplug_find_name(const struct sparkplug_births *births,
                                            const struct sparkplug_source *source,
                                            struct mqtt_slice name);

/** The source's metric that was born last with this alias, or NULL. */
struct sparkplug_known *sparkplug_find_alias(const struct sparkplug_births *births,
                                             const struct sparkplug_source *source, uint64_t alias);

/** A metric met for the first time: its rule is found and its point named. NULL: at the maximum,
 *  the name is too long, or no memory. */
struct sparkplug_known *sparkplug_add_metric(struct sparkplug_births *births,
                                             struct sparkplug_source *source,
                                             struct mqtt_slice name);

/** What a birth says of it. */
void sparkplug_set_alias(struct sparkplug_births *births, struct sparkplug_known *known,
                         uint64_t alias);

/** Does what was said of it still count? */
static inline bool sparkplug_is_born(const struct sparkplug_known *known)
{
    return known->source->is_born && known->birth == known->source->birth;
}

/* sparkplug_name.c */

enum { SPARKPLUG_POINT_NAME_MAX = 200 }; /* bytes, with the terminator */

/** ERROR_BAD_CONFIG when the topic is none of Sparkplug's, saying which are. */
MUST_CHECK enum error_code sparkplug_topic_check(const char *topic, struct error *error);

/** Is every {part} of the point's name one of group, node, device, metric? ERROR_BAD_CONFIG. */
MUST_CHECK enum error_code sparkplug_name_check(const char *name, const char *path,
                                                struct error *error);

/** The subscription's rule for this metric: by device/metric, by metric, or that for all. NULL. */
const struct mqtt_rule *sparkplug_find_rule(const struct mqtt_subscription *subscription,
                                            const char *device, struct mqtt_slice metric);

/** The point's name of this metric. What would not do in a catalogue is '_' then, and a name that
 *  was changed ends in '~' and a check sum of all four texts, so that it stays unique; with
 *  `is_taken` always. */
void sparkplug_name_expand(const struct sparkplug_known *known, bool is_taken,
                           char name[SPARKPLUG_POINT_NAME_MAX]);

#endif
