/* sync/digest.h - SHA-256, and the digest of canonical rows that object names carry.
 *
 *   rows in sequence order -> [ DIGEST ] -> sync/object_name, lake/verify
 *
 * Life: digest_init() -> digest_add*() -> digest_finish() -> digest_deinit().
 *
 *  G1  The canonical form of a row is its cells in the schema's order: one byte 1 and the value, or
 *      one byte 0 for null. Integers and times are 8 bytes, doubles their 8 IEEE bytes, texts a
 *      4-byte length and their bytes; all little-endian.
 *  G2  A failure sticks: add many times, look at digest_finish() once.
 *
 * Depends on: error, mbedTLS (its generic md API, the same in 2.28 and 3.6).
 * Threads: one user at a time.
 */
#ifndef SYNC_DIGEST_H
#define SYNC_DIGEST_H

#include "base/error.h"
#include "sync/schema.h"

#include <mbedtls/md.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DIGEST_BYTES = 32,
    DIGEST_HEX_SIZE = 2 * DIGEST_BYTES + 1, /* the whole SHA-256 as text, terminated */
    DIGEST_STAGE_BYTES = 1024,
};

struct digest {
    mbedtls_md_context_t md;
    bool failed;
    size_t staged_bytes;
    uint8_t stage[DIGEST_STAGE_BYTES]; /* small pieces are hashed together */
};

/** Errors: ERROR_NO_MEMORY. `*digest` may be deinitialised whatever the answer. */
MUST_CHECK enum error_code digest_init(struct digest *digest, struct error *error);

/** Accepts a zeroed digest, and twice. */
void digest_deinit(struct digest *digest);

void digest_add(struct digest *digest, const void *bytes, size_t size_bytes);

/** Add one row in its canonical form (G1). */
void digest_add_row(struct digest *digest, const struct schema *schema, const struct cell *cells);

/** Write 64 lowercase hexadecimal digits, terminated, and start anew. Object names take the first
 *  12 of them. Errors: ERROR_BUG when hashing failed. */
MUST_CHECK enum error_code digest_finish(struct digest *digest, char hex[DIGEST_HEX_SIZE],
                                         struct error *error);

#endif
