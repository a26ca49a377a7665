#include "agent/store/codec_state.h"

#include <stdlib.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 1, ZSTD_WINDOW_LOG = 14, ZSTD_HASH_LOG = 11 };

struct codec_encoder {
    struct codec_state state;
    ZSTD_CCtx *zstd;
    /* Of the batch's samples, so that later columns need not go through all of them again: */
    uint32_t handles[CODEC_BATCH_MAX];
    uint8_t kinds[CODEC_BATCH_MAX];
    int64_t integers[CODEC_BATCH_MAX];
    uint16_t times[CODEC_BATCH_MAX + 1]; /* which samples have another time than the one before */
    uint16_t lags[CODEC_BATCH_MAX + 1];  /* the same for received - time */
    size_t time_count, lag_count;
    uint8_t columns[CODEC_COLUMNS_MAX + 64];
};

/** The column being written; runs of predicted symbols are counted until something differs. */
struct column {
    uint8_t *at;
    uint64_t run;
};

static void column_end(struct column *column)
{
    if (column->run > 0) {
        *column->at++ = 0;
        column->at += varint_write(column->at, column->run - 1);
        column->run = 0;
    }
}

static inline void column_put(struct column *column, uint64_t symbol)
{
    if (symbol == 0) {
        column->run++;
        return;
    }
    column_end(column);
    column->at += varint_write(column->at, symbol);
}

/** The same without a branch on a symbol that is as often 0 as not. */
static inline void column_put_mixed(struct column *column, uint64_t symbol)
{
    size_t skipped = column->run > 0;
    size_t told = (size_t)0 - (symbol != 0); /* all bits or none */

    if (symbol >= 0x80 || column->run > 0x80) {
        column_put(column, symbol);
        return;
    }
    column->at[0] = (uint8_t)(symbol & (skipped - 1)); /* what does not count is written over */
    column->at[1] = (uint8_t)(column->run - 1);
    column->at[2] = (uint8_t)symbol;
    column->at += told & (1 + 2 * skipped);
    column->run = (column->run + 1) & ~told;
}

struct codec_encoder *codec_encoder_create(unsigned table_log2)
{
    struct codec_encoder *encoder = calloc(1, sizeof(*encoder));
    size_t rows = (size_t)1 << table_log2;
    bool ready;

    if (encoder == NULL) {
        return NULL;
    }
    encoder->state.mask = (uint32_t)(rows - 1);
    encoder->state.points = calloc(rows, sizeof(*encoder->state.points));
    encoder->zstd = ZSTD_createCCtx();
    ready =
        encoder->state.points != NULL && encoder->zstd != NULL &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_windowLog, ZSTD_WINDOW_LOG)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_hashLog, ZSTD_HASH_LOG));
    if (ready) { /* zstd allocates at its first byte: let it be now */
        ZSTD_inBuffer in = {"", 1, 0};
        ZSTD_outBuffer out = {encoder->columns, sizeof(encoder->columns), 0};

        ready = !ZSTD_isError(ZSTD_compressStream2(encoder->zstd, &out, &in, ZSTD_e_flush));
    }
    if (!ready) {
        codec_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void codec_encoder_free(struct codec_encoder *encoder)
{
    if (encoder != NULL) {
        (void)ZSTD_freeCCtx(encoder->zstd); /* cannot fail */
        free(encoder->state.points);
        free(encoder);
    }
}

unsigned codec_encoder_table_log2(const struct codec_encoder *encoder)
{
    unsigned log2 = 0;

    while (((uint32_t)1 << log2) <= encoder->state.mask) {
        log2++;
    }
    return log2;
}

void codec_encoder_start(struct codec_encoder *encoder, int64_t t0_ns)
{
    codec_state_reset(&encoder->state, t0_ns);
    (void)ZSTD_CCtx_reset(encoder->zstd, ZSTD_reset_session_only); /* cannot fail */
}

/** One look at every sample: the point column, and where times and lags change. */
static void put_handles(struct codec_encoder *encoder, struct column *column,
                        const struct sample *samples, size_t count)
{
    struct codec_state state = encoder->state; /* copies, which no write of a byte can change */
    struct column own = *column;
    int64_t time = state.previous_time;
    int64_t lag = state.previous_lag;
    size_t times = 0, lags = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t time_before = time, lag_before = lag;
        uint32_t handle = samples[i].point_id;
        int64_t predicted = codec_predicted_handle(&state);

        if (handle != predicted) {
            column_put(&own, zigzag_encode((int64_t)handle - predicted));
            codec_learn_handle(&state, handle);
        } else {
            own.run++;
            state.previous_handle = handle;
        }
        time = samples[i].time_ns;
        lag = codec_minus(samples[i].received_ns, time);
        encoder->handles[i] = handle;
        encoder->times[times] = (uint16_t)i;
        encoder->lags[lags] = (uint16_t)i;
        times += time != time_before;
        lags += lag != lag_before;
    }
    column_end(&own);
    encoder->time_count = times;
    encoder->lag_count = lags;
    encoder->state.previous_handle = state.previous_handle;
    *column = own;
}

