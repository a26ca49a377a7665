#include "lake/inventory.h"

#include "base/fs.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Ten million objects; a lake of 100 gateways takes years to get there. */
static const size_t objects_maximum_bytes = SIZE_MAX / 2;

void inventory_init(struct inventory *inventory)
{
    buffer_init(&inventory->objects, objects_maximum_bytes);
    buffer_init(&inventory->foreign, objects_maximum_bytes);
}

void inventory_deinit(struct inventory *inventory)
{
    buffer_deinit(&inventory->objects);
    buffer_deinit(&inventory->foreign);
}

size_t inventory_count(const struct inventory *inventory)
{
    return inventory->objects.size / sizeof(struct object_facts);
}

struct object_facts *inventory_at(const struct inventory *inventory, size_t index)
{
    return (struct object_facts *)(void *)inventory->objects.bytes + index;
}

static int compare_incarnation(const struct object_name *one, const struct object_name *two)
{
    int order = strcmp(one->site, two->site);

    if (order == 0) {
        order = strcmp(one->gateway, two->gateway);
    }
    if (order == 0) {
        order = strcmp(one->incarnation, two->incarnation);
    }
    return order;
}

static int compare_stream(const struct object_name *one, const struct object_name *two)
{
    int order = compare_incarnation(one, two);

    return order != 0 ? order : (int)one->stream - (int)two->stream;
}

bool object_same_incarnation(const struct object_name *one, const struct object_name *two)
{
    return compare_incarnation(one, two) == 0;
}

bool object_same_stream(const struct object_name *one, const struct object_name *two)
{
    return compare_stream(one, two) == 0;
}

static int compare_objects(const void *left, const void *right)
{
    const struct object_name *one = &((const struct object_facts *)left)->name;
    const struct object_name *two = &((const struct object_facts *)right)->name;
    int order = compare_stream(one, two);

    if (order == 0) {
        order = (one->first > two->first) - (one->first < two->first);
    }
    if (order == 0) {
        order = (one->last > two->last) - (one->last < two->last);
    }
    return order != 0 ? order : strcmp(one->digest, two->digest);
}

/** A file below raw/: ours or foreign (I1). `relative` begins with "raw/". */
static bool take_file(struct inventory *inventory, const FTSENT *entry, const char *relative)
{
    struct object_facts facts = {0};

    if (entry->fts_info == FTS_F && object_name_parse(relative, &facts.name, NULL) == ERROR_OK &&
        facts.name.last <= INT64_MAX) { /* rows hold them as INT64 */
        facts.size_bytes = (uint64_t)entry->fts_statp->st_size;
        return buffer_append(&inventory->objects, &facts, sizeof(facts));
    }
    return buffer_append(&inventory->foreign, relative, strlen(relative) + 1);
}

static enum error_code take_entry(FTS *walk, FTSENT *entry, size_t lake_size,
                                  struct inventory *inventory, struct error *error)
{
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        (void)fts_set(walk, entry, FTS_SKIP); /* fails for a wrong instruction only */
        return ERROR_OK;
    }
    switch (entry->fts_info) {
    case FTS_D:
    case FTS_DP:
        return ERROR_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return fs_error(error, entry->fts_errno, "read", entry->fts_path);
    default:
        return take_file(inventory, entry, entry->fts_path + lake_size + 1)
                   ? ERROR_OK
                   : error_set(error, ERROR_NO_MEMORY,
                               "there is no memory for the list of objects");
    }
}

static enum error_code walk_raw(const char *lake, char *raw, struct inventory *inventory,
                                struct error *error)
{
    char *roots[] = {raw, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    enum error_code code = ERROR_OK;
    FTSENT *entry;

    if (walk == NULL) {
        return fs_error(error, errno, "walk", raw);
    }
    errno = 0;
    while (code == ERROR_OK && (entry = fts_read(walk)) != NULL) {
        code = take_entry(walk, entry, strlen(lake), inventory, error);
        errno = 0;
    }
    if (code == ERROR_OK && errno != 0) {
        code = fs_error(error, errno, "walk", raw);
    }
    (void)fts_close(walk); /* it was only read */
    return code;
}

enum error_code inventory_collect(const char *lake, struct inventory *inventory,
                                  struct error *error)
{
    char raw[PATH_MAX];
    struct stat about;
    int length = snprintf(raw, sizeof(raw), "%s/raw", lake);
    enum error_code code;

    if (length < 0 || (size_t)length >= sizeof(raw)) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long", lake);
    }
    if (stat(lake, &about) != 0) {
        return fs_error(error, errno, "open the lake", lake);
    }
    if (stat(raw, &about) != 0 && errno == ENOENT) { /* I3 */
        return error_set(error, ERROR_UNREACHABLE,
                         "%.150s holds no folder 'raw': nothing was uploaded there yet, its disk "
                         "is not mounted, or it is not the lake",
                         lake);
    }
    code = walk_raw(lake, raw, inventory, error);
    if (code == ERROR_OK && inventory_count(inventory) > 0) {
        qsort(inventory->objects.bytes, inventory_count(inventory), sizeof(struct object_facts),
              compare_objects);
    }
    return code;
}
