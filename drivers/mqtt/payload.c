#include "drivers/mqtt/payload.h"

#include "drivers/mqtt/lines.h"

#include <stdarg.h>
#include <string.h>

/** One call of mqtt_payload_deliver(). */
struct work {
    const struct mqtt_message *message;
    struct driver_sink *sink;
    char *scratch;
    size_t taken_before; /* samples that the sink took at earlier calls */
    size_t count;        /* samples so far, taken now or before */
    bool full;           /* the sink had no room */
    bool json_tried, json_good;
    struct mqtt_json document;
    unsigned faults;
    char reason[200];
};

PRINTF_LIKE(2, 3)
static void fault(struct work *work, const char *format, ...)
{
    va_list arguments;

    if (work->faults++ == 0) { /* M2: the first reason stands for the message */
        va_start(arguments, format);
        (void)vsnprintf(work->reason, sizeof(work->reason), format, arguments);
        va_end(arguments);
    }
}

static void convert_fault(struct work *work, const struct mqtt_rule *rule, struct mqtt_slice text,
                          const char *why)
{
    int shown = text.size > 40 ? 40 : (int)text.size;
    const char *where = rule->property != NULL ? rule->property : rule->path.text;

    fault(work, "%s%.80s%s'%.*s' %s", rule->property != NULL ? "property " : "", where,
          where[0] != '\0' ? ": " : "", shown, text.bytes, why);
}

static bool convert_json(struct work *work, const struct mqtt_rule *rule,
                         const struct mqtt_json *value, struct sample *sample)
{
    const struct mqtt_scalar *converter = &mqtt_scalars[rule->type];
    struct mqtt_slice text = {value->bytes, value->size};
    const char *why;

    if ((converter->kinds & 1U << value->kind) == 0) {
        fault(work, "%.80s%sexpected %s, got %s", rule->path.text,
              rule->path.text[0] != '\0' ? ": " : "", converter->wanted,
              mqtt_json_kind_name(value->kind));
        return false;
    }
    if (value->kind == MQTT_JSON_STRING &&
        !mqtt_json_text(value, work->scratch, MQTT_TEXT_MAX, &text.bytes, &text.size)) {
        convert_fault(work, rule, text, "is half a surrogate pair or longer than 16 KiB");
        return false;
    }
    why = converter->convert(text, sample);
    if (why != NULL) {
        convert_fault(work, rule, text, why);
    }
    return why == NULL;
}

/** The whole payload, or a user property. */
static bool convert_raw(struct work *work, const struct mqtt_rule *rule, struct mqtt_slice text,
                        struct sample *sample)
{
    const char *why;

    if (rule->type != MQTT_VALUE_TEXT) { /* numbers come with line ends and padding */
        while (text.size > 0 && strchr(" \t\r\n", text.bytes[text.size - 1]) != NULL) {
            text.size--;
        }
        while (text.size > 0 && strchr(" \t\r\n", text.bytes[0]) != NULL) {
            text.bytes++;
            text.size--;
        }
    }
    why = mqtt_scalars[rule->type].convert(text, sample);
    if (why != NULL) {
        convert_fault(work, rule, text, why);
    }
    return why == NULL;
}

static int64_t whole_ms(int64_t ns)
{
    return ns - ns % NS_PER_MS;
}

/** Give the sample its point and hand it over. false: no room. */
static bool put(struct work *work, uint32_t point_id, int64_t time_ns, struct sample *sample)
{
    if (work->count < work->taken_before) { /* M5 */
        work->count++;
        return true;
    }
    sample->point_id = point_id;
    sample->time_ns = time_ns;
    sample->received_ns = whole_ms(work->message->received_ns);
    sample->status = work->message->retained ? STATUS_UNCERTAIN_LAST_USABLE : STATUS_GOOD; /* M3 */
    if (!driver_emit(work->sink, sample)) {
        work->full = true;
        return false;
    }
    work->count++;
    return true;
}

/** The point that the samples of this rule carry, made from its template where it is one. */
static bool find_point(struct work *work, const struct mqtt_subscription *subscription,
                       const struct mqtt_rule *rule, const struct mqtt_match *match,
                       uint32_t *point_id)
{
    char name[MQTT_NAME_MAX];

    *point_id = rule->point_id;
    if (!rule->is_template) {
        return true;
    }
    if (!mqtt_name_expand(rule->name, &subscription->topic, match, name, sizeof(name))) {
        fault(work, "%.80s: the name from this topic is too long or holds a control character",
              rule->name);
        return false;
    }
    *point_id = work->sink->instance(work->sink, rule->point_id, name);
    if (*point_id == DRIVER_NO_INSTANCE) {
        fault(work, "%.80s: no room for another point", name);
        return false;
    }
    return true;
}

