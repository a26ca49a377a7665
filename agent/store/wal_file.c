#include "agent/store/wal_file.h"

#include "base/crc.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAGIC = 0x377f0682, /* bit 0: checksums of big-endian words */
    VERSION = 3007000,
    WINDOW_BYTES = 64 << 10,
    MAP_FRAMES_MAX = 1 << 16,
    PAGE_LEAST = 512,
    PAGE_MOST = 65536,
};

static size_t frame_bytes(const struct wal_file *wal)
{
    return WAL_FRAME_HEADER_BYTES + (size_t)wal->page_bytes;
}

static uint32_t word(const uint8_t *bytes, bool big_endian)
{
    return big_endian ? raw_get(bytes, 4)
                      : (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 |
                            (uint32_t)bytes[1] << 8 | bytes[0];
}

/** sqlite.org/fileformat2.html, 4.2; `size` is a multiple of 8. */
static struct wal_sums add_up(const struct wal_file *wal, struct wal_sums sums,
                              const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        sums.one += word(bytes + i, wal->big_endian) + sums.two;
        sums.two += word(bytes + i + 4, wal->big_endian) + sums.one;
    }
    return sums;
}

static struct wal_sums sums_of(const struct wal_file *wal, struct wal_sums before,
                               const struct wal_frame *frame)
{
    struct wal_sums sums = add_up(wal, before, frame->bytes, 8);

    return add_up(wal, sums, frame->bytes + WAL_FRAME_HEADER_BYTES, wal->page_bytes);
}

static bool same_sums(struct wal_sums left, struct wal_sums right)
{
    return left.one == right.one && left.two == right.two;
}

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_LEAST && size <= PAGE_MOST && (size & (size - 1)) == 0;
}

static void read_header(struct wal_file *wal)
{
    uint8_t header[WAL_HEADER_BYTES];
    struct wal_sums sums;
    uint32_t magic;

    if (!raw_file_read(wal->file, header, sizeof(header), 0)) {
        return;
    }
    magic = raw_get(header, 4);
    wal->big_endian = magic == (MAGIC | 1);
    sums = add_up(wal, (struct wal_sums){0, 0}, header, 24);
    if ((magic & ~1U) != MAGIC || raw_get(header + 4, 4) != VERSION ||
        !is_page_size(raw_get(header + 8, 4)) || sums.one != raw_get(header + 24, 4) ||
        sums.two != raw_get(header + 28, 4)) {
        wal->big_endian = false; /* as every machine that we run on */
        return;
    }
    wal->has_header = true;
    wal->page_bytes = raw_get(header + 8, 4);
    wal->sums = sums;
    memcpy(wal->salts, header + 16, sizeof(wal->salts));
}

bool wal_open(struct wal_file *wal, const struct raw_file *file, uint32_t page_bytes)
{
    *wal = (struct wal_file){.file = file, .page_bytes = page_bytes};
    if (file->size_bytes > WAL_HEADER_BYTES) {
        read_header(wal);
        wal->frame_count =
            (uint32_t)((uint64_t)(file->size_bytes - WAL_HEADER_BYTES) / frame_bytes(wal));
    }
    wal->window_capacity = (uint32_t)(WINDOW_BYTES / frame_bytes(wal));
    wal->window_capacity = wal->window_capacity > 0 ? wal->window_capacity : 1;
    wal->window = malloc(wal->window_capacity * frame_bytes(wal));
    return wal->window != NULL;
}

void wal_close(struct wal_file *wal)
{
    free(wal->window);
    *wal = (struct wal_file){0};
}

/** Have frame `index` in the window. */
static bool move_window(struct wal_file *wal, uint32_t index)
{
    uint32_t count = wal->frame_count - index;

    count = count < wal->window_capacity ? count : wal->window_capacity;
    while (count > 0 &&
           !raw_file_read(wal->file, wal->window, count * frame_bytes(wal),
                          WAL_HEADER_BYTES + (int64_t)index * (int64_t)frame_bytes(wal))) {
        count = count > 1 ? 1 : 0; /* a bad sector costs its own frame */
    }
    wal->window_first = index;
    wal->window_count = count;
    return count > 0;
}

bool wal_read(struct wal_file *wal, uint32_t index, struct wal_frame *frame)
{
    const uint8_t *bytes;

    if (index >= wal->frame_count ||
        ((index < wal->window_first || index - wal->window_first >= wal->window_count) &&
         !move_window(wal, index))) {
        return false;
    }
    bytes = wal->window + (index - wal->window_first) * frame_bytes(wal);
    *frame = (struct wal_frame){
        .page = raw_get(bytes, 4),
        .commit_pages = raw_get(bytes + 4, 4),
        .salts = bytes + 8,
        .stored = {raw_get(bytes + 16, 4), raw_get(bytes + 20, 4)},
        .bytes = bytes,
    };
    return true;
}

