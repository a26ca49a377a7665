#include "base/clock.h"
#include "drivers/mqtt/stamp.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static void assert_stamp(enum mqtt_stamp_format format, const char *text, int64_t expected)
{
    int64_t utc_ns = 7;

    if (!mqtt_stamp_parse(format, text, strlen(text), &utc_ns)) {
        fail_msg("refused: %s", text);
    }
    if (utc_ns != expected) {
        fail_msg("%s is %lld, not %lld", text, (long long)utc_ns, (long long)expected);
    }
}

static void assert_none(enum mqtt_stamp_format format, const char *text)
{
    int64_t utc_ns = 7;

    if (mqtt_stamp_parse(format, text, strlen(text), &utc_ns)) {
        fail_msg("accepted: %s", text);
    }
    assert_true(utc_ns == 7);
}

static void epochs_keep_every_digit_down_to_the_nanosecond(void **unused)
{
    (void)unused;
    const int64_t second = INT64_C(1718000000) * NS_PER_S;

    assert_stamp(MQTT_STAMP_EPOCH_S, "1718000000", second);
    assert_stamp(MQTT_STAMP_EPOCH_S, "1718000000.1", second + 100 * NS_PER_MS);
    assert_stamp(MQTT_STAMP_EPOCH_S, "1718000000.123456789", second + 123456789);
    assert_stamp(MQTT_STAMP_EPOCH_S, "1718000000.1234567899", second + 123456789);
    assert_stamp(MQTT_STAMP_EPOCH_S, "1.718e9", second);
    assert_stamp(MQTT_STAMP_EPOCH_S, "-1.5", -1500 * NS_PER_MS);
    assert_stamp(MQTT_STAMP_EPOCH_MS, "1718000000123", second + 123 * NS_PER_MS);
    assert_stamp(MQTT_STAMP_EPOCH_MS, "1718000000123.25", second + 123250 * NS_PER_US);
    assert_stamp(MQTT_STAMP_EPOCH_US, "1718000000123456", second + 123456 * NS_PER_US);
    assert_stamp(MQTT_STAMP_EPOCH_NS, "1718000000123456789", second + 123456789);
    assert_stamp(MQTT_STAMP_EPOCH_NS, "1718000000123456789.9", second + 123456789);
    assert_stamp(MQTT_STAMP_EPOCH_NS, "1.718e18", second);
    assert_none(MQTT_STAMP_EPOCH_NS, "9223372036854775808"); /* one more than fits */
    assert_none(MQTT_STAMP_EPOCH_S, "17180000000000000000");
    assert_none(MQTT_STAMP_EPOCH_S, "1718000000123"); /* milliseconds by mistake: the year 56411 */
    assert_none(MQTT_STAMP_EPOCH_S, "");
    assert_none(MQTT_STAMP_EPOCH_MS, "now");
    assert_none(MQTT_STAMP_EPOCH_MS, "NaN");
    assert_none(MQTT_STAMP_EPOCH_US, "2024-06-10T06:13:20Z");
}

static void iso_8601_is_taken_with_its_offset(void **unused)
{
    (void)unused;
    const int64_t second = INT64_C(1718000000) * NS_PER_S;

    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T06:13:20Z", second);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10t06:13:20z", second);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10 06:13:20.5Z", second + 500 * NS_PER_MS);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T06:13:20,000000001Z", second + 1);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T06:13:20.0000000019Z", second + 1);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T08:13:20+02:00", second);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T08:13:20+0200", second);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-10T08:13:20+02", second);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-06-09T20:43:20-09:30", second);
    assert_stamp(MQTT_STAMP_ISO8601, "1969-12-31T23:59:59.9Z", -100 * NS_PER_MS);
    assert_stamp(MQTT_STAMP_ISO8601, "2016-12-31T23:59:60Z", INT64_C(1483228800) * NS_PER_S);
    assert_stamp(MQTT_STAMP_ISO8601, "2024-02-29T00:00:00Z", INT64_C(1709164800) * NS_PER_S);
}

static void what_is_no_time_is_refused(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "",
        "2024-06-10T06:13:20", /* whose midnight? */
        "2024-06-10",
        "20240610T061320Z",
        "2024-06-10T06:13Z",
        "2024-06-10T24:00:00Z",
        "2024-06-10T06:60:20Z",
        "2024-06-10T06:13:61Z",
        "2024-13-10T06:13:20Z",
        "2024-00-10T06:13:20Z",
        "2024-06-31T06:13:20Z",
        "2023-02-29T06:13:20Z",
        "1900-02-29T06:13:20Z",
        "2024-06-00T06:13:20Z",
        "2024-06-10T06:13:20.Z",
        "2024-06-10T06:13:20+2:00",
        "2024-06-10T06:13:20+24:00",
        "2024-06-10T06:13:20+02:60",
        "2024-06-10T06:13:20+02:",
        "2024-06-10T06:13:20ZZ",
        "2024-06-10T06:13:20Z ",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "1718000000",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_none(MQTT_STAMP_ISO8601, wrong[i]);
    }
}

static void every_day_agrees_with_the_clock(void **unused)
{
    (void)unused;
    for (int64_t day = -60000; day < 60000; day += 7) {
        char text[CLOCK_STAMP_SIZE];
        int64_t utc_ns = day * NS_PER_DAY + 45296 * NS_PER_S + 789 * NS_PER_MS;

        clock_format_stamp(utc_ns, text, sizeof(text));
        assert_stamp(MQTT_STAMP_ISO8601, text, utc_ns);
    }
}

static void damaged_stamps_never_lead_outside(void **unused)
{
    (void)unused;
    static const char seed[] = "2024-06-10T06:13:20.123+02:00";
    uint32_t state = 99;

    for (int round = 0; round < 50000; round++) {
        char text[sizeof(seed)];
        int64_t utc_ns;

        memcpy(text, seed, sizeof(seed));
        for (int change = 0; change < 2; change++) {
            static const char alphabet[] = "0199-:.,+TZ e";

            state = state * 1664525 + 1013904223;
            text[(state >> 8) % (sizeof(seed) - 1)] =
                alphabet[(state >> 20) % (sizeof(alphabet) - 1)];
        }
        (void)mqtt_stamp_parse((enum mqtt_stamp_format)(state % 4), text,
                               (state >> 12) % sizeof(seed), &utc_ns);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(epochs_keep_every_digit_down_to_the_nanosecond),
        cmocka_unit_test(iso_8601_is_taken_with_its_offset),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(every_day_agrees_with_the_clock),
        cmocka_unit_test(damaged_stamps_never_lead_outside),
    };

    return cmocka_run_group_tests_name("mqtt_stamp", cases, NULL, NULL);
}
