#include "agent/uplink/leftovers.h"

#include "agent/journal.h"
#include "agent/store/aside.h"
#include "agent/store/salvage.h"
#include "agent/uplink/cutter.h"
#include "base/fs.h"
#include "base/log.h"

#include <ctype.h>
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { RETRY_S = 3600, CLOCK_RETRY_S = 60, LOOK_EVERY_S = 60, NUMBER_MAX = 1000000 };

struct leftovers {
    struct leftovers_settings settings;
    struct store *store; /* the one that is drained; NULL: none */
    enum aside_kind kind;
    unsigned number;
    char path[PATH_MAX]; /* of it */
    char site[STORE_NOTE_SIZE], gateway[STORE_NOTE_SIZE];
    struct cutter cutter;
    size_t next;             /* in upload_order */
    uint64_t rows;           /* uploaded of it */
    uint64_t events_at_turn; /* its events when the round began: reading may add some */
    bool is_waiting;         /* something of it waits for the clock */
    int64_t retry_ns;        /* monotonic */
};

/* As U2 of uplink.h. */
static const enum stream upload_order[STREAM_COUNT] = {STREAM_CATALOGUE, STREAM_READINGS,
                                                       STREAM_LOGS, STREAM_EVENTS};

/** In which order they are looked for: what needs no room on the disk, first. */
static const enum aside_kind kinds[] = {ASIDE_OTHER_HOST, ASIDE_SALVAGED, ASIDE_DAMAGED};

struct leftovers *leftovers_create(const struct leftovers_settings *settings)
{
    struct leftovers *made = calloc(1, sizeof(*made));

    if (made != NULL) {
        made->settings = *settings;
    }
    return made;
}

static void let_go(struct leftovers *leftovers)
{
    store_close(leftovers->store);
    leftovers->store = NULL;
}

void leftovers_free(struct leftovers *leftovers)
{
    if (leftovers != NULL) {
        let_go(leftovers);
        free(leftovers);
    }
}

static void wait_for(struct leftovers *leftovers, int64_t seconds)
{
    leftovers->retry_ns = clock_monotonic_ns(leftovers->settings.clock) + seconds * NS_PER_S;
}

static void tell(const struct leftovers *leftovers, const char *subject, const char *path,
                 const char *reason, uint64_t count)
{
    journal_append(
        leftovers->settings.live, leftovers->settings.clock,
        &(struct event){
            .kind = "queue", .subject = subject, .reason = reason, .detail = path, .count = count});
}

/* --- which queue is next --- */

static bool mark_path(char mark[PATH_MAX], const char *path)
{
    return snprintf(mark, PATH_MAX, "%s.done", path) < PATH_MAX;
}

/** O3, O4: say beside a queue what became of it. */
static void mark_done(const char *path, const char *sentence)
{
    char mark[PATH_MAX];
    struct error error;

    if (mark_path(mark, path) &&
        fs_replace_file(mark, sentence, strlen(sentence), 0644, &error) != ERROR_OK) {
        log_error("queue-not-marked", "path=%s error=\"%s\"", path, error.text);
    }
}

static bool is_done(const char *path)
{
    char mark[PATH_MAX];

    return mark_path(mark, path) && access(mark, F_OK) == 0;
}

/** The number of a file <base>.<word>-<number>; 0: it is no such file. */
static unsigned number_of(const char *name, const char *base, enum aside_kind kind)
{
    size_t base_size = strlen(base), word_size = strlen(aside_word(kind));
    const char *at = name + base_size;
    unsigned number = 0;

    if (strncmp(name, base, base_size) != 0 || at[0] != '.' ||
        strncmp(at + 1, aside_word(kind), word_size) != 0 || at[1 + word_size] != '-') {
        return 0;
    }
    for (at += 2 + word_size; isdigit((unsigned char)*at) != 0 && number < NUMBER_MAX; at++) {
        number = 10 * number + (unsigned)(*at - '0');
    }
    return *at == '\0' ? number : 0;
}

/** The lowest number of this kind that is not done; 0: none. */
static unsigned find_number(const struct leftovers *leftovers, enum aside_kind kind)
{
    const char *path = leftovers->settings.config->queue.path;
    char folder[PATH_MAX], base[PATH_MAX], candidate[PATH_MAX];
    unsigned lowest = 0;
    struct dirent *entry;
    DIR *directory;

    (void)snprintf(folder, sizeof(folder), "%s", path); /* was opened, so it fits */
    (void)snprintf(base, sizeof(base), "%s", path);
    directory = opendir(dirname(folder));
    if (directory == NULL) {
        return 0;
    }
    while ((entry = readdir(directory)) != NULL) {
        unsigned number = number_of(entry->d_name, basename(base), kind);

        if (number > 0 && (lowest == 0 || number < lowest) &&
            aside_name(candidate, sizeof(candidate), path, kind, number) && !is_done(candidate)) {
            lowest = number;
        }
    }
    (void)closedir(directory); /* was only read */
    return lowest;
}

