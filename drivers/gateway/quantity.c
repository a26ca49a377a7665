#include "drivers/gateway/quantity.h"

#include "drivers/gateway/text_file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { FILE_SIZE = 4096, KIB = 1024 };

void quantity_fail(struct quantity_value *value, enum status_code status, const char *format, ...)
{
    va_list arguments;

    *value = (struct quantity_value){.status = (uint32_t)status, .type = SAMPLE_NONE};
    va_start(arguments, format);
    (void)vsnprintf(value->problem, sizeof(value->problem), format, arguments); /* cut */
    va_end(arguments);
}

void quantity_set_integer(struct quantity_value *value, int64_t integer)
{
    *value = (struct quantity_value){.type = SAMPLE_INT, .integer = integer};
}

void quantity_set_real(struct quantity_value *value, double real)
{
    *value = (struct quantity_value){.type = SAMPLE_DOUBLE, .real = real};
}

/** false: failed, and said so. */
static bool read_file(const struct quantity_look *look, const char *path, char text[FILE_SIZE])
{
    int problem = text_file_read(look->root, path, text, FILE_SIZE);

    if (problem != 0) {
        quantity_fail(look->value, STATUS_BAD_DEVICE_FAILURE, "cannot read /%s: %s", path,
                      strerrordesc_np(problem));
    }
    return problem == 0;
}

static void fail_form(const struct quantity_look *look, const char *path)
{
    quantity_fail(look->value, STATUS_BAD_DEVICE_FAILURE, "/%s has not the form it should have",
                  path);
}

/** The kernel's count of waiting may go back a little, so that busy grows by more than all. */
static void set_busy(const struct quantity_look *look, uint64_t busy, uint64_t total)
{
    struct quantity_ticks *ticks = look->ticks;
    uint64_t passed = total - ticks->total;
    uint64_t worked = busy > ticks->busy ? busy - ticks->busy : 0;

    if (total <= ticks->total) { /* within one tick of the last reading */
        quantity_set_real(look->value, ticks->percent);
        look->value->status = (uint32_t)STATUS_UNCERTAIN_LAST_USABLE;
        return;
    }
    ticks->percent = worked >= passed ? 100 : 100.0 * (double)worked / (double)passed;
    ticks->busy = busy;
    ticks->total = total;
    quantity_set_real(look->value, ticks->percent);
}

/** proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; the guests' time is in
 *  user's. The first reading tells the time since the machine started. */
static void read_busy(const struct quantity_look *look, unsigned which)
{
    enum { COLUMNS = 8, IDLE = 3, WAITING = 4 };
    uint64_t total = 0, idle = 0, busy;
    char text[FILE_SIZE];
    char *at = text + 4, *end;

    (void)which;
    if (!read_file(look, "proc/stat", text)) {
        return;
    }
    if (strncmp(text, "cpu ", 4) != 0) {
        fail_form(look, "proc/stat");
        return;
    }
    for (unsigned i = 0; i < COLUMNS; i++, at = end) {
        uint64_t ticks = strtoull(at, &end, 10);

        total += ticks;
        idle += i == IDLE || i == WAITING ? ticks : 0;
    }
    busy = total - idle;
    set_busy(look, busy, total);
}

static void read_load(const struct quantity_look *look, unsigned which)
{
    char text[FILE_SIZE];
    double load = 0;
    char *at = text;

    if (!read_file(look, "proc/loadavg", text)) {
        return;
    }
    for (unsigned i = 0; i <= which; i++) {
        char *end;

        load = strtod(at, &end);
        if (end == at) {
            fail_form(look, "proc/loadavg");
            return;
        }
        at = end;
    }
    quantity_set_real(look->value, load);
}

static void read_memory(const struct quantity_look *look, unsigned which)
{
    uint64_t total_kib, available_kib;
    char text[FILE_SIZE];

    if (!read_file(look, "proc/meminfo", text)) {
        return;
    }
    if (!text_file_field(text, "MemTotal", &total_kib) ||
        !text_file_field(text, "MemAvailable", &available_kib) || total_kib == 0 ||
        available_kib > total_kib) {
        fail_form(look, "proc/meminfo");
    } else if (which == 0) {
        quantity_set_integer(look->value, (int64_t)(available_kib * KIB));
    } else {
        quantity_set_real(look->value,
                          100.0 * (double)(total_kib - available_kib) / (double)total_kib);
    }
}

static void read_agent_memory(const struct quantity_look *look, unsigned which)
{
    char text[FILE_SIZE];
    uint64_t kib;

    (void)which;
    if (!read_file(look, "proc/self/status", text)) {
        return;
    }
    if (!text_file_field(text, "VmRSS", &kib)) {
        fail_form(look, "proc/self/status");
        return;
    }
    quantity_set_integer(look->value, (int64_t)(kib * KIB));
}

static void read_uptime(const struct quantity_look *look, unsigned which)
{
    char text[FILE_SIZE];
    char *end;
    long long seconds;

    (void)which;
    if (!read_file(look, "proc/uptime", text)) {
        return;
    }
    seconds = strtoll(text, &end, 10);
    if (end == text || seconds < 0) {
        fail_form(look, "proc/uptime");
        return;
    }
    quantity_set_integer(look->value, seconds);
}

