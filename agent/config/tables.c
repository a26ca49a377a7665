#include "agent/config/tables.h"

#include "agent/config/config.h"
#include "agent/config/name.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)
#define MS  ((uint64_t)NS_PER_MS)
#define S   ((uint64_t)NS_PER_S)
#define DAY ((uint64_t)NS_PER_DAY)

#define IN_CONFIG(field)    offsetof(struct config, field)
#define RING_SIZE(stream)   offsetof(struct config, queue.ring_bytes[stream])
#define RING_POLICY(stream) offsetof(struct config, queue.when_full[stream])
#define POLICIES            "overwrite-oldest|hold" /* in the order of enum store_when_full */
#define POLICY_HELP         "what happens when it is full and nothing was uploaded"

const struct option_spec config_options[] = {
    {OPTION_TEXT, "site", NULL, 1, NAME_MAX_BYTES, IN_CONFIG(site),
     "the plant; letters, digits, '-', '_'", NULL},
    {OPTION_TEXT, "gateway", "", 1, NAME_MAX_BYTES, IN_CONFIG(gateway),
     "this computer; the host's name when absent", NULL},
    {OPTION_TEXT, "queue.path", "/var/lib/leat/queue.db", 1, 1000, IN_CONFIG(queue.path),
     "the queue's file", NULL},
    {OPTION_DURATION, "queue.flush", "", 10 * MS, 3600 * S, IN_CONFIG(queue.flush_ns),
     "how long a polled value may stay in memory; 1s when absent, 5s with flash_saver", NULL},
    {OPTION_BOOL, "queue.flash_saver", "false", 0, 0, IN_CONFIG(queue.flash_saver),
     "commit less often, for flash that wears; alarms are committed at once in any case", NULL},
    {OPTION_SIZE, "queue.keep_free", "200MiB", 0, 0, IN_CONFIG(queue.keep_free_bytes),
     "room on the disk that the queue leaves alone", NULL},
    {OPTION_SIZE, "queue.rings.events.size", "4MiB", 256 * KIB, 64 * GIB, RING_SIZE(STREAM_EVENTS),
     "room for events", NULL},
    {OPTION_CHOICE, "queue.rings.events.when_full", "hold", 0, 0, RING_POLICY(STREAM_EVENTS),
     POLICY_HELP, POLICIES},
    {OPTION_SIZE, "queue.rings.readings.size", "64MiB", 256 * KIB, 64 * GIB,
     RING_SIZE(STREAM_READINGS), "room for readings", NULL},
    {OPTION_CHOICE, "queue.rings.readings.when_full", "overwrite-oldest", 0, 0,
     RING_POLICY(STREAM_READINGS), POLICY_HELP, POLICIES},
    {OPTION_SIZE, "queue.rings.logs.size", "16MiB", 256 * KIB, 64 * GIB, RING_SIZE(STREAM_LOGS),
     "room for log lines", NULL},
    {OPTION_CHOICE, "queue.rings.logs.when_full", "overwrite-oldest", 0, 0,
     RING_POLICY(STREAM_LOGS), POLICY_HELP, POLICIES},
    {OPTION_SIZE, "queue.card.size", "8GiB", 128 * MIB, 64 * TIB, IN_CONFIG(queue.card.size_bytes),
     "of the flash that holds the queue, for its projected wear", NULL},
    {OPTION_UINT, "queue.card.cycles", "3000", 100, 1000000, IN_CONFIG(queue.card.cycles),
     "program and erase cycles that it endures; TLC 1000, MLC 3000, SLC 30000", NULL},
    {OPTION_SIZE, "queue.card.program_page", "16KiB", 512, 16 * MIB,
     IN_CONFIG(queue.card.program_page_bytes), "what it programs at once, however little is synced",
     NULL},
    {OPTION_TEXT, "templates", "", 1, 1000, IN_CONFIG(template_folder),
     "folder of the device templates; that of the installation when absent", NULL},
    {OPTION_CHOICE, "clock.source", "ntp", 0, 0, IN_CONFIG(clock.source),
     "ntp: the clock is right when the kernel says so; trusted: an RTC, a GPS receiver or somebody "
     "keeps it right",
     "ntp|trusted"}, /* in the order of enum config_clock_source */
    {OPTION_DURATION, "clock.wait", "24h", 1 * S, 30 * DAY, IN_CONFIG(clock.wait_ns),
     "how long records may wait for a clock that is not right yet", NULL},
    {OPTION_BOOL, "writes.enabled", "false", 0, 0, IN_CONFIG(writes_enabled),
     "true: `leat write` may write to devices, to points marked writable", NULL},
    {OPTION_SIZE, "sync.batch.max_size", "8MiB", 256 * KIB, 256 * MIB,
     IN_CONFIG(sync.batch_max_bytes), "an object is cut at this size", NULL},
    {OPTION_DURATION, "sync.batch.max_age", "15min", 1 * S, DAY, IN_CONFIG(sync.batch_max_age_ns),
     "or when its oldest record is this old", NULL},
    {.type = OPTION_END},
};

#define IN_TARGET(field) offsetof(struct target_settings, field)

const struct option_spec config_target_options[] = {
    {OPTION_TEXT, "name", NULL, 1, NAME_MAX_BYTES, IN_TARGET(name), "for messages; your choice",
     NULL},
    {OPTION_TEXT, "type", NULL, 1, NAME_MAX_BYTES, IN_TARGET(type), "where to: directory", NULL},
    {.type = OPTION_END},
};

