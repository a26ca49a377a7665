/* One file that is followed (drivers/filelog/followed.h), read by hand. */
#include "drivers/filelog/followed.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <fcntl.h>
#include <string.h>

enum { RECORDS_MAX = 5000, BIG_LINES = 3000, PARTS_BYTES = 40000 };

/** A file, and a sink with room for some records, which remembers them. */
struct bench {
    struct temporary temporary;
    struct driver_sink sink;
    struct line_format format;
    struct encoding encoding;
    struct followed followed;
    struct followed_reading reading;
    size_t room, count, calls, most; /* of records; calls, and records in the largest */
    unsigned rejections;
    char messages[RECORDS_MAX][16]; /* their beginnings */
    char fields[128];               /* of the last */
    char position[DRIVER_POSITION_SIZE];
};

static bool take(struct driver_sink *sink, const struct driver_line *lines, size_t count)
{
    struct bench *bench = (struct bench *)(void *)((char *)sink - offsetof(struct bench, sink));
    size_t bytes = 0;

    assert_true(count > 0 && count <= DRIVER_LINES_MAX);
    if (count > bench->room) {
        return false;
    }
    bench->calls++;
    bench->most = count > bench->most ? count : bench->most;
    bench->room -= count;
    for (size_t i = 0; i < count; i++) {
        const struct log_record *record = &lines[i].record;

        assert_true(bytes <= DRIVER_LINES_BYTES);
        bytes += driver_line_bytes(&lines[i]);
        assert_true(bench->count < RECORDS_MAX);
        (void)snprintf(bench->messages[bench->count++], sizeof(bench->messages[0]), "%.*s",
                       (int)record->message.size_bytes, record->message.bytes); /* or cut */
        (void)snprintf(bench->fields, sizeof(bench->fields), "%.*s", (int)record->fields.size_bytes,
                       record->fields.bytes);
        assert_true((lines[i].position != NULL) == (i == count - 1));
    }
    (void)snprintf(bench->position, sizeof(bench->position), "%s", lines[count - 1].position);
    return true;
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct bench *bench = (struct bench *)(void *)((char *)sink - offsetof(struct bench, sink));

    assert_non_null(strstr(rejection->reason, "format"));
    bench->rejections++;
}

static void attach(struct bench *bench)
{
    const char *path = temporary_file(&bench->temporary, "press.log");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat file;

    assert_true(fd >= 0 && fstat(fd, &file) == 0);
    if (!bench->followed.is_used) {
        followed_begin(&bench->followed, &file);
    }
    followed_attach(&bench->followed, fd, &file, path);
}

static void append(struct bench *bench, const void *bytes, size_t size)
{
    FILE *file = fopen(temporary_file(&bench->temporary, "press.log"), "a");

    assert_true(file != NULL && fwrite(bytes, 1, size, file) == size);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    static const struct line_format_options options = {.zone = "utc"};
    struct bench *bench = calloc(1, sizeof(*bench));
    struct error error = {0};

    assert_true(bench != NULL);
    temporary_make(&bench->temporary);
    bench->sink = (struct driver_sink){.lines = take, .reject = reject};
    bench->room = RECORDS_MAX;
    assert_int_equal(encoding_open(&bench->encoding, "utf-8", &error), ERROR_OK);
    assert_int_equal(line_format_set(&bench->format, &options, NULL, &error), ERROR_OK);
    bench->reading.sink = &bench->sink;
    bench->reading.rules.format = &bench->format;
    bench->reading.rules.encoding = &bench->encoding;
    bench->reading.rules.now_ns = INT64_C(1790000000) * NS_PER_S;
    append(bench, "", 0);
    attach(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    followed_detach(&bench->followed);
    encoding_close(&bench->encoding);
    temporary_remove(&bench->temporary);
    free(bench);
    return 0;
}

static void append_numbered(struct bench *bench, size_t first, size_t count)
{
    FILE *file = fopen(temporary_file(&bench->temporary, "press.log"), "a");

    assert_true(file != NULL);
    for (size_t i = first; i < first + count; i++) {
        assert_true(fprintf(file, "%zu %*s\n", i, (int)(i % 120), "") > 0);
    }
    assert_int_equal(fclose(file), 0);
}

static void assert_numbered(const struct bench *bench, size_t first, size_t count)
{
    assert_int_equal(bench->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strtoul(bench->messages[i], NULL, 10), first + i);
    }
}

/** Until nothing more comes. How often it was read. */
static unsigned read_all(struct bench *bench)
{
    unsigned reads = 1;

    while (followed_read(&bench->followed, &bench->reading) == FOLLOWED_MORE) {
        reads++;
    }
    return reads;
}

/** As after a restart: of what was known only the last position is left. */
static void start_again(struct bench *bench)
{
    followed_detach(&bench->followed);
    assert_true(followed_parse(&bench->followed, bench->position));
    attach(bench);
    bench->count = 0;
}

static void each_line_comes_once_in_portions_over_many_chunks(void **state)
{
    struct bench *bench = *state;

    append_numbered(bench, 0, BIG_LINES);
    assert_true(read_all(bench) > 2);
    assert_numbered(bench, 0, BIG_LINES);
    assert_true(bench->most > 10);
    assert_true(bench->calls < BIG_LINES / 10);
    assert_string_equal(strrchr(bench->fields, '/'), "/press.log\"}");
}

