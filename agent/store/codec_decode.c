#include "agent/store/codec_state.h"

#include <stdlib.h>
#include <zstd.h>

struct codec_decoder {
    struct codec_state state;
    ZSTD_DCtx *zstd;
    uint8_t kinds[CODEC_BATCH_MAX];
    struct sample samples[CODEC_BATCH_MAX];
    uint8_t columns[CODEC_COLUMNS_MAX + 64];
};

/** The column being read. Once `bad`, every symbol is 0 and the batch is refused at its end. */
struct column {
    const uint8_t *at, *end;
    uint64_t run;
    bool bad;
};

static inline uint64_t column_get(struct column *column)
{
    uint64_t symbol = 0;

    if (column->run > 0) {
        column->run--;
        return 0;
    }
    if (!varint_read(&column->at, column->end, &symbol) ||
        (symbol == 0 && !varint_read(&column->at, column->end, &column->run))) {
        column->bad = true;
    }
    return symbol;
}

/** A run that goes past the last sample is no run of ours. */
static void column_end(struct column *column)
{
    column->bad = column->bad || column->run > 0;
    column->run = 0;
}

static int64_t column_unit(struct column *column)
{
    unsigned unit = column->at < column->end ? *column->at++ : CODEC_UNIT_COUNT;

    if (unit >= CODEC_UNIT_COUNT) {
        column->bad = true;
        return 1;
    }
    return codec_unit_ns(unit);
}

struct codec_decoder *codec_decoder_create(void)
{
    struct codec_decoder *decoder = calloc(1, sizeof(*decoder));

    if (decoder == NULL) {
        return NULL;
    }
    decoder->zstd = ZSTD_createDCtx();
    if (decoder->zstd == NULL) {
        free(decoder);
        return NULL;
    }
    return decoder;
}

void codec_decoder_free(struct codec_decoder *decoder)
{
    if (decoder != NULL) {
        (void)ZSTD_freeDCtx(decoder->zstd); /* cannot fail */
        free(decoder->state.points);
        free(decoder);
    }
}

bool codec_decoder_start(struct codec_decoder *decoder, unsigned table_log2, int64_t t0_ns)
{
    size_t rows = (size_t)1 << table_log2;

    if (table_log2 > CODEC_TABLE_LOG2_MAX) {
        return false;
    }
    if (decoder->state.points == NULL || decoder->state.mask != rows - 1) {
        struct codec_point *points = calloc(rows, sizeof(*points));

        if (points == NULL) {
            return false;
        }
        free(decoder->state.points);
        decoder->state.points = points;
        decoder->state.mask = (uint32_t)(rows - 1);
    }
    codec_state_reset(&decoder->state, t0_ns);
    (void)ZSTD_DCtx_reset(decoder->zstd, ZSTD_reset_session_only); /* cannot fail */
    return true;
}

static void get_handles(struct codec_state *state, struct column *column, struct sample *samples,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t difference = zigzag_decode(column_get(column));

        samples[i].point_id =
            (uint32_t)((uint64_t)codec_predicted_handle(state) + (uint64_t)difference);
        codec_learn_handle(state, samples[i].point_id);
    }
    column_end(column);
}

/** `whole` units as ns; what no encoder writes wraps. */
static int64_t in_ns(int64_t whole, int64_t unit_ns)
{
    return (int64_t)((uint64_t)whole * (uint64_t)unit_ns);
}

static void get_times(struct codec_state *state, struct column *column, struct sample *samples,
                      size_t count)
{
    int64_t unit_ns = column_unit(column);

    for (size_t i = 0; i < count; i++) {
        uint64_t symbol = column_get(column);

        if (symbol != 0) {
            int64_t before = state->previous_step / unit_ns;
            uint64_t impossible = zigzag_encode(codec_minus(0, before));
            uint64_t coded = symbol <= impossible ? symbol - 1 : symbol;

            state->previous_step = in_ns(codec_plus(before, zigzag_decode(coded)), unit_ns);
            state->previous_time = codec_plus(state->previous_time, state->previous_step);
        }
        samples[i].time_ns = state->previous_time;
    }
    column_end(column);
}