/** The coarsest unit in which `difference` is whole, no coarser than `unit`. */
static unsigned common_unit(unsigned unit, int64_t difference)
{
    while (unit > 0 && difference % codec_unit_ns(unit) != 0) {
        unit--;
    }
    return unit;
}

/* Steps differ from 0 and are told relative to the step before; the one impossible symbol (a step
 * of 0) makes room for the 0 that means "the same time again". */
static void put_times(struct codec_encoder *encoder, struct column *column,
                      const struct sample *samples, size_t count)
{
    struct codec_state *state = &encoder->state;
    unsigned unit = CODEC_UNIT_COUNT - 1;
    int64_t previous = state->previous_time;
    int64_t unit_ns, before;
    size_t told = 0;

    for (size_t k = 0; k < encoder->time_count && unit > 0; k++) {
        int64_t time = samples[encoder->times[k]].time_ns;

        unit = common_unit(unit, codec_minus(time, previous));
        previous = time;
    }
    *column->at++ = (uint8_t)unit;
    unit_ns = codec_unit_ns(unit);
    before = state->previous_step / unit_ns;
    for (size_t k = 0; k < encoder->time_count; k++) {
        size_t i = encoder->times[k];
        uint64_t impossible = zigzag_encode(codec_minus(0, before));
        uint64_t symbol;

        state->previous_step = codec_minus(samples[i].time_ns, state->previous_time);
        state->previous_time = samples[i].time_ns;
        symbol = zigzag_encode(codec_minus(state->previous_step / unit_ns, before));
        before = state->previous_step / unit_ns;
        column->run = i - told;
        column_put(column, symbol < impossible ? symbol + 1 : symbol);
        told = i + 1;
    }
    column->run = count - told;
    column_end(column);
}

static void put_lags(struct codec_encoder *encoder, struct column *column,
                     const struct sample *samples, size_t count)
{
    struct codec_state *state = &encoder->state;
    unsigned unit = CODEC_UNIT_COUNT - 1;
    int64_t previous = state->previous_lag;
    size_t told = 0;

    for (size_t k = 0; k < encoder->lag_count && unit > 0; k++) {
        const struct sample *sample = &samples[encoder->lags[k]];
        int64_t lag = codec_minus(sample->received_ns, sample->time_ns);

        unit = common_unit(unit, codec_minus(lag, previous));
        previous = lag;
    }
    *column->at++ = (uint8_t)unit;
    for (size_t k = 0; k < encoder->lag_count; k++) {
        size_t i = encoder->lags[k];
        int64_t lag = codec_minus(samples[i].received_ns, samples[i].time_ns);
        int64_t difference = codec_minus(lag, state->previous_lag);

        column->run = i - told;
        column_put(column, zigzag_encode(difference / codec_unit_ns(unit)));
        state->previous_lag = lag;
        told = i + 1;
    }
    column->run = count - told;
    column_end(column);
}

