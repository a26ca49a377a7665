#include "base/cleanup.h"
#include "drivers/mqtt/mqtt.h"
#include "tests/sim/library/mqtt_broker.h"
#include "tests/sim/library/mqtt_publisher.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One broker for all cases; each case has a session of its own. */
static struct mqtt_broker broker;
static struct mqtt_publisher publisher;
static const char *version; /* of the protocol: each case runs with both */

static int start(void **unused)
{
    (void)unused;
    return broker_open(&broker, "allow_anonymous true\nmax_inflight_messages 1000\n") &&
                   publisher_open(&publisher, broker.port, "publisher", NULL, NULL)
               ? 0
               : -1;
}

static int stop(void **unused)
{
    (void)unused;
    publisher_close(&publisher);
    broker_close(&broker);
    return 0;
}

static void rig_to(struct mqtt_rig *rig, uint16_t port, const char *session)
{
    char address[64];
    char id[64];

    mqtt_rig_init(rig, &mqtt_driver);
    (void)snprintf(address, sizeof(address), "mqtt://127.0.0.1:%u", (unsigned)port);
    (void)snprintf(id, sizeof(id), "%s-%s", session, version);
    assert_int_equal(mqtt_rig_set(rig, "broker", address), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "client_id", id), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "version", version), ERROR_OK);
}

static void assert_opens(struct mqtt_rig *rig)
{
    if (mqtt_rig_open(rig) != ERROR_OK) {
        fail_msg("%s", rig->error.text);
    }
}

/** Subscribed to topic/#, one raw integer: the plain counter of most cases. */
static void rig_counter(struct mqtt_rig *rig, uint16_t port, const char *topic, const char *qos)
{
    rig_to(rig, port, topic);
    assert_int_equal(mqtt_rig_group(rig, LIST("topic", topic, "qos", qos, "payload", "raw")),
                     ERROR_OK);
    assert_int_equal(mqtt_rig_point(rig, "n", LIST("type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(rig), ERROR_OK);
}

static void say(const char *topic, int number, int qos)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", number);
    assert_true(publisher_say(&publisher, topic, text, qos, false));
}

static int64_t value(const struct mqtt_rig *rig, size_t index)
{
    assert_true(index < rig->count);
    assert_int_equal(rig->samples[index].sample.type, SAMPLE_INT);
    return rig->samples[index].sample.value.integer;
}

static void messages_of_both_qualities_arrive_in_order(void **unused)
{
    (void)unused;
    for (int qos = 0; qos <= 1; qos++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_counter(&rig, broker.port, qos == 0 ? "order/0" : "order/1", qos == 0 ? "0" : "1");
        assert_opens(&rig);
        for (int i = 0; i < 100; i++) {
            say(qos == 0 ? "order/0" : "order/1", i, qos);
        }
        assert_int_equal(mqtt_rig_read_until(&rig, 100), ERROR_OK);
        assert_int_equal(rig.count, 100);
        for (size_t i = 0; i < 100; i++) {
            const struct sample *sample = &rig.samples[i].sample;

            assert_int_equal(value(&rig, i), (int64_t)i);
            assert_int_equal(sample->status, STATUS_GOOD);
            assert_int_equal(sample->time_ns, sample->received_ns);
            assert_int_equal(sample->time_ns % NS_PER_MS, 0);
        }
        rig.driver->committed(rig.state);
    }
}

/** What comes before the marker -1, which is published now. */
static size_t count_before_marker(struct mqtt_rig *rig, const char *topic)
{
    say(topic, -1, 1);
    for (size_t i = 0;; i++) {
        assert_int_equal(mqtt_rig_read_until(rig, i + 1), ERROR_OK);
        if (value(rig, i) == -1) {
            return i;
        }
    }
}

static void what_was_not_committed_comes_again(void **unused) /* D7 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "gate/uncommitted", "1");
    assert_opens(&rig);
    for (int i = 0; i < 10; i++) {
        say("gate/uncommitted", i, 1);
    }
    assert_int_equal(mqtt_rig_read_until(&rig, 10), ERROR_OK);
    mqtt_rig_close(&rig); /* without committed() */
    mqtt_rig_clear(&rig);
    assert_opens(&rig);
    assert_int_equal(count_before_marker(&rig, "gate/uncommitted"), 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(value(&rig, i), (int64_t)i);
    }
    rig.driver->committed(rig.state);
}

static void what_was_committed_never_comes_again(void **unused) /* D7 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "gate/committed", "1");
    assert_opens(&rig);
    for (int i = 0; i < 10; i++) {
        say("gate/committed", i, 1);
    }
    assert_int_equal(mqtt_rig_read_until(&rig, 10), ERROR_OK);
    rig.driver->committed(rig.state);
    say("gate/committed", 10, 1); /* taken, not committed: acknowledgements end before it */
    assert_int_equal(mqtt_rig_read_until(&rig, 11), ERROR_OK);
    mqtt_rig_close(&rig);
    mqtt_rig_clear(&rig);
    assert_opens(&rig);
    assert_int_equal(count_before_marker(&rig, "gate/committed"), 1);
    assert_int_equal(value(&rig, 0), 10);
    rig.driver->committed(rig.state);
}

