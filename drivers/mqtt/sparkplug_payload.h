/* drivers/mqtt/sparkplug_payload.h - a Sparkplug B payload read where it lies.
 *
 *   bytes -> sparkplug_payload_read() -> { sparkplug_metric_next() -> sparkplug_convert() }*
 *
 * Eclipse Sparkplug 3.0.0 (ISO/IEC 20237), chapter 6: a protobuf message. Its wire format is read
 * with nanopb's streaming functions: a metric is a few fields, of which most point into the
 * payload, so nothing is generated, nothing is allocated and no limit on the count of metrics is
 * needed (docs/sparkplug.md).
 *
 *  B1  read() walks over all of it. After it was true, metric_next() gives every metric; a payload
 *      that is broken anywhere gives none.
 *  B2  Of a field that stands twice the last one counts; fields that are not known are skipped, as
 *      protobuf has it. A known field of another wire type is an error.
 *  B3  Signed numbers stand in unsigned fields as two's complement. Both ways in use are taken: in
 *      the bits of the datatype (Int8 -1 as FF) and of the field (as FFFFFFFF).
 *
 * Depends on: base, nanopb, topic (slices).  Threads: pure.
 */
#ifndef DRIVERS_MQTT_SPARKPLUG_PAYLOAD_H
#define DRIVERS_MQTT_SPARKPLUG_PAYLOAD_H

#include "base/sample.h"
#include "drivers/mqtt/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 6.4.16; those that are a reading. */
enum sparkplug_datatype {
    SPARKPLUG_UNKNOWN,
    SPARKPLUG_INT8,
    SPARKPLUG_INT16,
    SPARKPLUG_INT32,
    SPARKPLUG_INT64,
    SPARKPLUG_UINT8,
    SPARKPLUG_UINT16,
    SPARKPLUG_UINT32,
    SPARKPLUG_UINT64,
    SPARKPLUG_FLOAT,
    SPARKPLUG_DOUBLE,
    SPARKPLUG_BOOLEAN,
    SPARKPLUG_STRING,
    SPARKPLUG_DATETIME,
    SPARKPLUG_TEXT,
    SPARKPLUG_UUID,
    SPARKPLUG_READING_COUNT, /* what follows is no single value: DataSet, Bytes, arrays ... */
};

/** Which of the metric's value fields was given. */
enum sparkplug_kind {
    SPARKPLUG_NO_VALUE,
    SPARKPLUG_INT_VALUE,
    SPARKPLUG_LONG_VALUE,
    SPARKPLUG_REAL_VALUE,
    SPARKPLUG_BOOLEAN_VALUE,
    SPARKPLUG_STRING_VALUE,
    SPARKPLUG_OTHER_VALUE,
};

/** What stands in the property "Quality" (6.4.11). */
enum sparkplug_quality { SPARKPLUG_BAD = 0, SPARKPLUG_GOOD = 192, SPARKPLUG_STALE = 500 };

/** Slices point into the payload. */
struct sparkplug_metric {
    struct mqtt_slice name; /* size 0: none */
    uint64_t alias;
    bool has_alias;
    bool has_timestamp;
    bool is_historical, is_transient, is_null;
    uint64_t timestamp_ms;
    uint32_t datatype; /* 0: not stated */
    uint32_t quality;  /* enum sparkplug_quality, or whatever it says */
    enum sparkplug_kind kind;
    uint64_t number; /* of INT, LONG and BOOLEAN */
    double real;
    struct mqtt_slice text;
};

struct sparkplug_payload {
    const uint8_t *bytes;
    size_t size;
    bool has_timestamp, has_sequence;
    uint64_t timestamp_ms;
    uint64_t sequence;
};

/** Check the whole payload. false: `*problem` says what is wrong with it (a constant text). */
bool sparkplug_payload_read(const void *bytes, size_t size, struct sparkplug_payload *payload,
                            const char **problem);

/** The metric at or behind byte `*at`, which begins with 0; false: there is no further one. */
bool sparkplug_metric_next(const struct sparkplug_payload *payload, size_t *at,
                           struct sparkplug_metric *metric);

/** The metric's value as `datatype` into type and value of `sample`; a text stays in the payload.
 *  NULL, or why there is none ("is ..."). Not for is_null. */
const char *sparkplug_convert(const struct sparkplug_metric *metric, uint32_t datatype,
                              struct sample *sample);

/** "UInt16"; "datatype 99" is "an unknown datatype". */
const char *sparkplug_datatype_name(uint32_t datatype);

#endif
