#include "drivers/mqtt/sparkplug.h"

#include "base/event.h"
#include "drivers/mqtt/sparkplug_payload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SEQUENCE_COUNT = 256 };

enum verb { NBIRTH, NDATA, NDEATH, DBIRTH, DDATA, DDEATH, NCMD, DCMD, VERB_COUNT };

/** One call of sparkplug_deliver(). */
struct work {
    struct sparkplug_births *births;
    const struct mqtt_message *message;
    struct driver_sink *sink;
    enum verb verb;
    struct mqtt_slice levels[5]; /* of the topic */
    struct sparkplug_node *node;
    struct sparkplug_source *source;
    struct sparkplug_payload payload;
    size_t taken_before; /* samples that the sink took at earlier calls */
    size_t count;        /* samples so far, taken now or before */
    unsigned faults;
    char reason[240];
};

PRINTF_LIKE(2, 3)
static void fault(struct work *work, const char *format, ...)
{
    va_list arguments;

    if (work->faults++ == 0) { /* S2: the first reason stands for the message */
        va_start(arguments, format);
        (void)vsnprintf(work->reason, sizeof(work->reason), format, arguments);
        va_end(arguments);
    }
}

static bool is_birth(enum verb verb)
{
    return verb == NBIRTH || verb == DBIRTH;
}

/** H1. */
static void want_birth(struct work *work, const char *why)
{
    struct sparkplug_node *node = work->node;

    if (!work->message->retained && !node->wants_birth) {
        node->wants_birth = work->births->wanted = true;
        node->why = why;
    }
}

/** H1. A birth that explains too little will not explain more when it comes again. */
static void want_explanation(struct work *work, const char *why)
{
    if (!is_birth(work->verb)) {
        want_birth(work, why);
    }
}

static int64_t received_ms_ns(const struct work *work)
{
    return work->message->received_ns - work->message->received_ns % NS_PER_MS;
}

/* Topics. */

static size_t split(const char *topic, size_t size, struct mqtt_slice levels[6])
{
    const char *end = topic + size;
    size_t count = 0;

    for (const char *at = topic; at <= end && count < 6;) {
        const char *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
        const char *stop = slash != NULL ? slash : end;

        levels[count++] = (struct mqtt_slice){at, (size_t)(stop - at)};
        at = stop + 1;
    }
    return count;
}

static bool is_level(struct mqtt_slice level, const char *text)
{
    return strlen(text) == level.size && memcmp(text, level.bytes, level.size) == 0;
}

/** spBv1.0/group/verb/node[/device] */
static bool read_topic(struct work *work)
{
    static const char *const verbs[VERB_COUNT] = {
        [NBIRTH] = "NBIRTH", [NDATA] = "NDATA",   [NDEATH] = "NDEATH", [DBIRTH] = "DBIRTH",
        [DDATA] = "DDATA",   [DDEATH] = "DDEATH", [NCMD] = "NCMD",     [DCMD] = "DCMD",
    };
    struct mqtt_slice levels[6];
    size_t count = split(work->message->topic, work->message->topic_size, levels);
    unsigned verb = 0;

    while (count > 2 && verb < VERB_COUNT && !is_level(levels[2], verbs[verb])) {
        verb++;
    }
    if (count > 1 && is_level(levels[1], "STATE")) {
        work->verb = NCMD; /* of a host, likewise none of ours */
        return true;
    }
    if (count < 4 || verb == VERB_COUNT || count != (verbs[verb][0] == 'N' ? 4U : 5U) ||
        levels[1].size == 0 || levels[3].size == 0 || (count == 5 && levels[4].size == 0)) {
        fault(work, "the topic is not spBv1.0/GROUP/NBIRTH|NDATA|NDEATH/NODE or "
                    "spBv1.0/GROUP/DBIRTH|DDATA|DDEATH/NODE/DEVICE");
        return false;
    }
    work->verb = (enum verb)verb;
    memcpy(work->levels, levels, sizeof(work->levels));
    if (count == 4) {
        work->levels[4] = (struct mqtt_slice){"", 0};
    }
    return true;
}

static bool find_source(struct work *work, const struct mqtt_subscription *subscription)
{
    work->node = sparkplug_node_of(work->births, subscription, work->levels[1], work->levels[3]);
    work->source =
        work->node == NULL ? NULL : sparkplug_source_of(work->births, work->node, work->levels[4]);
    if (work->source == NULL) {
        fault(work, "no room for another node or device: more than %d, or a name above %d bytes",
              SPARKPLUG_SOURCES_MAX, SPARKPLUG_NAME_MAX);
    }
    return work->source != NULL;
}