static void a_message_that_found_no_room_is_not_acknowledged(void **unused) /* D8, D7 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "gate/room", "1");
    assert_opens(&rig);
    for (int i = 0; i < 5; i++) {
        say("gate/room", i, 1);
    }
    rig.room = 2;
    while (rig.emits < 3) {
        assert_int_equal(mqtt_rig_read(&rig, 5000), ERROR_OK);
    }
    rig.driver->committed(rig.state);
    mqtt_rig_close(&rig);
    mqtt_rig_clear(&rig);
    assert_opens(&rig);
    assert_int_equal(count_before_marker(&rig, "gate/room"), 3);
    assert_int_equal(value(&rig, 0), 2);
    rig.driver->committed(rig.state);
}

static void a_message_goes_on_where_the_sink_was_full(void **unused) /* D8 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_to(&rig, broker.port, "resume");
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "resume")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "a", LIST("path", "a", "type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "b", LIST("path", "b", "type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "c", LIST("path", "c", "type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
    assert_opens(&rig);
    assert_true(publisher_say(&publisher, "resume", "{\"a\":1,\"b\":2,\"c\":\"?\"}", 1, false));
    rig.room = 1;
    while (rig.emits < 2) {
        assert_int_equal(mqtt_rig_read(&rig, 5000), ERROR_OK);
    }
    assert_int_equal(rig.rejections, 0); /* said once, when the message is through */
    rig.room = SIZE_MAX;
    assert_int_equal(mqtt_rig_read_until(&rig, 3), ERROR_OK);
    assert_int_equal(rig.count, 2);
    assert_int_equal(value(&rig, 0), 1);
    assert_int_equal(value(&rig, 1), 2);
    assert_int_equal(rig.rejections, 1);
    rig.driver->committed(rig.state);
}

static void wildcards_and_parts_make_points(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_to(&rig, broker.port, "parts");
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "parts/{line}/{machine}/state")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "{machine}-speed", LIST("path", "motor.rpm")), ERROR_OK);
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "parts/+/+/mode", "payload", "raw")),
                     ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "mode", LIST("type", "text")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
    assert_opens(&rig);
    assert_true(
        publisher_say(&publisher, "parts/a/press-3/state", "{\"motor\":{\"rpm\":12.5}}", 1, false));
    assert_true(
        publisher_say(&publisher, "parts/b/mill/state", "{\"motor\":{\"rpm\":2}}", 1, false));
    assert_true(publisher_say(&publisher, "parts/b/mill/mode", "auto", 1, false));
    assert_int_equal(mqtt_rig_read_until(&rig, 3), ERROR_OK);
    assert_int_equal(rig.count, 3);
    assert_int_equal(rig.instance_count, 2);
    assert_string_equal(rig.instances[0], "press-3-speed");
    assert_string_equal(rig.instances[1], "mill-speed");
    assert_int_equal(rig.samples[0].sample.point_id, MQTT_RIG_FIRST_INSTANCE);
    assert_true(rig.samples[0].sample.value.real == 12.5);
    assert_string_equal(rig.samples[2].text, "auto");
    rig.driver->committed(rig.state);
}

