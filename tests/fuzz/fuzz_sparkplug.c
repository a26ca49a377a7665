/* tests/fuzz/fuzz_sparkplug.c - any bytes as messages of Sparkplug B.
 *
 * A message is a byte for its kind, two for the size of its payload, and the payload. They are
 * delivered in order, to a sink that is full at every third sample: what is handed over again must
 * not be counted again.
 *
 * Parser: drivers/mqtt/sparkplug_payload.c drivers/mqtt/sparkplug.c
 */
#include "drivers/mqtt/sparkplug.h"
#include "drivers/mqtt/sparkplug_payload.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct counter {
    struct driver_sink sink; /* first: the callbacks find the rest */
    size_t samples, emits, rejections;
};

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    struct counter *counter = (struct counter *)(void *)sink;

    if (sample->type == SAMPLE_NONE && status_is_good(sample->status)) {
        abort();
    }
    if (counter->emits++ % 3 == 2) {
        return false;
    }
    counter->samples++;
    return true;
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    if (rejection->reason[0] == '\0') {
        abort();
    }
    ((struct counter *)(void *)sink)->rejections++;
}

static uint32_t instance(struct driver_sink *sink, uint32_t point_id, const char *name)
{
    (void)sink;
    if (strlen(name) >= SPARKPLUG_POINT_NAME_MAX || strpbrk(name, "{}\n") != NULL) {
        abort();
    }
    return point_id + 100;
}

static void tell(struct driver_sink *sink, const struct event *event)
{
    (void)sink;
    if (event->count == 0 || event->count > 255) {
        abort();
    }
}

static void deliver(struct sparkplug *sparkplug, const struct mqtt_subscription *plan, uint8_t kind,
                    const uint8_t *bytes, size_t size)
{
    static const char *const topics[] = {
        "spBv1.0/g/NBIRTH/n",  "spBv1.0/g/NDATA/n",    "spBv1.0/g/NDEATH/n", "spBv1.0/g/DBIRTH/n/d",
        "spBv1.0/g/DDATA/n/d", "spBv1.0/g/DDEATH/n/d", "spBv1.0/g/NBIRTH/m", "spBv1.0/g/DBIRTH/n/e",
    };
    const char *topic = topics[kind % 8];
    struct counter counter = {
        .sink = {.emit = emit, .reject = reject, .instance = instance, .tell = tell}};
    void *payload = malloc(size > 0 ? size : 1); /* reading on is noticed */
    struct mqtt_message message = {.topic = topic,
                                   .topic_size = strlen(topic),
                                   .payload = payload,
                                   .payload_size = size,
                                   .retained = (kind & 8) != 0,
                                   .repeated = (kind & 16) != 0,
                                   .received_ns = NS_PER_S};
    size_t taken = 0;

    if (payload == NULL) {
        return;
    }
    memcpy(payload, bytes, size);
    while (!sparkplug_deliver(sparkplug, plan, &message, &taken, &counter.sink)) {
    }
    if (taken != counter.samples || counter.rejections > 1 || sparkplug->begun) {
        abort();
    }
    if ((kind & 32) != 0) {
        sparkplug_disconnected(sparkplug);
    }
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct sparkplug sparkplug;
    struct mqtt_rule rules[2] = {
        {.name = "{group}/{node}/{device}/{metric}", .is_template = true, .path = {.text = ""}},
        {.name = "plain", .point_id = 1, .path = {.text = "d/p"}, .next = &rules[0]}};
    struct mqtt_subscription plan = {.payload = MQTT_PAYLOAD_SPARKPLUG, .first = &rules[1]};

    while (size_bytes >= 3) {
        size_t size = (size_t)bytes[1] << 8 | bytes[2];

        size = size < size_bytes - 3 ? size : size_bytes - 3;
        deliver(&sparkplug, &plan, bytes[0], bytes + 3, size);
        bytes += 3 + size;
        size_bytes -= 3 + size;
    }
    sparkplug_births_deinit(&sparkplug.births);
    sparkplug.begun = false;
    return 0;
}
