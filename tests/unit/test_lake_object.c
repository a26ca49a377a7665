#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "lake/object.h"
#include "sync/encoder.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAXIMUM_BYTES = 8 << 20, ROWS = 3000 };

static const struct definition boiler = {
    .point_id = "boiler/flow", .revision = 3, .range_low = NAN, .range_high = NAN};
static const struct definition press = {.point_id = "press/speed", .revision = 1};

struct fixture {
    char lake[PATH_MAX];
    char path[PATH_MAX * 2]; /* of the object */
    struct encoder *encoder;
    struct batch batch;
    struct object_facts facts;
    struct object_reader reader;
};

static struct fixture fixture;

static int set_up(void **unused)
{
    (void)unused;
    struct error error;

    memset(&fixture, 0, sizeof(fixture));
    (void)snprintf(fixture.lake, sizeof(fixture.lake), "/tmp/leat-lake-test-XXXXXX");
    object_reader_init(&fixture.reader);
    return mkdtemp(fixture.lake) == NULL ||
           encoder_create(MAXIMUM_BYTES, &fixture.encoder, &error) != ERROR_OK;
}

static int tear_down(void **unused)
{
    (void)unused;
    char path[PATH_MAX * 2];

    object_reader_deinit(&fixture.reader);
    encoder_free(fixture.encoder);
    (void)unlink(fixture.path); /* each case leaves one object at most */
    memcpy(path, fixture.path, sizeof(path));
    for (char *slash = strrchr(path, '/'); slash != NULL && strlen(path) > strlen(fixture.lake);
         slash = strrchr(path, '/')) {
        *slash = '\0';
        (void)rmdir(path);
    }
    return 0;
}

static void begin(enum stream stream)
{
    const struct batch_header header = {.stream = stream,
                                        .site = "works",
                                        .gateway = "gw-1",
                                        .incarnation = "00112233445566ff",
                                        .previous_digest = "0123456789ab",
                                        .day = clock_day_from_date(2026, 3, 1)};
    struct error error;

    assert_int_equal(encoder_begin(fixture.encoder, &header, &error), ERROR_OK);
}

/** Every type, nulls between values, two points in turn. */
static void add_reading(uint64_t sequence)
{
    struct sample sample = {.time_ns = (int64_t)sequence * NS_PER_S, .type = SAMPLE_INT};
    struct error error;

    sample.value.integer = (int64_t)(sequence * sequence);
    if (sequence % 7 == 0) {
        sample.type = SAMPLE_DOUBLE;
        sample.value.real = (double)sequence / 3;
    } else if (sequence % 11 == 0) {
        sample.type = SAMPLE_TEXT;
        sample.value.text.bytes = "some text";
        sample.value.text.size_bytes = (uint32_t)(sequence % 10);
    } else if (sequence % 13 == 0) {
        sample.type = SAMPLE_NONE;
        sample.status = (uint32_t)STATUS_BAD_TIMEOUT;
    }
    assert_int_equal(encoder_add_reading(fixture.encoder, sequence, (uint32_t)(sequence % 2),
                                         sequence % 2 == 0 ? &boiler : &press, &sample, &error),
                     ERROR_OK);
}

static void make_folder(void)
{
    char folder[PATH_MAX * 2];
    struct error error;

    memcpy(folder, fixture.path, sizeof(folder));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(fs_make_directories(folder, &error), ERROR_OK);
}

/** The object as the encoder finished it, its name taken apart. */
static void finish(void)
{
    struct error error;

    assert_int_equal(encoder_finish(fixture.encoder, &fixture.batch, &error), ERROR_OK);
    assert_int_equal(object_name_parse(fixture.batch.object_name, &fixture.facts.name, &error),
                     ERROR_OK);
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/%s", fixture.lake,
                   fixture.batch.object_name);
    make_folder();
}

