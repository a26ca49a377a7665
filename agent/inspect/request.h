/* agent/inspect/request.h - what a `leat queue` command wants, as options and as a line.
 *
 *   command line -> [ REQUEST ] -> a line -> the agent's socket -> [ REQUEST ] -> agent/inspect
 *
 * The line, after "queue ": `stat`; `check`; `export STREAM FORMAT FROM TO`, where FROM and TO are
 * n<sequence number> or t<UTC ns of receipt>, both inclusive.
 *
 * Depends on: base, drivers/mqtt/stamp.  Threads: pure.
 */
#ifndef AGENT_INSPECT_REQUEST_H
#define AGENT_INSPECT_REQUEST_H

#include "base/error.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum inspect_word { INSPECT_STAT, INSPECT_CHECK, INSPECT_EXPORT };

/** One end of a range. */
struct inspect_bound {
    bool is_time;
    uint64_t sequence;
    int64_t received_ns; /* UTC */
};

struct inspect_request {
    enum inspect_word word;
    enum stream stream;
    bool csv; /* else Parquet */
    struct inspect_bound from, to;
};

enum { INSPECT_LINE_MAX = 128 };

/** Everything of a stream, as Parquet. */
void inspect_request_init(struct inspect_request *request, enum inspect_word word);

/** Write the line, terminated, without "queue ". */
void inspect_request_format(const struct inspect_request *request, char line[INSPECT_LINE_MAX]);

/** Read it. Errors: ERROR_BAD_DATA saying what is wrong. */
MUST_CHECK enum error_code inspect_request_parse(const char *line, struct inspect_request *request,
                                                 struct error *error);

/** Set one option: stream, format, from, to. Bounds are a number, or a time such as
 *  2026-11-22T10:00:00Z or 2026-11-22 (as `from` its beginning, as `to` its end). Errors:
 *  ERROR_BAD_CONFIG saying what to write instead. */
MUST_CHECK enum error_code inspect_request_set(struct inspect_request *request, const char *option,
                                               const char *value, struct error *error);

#endif
