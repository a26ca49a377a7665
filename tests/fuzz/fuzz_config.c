/* tests/fuzz/fuzz_config.c - any bytes at all as a configuration. Up to the first byte FF, which no
 * text has, they are leat.yaml, then points.csv beside it. Loading must come back with a
 * configuration or with findings. */
#include "agent/config/check.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/leat-fuzz-XXXXXX";
static char yaml_path[64];
static char csv_path[64];

static void remove_folder(void)
{
    (void)unlink(yaml_path); /* nothing is left to be told */
    (void)unlink(csv_path);
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
    (void)atexit(remove_folder); /* a folder left in /tmp harms nobody */
}

static void write_file(const char *path, const void *bytes, size_t size_bytes)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, size_bytes, file) != size_bytes || fclose(file) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct config_findings findings;
    const uint8_t *split = size_bytes == 0 ? NULL : memchr(bytes, 0xff, size_bytes);
    size_t yaml_bytes = split == NULL ? size_bytes : (size_t)(split - bytes);
    struct config *config = NULL;
    struct check_estimate estimate;
    enum error_code code;

    make_folder();
    write_file(yaml_path, size_bytes == 0 ? (const uint8_t *)"" : bytes, yaml_bytes);
    if (split != NULL) {
        write_file(csv_path, split + 1, size_bytes - yaml_bytes - 1);
    }
    code = config_load(yaml_path, &config, &findings, NULL);
    if (code == ERROR_OK) {
        check_estimate(config, &estimate);
    } else if (code == ERROR_BAD_CONFIG && findings.count == 0) {
        abort();
    }
    config_free(config);
    return 0;
}
