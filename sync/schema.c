#include "sync/schema.h"

/* Measured on 500 points polled each second (tests/bench/bench_parquet.c), rows in sequence order:
 * raw values are smaller PLAIN than as differences, since the value before belongs to another
 * point, and zstd finds the same point's last one. Grouping a chunk's rows by point gains 2 % where
 * the points of a poll share one stamp and loses 20 % where each has its own. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct schema_column readings[] = {
    {"seq", COLUMN_INT64, COLUMN_DELTA, false},
    {"ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"received_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"point_id", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"definition", COLUMN_INT32, COLUMN_DELTA, false},
    {"value_int", COLUMN_INT64, COLUMN_PLAIN, true},
    {"value_double", COLUMN_DOUBLE, COLUMN_PLAIN, true},
    {"value_text", COLUMN_STRING, COLUMN_PLAIN, true},
    {"quality", COLUMN_INT64, COLUMN_DELTA, false},
};

static const struct schema_column catalogue[] = {
    {"seq", COLUMN_INT64, COLUMN_DELTA, false},
    {"received_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"point_id", COLUMN_STRING, COLUMN_PLAIN, false},
    {"revision", COLUMN_INT32, COLUMN_DELTA, false},
    {"device", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"name", COLUMN_STRING, COLUMN_PLAIN, false},
    {"type", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"scale", COLUMN_DOUBLE, COLUMN_PLAIN, false},
    {"offset", COLUMN_DOUBLE, COLUMN_PLAIN, false},
    {"unit", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"role", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"range_low", COLUMN_DOUBLE, COLUMN_PLAIN, true},
    {"range_high", COLUMN_DOUBLE, COLUMN_PLAIN, true},
    {"deadband", COLUMN_DOUBLE, COLUMN_PLAIN, false},
    {"deadband_percent", COLUMN_DOUBLE, COLUMN_PLAIN, false},
    {"interval_us", COLUMN_INT64, COLUMN_DELTA, false},
    {"heartbeat_us", COLUMN_INT64, COLUMN_DELTA, false},
    {"address", COLUMN_STRING, COLUMN_PLAIN, false},
    {"labels", COLUMN_STRING, COLUMN_PLAIN, false},
    {"valid_from", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
};

static const struct schema_column events[] = {
    {"seq", COLUMN_INT64, COLUMN_DELTA, false},
    {"ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"received_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"kind", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"subject", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"reason", COLUMN_STRING, COLUMN_PLAIN, false},
    {"detail", COLUMN_STRING, COLUMN_PLAIN, false},
    {"first_seq", COLUMN_INT64, COLUMN_DELTA, true},
    {"last_seq", COLUMN_INT64, COLUMN_DELTA, true},
    {"count", COLUMN_INT64, COLUMN_DELTA, true},
    {"from_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, true},
    {"to_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, true},
};

static const struct schema_column logs[] = {
    {"seq", COLUMN_INT64, COLUMN_DELTA, false},
    {"ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"received_ts", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
    {"source", COLUMN_STRING, COLUMN_DICTIONARY, false},
    {"severity", COLUMN_INT32, COLUMN_DELTA, true},
    {"message", COLUMN_STRING, COLUMN_PLAIN, false},
    {"fields", COLUMN_STRING, COLUMN_PLAIN, false},
};

static const struct schema schemas[STREAM_COUNT] = {
    [STREAM_EVENTS] = {events, COUNT(events)},
    [STREAM_READINGS] = {readings, COUNT(readings)},
    [STREAM_LOGS] = {logs, COUNT(logs)},
    [STREAM_CATALOGUE] = {catalogue, COUNT(catalogue)},
};

const struct schema *schema_of(enum stream stream)
{
    if ((unsigned)stream >= STREAM_COUNT || schemas[stream].columns == NULL) {
        return NULL;
    }
    return &schemas[stream];
}
