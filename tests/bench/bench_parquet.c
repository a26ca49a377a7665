/* tests/bench/bench_parquet.c - how small and how fast: the encoder against text and zstd.
 *
 * Two million readings of the polled data set (polled_data.h), stamps A and B, in batches of five
 * minutes. References in the same run on the same rows: one JSON object or one CSV line per
 * reading with the same columns (nulls left out), a zstd frame per batch, level 3; level 19 takes a
 * minute per million rows, so it is measured on the first batch alone. */
#include "base/buffer.h"
#include "base/clock.h"
#include "sync/encoder.h"
#include "tests/bench/figure.h"
#include "tests/bench/polled_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

enum {
    READINGS = 2000000,
    BATCH_READINGS = 300 * POLLED_POINTS,
    MEMORY_READINGS = 900 * POLLED_POINTS, /* a batch of the default age, 15 minutes */
    ROUNDS = 3,
    LINE_MAX_BYTES = 256,
    MAXIMUM_BYTES = 8 << 20,
};

struct totals {
    bool with_level_19; /* once is enough: it is slow */
    uint64_t readings;
    uint64_t bytes[5]; /* parquet, ndjson zstd 3, csv zstd 3; ndjson, csv zstd 19 on batch 1 */
    double ns[3];
};

enum { PARQUET, NDJSON_3, CSV_3, NDJSON_19, CSV_19 };

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_parquet: %s\n", what);
    exit(1);
}

static size_t encode_parquet(struct encoder *encoder, struct polled_data *data,
                             const struct sample *samples, size_t count)
{
    static const struct batch_header header = {STREAM_READINGS,    "bench", "gw-01",
                                               "0011223344556677", "",      20513};
    struct batch batch;
    struct error error;

    if (encoder_begin(encoder, &header, &error) != ERROR_OK) {
        die(error.text);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t point = samples[i].point_id;

        if (encoder_add_reading(encoder, i + 1, point, &data->definitions[point - 1], &samples[i],
                                &error) != ERROR_OK) {
            die(error.text);
        }
    }
    if (encoder_finish(encoder, &batch, &error) != ERROR_OK) {
        die(error.text);
    }
    return batch.size_bytes;
}

static void format_line(char line[LINE_MAX_BYTES], bool json, uint64_t sequence,
                        const struct polled_data *data, const struct sample *sample)
{
    char stamp[CLOCK_STAMP_SIZE];
    int length;

    clock_format_stamp(sample->time_ns, stamp, sizeof(stamp)); /* milliseconds ... */
    stamp[strlen(stamp) - 1] = '\0';
    length = snprintf(line, LINE_MAX_BYTES,
                      json ? "{\"seq\":%" PRIu64 ",\"ts\":\"%s%03dZ\",\"received_ts\":\"%s%03dZ\","
                             "\"point_id\":\"%s\",\"definition\":%u,\"value_int\":%" PRId64
                             ",\"quality\":%u}\n"
                           : "%" PRIu64 ",%s%03dZ,%s%03dZ,%s,%u,%" PRId64 ",%u\n",
                      sequence, stamp, (int)(sample->time_ns / 1000 % 1000), stamp,
                      (int)(sample->time_ns / 1000 % 1000), /* ... and the microseconds */
                      data->definitions[sample->point_id - 1].point_id, 1U, sample->value.integer,
                      sample->status);
    if (length < 0 || length >= LINE_MAX_BYTES) {
        die("a line is too long");
    }
}

static void format_text(struct buffer *text, bool json, const struct polled_data *data,
                        const struct sample *samples, size_t count)
{
    char line[LINE_MAX_BYTES];

    buffer_clear(text);
    for (size_t i = 0; i < count; i++) {
        format_line(line, json, i + 1, data, &samples[i]);
        if (!buffer_append(text, line, strlen(line))) {
            die("no memory");
        }
    }
}

static size_t compress(struct buffer *packed, const struct buffer *text, int level)
{
    size_t size;

    buffer_clear(packed);
    if (!buffer_reserve(packed, ZSTD_compressBound(text->size))) {
        die("no memory");
    }
    size = ZSTD_compress(packed->bytes, packed->capacity, text->bytes, text->size, level);
    if (ZSTD_isError(size)) {
        die("zstd failed");
    }
    return size;
}

static void measure_batch(struct encoder *encoder, struct polled_data *data,
                          const struct sample *samples, size_t count, struct totals *totals)
{
    struct buffer text;
    struct buffer packed;
    int64_t start = figure_processor_ns();

    buffer_init(&text, (size_t)count * LINE_MAX_BYTES);
    buffer_init(&packed, ZSTD_compressBound(text.maximum));
    totals->bytes[PARQUET] += encode_parquet(encoder, data, samples, count);
    totals->ns[PARQUET] += (double)(figure_processor_ns() - start);
    for (int kind = NDJSON_3; kind <= CSV_3; kind++) {
        start = figure_processor_ns();
        format_text(&text, kind == NDJSON_3, data, samples, count);
        totals->bytes[kind] += compress(&packed, &text, 3);
        totals->ns[kind] += (double)(figure_processor_ns() - start);
        if (totals->with_level_19 && totals->readings == 0) {
            totals->bytes[NDJSON_19 + kind - NDJSON_3] = compress(&packed, &text, 19);
        }
    }
    totals->readings += count;
    buffer_deinit(&text);
    buffer_deinit(&packed);
}