/* What a message changes, once. */

/** S4. */
static void tell_jump(const struct work *work, uint64_t expected)
{
    const struct sparkplug_node *node = work->node;
    uint64_t got = work->payload.sequence;
    uint64_t missing = (got + SEQUENCE_COUNT - expected) % SEQUENCE_COUNT;
    char subject[160];
    char reason[240];
    const struct event event = {
        .kind = "sequence",
        .subject = subject,
        .reason = reason,
        .count = missing,
        .from_ns = node->heard_ns,
        .to_ns = work->message->received_ns,
    };

    (void)snprintf(subject, sizeof(subject), "%.70s/%.70s", node->group, node->name);
    (void)snprintf(reason, sizeof(reason),
                   "after seq %" PRIu64 " came %" PRIu64 ": %" PRIu64
                   " messages of this node are missing, or they are out of order%s",
                   node->sequence, got, missing,
                   node->was_away ? "; they were sent while there was no connection" : "");
    work->sink->tell(work->sink, &event);
}

/** false: it has none to be counted. */
static bool check_sequence(struct work *work)
{
    const struct sparkplug_payload *payload = &work->payload;

    if (work->verb == NDEATH || work->message->retained) {
        return false;
    }
    if (!payload->has_sequence || payload->sequence >= SEQUENCE_COUNT) {
        fault(work, "seq is missing or above 255");
        return false;
    }
    return true;
}

static void count_sequence(struct work *work)
{
    struct sparkplug_node *node = work->node;
    const struct sparkplug_payload *payload = &work->payload;
    uint64_t expected = (node->sequence + 1) % SEQUENCE_COUNT;

    if (node->has_sequence && work->verb != NBIRTH && payload->sequence != expected) {
        uint64_t back = (node->sequence + SEQUENCE_COUNT - payload->sequence) % SEQUENCE_COUNT;

        if (work->message->repeated && back < SEQUENCE_COUNT / 2) {
            return;
        }
        tell_jump(work, expected);
        want_birth(work, "messages of it are missing");
        node->is_doubtful = node->is_doubtful || node->was_away; /* S5 */
    }
    node->has_sequence = true;
    node->was_away = false;
    node->sequence = payload->sequence;
    node->heard_ns = work->message->received_ns;
}

/** The payload's bdSeq. */
static bool find_session(const struct work *work, uint64_t *session)
{
    struct sparkplug_metric metric;
    size_t at = 0;

    while (sparkplug_metric_next(&work->payload, &at, &metric)) {
        if (is_level(metric.name, "bdSeq") &&
            (metric.kind == SPARKPLUG_INT_VALUE || metric.kind == SPARKPLUG_LONG_VALUE)) {
            *session = metric.number;
            return true;
        }
    }
    return false;
}

/** S3. */
static void begin_birth(struct work *work)
{
    struct sparkplug_node *node = work->node;

    work->source->birth++;
    work->source->is_born = true;
    if (work->verb != NBIRTH) {
        return;
    }
    node->has_session = find_session(work, &node->session);
    node->is_doubtful = node->wants_birth = false;
    for (struct sparkplug_source *one = node->self->next; one != NULL; one = one->next) {
        one->is_born = false;
    }
}

/* Metrics. */

static int shown(struct mqtt_slice name)
{
    return name.size > 80 ? 80 : (int)name.size;
}

/** What the metric is, by its name or its alias; NULL with a fault. */
static struct sparkplug_known *resolve(struct work *work, const struct sparkplug_metric *metric)
{
    struct sparkplug_known *known = NULL;

    if (metric->name.size > 0) {
        known = sparkplug_find_name(work->births, work->source, metric->name);
        known =
            known != NULL ? known : sparkplug_add_metric(work->births, work->source, metric->name);
        if (known == NULL) {
            fault(work,
                  "no room for metric '%.*s': more than %d of them, or its name is above %d "
                  "bytes",
                  shown(metric->name), metric->name.bytes, SPARKPLUG_METRICS_MAX,
                  SPARKPLUG_NAME_MAX);
        }
    } else if (metric->has_alias) {
        known = sparkplug_find_alias(work->births, work->source, metric->alias);
        if (known == NULL) {
            want_explanation(work, "it uses an alias that no birth has explained");
            fault(work, "alias %" PRIu64 " is unknown: %s", metric->alias,
                  work->source->is_born
                      ? "it does not stand in the birth"
                      : "no birth was seen since Leat started, or since the last death");
        }
    } else {
        fault(work, "a metric has neither a name nor an alias");
    }
    if (known != NULL && is_birth(work->verb)) {
        known->birth = work->source->birth;
        known->datatype = metric->datatype;
        if (metric->has_alias) {
            sparkplug_set_alias(work->births, known, metric->alias);
        }
    }
    return known;
}

