#include "base/cleanup.h"
#include "base/clock.h"
#include "drivers/mqtt/sparkplug_asking.h"
#include "drivers/mqtt/sparkplug_payload.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define START (1000 * NS_PER_S)

enum { NODES = 50 };

static struct sparkplug_node *node_of(struct sparkplug_births *births, const char *name)
{
    static const struct mqtt_subscription plan = {.payload = MQTT_PAYLOAD_SPARKPLUG};

    return sparkplug_node_of(births, &plan, (struct mqtt_slice){"g", 1},
                             (struct mqtt_slice){name, strlen(name)});
}

static void want(struct sparkplug_births *births, struct sparkplug_node *node)
{
    node->wants_birth = births->wanted = true;
    node->why = "of a test";
}

/** When the next node is asked, from `now_ns` on, going from wake to wake; -1: none ever. */
static int64_t ask_next(struct sparkplug_births *births, int64_t now_ns,
                        struct sparkplug_node **asked)
{
    int64_t wake_ns = now_ns;

    do {
        now_ns = wake_ns;
        *asked = sparkplug_next_to_ask(births, "host", now_ns, &wake_ns);
        assert_true(*asked != NULL || wake_ns > now_ns);
    } while (*asked == NULL && wake_ns < INT64_MAX);
    if (*asked == NULL) {
        return -1;
    }
    sparkplug_was_asked(births, *asked, now_ns);
    return now_ns;
}

static void a_node_is_asked_soon_but_not_at_once(void **unused)
{
    CLEANUP(sparkplug_births_deinit) struct sparkplug_births births = {0};
    struct sparkplug_node *node = node_of(&births, "n");
    struct sparkplug_node *asked;
    int64_t when;

    (void)unused;
    assert_int_equal(ask_next(&births, START, &asked), -1); /* nobody wants */
    want(&births, node);
    when = ask_next(&births, START, &asked);
    assert_true(asked == node);
    assert_true(when >= START + SPARKPLUG_ASK_SOON_NS); /* H2 */
    assert_true(when < START + SPARKPLUG_ASK_SOON_NS + SPARKPLUG_ASK_SPREAD_NS);
    assert_int_equal(ask_next(&births, when, &asked), -1); /* H1: once */
}

static void a_birth_meanwhile_spares_the_asking(void **unused)
{
    CLEANUP(sparkplug_births_deinit) struct sparkplug_births births = {0};
    struct sparkplug_node *node = node_of(&births, "n");
    struct sparkplug_node *asked;
    int64_t wake_ns;

    (void)unused;
    want(&births, node);
    assert_null(sparkplug_next_to_ask(&births, "host", START, &wake_ns));
    node->wants_birth = false;
    assert_int_equal(ask_next(&births, START, &asked), -1);
    want(&births, node); /* and the plan is a new one */
    assert_true(ask_next(&births, START + 10 * NS_PER_S, &asked) >=
                START + 10 * NS_PER_S + SPARKPLUG_ASK_SOON_NS);
}

static void hosts_and_nodes_differ_in_when_they_ask(void **unused)
{
    CLEANUP(sparkplug_births_deinit) struct sparkplug_births births = {0};
    int64_t first;
    int64_t other;

    (void)unused;
    want(&births, node_of(&births, "n"));
    assert_null(sparkplug_next_to_ask(&births, "host-1", START, &first));
    node_of(&births, "n")->is_planned = false;
    births.wanted = true;
    assert_null(sparkplug_next_to_ask(&births, "host-2", START, &other));
    assert_int_not_equal(first, other); /* H2 */
}

static void asking_in_vain_becomes_rare(void **unused)
{
    CLEANUP(sparkplug_births_deinit) struct sparkplug_births births = {0};
    struct sparkplug_node *node = node_of(&births, "n");
    struct sparkplug_node *asked;
    int64_t last;
    int64_t pause = SPARKPLUG_ASK_PAUSE_NS;

    (void)unused;
    want(&births, node);
    last = ask_next(&births, START, &asked);
    for (int i = 0; i < 12; i++) { /* H3 */
        int64_t when;

        want(&births, node); /* data go on at once */
        when = ask_next(&births, last + NS_PER_MS, &asked);
        assert_true(when >= last + pause);
        assert_true(when < last + pause + SPARKPLUG_ASK_SPREAD_NS);
        last = when;
        pause = pause * 2 < SPARKPLUG_ASK_PAUSE_MAX_NS ? pause * 2 : SPARKPLUG_ASK_PAUSE_MAX_NS;
    }
    want(&births, node);
    last += 2 * SPARKPLUG_ASK_PAUSE_MAX_NS;
    last = ask_next(&births, last, &asked);
    assert_int_equal(node->asked_count, 1); /* it begins anew */
    want(&births, node);
    assert_true(ask_next(&births, last, &asked) < last + 2 * SPARKPLUG_ASK_PAUSE_NS);
}

static void many_nodes_are_asked_one_after_another(void **unused)
{
    CLEANUP(sparkplug_births_deinit) struct sparkplug_births births = {0};
    int64_t last = 0;
    struct sparkplug_node *asked;

    (void)unused;
    for (int i = 0; i < NODES; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "n%d", i);
        want(&births, node_of(&births, name));
    }
    for (int i = 0; i < NODES; i++) {
        int64_t when = ask_next(&births, last > 0 ? last : START, &asked);

        assert_true(when >= last + SPARKPLUG_ASK_GAP_NS); /* H4 */
        last = when;
    }
    for (struct sparkplug_node *node = births.nodes; node != NULL; node = node->next) {
        assert_int_equal(node->asked_count, 1);
    }
    assert_int_equal(ask_next(&births, last, &asked), -1);
}

static void the_command_is_one_that_we_can_read(void **unused)
{
    uint8_t bytes[SPARKPLUG_COMMAND_MAX];
    size_t size = sparkplug_rebirth_payload(INT64_C(1760000000123) * NS_PER_MS + 5, bytes);
    struct sparkplug_payload payload;
    struct sparkplug_metric metric;
    const char *problem;
    size_t at = 0;

    (void)unused;
    assert_true(sparkplug_payload_read(bytes, size, &payload, &problem));
    assert_false(payload.has_sequence);
    assert_int_equal(payload.timestamp_ms, INT64_C(1760000000123));
    assert_true(sparkplug_metric_next(&payload, &at, &metric));
    assert_int_equal(metric.name.size, strlen("Node Control/Rebirth"));
    assert_memory_equal(metric.name.bytes, "Node Control/Rebirth", metric.name.size);
    assert_int_equal(metric.datatype, SPARKPLUG_BOOLEAN);
    assert_int_equal(metric.kind, SPARKPLUG_BOOLEAN_VALUE);
    assert_int_equal(metric.number, 1);
    assert_false(
        metric.has_alias); /* tck-id-operational-behavior-data-commands-rebirth-name-aliases */
    assert_false(sparkplug_metric_next(&payload, &at, &metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_asked_soon_but_not_at_once),
        cmocka_unit_test(a_birth_meanwhile_spares_the_asking),
        cmocka_unit_test(hosts_and_nodes_differ_in_when_they_ask),
        cmocka_unit_test(asking_in_vain_becomes_rare),
        cmocka_unit_test(many_nodes_are_asked_one_after_another),
        cmocka_unit_test(the_command_is_one_that_we_can_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
