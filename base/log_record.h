/* base/log_record.h - a line that a person, a script or a program said, with who and how grave.
 *
 * A log record is stored as a text sample of STREAM_LOGS; this is that text's form. Version 1: "1",
 * severity (one digit, nothing when unknown), source, fields, message, separated by the byte 1F.
 *
 *  L1  No field can end early: bytes below 20 become spaces, but for tab and line feed, which a
 *      message may hold. What is not UTF-8 becomes U+FFFD, as everywhere in the lake.
 *  L2  Nothing is refused for its length: source and message are cut between two characters, a
 *      message then ends with LOG_CUT_MARK. Half a JSON object is none, so fields that are too long
 *      become LOG_FIELDS_LEFT_OUT.
 *
 * Depends on: error, utf8.  Threads: pure.
 */
#ifndef BASE_LOG_RECORD_H
#define BASE_LOG_RECORD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** RFC 5424, chapter 6.2.1. */
enum log_severity {
    LOG_SEVERITY_UNKNOWN = -1,
    LOG_SEVERITY_EMERGENCY = 0,
    LOG_SEVERITY_ALERT,
    LOG_SEVERITY_CRITICAL,
    LOG_SEVERITY_ERROR,
    LOG_SEVERITY_WARNING,
    LOG_SEVERITY_NOTICE,
    LOG_SEVERITY_INFORMATIONAL,
    LOG_SEVERITY_DEBUG,
};

enum {
    LOG_SOURCE_MAX = 128, /* bytes of each field */
    LOG_FIELDS_MAX = 4096,
    LOG_MESSAGE_MAX = 16384,
    LOG_RECORD_MAX = LOG_SOURCE_MAX + LOG_FIELDS_MAX + LOG_MESSAGE_MAX + 8, /* of the text form */
};

#define LOG_CUT_MARK        " [cut]"
#define LOG_FIELDS_LEFT_OUT "{\"left_out\":true}"

/** Bytes that somebody else keeps; not terminated. */
struct log_text {
    const char *bytes;
    uint32_t size_bytes;
};

struct log_record {
    enum log_severity severity;
    struct log_text source;
    struct log_text fields; /* a JSON object, or empty */
    struct log_text message;
};

struct log_text log_text_of(const char *terminated);

/** A severity by its name (notice), by its syslog keyword (emerg, crit, err, info) or its digit. */
bool log_severity_parse(const char *name, enum log_severity *severity);

/** All names, for a person: "emergency, alert, ...". */
const char *log_severity_names(void);

/** Write the text form into `text` and return its length. */
size_t log_record_encode(const struct log_record *record, char text[LOG_RECORD_MAX]);

/** Read the text form; the texts of `record` point into `bytes`. Errors: ERROR_BAD_DATA. */
MUST_CHECK enum error_code log_record_decode(const char *bytes, size_t size,
                                             struct log_record *record, struct error *error);

#endif
