#include "agent/local/write_request.h"

#include "agent/local/value_text.h"
#include "agent/local/write_audit.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITE_MAX_S = 10 };

/** One write, from the request to the answer; `errand` first: run() finds the rest. */
struct order {
    struct errand errand;
    const struct write_source *source;
    bool dry_run;
    char device[WRITE_NAME_SIZE];
    const char *point; /* behind the '/' in record.point */
    struct write_record record;
    struct driver_write write;
};

/** Refuse; the sentence goes into the record. */
static void refuse(struct order *order, const char *why)
{
    order->record.outcome = "refused";
    (void)snprintf(order->record.why, sizeof(order->record.why), "%s", why);
}

/** A limit that is NaN is no limit: every comparison with it is false. */
static bool check_limits(struct order *order, const struct config_point *point, double value)
{
    if (!(value < point->write_low || value > point->write_high)) {
        return true;
    }
    order->record.outcome = "refused";
    (void)snprintf(order->record.why, sizeof(order->record.why),
                   "%.10g is outside of %.10g to %.10g, what may be written", value,
                   point->write_low, point->write_high);
    return false;
}

/** W1 and W3: what is to be sent into order->write.value. false: refused. */
static bool make_value(struct order *order, struct config_device *device,
                       const struct config_point *point)
{
    const struct definition *definition = &point->definition;
    struct write_record *record = &order->record;
    struct sample *raw = &order->write.value;
    struct error error = {0};
    double asked;

    (void)snprintf(record->unit, sizeof(record->unit), "%s", definition->unit);
    if (!point->writable) {
        refuse(order, "the point is not marked writable in the configuration");
        return false;
    }
    if (value_text_parse(definition, record->asked, raw, &asked, &error) != ERROR_OK) {
        refuse(order, error.text);
        return false;
    }
    if (!check_limits(order, point, asked)) {
        return false;
    }
    if (device->driver->fit(device->state, point->driver.point_id, raw, &error) != ERROR_OK) {
        refuse(order, error.text);
        return false;
    }
    value_text_print(definition, raw, record->written, sizeof(record->written));
    /* Rounding may have left the limits; one step of the computation itself does not count. */
    return strcmp(record->written, record->asked) == 0 ||
           fabs(value_text_number(definition, raw) - asked) <= fabs(asked) * 1e-12 ||
           check_limits(order, point, value_text_number(definition, raw));
}

static const char *outcome_name(enum driver_write_outcome outcome)
{
    static const char *const names[] = {
        [DRIVER_WRITE_NONE] = "refused",    [DRIVER_WRITE_REFUSED] = "refused",
        [DRIVER_WRITE_UNKNOWN] = "unknown", [DRIVER_WRITE_DIFFERS] = "differs",
        [DRIVER_WRITE_DONE] = "done",
    };

    return names[outcome];
}

/** W2: the record before anything is sent. false: refused. */
static bool record_asked(struct order *order)
{
    const struct write_source *source = order->source;
    struct error error = {0};

    order->record.outcome = "asked";
    if (order->dry_run ||
        write_audit(source->store, source->clock, &order->record, &error) == ERROR_OK) {
        return true;
    }
    order->record.outcome = "refused";
    (void)snprintf(order->record.why, sizeof(order->record.why),
                   "nothing is written without a record of it: %s", error.text);
    return false;
}

static enum error_code run(struct errand *errand, struct config_device *device, const char *away,
                           struct error *error)
{
    struct order *order = (struct order *)(void *)errand;
    struct write_record *record = &order->record;
    struct driver_write *write = &order->write;
    const struct config_point *point = config_point_named(device, order->point);
    enum error_code code;

