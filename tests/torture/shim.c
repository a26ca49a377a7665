/* tests/torture/shim.c - LD_PRELOAD for the agent as shipped: dies in the very middle of what it is
 * told to, makes the queue's disk a bad one, and notes what was committed and acknowledged.
 *
 * The agent calls SQLite and the C library through the dynamic linker, so that these functions come
 * first. SIGKILL is sent from where the agent stands: no thread of it runs on for longer than the
 * kernel needs to tell them, and nothing is written after the moment that was asked for.
 *
 * Mutable state at file scope is what a preloaded library has instead of a context.
 */
#include "tests/torture/shim.h"

#include "agent/store/slot.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum kind { KIND_OTHER, KIND_DATABASE, KIND_JOURNAL };

enum { JOURNAL_HEADER_BYTES = 32, PUBACK = 0x40, ONE_MILLION = 1000000 };

struct range {
    uint64_t first, last; /* 0: empty */
};

/** What the calling thread is in the middle of. */
struct inside {
    bool on, chosen;
    uint64_t seen;
};

static struct shim_state unused_state; /* until a file is mapped */
static struct shim_state *state = &unused_state;
static char queue_path[PATH_MAX], journal_path[PATH_MAX], lake_path[PATH_MAX];
static atomic_bool put_done; /* an object stands in the lake, its cut is not finished on disk */
static _Thread_local struct inside inside[SHIM_EVENT_COUNT];
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
    const char *path = getenv("LEAT_SHIM_STATE");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

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
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

        (void)close(file); /* the mapping keeps it */
        state = mapped == MAP_FAILED ? state : mapped;
    }
}

static _Noreturn void die(enum shim_event event, enum shim_moment moment)
{
    state->killed_moment = moment;
    state->killed_event = event;
    (void)kill(getpid(), SIGKILL); /* cannot fail */
    for (;;) {
        (void)pause(); /* never reached: the signal is taken on the way back from kill() */
    }
}

static void begin(enum shim_event event)
{
    struct inside *now = &inside[event];

    if (now->on) {
        return;
    }
    *now = (struct inside){.on = true};
    state->events[event]++;
    if (state->armed == event) {
        now->chosen = state->pass == 0;
        state->pass -= !now->chosen;
    }
}

/** Is this the moment to die at? */
static bool is_due(enum shim_event event, enum shim_moment moment)
{
    struct inside *now = &inside[event];

    return now->on && now->chosen && state->moment == moment && ++now->seen >= state->nth;
}

static void pass(enum shim_event event, enum shim_moment moment)
{
    if (is_due(event, moment)) {
        die(event, moment);
    }
}

static void end(enum shim_event event)
{
    struct inside *now = &inside[event];

    if (now->on && now->chosen) {
        die(event, SHIM_END);
    }
    now->on = false;
}

/** An event that is given up, not completed: a transaction that failed. */
static void leave(enum shim_event event)
{
    inside[event].on = false;
}

/** The event in whose middle a call on this file is to die, if there is one. */
static enum shim_event due_on_disk(enum kind kind, enum shim_moment moment)
{
    static const enum shim_event of_journal[] = {SHIM_COMMIT, SHIM_SLOT_TURN, SHIM_CUT};

    if (kind == KIND_DATABASE) {
        return is_due(SHIM_CHECKPOINT, moment) ? SHIM_CHECKPOINT : SHIM_NONE;
    }
    for (size_t i = 0; i < sizeof(of_journal) / sizeof(of_journal[0]); i++) {
        if (is_due(of_journal[i], moment)) {
            return of_journal[i];
        }
    }
    return SHIM_NONE;
}

static void pass_on_disk(enum kind kind, enum shim_moment moment)
{
    enum shim_event event = due_on_disk(kind, moment);

    if (event != SHIM_NONE) {
        die(event, moment);
    }
}

static enum kind kind_of(int file)
{
    char link_path[32], path[PATH_MAX];
    ssize_t size;

    if (queue_path[0] == '\0') {
        return KIND_OTHER;
    }
    (void)snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", file); /* fits */
    size = readlink(link_path, path, sizeof(path) - 1);
    path[size < 0 ? 0 : size] = '\0';
    return strcmp(path, journal_path) == 0 ? KIND_JOURNAL
           : strcmp(path, queue_path) == 0 ? KIND_DATABASE
                                           : KIND_OTHER;
}

/** xorshift64: which calls fail follows from the seed, as far as the calls do. */
static bool chance(uint64_t parts_per_million)
{
    uint64_t random = state->random;

    if (parts_per_million == 0) {
        return false;
    }
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    state->random = random;
    return random % ONE_MILLION < parts_per_million;
}

/** The errno that this write or sync is to fail with, or 0. */
static int fault(bool is_write)
{
    if (is_write && chance(state->no_space_ppm)) {
        state->no_spaces++;
        return ENOSPC;
    }
    if (chance(state->io_error_ppm)) {
        state->io_errors++;
        return EIO;
    }
    return 0;
}