static void fail_alone(const struct quantity_look *look)
{
    quantity_fail(look->value, STATUS_BAD_NO_COMMUNICATION, "only the running agent knows that");
}

/** As df(1) has it: what root keeps for itself is neither used nor free. */
static void read_disk(const struct quantity_look *look, unsigned which)
{
    char path[PATH_MAX];
    struct statvfs about;
    double used, usable;

    if (strcmp(look->item, "queue") == 0) {
        if (look->facts == NULL) {
            fail_alone(look);
            return;
        }
        (void)snprintf(path, sizeof(path), "%s", look->facts->queue_path); /* it was opened */
    } else if (snprintf(path, sizeof(path), "%s%s", look->root, look->item) >= (int)sizeof(path)) {
        quantity_fail(look->value, STATUS_BAD_NODE_ID_UNKNOWN, "the folder's name is too long");
        return;
    }
    if (statvfs(path, &about) != 0) {
        quantity_fail(look->value, STATUS_BAD_DEVICE_FAILURE,
                      "cannot tell the room on the file system of %.120s: %s", path,
                      strerrordesc_np(errno));
        return;
    }
    used = (double)(about.f_blocks - about.f_bfree);
    usable = used + (double)about.f_bavail;
    if (which == 0) {
        quantity_set_integer(look->value, (int64_t)((uint64_t)about.f_bavail * about.f_frsize));
    } else {
        quantity_set_real(look->value, usable > 0 ? 100 * used / usable : 0);
    }
}

int64_t quantity_clock_offset_us(const struct timex *state)
{
    return (state->status & STA_NANO) != 0 ? state->offset / (int64_t)NS_PER_US : state->offset;
}

/** adjtimex(2). Nobody who keeps the clock: what the kernel says of its error means nothing. */
static void read_clock(const struct quantity_look *look, unsigned which)
{
    struct timex state = {.modes = 0};
    bool is_kept = clock_state(look->clock) == CLOCK_SYNCHRONISED;

    if (which == 0) {
        quantity_set_integer(look->value, is_kept ? 1 : 0);
        return;
    }
    if (adjtimex(&state) < 0) {
        quantity_fail(look->value, STATUS_BAD_DEVICE_FAILURE, "cannot ask the kernel's clock: %s",
                      strerrordesc_np(errno));
        return;
    }
    quantity_set_integer(look->value,
                         which == 1 ? quantity_clock_offset_us(&state) : state.esterror);
    look->value->status = is_kept ? (uint32_t)STATUS_GOOD : (uint32_t)STATUS_UNCERTAIN;
}

enum { RING_WAITING, RING_USED, RING_OLDEST, RING_LOST };

static void read_ring(const struct quantity_look *look, unsigned which)
{
    const struct facts_ring *ring;

    if (look->facts == NULL) {
        fail_alone(look);
        return;
    }
    ring = &look->facts->rings[look->stream];
    if (which == RING_USED) {
        quantity_set_real(look->value, ring->size_bytes == 0 ? 0
                                                             : 100.0 * (double)ring->used_bytes /
                                                                   (double)ring->size_bytes);
        return;
    }
    quantity_set_integer(look->value, which == RING_WAITING  ? (int64_t)ring->waiting
                                      : which == RING_OLDEST ? ring->oldest_ns / NS_PER_S
                                                             : (int64_t)ring->lost);
}

enum { SYNC_UP, SYNC_AGE, SYNC_FAILURES, SYNC_BYTES };

static void read_sync(const struct quantity_look *look, unsigned which)
{
    const struct facts *facts = look->facts;

    if (facts == NULL) {
        fail_alone(look);
        return;
    }
    if (!facts->has_target) {
        quantity_fail(look->value, STATUS_BAD_NO_COMMUNICATION,
                      "no target is configured: nothing is uploaded");
        return;
    }
    quantity_set_integer(look->value, which == SYNC_UP         ? (facts->uplink_up ? 1 : 0)
                                      : which == SYNC_AGE      ? facts->last_success_ns / NS_PER_S
                                      : which == SYNC_FAILURES ? (int64_t)facts->uplink_failures
                                                               : (int64_t)facts->uplink_bytes);
    if (which == SYNC_AGE && !facts->has_succeeded) { /* at least that old */
        look->value->status = (uint32_t)STATUS_UNCERTAIN;
    }
}

enum { DEVICES_UP, DEVICES_DOWN, POLLS_MISSED, PAYLOADS_REJECTED };

static void read_devices(const struct quantity_look *look, unsigned which)
{
    const struct facts *facts = look->facts;

    if (facts == NULL) {
        fail_alone(look);
        return;
    }
    quantity_set_integer(look->value,
                         (int64_t)(which == DEVICES_UP     ? facts->devices_up
                                   : which == DEVICES_DOWN ? facts->devices_down
                                   : which == POLLS_MISSED ? facts->polls_missed
                                                           : facts->payloads_rejected));
}

