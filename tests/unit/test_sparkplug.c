#include "base/cleanup.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/sparkplug.h"
#include "drivers/mqtt/sparkplug_payload.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"
#include "tests/support/sparkplug_writer.h"

#include <stdio.h>
#include <string.h>

#define FIRST_MS INT64_C(1700000000000)
#define RECEIVED (INT64_C(1700000100000) * NS_PER_MS)

/* The rig receives; the plan is made here and deliver() stands for the broker. */
static struct sparkplug *sparkplug;
static struct sparkplug_writer writer;
static struct mqtt_subscription plan;
static struct mqtt_rule rules[3];
static struct arena arena;

static struct mqtt_rule *rule(const char *name, const char *path, struct mqtt_rule *next)
{
    struct mqtt_rule *made = &rules[next == NULL ? 0 : next->point_id + 1];

    *made = (struct mqtt_rule){.next = next,
                               .point_id = next == NULL ? 0 : next->point_id + 1,
                               .name = name,
                               .is_template = mqtt_name_is_template(name),
                               .path = {.text = path}};
    return made;
}

static void begin(struct mqtt_rig *rig)
{
    mqtt_rig_init(rig, &mqtt_driver);
    arena_init(&arena, 1 << 20);
    sparkplug = arena_allocate(&arena, sizeof(*sparkplug));
    assert_non_null(sparkplug);
    plan = (struct mqtt_subscription){.payload = MQTT_PAYLOAD_SPARKPLUG,
                                      .first = rule("{group}/{node}/{device}/{metric}", "", NULL)};
    assert_int_equal(mqtt_topic_compile("spBv1.0/+/#", &arena, &plan.topic, NULL), ERROR_OK);
    writer.size = 0;
}

static void end(struct mqtt_rig *rig)
{
    sparkplug_births_deinit(&sparkplug->births);
    arena_deinit(&arena);
    mqtt_rig_release(rig);
}

static bool deliver_some(struct mqtt_rig *rig, const char *topic, size_t *taken, bool repeated)
{
    const struct mqtt_message message = {
        .topic = topic,
        .topic_size = strlen(topic),
        .payload = writer.bytes,
        .payload_size = writer.size,
        .repeated = repeated,
        .received_ns = RECEIVED + 5,
    };

    assert_true(sparkplug_subscription(&plan, topic, strlen(topic)) == &plan);
    return sparkplug_deliver(sparkplug, &plan, &message, taken, &rig->sink);
}

static void deliver_retained(struct mqtt_rig *rig, const char *topic)
{
    const struct mqtt_message message = {
        .topic = topic,
        .topic_size = strlen(topic),
        .payload = writer.bytes,
        .payload_size = writer.size,
        .retained = true,
        .received_ns = RECEIVED + 5,
    };
    size_t taken = 0;

    assert_true(sparkplug_deliver(sparkplug, &plan, &message, &taken, &rig->sink));
    writer.size = 0;
}

/** What was written, under this sequence number (-1: none). */
static void deliver(struct mqtt_rig *rig, const char *topic, int sequence)
{
    size_t taken = 0;

    if (sequence >= 0) {
        writer_number(&writer, 3, (uint64_t)sequence);
    }
    mqtt_rig_clear(rig);
    assert_true(deliver_some(rig, topic, &taken, false));
    assert_int_equal(taken, rig->count);
    writer.size = 0;
}

/** name NULL, alias -1, datatype 0 and time 0: not stated. */
static void metric(const char *name, int alias, uint32_t datatype, uint64_t value, int64_t time_ms)
{
    struct sparkplug_writer one = {.size = 0};

    if (name != NULL) {
        writer_text(&one, 1, name);
    }
    if (alias >= 0) {
        writer_number(&one, 2, (uint64_t)alias);
    }
    if (time_ms > 0) {
        writer_number(&one, 3, (uint64_t)time_ms);
    }
    if (datatype > 0) {
        writer_number(&one, 4, datatype);
    }
    writer_number(&one, 11, value);
    writer_part(&writer, 2, &one);
}

static void session(uint64_t number)
{
    metric("bdSeq", -1, SPARKPLUG_INT64, number, 0);
}

