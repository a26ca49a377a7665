#include "base/clock.h"
#include "sync/encoder.h"
#include "sync/object_name.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_BYTES = 8 << 20 };

static const struct definition boiler = {.point_id = "boiler-1/flow",
                                         .device = "boiler-1",
                                         .name = "flow",
                                         .type = "int16",
                                         .unit = "Cel",
                                         .role = "sensor",
                                         .address = "holding:100",
                                         .labels = "",
                                         .revision = 1};

static struct batch_header header_of(enum stream stream)
{
    return (struct batch_header){.stream = stream,
                                 .site = "harbour",
                                 .gateway = "gw-07",
                                 .incarnation = "00112233445566ff",
                                 .previous_digest = "",
                                 .day = clock_day_from_date(2026, 3, 1)};
}

static struct encoder *new_encoder(size_t maximum_bytes)
{
    struct encoder *encoder;
    struct error error;

    assert_int_equal(encoder_create(maximum_bytes, &encoder, &error), ERROR_OK);
    return encoder;
}

static void begin(struct encoder *encoder, enum stream stream)
{
    struct batch_header header = header_of(stream);
    struct error error;

    assert_int_equal(encoder_begin(encoder, &header, &error), ERROR_OK);
}

static enum error_code add(struct encoder *encoder, uint64_t sequence, int64_t value)
{
    struct sample sample = {
        .time_ns = (int64_t)sequence * NS_PER_MS, .type = SAMPLE_INT, .value.integer = value};
    struct error error;

    return encoder_add_reading(encoder, sequence, 1, &boiler, &sample, &error);
}

static struct batch finish(struct encoder *encoder)
{
    struct batch batch;
    struct error error;

    assert_int_equal(encoder_finish(encoder, &batch, &error), ERROR_OK);
    return batch;
}

/** The whole object as a copy; the caller frees it. */
static uint8_t *copy_of(const struct batch *batch)
{
    uint8_t *copy = malloc(batch->size_bytes);

    assert_non_null(copy);
    memcpy(copy, batch->bytes, batch->size_bytes);
    return copy;
}

static void the_same_rows_give_the_same_bytes_and_name(void **unused) /* E2 */
{
    (void)unused;
    struct encoder *encoders[2] = {new_encoder(MAXIMUM_BYTES), new_encoder(MAXIMUM_BYTES)};
    struct batch batches[2];
    uint8_t *first;

    begin(encoders[1], STREAM_EVENTS); /* what was done before leaves no trace */
    begin(encoders[1], STREAM_READINGS);
    assert_int_equal(add(encoders[1], 7, 1), ERROR_OK);
    for (int i = 0; i < 2; i++) {
        begin(encoders[i], STREAM_READINGS);
        for (uint64_t sequence = 5; sequence < 40005; sequence++) {
            assert_int_equal(add(encoders[i], sequence, (int64_t)(sequence * sequence % 1000)),
                             ERROR_OK);
        }
        assert_int_equal(encoder_row_count(encoders[i]), 40000);
        batches[i] = finish(encoders[i]);
    }
    assert_string_equal(batches[0].object_name, batches[1].object_name);
    assert_int_equal(batches[0].size_bytes, batches[1].size_bytes);
    assert_memory_equal(batches[0].bytes, batches[1].bytes, batches[0].size_bytes);
    first = copy_of(&batches[0]);
    begin(encoders[0], STREAM_READINGS);
    for (uint64_t sequence = 5; sequence < 40005; sequence++) {
        assert_int_equal(add(encoders[0], sequence, (int64_t)(sequence * sequence % 1000)),
                         ERROR_OK);
    }
    batches[0] = finish(encoders[0]);
    assert_memory_equal(batches[0].bytes, first, batches[0].size_bytes);
    free(first);
    encoder_free(encoders[0]);
    encoder_free(encoders[1]);
}

