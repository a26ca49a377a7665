#include "tests/bench/queue_candidates.h"

#include "agent/store/codec.h"
#include "agent/store/slot.h"
#include "agent/store/store.h"
#include "agent/store/vfs.h"
#include "tests/bench/polled_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512, RING_SLOTS = 64, PAGE_BYTES = 4096, TABLE_LOG2 = 9 };

void bench_fail(const char *what)
{
    (void)fprintf(stderr, "bench: %s failed: %s\n", what, strerror(errno)); /* nowhere else */
    exit(1);
}

static void path_in(char path[PATH_SIZE], const char *folder, const char *name)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", folder, name) >= PATH_SIZE) {
        bench_fail("the path of the folder");
    }
}

struct store *candidate_store_open(const char *folder, uint64_t ring_bytes)
{
    char path[PATH_SIZE];
    struct store_settings settings = {
        .path = path, .clock = &clock_system, .ring_bytes = {1 << 20, ring_bytes, 1 << 20}};
    struct store *store = NULL;
    struct error error;

    path_in(path, folder, "queue.db");
    if (store_open(&settings, &store, &error) != ERROR_OK) {
        bench_fail(error.text);
    }
    for (unsigned i = 1; i <= POLLED_POINTS; i++) {
        char name[32];
        struct definition definition = {.point_id = name,
                                        .device = "",
                                        .name = name,
                                        .type = "int16",
                                        .unit = "",
                                        .role = "",
                                        .address = "",
                                        .labels = ""};
        uint32_t handle;

        (void)snprintf(name, sizeof(name), "point-%u", i); /* fits */
        if (store_define(store, &definition, &handle, &error) != ERROR_OK) {
            bench_fail(error.text);
        }
    }
    return store;
}

static void *open_store(const char *folder)
{
    return candidate_store_open(folder, RING_SLOTS * SLOT_BYTES);
}

void candidate_store_commit(void *store, const struct sample *samples, size_t count)
{
    struct error error = {0};

    for (size_t taken = 0; taken < count;) {
        size_t part = count - taken < STORE_APPEND_MAX ? count - taken : STORE_APPEND_MAX;

        if (store_append(store, STREAM_READINGS, samples + taken, part, &error) != ERROR_OK) {
            bench_fail(error.text);
        }
        taken += part;
    }
    if (store_commit(store, &error) != ERROR_OK) {
        bench_fail(error.text);
    }
}

/* store_totals() takes its lock, so the state is not const for it. */
static struct store_totals totals_of(const void *state)
{
    struct store_totals totals;
    struct store *store;

    memcpy(&store, &state, sizeof(state));
    store_totals(store, &totals);
    return totals;
}

static uint64_t store_written(const void *state)
{
    return totals_of(state).bytes_written;
}

static uint64_t store_syncs(const void *state)
{
    return totals_of(state).syncs;
}

static void close_store(void *store)
{
    store_close(store);
}

/* A reading takes more than half a byte. */
const struct candidate candidate_store = {
    "store",     open_store,  candidate_store_commit,     store_written,
    store_syncs, close_store, 2 * RING_SLOTS *SLOT_BYTES,
};

struct file_log {
    int descriptor;
    struct codec_encoder *encoder;
    uint64_t next_sequence, written_bytes, syncs;
    uint32_t slot, chain;
    size_t filled, written;
    uint8_t bytes[SLOT_BYTES];
};

static void *open_log(const char *folder)
{
    struct file_log *log = calloc(1, sizeof(*log));
    char path[PATH_SIZE];

    path_in(path, folder, "log");
    if (log == NULL) {
        bench_fail("calloc");
    }
    log->descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    log->encoder = codec_encoder_create(TABLE_LOG2);
    if (log->descriptor < 0 || log->encoder == NULL) {
        bench_fail(path);
    }
    for (unsigned i = 0; i < RING_SLOTS;
         i++) { /* written once, so that nothing is allocated later */
        if (write(log->descriptor, log->bytes, SLOT_BYTES) != SLOT_BYTES) {
            bench_fail("filling the log");
        }
    }
    if (fsync(log->descriptor) != 0) {
        bench_fail("fsync");
    }
    log->next_sequence = 1;
    log->filled = SLOT_BYTES;
    return log;
}

static void write_log(struct file_log *log)
{
    off_t offset = (off_t)log->slot * SLOT_BYTES + (off_t)log->written;
    size_t size = log->filled - log->written;

    if (size > 0 &&
        pwrite(log->descriptor, log->bytes + log->written, size, offset) != (ssize_t)size) {
        bench_fail("writing the log");
    }
    log->written_bytes +=
        ((log->filled + PAGE_BYTES - 1) / PAGE_BYTES - log->written / PAGE_BYTES) * PAGE_BYTES;
    log->written = log->filled;
}

