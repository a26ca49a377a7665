#include "agent/collect/fleet.h"

#include "agent/journal.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 50, STOP_MAX_S = 15 };

static int64_t now_ns(const struct fleet *fleet)
{
    return clock_monotonic_ns(fleet->settings.clock);
}

/** The new configuration's device that may go on as `old`, or NULL. */
static struct config_device **same_device(const struct config_device *old, struct config *config)
{
    for (size_t i = 0; i < config->device_count; i++) {
        struct config_device *device = config->devices[i];

        if (device != NULL && strcmp(device->name, old->name) == 0 &&
            memcmp(device->fingerprint, old->fingerprint, sizeof(old->fingerprint)) == 0) {
            return &config->devices[i];
        }
    }
    return NULL;
}

static void remove_at(struct fleet *fleet, size_t index)
{
    fleet->running[index] = fleet->running[--fleet->count];
}

enum outcome { ENDED, STUCK, INTERRUPTED };

/** Wait for the collector; a driver comes back by its deadline, so the limit is never met unless a
 *  driver breaks rule D4, or the disk hangs. */
static enum outcome wait_for(struct fleet *fleet, struct collector *collector, fleet_tick *tick,
                             void *context)
{
    int64_t deadline_ns = now_ns(fleet) + STOP_MAX_S * NS_PER_S;

    while (!collector_join(collector, now_ns(fleet) + SLICE_MS * NS_PER_MS)) {
        if (now_ns(fleet) > deadline_ns) {
            log_error("device-stuck", "device=%s", collector_device(collector)->name);
            return STUCK;
        }
        if (!tick(context)) {
            return INTERRUPTED;
        }
    }
    return ENDED;
}

/** From when on a device's readings are missing, since nobody wants them any more. */
static void tell_removed(struct fleet *fleet, const char *name)
{
    const struct event event = {
        .kind = "config",
        .subject = "removed",
        .reason = "the device was taken out of the configuration, or disabled",
        .detail = name,
        .from_ns = clock_utc_ns(fleet->settings.clock),
    };

    journal_append(fleet->settings.store, fleet->settings.clock, &event);
}

static bool has_device(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->device_count; i++) {
        if (config->devices[i] != NULL && strcmp(config->devices[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/** Stop what the configuration no longer has as it is; drop from the configuration what goes on. */
static void stop_changed(struct fleet *fleet, struct config *config, struct fleet_change *change,
                         fleet_tick *tick, void *context)
{
    size_t kept = 0;

    for (size_t i = 0; i < fleet->count; i++) {
        struct config_device **same = same_device(collector_device(fleet->running[i]), config);

        if (same == NULL) {
            collector_ask_to_stop(fleet->running[i]);
        } else { /* to the front: those behind are stopping */
            struct collector *collector = fleet->running[i];

            config_device_free(*same);
            *same = NULL;
            fleet->running[i] = fleet->running[kept];
            fleet->running[kept++] = collector;
        }
    }
    change->kept = kept;
    while (fleet->count > kept) {
        struct collector *collector = fleet->running[fleet->count - 1];
        char name[STATUS_NAME_SIZE];
        enum outcome outcome;

        (void)snprintf(name, sizeof(name), "%s", collector_device(collector)->name); /* fits */
        outcome = wait_for(fleet, collector, tick, context);
        if (outcome == INTERRUPTED) {
            change->interrupted = true;
            return;
        }
        if (!has_device(config, name)) {
            tell_removed(fleet, name);
        }
        fleet->abandoned += outcome == STUCK;
        remove_at(fleet, fleet->count - 1);
        change->stopped++;
    }
}

static bool has_room(struct fleet *fleet, size_t extra)
{
    size_t capacity = fleet->count + extra;
    struct collector **grown;

    if (capacity <= fleet->capacity) {
        return true;
    }
    grown = realloc(fleet->running, capacity * sizeof(struct collector *));
    if (grown == NULL) {
        return false;
    }
    fleet->running = grown;
    fleet->capacity = capacity;
    return true;
}

struct fleet_change fleet_apply(struct fleet *fleet, struct config *config, fleet_tick *tick,
                                void *context)
{
    struct fleet_change change = {0};

    fleet->settings.links = &fleet->links;
    stop_changed(fleet, config, &change, tick, context);
    if (change.interrupted) {
        return change;
    }
    if (!has_room(fleet, config->device_count)) {
        log_error("no-memory", "devices=%zu", config->device_count);
        change.failed = config->device_count;
        return change;
    }
    for (size_t i = 0; i < config->device_count; i++) {
        struct error error;

        if (config->devices[i] == NULL) {
            continue;
        }
        /* After a reload two may have one rank: they begin in the same millisecond. */
        if (collector_start(&fleet->settings, config->devices[i], (uint32_t)fleet->count,
                            &fleet->running[fleet->count], &error) != ERROR_OK) {
            log_error("device-not-started", "device=%s error=\"%s\"", config->devices[i]->name,
                      error.text);
            change.failed++;
            continue;
        }
        config->devices[i] = NULL; /* taken */
        fleet->count++;
        change.started++;
    }
    return change;
}

size_t fleet_stop(struct fleet *fleet, int64_t deadline_ns)
{
    for (size_t i = 0; i < fleet->count; i++) {
        collector_ask_to_stop(fleet->running[i]);
    }
    for (size_t i = fleet->count; i-- > 0;) {
        if (collector_join(fleet->running[i], deadline_ns)) {
            remove_at(fleet, i);
        } else {
            log_warning("device-left-behind", "device=%s",
                        collector_device(fleet->running[i])->name);
        }
    }
    return fleet->count + fleet->abandoned;
}

void fleet_deinit(struct fleet *fleet)
{
    free(fleet->running);
    *fleet = (struct fleet){0};
}