static void put_statuses(struct codec_encoder *encoder, struct column *column,
                         const struct sample *samples, size_t count)
{
    struct codec_state state = encoder->state;
    struct column own = *column;

    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(&state, encoder->handles[i]);

        column_put(&own, samples[i].status ^ point->status);
        point->status = samples[i].status;
    }
    column_end(&own);
    *column = own;
}

static unsigned form_of(struct codec_point *point, const struct sample *sample, int64_t *integer)
{
    switch (sample->type) {
    case SAMPLE_INT:
        *integer = sample->value.integer;
        return FORM_INTEGER;
    case SAMPLE_TEXT:
        *integer = sample->value.text.size_bytes;
        return FORM_TEXT;
    case SAMPLE_DOUBLE:
        return codec_form_of_real(point, sample->value.real, integer);
    case SAMPLE_NONE:
    default:
        *integer = 0;
        return FORM_NONE;
    }
}

/** Returns the bytes of the batch's texts. */
static size_t put_kinds(struct codec_encoder *encoder, struct column *column,
                        const struct sample *samples, size_t count)
{
    struct codec_state state = encoder->state;
    struct column own = *column;
    size_t text_bytes = 0;

    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(&state, encoder->handles[i]);
        unsigned kind = form_of(point, &samples[i], &encoder->integers[i]);

        column_put(&own, kind ^ point->kind);
        point->kind = (uint8_t)kind;
        if (kind != FORM_NONE) {
            point->learned = (uint8_t)kind;
        }
        if (kind == FORM_TEXT) {
            text_bytes += (size_t)encoder->integers[i];
        }
        encoder->kinds[i] = (uint8_t)kind;
    }
    column_end(&own);
    *column = own;
    return text_bytes;
}

static void put_values(struct codec_encoder *encoder, struct column *column, size_t count)
{
    struct codec_state state = encoder->state;
    struct column own = *column;

    for (size_t i = 0; i < count; i++) {
        int64_t integer = encoder->integers[i];
        struct codec_point *point;

        if (encoder->kinds[i] == FORM_NONE) {
            continue;
        }
        point = codec_point_of(&state, encoder->handles[i]);
        if (point->number_kind != encoder->kinds[i]) {
            codec_point_turn(point, encoder->kinds[i]);
        }
        column_put_mixed(&own, zigzag_encode(codec_minus(integer, point->last)));
        point->last = integer;
    }
    column_end(&own);
    *column = own;
}

static size_t put_columns(struct codec_encoder *encoder, const struct sample *samples, size_t count,
                          const uint8_t *texts)
{
    struct column column = {encoder->columns, 0};
    size_t text_bytes;

    put_handles(encoder, &column, samples, count);
    put_times(encoder, &column, samples, count);
    put_lags(encoder, &column, samples, count);
    put_statuses(encoder, &column, samples, count);
    text_bytes = put_kinds(encoder, &column, samples, count);
    put_values(encoder, &column, count);
    if (text_bytes > 0) {
        memcpy(column.at, texts, text_bytes);
    }
    return (size_t)(column.at - encoder->columns) + text_bytes;
}

size_t codec_encode(struct codec_encoder *encoder, const struct sample *samples, size_t count,
                    const uint8_t *texts, uint8_t *bytes, size_t capacity_bytes)
{
    ZSTD_inBuffer in = {encoder->columns, put_columns(encoder, samples, count, texts), 0};
    ZSTD_outBuffer out = {bytes, capacity_bytes, 0};
    size_t left = ZSTD_compressStream2(encoder->zstd, &out, &in, ZSTD_e_flush);

    while (left > 0 && !ZSTD_isError(left) && out.pos < out.size) {
        left = ZSTD_compressStream2(encoder->zstd, &out, &in, ZSTD_e_flush);
    }
    return left == 0 && in.pos == in.size ? out.pos : 0;
}