static const struct quantity quantities[] = {
    {"cpu-busy", SAMPLE_DOUBLE, QUANTITY_ALONE, read_busy, 0, ITEMS_NONE},
    {"load-1min", SAMPLE_DOUBLE, QUANTITY_ALONE, read_load, 0, ITEMS_NONE},
    {"load-5min", SAMPLE_DOUBLE, QUANTITY_ALONE, read_load, 1, ITEMS_NONE},
    {"load-15min", SAMPLE_DOUBLE, QUANTITY_ALONE, read_load, 2, ITEMS_NONE},
    {"memory-available", SAMPLE_INT, QUANTITY_ALONE, read_memory, 0, ITEMS_NONE},
    {"memory-used", SAMPLE_DOUBLE, QUANTITY_ALONE, read_memory, 1, ITEMS_NONE},
    {"agent-memory", SAMPLE_INT, QUANTITY_ALONE, read_agent_memory, 0, ITEMS_NONE},
    {"uptime", SAMPLE_INT, QUANTITY_ALONE, read_uptime, 0, ITEMS_NONE},
    {"temperature", SAMPLE_INT, QUANTITY_FOUND, NULL, SENSOR_MILLIDEGREES, ITEMS_SENSORS},
    {"disk-free", SAMPLE_INT, QUANTITY_FOLDER, read_disk, 0, ITEMS_NONE},
    {"disk-used", SAMPLE_DOUBLE, QUANTITY_FOLDER, read_disk, 1, ITEMS_NONE},
    {"flash-life-used", SAMPLE_INT, QUANTITY_FOUND, NULL, FLASH_LIFE_USED, ITEMS_FLASH},
    {"flash-spare", SAMPLE_INT, QUANTITY_FOUND, NULL, FLASH_SPARE, ITEMS_FLASH},
    {"link-up", SAMPLE_INT, QUANTITY_FOUND, NULL, LINK_UP, ITEMS_LINKS},
    {"link-received", SAMPLE_INT, QUANTITY_FOUND, NULL, LINK_RECEIVED, ITEMS_LINKS},
    {"link-sent", SAMPLE_INT, QUANTITY_FOUND, NULL, LINK_SENT, ITEMS_LINKS},
    {"link-receive-errors", SAMPLE_INT, QUANTITY_FOUND, NULL, LINK_RECEIVE_ERRORS, ITEMS_LINKS},
    {"link-send-errors", SAMPLE_INT, QUANTITY_FOUND, NULL, LINK_SEND_ERRORS, ITEMS_LINKS},
    {"clock-synchronised", SAMPLE_INT, QUANTITY_ALONE, read_clock, 0, ITEMS_NONE},
    {"clock-offset", SAMPLE_INT, QUANTITY_ALONE, read_clock, 1, ITEMS_NONE},
    {"clock-error", SAMPLE_INT, QUANTITY_ALONE, read_clock, 2, ITEMS_NONE},
    {"queue-waiting", SAMPLE_INT, QUANTITY_STREAM, read_ring, RING_WAITING, ITEMS_NONE},
    {"queue-used", SAMPLE_DOUBLE, QUANTITY_STREAM, read_ring, RING_USED, ITEMS_NONE},
    {"queue-oldest", SAMPLE_INT, QUANTITY_STREAM, read_ring, RING_OLDEST, ITEMS_NONE},
    {"queue-lost", SAMPLE_INT, QUANTITY_STREAM, read_ring, RING_LOST, ITEMS_NONE},
    {"sync-up", SAMPLE_INT, QUANTITY_ALONE, read_sync, SYNC_UP, ITEMS_NONE},
    {"sync-age", SAMPLE_INT, QUANTITY_ALONE, read_sync, SYNC_AGE, ITEMS_NONE},
    {"sync-failures", SAMPLE_INT, QUANTITY_ALONE, read_sync, SYNC_FAILURES, ITEMS_NONE},
    {"sync-bytes", SAMPLE_INT, QUANTITY_ALONE, read_sync, SYNC_BYTES, ITEMS_NONE},
    {"devices-up", SAMPLE_INT, QUANTITY_ALONE, read_devices, DEVICES_UP, ITEMS_NONE},
    {"devices-down", SAMPLE_INT, QUANTITY_ALONE, read_devices, DEVICES_DOWN, ITEMS_NONE},
    {"polls-missed", SAMPLE_INT, QUANTITY_ALONE, read_devices, POLLS_MISSED, ITEMS_NONE},
    {"payloads-rejected", SAMPLE_INT, QUANTITY_ALONE, read_devices, PAYLOADS_REJECTED, ITEMS_NONE},
};

const struct quantity *quantity_find(const char *address, const char **item)
{
    size_t length = strcspn(address, ":");

    for (size_t i = 0; i < sizeof(quantities) / sizeof(quantities[0]); i++) {
        if (strlen(quantities[i].name) == length &&
            strncmp(quantities[i].name, address, length) == 0) {
            *item = address[length] == ':' ? address + length + 1 : NULL;
            return &quantities[i];
        }
    }
    return NULL;
}