static void the_batch_and_its_name_say_what_is_in_it(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct object_name name;
    struct batch batch;
    struct error error;

    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 41, 1), ERROR_OK);
    assert_int_equal(add(encoder, 42, 2), ERROR_OK);
    batch = finish(encoder);
    assert_int_equal(batch.first_sequence, 41);
    assert_int_equal(batch.last_sequence, 42);
    assert_memory_equal(batch.bytes, "PAR1", 4);
    assert_memory_equal(batch.bytes + batch.size_bytes - 4, "PAR1", 4);
    assert_int_equal(object_name_parse(batch.object_name, &name, &error), ERROR_OK);
    assert_int_equal(name.first, 41);
    assert_int_equal(name.last, 42);
    assert_int_equal(name.stream, STREAM_READINGS);
    assert_string_equal(name.digest, batch.digest);
    encoder_free(encoder);
}

static void the_digest_tells_rows_apart_and_nothing_else(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct batch_header header = header_of(STREAM_READINGS);
    struct batch one;
    struct batch other;
    struct error error;

    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    one = finish(encoder);
    header.previous_digest = "a1b2c3d4e5f6";
    assert_int_equal(encoder_begin(encoder, &header, &error), ERROR_OK);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    other = finish(encoder);
    assert_string_equal(one.digest, other.digest); /* the rows are the same */
    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 1, 2), ERROR_OK);
    other = finish(encoder);
    assert_string_not_equal(one.digest, other.digest);
    encoder_free(encoder);
}

static void a_record_that_does_not_continue_is_our_bug(void **unused) /* E1 */
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);

    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 0, 1), ERROR_BUG);
    assert_int_equal(add(encoder, 10, 1), ERROR_OK);
    assert_int_equal(add(encoder, 12, 1), ERROR_BUG);
    assert_int_equal(add(encoder, 10, 1), ERROR_BUG);
    assert_int_equal(add(encoder, 11, 1), ERROR_OK);
    assert_int_equal(finish(encoder).last_sequence, 11);
    encoder_free(encoder);
}

static void records_come_only_between_begin_and_finish_of_their_stream(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct sample sample = {.type = SAMPLE_TEXT};
    struct event event = {.kind = "gap", .subject = "", .reason = "", .detail = ""};
    struct batch batch;
    struct error error;

    assert_int_equal(add(encoder, 1, 1), ERROR_BUG);
    assert_int_equal(encoder_finish(encoder, &batch, &error), ERROR_BUG);
    begin(encoder, STREAM_READINGS);
    assert_int_equal(encoder_finish(encoder, &batch, &error), ERROR_BUG); /* no rows, no object */
    assert_int_equal(encoder_add_event(encoder, 1, &sample, &event, &error), ERROR_BUG);
    assert_int_equal(encoder_add_definition(encoder, 1, 0, &boiler, &error), ERROR_BUG);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    (void)finish(encoder);
    assert_int_equal(add(encoder, 2, 1), ERROR_BUG);
    assert_int_equal(encoder_finish(encoder, &batch, &error), ERROR_BUG);
    encoder_free(encoder);
    encoder_free(NULL);
}

static void a_header_that_makes_no_name_is_refused_at_the_start(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct batch_header headers[5];
    static const enum error_code expected[] = {ERROR_BAD_CONFIG, ERROR_BAD_CONFIG, ERROR_BUG,
                                               ERROR_BUG, ERROR_BUG};
    struct error error;

    for (size_t i = 0; i < 5; i++) {
        headers[i] = header_of(STREAM_READINGS);
    }
    headers[0].site = "harbour works";
    headers[1].gateway = "";
    headers[2].incarnation = "0011";
    headers[3].previous_digest = "x";
    headers[4].stream = (enum stream)STREAM_COUNT;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(encoder_begin(encoder, &headers[i], &error), expected[i]);
    }
    encoder_free(encoder);
}

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void a_full_batch_refuses_the_row_and_stays_whole_and_within_its_maximum(void **unused)
{
    (void)unused;
    static const size_t maxima[] = {200 << 10, 300 << 10, 1 << 20};

    for (size_t m = 0; m < sizeof(maxima) / sizeof(maxima[0]); m++) {
        struct encoder *encoder = new_encoder(maxima[m]);
        uint64_t random = 88172645463325252u;
        uint64_t sequence = 1;
        enum error_code code = ERROR_OK;
        struct batch batch;

        begin(encoder, STREAM_READINGS);
        while (code == ERROR_OK) { /* values that nothing makes smaller */
            code = add(encoder, sequence, (int64_t)next_random(&random));
            sequence += code == ERROR_OK;
        }
        assert_int_equal(code, ERROR_NO_SPACE);
        assert_int_equal(add(encoder, sequence, 0), ERROR_NO_SPACE); /* and again */
        batch = finish(encoder);
        assert_int_equal(batch.last_sequence, sequence - 1);
        assert_true(batch.size_bytes <= maxima[m]);
        assert_true(m < 2 || batch.size_bytes >= maxima[m] / 2); /* the room is used */
        begin(encoder, STREAM_READINGS);
        assert_int_equal(add(encoder, sequence, 0), ERROR_OK); /* the next batch goes on with it */
        encoder_free(encoder);
    }
}

