/* tests/support/config_folder.h - a folder of configuration files that a test writes, loads,
 * removes.
 *
 * Life: config_folder_make() -> config_folder_write()* -> config_folder_load()* ->
 * config_folder_remove().
 */
#ifndef TESTS_SUPPORT_CONFIG_FOLDER_H
#define TESTS_SUPPORT_CONFIG_FOLDER_H

#include "agent/config/config.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_folder {
    char path[64];
    struct config_findings findings;
    struct error error;
};

static inline void config_folder_make(struct config_folder *folder)
{
    *folder = (struct config_folder){.path = "/tmp/leat-config-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
}

static inline int config_folder_remove_one(const char *path, const struct stat *found, int kind,
                                           struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void config_folder_remove(struct config_folder *folder)
{
    assert_int_equal(nftw(folder->path, config_folder_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/** `name` may stand in a folder below ("devices/a.yaml"), made when it is missing. */
static inline void config_folder_write(struct config_folder *folder, const char *name,
                                       const void *bytes, size_t size)
{
    char path[256];
    const char *slash = strrchr(name, '/');
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%.*s", folder->path,
                   slash == NULL ? 0 : (int)(slash - name), name);
    assert_int_equal(fs_make_directories(path, NULL), ERROR_OK);
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/** Load leat.yaml of the folder. NULL: refused with findings, or without memory. */
static inline struct config *config_folder_load(struct config_folder *folder)
{
    char path[128];
    struct config *config = NULL;
    enum error_code code;

    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder->path);
    code = config_load(path, &config, &folder->findings, &folder->error);
    if (code == ERROR_OK) {
        assert_non_null(config);
        assert_int_equal(folder->findings.count, 0);
        return config;
    }
    assert_null(config);
    assert_true(code == ERROR_NO_MEMORY ||
                (code == ERROR_BAD_CONFIG && folder->findings.count > 0));
    return NULL;
}

/** The findings, one per line, as `file:line:column: text` with files as they stand in the folder.
 */
static inline const char *config_folder_findings(const struct config_folder *folder, char *text,
                                                 size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < folder->findings.count && at < size; i++) {
        const struct config_finding *finding = &folder->findings.list[i];
        const char *file = finding->file;

        if (strncmp(file, folder->path, strlen(folder->path)) == 0) {
            file += strlen(folder->path) + 1;
        }
        at += (size_t)snprintf(text + at, size - at, "%s:%u:%u: %s\n", file, finding->line,
                               finding->column, finding->text);
    }
    return text;
}

#endif