static uint32_t status_of(const struct work *work, const struct sparkplug_metric *metric)
{
    if (metric->is_null || metric->quality == SPARKPLUG_BAD) {
        return (uint32_t)STATUS_BAD;
    }
    if (work->message->retained || metric->quality == SPARKPLUG_STALE) {
        return STATUS_UNCERTAIN_LAST_USABLE;
    }
    return metric->quality != SPARKPLUG_GOOD || work->node->is_doubtful ? STATUS_UNCERTAIN
                                                                        : STATUS_GOOD;
}

static bool find_time(struct work *work, const struct sparkplug_metric *metric, int64_t *time_ns)
{
    const struct sparkplug_payload *payload = &work->payload;
    uint64_t ms =
        metric != NULL && metric->has_timestamp ? metric->timestamp_ms : payload->timestamp_ms;

    if ((metric == NULL || !metric->has_timestamp) && !payload->has_timestamp) {
        *time_ns = received_ms_ns(work);
        return true;
    }
    if (ms > (uint64_t)(INT64_MAX / NS_PER_MS)) {
        return false;
    }
    *time_ns = (int64_t)ms * NS_PER_MS;
    return true;
}

/** Give the sample its point and hand it over. false: no room. */
static bool put(struct work *work, struct sparkplug_known *known, struct sample *sample)
{
    if (work->count < work->taken_before) { /* M5 */
        work->count++;
        return true;
    }
    sample->point_id = known->rule->point_id;
    sample->received_ns = received_ms_ns(work);
    if (known->point_name != NULL) {
        sample->point_id =
            work->sink->instance(work->sink, known->rule->point_id, known->point_name);
    }
    if (sample->point_id == DRIVER_NO_INSTANCE) {
        fault(work, "%.80s: no room for another point", known->point_name);
        return true;
    }
    if (!driver_emit(work->sink, sample)) {
        return false;
    }
    work->count++;
    return true;
}

/** Its value under `datatype` and its time; false with a fault. */
static bool fill_sample(struct work *work, const struct sparkplug_known *known,
                        const struct sparkplug_metric *metric, struct sample *sample)
{
    uint32_t datatype = metric->datatype;
    const char *why = NULL;

    if (datatype == SPARKPLUG_UNKNOWN && sparkplug_is_born(known)) {
        datatype = known->datatype;
    }
    if (datatype == SPARKPLUG_UNKNOWN && !metric->is_null) {
        want_explanation(work, "it leaves out a datatype that no birth has told");
        fault(work, "metric '%.80s' states no datatype, and no birth that does was seen",
              known->name);
        return false;
    }
    *sample = (struct sample){.status = status_of(work, metric)};
    if (!metric->is_null) {
        why = sparkplug_convert(metric, datatype, sample);
    }
    if (why == NULL && !find_time(work, metric, &sample->time_ns)) {
        why = "has a timestamp that is no time";
    }
    if (why != NULL) {
        fault(work, "metric '%.80s' (%s) %s", known->name, sparkplug_datatype_name(datatype), why);
    }
    return why == NULL;
}

/** H1. */
static void want_missing_birth(struct work *work)
{
    if (!work->node->self->is_born || !work->source->is_born) {
        want_birth(work, "no birth was seen before its data");
    } else if (work->node->is_doubtful) {
        want_birth(work, "a birth of it may have been missed");
    }
}

/** false: no room. */
static bool deliver_metrics(struct work *work)
{
    struct sparkplug_metric metric;
    size_t at = 0;

    want_missing_birth(work);
    while (sparkplug_metric_next(&work->payload, &at, &metric)) {
        struct sparkplug_known *known = resolve(work, &metric);
        struct sample sample;

        if (known == NULL || known->rule == NULL || metric.is_transient ||
            !fill_sample(work, known, &metric, &sample)) {
            continue;
        }
        if (!put(work, known, &sample)) {
            return false;
        }
        known->was_heard = true;
    }
    return true;
}