static void rows_that_pack_well_fill_a_batch_far_beyond_their_plain_size(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(256 << 10);

    begin(encoder, STREAM_READINGS);
    for (uint64_t sequence = 1; sequence <= 200000; sequence++) {
        assert_int_equal(add(encoder, sequence, 20), ERROR_OK);
    }
    assert_true(finish(encoder).size_bytes < 100000);
    encoder_free(encoder);
}

static void a_record_larger_than_any_batch_is_bad_data_not_a_full_batch(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(256 << 10);
    char *text = calloc(1, 1 << 20);
    struct sample sample = {.type = SAMPLE_TEXT, .value.text = {text, 1 << 20}};
    struct error error;

    assert_non_null(text);
    begin(encoder, STREAM_READINGS);
    assert_int_equal(encoder_add_reading(encoder, 1, 1, &boiler, &sample, &error), ERROR_BAD_DATA);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    assert_int_equal(encoder_add_reading(encoder, 2, 1, &boiler, &sample, &error), ERROR_NO_SPACE);
    (void)finish(encoder);
    free(text);
    encoder_free(encoder);
}

static void text_that_is_not_utf_8_is_repaired_and_digested_as_repaired(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct sample raw = {.type = SAMPLE_TEXT, .value.text = {"a\xff\xe2\x82z\xc3\xa4", 7}};
    struct sample repaired = {.type = SAMPLE_TEXT,
                              .value.text = {"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xc3\xa4", 13}};
    struct batch one;
    struct batch other;
    struct error error;

    begin(encoder, STREAM_READINGS);
    assert_int_equal(encoder_add_reading(encoder, 1, 1, &boiler, &raw, &error), ERROR_OK);
    one = finish(encoder);
    begin(encoder, STREAM_READINGS);
    assert_int_equal(encoder_add_reading(encoder, 1, 1, &boiler, &repaired, &error), ERROR_OK);
    other = finish(encoder);
    assert_string_equal(one.digest, other.digest);
    encoder_free(encoder);
}

static void the_estimate_follows_the_size(void **unused)
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    uint64_t random = 88172645463325252u;
    size_t estimate;
    size_t size;

    begin(encoder, STREAM_READINGS);
    assert_int_equal(encoder_size_estimate_bytes(encoder), 0);
    for (uint64_t sequence = 1; sequence <= 150000; sequence++) {
        assert_int_equal(add(encoder, sequence, (int64_t)(next_random(&random) % 100)), ERROR_OK);
    }
    estimate = encoder_size_estimate_bytes(encoder);
    size = finish(encoder).size_bytes;
    assert_true(estimate > size / 2 && estimate < size * 2);
    encoder_free(encoder);
}

/** A whole life with rows of every kind; the answer that stopped it. */
static enum error_code live(struct error *error)
{
    static const char *const texts[] = {"", "on", "\xff"};
    struct definition definition = boiler;
    struct batch_header header = header_of(STREAM_READINGS);
    struct encoder *encoder = NULL;
    struct batch batch;
    char point_id[16];
    enum error_code code = encoder_create(MAXIMUM_BYTES, &encoder, error);

