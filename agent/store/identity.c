#include "agent/store/identity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { HARDWARE = 1, PART_COUNT = 5, MAGIC_XFS = 0x58465342 };

struct part {
    const char *key;
    char now[STORE_NOTE_SIZE]; /* "": not known */
};

static bool keeps_birth_times(const char *path)
{
    struct statfs about;

    if (statfs(path, &about) != 0) {
        return false;
    }
    return (uint32_t)about.f_type == EXT4_SUPER_MAGIC ||
           (uint32_t)about.f_type == BTRFS_SUPER_MAGIC ||
           (uint32_t)about.f_type == F2FS_SUPER_MAGIC || (uint32_t)about.f_type == MAGIC_XFS ||
           (uint32_t)about.f_type == TMPFS_MAGIC;
}

/** When the file was made; "" when nobody can say (rule 3). */
static void read_birth(const char *path, char birth[STORE_NOTE_SIZE])
{
    struct statx about;

    birth[0] = '\0';
    if (keeps_birth_times(path) &&
        statx(AT_FDCWD, path, AT_STATX_SYNC_AS_STAT, STATX_BTIME, &about) == 0 &&
        (about.stx_mask & STATX_BTIME) != 0 && about.stx_btime.tv_sec != 0) {
        (void)snprintf(birth, STORE_NOTE_SIZE, "%lld.%09u", (long long)about.stx_btime.tv_sec,
                       (unsigned)about.stx_btime.tv_nsec); /* fits */
    }
}

static void set_part(struct part *part, const char *key, const char *text)
{
    part->key = key;
    (void)snprintf(part->now, sizeof(part->now), "%s", text != NULL ? text : ""); /* cut alike */
}

/** What is true now. */
static void read_parts(const struct store_settings *settings, struct part parts[PART_COUNT])
{
    set_part(&parts[0], "machine", settings->identity->machine);
    set_part(&parts[HARDWARE], "hardware", settings->identity->hardware);
    set_part(&parts[2], "file", "");
    read_birth(settings->path, parts[2].now);
    set_part(&parts[3], "site", settings->identity->site);
    set_part(&parts[4], "gateway", settings->identity->gateway);
}

/** Serial numbers from two places ("tree:", "soc:") cannot be compared. */
static bool are_comparable(const char *left, const char *right)
{
    size_t size = strcspn(left, ":");

    return left[size] != ':' || strncmp(left, right, size + 1) == 0;
}

static void explain(const struct part *part, const char *before, char reason[STORE_REASON_SIZE])
{
    static const struct {
        const char *key, *text;
    } texts[] = {
        {"machine", "the queue is of another installation of the system (machine-id)"},
        {"hardware", "the queue is of another machine (hardware serial number)"},
        {"file", "the queue's file is a copy"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].key, part->key) == 0) {
            (void)snprintf(reason, STORE_REASON_SIZE, "%s", texts[i].text); /* fits */
            return;
        }
    }
    (void)snprintf(reason, STORE_REASON_SIZE, "the %s was %s and is %s now", part->key, before,
                   part->now); /* two notes fit */
}

bool identity_is_other(struct store *store, const struct store_settings *settings,
                       char reason[STORE_REASON_SIZE])
{
    struct part parts[PART_COUNT];

    if (settings->identity == NULL) {
        return false;
    }
    read_parts(settings, parts);
    for (size_t i = 0; i < PART_COUNT; i++) {
        const struct note *note = note_find(&store->notes, parts[i].key);

        if (note != NULL && note->value[0] != '\0' && parts[i].now[0] != '\0' &&
            (i != HARDWARE || are_comparable(note->value, parts[i].now)) &&
            strcmp(note->value, parts[i].now) != 0) {
            explain(&parts[i], note->value, reason);
            return true;
        }
    }
    return false;
}

enum error_code identity_note(struct store *store, const struct store_settings *settings,
                              struct error *error)
{
    struct part parts[PART_COUNT];
    enum error_code code = ERROR_OK;

    if (settings->identity == NULL) {
        return ERROR_OK;
    }
    read_parts(settings, parts);
    for (size_t i = 0; i < PART_COUNT && code == ERROR_OK; i++) {
        if (parts[i].now[0] != '\0') {
            code = store_note_set(store, parts[i].key, parts[i].now, error);
        }
    }
    return code;
}