/** A node with "a" under alias 1, and its device "dev" with "b" under 1. */
static void be_born(struct mqtt_rig *rig)
{
    session(4);
    metric("a", 1, SPARKPLUG_INT32, 10, FIRST_MS);
    deliver(rig, "spBv1.0/g/NBIRTH/n", 0);
    metric("b", 1, SPARKPLUG_INT16, 20, FIRST_MS);
    deliver(rig, "spBv1.0/g/DBIRTH/n/dev", 1);
}

static const char *point(const struct mqtt_rig *rig, size_t index)
{
    assert_true(index < rig->count);
    assert_true(rig->samples[index].sample.point_id >= MQTT_RIG_FIRST_INSTANCE);
    return rig->instances[rig->samples[index].sample.point_id - MQTT_RIG_FIRST_INSTANCE];
}

static void assert_value(const struct mqtt_rig *rig, size_t index, const char *name, int64_t value)
{
    assert_string_equal(point(rig, index), name);
    assert_int_equal(rig->samples[index].sample.type, SAMPLE_INT);
    assert_int_equal(rig->samples[index].sample.value.integer, value);
}

static void births_give_values_and_say_what_aliases_mean(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    session(4);
    metric("a", 1, SPARKPLUG_INT32, 10, FIRST_MS);
    metric("Node Control/Rebirth", 2, SPARKPLUG_BOOLEAN, 0, 0);
    deliver(&rig, "spBv1.0/g/NBIRTH/n", 0);
    assert_int_equal(rig.count, 1); /* neither bdSeq nor a command is a reading */
    assert_int_equal(rig.rejections, 0);
    assert_value(&rig, 0, "g/n/a", 10);
    assert_int_equal(rig.samples[0].sample.time_ns, FIRST_MS * NS_PER_MS);
    metric("b", 1, SPARKPLUG_INT16, 20, 0);
    writer_number(&writer, 1, (uint64_t)FIRST_MS + 1);
    deliver(&rig, "spBv1.0/g/DBIRTH/n/dev", 1);
    assert_value(&rig, 0, "g/n/dev/b", 20);
    assert_int_equal(rig.samples[0].sample.time_ns, (FIRST_MS + 1) * NS_PER_MS); /* S1 */
    metric(NULL, 1, 0, 0xFFFF, 0);
    deliver(&rig, "spBv1.0/g/DDATA/n/dev", 2);
    assert_value(&rig, 0, "g/n/dev/b", -1);
    assert_int_equal(rig.samples[0].sample.time_ns, RECEIVED); /* S1 */
    metric(NULL, 1, 0, 11, FIRST_MS + 2);
    deliver(&rig, "spBv1.0/g/NDATA/n", 3);
    assert_value(&rig, 0, "g/n/a", 11);
    assert_int_equal(rig.samples[0].sample.status, STATUS_GOOD);
    assert_int_equal(rig.events + rig.rejections, 0);
}

static void an_alias_without_its_birth_is_rejected_and_the_rest_is_kept(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    metric(NULL, 1, 0, 11, FIRST_MS);
    metric("named", -1, SPARKPLUG_INT32, 12, FIRST_MS);
    metric("untyped", -1, 0, 13, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 3);
    assert_int_equal(rig.rejections, 1);
    assert_string_equal(rig.source, "spBv1.0/g/NDATA/n");
    assert_non_null(strstr(rig.reason, "alias 1 is unknown: no birth was seen"));
    assert_int_equal(rig.count, 1);
    assert_value(&rig, 0, "g/n/named", 12);
}