static ssize_t write_half_and_die(enum shim_event event, enum shim_moment moment, int file,
                                  const struct iovec *bytes, off_t offset)
{
    (void)(offset < 0 ? real.write(file, bytes->iov_base, bytes->iov_len / 2)
                      : real.pwrite(file, bytes->iov_base, bytes->iov_len / 2, offset));
    die(event, moment);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    const struct iovec whole = {(void *)(uintptr_t)bytes, size};
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
        begin(SHIM_CHECKPOINT);
        pass(SHIM_CHECKPOINT, SHIM_BEGIN);
    } else if (offset == 0 && size == JOURNAL_HEADER_BYTES && state->armed == SHIM_CHECKPOINT &&
               state->moment == SHIM_RESTART) {
        return write_half_and_die(SHIM_CHECKPOINT, SHIM_RESTART, file, &whole, offset);
    }
    pass_on_disk(kind, SHIM_WRITE);
    event = due_on_disk(kind, SHIM_HALF);
    if (event != SHIM_NONE) {
        return write_half_and_die(event, SHIM_HALF, file, &whole, offset);
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
    if (chance(state->slow_ppm)) {
        struct timespec wait = {.tv_sec = (time_t)(state->slow_us / ONE_MILLION),
                                .tv_nsec = (long)(state->slow_us % ONE_MILLION) * 1000};

        state->slow_syncs++;
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
        range->last = first + (get(bytes + at + 6, 2) & 0x7FFF) - 1;
        at += SLOT_BATCH_HEADER_BYTES + get(bytes + at + 4, 2);
    }
}

static void transaction_is_over(bool succeeded)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const struct range *range = &pending[i];

        if (succeeded && range->first != 0) {
            uint64_t before = state->committed[i];
            uint64_t again = range->last < before ? range->last : before;

            state->given_twice += range->first <= again ? again - range->first + 1 : 0;
            state->committed[i] = range->last > before ? range->last : before;
        }
        pending[i] = (struct range){0};
    }
}

static int step_commit(sqlite3_stmt *statement)
{
    static const enum shim_event ending[] = {SHIM_COMMIT, SHIM_SLOT_TURN, SHIM_CUT,
                                             SHIM_CHECKPOINT};
    int code;

    begin(SHIM_COMMIT);
    pass(SHIM_COMMIT, SHIM_BEGIN);
    code = real.step(statement);
    transaction_is_over(code == SQLITE_DONE);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        if (code == SQLITE_DONE) {
            end(ending[i]);
        } else {
            leave(ending[i]);
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
        begin(SHIM_CUT);
        pass(SHIM_CUT, SHIM_BEGIN);
    } else if (put_done && state->armed == SHIM_UPLOAD && state->moment == SHIM_FINISH) {
        die(SHIM_UPLOAD, SHIM_FINISH);
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
        leave(SHIM_SLOT_TURN);
        leave(SHIM_CUT);
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
        begin(SHIM_SLOT_TURN);
        pass(SHIM_SLOT_TURN, SHIM_BEGIN);
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
        begin(SHIM_UPLOAD);
        pass(SHIM_UPLOAD, SHIM_BEGIN);
    }
    return file;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    const struct iovec whole = {(void *)(uintptr_t)bytes, size};
    ssize_t written;

    if (!inside[SHIM_UPLOAD].on || file != upload_file) {
        return real.write(file, bytes, size);
    }
    pass(SHIM_UPLOAD, SHIM_WRITE);
    if (is_due(SHIM_UPLOAD, SHIM_HALF)) {
        return write_half_and_die(SHIM_UPLOAD, SHIM_HALF, file, &whole, -1);
    }
    written = real.write(file, bytes, size);
    pass(SHIM_UPLOAD, SHIM_WRITTEN);
    return written;
}

/** The object itself first, then its folder; that ends the upload. */
int fsync(int file)
{
    bool is_object = file == upload_file;
    int result;

    if (!inside[SHIM_UPLOAD].on) {
        return real.fsync(file);
    }
    pass(SHIM_UPLOAD, is_object ? SHIM_SYNC : SHIM_DIRECTORY);
    result = real.fsync(file);
    if (is_object) {
        pass(SHIM_UPLOAD, SHIM_SYNCED);
        upload_file = -1;
    } else {
        end(SHIM_UPLOAD);
        put_done = true;
    }
    return result;
}

int link(const char *from, const char *to)
{
    int result;

    pass(SHIM_UPLOAD, SHIM_LINK);
    result = real.link(from, to);
    pass(SHIM_UPLOAD, SHIM_LINKED);
    return result;
}

/** Paho sends each PUBACK alone, its two bytes of fixed header first. */
ssize_t writev(int file, const struct iovec *parts, int count)
{
    ssize_t written = real.writev(file, parts, count);

    if (written > 0 && count > 0 && parts[0].iov_len >= 2 &&
        ((const uint8_t *)parts[0].iov_base)[0] == PUBACK) {
        state->pubacks++;
    }
    return written;
}