static void get_lags(struct codec_state *state, struct column *column, struct sample *samples,
                     size_t count)
{
    int64_t unit_ns = column_unit(column);

    for (size_t i = 0; i < count; i++) {
        int64_t difference = in_ns(zigzag_decode(column_get(column)), unit_ns);

        state->previous_lag = codec_plus(state->previous_lag, difference);
        samples[i].received_ns = codec_plus(samples[i].time_ns, state->previous_lag);
    }
    column_end(column);
}

static void get_statuses(struct codec_state *state, struct column *column, struct sample *samples,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(state, samples[i].point_id);

        point->status ^= (uint32_t)column_get(column);
        samples[i].status = point->status;
    }
    column_end(column);
}

static bool kind_is_known(unsigned kind)
{
    unsigned exponent = kind >> CODEC_FORM_BITS;

    return (kind & CODEC_FORM_MASK) < FORM_COUNT &&
           exponent <= (codec_is_decimal(kind) ? CODEC_EXPONENT_MAX : 0);
}

static void get_kinds(struct codec_decoder *decoder, struct column *column, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(&decoder->state, decoder->samples[i].point_id);
        uint64_t kind = column_get(column) ^ point->kind;

        if (kind > UINT8_MAX || !kind_is_known((unsigned)kind)) {
            kind = FORM_NONE;
            column->bad = true;
        }
        point->kind = (uint8_t)kind;
        decoder->kinds[i] = (uint8_t)kind;
    }
    column_end(column);
}

static void set_value(struct sample *sample, unsigned kind, int64_t integer)
{
    switch (kind & CODEC_FORM_MASK) {
    case FORM_INTEGER:
        sample->type = SAMPLE_INT;
        sample->value.integer = integer;
        break;
    case FORM_TEXT:
        sample->type = SAMPLE_TEXT;
        sample->value.text.bytes = NULL; /* get_texts() knows where */
        sample->value.text.size_bytes = (uint32_t)integer;
        break;
    default:
        sample->type = SAMPLE_DOUBLE;
        sample->value.real = codec_real_of(kind, integer);
        break;
    }
}

static void get_values(struct codec_decoder *decoder, struct column *column, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sample *sample = &decoder->samples[i];
        struct codec_point *point;

        if (decoder->kinds[i] == FORM_NONE) {
            sample->type = SAMPLE_NONE;
            sample->value.integer = 0;
            continue;
        }
        point = codec_point_of(&decoder->state, sample->point_id);
        codec_point_turn(point, decoder->kinds[i]);
        point->last = codec_plus(point->last, zigzag_decode(column_get(column)));
        set_value(sample, decoder->kinds[i], point->last);
    }
    column_end(column);
}

/** Texts stand behind the columns and end with the batch. */
static void get_texts(struct codec_decoder *decoder, struct column *column, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sample *sample = &decoder->samples[i];

        if (sample->type != SAMPLE_TEXT) {
            continue;
        }
        if (sample->value.text.size_bytes > (size_t)(column->end - column->at)) {
            column->bad = true;
            return;
        }
        sample->value.text.bytes = (const char *)column->at;
        column->at += sample->value.text.size_bytes;
    }
}

const struct sample *codec_decode(struct codec_decoder *decoder, const uint8_t *bytes,
                                  size_t size_bytes, size_t count)
{
    ZSTD_inBuffer in = {bytes, size_bytes, 0};
    ZSTD_outBuffer out = {decoder->columns, sizeof(decoder->columns), 0};
    struct column column = {.at = decoder->columns};

    if (count == 0 || count > CODEC_BATCH_MAX) {
        return NULL;
    }
    while (in.pos < in.size) {
        size_t before = in.pos + out.pos;

        if (ZSTD_isError(ZSTD_decompressStream(decoder->zstd, &out, &in)) ||
            in.pos + out.pos == before) {
            return NULL; /* not zstd, or more than any batch holds */
        }
    }
    column.end = decoder->columns + out.pos;
    get_handles(&decoder->state, &column, decoder->samples, count);
    get_times(&decoder->state, &column, decoder->samples, count);
    get_lags(&decoder->state, &column, decoder->samples, count);
    get_statuses(&decoder->state, &column, decoder->samples, count);
    get_kinds(decoder, &column, count);
    get_values(decoder, &column, count);
    get_texts(decoder, &column, count);
    return column.bad || column.at != column.end ? NULL : decoder->samples;
}