static void a_retained_message_is_an_old_value(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    assert_true(publisher_say(&publisher, "retained", "{\"v\":7,\"t\":1718000000123}", 1, true));
    rig_to(&rig, broker.port, "retained");
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "retained", "time.path", "t")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "v", LIST("path", "v", "type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
    for (int i = 1; i <= 2; i++) { /* it comes again at every connection, and is never new */
        assert_opens(&rig);
        assert_int_equal(mqtt_rig_read_until(&rig, 1), ERROR_OK);
        assert_int_equal(rig.count, 1);
        assert_int_equal(rig.samples[0].sample.status, STATUS_UNCERTAIN_LAST_USABLE);
        assert_int_equal(rig.samples[0].sample.time_ns, INT64_C(1718000000123) * NS_PER_MS);
        rig.driver->committed(rig.state);
        mqtt_rig_close(&rig);
        mqtt_rig_clear(&rig);
    }
}

static void what_cannot_be_read_is_rejected_with_its_topic_and_payload(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "rejected/#", "1");
    assert_opens(&rig);
    assert_true(publisher_say(&publisher, "rejected/x", "twelve", 1, false));
    assert_int_equal(mqtt_rig_read_until(&rig, 1), ERROR_OK);
    assert_int_equal(rig.rejections, 1);
    assert_int_equal(rig.count, 0);
    assert_string_equal(rig.source, "rejected/x");
    assert_string_equal(rig.payload, "twelve");
    assert_true(strstr(rig.reason, "not a number") != NULL);
    rig.driver->committed(rig.state);
}

static void half_a_window_ends_the_read(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    size_t before;

    rig_counter(&rig, broker.port, "window", "1");
    assert_int_equal(mqtt_rig_set(&rig, "window", "20"), ERROR_OK);
    assert_opens(&rig);
    for (int i = 0; i < 30; i++) {
        say("window", i, 1);
    }
    /* Without a commit each further read takes what waits, and returns by itself long before. */
    while (rig.count < 30) {
        before = rig.count;
        assert_int_equal(mqtt_rig_read(&rig, 60000), ERROR_OK);
        assert_true(rig.count > before);
    }
    rig.driver->committed(rig.state);
}

static void a_flood_fills_the_inbox_and_nothing_is_lost(void **unused) /* K2 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    enum { COUNT = 5000 };
    static bool seen[COUNT];
    size_t distinct = 0;

    memset(seen, 0, sizeof(seen));
    rig_counter(&rig, broker.port, "flood", "1");
    assert_int_equal(mqtt_rig_set(&rig, "inbox_messages", "10"), ERROR_OK);
    assert_opens(&rig);
    for (int i = 0; i < COUNT; i++) {
        say("flood", i, 1); /* with nobody reading: the broker keeps most of it */
    }
    for (size_t i = 0; distinct < COUNT; i++) {
        enum error_code code = mqtt_rig_read_until(&rig, i + 1);

        if (code != ERROR_OK) { /* the inbox was full for too long: connect anew */
            assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
            mqtt_rig_close(&rig);
            assert_opens(&rig);
            assert_int_equal(mqtt_rig_read_until(&rig, i + 1), ERROR_OK);
        }
        rig.driver->committed(rig.state);
        if (!seen[value(&rig, i)]) {
            seen[value(&rig, i)] = true;
            distinct++;
        }
    }
}

static void a_broker_that_goes_away_is_a_failure_worth_another_try(void **unused)
{
    (void)unused;
    struct mqtt_broker other;
    struct mqtt_publisher source = {-1, 0};
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    enum error_code code = ERROR_OK;

    assert_true(broker_open(&other, NULL));
    rig_counter(&rig, other.port, "restart", "1");
    for (int i = 0; i < 3; i++) {
        assert_opens(&rig);
        assert_true(publisher_open(&source, other.port, "source", NULL, NULL));
        assert_true(publisher_say(&source, "restart", "5", 1, false));
        publisher_close(&source);
        assert_int_equal(mqtt_rig_read_until(&rig, (size_t)i + 1), ERROR_OK);
        rig.driver->committed(rig.state);
        broker_stop(&other);
        for (int turns = 0; code == ERROR_OK && turns < 100; turns++) {
            code = mqtt_rig_read(&rig, 5000);
        }
        assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
        assert_true(strstr(rig.error.text, "mqtt://127.0.0.1") != NULL);
        mqtt_rig_close(&rig);
        code = mqtt_rig_open(&rig); /* nobody there */
        assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
        mqtt_rig_close(&rig);
        assert_true(broker_start(&other));
        code = ERROR_OK;
    }
    broker_close(&other);
}

