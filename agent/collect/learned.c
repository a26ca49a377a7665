#include "agent/collect/learned.h"

#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fs.h"
#include "base/log.h"
#include "drivers/driver.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mark[] = {'L', 'T', 'L', '1'};

enum { HEADER_BYTES = sizeof(mark) + 4 };

static void put_sum(uint8_t *bytes, uint32_t sum)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(sum >> (8 * i));
    }
}

static bool name_file(const struct learned *learned, const struct config_device *device,
                      char path[PATH_MAX])
{
    return learned->folder != NULL && device->driver->learned != NULL &&
           snprintf(path, PATH_MAX, "%s/%s", learned->folder, device->name) < PATH_MAX;
}

void learned_load(const struct learned *learned, const struct config_device *device)
{
    CLEANUP(buffer_deinit) struct buffer content;
    struct error error = {0};
    char path[PATH_MAX];
    enum error_code code;
    uint8_t sum[4];

    buffer_init(&content, HEADER_BYTES + LEARNED_MAX_BYTES);
    if (!name_file(learned, device, path)) {
        return;
    }
    code = fs_read_file(path, &content, &error);
    if (code == ERROR_UNREACHABLE) {
        return; /* there is none */
    }
    if (code == ERROR_OK && content.size >= HEADER_BYTES) {
        put_sum(sum, crc32c(0, content.bytes + HEADER_BYTES, content.size - HEADER_BYTES));
    }
    if (code == ERROR_OK &&
        (content.size < HEADER_BYTES || memcmp(content.bytes, mark, sizeof(mark)) != 0 ||
         memcmp(content.bytes + sizeof(mark), sum, sizeof(sum)) != 0)) {
        code = error_set(&error, ERROR_BAD_DATA, "%s is damaged", path);
    }
    if (code != ERROR_OK) { /* LE1 */
        log_warning("learned-not-read", "device=%s note=\"it is learned anew\" error=\"%s\"",
                    device->name, error.text);
        return;
    }
    device->driver->remember(device->state, content.bytes + HEADER_BYTES,
                             content.size - HEADER_BYTES);
}

void learned_keep(struct learned *learned, const struct config_device *device,
                  const struct clock *clock, bool at_once)
{
    static const uint8_t no_sum[HEADER_BYTES - sizeof(mark)] = {0};
    int64_t now_ns = clock_monotonic_ns(clock);
    CLEANUP(buffer_deinit) struct buffer content;
    CLEANUP(buffer_deinit) struct buffer rest;
    struct error error = {0};
    char path[PATH_MAX];
    enum error_code code;

    buffer_init(&content, HEADER_BYTES + LEARNED_MAX_BYTES);
    buffer_init(&rest, LEARNED_MAX_BYTES);
    if (!name_file(learned, device, path) || (!at_once && now_ns < learned->next_ns) || /* LE2 */
        !device->driver->learned(device->state, &rest)) {
        return;
    }
    learned->next_ns = now_ns + LEARNED_EVERY_S * NS_PER_S;
    if (!buffer_append(&content, mark, sizeof(mark)) ||
        !buffer_append(&content, no_sum, sizeof(no_sum)) ||
        !buffer_append(&content, rest.bytes, rest.size)) {
        return; /* no memory: the next change is kept */
    }
    put_sum(content.bytes + sizeof(mark), crc32c(0, rest.bytes, rest.size));
    code = fs_make_directories(learned->folder, &error);
    if (code == ERROR_OK) {
        code = fs_replace_file(path, content.bytes, content.size, 0644, &error);
    }
    if (code != ERROR_OK && !learned->failed) { /* LE3 */
        log_warning("learned-not-kept", "device=%s error=\"%s\"", device->name, error.text);
    }
    learned->failed = code != ERROR_OK;
}