static bool has_salts(const struct wal_file *wal, const struct wal_frame *frame)
{
    return memcmp(frame->salts, wal->salts, sizeof(wal->salts)) == 0;
}

/** Frames that continue one another. */
struct run {
    bool is_on;
    struct wal_range range;           /* all of them */
    uint32_t last_commit_end;         /* of them, up to the last transaction's end */
    bool goes_on;                     /* behind the end of a transaction (rule 2) */
    uint32_t page_before;             /* its first frame may be an end (rule 5); 0: is none */
    struct wal_sums stored, computed; /* of the last frame: one of them may be damaged */
    bool after_commit;
    uint32_t commit_page, commit_crc; /* of the last frame, if it ended a transaction */
};

/** The runs behind the first bad frame. */
struct runs {
    struct run list[WAL_RANGES_MAX];
    uint32_t count;
    uint32_t believed; /* up to the last one that goes on behind an end (rule 2): all before it
                          were acknowledged, too */
};

static void take_frame(struct wal_file *wal, struct run *run, uint32_t index,
                       struct wal_sums computed, const struct wal_frame *frame)
{
    bool is_commit = frame->commit_pages > 0, repeated = false;

    if (run->range.end == run->range.first + 1 && frame->page <= run->page_before) {
        run->last_commit_end = index; /* rule 5 */
    }
    if (is_commit) {
        uint32_t crc = crc32c(0, frame->bytes + WAL_FRAME_HEADER_BYTES, wal->page_bytes);

        repeated = run->after_commit && run->commit_page == frame->page && run->commit_crc == crc;
        run->commit_page = frame->page;
        run->commit_crc = crc;
    }
    run->range.end = index + 1;
    run->goes_on |= run->last_commit_end > 0 && !repeated; /* rule 3 */
    run->last_commit_end = is_commit ? index + 1 : run->last_commit_end;
    run->after_commit = is_commit;
    run->stored = frame->stored;
    run->computed = computed;
}

/** With a frame that is bad. */
static struct run start_run(struct wal_file *wal, const struct run *before, uint32_t index,
                            const struct wal_frame *frame, uint32_t page_before)
{
    struct run run = {.is_on = true,
                      .range = {index, index + 1},
                      .page_before = page_before,
                      .stored = frame->stored,
                      .computed = sums_of(wal, before->stored, frame)};

    if (!wal->has_header && frame->commit_pages > 0) { /* bad or not: nothing tells */
        run.last_commit_end = index + 1;
    }
    return run;
}

static bool continues(const struct wal_file *wal, const struct run *run,
                      const struct wal_frame *frame, struct wal_sums *computed)
{
    if (!run->is_on) {
        return false;
    }
    *computed = sums_of(wal, run->stored, frame);
    if (same_sums(*computed, frame->stored)) {
        return true;
    }
    *computed = sums_of(wal, run->computed, frame);
    return same_sums(*computed, frame->stored);
}

static void end_run(struct runs *runs, const struct run *run)
{
    if (run->is_on && runs->count < WAL_RANGES_MAX) {
        runs->list[runs->count++] = *run;
        if (run->goes_on) {
            runs->believed = runs->count;
        }
    }
}

/** What a bad frame's page_before is, if the one before it is of the same transaction. */
static uint32_t page_before_end(const struct wal_frame *frame, uint32_t pages, uint32_t before)
{
    return frame->commit_pages == pages && frame->page <= pages ? before : 0;
}

/** Behind the first frame that is not good. `before` is the checksum before it; the database has
 *  `pages`, 0 if that is not known. */
static void find_runs(struct wal_file *wal, struct runs *runs, uint32_t first,
                      struct wal_sums before, uint32_t pages)
{
    struct run run = {.stored = before, .computed = before};
    struct wal_frame frame = {0};
    uint32_t page_before = 0; /* of this transaction; 0: there is none, or it is not known */

    if (first > 0 && wal_read(wal, first - 1, &frame) && frame.commit_pages == 0) {
        page_before = frame.page;
    }
    *runs = (struct runs){0};
    for (uint32_t i = first; i < wal->frame_count; i++) {
        struct wal_sums computed = {0, 0};
        bool ours = wal_read(wal, i, &frame) && frame.page > 0 && has_salts(wal, &frame);

        if (ours && continues(wal, &run, &frame, &computed)) {
            take_frame(wal, &run, i, computed, &frame);
        } else {
            end_run(runs, &run);
            if (ours || (i == first && frame.page > 0)) { /* its salts may be what is bad in it */
                page_before = page_before_end(&frame, pages, page_before);
                run = start_run(wal, &run, i, &frame, page_before);
            } else {
                run = (struct run){.stored = run.stored, .computed = run.computed};
            }
        }
        page_before = ours && frame.commit_pages == 0 ? frame.page : 0;
    }
    end_run(runs, &run);
}

