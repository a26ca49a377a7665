#include "drivers/filelog/discovery.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SHORTER_BYTES = 64 << 10 };

/** One file of the folder, while it is looked at. */
struct candidate {
    const char *path;
    struct stat file;
    int fd;
};

void discovery_load(struct discovery *discovery, struct driver_sink *sink)
{
    char position[DRIVER_POSITION_SIZE];

    discovery->is_first = true;
    for (uint32_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &discovery->list[i];

        *followed = (struct followed){.fd = -1, .slot = i};
        sink->slot = i;
        if (sink->position(sink, position)) {
            discovery->is_first = false;
            (void)followed_parse(followed, position); /* what is none is a free slot */
        }
    }
    discovery->is_loaded = true;
}

void discovery_lose(struct followed *followed, int64_t now_ns)
{
    followed_detach(followed);
    followed->is_wanted = false;
    followed->lost_ns = now_ns;
}

void discovery_close(struct discovery *discovery)
{
    for (size_t i = 0; i < FOLLOWED_MAX && discovery->is_loaded; i++) {
        followed_detach(&discovery->list[i]);
    }
    discovery->is_loaded = false;
}

static bool ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path), ending_size = strlen(ending);

    return size >= ending_size && strcmp(path + size - ending_size, ending) == 0;
}

static bool is_compressed(const char *path) /* FL4 */
{
    static const char *const endings[] = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".zip"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (ends_with(path, endings[i])) {
            return true;
        }
    }
    return false;
}

static bool is_same_file(const struct followed *followed, const struct stat *file)
{
    return followed->is_used && followed->device == file->st_dev && followed->inode == file->st_ino;
}

/** The one that follows this file already, or whose position is in it. */
static struct followed *find_by_inode(struct discovery *discovery,
                                      const struct candidate *candidate)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &discovery->list[i];

        if (is_same_file(followed, &candidate->file) &&
            (followed->fd >= 0 || followed_fits(followed, candidate->fd))) {
            return followed;
        }
    }
    return NULL;
}

/** A lost one that this file is a copy of (FL1). What it was copied from may have been read a
 *  little further than the copy reaches. */
static struct followed *find_lost(struct discovery *discovery, const struct candidate *candidate,
                                  bool *is_shorter)
{
    uint64_t size = (uint64_t)candidate->file.st_size;

    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &discovery->list[i];

        if (!followed->is_used || followed->fd >= 0 || followed->offset == 0 ||
            is_same_file(followed, &candidate->file)) {
            continue;
        }
        if (size >= followed->offset ? followed_fits(followed, candidate->fd)
                                     : size + COPY_SHORTER_BYTES > followed->offset &&
                                           followed_begins_like(followed, candidate->fd, size)) {
            *is_shorter = size < followed->offset;
            return followed;
        }
    }
    return NULL;
}

/** FL2. Remembers since when it waits. */
static bool may_be_a_copy(struct discovery *discovery, const struct candidate *candidate,
                          int64_t now_ns)
{
    uint64_t size = (uint64_t)candidate->file.st_size;
    struct maybe_copy *entry = NULL;
    bool alike = false;

    for (size_t i = 0; i < FOLLOWED_MAX && !alike; i++) {
        const struct followed *followed = &discovery->list[i];

        alike = followed->is_used && followed->fd >= 0 &&
                ((followed_begins_like(followed, candidate->fd, size) &&
                  (size < followed->offset || followed_fits(followed, candidate->fd))) ||
                 !followed_fits(followed, followed->fd)); /* truncated while we compared */
    }
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct maybe_copy *known = &discovery->copies[i];

        if (known->since_ns != 0 && known->device == candidate->file.st_dev &&
            known->inode == candidate->file.st_ino) {
            entry = known;
            break;
        }
        entry = entry == NULL && (known->since_ns == 0 ||
                                  now_ns - known->since_ns > 2 * (COPY_WAIT_S * NS_PER_S))
                    ? known
                    : entry;
    }
    if (!alike || entry == NULL) {
        return false;
    }
    if (entry->device != candidate->file.st_dev || entry->inode != candidate->file.st_ino ||
        entry->since_ns == 0) {
        *entry = (struct maybe_copy){candidate->file.st_dev, candidate->file.st_ino, now_ns};
    }
    return now_ns - entry->since_ns < COPY_WAIT_S * NS_PER_S;
}

static struct followed *find_free(struct discovery *discovery)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (!discovery->list[i].is_used) {
            return &discovery->list[i];
        }
    }
    return NULL;
}

/** Say once that a file is not read. */
static void tell(bool *told, const char *path, const char *reason, const struct driver_turn *turn,
                 struct driver_sink *sink)
{
    const struct driver_rejection rejection = {
        .received_ns = clock_utc_ns(turn->clock), .source = path, .reason = reason, .payload = ""};

    if (!*told) {
        sink->reject(sink, &rejection);
    }
    *told = true;
}