static bool encode_log(struct file_log *log, const struct sample *samples, size_t count)
{
    uint8_t *bytes = log->bytes + log->filled;
    struct slot_batch batch = {.count = count, .first_sequence = log->next_sequence};

    if (SLOT_BYTES - log->filled <= SLOT_BATCH_HEADER_BYTES) {
        return false;
    }
    batch.payload_bytes =
        codec_encode(log->encoder, samples, count, NULL, bytes + SLOT_BATCH_HEADER_BYTES,
                     SLOT_BYTES - log->filled - SLOT_BATCH_HEADER_BYTES);
    if (batch.payload_bytes == 0) {
        return false;
    }
    log->chain = slot_seal_batch(bytes, &batch, log->chain);
    log->filled += SLOT_BATCH_HEADER_BYTES + batch.payload_bytes;
    log->next_sequence += count;
    return true;
}

static void turn_log(struct file_log *log, const struct sample *first)
{
    struct slot_header header = {
        .stream = STREAM_READINGS, .first_sequence = log->next_sequence, .t0_ns = first->time_ns};

    write_log(log);
    log->slot = (log->slot + 1) % RING_SLOTS;
    log->chain = slot_write_header(&header, log->bytes);
    log->filled = SLOT_HEADER_BYTES;
    log->written = 0;
    codec_encoder_start(log->encoder, first->time_ns);
}

static void commit_log(void *state, const struct sample *samples, size_t count)
{
    struct file_log *log = state;

    for (size_t taken = 0; taken < count;) {
        size_t part = count - taken < CODEC_BATCH_MAX ? count - taken : CODEC_BATCH_MAX;

        if (!encode_log(log, samples + taken, part)) {
            turn_log(log, samples + taken);
            if (!encode_log(log, samples + taken, part)) {
                bench_fail("encoding");
            }
        }
        taken += part;
    }
    write_log(log);
    log->syncs++;
    if (fdatasync(log->descriptor) != 0) {
        bench_fail("fdatasync");
    }
}

static uint64_t log_written(const void *state)
{
    const struct file_log *log = state;

    return log->written_bytes;
}

static uint64_t log_syncs(const void *state)
{
    const struct file_log *log = state;

    return log->syncs;
}

static void close_log(void *state)
{
    struct file_log *log = state;

    if (close(log->descriptor) != 0) {
        bench_fail("closing the log");
    }
    codec_encoder_free(log->encoder);
    free(log);
}

const struct candidate candidate_log = {"log",     open_log,  commit_log, log_written,
                                        log_syncs, close_log, 0};

struct rows {
    struct store_vfs vfs;
    sqlite3 *database;
    sqlite3_stmt *begin, *insert, *commit;
};

static void *open_rows(const char *folder)
{
    struct rows *rows = calloc(1, sizeof(*rows));
    char path[PATH_SIZE];

    path_in(path, folder, "rows.db");
    if (rows == NULL || !store_vfs_open(&rows->vfs) ||
        sqlite3_open_v2(path, &rows->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        rows->vfs.name) != SQLITE_OK ||
        sqlite3_exec(rows->database,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                     "PRAGMA synchronous=FULL;"
                     "CREATE TABLE reading(sequence INTEGER PRIMARY KEY, point INTEGER,"
                     " time INTEGER, received INTEGER, status INTEGER, value)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(rows->database, "BEGIN", -1, &rows->begin, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(rows->database, "INSERT INTO reading VALUES(NULL, ?, ?, ?, ?, ?)", -1,
                           &rows->insert, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(rows->database, "COMMIT", -1, &rows->commit, NULL) != SQLITE_OK) {
        bench_fail("opening the rows");
    }
    return rows;
}

static void run(sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK) {
        bench_fail("a statement");
    }
}

static void commit_rows(void *state, const struct sample *samples, size_t count)
{
    struct rows *rows = state;

    run(rows->begin);
    for (size_t i = 0; i < count; i++) {
        (void)sqlite3_bind_int64(rows->insert, 1, samples[i].point_id); /* in range, as all here */
        (void)sqlite3_bind_int64(rows->insert, 2, samples[i].time_ns);
        (void)sqlite3_bind_int64(rows->insert, 3, samples[i].received_ns);
        (void)sqlite3_bind_int64(rows->insert, 4, samples[i].status);
        (void)sqlite3_bind_int64(rows->insert, 5, samples[i].value.integer);
        run(rows->insert);
    }
    run(rows->commit);
}

static uint64_t rows_written(const void *state)
{
    const struct rows *rows = state;

    return rows->vfs.written_bytes;
}

static uint64_t rows_syncs(const void *state)
{
    const struct rows *rows = state;

    return rows->vfs.sync_count;
}

static void close_rows(void *state)
{
    struct rows *rows = state;

    (void)sqlite3_finalize(rows->begin); /* nothing failed before */
    (void)sqlite3_finalize(rows->insert);
    (void)sqlite3_finalize(rows->commit);
    if (sqlite3_close(rows->database) != SQLITE_OK) {
        bench_fail("closing the rows");
    }
    store_vfs_close(&rows->vfs);
    free(rows);
}

const struct candidate candidate_rows = {
    "rows", open_rows, commit_rows, rows_written, rows_syncs, close_rows, 0};