/** All frames of the runs that are believed, but for the last one's open transaction. */
static void add_runs(struct wal_scan *scan, const struct runs *runs)
{
    for (uint32_t i = 0; i < runs->believed && scan->range_count < WAL_RANGES_MAX; i++) {
        const struct run *run = &runs->list[i];
        uint32_t end = i + 1 < runs->believed ? run->range.end : run->last_commit_end;

        scan->ranges[scan->range_count++] = (struct wal_range){run->range.first, end};
    }
}

static void scan_from_header(struct wal_file *wal, struct wal_scan *scan)
{
    struct wal_sums sums = wal->sums;
    struct wal_frame frame;
    struct runs runs;
    uint32_t index = 0, taken = 0;

    while (wal_read(wal, index, &frame) && frame.page > 0 && has_salts(wal, &frame)) {
        struct wal_sums next = sums_of(wal, sums, &frame);

        if (!same_sums(next, frame.stored)) {
            break;
        }
        sums = next;
        index++;
        if (frame.commit_pages > 0) {
            taken = index;
            scan->page_count = frame.commit_pages;
        }
    }
    scan->chain_end = index;
    find_runs(wal, &runs, index, sums, scan->page_count);
    scan->damaged = runs.believed > 0;
    taken = scan->damaged ? index : taken; /* what is open at its end was ended behind it */
    if (taken > 0) {
        scan->ranges[scan->range_count++] = (struct wal_range){0, taken};
    }
    add_runs(scan, &runs);
}

/** The first frame that the next one continues; the salts of both are the newest. */
static uint32_t find_newest(struct wal_file *wal)
{
    struct wal_frame frame;
    struct run run = {0};
    uint8_t salts[8] = {0};

    for (uint32_t i = 0; i < wal->frame_count && wal_read(wal, i, &frame); i++) {
        struct wal_sums computed;

        if (i == 0) { /* what a journal of one frame has */
            memcpy(wal->salts, frame.salts, sizeof(wal->salts));
        }
        if (run.is_on && memcmp(salts, frame.salts, sizeof(salts)) == 0 &&
            continues(wal, &run, &frame, &computed)) {
            memcpy(wal->salts, salts, sizeof(salts));
            return i - 1;
        }
        run =
            (struct run){.is_on = frame.page > 0, .stored = frame.stored, .computed = frame.stored};
        memcpy(salts, frame.salts, sizeof(salts));
    }
    return 0;
}

static void scan_without_header(struct wal_file *wal, struct wal_scan *scan)
{
    struct runs runs;

    find_runs(wal, &runs, find_newest(wal), (struct wal_sums){0, 0}, 0);
    if (runs.believed == 0 && runs.count > 0 && runs.list[0].last_commit_end > 0) {
        runs.believed = 1; /* there is nothing older that it could be the torn end of */
    }
    add_runs(scan, &runs);
}

void wal_scan(struct wal_file *wal, struct wal_scan *scan)
{
    *scan = (struct wal_scan){0};
    if (wal->has_header) {
        scan_from_header(wal, scan);
    } else if (wal->frame_count > 0) {
        scan_without_header(wal, scan);
    }
}

static int compare_entries(const void *left, const void *right)
{
    uint64_t one = *(const uint64_t *)left, two = *(const uint64_t *)right;

    return one < two ? -1 : one > two;
}

bool wal_map_make(struct wal_file *wal, const struct wal_scan *scan, struct wal_map *map)
{
    size_t count = 0, kept = 0;

    *map = (struct wal_map){0};
    for (uint32_t i = 0; i < scan->range_count; i++) {
        count += scan->ranges[i].end - scan->ranges[i].first;
    }
    if (count > MAP_FRAMES_MAX) {
        return false;
    }
    map->entries = calloc(count + 1, sizeof(*map->entries));
    if (map->entries == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < scan->range_count; i++) {
        for (uint32_t index = scan->ranges[i].first; index < scan->ranges[i].end; index++) {
            struct wal_frame frame;

            if (wal_read(wal, index, &frame)) {
                map->entries[map->count++] = (uint64_t)frame.page << 32 | index;
            }
        }
    }
    qsort(map->entries, map->count, sizeof(*map->entries), compare_entries);
    for (size_t i = 0; i < map->count; i++) {
        if (i + 1 == map->count || map->entries[i] >> 32 != map->entries[i + 1] >> 32) {
            map->entries[kept++] = map->entries[i];
        }
    }
    map->count = kept;
    return true;
}

void wal_map_free(struct wal_map *map)
{
    free(map->entries);
    *map = (struct wal_map){0};
}

bool wal_map_find(const struct wal_map *map, uint32_t page, uint32_t *frame)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->entries[middle] >> 32 < page) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == map->count || map->entries[low] >> 32 != page) {
        return false;
    }
    *frame = (uint32_t)map->entries[low];
    return true;
}