static bool find_next(struct leftovers *leftovers)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        unsigned number = find_number(leftovers, kinds[i]);

        if (number > 0 && aside_name(leftovers->path, sizeof(leftovers->path),
                                     leftovers->settings.config->queue.path, kinds[i], number)) {
            leftovers->kind = kinds[i];
            leftovers->number = number;
            return true;
        }
    }
    return false;
}

/* --- salvaging --- */

/** A salvaged queue is as large as the damaged one, its journal aside. */
static enum error_code check_room(const struct leftovers *leftovers, struct error *error)
{
    enum { JOURNAL_BYTES = 8 << 20 };
    uint64_t wanted = leftovers->settings.config->queue.keep_free_bytes + JOURNAL_BYTES;
    struct statvfs room;
    struct stat about;

    if (stat(leftovers->path, &about) != 0 || statvfs(leftovers->path, &room) != 0) {
        return ERROR_OK; /* salvaging will tell */
    }
    wanted += (uint64_t)about.st_size;
    if ((uint64_t)room.f_bavail * room.f_frsize < wanted) {
        return error_set(error, ERROR_NO_SPACE,
                         "%llu MiB of free disk are needed to salvage what was damaged",
                         (unsigned long long)(wanted >> 20));
    }
    return ERROR_OK;
}

/** It cannot be used, now or ever (O4). */
static void give_up(struct leftovers *leftovers, enum error_code code, const struct error *error)
{
    log_error("queue-not-salvaged", "path=%s error=\"%s\"", leftovers->path, error->text);
    if (code == ERROR_BAD_DATA) {
        tell(leftovers, "not-salvaged", leftovers->path, error->text, 0);
        mark_done(leftovers->path, error->text);
    } else {
        wait_for(leftovers, RETRY_S);
    }
}

static void salvage(struct leftovers *leftovers)
{
    char to[PATH_MAX], sentence[160] = "";
    struct salvage_report report;
    struct error error = {0};
    enum error_code code = check_room(leftovers, &error);

    if (code == ERROR_OK && !aside_name(to, sizeof(to), leftovers->settings.config->queue.path,
                                        ASIDE_SALVAGED, leftovers->number)) {
        return; /* its own name was not too long, and this one is not longer */
    }
    if (code == ERROR_OK) {
        code = salvage_queue(leftovers->path, to, &report, &error);
    }
    if (code != ERROR_OK) {
        give_up(leftovers, code, &error);
        return;
    }
    if (report.made_points > 0) {
        (void)snprintf(sentence, sizeof(sentence),
                       "%llu definitions of points were lost; their readings are under unknown/...",
                       (unsigned long long)report.made_points); /* fits */
    }
    tell(leftovers, "salvaged", leftovers->path, sentence, report.records);
    log_info("queue-salvaged", "path=%s incarnation=%s records=%llu slots=%llu missing_points=%llu",
             leftovers->path, report.incarnation, (unsigned long long)report.records,
             (unsigned long long)report.slots, (unsigned long long)report.made_points);
}

/* --- draining --- */

static void begin_round(struct leftovers *leftovers)
{
    struct store_stream_state state;

    store_state(leftovers->store, STREAM_EVENTS, &state);
    leftovers->events_at_turn = state.next_sequence;
    leftovers->next = 0;
    leftovers->is_waiting = false;
}

/** What cannot be opened is damaged, whatever it was called. */
static void demote(struct leftovers *leftovers, const struct error *error)
{
    char kept_as[PATH_MAX] = "";
    struct error renaming = {0};

    if (leftovers->kind == ASIDE_OTHER_HOST &&
        aside_put(leftovers->path, leftovers->settings.config->queue.path, ASIDE_DAMAGED, kept_as,
                  sizeof(kept_as), &renaming) == ERROR_OK) {
        log_warning("queue-set-aside", "kept_as=%s reason=\"%s\"", kept_as, error->text);
        tell(leftovers, "set-aside", kept_as, error->text, 0);
        return;
    }
    give_up(leftovers, ERROR_BAD_DATA, error);
}

