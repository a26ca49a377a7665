#include "tests/torture/power_disk.h"

#include <errno.h>
#include <string.h>

bool power_disk_begin_step(struct power_disk *disk, bool database, bool *last)
{
    *last = false;
    if (disk->off) {
        return false;
    }
    *last = disk->watch != NULL && disk->watch(disk->context, database);
    disk->off = *last;
    return true;
}

struct power_entry *power_disk_find(struct power_disk *disk, const char *name)
{
    for (size_t i = 0; i < POWER_ENTRIES_MAX; i++) {
        if (strcmp(disk->entries[i].name, name) == 0) {
            return &disk->entries[i];
        }
    }
    return NULL;
}

struct power_entry *power_disk_find_or_add(struct power_disk *disk, const char *name)
{
    struct power_entry *entry = power_disk_find(disk, name);

    if (entry == NULL && strlen(name) < POWER_NAME_SIZE) {
        entry = power_disk_find(disk, "");
        if (entry != NULL) {
            memcpy(entry->name, name, strlen(name) + 1);
        }
    }
    return entry;
}

struct power_file *power_disk_make_file(struct power_disk *disk)
{
    for (size_t i = 0; i < 2 * POWER_ENTRIES_MAX; i++) {
        if (disk->files[i] == NULL) {
            disk->files[i] = power_file_create();
            return disk->files[i];
        }
    }
    return NULL;
}

void power_disk_sync_names(struct power_disk *disk, const struct power_file *of)
{
    for (size_t i = 0; i < POWER_ENTRIES_MAX; i++) {
        struct power_entry *entry = &disk->entries[i];

        if (of == NULL || entry->now == of) {
            entry->durable = entry->now;
        }
    }
}

void power_disk_create(struct power_disk *disk, uint64_t seed)
{
    *disk = (struct power_disk){.random_seed = seed, .real = sqlite3_vfs_find(NULL)};
    power_vfs_init(disk);
    (void)sqlite3_vfs_register(&disk->vfs, 1); /* cannot fail after the one found above */
}

void power_disk_free(struct power_disk *disk)
{
    (void)sqlite3_vfs_unregister(&disk->vfs);  /* was registered above */
    (void)sqlite3_vfs_register(disk->real, 1); /* as it was */
    for (size_t i = 0; i < 2 * POWER_ENTRIES_MAX; i++) {
        power_file_free(disk->files[i]);
        disk->files[i] = NULL;
    }
}

static void settle_names(struct power_disk *disk, uint64_t seed)
{
    for (size_t i = 0; i < POWER_ENTRIES_MAX; i++) {
        struct power_entry *entry = &disk->entries[i];

        if (entry->now != entry->durable) {
            entry->now = power_mix(seed, 1000 + i) % 2 == 0 ? entry->now : entry->durable;
            entry->durable = entry->now;
        }
        if (entry->now == NULL) {
            entry->name[0] = '\0';
        }
    }
}

static bool has_a_name(const struct power_disk *disk, const struct power_file *file)
{
    for (size_t i = 0; i < POWER_ENTRIES_MAX; i++) {
        if (disk->entries[i].now == file) {
            return true;
        }
    }
    return false;
}

void power_disk_power_on(struct power_disk *disk, uint64_t seed)
{
    /* Half of the cuts treat each sector for itself, the others all of a file alike. A device that
     * lies about flushing reorders, it does not garble: what is garbled no journal would mend. */
    const enum power_fate each = disk->lying_writes > 0 ? POWER_EACH : POWER_EACH_OR_GARBAGE;

    settle_names(disk, seed);
    for (size_t i = 0; i < 2 * POWER_ENTRIES_MAX; i++) {
        struct power_file *file = disk->files[i];
        uint64_t dice = power_mix(seed, i);

        if (file != NULL && !has_a_name(disk, file)) {
            power_file_free(file);
            disk->files[i] = NULL;
        } else if (file != NULL) {
            power_file_cut(file, seed % 2 == 0 ? each : (enum power_fate)(dice % POWER_EACH),
                           power_mix(dice, 1));
        }
    }
    disk->off = false;
}

void power_disk_settle(struct power_disk *disk)
{
    for (size_t i = 0; i < 2 * POWER_ENTRIES_MAX; i++) {
        if (disk->files[i] != NULL) {
            power_file_sync(disk->files[i], 0);
        }
    }
    power_disk_sync_names(disk, NULL);
}

bool power_disk_has(const struct power_disk *disk, const char *name)
{
    for (size_t i = 0; i < POWER_ENTRIES_MAX; i++) {
        if (strcmp(disk->entries[i].name, name) == 0) {
            return disk->entries[i].now != NULL;
        }
    }
    return false;
}

int power_disk_rename(struct power_disk *disk, const char *from, const char *to)
{
    struct power_entry *source = power_disk_find(disk, from), *target = NULL;

    if (disk->off) {
        errno = EIO;
        return -1;
    }
    if (source == NULL || source->now == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (to != NULL) {
        target = power_disk_find_or_add(disk, to);
        if (target == NULL) {
            errno = ENAMETOOLONG;
            return -1;
        }
        target->now = target->durable = source->now;
    }
    source->now = source->durable = NULL;
    source->name[0] = '\0';
    return 0;
}