    definition.point_id = point_id;
    definition.range_low = NAN;
    if (code == ERROR_OK) {
        code = encoder_begin(encoder, &header, error);
    }
    for (uint64_t i = 1; i <= 300 && code == ERROR_OK; i++) {
        struct sample sample = {.type = (enum sample_type)(i % 4)};

        (void)snprintf(point_id, sizeof(point_id), "d/%u", (unsigned)i);
        if (sample.type == SAMPLE_TEXT) {
            sample.value.text.bytes = texts[i % 3];
            sample.value.text.size_bytes = (uint32_t)strlen(texts[i % 3]);
        }
        code = encoder_add_reading(encoder, i, (uint32_t)i, &definition, &sample, error);
    }
    if (code == ERROR_OK) {
        code = encoder_finish(encoder, &batch, error);
    }
    header.stream = STREAM_CATALOGUE;
    if (code == ERROR_OK) {
        code = encoder_begin(encoder, &header, error);
    }
    if (code == ERROR_OK) {
        code = encoder_add_definition(encoder, 1, 0, &definition, error);
    }
    if (code == ERROR_OK) {
        code = encoder_finish(encoder, &batch, error);
    }
    encoder_free(encoder);
    return code;
}

static void any_failing_allocation_is_no_memory_and_leaves_nothing_behind(void **unused)
{
    (void)unused;
    for (unsigned n = 1;; n++) {
        struct error error = {0};
        enum error_code code;

        fault_alloc_arm(n);
        code = live(&error);
        if (!fault_alloc_fired()) {
            assert_int_equal(code, ERROR_OK);
            assert_true(n > 30);
            fault_alloc_arm(0);
            return;
        }
        assert_int_equal(code, ERROR_NO_MEMORY);
        assert_true(error.text[0] != '\0');
    }
}

static void after_lost_memory_only_begin_goes_on(void **unused) /* E4 */
{
    (void)unused;
    struct encoder *encoder = new_encoder(MAXIMUM_BYTES);
    struct batch whole;
    char digest[BATCH_DIGEST_SIZE];
    struct batch batch;
    struct error error;

    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    whole = finish(encoder);
    memcpy(digest, whole.digest, sizeof(digest));
    begin(encoder, STREAM_READINGS);
    fault_alloc_arm(2);
    assert_int_equal(add(encoder, 1, 1), ERROR_NO_MEMORY);
    fault_alloc_arm(0);
    assert_int_equal(add(encoder, 1, 1), ERROR_BUG);
    assert_int_equal(encoder_finish(encoder, &batch, &error), ERROR_BUG);
    begin(encoder, STREAM_READINGS);
    assert_int_equal(add(encoder, 1, 1), ERROR_OK);
    assert_string_equal(finish(encoder).digest, digest);
    encoder_free(encoder);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_same_rows_give_the_same_bytes_and_name),
        cmocka_unit_test(the_batch_and_its_name_say_what_is_in_it),
        cmocka_unit_test(the_digest_tells_rows_apart_and_nothing_else),
        cmocka_unit_test(a_record_that_does_not_continue_is_our_bug),
        cmocka_unit_test(records_come_only_between_begin_and_finish_of_their_stream),
        cmocka_unit_test(a_header_that_makes_no_name_is_refused_at_the_start),
        cmocka_unit_test(a_full_batch_refuses_the_row_and_stays_whole_and_within_its_maximum),
        cmocka_unit_test(rows_that_pack_well_fill_a_batch_far_beyond_their_plain_size),
        cmocka_unit_test(a_record_larger_than_any_batch_is_bad_data_not_a_full_batch),
        cmocka_unit_test(text_that_is_not_utf_8_is_repaired_and_digested_as_repaired),
        cmocka_unit_test(the_estimate_follows_the_size),
        cmocka_unit_test(any_failing_allocation_is_no_memory_and_leaves_nothing_behind),
        cmocka_unit_test(after_lost_memory_only_begin_goes_on),
    };

    return cmocka_run_group_tests_name("encoder", cases, NULL, NULL);
}