/** The payload as JSON, parsed at first need. */
static bool has_document(struct work *work)
{
    const char *problem;
    size_t offset;

    if (!work->json_tried) {
        work->json_tried = true;
        work->json_good = mqtt_json_document(work->message->payload, work->message->payload_size,
                                             &work->document, &problem, &offset);
        if (!work->json_good) {
            fault(work, "not JSON: %s at byte %zu", problem, offset);
        }
    }
    return work->json_good;
}

/** M4, of a user property. */
static bool find_stamp_property(struct work *work, const struct mqtt_subscription *subscription,
                                int64_t *time_ns)
{
    struct mqtt_slice text;

    if (!mqtt_property_find(work->message->properties, subscription->time_property, &text)) {
        fault(work, "time.property %.80s: the message has none", subscription->time_property);
        return false;
    }
    if (!mqtt_stamp_parse(subscription->time_format, text.bytes, text.size, time_ns)) {
        fault(work, "time.property %.80s: '%.*s' is not a time of the configured format",
              subscription->time_property, text.size > 40 ? 40 : (int)text.size, text.bytes);
        return false;
    }
    return true;
}

/** The message's stamp, beside the value in `element` or in the document (NULL). M4 */
static bool find_stamp(struct work *work, const struct mqtt_subscription *subscription,
                       const struct mqtt_json *element, int64_t *time_ns)
{
    const struct mqtt_path *path = &subscription->time_path;
    struct mqtt_json value;
    struct mqtt_slice text;
    char scratch[64];

    if (!subscription->has_time) {
        *time_ns = whole_ms(work->message->received_ns);
        return true;
    }
    if (subscription->time_property != NULL) {
        return find_stamp_property(work, subscription, time_ns);
    }
    if (!has_document(work)) {
        return false;
    }
    if (element != NULL ? !mqtt_path_find_in_element(path, element, &value)
                        : !mqtt_path_find(path, &work->document, &value)) {
        fault(work, "time.path %.80s: not in the payload", path->text);
        return false;
    }
    text = (struct mqtt_slice){value.bytes, value.size};
    if ((value.kind != MQTT_JSON_NUMBER && value.kind != MQTT_JSON_STRING) ||
        (value.kind == MQTT_JSON_STRING &&
         !mqtt_json_text(&value, scratch, sizeof(scratch), &text.bytes, &text.size)) ||
        !mqtt_stamp_parse(subscription->time_format, text.bytes, text.size, time_ns)) {
        fault(work, "time.path %.80s: '%.*s' is not a time of the configured format", path->text,
              value.size > 40 ? 40 : (int)value.size, value.bytes);
        return false;
    }
    return true;
}

static void missing(struct work *work, const struct mqtt_rule *rule)
{
    fault(work, "%.80s: not in the payload", rule->path.text);
}

/** A reading from each element of an array. false: no room. */
static bool deliver_each(struct work *work, const struct mqtt_subscription *subscription,
                         const struct mqtt_rule *rule, uint32_t point_id)
{
    struct mqtt_json array;
    struct mqtt_json element;
    const char *at = NULL;

    if (!has_document(work)) {
        return true;
    }
    if (!mqtt_path_find(&rule->path, &work->document, &array) || array.kind != MQTT_JSON_ARRAY) {
        fault(work, "%.80s: there is no array in the payload", rule->path.text);
        return true;
    }
    while (mqtt_json_next(&array, &at, &element)) {
        struct sample sample = {0};
        struct mqtt_json value;
        int64_t time_ns;

        if (!mqtt_path_find_in_element(&rule->path, &element, &value)) {
            missing(work, rule);
        } else if (find_stamp(work, subscription, &element, &time_ns) &&
                   convert_json(work, rule, &value, &sample) &&
                   !put(work, point_id, time_ns, &sample)) {
            return false;
        }
    }
    return true;
}

static bool deliver_one(struct work *work, const struct mqtt_subscription *subscription,
                        const struct mqtt_rule *rule, uint32_t point_id)
{
    struct mqtt_slice text = {work->message->payload, work->message->payload_size};
    struct sample sample = {0};
    struct mqtt_json value;
    int64_t time_ns;

    if (!find_stamp(work, subscription, NULL, &time_ns)) {
        return true;
    }
    if (rule->property != NULL) {
        if (!mqtt_property_find(work->message->properties, rule->property, &text)) {
            fault(work, "property %.80s: the message has none", rule->property);
            return true;
        }
        return !convert_raw(work, rule, text, &sample) || put(work, point_id, time_ns, &sample);
    }
    if (subscription->payload == MQTT_PAYLOAD_RAW) {
        return !convert_raw(work, rule, text, &sample) || put(work, point_id, time_ns, &sample);
    }
    if (!has_document(work)) {
        return true;
    }
    if (!mqtt_path_find(&rule->path, &work->document, &value)) {
        missing(work, rule);
        return true;
    }
    return !convert_json(work, rule, &value, &sample) || put(work, point_id, time_ns, &sample);
}

