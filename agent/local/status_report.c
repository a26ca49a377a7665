#include "agent/local/status_report.h"

#include "agent/clock/clock_watch.h"
#include "agent/local/json_field.h"
#include "agent/local/status_disk.h"

#include <cjson/cJSON.h>
#include <string.h>

static void add_count(cJSON *object, const char *key, uint64_t count)
{
    (void)cJSON_AddNumberToObject(object, key, (double)count); /* exact below 2^53 */
}

static void add_devices(cJSON *report, struct status_board *board)
{
    cJSON *list = cJSON_AddArrayToObject(report, "devices");
    struct status_device device;

    for (size_t i = 0; status_board_device(board, i, &device); i++) {
        cJSON *row = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(row, "name", device.name);
        (void)cJSON_AddStringToObject(row, "driver", device.driver);
        (void)cJSON_AddStringToObject(row, "state", status_state_name(device.state));
        (void)cJSON_AddStringToObject(row, "reason", device.reason);
        add_count(row, "polls", device.counts.polls);
        add_count(row, "missed", device.counts.missed);
        add_count(row, "queued", device.counts.queued);
        add_count(row, "lines", device.counts.lines);
        add_count(row, "suppressed", device.counts.suppressed);
        add_count(row, "rejected", device.counts.rejected);
        (void)cJSON_AddItemToArray(list, row);
    }
}

/* By enum store_growth. */
static const char *const growth_names[] = {"free", "floor", "disk-full"};

static void add_streams(cJSON *report, struct store *store)
{
    cJSON *list = cJSON_AddArrayToObject(report, "streams");

    for (int i = 0; i < STREAM_COUNT; i++) {
        enum stream stream = (enum stream)i;
        cJSON *row = cJSON_CreateObject();
        struct store_stream_state state;

        store_state(store, stream, &state);
        (void)cJSON_AddStringToObject(row, "name", stream_name(stream));
        add_count(row, "next_sequence", state.next_sequence);
        add_count(row, "committed", state.committed_sequence);
        add_count(row, "acknowledged", state.acknowledged);
        add_count(row, "waiting", state.waiting_count);
        add_count(row, "waiting_bytes", state.waiting_bytes);
        add_count(row, "ring_bytes", state.ring_bytes);
        add_count(row, "made_bytes", state.made_bytes);
        if (state.ring_bytes > 0) {
            (void)cJSON_AddStringToObject(
                row, "when_full", state.when_full == STORE_HOLD ? "hold" : "overwrite-oldest");
            (void)cJSON_AddStringToObject(row, "growth", growth_names[state.growth]);
        }
        add_count(row, "lost", state.lost_count);
        (void)cJSON_AddItemToArray(list, row);
    }
}

static void add_uplink(cJSON *report, const struct status_uplink *uplink)
{
    cJSON *row = cJSON_AddObjectToObject(report, "uplink");
    char stamp[CLOCK_STAMP_SIZE] = "";

    if (uplink->last_success_ns != 0) {
        clock_format_stamp(uplink->last_success_ns, stamp, sizeof(stamp));
    }
    (void)cJSON_AddStringToObject(row, "target", uplink->target);
    (void)cJSON_AddStringToObject(row, "state", status_state_name(uplink->state));
    (void)cJSON_AddStringToObject(row, "reason", uplink->reason);
    add_count(row, "objects", uplink->objects);
    add_count(row, "rows", uplink->rows);
    add_count(row, "bytes", uplink->bytes);
    (void)cJSON_AddStringToObject(row, "last_success", stamp);
}

static void add_totals(cJSON *report, const struct status_counts *totals,
                       const struct status_uplink *uplink)
{
    cJSON *row = cJSON_AddObjectToObject(report, "totals");

    add_count(row, "queued", totals->queued);
    add_count(row, "lines", totals->lines);
    add_count(row, "suppressed", totals->suppressed);
    add_count(row, "rejected", totals->rejected);
    add_count(row, "uploaded", uplink->reading_rows);
}

uint64_t status_report_clock_waits(struct store *store, const struct status_uplink *uplink)
{
    uint64_t count = 0;

    for (int i = 0; i < STREAM_COUNT; i++) {
        struct store_stream_state state;

        if (uplink->waits_for_clock[i]) {
            store_state(store, (enum stream)i, &state);
            count += state.waiting_count;
        }
    }
    return count;
}

static void add_clock(cJSON *report, const struct status_source *source,
                      const struct status_uplink *uplink)
{
    cJSON *row = cJSON_AddObjectToObject(report, "clock");
    char stamp[CLOCK_STAMP_SIZE];

    clock_format_stamp(clock_utc_ns(source->clock), stamp, sizeof(stamp));
    (void)cJSON_AddStringToObject(row, "utc", stamp);
    (void)cJSON_AddStringToObject(row, "state", clock_watch_state_name(clock_state(source->clock)));
    add_count(row, "since_s",
              (uint64_t)((clock_boot_ns(source->clock) - source->clock_since_ns) / NS_PER_S));
    add_count(row, "waiting", status_report_clock_waits(source->store, uplink));
}

