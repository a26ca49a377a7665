#include "agent/machine/host.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "sync/digest.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

enum { SERIAL_MAX = 256, SERIAL_LEAST = 4, HASH_SIZE = 17 };

/** Trim what surrounds a serial number; false: nothing is left, or what every board of a careless
 *  maker says. */
static bool trim(struct buffer *text)
{
    static const char *const nothing[] = {"uninitialized",  "none",
                                          "default string", "to be filled by o.e.m.",
                                          "not specified",  "system serial number"};
    bool varies = false;

    while (text->size > 0 &&
           text->bytes[text->size - 1] <= ' ') { /* the device tree ends with NUL */
        text->size--;
    }
    for (size_t i = 1; i < text->size; i++) { /* 0000... and ffff-ffff-... are no serial numbers */
        varies = varies || (text->bytes[i] != text->bytes[0] && text->bytes[i] != '-');
    }
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        if (text->size == strlen(nothing[i]) &&
            strncasecmp((const char *)text->bytes, nothing[i], text->size) == 0) {
            return false;
        }
    }
    return varies && text->size >= SERIAL_LEAST;
}

/** The keyed hash of a file; "" when there is nothing in it that tells machines apart. */
static enum error_code hash_file(const char *root, const char *path, char text[HASH_SIZE],
                                 struct error *error)
{
    static const char key[] = "leat queue identity 1";
    CLEANUP(buffer_deinit) struct buffer content;
    char full[PATH_MAX], hex[DIGEST_HEX_SIZE];
    struct digest digest;
    enum error_code code;

    text[0] = '\0';
    buffer_init(&content, SERIAL_MAX);
    if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full) ||
        fs_read_file(full, &content, NULL) != ERROR_OK || !trim(&content)) {
        return ERROR_OK; /* not known */
    }
    code = digest_init(&digest, error);
    if (code == ERROR_OK) {
        digest_add(&digest, key, sizeof(key));
        digest_add(&digest, content.bytes, content.size);
        code = digest_finish(&digest, hex, error);
    }
    if (code == ERROR_OK) {
        memcpy(text, hex, HASH_SIZE - 1);
        text[HASH_SIZE - 1] = '\0';
    }
    digest_deinit(&digest);
    return code;
}

/** Where the root is read-only, systemd makes a machine-id for each boot, in memory. */
static bool is_in_memory(const char *root, const char *path)
{
    char full[PATH_MAX];
    struct statfs about;

    return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) &&
           statfs(full, &about) == 0 &&
           ((uint32_t)about.f_type == TMPFS_MAGIC || (uint32_t)about.f_type == RAMFS_MAGIC);
}

static enum error_code read_hardware(const char *root, char hardware[HOST_TEXT_SIZE],
                                     struct error *error)
{
    static const struct {
        const char *name, *path;
    } serials[] = {
        {"tree", "/proc/device-tree/serial-number"},
        {"soc", "/sys/devices/soc0/serial_number"},
        {"product", "/sys/class/dmi/id/product_uuid"},
        {"board", "/sys/class/dmi/id/board_serial"},
    };

    hardware[0] = '\0';
    for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        char hash[HASH_SIZE];
        enum error_code code = hash_file(root, serials[i].path, hash, error);

        if (code != ERROR_OK) {
            return code;
        }
        if (hash[0] != '\0') {
            (void)snprintf(hardware, HOST_TEXT_SIZE, "%s:%s", serials[i].name, hash); /* fits */
            return ERROR_OK;
        }
    }
    return ERROR_OK;
}

enum error_code host_read(const char *root, struct host *host, struct error *error)
{
    static const char path[] = "/etc/machine-id";
    enum error_code code = hash_file(root, path, host->machine, error);

    if (is_in_memory(root, path)) {
        host->machine[0] = '\0';
    }
    return code == ERROR_OK ? read_hardware(root, host->hardware, error) : code;
}
