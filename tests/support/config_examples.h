/* tests/support/config_examples.h - the example configuration of docs/, as files in memory. */
#ifndef TESTS_SUPPORT_CONFIG_EXAMPLES_H
#define TESTS_SUPPORT_CONFIG_EXAMPLES_H

#include "base/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/config_folder.h"

static const char *const config_example_names[] = {
    "leat.yaml",
    "devices/boiler-1.yaml",
    "devices/boiler-1.csv",
};

enum { CONFIG_EXAMPLE_COUNT = sizeof(config_example_names) / sizeof(config_example_names[0]) };

/** Absolute path of a file of the source tree. */
static inline const char *config_source_path(const char *name)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), SOURCE_FOLDER "/%s", name);
    return path;
}

/** Read example `index` into `content`, which the caller frees. */
static inline void config_example_read(size_t index, struct buffer *content)
{
    char name[128];

    (void)snprintf(name, sizeof(name), "docs/examples/%s", config_example_names[index]);
    buffer_init(content, 1 << 16);
    assert_int_equal(fs_read_file(config_source_path(name), content, NULL), ERROR_OK);
}

/** Copy all of them into `folder`. */
static inline void config_examples_copy(struct config_folder *folder)
{
    for (size_t i = 0; i < CONFIG_EXAMPLE_COUNT; i++) {
        struct buffer content;

        config_example_read(i, &content);
        config_folder_write(folder, config_example_names[i], content.bytes, content.size);
        buffer_deinit(&content);
    }
}

#endif