/* Deaths: S3. */

/** false: no room. */
static bool end_source(struct work *work, struct sparkplug_source *source, int64_t time_ns)
{
    for (struct sparkplug_known *known = source->first; known != NULL; known = known->next) {
        struct sample sample = {.time_ns = time_ns,
                                .status = (uint32_t)STATUS_BAD_NO_COMMUNICATION};

        if (known->was_heard && !put(work, known, &sample)) {
            return false;
        }
    }
    return true;
}

static void forget_values(struct sparkplug_source *source)
{
    source->is_born = false;
    for (struct sparkplug_known *known = source->first; known != NULL; known = known->next) {
        known->was_heard = false;
    }
}

static bool end_device(struct work *work)
{
    int64_t time_ns;

    if (!find_time(work, NULL, &time_ns)) {
        time_ns = received_ms_ns(work);
    }
    if (!end_source(work, work->source, time_ns)) {
        return false;
    }
    forget_values(work->source);
    return true;
}

static bool end_node(struct work *work)
{
    struct sparkplug_node *node = work->node;
    uint64_t session = 0;

    if (!find_session(work, &session)) {
        fault(work, "NDEATH without a bdSeq: nobody can tell which birth it ends");
        return true;
    }
    if (node->has_session && node->session != session) {
        want_birth(work, "a death of it does not belong to the birth that was seen");
        return true; /* of a connection before the one that was born last */
    }
    for (struct sparkplug_source *one = node->self; one != NULL; one = one->next) {
        if (!end_source(work, one, received_ms_ns(work))) {
            return false;
        }
    }
    for (struct sparkplug_source *one = node->self; one != NULL; one = one->next) {
        forget_values(one);
    }
    node->has_sequence = node->wants_birth = false;
    return true;
}

/* Messages. */

static void reject(const struct work *work)
{
    char topic[1024];
    size_t size = work->message->topic_size;
    struct driver_rejection rejection = {
        .received_ns = work->message->received_ns,
        .source = topic,
        .reason = work->reason,
        .payload = work->message->payload,
        .payload_bytes = work->message->payload_size,
    };

    size = size < sizeof(topic) ? size : sizeof(topic) - 1;
    memcpy(topic, work->message->topic, size);
    topic[size] = '\0';
    work->sink->reject(work->sink, &rejection);
}

/** false: no room. */
static bool deliver_payload(struct work *work, bool begun)
{
    bool counts = check_sequence(work);

    if (counts && !begun) { /* S6 */
        count_sequence(work);
    }
    if (is_birth(work->verb) && !begun) {
        begin_birth(work);
    }
    switch (work->verb) {
    case NDEATH:
        return end_node(work);
    case DDEATH:
        return end_device(work);
    default:
        return deliver_metrics(work);
    }
}

bool sparkplug_deliver(struct sparkplug *sparkplug, const struct mqtt_subscription *subscription,
                       const struct mqtt_message *message, size_t *taken_count,
                       struct driver_sink *sink)
{
    struct work work = {.births = &sparkplug->births,
                        .message = message,
                        .sink = sink,
                        .taken_before = *taken_count};
    const char *problem;
    bool whole = true;

    if (read_topic(&work) && work.verb != NCMD && work.verb != DCMD) {
        if (!sparkplug_payload_read(message->payload, message->payload_size, &work.payload,
                                    &problem)) {
            fault(&work, "not a payload of Sparkplug B: %s", problem);
        } else if (find_source(&work, subscription)) {
            whole = deliver_payload(&work, sparkplug->begun);
            sparkplug->begun = !whole;
        }
    }
    *taken_count = work.count > *taken_count ? work.count : *taken_count;
    if (whole && work.faults > 0) {
        reject(&work);
    }
    return whole;
}

const struct mqtt_subscription *sparkplug_subscription(const struct mqtt_subscription *first,
                                                       const char *topic, size_t topic_size)
{
    struct mqtt_match match;

    while (first != NULL && !(first->payload == MQTT_PAYLOAD_SPARKPLUG &&
                              mqtt_topic_match(&first->topic, topic, topic_size, &match))) {
        first = first->next;
    }
    return first;
}

void sparkplug_disconnected(struct sparkplug *sparkplug)
{
    sparkplug->begun = false;
    for (struct sparkplug_node *node = sparkplug->births.nodes; node != NULL; node = node->next) {
        node->was_away = true;
    }
}