static void the_last_position_of_each_portion_leads_to_the_next_line(void **state) /* P1 */
{
    struct bench *bench = *state;

    append_numbered(bench, 0, 5);
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    for (size_t i = 5; i < 200; i += 15) { /* marks of fewer bytes than a mark has, and more */
        start_again(bench);
        assert_true(followed_fits(&bench->followed, bench->followed.fd));
        append_numbered(bench, i, 15);
        assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
        assert_numbered(bench, i, 15);
    }
}

static void a_sink_with_room_for_less_than_a_portion_gets_that(void **state) /* D8 */
{
    struct bench *bench = *state;

    append_numbered(bench, 0, 100);
    bench->room = 3;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_numbered(bench, 0, 3);
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_int_equal(bench->count, 3);
    start_again(bench);
    bench->room = RECORDS_MAX;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_numbered(bench, 3, 97);
}

static void what_was_refused_comes_again_without_a_restart(void **state) /* D8 */
{
    struct bench *bench = *state;

    append_numbered(bench, 0, 100);
    bench->room = 0;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    bench->room = RECORDS_MAX;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_numbered(bench, 0, 100);
}

static void a_line_without_its_end_waits_for_it_until_the_file_is_idle(void **state) /* FL3 */
{
    struct bench *bench = *state;

    append(bench, "1 whole\n2 ha", 12);
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_int_equal(bench->count, 1);
    append(bench, "lf\n3", 4);
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_string_equal(bench->messages[1], "2 half");
    bench->reading.is_idle = true;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_int_equal(bench->count, 3);
    assert_string_equal(bench->messages[2], "3");
}

static void a_long_line_comes_in_parts_that_a_restart_goes_on_counting(void **state) /* FL3 */
{
    struct bench *bench = *state;
    static char line[PARTS_BYTES];

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    append(bench, line, sizeof(line));
    bench->room = 1;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_non_null(strstr(bench->fields, ",\"part\":1}"));
    start_again(bench);
    bench->room = 1;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_non_null(strstr(bench->fields, ",\"part\":2}"));
    bench->room = 1;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_non_null(strstr(bench->fields, ",\"part\":3,\"last\":true}"));
}

static void a_file_that_was_truncated_or_written_over_is_broken(void **state) /* FL1 */
{
    struct bench *bench = *state;
    const char *path = temporary_file(&bench->temporary, "press.log");
    int fd;

    append_numbered(bench, 0, 50);
    (void)read_all(bench);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_BROKEN);
    append_numbered(bench, 1000, 100); /* longer than it was, of other lines */
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_BROKEN);
    assert_numbered(bench, 0, 50);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_false(followed_fits(&bench->followed, fd));
    assert_int_equal(close(fd), 0);
}

static void lines_without_the_format_are_kept_and_told_once(void **state) /* FL5 */
{
    struct bench *bench = *state;

    bench->format.kind = LINE_FORMAT_ISO;
    append(bench, "no time\n2026-03-05 09:00:01 good\nnone either\n", 45);
    bench->room = 1; /* handed over again: not told again */
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_non_null(strstr(bench->fields, ",\"unparsed\":true}"));
    bench->room = 1;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_FULL);
    assert_string_equal(bench->messages[1], "good");
    assert_null(strstr(bench->fields, "unparsed"));
    bench->room = 1;
    assert_int_equal(followed_read(&bench->followed, &bench->reading), FOLLOWED_END);
    assert_string_equal(bench->messages[2], "none either");
    assert_int_equal(bench->rejections, 1);
}

static void what_is_no_position_is_refused(void **unused)
{
    static const char *const bad[] = {"",          "1:2:3:4:5",    "1:2:3:4:5:6:7",
                                      "x:2:3:4:5", "1:2:3:4:5:6 ", "1:2:3:4::6"};
    struct followed followed = {.slot = 9};
    char text[DRIVER_POSITION_SIZE];

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(followed_parse(&followed, bad[i]));
        assert_false(followed.is_used);
    }
    assert_true(followed_parse(&followed, "fe01:ffffffffffffffff:10:deadbeef:1:2"));
    assert_int_equal(followed.slot, 9);
    followed_print(&followed, text);
    assert_string_equal(text, "fe01:ffffffffffffffff:10:deadbeef:1:2");
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(each_line_comes_once_in_portions_over_many_chunks),
        CASE(the_last_position_of_each_portion_leads_to_the_next_line),
        CASE(a_sink_with_room_for_less_than_a_portion_gets_that),
        CASE(what_was_refused_comes_again_without_a_restart),
        CASE(a_line_without_its_end_waits_for_it_until_the_file_is_idle),
        CASE(a_long_line_comes_in_parts_that_a_restart_goes_on_counting),
        CASE(a_file_that_was_truncated_or_written_over_is_broken),
        CASE(lines_without_the_format_are_kept_and_told_once),
        cmocka_unit_test(what_is_no_position_is_refused),
    };

    return cmocka_run_group_tests_name("followed", cases, NULL, NULL);
}