static void measure_round(bool stamp_per_point, struct sample *samples, struct totals *totals)
{
    struct polled_data data;
    struct encoder *encoder;
    struct error error;

    polled_data_init(&data, stamp_per_point);
    if (encoder_create(MAXIMUM_BYTES, &encoder, &error) != ERROR_OK) {
        die(error.text);
    }
    for (size_t left = READINGS; left > 0;) {
        size_t count = left < BATCH_READINGS ? left : BATCH_READINGS;

        for (size_t i = 0; i < count; i++) {
            samples[i] = *polled_data_next(&data);
        }
        measure_batch(encoder, &data, samples, count, totals);
        left -= count;
    }
    encoder_free(encoder);
}

static void report(struct figure_sheet *sheet, const char *set, const struct totals *rounds)
{
    static const char *const names[] = {"parquet", "ndjson-zstd3", "csv-zstd3", "ndjson-zstd19",
                                        "csv-zstd19"};
    static const double most_ratio[] = {0, 0.33, 0.33, 0.67, 0.67};
    char name[64];
    double bytes = (double)rounds[0].bytes[PARQUET] / (double)rounds[0].readings;
    double ns[CSV_3 + 1];

    for (int kind = PARQUET; kind <= CSV_3; kind++) {
        double of_round[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) {
            of_round[i] = rounds[i].ns[kind] / (double)rounds[i].readings;
        }
        ns[kind] = figure_median(of_round, ROUNDS);
    }
    (void)snprintf(name, sizeof(name), "bytes-%s", set);
    if (strcmp(set, "A") == 0) { /* the set of the target */
        (void)figure_put(
            sheet, &(struct figure){name, bytes, "B/reading", NULL, 0, FIGURE_AT_MOST, 1.5, 0});
    }
    for (int kind = NDJSON_3; kind <= CSV_19; kind++) {
        double readings = kind <= CSV_3 ? (double)rounds[0].readings : BATCH_READINGS;

        (void)snprintf(name, sizeof(name), "bytes-%s-%s", set, names[kind]);
        (void)figure_put(sheet, &(struct figure){name, bytes, "B/reading", names[kind],
                                                 (double)rounds[0].bytes[kind] / readings,
                                                 FIGURE_AT_MOST, most_ratio[kind], 0});
    }
    for (int kind = NDJSON_3; kind <= CSV_3; kind++) {
        (void)snprintf(name, sizeof(name), "encode-%s-%s", set, names[kind]);
        (void)figure_put(sheet, &(struct figure){name, ns[PARQUET], "ns/reading", names[kind],
                                                 ns[kind], FIGURE_AT_MOST, 1, 0});
    }
}

/** KiB of `key` in /proc/self/status. */
static long status_kib(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kib = strtol(line + strlen(key) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

/** What one batch of the default age adds to a process: peak resident KiB, measured in a child. */
static double measure_memory_kib(void)
{
    static struct polled_data data;
    static const struct batch_header header = {STREAM_READINGS,    "bench", "gw-01",
                                               "0011223344556677", "",      20513};
    struct encoder *encoder;
    struct batch batch;
    struct error error;
    long before;

    polled_data_init(&data, false);
    (void)polled_data_next(&data);
    before = status_kib("VmRSS:");
    if (encoder_create(MAXIMUM_BYTES, &encoder, &error) != ERROR_OK ||
        encoder_begin(encoder, &header, &error) != ERROR_OK) {
        die(error.text);
    }
    for (uint64_t i = 1; i <= MEMORY_READINGS; i++) {
        const struct sample *sample = polled_data_next(&data);

        if (encoder_add_reading(encoder, i, sample->point_id,
                                &data.definitions[sample->point_id - 1], sample,
                                &error) != ERROR_OK) {
            die(error.text);
        }
    }
    if (encoder_finish(encoder, &batch, &error) != ERROR_OK) {
        die(error.text);
    }
    encoder_free(encoder);
    return (double)(status_kib("VmHWM:") - before);
}

static double memory_of_child_kib(void)
{
    int ends[2];
    double kib = 0;
    pid_t child = -1;

    if (pipe(ends) == 0) {
        child = fork();
    }
    if (child < 0) {
        die("no child process");
    }
    if (child == 0) {
        kib = measure_memory_kib();
        _exit(write(ends[1], &kib, sizeof(kib)) == (ssize_t)sizeof(kib) ? 0 : 1);
    }
    if (read(ends[0], &kib, sizeof(kib)) != (ssize_t)sizeof(kib) ||
        waitpid(child, NULL, 0) != child) {
        die("the child that measures memory failed");
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return kib;
}

int main(void)
{
    double memory_kib = memory_of_child_kib(); /* first: a child begins as big as this is now */
    struct sample *samples = calloc(BATCH_READINGS, sizeof(*samples));
    struct figure_sheet sheet;

    if (samples == NULL || !figure_open(&sheet, "parquet")) {
        die("cannot begin");
    }
    (void)figure_put(&sheet, &(struct figure){"encoder-memory", memory_kib, "KiB", NULL, 0,
                                              FIGURE_AT_MOST, 4096, 0});
    for (int set = 0; set < 2; set++) {
        struct totals rounds[ROUNDS] = {0};

        rounds[0].with_level_19 = true;
        for (int i = 0; i < ROUNDS; i++) {
            measure_round(set == 1, samples, &rounds[i]);
        }
        report(&sheet, set == 0 ? "A" : "B", rounds);
    }
    free(samples);
    return figure_close(&sheet) ? 0 : 1;
}