static void a_birth_replaces_the_aliases_before_it(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    session(5);
    metric("c", 1, SPARKPLUG_INT32, 30, FIRST_MS);
    metric("a", 7, SPARKPLUG_INT32, 31, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NBIRTH/n", 0);
    metric(NULL, 1, 0, 32, FIRST_MS);
    metric(NULL, 7, 0, 33, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 1);
    assert_value(&rig, 0, "g/n/c", 32);
    assert_value(&rig, 1, "g/n/a", 33);
    metric(NULL, 1, 0, 34, FIRST_MS); /* its device was not born again */
    deliver(&rig, "spBv1.0/g/DDATA/n/dev", 2);
    assert_int_equal(rig.count, 0);
    assert_int_equal(rig.rejections, 1);
}

static void deaths_end_points_once_and_by_session(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    session(3);
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1); /* of the connection before */
    assert_int_equal(rig.count + rig.rejections, 0);
    writer_number(&writer, 1, (uint64_t)FIRST_MS + 9);
    deliver(&rig, "spBv1.0/g/DDEATH/n/dev", 2);
    assert_int_equal(rig.count, 1);
    assert_string_equal(point(&rig, 0), "g/n/dev/b");
    assert_int_equal(rig.samples[0].sample.type, SAMPLE_NONE);
    assert_int_equal(rig.samples[0].sample.status, (uint32_t)STATUS_BAD_NO_COMMUNICATION);
    assert_int_equal(rig.samples[0].sample.time_ns, (FIRST_MS + 9) * NS_PER_MS);
    session(4);
    writer_number(&writer, 1, (uint64_t)FIRST_MS); /* of the connection, not of its end */
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1);
    assert_int_equal(rig.count, 1); /* the device's points have ended already */
    assert_string_equal(point(&rig, 0), "g/n/a");
    assert_int_equal(rig.samples[0].sample.time_ns, RECEIVED);
    session(4);
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1);
    assert_int_equal(rig.count + rig.rejections, 0);
    metric(NULL, 1, SPARKPLUG_INT32, 11, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 3);
    assert_int_equal(rig.rejections, 1);
    assert_non_null(strstr(rig.reason, "alias 1 is unknown"));
    assert_int_equal(rig.count, 0);
    metric("x", -1, SPARKPLUG_INT32, 11, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1);
    assert_non_null(strstr(rig.reason, "without a bdSeq"));
}

static void a_jump_of_the_sequence_is_one_event(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;
    size_t taken = 0;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    for (int sequence = 2; sequence < 600; sequence++) {
        deliver(&rig, "spBv1.0/g/NDATA/n", sequence % 256);
    }
    assert_int_equal(rig.events, 0);
    deliver(&rig, "spBv1.0/g/DDATA/n/dev", (600 + 3) % 256);
    assert_int_equal(rig.events, 1);
    assert_string_equal(rig.event, "sequence g/n: after seq 87 came 91: 3 messages of this node "
                                   "are missing, or they are out of order");
    deliver(&rig, "spBv1.0/g/NDATA/n", (600 + 4) % 256);
    writer_number(&writer, 3, (600 + 2) % 256);
    assert_true(deliver_some(&rig, "spBv1.0/g/NDATA/n", &taken, true)); /* delivered again */
    writer.size = 0;
    deliver(&rig, "spBv1.0/g/NDATA/n", (600 + 5) % 256);
    assert_int_equal(rig.events, 1);
    for (int sequence = 606; sequence < 767; sequence++) {
        deliver(&rig, "spBv1.0/g/NDATA/n", sequence % 256);
    }
    deliver(&rig, "spBv1.0/g/NDATA/n", 0); /* behind 254 */
    assert_string_equal(rig.event, "sequence g/n: after seq 254 came 0: 1 messages of this node "
                                   "are missing, or they are out of order");
    deliver(&rig, "spBv1.0/g/NDATA/n", 256);
    assert_non_null(strstr(rig.reason, "seq is missing or above 255"));
}

/** Is a birth of the node wanted? It is no longer then. */
static bool takes_wish(void)
{
    struct sparkplug_births *births = &sparkplug->births;
    bool wants = births->nodes->wants_birth;

    assert_int_equal(births->wanted, wants);
    assert_true(!wants || births->nodes->why != NULL);
    births->nodes->wants_birth = births->wanted = false;
    return wants;
}

