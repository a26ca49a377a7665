#include "agent/store/codec_state.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 1, ZSTD_WINDOW_LOG = 14, ZSTD_HASH_LOG = 12, PATIENCE = 31 };

struct codec_encoder {
    struct codec_state state;
    ZSTD_CCtx *zstd;
    uint8_t kinds[CODEC_BATCH_MAX]; /* of the batch's values, and their integers */
    int64_t integers[CODEC_BATCH_MAX];
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

static void put_handles(struct codec_state *state, struct column *column,
                        const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t predicted = codec_predicted_handle(state);

        column_put(column, zigzag_encode((int64_t)samples[i].point_id - predicted));
        codec_learn_handle(state, samples[i].point_id);
    }
    column_end(column);
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
static void put_times(struct codec_state *state, struct column *column,
                      const struct sample *samples, size_t count)
{
    unsigned unit = CODEC_UNIT_COUNT - 1;
    int64_t previous = state->previous_time;

    for (size_t i = 0; i < count && unit > 0; i++) {
        if (samples[i].time_ns != previous) {
            unit = common_unit(unit, codec_minus(samples[i].time_ns, previous));
            previous = samples[i].time_ns;
        }
    }
    *column->at++ = (uint8_t)unit;
    for (size_t i = 0; i < count; i++) {
        int64_t step = codec_minus(samples[i].time_ns, state->previous_time);
        int64_t before = state->previous_step / codec_unit_ns(unit);
        uint64_t impossible = zigzag_encode(codec_minus(0, before));
        uint64_t symbol;

        if (step == 0) {
            column_put(column, 0);
            continue;
        }
        symbol = zigzag_encode(codec_minus(step / codec_unit_ns(unit), before));
        column_put(column, symbol < impossible ? symbol + 1 : symbol);
        state->previous_step = step;
        state->previous_time = samples[i].time_ns;
    }
    column_end(column);
}

static void put_lags(struct codec_state *state, struct column *column, const struct sample *samples,
                     size_t count)
{
    unsigned unit = CODEC_UNIT_COUNT - 1;
    int64_t previous = state->previous_lag;

    for (size_t i = 0; i < count && unit > 0; i++) {
        int64_t lag = codec_minus(samples[i].received_ns, samples[i].time_ns);

        if (lag != previous) {
            unit = common_unit(unit, codec_minus(lag, previous));
            previous = lag;
        }
    }
    *column->at++ = (uint8_t)unit;
    for (size_t i = 0; i < count; i++) {
        int64_t lag = codec_minus(samples[i].received_ns, samples[i].time_ns);
        int64_t difference = codec_minus(lag, state->previous_lag);

        column_put(column, zigzag_encode(difference / codec_unit_ns(unit)));
        state->previous_lag = lag;
    }
    column_end(column);
}

static void put_statuses(struct codec_state *state, struct column *column,
                         const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(state, samples[i].point_id);

        column_put(column, samples[i].status ^ point->status);
        point->status = samples[i].status;
    }
    column_end(column);
}

static uint64_t bits_of(double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

static bool same_bits(double left, double right)
{
    return bits_of(left) == bits_of(right);
}

static bool fits_decimal(double real, unsigned kind, int64_t *integer)
{
    double scaled = real * codec_power_of_ten(kind >> CODEC_FORM_BITS);

    if (!(fabs(scaled) < 0x1p53)) { /* also refuses NaN */
        return false;
    }
    *integer = (int64_t)nearbyint(scaled);
    return same_bits(codec_real_of(kind, *integer), real);
}

/** The form for a double that its point's last form does not fit. */
static unsigned learn_form(struct codec_point *point, double real, int64_t *integer)
{
    bool narrow = fabs(real) <= (double)FLT_MAX && same_bits((double)(float)real, real);
    float as_float;
    uint32_t bits;

    for (unsigned exponent = 0; point->patience == 0 && exponent <= CODEC_EXPONENT_MAX;
         exponent++) {
        unsigned kind = FORM_DECIMAL64 | exponent << CODEC_FORM_BITS;

        if (fits_decimal(real, kind, integer)) {
            return kind;
        }
        kind = FORM_DECIMAL32 | exponent << CODEC_FORM_BITS;
        if (narrow && fits_decimal(real, kind, integer) && llabs(*integer) < 1 << 21) {
            return kind; /* with more digits than that, any float fits and its bits are shorter */
        }
    }
    point->patience = point->patience == 0 ? PATIENCE : (uint8_t)(point->patience - 1);
    if (!narrow) {
        *integer = (int64_t)bits_of(real);
        return FORM_BITS64;
    }
    as_float = (float)real;
    memcpy(&bits, &as_float, sizeof(bits));
    *integer = bits;
    return FORM_BITS32;
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
        if (codec_is_decimal(point->learned) &&
            fits_decimal(sample->value.real, point->learned, integer)) {
            return point->learned;
        }
        return learn_form(point, sample->value.real, integer);
    case SAMPLE_NONE:
    default:
        *integer = 0;
        return FORM_NONE;
    }
}

static void put_kinds(struct codec_encoder *encoder, struct column *column,
                      const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct codec_point *point = codec_point_of(&encoder->state, samples[i].point_id);
        unsigned kind = form_of(point, &samples[i], &encoder->integers[i]);

        column_put(column, kind ^ point->kind);
        point->kind = (uint8_t)kind;
        if (kind != FORM_NONE) {
            point->learned = (uint8_t)kind;
        }
        encoder->kinds[i] = (uint8_t)kind;
    }
    column_end(column);
}

static void put_values(struct codec_encoder *encoder, struct column *column,
                       const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct codec_point *point;

        if (encoder->kinds[i] == FORM_NONE) {
            continue;
        }
        point = codec_point_of(&encoder->state, samples[i].point_id);
        codec_point_turn(point, encoder->kinds[i]);
        column_put(column, zigzag_encode(codec_minus(encoder->integers[i], point->last)));
        point->last = encoder->integers[i];
    }
    column_end(column);
}

static size_t put_columns(struct codec_encoder *encoder, const struct sample *samples, size_t count,
                          const uint8_t *texts)
{
    struct column column = {encoder->columns, 0};
    size_t text_bytes = 0;

    put_handles(&encoder->state, &column, samples, count);
    put_times(&encoder->state, &column, samples, count);
    put_lags(&encoder->state, &column, samples, count);
    put_statuses(&encoder->state, &column, samples, count);
    put_kinds(encoder, &column, samples, count);
    put_values(encoder, &column, samples, count);
    for (size_t i = 0; i < count; i++) {
        if (samples[i].type == SAMPLE_TEXT) {
            text_bytes += samples[i].value.text.size_bytes;
        }
    }
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
