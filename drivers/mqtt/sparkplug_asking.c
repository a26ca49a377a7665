#include "drivers/mqtt/sparkplug_asking.h"

#include "base/clock.h"
#include "base/crc.h"

#include <assert.h>
#include <pb_encode.h>
#include <string.h>

/** H2: the same host asks the same node after the same time. */
static int64_t spread_ns(const char *host_id, const struct sparkplug_node *node)
{
    uint32_t hash = crc32c(0, host_id, strlen(host_id));

    hash = crc32c(hash, node->group, strlen(node->group));
    hash = crc32c(hash, node->name, strlen(node->name));
    return (int64_t)(hash % (uint32_t)(SPARKPLUG_ASK_SPREAD_NS / NS_PER_MS)) * NS_PER_MS;
}

/** H3. */
static int64_t pause_ns(const struct sparkplug_node *node)
{
    int64_t pause = SPARKPLUG_ASK_PAUSE_NS;

    for (unsigned i = 1; i < node->asked_count && pause < SPARKPLUG_ASK_PAUSE_MAX_NS; i++) {
        pause *= 2;
    }
    return pause < SPARKPLUG_ASK_PAUSE_MAX_NS ? pause : SPARKPLUG_ASK_PAUSE_MAX_NS;
}

static void plan(struct sparkplug_node *node, const char *host_id, int64_t now_ns)
{
    int64_t spread = spread_ns(host_id, node);

    if (node->asked_count > 0 && now_ns - node->asked_ns >= 2 * SPARKPLUG_ASK_PAUSE_MAX_NS) {
        node->asked_count = 0;
    }
    node->ask_ns = now_ns + SPARKPLUG_ASK_SOON_NS + spread;
    if (node->asked_count > 0 && node->ask_ns < node->asked_ns + pause_ns(node)) {
        node->ask_ns = node->asked_ns + pause_ns(node) + spread;
    }
    node->is_planned = true;
}

struct sparkplug_node *sparkplug_next_to_ask(struct sparkplug_births *births, const char *host_id,
                                             int64_t now_ns, int64_t *wake_ns)
{
    struct sparkplug_node *first = NULL;
    int64_t due_ns;

    *wake_ns = births->look_ns;
    if (!births->wanted && now_ns < births->look_ns) {
        return NULL; /* nodes are many, messages more */
    }
    births->wanted = false;
    for (struct sparkplug_node *node = births->nodes; node != NULL; node = node->next) {
        if (!node->wants_birth) {
            node->is_planned = false;
            continue;
        }
        if (!node->is_planned) {
            plan(node, host_id, now_ns);
        }
        if (first == NULL || node->ask_ns < first->ask_ns) {
            first = node;
        }
    }
    births->look_ns = *wake_ns = INT64_MAX;
    if (first == NULL) {
        return NULL;
    }
    due_ns =
        first->ask_ns > births->quiet_until_ns ? first->ask_ns : births->quiet_until_ns; /* H4 */
    births->look_ns = *wake_ns = due_ns;
    return due_ns <= now_ns ? first : NULL;
}

void sparkplug_was_asked(struct sparkplug_births *births, struct sparkplug_node *node,
                         int64_t now_ns)
{
    node->wants_birth = node->is_planned = false;
    node->asked_ns = now_ns;
    node->asked_count++;
    births->quiet_until_ns = now_ns + SPARKPLUG_ASK_GAP_NS;
    births->wanted = true; /* look for the next one */
}

/* Fields and the datatype of sparkplug_b.proto. */
enum { PAYLOAD_TIMESTAMP = 1, PAYLOAD_METRIC = 2 };
enum { METRIC_NAME = 1, METRIC_DATATYPE = 4, METRIC_BOOLEAN = 14, DATATYPE_BOOLEAN = 11 };

size_t sparkplug_rebirth_payload(int64_t time_ns, uint8_t bytes[SPARKPLUG_COMMAND_MAX])
{
    static const char name[] = "Node Control/Rebirth";
    uint8_t metric[SPARKPLUG_COMMAND_MAX];
    pb_ostream_t inner = pb_ostream_from_buffer(metric, sizeof(metric));
    pb_ostream_t outer = pb_ostream_from_buffer(bytes, SPARKPLUG_COMMAND_MAX);
    bool good = pb_encode_tag(&inner, PB_WT_STRING, METRIC_NAME) &&
                pb_encode_string(&inner, (const pb_byte_t *)name, sizeof(name) - 1) &&
                pb_encode_tag(&inner, PB_WT_VARINT, METRIC_DATATYPE) &&
                pb_encode_varint(&inner, DATATYPE_BOOLEAN) &&
                pb_encode_tag(&inner, PB_WT_VARINT, METRIC_BOOLEAN) &&
                pb_encode_varint(&inner, true) &&
                pb_encode_tag(&outer, PB_WT_VARINT, PAYLOAD_TIMESTAMP) &&
                pb_encode_varint(&outer, (uint64_t)(time_ns / NS_PER_MS)) &&
                pb_encode_tag(&outer, PB_WT_STRING, PAYLOAD_METRIC) &&
                pb_encode_string(&outer, metric, inner.bytes_written);

    assert(good); /* 43 bytes at most */
    (void)good;
    return outer.bytes_written;
}
