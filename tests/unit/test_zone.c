#include "base/clock.h"
#include "drivers/lines/tzif.h"
#include "drivers/lines/zone.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Seconds since 1970 of a date and time. */
static int64_t seconds(int64_t year, unsigned month, unsigned day, int hour, int minute)
{
    return clock_day_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static void use(struct zone *zone, const char *name, struct arena *arena)
{
    struct error error = {0};

    if (zone_set(zone, name, arena, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

static void offsets_and_utc_are_zones(void **unused)
{
    (void)unused;
    struct zone zone;

    use(&zone, "utc", NULL);
    assert_true(zone_utc(&zone, 100, 0) == 100);
    use(&zone, "+02:00", NULL);
    assert_true(zone_utc(&zone, 7200, 0) == 0);
    use(&zone, "-0330", NULL);
    assert_true(zone_utc(&zone, 0, 0) == 12600);
    use(&zone, "Z", NULL);
    assert_true(zone_utc(&zone, 5, 0) == 5);
}

/** Z1, Z2. In Berlin summer time of 2026 begins on 29 March and ends on 25 October, at 01:00 UTC.
 */
static void assert_berlin(struct zone *zone)
{
    const int64_t twice = seconds(2026, 10, 25, 2, 30); /* 00:30 and 01:30 UTC */

    assert_true(zone_utc(zone, seconds(2026, 1, 5, 12, 0), 0) == seconds(2026, 1, 5, 11, 0));
    assert_true(zone_utc(zone, seconds(2026, 7, 5, 12, 0), 0) == seconds(2026, 7, 5, 10, 0));
    assert_true(zone_utc(zone, seconds(2026, 3, 29, 1, 59), 0) == seconds(2026, 3, 29, 0, 59));
    assert_true(zone_utc(zone, seconds(2026, 3, 29, 3, 0), 0) == seconds(2026, 3, 29, 1, 0));
    assert_true(zone_utc(zone, seconds(2026, 3, 29, 2, 30), 0) == seconds(2026, 3, 29, 1, 30));
    assert_true(zone_utc(zone, twice, seconds(2026, 10, 25, 0, 30)) ==
                seconds(2026, 10, 25, 0, 30));
    assert_true(zone_utc(zone, twice, seconds(2026, 10, 25, 1, 30)) ==
                seconds(2026, 10, 25, 1, 30));
    assert_true(zone_utc(zone, twice, seconds(2026, 10, 25, 1, 29)) ==
                seconds(2026, 10, 25, 1, 30));
    assert_true(zone_utc(zone, twice, seconds(2027, 1, 1, 0, 0)) == seconds(2026, 10, 25, 1, 30));
    assert_true(zone_utc(zone, seconds(2026, 10, 25, 1, 59), seconds(2027, 1, 1, 0, 0)) ==
                seconds(2026, 10, 24, 23, 59));
    assert_true(zone_utc(zone, seconds(2026, 10, 25, 3, 0), 0) == seconds(2026, 10, 25, 2, 0));
}

static void a_named_zone_knows_summer_time_and_the_hours_twice_and_never(void **unused)
{
    (void)unused;
    struct arena arena;
    struct zone zone;

    arena_init(&arena, 64 << 10);
    use(&zone, "Europe/Berlin", &arena);
    assert_berlin(&zone);
    arena_deinit(&arena);
}

static void the_local_zone_is_that_of_the_machine(void **unused)
{
    (void)unused;
    struct zone zone;

    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    use(&zone, "local", NULL);
    assert_berlin(&zone);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

/** As the C library has it, which reads the same files by itself. */
static void assert_as_the_library(const char *name, const char *file)
{
    struct arena arena;
    struct zone zone;

    arena_init(&arena, 64 << 10);
    use(&zone, name, &arena);
    assert_int_equal(setenv("TZ", file, 1), 0);
    tzset();
    for (int64_t utc_s = seconds(1900, 1, 1, 0, 0); utc_s < seconds(2200, 1, 1, 0, 0);
         utc_s += 17 * 3600 + 1234) {
        time_t when = (time_t)utc_s;
        struct tm local;

        assert_non_null(localtime_r(&when, &local));
        if (local.tm_gmtoff != tzif_offset_s(zone.rules, utc_s)) {
            fail_msg("%s at %lld: %d, not %ld", name, (long long)utc_s,
                     tzif_offset_s(zone.rules, utc_s), local.tm_gmtoff);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    arena_deinit(&arena);
}

static void named_zones_agree_with_the_c_library_over_three_centuries(void **unused)
{
    (void)unused;
    static const char *const names[] = {
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Africa/Casablanca",
        "Asia/Tehran",
        "America/Sao_Paulo",
        "Pacific/Auckland",
        "Pacific/Apia",
        "Europe/Dublin",
        "America/Nuuk",
        "Antarctica/Troll",
        "Asia/Jerusalem",
        "Africa/Cairo",
        "Etc/GMT+5",
        "America/Santiago",
        "America/Mexico_City",
        "UTC",
        "Asia/Gaza",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_as_the_library(names[i], names[i]);
    }
}

static void assert_rule_as_the_library(const char *text)
{
    struct tzif_rule rule;

    assert_true(tzif_parse_rule(&rule, text, strlen(text)));
    assert_int_equal(setenv("TZ", text, 1), 0);
    tzset();
    for (int64_t utc_s = seconds(1971, 1, 1, 0, 0); utc_s < seconds(2120, 1, 1, 0, 0);
         utc_s += 11 * 3600 + 321) {
        time_t when = (time_t)utc_s;
        struct tm local;

        assert_non_null(localtime_r(&when, &local));
        if (local.tm_gmtoff != tzif_rule_offset_s(&rule, utc_s)) {
            fail_msg("%s at %lld: %d, not %ld", text, (long long)utc_s,
                     tzif_rule_offset_s(&rule, utc_s), local.tm_gmtoff);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void rules_of_all_forms_agree_with_the_c_library(void **unused)
{
    (void)unused;
    static const char *const rules[] = {
        "UTC0",
        "<+03>-3",
        "IST-5:30",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "LHST-10:30LHDT-11,M10.1.0/2:15:30,M4.1.0",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "AAA3BBB,J60/1,J300/4",
        "AAA3BBB,59/1,300/4",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "IST-2IDT,M3.4.4/26,M10.5.0",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        assert_rule_as_the_library(rules[i]);
    }
}

static void what_is_no_rule_is_refused(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "",
        "CE-1",
        "CET",
        "CET-168",
        "CET-1CE",
        "<CET-1",
        "CET-1:",
        "CET-1:0",
        "CET-1:00:",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5",
        "CET-1CEST2",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J366",
        "CET-1CEST,J1,366",
        "CET-1CEST,M3.5.0/,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct tzif_rule rule;

        if (tzif_parse_rule(&rule, wrong[i], strlen(wrong[i]))) {
            fail_msg("accepted: %s", wrong[i]);
        }
    }
}

/** A file cut anywhere, and one with any byte changed, is refused or read; nothing is read outside.
 */
static void damaged_zone_files_are_refused_or_read(void **unused)
{
    (void)unused;
    uint8_t bytes[TZIF_FILE_MAX];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    static struct tzif tzif;
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    assert_true(tzif_parse(&tzif, bytes, size));
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + 1);

        assert_non_null(exact);
        memcpy(exact, bytes, cut);
        if (tzif_parse(&tzif, exact, cut)) {
            fail_msg("accepted with %zu bytes", cut);
        }
        free(exact);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t was = bytes[at];

        bytes[at] ^= 0x81;
        if (tzif_parse(&tzif, bytes, size)) {
            (void)tzif_offset_s(&tzif, 1772712000);
        }
        bytes[at] = was;
    }
    bytes[4] = 0; /* version 1 */
    assert_false(tzif_parse(&tzif, bytes, size));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(offsets_and_utc_are_zones),
        cmocka_unit_test(a_named_zone_knows_summer_time_and_the_hours_twice_and_never),
        cmocka_unit_test(the_local_zone_is_that_of_the_machine),
        cmocka_unit_test(named_zones_agree_with_the_c_library_over_three_centuries),
        cmocka_unit_test(rules_of_all_forms_agree_with_the_c_library),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(damaged_zone_files_are_refused_or_read),
    };

    return cmocka_run_group_tests_name("zone", cases, NULL, NULL);
}