char *status_report_json(const struct status_source *source)
{
    cJSON *report = cJSON_CreateObject();
    struct status_counts totals;
    struct status_uplink uplink;
    char *text;

    status_board_totals(source->board, &totals);
    status_board_uplink(source->board, &uplink);
    (void)cJSON_AddStringToObject(report, "version", LEAT_VERSION);
    (void)cJSON_AddStringToObject(report, "site", source->site);
    (void)cJSON_AddStringToObject(report, "gateway", source->gateway);
    (void)cJSON_AddStringToObject(report, "incarnation", store_incarnation(source->store));
    add_count(report, "uptime_s",
              (uint64_t)((clock_monotonic_ns(source->clock) - source->started_ns) / NS_PER_S));
    add_devices(report, source->board);
    add_streams(report, source->store);
    add_uplink(report, &uplink);
    add_totals(report, &totals, &uplink);
    status_disk_add(report, source);
    add_clock(report, source, &uplink);
    text = cJSON_PrintUnformatted(report);
    cJSON_Delete(report);
    return text;
}

static void print_devices(const cJSON *report, FILE *output)
{
    const cJSON *row;

    (void)fprintf(output, "\n%-20s %-12s %-9s %10s %8s %12s %12s %12s %9s\n", "device", "driver",
                  "state", "polls", "missed", "queued", "lines", "suppressed", "rejected");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(report, "devices"))
    {
        (void)fprintf(output, "%-20s %-12s %-9s %10llu %8llu %12llu %12llu %12llu %9llu\n",
                      json_text(row, "name"), json_text(row, "driver"), json_text(row, "state"),
                      json_count(row, "polls"), json_count(row, "missed"),
                      json_count(row, "queued"), json_count(row, "lines"),
                      json_count(row, "suppressed"), json_count(row, "rejected"));
        if (json_text(row, "reason")[0] != '\0') {
            (void)fprintf(output, "  %s\n", json_text(row, "reason"));
        }
    }
}

static void print_streams(const cJSON *report, FILE *output)
{
    const cJSON *row;

    (void)fprintf(output, "\n%-12s %14s %14s %14s %10s %8s  %-16s %s\n", "stream", "stored up to",
                  "in the lake", "waiting", "ring used", "lost", "when full", "MiB made");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(report, "streams"))
    {
        unsigned long long ring = json_count(row, "ring_bytes");
        unsigned long long used = json_count(row, "waiting_bytes");
        const char *growth = json_text(row, "growth");

        (void)fprintf(output, "%-12s %14llu %14llu %14llu %9llu%% %8llu", json_text(row, "name"),
                      json_count(row, "committed"), json_count(row, "acknowledged"),
                      json_count(row, "waiting"), ring == 0 ? 0 : used * 100 / ring,
                      json_count(row, "lost"));
        if (ring > 0) {
            (void)fprintf(output, "  %-16s %6.1f of %.1f", json_text(row, "when_full"),
                          (double)json_count(row, "made_bytes") / (1 << 20),
                          (double)ring / (1 << 20));
        }
        (void)fputc('\n', output);
        if (growth[0] != '\0' && strcmp(growth, "free") != 0) {
            (void)fprintf(output, "  may not grow: the file system %s\n",
                          strcmp(growth, "floor") == 0 ? "is down to queue.keep_free" : "is full");
        }
    }
}

static void print_clock(const cJSON *clock, FILE *output)
{
    unsigned long long waiting = json_count(clock, "waiting");

    (void)fprintf(output, "clock   %s, %s for %llu s", json_text(clock, "utc"),
                  json_text(clock, "state"), json_count(clock, "since_s"));
    if (waiting > 0) {
        (void)fprintf(output, "; %llu records wait until it is right", waiting);
    }
    (void)fputc('\n', output);
}

enum error_code status_report_print(const char *json, FILE *output, struct error *error)
{
    cJSON *report = cJSON_Parse(json);
    const cJSON *uplink = cJSON_GetObjectItemCaseSensitive(report, "uplink");
    const cJSON *disk = cJSON_GetObjectItemCaseSensitive(report, "disk");
    const cJSON *clock = cJSON_GetObjectItemCaseSensitive(report, "clock");

    if (uplink == NULL || disk == NULL || clock == NULL) {
        cJSON_Delete(report);
        return error_set(error, ERROR_BAD_DATA, "the agent's answer is not a status: %.60s", json);
    }
    (void)fprintf(output, "leat %s   site %s   gateway %s   incarnation %s   up %llu s\n",
                  json_text(report, "version"), json_text(report, "site"),
                  json_text(report, "gateway"), json_text(report, "incarnation"),
                  json_count(report, "uptime_s"));
    print_devices(report, output);
    print_streams(report, output);
    (void)fprintf(output, "\nuplink  %s: %s, %llu objects, %llu rows, %llu bytes, last %s\n",
                  json_text(uplink, "target")[0] == '\0' ? "(none)" : json_text(uplink, "target"),
                  json_text(uplink, "state"), json_count(uplink, "objects"),
                  json_count(uplink, "rows"), json_count(uplink, "bytes"),
                  json_text(uplink, "last_success")[0] == '\0' ? "never"
                                                               : json_text(uplink, "last_success"));
    if (json_text(uplink, "reason")[0] != '\0') {
        (void)fprintf(output, "  %s\n", json_text(uplink, "reason"));
    }
    status_disk_print(disk, output);
    print_clock(clock, output);
    cJSON_Delete(report);
    return ERROR_OK;
}
