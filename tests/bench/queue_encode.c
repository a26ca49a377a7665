/* What encoding alone costs: the codec against a JSON object per line and zstd. */
#include "tests/bench/queue_candidates.h"

#include "agent/store/codec.h"
#include "agent/store/slot.h"
#include "tests/bench/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { LINE_MOST = 160, JSON_LEVEL = 3, TABLE_LOG2 = 9, CODEC_LAPS = 5 };

void measure_codec(const struct sample *samples, size_t count, size_t batch, double *bytes,
                   double *processor_ns)
{
    static uint8_t slot[SLOT_BYTES];
    struct codec_encoder *encoder = codec_encoder_create(TABLE_LOG2);
    size_t filled = SLOT_BYTES, total = 0;
    int64_t begin;

    if (encoder == NULL) {
        bench_fail("codec_encoder_create");
    }
    begin = figure_processor_ns();
    /* Several times over the same readings, or its time would be too short to be told. */
    for (size_t done = 0; done < count * CODEC_LAPS;) {
        size_t at = done % count;
        size_t part = count - at < batch ? count - at : batch;
        size_t size = 0;

        if (SLOT_BYTES - filled > SLOT_BATCH_HEADER_BYTES) {
            size =
                codec_encode(encoder, samples + at, part, NULL, slot + filled, SLOT_BYTES - filled);
        }
        if (size == 0) {
            filled = SLOT_HEADER_BYTES;
            codec_encoder_start(encoder, samples[at].time_ns);
            continue;
        }
        filled += size;
        total += size;
        done += part;
    }
    *processor_ns = (double)(figure_processor_ns() - begin) / (double)(count * CODEC_LAPS);
    *bytes = (double)total / (double)(count * CODEC_LAPS);
    codec_encoder_free(encoder);
}

void measure_json(const struct sample *samples, size_t count, size_t batch, double *bytes,
                  double *processor_ns)
{
    char *text = malloc(batch * LINE_MOST);
    size_t bound = ZSTD_compressBound(batch * LINE_MOST);
    void *compressed = malloc(bound);
    size_t total = 0;
    int64_t begin;

    if (text == NULL || compressed == NULL) {
        bench_fail("malloc");
    }
    begin = figure_processor_ns();
    for (size_t at = 0; at < count; at += batch) {
        size_t size = 0;

        for (size_t i = at; i < at + batch && i < count; i++) {
            size += (size_t)snprintf(
                text + size, LINE_MOST,
                "{\"point\":\"point-%u\",\"ts\":%lld,\"received\":%lld,\"q\":%u,\"v\":%lld}\n",
                samples[i].point_id, (long long)samples[i].time_ns,
                (long long)samples[i].received_ns, samples[i].status,
                (long long)samples[i].value.integer);
        }
        total += ZSTD_compress(compressed, bound, text, size, JSON_LEVEL);
    }
    *processor_ns = (double)(figure_processor_ns() - begin) / (double)count;
    *bytes = (double)total / (double)count;
    free(text);
    free(compressed);
}
