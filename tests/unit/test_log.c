#include "base/log.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[4096];

/** Run `speak` with standard error going into `said`. */
static const char *listen_to(void (*speak)(void))
{
    int ends[2];
    int before = dup(STDERR_FILENO);
    ssize_t size;

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]); /* standard error holds it now */
    speak();
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before); /* as above */
    size = read(ends[0], said, sizeof(said) - 1);
    (void)close(ends[0]); /* only read */
    assert_true(size >= 0);
    said[size] = '\0';
    return said;
}

static void speak_plainly(void)
{
    log_warning("uplink-failed", "target=%s tries=%d", "lake", 3);
}

static void speak_at_every_level(void)
{
    log_error("a", "x=1");
    log_warning("b", "x=2");
    log_info("c", "x=3");
}

static void speak_foreign_words(void)
{
    log_info("payload", "text=\"%s\"", "a\nerror forged x=1\r\x1b[31m");
}

static void speak_long(void)
{
    static char longest[5000];

    memset(longest, 'x', sizeof(longest) - 1);
    log_info("long", "%s", longest);
}

static void a_line_is_level_id_and_values(void **unused)
{
    (void)unused;
    assert_string_equal(listen_to(speak_plainly), "warning uplink-failed target=lake tries=3\n");
}

static void foreign_text_cannot_forge_a_line(void **unused)
{
    (void)unused;
    assert_string_equal(listen_to(speak_foreign_words),
                        "info payload text=\"a error forged x=1  [31m\"\n");
}

static void a_long_line_is_cut_and_still_ends(void **unused)
{
    (void)unused;
    const char *line = listen_to(speak_long);
    size_t size = strlen(line);

    assert_true(size > 1000 && size <= 1024);
    assert_int_equal(line[size - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
}

static void the_journal_gets_its_priorities(void **unused)
{
    (void)unused;
    assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    assert_string_equal(listen_to(speak_at_every_level),
                        "<3>error a x=1\n<4>warning b x=2\n<6>info c x=3\n");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_line_is_level_id_and_values),
        cmocka_unit_test(foreign_text_cannot_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut_and_still_ends),
        cmocka_unit_test(the_journal_gets_its_priorities),
    };

    (void)unsetenv("JOURNAL_STREAM"); /* so that lines look the same under systemd */
    return cmocka_run_group_tests_name("log", cases, NULL, NULL);
}
