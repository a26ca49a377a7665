/* sync/encoder.h - from records in sequence order to one Parquet object (docs/lake-format.md).
 *
 *   agent/store -> [ ENCODER ] -> sync/target
 *
 * Life: encoder_create() -> { encoder_begin() -> encoder_add_*()* -> encoder_finish() }* ->
 * encoder_free(). Between finish and begin it holds the object and little else.
 *
 *  E1  Rows of a batch have consecutive sequence numbers; one that does not continue is ERROR_BUG.
 *  E2  The same rows and header give the same digest, and the same object name, with any version.
 *      With one version of this encoder and its libraries they give the same bytes.
 *  E3  Memory is bounded whatever is added: a chunk of rows (about 2 MiB) and the encoded bytes,
 * which the maximum given at creation bounds. It does not grow with the number of rows otherwise.
 *  E4  After any failure but ERROR_NO_SPACE only encoder_begin() goes on.
 *
 * Depends on: base, mbedTLS (SHA-256), zstd.  Threads: one user at a time.
 */
#ifndef SYNC_ENCODER_H
#define SYNC_ENCODER_H

#include "base/definition.h"
#include "base/error.h"
#include "base/event.h"
#include "base/log_record.h"
#include "base/sample.h"
#include "base/stream.h"
#include "sync/batch.h"

#include <stddef.h>
#include <stdint.h>

struct encoder;

enum { ENCODER_VERSION = 1 };

/** What stands in the name and in the footer beside the rows. Texts are borrowed until finish. */
struct batch_header {
    enum stream stream;
    const char *site;
    const char *gateway;
    const char *incarnation;     /* 16 hexadecimal digits */
    const char *previous_digest; /* of the stream's object before this one; "" for the first */
    int64_t day;                 /* UTC day of receipt, since 1970 */
};

/** `maximum_bytes` bounds an encoded batch. zstd level 3. */
MUST_CHECK enum error_code encoder_create(size_t maximum_bytes, struct encoder **encoder,
                                          struct error *error);
void encoder_free(struct encoder *encoder);

/** Start a batch; forgets one that was not finished. */
MUST_CHECK enum error_code encoder_begin(struct encoder *encoder, const struct batch_header *header,
                                         struct error *error);

/** STREAM_READINGS. `handle` stands for (definition->point_id, definition->revision) within a
 * batch: the same handle, the same definition. ERROR_NO_SPACE: this row no longer fits; the row was
 * not taken, finish the batch without it. */
MUST_CHECK enum error_code encoder_add_reading(struct encoder *encoder, uint64_t sequence,
                                               uint32_t handle, const struct definition *definition,
                                               const struct sample *sample, struct error *error);

/** STREAM_EVENTS; times of the sample, fields of the event. */
MUST_CHECK enum error_code encoder_add_event(struct encoder *encoder, uint64_t sequence,
                                             const struct sample *sample, const struct event *event,
                                             struct error *error);

/** STREAM_LOGS; times of the sample, fields of the record. */
MUST_CHECK enum error_code encoder_add_log(struct encoder *encoder, uint64_t sequence,
                                           const struct sample *sample,
                                           const struct log_record *record, struct error *error);

/** STREAM_CATALOGUE. */
MUST_CHECK enum error_code encoder_add_definition(struct encoder *encoder, uint64_t sequence,
                                                  int64_t received_ns,
                                                  const struct definition *definition,
                                                  struct error *error);

/** About how many bytes finish() would give now. */
size_t encoder_size_estimate_bytes(const struct encoder *encoder);

/** Rows added since begin. */
uint64_t encoder_row_count(const struct encoder *encoder);

/** Complete the object. batch->bytes stays valid until the next begin or free. */
MUST_CHECK enum error_code encoder_finish(struct encoder *encoder, struct batch *batch,
                                          struct error *error);

#endif