static void open_store(struct leftovers *leftovers)
{
    const struct leftovers_settings *settings = &leftovers->settings;
    const struct config *config = settings->config;
    const struct store_settings store_settings = {
        .path = leftovers->path, .clock = settings->clock, .is_aside = true};
    struct error error = {0};
    enum error_code code = store_open(&store_settings, &leftovers->store, &error);

    if (code == ERROR_BAD_DATA) {
        demote(leftovers, &error);
        return;
    }
    if (code != ERROR_OK) {
        log_error("queue-not-drained", "path=%s error=\"%s\"", leftovers->path, error.text);
        wait_for(leftovers, RETRY_S);
        return;
    }
    leftovers->rows = 0;
    leftovers->cutter = (struct cutter){
        .store = leftovers->store,
        .encoder = settings->encoder,
        .site = store_note_get(leftovers->store, "site", leftovers->site) ? leftovers->site
                                                                          : config->site,
        .gateway = store_note_get(leftovers->store, "gateway", leftovers->gateway)
                       ? leftovers->gateway
                       : config->gateway,
        .max_bytes = config->sync.batch_max_bytes,
        .max_age_ns = config->sync.batch_max_age_ns,
        .time_rules = {.clock = settings->clock,
                       .wait_ns = config->clock.wait_ns,
                       .may_wait = true},
    };
    begin_round(leftovers);
}

/** Everything of it is in the lake: say so, and let it go (O3). */
static void finish(struct leftovers *leftovers)
{
    char original[PATH_MAX], sentence[128];
    char incarnation[STORE_INCARNATION_SIZE];
    struct error error = {0};

    memcpy(incarnation, store_incarnation(leftovers->store), sizeof(incarnation));
    let_go(leftovers);
    (void)snprintf(sentence, sizeof(sentence), "%llu records of incarnation %s went to the lake\n",
                   (unsigned long long)leftovers->rows, incarnation); /* fits */
    if (leftovers->kind == ASIDE_SALVAGED &&
        aside_name(original, sizeof(original), leftovers->settings.config->queue.path,
                   ASIDE_DAMAGED, leftovers->number) &&
        access(original, F_OK) == 0) {
        mark_done(original, sentence);
    }
    if (aside_remove(leftovers->path, &error) != ERROR_OK) {
        log_error("queue-not-removed", "path=%s error=\"%s\"", leftovers->path, error.text);
        mark_done(leftovers->path, sentence);
    }
    sentence[strlen(sentence) - 1] = '\0';
    tell(leftovers, "drained", leftovers->path, sentence, leftovers->rows);
    log_info("queue-drained", "path=%s incarnation=%s records=%llu", leftovers->path, incarnation,
             (unsigned long long)leftovers->rows);
}

/** All streams were gone through: is that all, or did reading make events of its own? */
static void end_round(struct leftovers *leftovers)
{
    struct store_stream_state state;
    struct error error = {0};
    enum error_code code = store_commit(leftovers->store, &error);

    store_state(leftovers->store, STREAM_EVENTS, &state);
    if (code == ERROR_BAD_DATA) {
        let_go(leftovers);
        demote(leftovers, &error);
    } else if (code != ERROR_OK || leftovers->is_waiting) {
        wait_for(leftovers, code != ERROR_OK ? RETRY_S : CLOCK_RETRY_S);
        begin_round(leftovers);
    } else if (state.next_sequence != leftovers->events_at_turn) {
        begin_round(leftovers);
    } else {
        finish(leftovers);
    }
}

/** The next batch of the queue that is open. */
static enum error_code drain(struct leftovers *leftovers, struct error *error)
{
    enum stream stream = upload_order[leftovers->next];
    struct store_stream_state state;
    struct error reading = {0};
    struct batch batch;
    bool made = false;
    enum error_code code;

    store_state(leftovers->store, stream, &state);
    code =
        cutter_next(&leftovers->cutter, stream, state.committed_sequence, &batch, &made, &reading);
    if (code != ERROR_OK) { /* the file's fault, not the target's */
        log_error("queue-not-drained", "path=%s error=\"%s\"", leftovers->path, reading.text);
        let_go(leftovers);
        wait_for(leftovers, RETRY_S);
        return ERROR_OK;
    }
    if (made) {
        code = leftovers->settings.put(leftovers->settings.context, leftovers->store, stream,
                                       &batch, error);
        if (code == ERROR_OK) {
            leftovers->rows += batch.last_sequence - batch.first_sequence + 1;
        }
        return code;
    }
    leftovers->is_waiting = leftovers->is_waiting || leftovers->cutter.clock_wait_ns > 0;
    if (++leftovers->next == STREAM_COUNT) {
        end_round(leftovers);
    }
    return ERROR_OK;
}

enum error_code leftovers_turn(struct leftovers *leftovers, bool *more, struct error *error)
{
    enum error_code code = ERROR_OK;

    *more = false;
    if (clock_monotonic_ns(leftovers->settings.clock) < leftovers->retry_ns) {
        return ERROR_OK;
    }
    if (leftovers->store != NULL) {
        code = drain(leftovers, error);
    } else if (!find_next(leftovers)) {
        wait_for(leftovers, LOOK_EVERY_S); /* someone may put one there */
    } else if (leftovers->kind == ASIDE_DAMAGED) {
        salvage(leftovers);
    } else {
        open_store(leftovers);
    }
    *more =
        code == ERROR_OK && clock_monotonic_ns(leftovers->settings.clock) >= leftovers->retry_ns;
    return code;
}
