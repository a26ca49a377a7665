#include "tests/torture/power_hooks.h"

#include "agent/store/room.h"
#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *name);
int __wrap_unlink(const char *name);
int __real_access(const char *name, int mode);
int __wrap_access(const char *name, int mode);
int __real_sqlite3_exec(sqlite3 *handle, const char *text, sqlite3_callback *callback,
                        void *context, char **message);
int __wrap_sqlite3_exec(sqlite3 *handle, const char *text, sqlite3_callback *callback,
                        void *context, char **message);
enum error_code __real_fs_read_file(const char *path, struct buffer *content, struct error *error);
enum error_code __wrap_fs_read_file(const char *path, struct buffer *content, struct error *error);
enum error_code __real_room_make_slots(struct database *database, enum stream stream,
                                       uint32_t first, uint32_t count, struct error *error);
enum error_code __wrap_room_make_slots(struct database *database, enum stream stream,
                                       uint32_t first, uint32_t count, struct error *error);

static struct power_hooks hooks;

struct power_hooks *power_hooks(void)
{
    return &hooks;
}

static bool is_on_disk(const char *name)
{
    return hooks.disk != NULL && strncmp(name, hooks.folder, strlen(hooks.folder)) == 0;
}

int __wrap_rename(const char *from, const char *to)
{
    return is_on_disk(from) ? power_disk_rename(hooks.disk, from, to) : __real_rename(from, to);
}

int __wrap_unlink(const char *name)
{
    return is_on_disk(name) ? power_disk_rename(hooks.disk, name, NULL) : __real_unlink(name);
}

int __wrap_access(const char *name, int mode)
{
    if (is_on_disk(name) && strlen(name) > strlen(hooks.folder)) {
        return power_disk_has(hooks.disk, name) ? 0 : -1;
    }
    return __real_access(name, mode);
}

/** Copy `text` with the word after `key` replaced; false: there is no such key, or no room. */
static bool replace_word(const char *text, const char *key, const char *word, char *copy,
                         size_t copy_size)
{
    const char *at = strstr(text, key);
    int size;

    if (at == NULL) {
        return false;
    }
    at += strlen(key);
    size = snprintf(copy, copy_size, "%.*s%s%s", (int)(at - text), text, word, strchr(at, ';'));
    return size > 0 && (size_t)size < copy_size;
}

int __wrap_sqlite3_exec(sqlite3 *handle, const char *text, sqlite3_callback *callback,
                        void *context, char **message)
{
    char calmer[1024], changed[1024], pages[16];

    if (hooks.normal && replace_word(text, "synchronous=", "NORMAL", calmer, sizeof(calmer))) {
        text = calmer;
        hooks.rewritten++;
    }
    (void)snprintf(pages, sizeof(pages), "%u", hooks.checkpoint_pages); /* fits */
    if (hooks.checkpoint_pages > 0 &&
        replace_word(text, "wal_autocheckpoint=", pages, changed, sizeof(changed))) {
        text = changed;
    }
    return __real_sqlite3_exec(handle, text, callback, context, message);
}

enum error_code __wrap_fs_read_file(const char *path, struct buffer *content, struct error *error)
{
    char text[40];

    if (hooks.disk == NULL || strcmp(path, "/proc/sys/kernel/random/boot_id") != 0) {
        return __real_fs_read_file(path, content, error);
    }
    (void)snprintf(text, sizeof(text), "%08x-0000-4000-8000-000000000000\n",
                   (unsigned)hooks.boot);             /* 37 bytes */
    (void)buffer_append(content, text, strlen(text)); /* the caller sees it is short */
    return ERROR_OK;
}

enum error_code __wrap_room_make_slots(struct database *database, enum stream stream,
                                       uint32_t first, uint32_t count, struct error *error)
{
    enum error_code code;

    hooks.making_slots = true;
    code = __real_room_make_slots(database, stream, first, count, error);
    hooks.making_slots = false;
    return code;
}
