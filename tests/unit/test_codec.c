#include "agent/store/codec.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

enum { CAPACITY = 65536, TEXT_CAPACITY = 64 << 10 };

static const int64_t t0 = INT64_C(1795375471123000000);

/** One encoder and one decoder that follow each other. */
struct pair {
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
    uint8_t bytes[CAPACITY];
    uint8_t texts[TEXT_CAPACITY];
};

static int set_up(void **state)
{
    static struct pair pair;

    pair.encoder = codec_encoder_create(6);
    pair.decoder = codec_decoder_create();
    assert_non_null(pair.encoder);
    assert_non_null(pair.decoder);
    codec_encoder_start(pair.encoder, t0);
    assert_true(codec_decoder_start(pair.decoder, codec_encoder_table_log2(pair.encoder), t0));
    *state = &pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;

    codec_encoder_free(pair->encoder);
    codec_decoder_free(pair->decoder);
    return 0;
}

static void assert_same_sample(const struct sample *left, const struct sample *right)
{
    assert_int_equal(left->point_id, right->point_id);
    assert_true(left->time_ns == right->time_ns);
    assert_true(left->received_ns == right->received_ns);
    assert_int_equal(left->status, right->status);
    assert_int_equal(left->type, right->type);
    if (left->type == SAMPLE_TEXT) {
        assert_int_equal(left->value.text.size_bytes, right->value.text.size_bytes);
        assert_memory_equal(left->value.text.bytes, right->value.text.bytes,
                            left->value.text.size_bytes);
    } else if (left->type != SAMPLE_NONE) {
        assert_memory_equal(&left->value.integer, &right->value.integer, sizeof(int64_t));
    }
}

/** Through the encoder and back; the size of the batch. */
static size_t assert_round_trip(struct pair *pair, const struct sample *samples, size_t count)
{
    const struct sample *decoded;
    size_t text_bytes = 0;
    size_t size;

    for (size_t i = 0; i < count; i++) {
        if (samples[i].type == SAMPLE_TEXT) {
            memcpy(pair->texts + text_bytes, samples[i].value.text.bytes,
                   samples[i].value.text.size_bytes);
            text_bytes += samples[i].value.text.size_bytes;
        }
    }
    size = codec_encode(pair->encoder, samples, count, pair->texts, pair->bytes, CAPACITY);
    assert_true(size > 0);
    decoded = codec_decode(pair->decoder, pair->bytes, size, count);
    assert_non_null(decoded);
    for (size_t i = 0; i < count; i++) {
        assert_same_sample(&decoded[i], &samples[i]);
    }
    return size;
}

static struct sample real_sample(uint32_t point, int64_t time_ns, double real)
{
    return (struct sample){time_ns, time_ns, point, 0, SAMPLE_DOUBLE, {.real = real}};
}

static double from_bits(uint64_t bits)
{
    double real;

    memcpy(&real, &bits, sizeof(real));
    return real;
}

static int64_t wrapping_sum(int64_t left, uint64_t right)
{
    return (int64_t)((uint64_t)left + right);
}

static void every_extreme_double_comes_back_bit_for_bit(void **state)
{
    const double reals[] = {
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1,
        21.37,
        (double)21.37f,
        (double)-0.3f,
        1e300,
        -1e-300,
        5e-324,
        1.7976931348623157e308,
        3.4028234663852886e38,
        3.4028234663852886e39,
        9007199254740993.0,
        INFINITY,
        -INFINITY,
        from_bits(0x7ff8000000000000),
        from_bits(0x7ff0000000000001),
        from_bits(0xfff8dead0000beef),
        from_bits(0x7ff0000020000000),
        4503599627370497.5,
        21.38,
        123456789.123456789,
        0.000000001,
        1e-10,
        21.3,
        21,
        1.17549435e-38,
        1e-45,
    };
    enum { COUNT = sizeof(reals) / sizeof(reals[0]) };
    struct sample samples[COUNT];

    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t which = (i * (round + 1) + round) % COUNT;

            samples[i] = real_sample(round % 3 == 0 ? 7 : (uint32_t)which, t0, reals[which]);
        }
        assert_round_trip(*state, samples, COUNT);
    }
}