static bool is_wanted(const struct discovery *discovery, const char *path)
{
    return fnmatch(discovery->pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

/** It was never seen before. NULL: not now. */
static struct followed *begin(struct discovery *discovery, const struct candidate *candidate,
                              const struct driver_turn *turn, struct driver_sink *sink)
{
    struct followed *followed = find_free(discovery);

    if (candidate->file.st_size == 0 || /* nothing tells yet whether it becomes a copy */
        may_be_a_copy(discovery, candidate, clock_monotonic_ns(turn->clock))) {
        discovery->is_waiting = true;
        return NULL;
    }
    if (followed == NULL) {
        tell(&discovery->told_full, candidate->path,
             "it is not read: 32 files are followed already; make `path` fit fewer, or make "
             "further devices",
             turn, sink);
        return NULL;
    }
    followed_begin(followed, &candidate->file);
    return followed;
}

/** Behind everything that is in it, and have that kept. */
static void skip_all(struct followed *followed, uint64_t size, struct driver_sink *sink)
{
    char position[DRIVER_POSITION_SIZE];

    if (followed_set_offset(followed, size)) {
        followed_print(followed, position);
        sink->slot = followed->slot;
        (void)sink->keep(sink, position); /* no room: read again after a restart */
    }
}

/** Takes the candidate's descriptor. */
static void place(struct discovery *discovery, struct candidate *candidate,
                  const struct driver_turn *turn, struct driver_sink *sink)
{
    bool wanted = is_wanted(discovery, candidate->path);
    struct followed *followed = find_by_inode(discovery, candidate);
    bool is_shorter = false, is_new = false;

    if (followed != NULL && followed->fd >= 0) { /* the usual */
        (void)close(candidate->fd);              /* read only */
        followed->is_wanted = followed->is_wanted || wanted;
        (void)snprintf(followed->path, sizeof(followed->path), "%s", candidate->path); /* fits */
        return;
    }
    if (followed == NULL) {
        followed = find_lost(discovery, candidate, &is_shorter);
    }
    if (followed == NULL && wanted) {
        followed = begin(discovery, candidate, turn, sink);
        is_new = followed != NULL;
    }
    if (followed == NULL) {
        (void)close(candidate->fd); /* read only */
        return;
    }
    followed_attach(followed, candidate->fd, &candidate->file, candidate->path);
    followed->is_wanted = wanted;
    if (is_shorter || (is_new && discovery->is_first && discovery->from_end)) {
        skip_all(followed, (uint64_t)candidate->file.st_size, sink);
    }
}

static void consider(struct discovery *discovery, const char *path, bool only_known,
                     const struct driver_turn *turn, struct driver_sink *sink)
{
    struct candidate candidate = {.path = path, .fd = -1};

    if (is_compressed(path) || strlen(path) >= FOLLOWED_PATH_SIZE ||
        stat(path, &candidate.file) != 0 || !S_ISREG(candidate.file.st_mode)) {
        return;
    }
    candidate.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (candidate.fd < 0) {
        if (!only_known && is_wanted(discovery, path)) {
            tell(&discovery->told_unreadable, path,
                 "it cannot be opened; let the agent's user read it, or make `path` leave it out",
                 turn, sink);
        }
        return;
    }
    if (fstat(candidate.fd, &candidate.file) != 0 || /* it may be another one by now */
        (only_known && find_by_inode(discovery, &candidate) == NULL)) {
        (void)close(candidate.fd); /* read only */
        return;
    }
    place(discovery, &candidate, turn, sink);
}

/** Give back positions of files that are gone, or that the pattern does not fit any more and that
 *  are quiet (FL4). */
static void let_go(struct discovery *discovery, const struct driver_turn *turn,
                   struct driver_sink *sink)
{
    int64_t utc_ns = clock_utc_ns(turn->clock), now_ns = clock_monotonic_ns(turn->clock);

    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &discovery->list[i];
        struct stat file;
        bool is_over;

        if (!followed->is_used || followed->is_wanted) {
            continue;
        }
        if (followed->fd >= 0) {
            is_over = fstat(followed->fd, &file) == 0 &&
                      (uint64_t)file.st_size == followed->offset &&
                      utc_ns / NS_PER_S - file.st_mtim.tv_sec > IDLE_S;
        } else {
            followed->lost_ns = followed->lost_ns == 0 ? now_ns : followed->lost_ns;
            is_over = now_ns - followed->lost_ns > IDLE_S * NS_PER_S;
        }
        sink->slot = followed->slot;
        if (is_over && sink->keep(sink, "")) {
            followed_detach(followed);
            *followed = (struct followed){.fd = -1, .slot = followed->slot};
            discovery->told_full = false;
        }
    }
}

void discovery_look(struct discovery *discovery, const struct driver_turn *turn,
                    struct driver_sink *sink)
{
    char folder[PATH_MAX];
    const char *name = strrchr(discovery->pattern, '/');
    glob_t found = {0};

    discovery->is_waiting = false;
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &discovery->list[i];

        followed->is_wanted = false;
        if (followed->is_used && followed->fd >= 0 && !followed_fits(followed, followed->fd)) {
            discovery_lose(followed, clock_monotonic_ns(turn->clock)); /* before its copy is met */
        }
    }
    (void)snprintf(folder, sizeof(folder), "%.*s/*", (int)(name - discovery->pattern),
                   discovery->pattern); /* checked by prepare() */
    if (glob(folder, GLOB_NOSORT, NULL, &found) == 0) {
        for (int only_known = 1; only_known >= 0; only_known--) { /* renamed ones before new ones */
            for (size_t i = 0; i < found.gl_pathc; i++) {
                consider(discovery, found.gl_pathv[i], only_known != 0, turn, sink);
            }
        }
    }
    globfree(&found);
    let_go(discovery, turn, sink);
    discovery->is_first = false;
}
