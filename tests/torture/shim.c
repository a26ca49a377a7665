/* tests/torture/shim.c - LD_PRELOAD for the agent as shipped: dies in the very middle of what it is
 * told to, makes the queue's disk a bad one, and notes what was committed and acknowledged.
 *
 * The agent calls SQLite and the C library through the dynamic linker, so that these functions come
 * first. SIGKILL is sent from where the agent stands: no thread of it runs on for longer than the
 * kernel needs to tell them, and nothing is written after the moment that was asked for.
 *
 * Mutable state at file scope is what a preloaded library has instead of a context.
 */
#include "tests/torture/shim_event.h"

#include "agent/store/slot.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/uio.h>

enum kind { KIND_OTHER, KIND_DATABASE, KIND_JOURNAL };

enum { JOURNAL_HEADER_BYTES = 32, PUBACK = 0x40, ONE_MILLION = 1000000, RECORDS_MASK = 0x3FFF };

struct range {
    uint64_t first, last; /* 0: empty */
};

static char queue_path[PATH_MAX], journal_path[PATH_MAX], lake_path[PATH_MAX];
static atomic_bool put_done; /* an object stands in the lake, its cut is not finished on disk */
static _Thread_local struct range pending[STREAM_COUNT]; /* of the transaction under way */
static _Thread_local size_t blob_stream;
static _Thread_local int upload_file = -1;

static struct {
    int (*step)(sqlite3_stmt *);
    int (*blob_open)(sqlite3 *, const char *, const char *, const char *, sqlite3_int64, int,
                     sqlite3_blob **);
    int (*blob_write)(sqlite3_blob *, const void *, int, int);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    int (*fdatasync)(int);
    int (*fsync)(int);
    int (*mkostemp)(char *, int);
    int (*link)(const char *, const char *);
} real;

/** ISO C knows no cast from an object's address to a function's. */
static void find(void *function, const char *name)
{
    void *address = dlsym(RTLD_NEXT, name);

    if (address == NULL) {
        (void)fprintf(stderr, "shim: there is no %s\n", name);
        abort();
    }
    memcpy(function, &address, sizeof(address));
}

static void take_path(char *path, const char *variable, const char *suffix)
{
    const char *value = getenv(variable);

    (void)snprintf(path, PATH_MAX, "%s%s", value == NULL ? "" : value, suffix); /* cut: no match */
}

__attribute__((constructor)) static void begin_shim(void)
{
    shim_state_open();
    find(&real.step, "sqlite3_step");
    find(&real.blob_open, "sqlite3_blob_open");
    find(&real.blob_write, "sqlite3_blob_write");
    find(&real.pwrite, "pwrite64");
    find(&real.write, "write");
    find(&real.writev, "writev");
    find(&real.fdatasync, "fdatasync");
    find(&real.fsync, "fsync");
    find(&real.mkostemp, "mkostemp64");
    find(&real.link, "link");
    take_path(queue_path, "LEAT_SHIM_QUEUE", "");
    take_path(journal_path, "LEAT_SHIM_QUEUE", "-wal");
    take_path(lake_path, "LEAT_SHIM_LAKE", "/");
}

/** The event in whose middle a call on this file is to die, if there is one. */
static enum shim_event due_on_disk(enum kind kind, enum shim_moment moment)
{
    static const enum shim_event of_journal[] = {SHIM_COMMIT, SHIM_SLOT_TURN, SHIM_CUT};

    if (kind == KIND_DATABASE) {
        return shim_is_due(SHIM_CHECKPOINT, moment) ? SHIM_CHECKPOINT : SHIM_NONE;
    }
    for (size_t i = 0; i < sizeof(of_journal) / sizeof(of_journal[0]); i++) {
        if (shim_is_due(of_journal[i], moment)) {
            return of_journal[i];
        }
    }
    return SHIM_NONE;
}

static void pass_on_disk(enum kind kind, enum shim_moment moment)
{
    enum shim_event event = due_on_disk(kind, moment);

    if (event != SHIM_NONE) {
        shim_die(event, moment);
    }
}

static enum kind kind_of(int file)
{
    char descriptor[32], name[PATH_MAX];
    ssize_t size;

    if (queue_path[0] == '\0') {
        return KIND_OTHER;
    }
    (void)snprintf(descriptor, sizeof(descriptor), "/proc/self/fd/%d", file); /* fits */
    size = readlink(descriptor, name, sizeof(name) - 1);
    name[size < 0 ? 0 : size] = '\0';
    return strcmp(name, journal_path) == 0 ? KIND_JOURNAL
           : strcmp(name, queue_path) == 0 ? KIND_DATABASE
                                           : KIND_OTHER;
}

