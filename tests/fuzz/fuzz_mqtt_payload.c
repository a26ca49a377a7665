/* tests/fuzz/fuzz_mqtt_payload.c - any bytes as an MQTT message. Up to the first byte 00 they are
 * the topic, then the payload, which is also the value of its user property "p". Delivering must
 * end with samples or one rejection, and say the same when it is repeated.
 *
 * Parser: drivers/mqtt/json.c drivers/mqtt/json_text.c drivers/mqtt/payload.c
 * drivers/mqtt/properties.c drivers/mqtt/scalar.c
 */
#include "drivers/mqtt/lines.h"
#include "drivers/mqtt/payload.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct counter {
    struct driver_sink sink; /* first: the callbacks find the rest */
    size_t samples, rejections;
};

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    if (sample->type == SAMPLE_NONE) {
        abort();
    }
    ((struct counter *)(void *)sink)->samples++;
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
    return strlen(name) < MQTT_NAME_MAX ? point_id + 100 : DRIVER_NO_INSTANCE;
}

static bool line(struct driver_sink *sink, const struct driver_line *line)
{
    if (line->record.message.size_bytes > LOG_MESSAGE_MAX ||
        line->record.fields.size_bytes > LOG_FIELDS_MAX) {
        abort();
    }
    ((struct counter *)(void *)sink)->samples++;
    return true;
}

static void make_rule(struct mqtt_rule *rule, const char *name, const char *path,
                      enum mqtt_value_type type, struct mqtt_rule *next)
{
    *rule = (struct mqtt_rule){
        .next = next, .name = name, .is_template = mqtt_name_is_template(name), .type = type};
    if (mqtt_path_compile(path, &rule->path, NULL) != ERROR_OK) {
        abort();
    }
}

static void make_subscription(struct mqtt_subscription *made, const char *topic,
                              const char *time_path, struct mqtt_rule *rules, struct arena *arena)
{
    *made = (struct mqtt_subscription){.has_time = time_path != NULL, .first = rules};
    if (mqtt_topic_compile(topic, arena, &made->topic, NULL) != ERROR_OK ||
        mqtt_path_compile(time_path != NULL ? time_path : "", &made->time_path, NULL) != ERROR_OK) {
        abort();
    }
}

/** A log of JSON on l/x, of text with a format on t/x. */
static void make_log(struct mqtt_subscription *made, struct mqtt_line_paths *paths,
                     const char *topic)
{
    static struct line_format format = {.kind = LINE_FORMAT_SYSLOG_5424};

    paths->format = topic[0] == 't' ? &format : NULL;
    made->payload = MQTT_PAYLOAD_LOG;
    made->line = paths;
    paths->has_message = paths->has_severity = topic[0] == 'l';
    if (mqtt_path_compile("m", &paths->message, NULL) != ERROR_OK ||
        mqtt_path_compile("s", &paths->severity, NULL) != ERROR_OK) {
        abort();
    }
}

/** JSON fields of every type; an array of readings with ISO times; raw text; logs; properties. */
static void make_plan(struct mqtt_subscription plan[6], struct mqtt_rule rules[7],
                      struct mqtt_line_paths paths[2], struct arena *arena)
{
    make_rule(&rules[3], "{m}-b", "b", MQTT_VALUE_BOOL, NULL);
    make_rule(&rules[2], "s", "x.s", MQTT_VALUE_TEXT, &rules[3]);
    make_rule(&rules[1], "i", "x.i[1]", MQTT_VALUE_INT, &rules[2]);
    make_rule(&rules[0], "d", "d", MQTT_VALUE_DOUBLE, &rules[1]);
    make_rule(&rules[4], "v", "a[].v", MQTT_VALUE_DOUBLE, NULL);
    make_rule(&rules[5], "raw", "", MQTT_VALUE_TEXT, NULL);
    make_subscription(&plan[0], "j/{m}", NULL, &rules[0], arena);
    make_subscription(&plan[1], "+/+/a", "a[].t", &rules[4], arena);
    make_subscription(&plan[2], "r/#", NULL, &rules[5], arena);
    plan[1].time_format = MQTT_STAMP_ISO8601;
    plan[2].payload = MQTT_PAYLOAD_RAW;
    plan[0].next = &plan[1];
    plan[1].next = &plan[2];
    make_subscription(&plan[3], "l/{m}", NULL, NULL, arena);
    make_subscription(&plan[4], "t/#", NULL, NULL, arena);
    make_log(&plan[3], &paths[0], "l");
    make_log(&plan[4], &paths[1], "t");
    plan[2].next = &plan[3];
    plan[3].next = &plan[4];
    make_rule(&rules[6], "v", "", MQTT_VALUE_INT, NULL);
    rules[6].property = "p";
    make_subscription(&plan[5], "p/#", NULL, &rules[6], arena);
    plan[5].has_time = true;
    plan[5].time_property = "p";
    plan[4].next = &plan[5];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    const uint8_t *mark = size_bytes > 0 ? memchr(bytes, 0, size_bytes) : NULL;
    size_t topic_size = mark != NULL ? (size_t)(mark - bytes) : size_bytes;
    size_t payload_size = mark != NULL ? size_bytes - topic_size - 1 : 0;
    char *payload = malloc(payload_size > 0 ? payload_size : 1); /* reading on is noticed */
    static char scratch[MQTT_TEXT_MAX];
    static char name[] = "p";
    struct mqtt_subscription plan[6];
    struct mqtt_line_paths paths[2];
    struct mqtt_rule rules[7];
    MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    const MQTTProperties properties = {.count = 1, .array = &property};
    struct arena arena;
    size_t counts[2][2];

    if (payload == NULL) {
        return 0;
    }
    memcpy(payload, bytes + size_bytes - payload_size, payload_size);
    property.value.data = (MQTTLenString){.len = 1, .data = name};
    property.value.value = (MQTTLenString){.len = (int)payload_size, .data = payload};
    arena_init(&arena, 1 << 16);
    make_plan(plan, rules, paths, &arena);
    for (int i = 0; i < 2; i++) {
        struct counter counter = {
            .sink = {.emit = emit, .reject = reject, .instance = instance, .line = line}};
        const struct mqtt_message message = {.topic = (const char *)bytes,
                                             .topic_size = topic_size,
                                             .payload = payload,
                                             .payload_size = payload_size,
                                             .properties = &properties,
                                             .received_ns = NS_PER_S};
        size_t taken = 0;

        if (!mqtt_payload_deliver(plan, &message, &taken, scratch, &counter.sink) ||
            taken != counter.samples || counter.rejections > 1) {
            abort();
        }
        counts[i][0] = counter.samples;
        counts[i][1] = counter.rejections;
    }
    if (memcmp(counts[0], counts[1], sizeof(counts[0])) != 0) {
        abort();
    }
    arena_deinit(&arena);
    free(payload);
    return 0;
}
