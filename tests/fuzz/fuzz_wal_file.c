/* tests/fuzz/fuzz_wal_file.c - any bytes as SQLite's journal, as they are and
 * with checksums made right. First byte: order of the checksums' bytes (bit 0),
 * no header (bit 1). Then frames: a byte of `enum twist`, the page, what ends a
 * transaction, a byte that fills the page.
 *
 * Parser: agent/store/wal_file.c
 */
#include "agent/store/wal_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum twist { BROKEN_CHECKSUM = 1, OLD_SALTS = 2, FROM_THERE_ANEW = 4 };

enum {
    PAGE_BYTES = 512,
    FRAME_INPUT_BYTES = 4,
    FRAMES_MAX = 300, /* more than a window holds */
    JOURNAL_MOST = WAL_HEADER_BYTES + FRAMES_MAX * (WAL_FRAME_HEADER_BYTES + PAGE_BYTES),
};

struct memory_file {
    sqlite3_file base;
    const uint8_t *bytes;
};

static int read_memory(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    memcpy(bytes, ((struct memory_file *)(void *)file)->bytes + at, (size_t)size);
    return SQLITE_OK;
}

static void expect(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void put(uint8_t *bytes, uint32_t value, bool big_endian)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (big_endian ? 24 - 8 * i : 8 * i));
    }
}

/** sqlite.org/fileformat2.html, 4.2 */
static void add_up(uint32_t sums[2], const uint8_t *bytes, size_t size, bool big_endian)
{
    for (size_t i = 0; i < size; i += 8) {
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *four = bytes + i + 4 * half;
            uint32_t value = raw_get(four, 4);

            sums[half] += (big_endian ? value : __builtin_bswap32(value)) + sums[1 - half];
        }
    }
}

static void make_header(uint8_t *bytes, uint32_t sums[2], bool big_endian)
{
    put(bytes, 0x377f0682 | big_endian, true);
    put(bytes + 4, 3007000, true);
    put(bytes + 8, PAGE_BYTES, true);
    memset(bytes + 12, 7, 12);
    add_up(sums, bytes, 24, big_endian);
    put(bytes + 24, sums[0], true);
    put(bytes + 28, sums[1], true);
}

static void make_frame(uint8_t *bytes, const uint8_t *input, uint32_t sums[2], bool big_endian)
{
    uint8_t *page = bytes + WAL_FRAME_HEADER_BYTES;

    if ((input[0] & FROM_THERE_ANEW) != 0) {
        sums[0] += 1;
    }
    put(bytes, input[1], true);
    put(bytes + 4, input[2] % 4 == 0 ? input[2] : 0, true);
    memset(bytes + 8, (input[0] & OLD_SALTS) != 0 ? 6 : 7, 8);
    memset(page, input[3], PAGE_BYTES);
    add_up(sums, bytes, 8, big_endian);
    add_up(sums, page, PAGE_BYTES, big_endian);
    put(bytes + 16, (input[0] & BROKEN_CHECKSUM) != 0 ? ~sums[0] : sums[0], true);
    put(bytes + 20, sums[1], true);
}

/** Returns the journal's size. */
static size_t make_journal(uint8_t *journal, const uint8_t *bytes, size_t size_bytes)
{
    bool big_endian = (bytes[0] & 1) != 0;
    uint32_t sums[2] = {0, 0};
    size_t frames = (size_bytes - 1) / FRAME_INPUT_BYTES;
    uint8_t *at = journal + WAL_HEADER_BYTES;

    make_header(journal, sums, big_endian);
    for (size_t i = 0; i < frames && i < FRAMES_MAX; i++) {
        make_frame(at, bytes + 1 + i * FRAME_INPUT_BYTES, sums, big_endian);
        at += WAL_FRAME_HEADER_BYTES + PAGE_BYTES;
    }
    if ((bytes[0] & 2) != 0) {
        memset(journal, 0, WAL_HEADER_BYTES);
    }
    return (size_t)(at - journal);
}

static void check_map(struct wal_file *wal, const struct wal_scan *scan)
{
    struct wal_map map;

    if (!wal_map_make(wal, scan, &map)) {
        return;
    }
    for (size_t i = 0; i < map.count; i++) {
        uint32_t page = (uint32_t)(map.entries[i] >> 32), index = 0;
        struct wal_frame frame;

        expect(i == 0 || map.entries[i - 1] >> 32 < page);
        expect(wal_map_find(&map, page, &index) && wal_read(wal, index, &frame) &&
               frame.page == page);
    }
    wal_map_free(&map);
}

static void scan_journal(const uint8_t *bytes, size_t size_bytes)
{
    static const sqlite3_io_methods methods = {.iVersion = 1, .xRead = read_memory};
    struct memory_file memory = {{&methods}, bytes};
    const struct raw_file file = {&memory.base, (int64_t)size_bytes};
    struct wal_file wal;
    struct wal_scan scan;

    if (wal_open(&wal, &file, PAGE_BYTES)) {
        wal_scan(&wal, &scan);
        expect(scan.range_count <= WAL_RANGES_MAX);
        for (uint32_t i = 0; i < scan.range_count; i++) {
            expect(scan.ranges[i].first < scan.ranges[i].end &&
                   scan.ranges[i].end <= wal.frame_count &&
                   (i == 0 || scan.ranges[i - 1].end <= scan.ranges[i].first));
        }
        check_map(&wal, &scan);
    }
    wal_close(&wal);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *journal = malloc(JOURNAL_MOST);

    expect(journal != NULL);
    scan_journal(bytes, size_bytes);
    if (size_bytes > 0) {
        scan_journal(journal, make_journal(journal, bytes, size_bytes));
    }
    free(journal);
    return 0;
}
