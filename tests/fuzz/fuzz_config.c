/* tests/fuzz/fuzz_config.c - any bytes at all as a configuration. Up to the first byte FF, which no
 * text has, they are leat.yaml, then points.csv beside it, after a second one templates/t.yaml.
 * Loading must come back with a configuration or with findings. */
#include "agent/config/check.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/leat-fuzz-XXXXXX";
static char yaml_path[64];
static char csv_path[64];
static char template_folder[64];
static char template_path[64];

static void remove_folder(void)
{
    (void)unlink(yaml_path); /* nothing is left to be told */
    (void)unlink(csv_path);
    (void)unlink(template_path);
    (void)rmdir(template_folder);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    if (yaml_path[0] != '\0') {
        return;
    }
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(yaml_path, sizeof(yaml_path), "%s/leat.yaml", folder);
    (void)snprintf(csv_path, sizeof(csv_path), "%s/points.csv", folder);
    (void)snprintf(template_folder, sizeof(template_folder), "%s/templates", folder);
    (void)snprintf(template_path, sizeof(template_path), "%s/templates/t.yaml", folder);
    if (mkdir(template_folder, 0700) != 0) {
        abort();
    }
    (void)atexit(remove_folder); /* a folder left in /tmp harms nobody */
}

static void write_file(const char *path, const void *bytes, size_t size_bytes)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, size_bytes, file) != size_bytes || fclose(file) != 0) {
        abort();
    }
}

/** Write the bytes up to the next FF to `path`; nothing when `bytes` is NULL. What stands behind
 * that FF, or NULL. */
static const uint8_t *write_part(const char *path, const uint8_t *bytes, const uint8_t *end)
{
    const uint8_t *split =
        bytes == NULL || bytes == end ? NULL : memchr(bytes, 0xff, (size_t)(end - bytes));

    if (bytes != NULL) {
        write_file(path, bytes, (size_t)((split == NULL ? end : split) - bytes));
    }
    return split == NULL ? NULL : split + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct config_findings findings;
    const uint8_t *begin = size_bytes == 0 ? (const uint8_t *)"" : bytes;
    const uint8_t *next;
    struct config *config = NULL;
    struct check_estimate estimate;
    enum error_code code;

    make_folder();
    next = write_part(yaml_path, begin, begin + size_bytes);
    next = write_part(csv_path, next, begin + size_bytes);
    (void)write_part(template_path, next, begin + size_bytes);
    code = config_load(yaml_path, &config, &findings, NULL);
    if (code == ERROR_OK) {
        check_estimate(config, &estimate);
    } else if (code == ERROR_BAD_CONFIG && findings.count == 0) {
        abort();
    }
    config_free(config);
    return 0;
}
