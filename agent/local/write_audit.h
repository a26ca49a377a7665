/* agent/local/write_audit.h - the record of every write, on disk before it counts.
 *
 * Kind `write`, subject `device/point`, and one of these reasons:
 *
 *   asked     somebody may write this value, and it is about to be sent: on disk before it is
 *   done      sent, and the same value was read back
 *   differs   sent and taken, but another value was read back
 *   refused   by the agent or by the device: the device keeps its value
 *   unknown   sent, but nobody knows what became of it
 *
 * The detail is a JSON object of texts: uid, pid (who, by the kernel), asked, old, written,
 * read_back (values in the point's unit; absent when there is none), unit, why.
 *
 * Depends on: store, event, local_api, cJSON.  Threads: all.
 */
#ifndef AGENT_LOCAL_WRITE_AUDIT_H
#define AGENT_LOCAL_WRITE_AUDIT_H

#include "agent/local/local_api.h"
#include "agent/store/store.h"
#include "base/clock.h"

enum { WRITE_NAME_SIZE = 256, WRITE_TEXT_SIZE = 1024, WRITE_UNIT_SIZE = 80 };

/** What is known of a write by now. Empty texts: not known, or none. */
struct write_record {
    char point[WRITE_NAME_SIZE]; /* device/point */
    char asked[WRITE_TEXT_SIZE]; /* as it was asked for */
    char unit[WRITE_UNIT_SIZE];
    char old[WRITE_TEXT_SIZE], written[WRITE_TEXT_SIZE], read_back[WRITE_TEXT_SIZE];
    const char *outcome; /* constant: one of the reasons above, or "would" of a dry run */
    char why[300];       /* a sentence, or "" */
    struct local_identity who;
};

/** Append the record to the events and commit. Errors: the store's. */
MUST_CHECK enum error_code write_audit(struct store *store, const struct clock *clock,
                                       const struct write_record *record, struct error *error);

/** The record as JSON, from malloc(); each text cut at `most` bytes. NULL: no memory. */
char *write_record_json(const struct write_record *record, size_t most);

#endif
