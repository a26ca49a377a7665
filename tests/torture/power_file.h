/* tests/torture/power_file.h - a file in memory that knows which of its bytes a power cut may take.
 *
 *  1. What was written is seen at once; it is durable after power_file_sync().
 *  2. A cut decides by its seed about each 512-byte sector of each write since: kept, dropped, torn
 *     (new bytes up to some place, old ones behind it), garbage, an earlier write kept and a later
 *     one lost, or the other way round. The size is decided likewise.
 *  3. Bytes that nobody wrote keep their value: SQLite asks that of a disk (powersafe overwrite),
 *     and says so of every file system it knows.
 *
 * Depends on: nothing.  Threads: one.
 */
#ifndef TESTS_TORTURE_POWER_FILE_H
#define TESTS_TORTURE_POWER_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { POWER_SECTOR_BYTES = 512 };

struct power_write {
    size_t offset, size_bytes, log_at; /* log_at: POWER_ZEROS, or where its bytes are */
    size_t file_bytes;                 /* size of the file after it */
};

struct power_file {
    uint8_t *now, *durable; /* zeros behind their sizes */
    size_t capacity, now_bytes, durable_bytes;
    struct power_write *writes; /* since the last sync, in order */
    size_t write_count, write_capacity;
    uint8_t *log;
    size_t log_bytes, log_capacity;
};

/** How what was not synced is treated; the last two decide for each sector. */
enum power_fate {
    POWER_KEEP_ALL,
    POWER_DROP_ALL,
    POWER_KEEP_EARLIER, /* up to a write that is torn */
    POWER_KEEP_LATER,
    POWER_EACH,
    POWER_EACH_OR_GARBAGE, /* what was written may be anything */
    POWER_FATE_COUNT
};

/** Never NULL: a test that has no memory ends. */
struct power_file *power_file_create(void);
void power_file_free(struct power_file *file);

/** `bytes` NULL: zeros. */
void power_file_write(struct power_file *file, const void *bytes, size_t size_bytes, size_t offset);

/** Shorter, or longer with zeros. */
void power_file_resize(struct power_file *file, size_t size_bytes);

/** Everything but the last `keep_back` writes becomes durable. */
void power_file_sync(struct power_file *file, size_t keep_back);

/** The power was cut: what is left is the file, and durable. */
void power_file_cut(struct power_file *file, enum power_fate fate, uint64_t seed);

/** A hash, for decisions that hang on a seed and a place. */
uint64_t power_mix(uint64_t seed, uint64_t place);

/** realloc() that ends the program when there is no memory. */
void *power_reallocate(void *memory, size_t size_bytes);

#endif