/* Paho marks a closed connection with socket 0: whoever sends on it writes to standard input. */
static void after_a_loss_nothing_is_acknowledged(void **unused)
{
    (void)unused;
    struct mqtt_broker other;
    struct mqtt_publisher source = {-1, 0};
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    enum error_code code = ERROR_OK;
    int saved = dup(STDIN_FILENO);
    int ends[2];
    char byte;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_true(broker_open(&other, NULL));
    rig_counter(&rig, other.port, "lost", "1");
    assert_opens(&rig);
    assert_true(publisher_open(&source, other.port, "source", NULL, NULL));
    assert_true(publisher_say(&source, "lost", "5", 1, false));
    publisher_close(&source);
    assert_int_equal(mqtt_rig_read_until(&rig, 1), ERROR_OK);
    broker_kill(&other);
    for (int turns = 0; code == ERROR_OK && turns < 100; turns++) {
        code = mqtt_rig_read(&rig, 5000);
    }
    assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    rig.driver->committed(rig.state);
    mqtt_rig_close(&rig);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
        (void)close(saved);
    } else {
        (void)close(STDIN_FILENO);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    broker_close(&other);
}

static void two_devices_may_not_share_a_session(void **unused) /* G5 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig one;
    CLEANUP(mqtt_rig_release) struct mqtt_rig two;

    rig_counter(&one, broker.port, "shared", "1");
    rig_counter(&two, broker.port, "shared", "1");
    assert_opens(&one);
    assert_int_equal(mqtt_rig_open(&two), ERROR_BAD_CONFIG);
    assert_true(strstr(two.error.text, "client_id") != NULL);
    mqtt_rig_close(&one);
    mqtt_rig_close(&two);
    assert_opens(&two);
}

static void overlapping_subscriptions_each_give_their_points(void **unused) /* M1 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    size_t values[2] = {0, 0};

    rig_to(&rig, broker.port, "overlap");
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "overlap/#", "payload", "raw", "qos", "0")),
                     ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "all", LIST("type", "text")), ERROR_OK);
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "overlap/#", "payload", "raw", "qos", "1")),
                     ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "number", LIST("type", "int")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
    assert_opens(&rig);
    say("overlap/x", 4, 1);
    assert_int_equal(mqtt_rig_read_until(&rig, 2), ERROR_OK);
    for (size_t i = 0; i < rig.count; i++) {
        values[rig.samples[i].sample.point_id]++;
    }
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 1);
    mqtt_rig_close(&rig); /* asked for with the higher of the two: it was not acknowledged yet */
    mqtt_rig_clear(&rig);
    assert_opens(&rig);
    assert_int_equal(mqtt_rig_read_until(&rig, 2), ERROR_OK);
    rig.driver->committed(rig.state);
}

static void cycles_of_opening_leave_nothing_behind(void **unused) /* leaks: ASan */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "cycles", "1");
    for (int i = 0; i < 6; i++) {
        say("cycles", i, 1);
        assert_opens(&rig);
        if (i % 3 == 2) {
            assert_int_equal(mqtt_rig_read_until(&rig, rig.count + 1), ERROR_OK);
            rig.driver->committed(rig.state);
        }
        mqtt_rig_close(&rig);
    }
}

/** How many lines of the broker's log hold `text`. It has ended: all of it is written. */
static size_t count_logged(const struct mqtt_broker *of, const char *text)
{
    char path[128];
    char line[512];
    size_t count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/log", of->folder);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        count += strstr(line, text) != NULL ? 1 : 0;
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

static void a_state_of_quality_0_that_changed_while_away_is_heard_of(void **unused) /* K4 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    assert_true(publisher_say(&publisher, "away", "1", 0, true));
    rig_counter(&rig, broker.port, "away", "1");
    for (int state = 1; state <= 2; state++) {
        char text[] = {(char)('0' + state), '\0'};

        assert_true(publisher_say(&publisher, "away", text, 0, true));
        say("away-done", 0, 1); /* answered: the broker has the one before */
        assert_opens(&rig);
        assert_int_equal(mqtt_rig_read_until(&rig, 1), ERROR_OK);
        assert_int_equal(value(&rig, rig.count - 1), state);
        assert_int_equal(rig.samples[0].sample.status, STATUS_UNCERTAIN_LAST_USABLE);
        mqtt_rig_close(&rig);
        mqtt_rig_clear(&rig);
    }
}