static void births_are_wanted_where_something_cannot_be_told(void **unused) /* H1 */
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    metric("x", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 7);
    assert_true(takes_wish()); /* data without a birth, however plain */
    metric("x", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/DBIRTH/n/dev", 8);
    assert_true(takes_wish()); /* the node's own is missing */
    be_born(&rig);
    assert_false(takes_wish());
    metric(NULL, 9, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 2);
    assert_true(takes_wish()); /* an unknown alias */
    metric("new", -1, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 3);
    assert_true(takes_wish()); /* no datatype */
    metric(NULL, 1, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 4);
    assert_false(takes_wish());
    metric(NULL, 1, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/DDATA/n/dev", 6);
    assert_true(takes_wish()); /* a jump */
    session(3);
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1);
    assert_true(takes_wish()); /* which birth would that be of? */
    metric("x", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/DDATA/n/other", 7);
    assert_true(takes_wish()); /* a device without its birth */
    metric("x", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    writer_number(&writer, 3, 8);
    mqtt_rig_clear(&rig);
    deliver_retained(&rig, "spBv1.0/g/DDATA/n/other");
    assert_false(takes_wish()); /* an old message says nothing of now */
}

static void births_and_deaths_end_the_wish(void **unused) /* H1 */
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    metric("x", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 7);
    assert_true(sparkplug->births.nodes->wants_birth);
    session(4);
    metric("x", -1, 0, 1, FIRST_MS); /* without its datatype: another birth would not help */
    deliver(&rig, "spBv1.0/g/NBIRTH/n", 0);
    assert_int_equal(rig.rejections, 1);
    assert_false(sparkplug->births.nodes->wants_birth);
    metric("y", -1, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/DBIRTH/n/dev", 1);
    assert_int_equal(rig.rejections, 1);
    assert_false(sparkplug->births.nodes->wants_birth);
    metric(NULL, 9, 0, 1, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 2);
    assert_true(sparkplug->births.nodes->wants_birth);
    session(4);
    deliver(&rig, "spBv1.0/g/NDEATH/n", -1);
    assert_false(sparkplug->births.nodes->wants_birth);
}

static void what_was_missed_while_away_makes_values_uncertain_until_a_birth(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    sparkplug_disconnected(sparkplug);
    metric(NULL, 1, 0, 11, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 2);
    assert_int_equal(rig.samples[0].sample.status, STATUS_GOOD);
    sparkplug_disconnected(sparkplug);
    metric(NULL, 1, 0, 11, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 9);
    assert_int_equal(rig.events, 1);
    assert_value(&rig, 0, "g/n/a", 11);
    assert_int_equal(rig.samples[0].sample.status, STATUS_UNCERTAIN);
    assert_true(takes_wish());
    metric(NULL, 1, 0, 11, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 10);
    assert_true(takes_wish()); /* until it comes */
    be_born(&rig);
    assert_int_equal(rig.samples[0].sample.status, STATUS_GOOD);
}

/** A metric under alias 1 with one more field. */
static void flagged(uint32_t field, uint64_t number)
{
    struct sparkplug_writer one = {.size = 0};

    writer_number(&one, 2, 1);
    writer_number(&one, 3, (uint64_t)FIRST_MS - 1000);
    writer_number(&one, field, number);
    if (field != 7) {
        writer_number(&one, 10, 5);
    }
    writer_part(&writer, 2, &one);
}

static void flags_of_a_metric_are_heeded(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    flagged(5, 1); /* historical */
    flagged(6, 1); /* transient */
    flagged(7, 1); /* null */
    deliver(&rig, "spBv1.0/g/NDATA/n", 2);
    assert_int_equal(rig.count, 2);
    assert_value(&rig, 0, "g/n/a", 5);
    assert_int_equal(rig.samples[0].sample.time_ns, (FIRST_MS - 1000) * NS_PER_MS);
    assert_int_equal(rig.samples[1].sample.type, SAMPLE_NONE);
    assert_int_equal(rig.samples[1].sample.status, (uint32_t)STATUS_BAD);
    flagged(3, UINT64_MAX);
    deliver(&rig, "spBv1.0/g/NDATA/n", 3);
    assert_int_equal(rig.count, 0);
    assert_non_null(strstr(rig.reason, "metric 'a' (Int32) has a timestamp that is no time"));
}

static void a_message_taken_in_part_goes_on_and_is_counted_once(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;
    size_t taken = 0;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    metric("a", 3, SPARKPLUG_INT32, 40, FIRST_MS);
    metric("c", 4, SPARKPLUG_INT32, 41, FIRST_MS);
    metric(NULL, -1, SPARKPLUG_INT32, 42, FIRST_MS);
    writer_number(&writer, 3, 0);
    mqtt_rig_clear(&rig);
    rig.room = 1;
    assert_false(deliver_some(&rig, "spBv1.0/g/NBIRTH/n", &taken, false));
    assert_int_equal(taken, 1);
    assert_int_equal(rig.rejections, 0);
    rig.room = SIZE_MAX;
    assert_true(deliver_some(&rig, "spBv1.0/g/NBIRTH/n", &taken, false));
    assert_int_equal(rig.count, 2);
    assert_value(&rig, 1, "g/n/c", 41);
    assert_int_equal(rig.rejections, 1);
    assert_int_equal(sparkplug->births.nodes->self->birth, 2); /* S6 */
    writer.size = 0;
    metric(NULL, 4, 0, 43, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NDATA/n", 1);
    assert_value(&rig, 0, "g/n/c", 43);
    taken = 0;
    mqtt_rig_clear(&rig);
    metric(NULL, 4, 0, 44, FIRST_MS);
    writer_number(&writer, 3, 2);
    rig.room = 0;
    assert_false(deliver_some(&rig, "spBv1.0/g/NDATA/n", &taken, false));
    rig.room = SIZE_MAX;
    assert_true(deliver_some(&rig, "spBv1.0/g/NDATA/n", &taken, false));
    assert_int_equal(rig.count, 1);
    assert_int_equal(rig.events, 0);
}

static void a_death_taken_in_part_ends_every_point_once(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;
    size_t taken = 0;

    (void)unused;
    begin(&rig);
    be_born(&rig);
    session(4);
    mqtt_rig_clear(&rig);
    rig.room = 1;
    assert_false(deliver_some(&rig, "spBv1.0/g/NDEATH/n", &taken, false));
    rig.room = SIZE_MAX;
    assert_true(deliver_some(&rig, "spBv1.0/g/NDEATH/n", &taken, false));
    assert_int_equal(rig.count, 2);
    assert_string_equal(point(&rig, 0), "g/n/a");
    assert_string_equal(point(&rig, 1), "g/n/dev/b");
}

static void listed_points_take_their_metrics_and_no_others(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    plan.first = rule("{node}-{device}-flow", "Flow/Rate", NULL);
    plan.first = rule("level", "tank/Level", plan.first);
    metric("Flow/Rate", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    metric("Level", -1, SPARKPLUG_INT32, 2, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NBIRTH/n", 0);
    assert_int_equal(rig.count, 1); /* Level of the node is not that of the tank */
    assert_value(&rig, 0, "n-flow", 1);
    metric("Flow/Rate", -1, SPARKPLUG_INT32, 3, FIRST_MS);
    metric("Level", -1, SPARKPLUG_INT32, 4, FIRST_MS);
    deliver(&rig, "spBv1.0/g/DBIRTH/n/tank", 1);
    assert_value(&rig, 0, "n-tank-flow", 3);
    assert_int_equal(rig.samples[1].sample.point_id, 1);
}

static void names_are_made_safe_and_stay_unique(void **unused)
{
    CLEANUP(end) struct mqtt_rig rig;
    char longer[301];

    (void)unused;
    begin(&rig);
    memset(longer, 'x', 300);
    longer[300] = '\0';
    metric("dev/b", -1, SPARKPLUG_INT32, 1, FIRST_MS);
    metric("a\nb", -1, SPARKPLUG_INT32, 2, FIRST_MS);
    metric("a\tb", -1, SPARKPLUG_INT32, 3, FIRST_MS);
    metric("{x}", -1, SPARKPLUG_INT32, 4, FIRST_MS);
    metric("caf\xE9", -1, SPARKPLUG_INT32, 5, FIRST_MS);
    metric(longer, -1, SPARKPLUG_INT32, 6, FIRST_MS);
    deliver(&rig, "spBv1.0/g/NBIRTH/n", 0);
    assert_string_equal(point(&rig, 0), "g/n/dev/b");
    assert_memory_equal(point(&rig, 1), "g/n/a_b~", 8);
    assert_memory_equal(point(&rig, 2), "g/n/a_b~", 8);
    assert_string_not_equal(point(&rig, 1), point(&rig, 2));
    assert_memory_equal(point(&rig, 3), "g/n/_x_~", 8);
    assert_memory_equal(point(&rig, 4), "g/n/caf_~", 9);
    metric("b", -1, SPARKPLUG_INT32, 7, FIRST_MS); /* would be g/n/dev/b, too */
    deliver(&rig, "spBv1.0/g/DBIRTH/n/dev", 1);
    assert_memory_equal(point(&rig, 0), "g/n/dev/b~", 10);
}

static void what_is_no_message_of_sparkplug_is_rejected_or_passed_over(void **unused)
{
    static const char *const topics[] = {"spBv1.0/g/NBIRTH",      "spBv1.0/g/NBIRTH/n/d",
                                         "spBv1.0/g/DDATA/n",     "spBv1.0/g/XDATA/n",
                                         "spBv1.0/g/DDATA/n/d/e", "spBv1.0/g/NDATA/"};
    CLEANUP(end) struct mqtt_rig rig;

    (void)unused;
    begin(&rig);
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        deliver(&rig, topics[i], 0);
        assert_int_equal(rig.rejections, 1);
    }
    writer_text(&writer, 1, "broken");
    deliver(&rig, "spBv1.0/g/NDATA/n", -1);
    assert_non_null(strstr(rig.reason, "not a payload of Sparkplug B: "));
    deliver(&rig, "spBv1.0/g/NCMD/n", 0); /* another host's command */
    deliver(&rig, "spBv1.0/STATE/scada", 0);
    assert_int_equal(rig.rejections + rig.count, 0);
    assert_null(sparkplug_subscription(&plan, "plant/a", 7));
}

static void a_configuration_says_what_is_wrong_with_it(void **unused)
{
    static const char *const good[] = {"spBv1.0/g/#", "spBv1.0/+/#", "spBv1.0/g/+/n/#"};
    static const char *const bad[] = {"spBv1.0/#",           "spBv1.0/g/NDATA/#", "plant/#",
                                      "spBv1.0/g/+/n/dev/#", "spBv1.0/{g}/#",     "spBv1.0/g/+/n"};
    struct error error = {0};

    (void)unused;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(sparkplug_topic_check(good[i], &error), ERROR_OK);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sparkplug_topic_check(bad[i], &error), ERROR_BAD_CONFIG);
        assert_non_null(strstr(error.text, "write spBv1.0/GROUP/#"));
    }
    assert_int_equal(sparkplug_name_check("{node}-{metric}", "", &error), ERROR_OK);
    assert_int_equal(sparkplug_name_check("{node}-flow", "Flow", &error), ERROR_OK);
    assert_int_equal(sparkplug_name_check("{line}-flow", "Flow", &error), ERROR_BAD_CONFIG);
    assert_int_equal(sparkplug_name_check("{node}-flow", "", &error), ERROR_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(births_give_values_and_say_what_aliases_mean),
        cmocka_unit_test(an_alias_without_its_birth_is_rejected_and_the_rest_is_kept),
        cmocka_unit_test(a_birth_replaces_the_aliases_before_it),
        cmocka_unit_test(deaths_end_points_once_and_by_session),
        cmocka_unit_test(a_jump_of_the_sequence_is_one_event),
        cmocka_unit_test(births_are_wanted_where_something_cannot_be_told),
        cmocka_unit_test(births_and_deaths_end_the_wish),
        cmocka_unit_test(what_was_missed_while_away_makes_values_uncertain_until_a_birth),
        cmocka_unit_test(flags_of_a_metric_are_heeded),
        cmocka_unit_test(a_message_taken_in_part_goes_on_and_is_counted_once),
        cmocka_unit_test(a_death_taken_in_part_ends_every_point_once),
        cmocka_unit_test(listed_points_take_their_metrics_and_no_others),
        cmocka_unit_test(names_are_made_safe_and_stay_unique),
        cmocka_unit_test(what_is_no_message_of_sparkplug_is_rejected_or_passed_over),
        cmocka_unit_test(a_configuration_says_what_is_wrong_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
