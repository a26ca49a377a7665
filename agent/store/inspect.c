#include "agent/store/inspect.h"

#include "agent/store/wal_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 100, PAGE_BYTES_LEAST = 512, PAGE_BYTES = 1024, PAGE_BYTES_MOST = 65536 };

struct subject {
    struct raw_file database, journal;
    uint32_t page_bytes;
    uint32_t page_count; /* that page 1 says; 0: it does not say */
    bool is_ours;
    bool has_torn_header; /* the journal: some bytes, but not those of a header */
    struct inspection *found;
};

static void condemn(struct subject *subject, enum inspect_verdict verdict, const char *reason)
{
    subject->found->verdict = verdict;
    subject->found->reason = reason;
}

/** Is each page whose newest content is in these frames in the database, too? */
static bool all_is_in_database(const struct subject *subject, struct wal_file *wal,
                               const struct wal_map *map)
{
    uint8_t *page = malloc(subject->page_bytes);
    bool same = page != NULL && wal->page_bytes == subject->page_bytes;

    for (size_t i = 0; i < map->count && same; i++) {
        int64_t number = (int64_t)(map->entries[i] >> 32);
        struct wal_frame frame;

        same = wal_read(wal, (uint32_t)map->entries[i], &frame) &&
               raw_file_read(&subject->database, page, subject->page_bytes,
                             (number - 1) * (int64_t)subject->page_bytes) &&
               memcmp(page, frame.bytes + WAL_FRAME_HEADER_BYTES, subject->page_bytes) == 0;
    }
    free(page);
    return same;
}

/** Rule 4. A frame that ends a transaction counts the pages of the file, which is enlarged in
 *  chunks ahead of its pages; what page 1 counts is in use. */
static bool pages_are_there(const struct subject *subject, const struct wal_scan *scan,
                            const struct wal_map *map)
{
    uint32_t wanted = subject->page_count > 0 ? subject->page_count : scan->page_count;
    int64_t there = subject->database.size_bytes / (int64_t)subject->page_bytes;

    for (int64_t page = there + 1; page <= (int64_t)wanted; page++) {
        uint32_t frame;

        if (!wal_map_find(map, (uint32_t)page, &frame)) {
            return false;
        }
    }
    return true;
}

/** Rule 7: is there something that is no header? */
static bool is_torn_header(const struct subject *subject, const struct wal_file *wal)
{
    uint8_t header[WAL_HEADER_BYTES] = {0};
    bool any = false;

    if (!wal->has_header && raw_file_read(&subject->journal, header, sizeof(header), 0)) {
        for (size_t i = 0; i < sizeof(header); i++) {
            any = any || header[i] != 0;
        }
    }
    return any;
}

/** The frames, when the queue is one that was made. */
static void judge_frames(struct subject *subject, struct wal_file *wal, const struct wal_scan *scan,
                         const struct wal_map *map)
{
    if (scan->damaged) {
        condemn(subject, INSPECT_DAMAGED,
                "its journal is damaged: SQLite would go back to what was before");
    } else if (subject->journal.size_bytes >= WAL_HEADER_BYTES && !wal->has_header &&
               (map->count == 0 || !all_is_in_database(subject, wal, map))) {
        condemn(subject, INSPECT_DAMAGED,
                "its journal has lost its beginning: SQLite would go back to what was before");
    } else if (!pages_are_there(subject, scan, map)) {
        condemn(subject, INSPECT_DAMAGED, "its end is missing");
    }
}

/** Page 1 as SQLite will see it: a power cut in a checkpoint may have torn the one in the file.
 *  sqlite.org/fileformat2.html, 1.3. */
static void judge_header(struct subject *subject, const uint8_t header[HEADER_BYTES])
{
    uint32_t size = raw_get(header + 16, 2);
    uint32_t application = raw_get(header + 68, 4);

    subject->page_bytes = size == 1 ? PAGE_BYTES_MOST : size;
    if (memcmp(header, "SQLite format 3", 16) != 0 || subject->page_bytes < PAGE_BYTES_LEAST ||
        (subject->page_bytes & (subject->page_bytes - 1)) != 0) {
        condemn(subject, INSPECT_DAMAGED, "it is no database");
        return;
    }
    if (memcmp(header + 24, header + 92, 4) == 0) { /* the count was kept by who wrote last */
        subject->page_count = raw_get(header + 28, 4);
    }
    subject->is_ours = application == INSPECT_APPLICATION_ID;
    if (subject->is_ours && raw_get(header + 60, 4) > INSPECT_FORM) {
        condemn(subject, INSPECT_NEWER, "it was made by a newer version");
    } else if (!subject->is_ours &&
               (application != 0 || subject->database.size_bytes > (int64_t)subject->page_bytes)) {
        condemn(subject, INSPECT_DAMAGED, "it is another program's database");
    }
}

