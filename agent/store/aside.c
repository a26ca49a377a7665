#include "agent/store/aside.h"

#include "agent/store/slot.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEARCH_BYTES = 1 << 20 };

static const char *const words[ASIDE_KIND_COUNT] = {
    [ASIDE_DAMAGED] = "damaged",
    [ASIDE_OTHER_HOST] = "other-host",
    [ASIDE_NEWER] = "newer",
    [ASIDE_SALVAGED] = "salvaged",
};

const char *aside_word(enum aside_kind kind)
{
    return words[kind];
}

bool aside_name(char *name, size_t size, const char *path, enum aside_kind kind, unsigned number)
{
    int length = snprintf(name, size, "%s.%s-%u", path, words[kind], number);

    return length > 0 && (size_t)length < size && length + 8 < PATH_MAX;
}

static bool journal_name(char name[PATH_MAX], const char *path)
{
    return snprintf(name, PATH_MAX, "%s-wal", path) < PATH_MAX;
}

static bool mark_name(char name[PATH_MAX], const char *path)
{
    return snprintf(name, PATH_MAX, "%s.condemned", path) < PATH_MAX;
}

static enum error_code too_long(const char *path, struct error *error)
{
    return error_set(error, ERROR_BAD_CONFIG, "the path %s is too long", path);
}

static enum error_code sync_directory_of(const char *path, struct error *error)
{
    char copy[PATH_MAX];
    int descriptor;

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
        return too_long(path, error);
    }
    descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return fs_error(error, errno, "open the directory of", path);
    }
    if (fsync(descriptor) != 0) {
        enum error_code code = fs_error(error, errno, "sync the directory of", path);

        (void)close(descriptor); /* only synced through it */
        return code;
    }
    (void)close(descriptor); /* only synced through it */
    return ERROR_OK;
}

static bool is_empty_or_gone(const char *path)
{
    struct stat about;

    return stat(path, &about) != 0 || about.st_size == 0;
}

/** Is this name free? It is, too, when only the journal got there before the power was cut. */
static bool is_free(const char *kept_as, const char *kept_journal, const char *journal)
{
    return access(kept_as, F_OK) != 0 &&
           (access(kept_journal, F_OK) != 0 || is_empty_or_gone(journal));
}

enum error_code aside_put(const char *from, const char *path, enum aside_kind kind, char *kept_as,
                          size_t kept_size, struct error *error)
{
    char journal[PATH_MAX], kept_journal[PATH_MAX];
    unsigned number = 0;
    bool paired;

    do {
        if (!aside_name(kept_as, kept_size, path, kind, ++number) || !journal_name(journal, from) ||
            !journal_name(kept_journal, kept_as)) {
            return too_long(path, error);
        }
    } while (!is_free(kept_as, kept_journal, journal));
    paired = access(kept_journal, F_OK) == 0; /* then ours is an empty one that SQLite made */
    if ((paired ? unlink(journal) : rename(journal, kept_journal)) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "rename", journal);
    }
    if (rename(from, kept_as) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "rename", from);
    }
    if (mark_name(journal, from) && unlink(journal) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "remove", journal);
    }
    return sync_directory_of(path, error);
}

enum error_code aside_condemn(const char *path, const char *reason, struct error *error)
{
    char mark[PATH_MAX];

    if (!mark_name(mark, path)) {
        return too_long(path, error);
    }
    return fs_replace_file(mark, reason, strlen(reason), 0600, error);
}

bool aside_is_condemned(const char *path, char *reason, size_t size)
{
    CLEANUP(buffer_deinit) struct buffer text;
    char mark[PATH_MAX];

    buffer_init(&text, size - 1);
    if (!mark_name(mark, path) || access(mark, F_OK) != 0) {
        return false;
    }
    if (fs_read_file(mark, &text, NULL) != ERROR_OK) {
        buffer_clear(&text); /* the mark counts, whatever stands in it */
    }
    (void)snprintf(reason, size, "%.*s", (int)text.size,
                   text.bytes != NULL ? (const char *)text.bytes : ""); /* it fits */
    return true;
}

enum error_code aside_remove(const char *path, struct error *error)
{
    char journal[PATH_MAX];

    if (!journal_name(journal, path)) {
        return too_long(path, error);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "remove", path);
    }
    if (unlink(journal) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "remove", journal);
    }
    return sync_directory_of(path, error);
}

enum error_code aside_rename(const char *from, const char *to, struct error *error)
{
    char journal[PATH_MAX];

    if (!journal_name(journal, from)) {
        return too_long(from, error);
    }
    if (unlink(journal) != 0 && errno != ENOENT) {
        return fs_error(error, errno, "remove", journal);
    }
    if (rename(from, to) != 0) {
        return fs_error(error, errno, "rename", from);
    }
    return sync_directory_of(to, error);
}

/** A row of table meta is its key, then its value. */
static bool search(const uint8_t *bytes, size_t size, char incarnation[STORE_INCARNATION_SIZE])
{
    static const char key[] = "incarnation";
    const size_t key_size = sizeof(key) - 1;
    const size_t value_size = STORE_INCARNATION_SIZE - 1;
    const uint8_t *at = bytes;

    while (size - (size_t)(at - bytes) >= key_size + value_size &&
           (at = memmem(at, size - (size_t)(at - bytes), key, key_size)) != NULL) {
        size_t left = size - (size_t)(at - bytes);

        if (left >= key_size + value_size) {
            memcpy(incarnation, at + key_size, value_size);
            incarnation[value_size] = '\0';
            if (strspn(incarnation, "0123456789abcdef") == value_size) {
                return true;
            }
        }
        at++;
    }
    incarnation[0] = '\0';
    return false;
}

/** A header of a slot tells, too. */
static bool search_slots(const uint8_t *bytes, size_t size,
                         char incarnation[STORE_INCARNATION_SIZE])
{
    for (size_t at = 0; at + SLOT_HEADER_BYTES <= size; at++) {
        struct slot_header header;
        uint32_t chain;

        if (bytes[at] == 'L' && slot_read_header(bytes + at, &header, &chain)) {
            (void)snprintf(incarnation, STORE_INCARNATION_SIZE, "%016llx",
                           (unsigned long long)header.incarnation); /* 16 digits fit */
            return true;
        }
    }
    return false;
}

void aside_incarnation(const char *path, char incarnation[STORE_INCARNATION_SIZE])
{
    char journal[PATH_MAX] = "";
    const char *const names[] = {path, journal};
    uint8_t *bytes = malloc(SEARCH_BYTES);
    bool found = false;

    incarnation[0] = '\0';
    (void)journal_name(journal, path); /* one that is too long is not there */
    for (size_t i = 0; i < 2 && bytes != NULL && !found; i++) {
        int descriptor = open(names[i], O_RDONLY | O_CLOEXEC);
        ssize_t size = descriptor >= 0 ? read(descriptor, bytes, SEARCH_BYTES) : 0;

        found = size > 0 && (search(bytes, (size_t)size, incarnation) ||
                             search_slots(bytes, (size_t)size, incarnation));
        if (descriptor >= 0) {
            (void)close(descriptor); /* was only read */
        }
    }
    free(bytes);
}
