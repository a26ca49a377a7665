#include "agent/machine/card.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/parse.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MAPPINGS_MAX = 8, FILE_MAX_BYTES = 256, WORDS_MAX = 2 };

/** `folder`/`name`; false: too long. */
static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
    int size = snprintf(path, PATH_MAX, "%s/%s", folder, name);

    return size > 0 && size < PATH_MAX;
}

/** The one entry of `device`/slaves; false: there are none, or several. */
static bool only_slave(const char *device, char path[PATH_MAX])
{
    char slaves[PATH_MAX];
    DIR *folder = join(slaves, device, "slaves") ? opendir(slaves) : NULL;
    const struct dirent *entry;
    unsigned count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' && join(path, slaves, entry->d_name)) {
            count++;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder); /* was only read */
    }
    return count == 1;
}

/** From what the file stands on to the whole device. */
static bool find_device(const char *sysfs, const char *path, char device[PATH_MAX])
{
    char linked[PATH_MAX], partition[PATH_MAX];
    struct stat about;

    if (stat(path, &about) != 0 ||
        snprintf(linked, sizeof(linked), "%s/dev/block/%u:%u", sysfs, major(about.st_dev),
                 minor(about.st_dev)) >= (int)sizeof(linked)) {
        return false;
    }
    for (unsigned i = 0; i < MAPPINGS_MAX; i++) {
        if (realpath(linked, device) == NULL) {
            return false;
        }
        if (!only_slave(device, linked)) {
            if (join(partition, device, "partition") && access(partition, F_OK) == 0) {
                *strrchr(device, '/') = '\0'; /* its folder is the whole device's */
            }
            return true;
        }
    }
    return false;
}

/** The numbers in a file of sysfs, "0x01 0x02"; how many there were, at most WORDS_MAX. */
static size_t read_numbers(const char *device, const char *name, unsigned numbers[WORDS_MAX])
{
    CLEANUP(buffer_deinit) struct buffer text;
    char path[PATH_MAX];
    char *rest = NULL;
    size_t count = 0;

    buffer_init(&text, FILE_MAX_BYTES);
    if (!join(path, device, name) || fs_read_file(path, &text, NULL) != ERROR_OK ||
        !buffer_append_byte(&text, '\0')) {
        return 0;
    }
    for (const char *word = strtok_r((char *)text.bytes, " \n", &rest);
         word != NULL && count < WORDS_MAX; word = strtok_r(NULL, " \n", &rest)) {
        uint64_t number;

        if (!parse_uint64(word, &number) || number > UINT8_MAX) {
            return count;
        }
        numbers[count++] = (unsigned)number;
    }
    return count;
}

bool card_read(const char *sysfs, const char *path, struct card_health *health)
{
    struct card_health read = {0};
    unsigned spare[WORDS_MAX] = {0};
    char device[PATH_MAX];

    if (!find_device(sysfs, path, device) ||
        read_numbers(device, "device/life_time", read.used) != WORDS_MAX) {
        return false;
    }
    (void)read_numbers(device, "device/pre_eol_info", spare); /* 0: not told */
    read.spare = spare[0];
    (void)snprintf(read.name, sizeof(read.name), "%s", strrchr(device, '/') + 1); /* cut */
    *health = read;
    return true;
}