/** The errno that this write or sync is to fail with, or 0. */
static int fault(bool is_write)
{
    if (is_write && shim_chance(shim_state()->no_space_ppm)) {
        shim_state()->no_spaces++;
        return ENOSPC;
    }
    if (shim_chance(shim_state()->io_error_ppm)) {
        shim_state()->io_errors++;
        return EIO;
    }
    return 0;
}

static _Noreturn void write_half_and_die(enum shim_event event, enum shim_moment moment, int file,
                                         const void *bytes, size_t size, off_t offset)
{
    (void)(offset < 0 ? real.write(file, bytes, size / 2)
                      : real.pwrite(file, bytes, size / 2, offset)); /* nobody is left to tell */
    shim_die(event, moment);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,readability-function-size): names
 * and number of parameters are those of the interface. */
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    enum kind kind = kind_of(file);
    enum shim_event event;
    ssize_t written;
    int failure;

    if (kind == KIND_OTHER) {
        return real.pwrite(file, bytes, size, offset);
    }
    failure = fault(true);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    if (kind == KIND_DATABASE) {
        shim_begin(SHIM_CHECKPOINT);
        shim_pass(SHIM_CHECKPOINT, SHIM_BEGIN);
    } else if (offset == 0 && size == JOURNAL_HEADER_BYTES &&
               shim_state()->armed == SHIM_CHECKPOINT && shim_state()->moment == SHIM_RESTART) {
        write_half_and_die(SHIM_CHECKPOINT, SHIM_RESTART, file, bytes, size, offset);
    }
    pass_on_disk(kind, SHIM_WRITE);
    event = due_on_disk(kind, SHIM_HALF);
    if (event != SHIM_NONE) {
        write_half_and_die(event, SHIM_HALF, file, bytes, size, offset);
    }
    written = real.pwrite(file, bytes, size, offset);
    pass_on_disk(kind, SHIM_WRITTEN);
    return written;
}

int fdatasync(int file)
{
    enum kind kind = kind_of(file);
    int failure, result;

    if (kind == KIND_OTHER) {
        return real.fdatasync(file);
    }
    if (shim_chance(shim_state()->slow_ppm)) {
        struct timespec wait = {.tv_sec = (time_t)(shim_state()->slow_us / ONE_MILLION),
                                .tv_nsec = (long)(shim_state()->slow_us % ONE_MILLION) * 1000};

        shim_state()->slow_syncs++;
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL); /* cut short: less slow */
    }
    failure = fault(false);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    pass_on_disk(kind, SHIM_SYNC);
    result = real.fdatasync(file);
    pass_on_disk(kind, SHIM_SYNCED);
    return result;
}

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

/** Note which numbers the batches in these bytes of a slot hold (docs/queue.md). */
static void note_batches(struct range *range, const uint8_t *bytes, size_t size, size_t at)
{
    while (at + SLOT_BATCH_HEADER_BYTES <= size) {
        uint64_t first = get(bytes + at + 8, 8);

        range->first = range->first == 0 ? first : range->first;
        range->last = first + (get(bytes + at + 6, 2) & RECORDS_MASK) - 1;
        at += SLOT_BATCH_HEADER_BYTES + (size_t)get(bytes + at + 4, 2);
    }
}

static void transaction_is_over(bool succeeded)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const struct range *range = &pending[i];

        if (succeeded && range->first != 0) {
            uint64_t before = shim_state()->committed[i];
            uint64_t again = range->last < before ? range->last : before;

            shim_state()->given_twice += range->first <= again ? again - range->first + 1 : 0;
            shim_state()->committed[i] = range->last > before ? range->last : before;
        }
        pending[i] = (struct range){0};
        milestone_pass(&shim_state()->milestones[i], shim_state()->committed[i]);
    }
}

static int step_commit(sqlite3_stmt *statement)
{
    static const enum shim_event ending[] = {SHIM_COMMIT, SHIM_SLOT_TURN, SHIM_CUT,
                                             SHIM_CHECKPOINT};
    int code;

    shim_begin(SHIM_COMMIT);
    shim_pass(SHIM_COMMIT, SHIM_BEGIN);
    code = real.step(statement);
    transaction_is_over(code == SQLITE_DONE);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        if (code == SQLITE_DONE) {
            shim_end(ending[i]);
        } else {
            shim_leave(ending[i]);
        }
    }
    return code;
}

