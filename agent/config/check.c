#include "agent/config/check.h"

#include "agent/config/line_load.h"
#include "base/cleanup.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Sizes of polled readings as measured by the benchmarks: about 0.7 bytes in the queue and 1.5 in
 * an object. The disk's is taken as 1, so that the days promised are there. */
static const double queue_bytes_per_reading = 1.0;
static const double object_bytes_per_reading = 1.5;

static void free_config(struct config **config)
{
    config_free(*config);
}

void check_estimate(const struct config *config, struct check_estimate *estimate)
{
    *estimate = (struct check_estimate){0};
    for (size_t i = 0; i < config->device_count; i++) {
        const struct config_device *device = config->devices[i];

        for (size_t k = 0; k < device->point_count; k++) {
            const struct definition *definition = &device->points[k].definition;

            if (definition->interval_ns == 0) {
                estimate->pushed_count++;
                continue;
            }
            estimate->readings_per_day += (double)NS_PER_DAY / (double)definition->interval_ns;
            estimate->deadband_count +=
                definition->deadband > 0 || definition->deadband_percent > 0 ? 1 : 0;
        }
    }
    estimate->megabytes_per_month =
        estimate->readings_per_day * 30 * object_bytes_per_reading / 1e6;
    if (estimate->readings_per_day > 0) {
        estimate->ring_days = (double)config->queue.ring_bytes[STREAM_READINGS] /
                              (estimate->readings_per_day * queue_bytes_per_reading);
    }
}

void check_print_findings(FILE *out, const struct config_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        char place[CONFIG_PLACE_SIZE];

        config_finding_place(&findings->list[i], place);
        (void)fprintf(out, "%s: %s\n", place, findings->list[i].text); /* to a terminal */
    }
    if (findings->count == CONFIG_FINDINGS_MAX) {
        (void)fprintf(out, "(there may be more; these are the first %d)\n", CONFIG_FINDINGS_MAX);
    }
}

/** One line per driver that is in use. */
static void print_drivers(FILE *out, const struct config *config)
{
    for (size_t i = 0; driver_registry[i] != NULL; i++) {
        size_t devices = 0;
        size_t points = 0;

        for (size_t k = 0; k < config->device_count; k++) {
            if (config->devices[k]->driver == driver_registry[i]) {
                devices++;
                points += config->devices[k]->point_count;
            }
        }
        if (devices > 0) {
            (void)fprintf(out, "  %-12s %zu device%s, %zu point%s\n", driver_registry[i]->name,
                          devices, devices == 1 ? "" : "s", points, points == 1 ? "" : "s");
        }
    }
}

/** 86400 as "86,400"; large ones as "4.3 million". */
static void format_count(double count, char *text, size_t size)
{
    if (count >= 1e6) {
        (void)snprintf(text, size, "%.1f million", count / 1e6);
    } else if (count >= 1000) {
        (void)snprintf(text, size, "%d,%03d", (int)count / 1000, (int)count % 1000);
    } else {
        (void)snprintf(text, size, "%.0f", count);
    }
}

static void print_estimate(FILE *out, const struct config *config)
{
    struct check_estimate estimate;
    char readings[40];

    check_estimate(config, &estimate);
    if (estimate.readings_per_day > 0) {
        format_count(estimate.readings_per_day, readings, sizeof(readings));
        (void)fprintf(out, "estimate, for what is polled:\n");
        (void)fprintf(out, "  %s%s readings a day\n", estimate.deadband_count > 0 ? "at most " : "",
                      readings);
        (void)fprintf(out, "  about %.*f MB a month to upload\n",
                      estimate.megabytes_per_month < 10 ? 1 : 0, estimate.megabytes_per_month);
        (void)fprintf(out, "  the queue holds about %.*f days of them without an uplink\n",
                      estimate.ring_days < 10 ? 1 : 0, estimate.ring_days);
    }
    if (estimate.deadband_count > 0) {
        (void)fprintf(out, "  (less, since %zu point%s a deadband)\n", estimate.deadband_count,
                      estimate.deadband_count == 1 ? " has" : "s have");
    }
    if (estimate.pushed_count > 0) {
        (void)fprintf(out, "  %zu point%s when the source likes; not estimated\n",
                      estimate.pushed_count, estimate.pushed_count == 1 ? " sends" : "s send");
    }
}

void check_print_summary(FILE *out, const char *path, const struct config *config)
{
    (void)fprintf(out, "%s is fine: site %s, gateway %s\n", path, config->site, config->gateway);
    if (config->device_count == 0) {
        (void)fprintf(out, "  no devices: nothing would be collected\n");
    }
    print_drivers(out, config);
    line_load_print(out, config);
    if (config->sync.target == NULL) {
        (void)fprintf(out, "  no target: everything stays in the queue\n");
    } else {
        (void)fprintf(out, "  uploads to %s (%s)\n", config->sync.target_name,
                      config->sync.target->name);
    }
    print_estimate(out, config);
}

/** The folder may be missing rightly: what a laptop checks runs elsewhere. So it is only told. */
static void note_missing_folder(FILE *out, const char *queue_path)
{
    char copy[PATH_MAX];
    const char *folder;

    if (snprintf(copy, sizeof(copy), "%s", queue_path) >= (int)sizeof(copy)) {
        return; /* opening the queue refuses it with a sentence */
    }
    folder = dirname(copy);
    if (access(folder, F_OK) != 0) {
        (void)fprintf(out,
                      "note: the queue's folder %s is not there on this computer; make it "
                      "before `leat run`\n",
                      folder); /* to a terminal */
    }
}

enum error_code check_configuration(const char *path, FILE *out, struct error *error)
{
    CLEANUP(cleanup_free) struct config_findings *findings = calloc(1, sizeof(*findings));
    CLEANUP(free_config) struct config *config = NULL;
    enum error_code code;

    if (findings == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%s: not enough memory to check it", path);
    }
    code = config_load(path, &config, findings, error);
    if (code == ERROR_OK) {
        check_print_summary(out, path, config);
        note_missing_folder(out, config->queue.path);
    } else if (code == ERROR_BAD_CONFIG) {
        check_print_findings(out, findings);
    }
    return code;
}
