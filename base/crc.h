/* base/crc.h - the two checksums of our formats.
 *
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) guards batches in the queue; CRC-32 (ISO 3309, as in
 * gzip, RFC 1952 chapter 8) guards Parquet pages, because that format says so.
 *
 * Both continue: crc(crc(0, a), b) is the checksum of a followed by b.
 *
 * Depends on: nothing.  Threads: pure; the tables are constants.
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t previous, const void *bytes, size_t size_bytes);
uint32_t crc32_gzip(uint32_t previous, const void *bytes, size_t size_bytes);

#endif
