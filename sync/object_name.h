/* sync/object_name.h - the names of objects in the raw zone, built and read.
 *
 *   raw/site=<site>/gateway=<gateway>/stream=<stream>/v=1/date=<YYYY-MM-DD>/
 *       <incarnation>-<first>-<last>-<digest>.parquet
 *
 *  N1  Building and reading are inverse: what object_name_parse() takes, object_name_build() gives
 *      back byte for byte. Anything else is no object of ours.
 *  N2  Site and gateway are 1 to 64 letters, digits, '-', '_' or '.', and do not begin with '.'.
 *  N3  Sequence numbers are decimal with at least 12 digits, so that names sort as they count.
 *
 * Depends on: error, stream, clock.  Threads: pure.
 */
#ifndef SYNC_OBJECT_NAME_H
#define SYNC_OBJECT_NAME_H

#include "base/error.h"
#include "base/stream.h"
#include "sync/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OBJECT_LABEL_MAX = 64,           /* characters of a site's or a gateway's name */
    OBJECT_INCARNATION_SIZE = 16 + 1 /* hexadecimal digits, terminated */
};

struct object_name {
    char site[OBJECT_LABEL_MAX + 1];
    char gateway[OBJECT_LABEL_MAX + 1];
    enum stream stream;
    int64_t day; /* UTC day of receipt, since 1970 */
    char incarnation[OBJECT_INCARNATION_SIZE];
    uint64_t first, last; /* sequence numbers, inclusive; 1 <= first <= last */
    char digest[BATCH_DIGEST_SIZE];
};

/** May this be the name of a site or a gateway (N2)? */
bool object_label_is_valid(const char *label);

/** Exactly `count` lowercase hexadecimal digits and nothing more? */
bool object_hex_is_valid(const char *text, size_t count);

/** Write the name, terminated, into `text` (BATCH_NAME_MAX bytes). Errors: ERROR_BAD_CONFIG naming
 *  the field that cannot stand in a name. */
MUST_CHECK enum error_code object_name_build(const struct object_name *name,
                                             char text[BATCH_NAME_MAX], struct error *error);

/** Read a name (from "raw/" on). Errors: ERROR_BAD_DATA saying what is wrong with it. */
MUST_CHECK enum error_code object_name_parse(const char *text, struct object_name *name,
                                             struct error *error);

#endif