/** What the text says by its format; all of it stays the message where it does not have it. */
static void take_apart(struct work *work, struct line_format *format, struct mqtt_line *line,
                       struct line_parts *parts)
{
    if (!line_format_parse_record(format, line->text.bytes, line->text.size, line->time_ns,
                                  parts)) {
        members_raw(&parts->members, ",\"unparsed\":true");
        fault(work, "log.format: the text does not have it");
    }
    line->parts = parts;
    line->text = (struct mqtt_slice){parts->message.bytes, parts->message.size_bytes};
    line->severity = parts->severity;
    line->time_ns = parts->time_ns;
}

/** The message as a line of a log. false: no room. */
static bool deliver_line(struct work *work, const struct mqtt_subscription *subscription,
                         const struct mqtt_match *match)
{
    const struct mqtt_line_paths *paths = subscription->line;
    struct mqtt_line line = {.message = work->message,
                             .topic = &subscription->topic,
                             .match = match,
                             .text = {work->message->payload, work->message->payload_size},
                             .severity = LOG_SEVERITY_UNKNOWN};
    struct line_parts parts;
    struct mqtt_json value;

    if (paths->has_message) {
        if (!has_document(work)) {
            return true;
        }
        if (!mqtt_path_find(&paths->message, &work->document, &value)) {
            fault(work, "log.message %.80s: not in the payload", paths->message.text);
            return true;
        }
        line.document = &work->document;
        line.is_escaped = value.kind == MQTT_JSON_STRING;
        line.text = line.is_escaped ? (struct mqtt_slice){value.bytes + 1, value.size - 2}
                                    : (struct mqtt_slice){value.bytes, value.size};
    }
    while (!line.is_escaped && line.text.size > 0 &&
           (line.text.bytes[line.text.size - 1] == '\n' ||
            line.text.bytes[line.text.size - 1] == '\r')) {
        line.text.size--;
    }
    line.time_ns = whole_ms(work->message->received_ns);
    if (paths->format != NULL) {
        take_apart(work, paths->format, &line, &parts);
    }
    if (paths->has_severity && mqtt_path_find(&paths->severity, &work->document, &value)) {
        line.severity = mqtt_line_severity(&value);
    }
    if (subscription->has_time) {
        (void)find_stamp(work, subscription, NULL, &line.time_ns); /* M6 */
    }
    work->full =
        !mqtt_line_deliver(&line, work->taken_before, &work->count, work->scratch, work->sink);
    return !work->full;
}

/** false: no room. */
static bool deliver_subscription(struct work *work, const struct mqtt_subscription *subscription,
                                 const struct mqtt_match *match)
{
    if (subscription->payload == MQTT_PAYLOAD_LOG) {
        return deliver_line(work, subscription, match);
    }
    for (const struct mqtt_rule *rule = subscription->first; rule != NULL; rule = rule->next) {
        uint32_t point_id;
        bool room = true;

        if (!find_point(work, subscription, rule, match, &point_id)) {
            continue;
        }
        if (mqtt_path_has_each(&rule->path)) {
            room = deliver_each(work, subscription, rule, point_id);
        } else {
            room = deliver_one(work, subscription, rule, point_id);
        }
        if (!room) {
            return false;
        }
    }
    return true;
}

static void reject(const struct work *work)
{
    char topic[1024];
    size_t shown = work->message->topic_size < sizeof(topic) - 1 ? work->message->topic_size
                                                                 : sizeof(topic) - 1;
    struct driver_rejection rejection = {
        .received_ns = work->message->received_ns,
        .source = topic,
        .reason = work->reason,
        .payload = work->message->payload,
        .payload_bytes = work->message->payload_size,
    };

    memcpy(topic, work->message->topic, shown);
    topic[shown] = '\0';
    work->sink->reject(work->sink, &rejection);
}

bool mqtt_is_meant_for(const struct mqtt_message *message,
                       const struct mqtt_subscription *subscription)
{
    size_t i = 0;

    while (i < message->identifier_count && message->identifiers[i] != subscription->identifier) {
        i++;
    }
    return message->identifier_count == 0 || i < message->identifier_count;
}

bool mqtt_payload_deliver(const struct mqtt_subscription *subscriptions,
                          const struct mqtt_message *message, size_t *taken_count, char *scratch,
                          struct driver_sink *sink)
{
    struct work work = {
        .message = message, .sink = sink, .scratch = scratch, .taken_before = *taken_count};
    bool matched = false;

    for (const struct mqtt_subscription *one = subscriptions; one != NULL; one = one->next) {
        struct mqtt_match match;

        if (!mqtt_is_meant_for(message, one) ||
            !mqtt_topic_match(&one->topic, message->topic, message->topic_size, &match)) {
            continue;
        }
        matched = true; /* M1: go on to the others */
        if (!deliver_subscription(&work, one, &match)) {
            break;
        }
    }
    *taken_count = work.count > *taken_count ? work.count : *taken_count;
    if (work.full) {
        return false;
    }
    if (!matched) {
        fault(&work, "no subscription has this topic");
    }
    if (work.faults > 0) {
        reject(&work);
    }
    return true;
}