/** A device with these two topics (NULL: one), told what one before it has learned. */
static void open_with(struct mqtt_rig *rig, uint16_t port, const char *one, const char *two,
                      struct buffer *learned)
{
    rig_to(rig, port, "filters");
    for (int i = 0; i < (two == NULL ? 1 : 2); i++) {
        assert_int_equal(mqtt_rig_group(rig, LIST("topic", i == 0 ? one : two, "payload", "raw")),
                         ERROR_OK);
        assert_int_equal(mqtt_rig_point(rig, i == 0 ? "a" : "b", LIST("type", "int")), ERROR_OK);
    }
    assert_int_equal(mqtt_rig_prepare(rig), ERROR_OK);
    rig->driver->remember(rig->state, learned->bytes, learned->size);
    assert_opens(rig);
    learned->size = 0;
}

static void what_is_not_configured_any_more_is_unsubscribed(void **unused) /* F1 */
{
    (void)unused;
    struct mqtt_broker other;
    CLEANUP(buffer_deinit) struct buffer learned;
    struct mqtt_rig rig;

    buffer_init(&learned, 1000);
    assert_true(broker_open(&other, "allow_anonymous true\nlog_type unsubscribe\n"
                                    "log_type subscribe\nlog_type debug\nlog_dest file %s/log\n"));
    open_with(&rig, other.port, "f/one", "f/two", &learned);
    assert_true(rig.driver->learned(rig.state, &learned));
    assert_false(rig.driver->learned(rig.state, &learned));
    mqtt_rig_release(&rig);
    for (int i = 0; i < 2; i++) { /* the second time there is nothing left to do */
        CLEANUP(buffer_deinit) struct buffer again;

        buffer_init(&again, 1000);
        open_with(&rig, other.port, "f/one", NULL, &learned);
        assert_int_equal(rig.driver->learned(rig.state, &again), i == 0);
        assert_true(buffer_append(&learned, again.bytes, again.size));
        mqtt_rig_release(&rig);
    }
    broker_stop(&other);
    assert_int_equal(count_logged(&other, "Received UNSUBSCRIBE from filters"), 1);
    assert_int_equal(count_logged(&other, "Received SUBSCRIBE from filters"), 4);
    broker_close(&other);
}

/* Link, inbox, packet ids; what follows are allocations of Paho's threads. */
static void opening_without_memory_fails_cleanly(void **unused) /* D3; leaks: ASan */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_counter(&rig, broker.port, "memory", "1");
    for (unsigned n = 1; n <= 3; n++) {
        fault_alloc_arm(n);
        assert_int_equal(mqtt_rig_open(&rig), ERROR_NO_MEMORY);
        assert_true(fault_alloc_fired());
        mqtt_rig_close(&rig);
    }
    fault_alloc_arm(0);
    assert_opens(&rig);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(messages_of_both_qualities_arrive_in_order),
        cmocka_unit_test(what_was_not_committed_comes_again),
        cmocka_unit_test(what_was_committed_never_comes_again),
        cmocka_unit_test(a_message_that_found_no_room_is_not_acknowledged),
        cmocka_unit_test(a_message_goes_on_where_the_sink_was_full),
        cmocka_unit_test(wildcards_and_parts_make_points),
        cmocka_unit_test(a_retained_message_is_an_old_value),
        cmocka_unit_test(what_cannot_be_read_is_rejected_with_its_topic_and_payload),
        cmocka_unit_test(half_a_window_ends_the_read),
        cmocka_unit_test(a_flood_fills_the_inbox_and_nothing_is_lost),
        cmocka_unit_test(a_broker_that_goes_away_is_a_failure_worth_another_try),
        cmocka_unit_test(after_a_loss_nothing_is_acknowledged),
        cmocka_unit_test(two_devices_may_not_share_a_session),
        cmocka_unit_test(overlapping_subscriptions_each_give_their_points),
        cmocka_unit_test(opening_without_memory_fails_cleanly),
        cmocka_unit_test(cycles_of_opening_leave_nothing_behind),
        cmocka_unit_test(a_state_of_quality_0_that_changed_while_away_is_heard_of),
        cmocka_unit_test(what_is_not_configured_any_more_is_unsubscribed),
    };
    int failed;

    version = "3.1.1";
    failed = cmocka_run_group_tests_name("mqtt 3.1.1", cases, start, stop);
    version = "5";
    return failed + cmocka_run_group_tests_name("mqtt 5", cases, start, stop);
}