static void every_extreme_integer_time_and_status_comes_back(void **state)
{
    const int64_t extremes[] = {
        0,    1,       -1,          INT64_MAX,        INT64_MIN, INT64_MAX - 1, INT64_MIN + 1,
        1000, 1000000, -1000000000, INT64_MIN / 1000, t0,        t0 + 1};
    enum { COUNT = sizeof(extremes) / sizeof(extremes[0]) };
    struct sample samples[COUNT * COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            samples[i * COUNT + j] = (struct sample){
                .time_ns = extremes[i],
                .received_ns = extremes[j],
                .point_id = (uint32_t)extremes[(i + j) % COUNT],
                .status = (uint32_t)extremes[(i * j) % COUNT],
                .type = SAMPLE_INT,
                .value.integer = extremes[(i + 2 * j) % COUNT],
            };
        }
    }
    assert_round_trip(*state, samples, COUNT * COUNT);
    for (size_t i = 0; i < COUNT * COUNT; i++) { /* as steps from any state to any other */
        assert_round_trip(*state, &samples[i * 31 % (COUNT * COUNT)], 1);
    }
}

static void a_step_of_the_least_integer_is_told_from_no_step(void **state)
{
    struct sample samples[6];
    const int64_t steps[] = {1, INT64_MIN + 1, INT64_MIN, 0, INT64_MIN, INT64_MAX};
    int64_t at = t0;

    for (size_t i = 0; i < 6; i++) {
        at = wrapping_sum(at, (uint64_t)steps[i]);
        samples[i] = real_sample(1, at, 1);
    }
    assert_round_trip(*state, samples, 6);
}

static void samples_without_value_and_texts_come_back(void **state)
{
    static char long_text[32 << 10];
    const char with_zero[] = "a\0b";
    struct sample samples[5] = {0};

    memset(long_text, 'x', sizeof(long_text));
    for (size_t i = 0; i < 5; i++) {
        samples[i].type = SAMPLE_TEXT;
        samples[i].point_id = (uint32_t)i / 2;
    }
    samples[0].value.text.bytes = long_text;
    samples[0].value.text.size_bytes = sizeof(long_text);
    samples[1].type = SAMPLE_NONE;
    samples[1].status = 0x80310000;
    samples[2].value.text.bytes = with_zero;
    samples[2].value.text.size_bytes = 3;
    samples[3].value.text.bytes = "";
    samples[4].value.text.bytes = "1";
    samples[4].value.text.size_bytes = 1;
    assert_round_trip(*state, samples, 5);
    assert_round_trip(*state, samples + 1, 4);
}

static void a_pause_without_values_keeps_the_learned_scale(void **state)
{
    struct sample samples[3] = {real_sample(1, t0, 21.37), real_sample(1, t0, 0),
                                real_sample(1, t0, 21.38)};
    size_t size;

    samples[1].type = SAMPLE_NONE;
    assert_round_trip(*state, samples, 3);
    size = assert_round_trip(*state, samples, 3);
    assert_true(size < 30);
}

/** A fixed sequence of numbers that look random (xorshift64*). */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

static struct sample random_sample(uint64_t *seed, int64_t *clock)
{
    static const char letters[] = "the quick brown fox jumps over the lazy dog";
    uint64_t dice = next_random(seed);
    struct sample sample = {.status = dice % 11 == 0 ? (uint32_t)next_random(seed) : 0};

    *clock = wrapping_sum(*clock, dice % 5 == 0 ? next_random(seed) % 3 * 1000000 : 0);
    *clock = wrapping_sum(*clock, dice % 97 == 0 ? next_random(seed) >> (dice % 60) : 0);
    sample.time_ns = *clock;
    sample.received_ns = wrapping_sum(*clock, dice % 7 == 0 ? next_random(seed) : 12345);
    sample.point_id = (uint32_t)(dice % 13 == 0 ? next_random(seed) : next_random(seed) % 200);
    sample.type = (enum sample_type)(dice >> 32) % 4;
    switch (sample.type) {
    case SAMPLE_INT:
        sample.value.integer = (int64_t)(next_random(seed) >> (dice % 64));
        break;
    case SAMPLE_DOUBLE:
        sample.value.real = dice % 3 == 0   ? from_bits(next_random(seed))
                            : dice % 3 == 1 ? (double)(int64_t)(next_random(seed) % 100000) / 100
                                            : (double)((float)(next_random(seed) % 10000) / 10);
        break;
    case SAMPLE_TEXT:
        sample.value.text.size_bytes = (uint32_t)(next_random(seed) % (sizeof(letters) - 1));
        sample.value.text.bytes = letters;
        break;
    case SAMPLE_NONE:
        break;
    }
    return sample;
}