static void put(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(fixture.path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool is_sound(void)
{
    struct error error;

    fixture.facts.sound = false;
    assert_int_equal(object_check(&fixture.reader, fixture.lake, &fixture.facts, &error), ERROR_OK);
    return fixture.facts.sound;
}

static void make_readings(uint64_t count)
{
    begin(STREAM_READINGS);
    for (uint64_t i = 0; i < count; i++) {
        add_reading(41 + i);
    }
    finish();
}

static void what_the_encoder_makes_is_sound(void **unused) /* O1, O2 */
{
    (void)unused;
    make_readings(ROWS);
    put(fixture.batch.bytes, fixture.batch.size_bytes);
    assert_true(is_sound());
    assert_string_equal(fixture.facts.previous, "0123456789ab");
    assert_int_equal(fixture.facts.least_us, INT64_C(41000000));
    assert_int_equal(fixture.facts.most_us, INT64_C(1000000) * (40 + ROWS));
    assert_int_equal(fixture.facts.least_received_us, 0);
    assert_int_equal(fixture.facts.most_received_us, 0);
}

static void definitions_are_read_with_their_missing_ranges(void **unused)
{
    (void)unused;
    struct definition wide = boiler;
    struct error error;

    wide.device = wide.name = wide.type = wide.unit = wide.role = wide.address = wide.labels = "";
    begin(STREAM_CATALOGUE);
    for (uint64_t i = 0; i < 2; i++) {
        wide.range_low = i == 0 ? NAN : -1.5;
        assert_int_equal(encoder_add_definition(fixture.encoder, i + 1, 5, &wide, &error),
                         ERROR_OK);
    }
    finish();
    put(fixture.batch.bytes, fixture.batch.size_bytes);
    assert_true(is_sound());
}

/** Read with one bit of each byte flipped; how many went unnoticed. Before `safe` none may. */
static size_t count_unnoticed(uint8_t *bytes, size_t size, size_t safe)
{
    size_t unnoticed = 0;

    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (uint8_t)(1U << (i * 5 % 8));
        put(bytes, size);
        if (is_sound()) {
            assert_true(i >= safe);
            unnoticed++;
        } else {
            assert_true(fixture.facts.problem[0] != '\0');
        }
        bytes[i] ^= (uint8_t)(1U << (i * 5 % 8));
    }
    return unnoticed;
}

static void no_flipped_bit_goes_unnoticed_where_the_rows_are(void **unused) /* O1 */
{
    (void)unused;
    CLEANUP(buffer_deinit) struct buffer copy;
    size_t footer;

    buffer_init(&copy, MAXIMUM_BYTES);
    make_readings(60);
    assert_true(buffer_append(&copy, fixture.batch.bytes, fixture.batch.size_bytes));
    put(copy.bytes, copy.size);
    assert_true(is_sound());
    footer = fixture.reader.footer.first_byte;
    /* In the footer some bytes say what no reader of ours asks for: the writer's name, the kinds
     * of encoding, places that the format keeps for old readers. The rows are the same then. */
    assert_in_range(count_unnoticed(copy.bytes, copy.size, footer), 0, (copy.size - footer) / 4);
}

static void an_object_that_was_cut_off_is_refused_wherever(void **unused)
{
    (void)unused;
    make_readings(60);
    for (size_t size = 0; size < fixture.batch.size_bytes; size += 3) {
        put(fixture.batch.bytes, size);
        assert_false(is_sound());
    }
}

static void an_object_that_is_not_there_is_a_sentence(void **unused) /* O3 */
{
    (void)unused;
    make_readings(3);
    assert_false(is_sound());
    assert_non_null(strstr(fixture.facts.problem, "cannot open"));
}

static void a_name_that_promises_other_rows_is_noticed(void **unused) /* O2 */
{
    (void)unused;
    char digest[BATCH_DIGEST_SIZE];
    struct error error;

    make_readings(20);
    memcpy(digest, fixture.facts.name.digest, sizeof(digest));
    (void)unlink(fixture.path); /* the cases below use another name */
    memcpy(fixture.facts.name.digest, "ffffffffffff", sizeof(digest));
    assert_int_equal(object_name_build(&fixture.facts.name, fixture.batch.object_name, &error),
                     ERROR_OK);
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/%s", fixture.lake,
                   fixture.batch.object_name);
    put(fixture.batch.bytes, fixture.batch.size_bytes);
    assert_false(is_sound());
    assert_non_null(strstr(fixture.facts.problem, "leat.digest"));
}

static void without_memory_it_says_so_and_loses_nothing(void **unused)
{
    (void)unused;
    struct object_reader reader;
    unsigned countdown = 1;

    make_readings(ROWS);
    put(fixture.batch.bytes, fixture.batch.size_bytes);
    for (bool done = false; !done; countdown++) {
        struct error error = {0};
        enum error_code code;

        object_reader_init(&reader);
        fault_alloc_arm(countdown);
        code = object_check(&reader, fixture.lake, &fixture.facts, &error);
        done = !fault_alloc_fired();
        fault_alloc_arm(0);
        object_reader_deinit(&reader);
        assert_int_equal(code, done ? ERROR_OK : ERROR_NO_MEMORY);
        assert_true(done || error.text[0] != '\0');
        assert_true(!done || fixture.facts.sound);
    }
    assert_true(countdown > 10);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(what_the_encoder_makes_is_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(definitions_are_read_with_their_missing_ranges, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_flipped_bit_goes_unnoticed_where_the_rows_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_object_that_was_cut_off_is_refused_wherever, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_object_that_is_not_there_is_a_sentence, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_promises_other_rows_is_noticed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_memory_it_says_so_and_loses_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("lake object", cases, NULL, NULL);
}
