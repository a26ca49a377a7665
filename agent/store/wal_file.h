/* agent/store/wal_file.h - SQLite's journal, read by its file format: what is in it, and what was.
 *
 *   <queue>-wal -> [ WAL FILE ] -> inspect (is it whole?), page_source (what of it can be used?)
 *
 * A journal is a header of 32 bytes and frames, each a header of 24 bytes and a page
 * (sqlite.org/fileformat2.html, chapter 4). SQLite takes frames from the start, as long as their
 * salts are the header's and their checksums, each continued from the one before, are right, up to
 * the last one that ends a transaction; what stands behind is older, torn, or lost.
 *
 *  1. With synchronous=FULL a transaction begins after the one before is on disk. So a power cut
 *     tears one transaction at most: behind the first bad frame stands the end of it, and maybe,
 *     not continued from that, ends of others that were torn before and taken back.
 *  2. A transaction that another frame continues was therefore acknowledged. When it stands behind
 *     a bad frame, SQLite would go back in time: the journal is damaged.
 *  3. A frame repeated to fill a sector ends the same transaction.
 *  4. A header is written when all that the journal held is in the database, and synced before any
 *     frame. So a bad one is harmless if each page of the frames is in the database, and damage
 *     otherwise.
 *  5. What a bad frame says of itself may be of an older frame that it was to replace. It ends a
 *     transaction only if it also has the right size of the database, and if the pages, which
 *     SQLite writes in ascending order, begin again behind it.
 *
 * Depends on: base, raw_file.  Threads: one user at a time.
 */
#ifndef AGENT_STORE_WAL_FILE_H
#define AGENT_STORE_WAL_FILE_H

#include "agent/store/raw_file.h"

enum { WAL_HEADER_BYTES = 32, WAL_FRAME_HEADER_BYTES = 24, WAL_RANGES_MAX = 32 };

struct wal_sums {
    uint32_t one, two;
};

struct wal_file {
    const struct raw_file *file; /* borrowed */
    uint32_t page_bytes;
    uint32_t frame_count; /* that fit into the file */
    bool has_header;      /* a whole one */
    bool big_endian;      /* its checksums */
    uint8_t salts[8];
    struct wal_sums sums; /* of the header */
    uint8_t *window;      /* frames window_first .. + window_count - 1 */
    uint32_t window_first, window_count, window_capacity;
};

struct wal_frame {
    uint32_t page;         /* number, from 1 */
    uint32_t commit_pages; /* pages in the database; 0: does not end a transaction */
    struct wal_sums stored;
    const uint8_t *salts; /* 8 bytes */
    const uint8_t *bytes; /* the whole frame; the page stands at + WAL_FRAME_HEADER_BYTES */
};

/** Frames first .. end - 1. */
struct wal_range {
    uint32_t first, end;
};

struct wal_scan {
    struct wal_range ranges[WAL_RANGES_MAX]; /* frames that were acknowledged, in order */
    uint32_t range_count;
    uint32_t chain_end;  /* frames from the start whose checksums are right */
    uint32_t page_count; /* of the database, by the last frame SQLite takes; 0: not said */
    bool damaged;        /* rule 2 */
};

/** Which frame holds a page's newest content; sorted by page. */
struct wal_map {
    uint64_t *entries; /* page << 32 | frame */
    size_t count;
};

/** `page_bytes` is the database's, for a journal whose header does not say.
 *  false: not enough memory. */
bool wal_open(struct wal_file *wal, const struct raw_file *file, uint32_t page_bytes);
void wal_close(struct wal_file *wal);

/** The frame lives until the next call. false: it cannot be read. */
bool wal_read(struct wal_file *wal, uint32_t index, struct wal_frame *frame);

/** With a whole header: what SQLite takes, and what it would lose (rule 2). Without: the newest
 *  frames that seem to belong together; `damaged` is not set then. */
void wal_scan(struct wal_file *wal, struct wal_scan *scan);

/** Pages of the frames in `scan`. false: not enough memory, or too many of them.
 *  `map` is zeroed then. */
bool wal_map_make(struct wal_file *wal, const struct wal_scan *scan, struct wal_map *map);
void wal_map_free(struct wal_map *map);

/** false: the journal has no frame of this page. */
bool wal_map_find(const struct wal_map *map, uint32_t page, uint32_t *frame);

#endif