static void judge_both(struct subject *subject, struct wal_file *wal, const struct wal_scan *scan,
                       const struct wal_map *map)
{
    uint8_t header[HEADER_BYTES] = {0};
    struct wal_frame frame;
    uint32_t index;
    bool is_in_journal =
        wal->has_header && wal_map_find(map, 1, &index) && wal_read(wal, index, &frame);

    if (subject->database.size_bytes <= 0) { /* rule 3 */
        if (wal->has_header && map->count > 0) {
            condemn(subject, INSPECT_DAMAGED, "the database is gone, its journal is not");
        }
        return;
    }
    if (!raw_file_read(&subject->database, header, sizeof(header), 0) && !is_in_journal) {
        condemn(subject, INSPECT_DAMAGED, "its beginning cannot be read");
        return;
    }
    subject->found->is_made = raw_get(header + 68, 4) == INSPECT_APPLICATION_ID;
    if (is_in_journal) {
        memcpy(header, frame.bytes + WAL_FRAME_HEADER_BYTES, sizeof(header));
    }
    judge_header(subject, header);
    if (subject->found->verdict == INSPECT_USABLE && subject->is_ours) {
        judge_frames(subject, wal, scan, map);
    }
}

static void judge(struct subject *subject)
{
    struct wal_file wal;
    struct wal_scan scan;
    struct wal_map map = {0};

    if (wal_open(&wal, &subject->journal, PAGE_BYTES)) {
        wal_scan(&wal, &scan);
        subject->has_torn_header = is_torn_header(subject, &wal);
        if (wal_map_make(&wal, &scan, &map)) { /* else the opening has no memory either */
            judge_both(subject, &wal, &scan, &map);
        }
    }
    wal_map_free(&map);
    wal_close(&wal);
}

/** Rule 7. What cannot be written now (a card that is read-only) cannot go on later either. */
static void forget_torn_header(const struct subject *subject)
{
    static const uint8_t zeros[WAL_HEADER_BYTES];
    sqlite3_file *file = subject->journal.file;

    if (subject->has_torn_header && subject->is_ours && subject->found->verdict == INSPECT_USABLE &&
        file->pMethods->xWrite(file, zeros, sizeof(zeros), 0) == SQLITE_OK) {
        (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    }
}

/** false: another process has it, or it cannot be locked. */
static bool lock(const struct raw_file *database)
{
    sqlite3_file *file = database->file;

    return file->pMethods->xLock(file, SQLITE_LOCK_SHARED) == SQLITE_OK &&
           file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK;
}

void inspect_queue(sqlite3_vfs *vfs, const char *path, struct inspection *found)
{
    char wal_path[PATH_MAX], journal_path[PATH_MAX];
    struct subject subject = {.found = found, .database.size_bytes = -1};
    const char *name = NULL;
    int exists = 0, unfinished = 0;

    *found = (struct inspection){.journal_bytes = -1};
    if (snprintf(wal_path, sizeof(wal_path), "%s-wal", path) >= (int)sizeof(wal_path) ||
        snprintf(journal_path, sizeof(journal_path), "%s-journal", path) >=
            (int)sizeof(journal_path)) {
        return; /* the opening says so */
    }
    name = sqlite3_create_filename(path, journal_path, wal_path, 0, NULL);
    if (name == NULL) {
        return;
    }
    (void)vfs->xAccess(vfs, journal_path, SQLITE_ACCESS_EXISTS,
                       &unfinished); /* then there is none */
    if (unfinished != 0) {           /* by the making of it (rule 6): SQLite takes it back */
        sqlite3_free_filename(name);
        return;
    }
    if (raw_file_open(&subject.database, vfs, name, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE)
            ? lock(&subject.database)
            : vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &exists) == SQLITE_OK && exists == 0) {
        /* SQLite's own VFS refuses a journal whose database is not there, unless it is called so.
         */
        int kind = subject.database.file != NULL ? SQLITE_OPEN_WAL : SQLITE_OPEN_SUPER_JOURNAL;

        (void)(raw_file_open(&subject.journal, vfs, sqlite3_filename_wal(name),
                             kind | SQLITE_OPEN_READWRITE) ||
               raw_file_open(&subject.journal, vfs, sqlite3_filename_wal(name),
                             kind | SQLITE_OPEN_READONLY));
        found->journal_bytes = subject.journal.size_bytes;
        judge(&subject);
        forget_torn_header(&subject);
    }
    raw_file_close(&subject.journal);
    if (subject.database.file != NULL) {
        (void)subject.database.file->pMethods->xUnlock(subject.database.file, SQLITE_LOCK_NONE);
    }
    raw_file_close(&subject.database);
    sqlite3_free_filename(name);
}