    if (point == NULL) {
        refuse(order, "the device has no such point");
        return ERROR_OK;
    }
    if (!make_value(order, device, point)) {
        return ERROR_OK;
    }
    if (away != NULL) {
        record->outcome = "refused";
        (void)snprintf(record->why, sizeof(record->why), "the device is away: %s", away);
        return ERROR_OK;
    }
    if (!record_asked(order)) {
        return ERROR_OK;
    }
    write->clock = order->source->clock;
    write->deadline_ns = clock_monotonic_ns(write->clock) + WRITE_MAX_S * NS_PER_S;
    write->point_id = point->driver.point_id;
    write->only_look = order->dry_run;
    code = device->driver->write(device->state, write, error);
    value_text_print(&point->definition, &write->before, record->old, sizeof(record->old));
    value_text_print(&point->definition, &write->after, record->read_back,
                     sizeof(record->read_back));
    record->outcome = order->dry_run && code == ERROR_OK && write->reason[0] == '\0'
                          ? "would"
                          : outcome_name(write->outcome);
    (void)snprintf(record->why, sizeof(record->why), "%s",
                   code != ERROR_OK ? error->text : write->reason);
    return code;
}

/** "now press-3/speed 12.5". false: it is not that. */
static bool parse(struct order *order, const char *arguments)
{
    struct write_record *record = &order->record;
    size_t mode = strcspn(arguments, " ");
    const char *name = arguments + mode + (arguments[mode] == ' ');
    size_t length = strcspn(name, " ");
    const char *slash;

    order->dry_run = mode == strlen("dry-run") && memcmp(arguments, "dry-run", mode) == 0;
    if ((!order->dry_run && (mode != strlen("now") || memcmp(arguments, "now", mode) != 0)) ||
        length == 0 || length >= sizeof(record->point) || name[length] == '\0') {
        return false;
    }
    (void)snprintf(record->point, sizeof(record->point), "%.*s", (int)length, name);
    (void)snprintf(record->asked, sizeof(record->asked), "%s", name + length + 1);
    slash = strchr(record->point, '/');
    if (slash == NULL) {
        return false;
    }
    (void)snprintf(order->device, sizeof(order->device), "%.*s", (int)(slash - record->point),
                   record->point);
    order->point = slash + 1;
    return true;
}

static void carry_out(struct order *order)
{
    enum errand_end end;

    if (!order->source->enabled) {
        refuse(order, "writes are off on this gateway; they are switched on in its own "
                      "configuration, with writes: { enabled: true }");
        return;
    }
    order->errand.run = run;
    end = errand_ask(order->source->errands, order->device, &order->errand,
                     ERRAND_BEGIN_MAX_S * NS_PER_S);
    if (end != ERRAND_RAN) {
        refuse(order, errand_end_sentence(end));
    }
}

/** W2: how it ended. */
static void record_end(struct order *order)
{
    struct write_record *record = &order->record;
    struct error error = {0};
    size_t length;

    log_info("write", "point=%s uid=%u pid=%d outcome=%s", record->point, record->who.uid,
             record->who.pid, record->outcome);
    if (write_audit(order->source->store, order->source->clock, record, &error) == ERROR_OK) {
        return;
    }
    log_error("write-not-recorded", "point=%s error=\"%s\"", record->point, error.text);
    length = strlen(record->why);
    (void)snprintf(record->why + length, sizeof(record->why) - length,
                   "%sthe record of how it ended could not be stored", length > 0 ? "; " : "");
}

static void answer(struct local_peer *peer, const char *text)
{
    (void)local_peer_send(peer, text, strlen(text)); /* a peer that left needs none */
}

void write_request_serve(const struct write_source *source, const char *arguments,
                         struct local_peer *peer)
{
    CLEANUP(cleanup_free) struct order *order = calloc(1, sizeof(*order));
    CLEANUP(cleanup_free) char *text = NULL;

    if (order == NULL) {
        answer(peer, "{\"error\":\"no memory for a write; nothing is written\"}");
        return;
    }
    order->source = source;
    if (!parse(order, arguments)) {
        answer(peer, "{\"error\":\"not a write: DEVICE/POINT VALUE are wanted\"}");
        return;
    }
    if (!local_peer_identity(peer, &order->record.who)) {
        answer(peer, "{\"error\":\"the kernel does not say who asks; nothing is written\"}");
        return;
    }
    if (local_peer_become_stream(peer)) {
        carry_out(order);
    } else {
        refuse(order, "the agent is busy with other commands; try again");
    }
    if (!order->dry_run) {
        record_end(order);
    }
    text = write_record_json(&order->record, WRITE_TEXT_SIZE);
    answer(peer, text != NULL ? text : "{\"error\":\"no memory for the answer\"}");
}