#define IN_DEVICE(field) offsetof(struct device_settings, field)

const struct option_spec config_device_options[] = {
    {OPTION_TEXT, "name", NULL, 1, NAME_MAX_BYTES, IN_DEVICE(name),
     "letters, digits, '-', '_'; never changes", NULL},
    {OPTION_TEXT, "driver", NULL, 1, NAME_MAX_BYTES, IN_DEVICE(driver), "its protocol", NULL},
    {OPTION_BOOL, "enabled", "true", 0, 0, IN_DEVICE(enabled),
     "false: checked, but not collected from", NULL},
    {OPTION_DURATION, "interval", "1s", 10 * MS, 30 * DAY, IN_DEVICE(interval_ns),
     "between readings of a point; polled devices only", NULL},
    {OPTION_DURATION, "heartbeat", "", 100 * MS, 30 * DAY, IN_DEVICE(heartbeat_ns),
     "at least one reading of a point in this time, even when nothing changed", NULL},
    {OPTION_TEXT, "points_file", "", 1, 1000, IN_DEVICE(points_file),
     "a CSV file with points, beside this file", NULL},
    {OPTION_TEXT, "template", "", 1, NAME_MAX_BYTES, IN_DEVICE(template),
     "take its points from this template; `leat templates` lists them", NULL},
    {OPTION_TEXT, "only", "", 1, 1000, IN_DEVICE(only),
     "of the template, only these groups of points: [energy, power]", NULL},
    {OPTION_TEXT, "without", "", 1, 4000, IN_DEVICE(without),
     "of the template, not these points: [current-n]", NULL},
    {.type = OPTION_END},
};

const struct option_spec config_group_options[] = {
    {OPTION_TEXT, "points_file", "", 1, 1000, offsetof(struct group_settings, points_file),
     "a CSV file with points, beside this file", NULL},
    {OPTION_DURATION, "interval", "", 10 * MS, 30 * DAY,
     offsetof(struct group_settings, interval_ns),
     "between readings of its points; the device's when absent; polled devices only", NULL},
    {.type = OPTION_END},
};

#define IN_TEMPLATE(field) offsetof(struct template_settings, field)

const struct option_spec config_template_options[] = {
    {OPTION_TEXT, "vendor", NULL, 1, 100, IN_TEMPLATE(vendor), "who makes the device", NULL},
    {OPTION_TEXT, "models", NULL, 1, 400, IN_TEMPLATE(models), "for which of its models", NULL},
    {OPTION_TEXT, "protocol", NULL, 1, NAME_MAX_BYTES, IN_TEMPLATE(protocol),
     "the driver's name up to its first '-': modbus", NULL},
    {.type = OPTION_END},
};

#define IN_POINT(field) offsetof(struct point_settings, field)

const char *const config_roles[] = {"sensor", "setpoint", "command", "status", "alarm", "counter"};

const struct option_spec config_point_options[] = {
    {OPTION_TEXT, "name", NULL, 1, NAME_POINT_MAX_BYTES, IN_POINT(name),
     "letters, digits, '-', '_'; never changes", NULL},
    {OPTION_TEXT, "unit", "", 1, NAME_MAX_BYTES, IN_POINT(unit), "UCUM: Cel, kW.h, m3/h, /min",
     NULL},
    {OPTION_DOUBLE, "scale", "1", 0, 0, IN_POINT(scale), "value in the unit = raw * scale + offset",
     NULL},
    {OPTION_DOUBLE, "offset", "0", 0, 0, IN_POINT(offset),
     "value in the unit = raw * scale + offset", NULL},
    {OPTION_DOUBLE, "range_low", "", 0, 0, IN_POINT(range_low),
     "a value below is marked uncertain; range: [low, high] in YAML", NULL},
    {OPTION_DOUBLE, "range_high", "", 0, 0, IN_POINT(range_high),
     "a value above is marked uncertain", NULL},
    {OPTION_TEXT, "deadband", "", 1, 32, IN_POINT(deadband),
     "smallest change that is kept: 0.2 in the unit, or 2% of the last value kept", NULL},
    {OPTION_DURATION, "heartbeat", "", 100 * MS, 30 * DAY, IN_POINT(heartbeat_ns),
     "at least one reading in this time; the device's when absent", NULL},
    {OPTION_DURATION, "interval", "", 10 * MS, 30 * DAY, IN_POINT(interval_ns),
     "between readings; the device's when absent; polled devices only", NULL},
    {OPTION_CHOICE, "role", "sensor", 0, 0, IN_POINT(role), "what it is for",
     "sensor|setpoint|command|status|alarm|counter"},
    {OPTION_BOOL, "writable", "false", 0, 0, IN_POINT(writable),
     "true: `leat write` may write it, within write_range or range", NULL},
    {OPTION_DOUBLE, "write_range_low", "", 0, 0, IN_POINT(write_range_low),
     "a value below is not written; write_range: [low, high] in YAML; range_low when absent", NULL},
    {OPTION_DOUBLE, "write_range_high", "", 0, 0, IN_POINT(write_range_high),
     "a value above is not written; range_high when absent", NULL},
    {.type = OPTION_END},
};