static void whatever_is_sent_comes_back(void **state)
{
    static struct sample samples[CODEC_BATCH_MAX];
    struct pair *pair = *state;
    uint64_t seed = 88172645463325252;
    int64_t clock = t0;

    for (unsigned round = 0; round < 300; round++) {
        size_t count = 1 + (size_t)(next_random(&seed) % 700);

        if (round % 50 == 49) { /* as at the start of a slot */
            codec_encoder_start(pair->encoder, clock);
            assert_true(codec_decoder_start(pair->decoder, 6, clock));
        }
        for (size_t i = 0; i < count; i++) {
            samples[i] = random_sample(&seed, &clock);
        }
        assert_round_trip(pair, samples, count);
    }
}

static void a_steady_poll_costs_less_than_a_byte_per_reading(void **state)
{
    struct sample samples[500];
    uint64_t seed = 42;
    double values[500];
    size_t total = 0;

    for (unsigned poll = 0; poll < 40; poll++) {
        for (uint32_t i = 0; i < 500; i++) {
            if (poll == 0) {
                values[i] = (double)i;
            } else if (next_random(&seed) % 4 == 0) {
                values[i] += (double)(int64_t)(next_random(&seed) % 7) - 3;
            }
            samples[i] = real_sample(i % 50 + 1, t0 + poll * INT64_C(1000000000),
                                     (double)(float)(values[i] / 10));
        }
        total += assert_round_trip(*state, samples, 500);
    }
    assert_true(total < 40 * 500);
}

static void the_worst_samples_need_no_more_than_promised(void **state)
{
    static struct sample samples[CODEC_BATCH_MAX];
    struct pair *pair = *state;
    uint64_t seed = 7;
    size_t size;

    for (size_t i = 0; i < CODEC_BATCH_MAX; i++) {
        samples[i] = (struct sample){
            .time_ns = (int64_t)next_random(&seed),
            .received_ns = (int64_t)next_random(&seed),
            .point_id = (uint32_t)next_random(&seed),
            .status = (uint32_t)next_random(&seed),
            .type = SAMPLE_DOUBLE,
            .value.real = from_bits(next_random(&seed)),
        };
    }
    size = assert_round_trip(pair, samples, CODEC_BATCH_MAX);
    assert_true(size <= CODEC_BATCH_MAX * CODEC_SAMPLE_WORST);
}

static void a_batch_that_does_not_fit_says_so(void **state)
{
    struct pair *pair = *state;
    struct sample sample = real_sample(1, t0, 0.1);

    assert_int_equal(codec_encode(pair->encoder, &sample, 1, NULL, pair->bytes, 8), 0);
    codec_encoder_start(pair->encoder, t0); /* C4 */
    assert_round_trip(pair, &sample, 1);
}

static void damaged_bytes_are_refused_or_decoded_within_bounds(void **state)
{
    static struct sample samples[100];
    struct pair *pair = *state;
    uint64_t seed = 99;
    int64_t clock = t0;
    unsigned refused = 0;

    for (unsigned round = 0; round < 2000; round++) {
        uint8_t before;
        size_t size, at;

        for (size_t i = 0; i < 100; i++) {
            samples[i] = random_sample(&seed, &clock);
            if (samples[i].type == SAMPLE_TEXT) {
                samples[i].value.text.size_bytes = 0;
            }
        }
        codec_encoder_start(pair->encoder, clock);
        assert_true(codec_decoder_start(pair->decoder, 6, clock));
        size = codec_encode(pair->encoder, samples, 100, NULL, pair->bytes, CAPACITY);
        at = (size_t)(next_random(&seed) % size);
        before = pair->bytes[at];
        pair->bytes[at] ^= (uint8_t)(1 + next_random(&seed) % 255);
        refused += codec_decode(pair->decoder, pair->bytes, size, 100) == NULL;
        pair->bytes[at] = before;
    }
    assert_true(refused > 0);
    assert_null(codec_decode(pair->decoder, pair->bytes, 0, 0));
    assert_null(codec_decode(pair->decoder, pair->bytes, 10, CODEC_BATCH_MAX + 1));
    assert_false(codec_decoder_start(pair->decoder, CODEC_TABLE_LOG2_MAX + 1, t0));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(every_extreme_double_comes_back_bit_for_bit),
        CASE(every_extreme_integer_time_and_status_comes_back),
        CASE(a_step_of_the_least_integer_is_told_from_no_step),
        CASE(samples_without_value_and_texts_come_back),
        CASE(a_pause_without_values_keeps_the_learned_scale),
        CASE(whatever_is_sent_comes_back),
        CASE(a_steady_poll_costs_less_than_a_byte_per_reading),
        CASE(the_worst_samples_need_no_more_than_promised),
        CASE(a_batch_that_does_not_fit_says_so),
        CASE(damaged_bytes_are_refused_or_decoded_within_bounds),
    };

    return cmocka_run_group_tests_name("codec", cases, NULL, NULL);
}