/** The second value of a row for the table cut: is the cut active? */
static void note_cut(sqlite3_stmt *statement)
{
    char *text = sqlite3_expanded_sql(statement);
    const char *comma = text == NULL ? NULL : strchr(text, ',');
    bool active = comma != NULL && strtol(comma + 1, NULL, 10) == 1;

    sqlite3_free(text);
    if (active) {
        shim_begin(SHIM_CUT);
        shim_pass(SHIM_CUT, SHIM_BEGIN);
    } else if (put_done && shim_state()->armed == SHIM_UPLOAD &&
               shim_state()->moment == SHIM_FINISH) {
        shim_die(SHIM_UPLOAD, SHIM_FINISH);
    }
}

int sqlite3_step(sqlite3_stmt *statement)
{
    static const char into_cut[] = "INSERT OR REPLACE INTO cut ";
    const char *text = sqlite3_sql(statement);

    if (text != NULL && strcmp(text, "COMMIT") == 0) {
        return step_commit(statement);
    }
    if (text != NULL && (strncmp(text, "BEGIN", 5) == 0 || strcmp(text, "ROLLBACK") == 0)) {
        transaction_is_over(false); /* a failure may have ended it without a word */
        shim_leave(SHIM_SLOT_TURN);
        shim_leave(SHIM_CUT);
    }
    if (text != NULL && strncmp(text, into_cut, sizeof(into_cut) - 1) == 0) {
        note_cut(statement);
    }
    return real.step(statement);
}

int sqlite3_blob_open(sqlite3 *database, const char *schema, const char *table, const char *column,
                      sqlite3_int64 row, int flags, sqlite3_blob **blob)
{
    blob_stream = (size_t)(row >> 32);
    return real.blob_open(database, schema, table, column, row, flags, blob);
}

int sqlite3_blob_write(sqlite3_blob *blob, const void *bytes, int size, int offset)
{
    size_t at = 0;

    if (offset == 0 && size >= SLOT_HEADER_BYTES && memcmp(bytes, "LEATSLOT", 8) == 0) {
        at = SLOT_HEADER_BYTES;
        shim_begin(SHIM_SLOT_TURN);
        shim_pass(SHIM_SLOT_TURN, SHIM_BEGIN);
    }
    if (size > 0 && blob_stream < STREAM_COUNT) {
        note_batches(&pending[blob_stream], bytes, (size_t)size, at);
    }
    return real.blob_write(blob, bytes, size, offset);
}

int mkostemp(char *pattern, int flags)
{
    int file = real.mkostemp(pattern, flags);

    if (file >= 0 && lake_path[1] != '\0' && strncmp(pattern, lake_path, strlen(lake_path)) == 0) {
        upload_file = file;
        shim_begin(SHIM_UPLOAD);
        shim_pass(SHIM_UPLOAD, SHIM_BEGIN);
    }
    return file;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    ssize_t written;

    if (!shim_is_inside(SHIM_UPLOAD) || file != upload_file) {
        return real.write(file, bytes, size);
    }
    shim_pass(SHIM_UPLOAD, SHIM_WRITE);
    if (shim_is_due(SHIM_UPLOAD, SHIM_HALF)) {
        write_half_and_die(SHIM_UPLOAD, SHIM_HALF, file, bytes, size, -1);
    }
    written = real.write(file, bytes, size);
    shim_pass(SHIM_UPLOAD, SHIM_WRITTEN);
    return written;
}

/** The object itself first, then its folder; that ends the upload. */
int fsync(int file)
{
    bool is_object = file == upload_file;
    int result;

    if (!shim_is_inside(SHIM_UPLOAD)) {
        return real.fsync(file);
    }
    shim_pass(SHIM_UPLOAD, is_object ? SHIM_SYNC : SHIM_DIRECTORY);
    result = real.fsync(file);
    if (is_object) {
        shim_pass(SHIM_UPLOAD, SHIM_SYNCED);
        upload_file = -1;
    } else {
        shim_end(SHIM_UPLOAD);
        put_done = true;
    }
    return result;
}

int link(const char *from, const char *to)
{
    int result;

    shim_pass(SHIM_UPLOAD, SHIM_LINK);
    result = real.link(from, to);
    shim_pass(SHIM_UPLOAD, SHIM_LINKED);
    return result;
}

/** Paho sends each PUBACK alone, its two bytes of fixed header first. */
ssize_t writev(int file, const struct iovec *parts, int count)
{
    ssize_t written = real.writev(file, parts, count);

    if (written > 0 && count > 0 && parts[0].iov_len >= 2 &&
        ((const uint8_t *)parts[0].iov_base)[0] == PUBACK) {
        shim_state()->pubacks++;
    }
    return written;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name,readability-function-size) */
