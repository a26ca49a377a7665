#include "sync/digest.h"

#include <string.h>

enum error_code digest_init(struct digest *digest, struct error *error)
{
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

    mbedtls_md_init(&digest->md);
    digest->failed = false;
    digest->staged_bytes = 0;
    if (sha256 == NULL || mbedtls_md_setup(&digest->md, sha256, 0) != 0 ||
        mbedtls_md_starts(&digest->md) != 0) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for a SHA-256");
    }
    return ERROR_OK;
}

void digest_deinit(struct digest *digest)
{
    mbedtls_md_free(&digest->md);
    mbedtls_md_init(&digest->md);
}

static void flush_stage(struct digest *digest)
{
    if (mbedtls_md_update(&digest->md, digest->stage, digest->staged_bytes) != 0) {
        digest->failed = true;
    }
    digest->staged_bytes = 0;
}

void digest_add(struct digest *digest, const void *bytes, size_t size_bytes)
{
    if (size_bytes > DIGEST_STAGE_BYTES - digest->staged_bytes) {
        flush_stage(digest);
    }
    if (size_bytes > DIGEST_STAGE_BYTES) {
        if (mbedtls_md_update(&digest->md, bytes, size_bytes) != 0) {
            digest->failed = true;
        }
    } else if (size_bytes > 0) {
        memcpy(digest->stage + digest->staged_bytes, bytes, size_bytes);
        digest->staged_bytes += size_bytes;
    }
}

/** A present byte and an integer, `size_bytes` of it, lowest first. */
static void add_number(struct digest *digest, uint64_t value, size_t size_bytes)
{
    uint8_t bytes[1 + sizeof(value)] = {1};

    for (size_t i = 0; i < size_bytes; i++) {
        bytes[1 + i] = (uint8_t)(value >> (8 * i));
    }
    digest_add(digest, bytes, 1 + size_bytes);
}

static void add_cell(struct digest *digest, enum column_type type, const struct cell *cell)
{
    uint64_t bits;

    if (!cell->present) {
        digest_add(digest, "", 1); /* the terminator: a byte 0 */
    } else if (type == COLUMN_STRING) {
        add_number(digest, cell->value.text.size_bytes, sizeof(uint32_t));
        digest_add(digest, cell->value.text.bytes, cell->value.text.size_bytes);
    } else if (type == COLUMN_DOUBLE) {
        memcpy(&bits, &cell->value.real, sizeof(bits));
        add_number(digest, bits, sizeof(bits));
    } else {
        add_number(digest, (uint64_t)cell->value.integer, sizeof(uint64_t));
    }
}

void digest_add_row(struct digest *digest, const struct schema *schema, const struct cell *cells)
{
    for (size_t i = 0; i < schema->column_count; i++) { /* G1 */
        add_cell(digest, schema->columns[i].type, &cells[i]);
    }
}

enum error_code digest_finish(struct digest *digest, char hex[DIGEST_HEX_SIZE], struct error *error)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[DIGEST_BYTES];
    bool failed;

    flush_stage(digest);
    failed = digest->failed || mbedtls_md_finish(&digest->md, hash) != 0;
    digest->failed = mbedtls_md_starts(&digest->md) != 0;
    if (failed) {
        return error_set(error, ERROR_BUG, "SHA-256 failed in the TLS library"); /* G2 */
    }
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[DIGEST_HEX_SIZE - 1] = '\0';
    return ERROR_OK;
}
