#include "tests/support/config_examples.h"

/* P5 turned round: whatever somebody makes of the examples, loading gives a configuration or
 * findings. config_folder_load() asserts that it is one of the two; the sanitizers watch the rest.
 */

static int start(void **state)
{
    static struct config_folder folder;

    config_folder_make(&folder);
    config_examples_copy(&folder);
    *state = &folder;
    return 0;
}

static int end(void **state)
{
    config_folder_remove(*state);
    return 0;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13; /* xorshift32 (Marsaglia 2003) */
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void the_examples_load(void **state)
{
    struct config_folder *folder = *state;
    struct config *config = config_folder_load(folder);

    if (config == NULL) {
        char findings[4096];

        fail_msg("%s", config_folder_findings(folder, findings, sizeof(findings)));
        return;
    }
    assert_int_equal(config->device_count, 2);
    assert_string_equal(config->devices[0]->name, "meter-3");
    assert_string_equal(config->devices[1]->name, "boiler-1");
    assert_int_equal(config->devices[1]->point_count, 6);
    assert_int_equal(config->devices[1]->points[0].definition.heartbeat_ns, 600 * NS_PER_S);
    config_free(config);
}

/** Load with example `index` replaced by these bytes; true: it was refused. */
static bool refused(struct config_folder *folder, size_t index, const void *bytes, size_t size)
{
    struct config *config;

    config_folder_write(folder, config_example_names[index], bytes, size);
    config = config_folder_load(folder);
    config_free(config);
    return config == NULL;
}

static void any_line_may_be_missing(void **state)
{
    unsigned refusals = 0;
    unsigned lines = 0;

    for (size_t file = 0; file < CONFIG_EXAMPLE_COUNT; file++) {
        struct buffer content;

        config_example_read(file, &content);
        for (size_t begin = 0; begin < content.size;) {
            const uint8_t *newline = memchr(content.bytes + begin, '\n', content.size - begin);
            size_t next = (size_t)(newline - content.bytes) + 1;
            struct buffer shorter;

            buffer_init(&shorter, content.size);
            assert_true(buffer_append(&shorter, content.bytes, begin));
            assert_true(buffer_append(&shorter, content.bytes + next, content.size - next));
            refusals += refused(*state, file, shorter.bytes, shorter.size) ? 1 : 0;
            lines++;
            buffer_deinit(&shorter);
            begin = next;
        }
        config_folder_write(*state, config_example_names[file], content.bytes, content.size);
        buffer_deinit(&content);
    }
    assert_true(refusals > 5 && refusals < lines); /* comments and optional keys may go */
}

static void any_end_may_be_missing(void **state)
{
    for (size_t file = 0; file < CONFIG_EXAMPLE_COUNT; file++) {
        struct buffer content;

        config_example_read(file, &content);
        for (size_t size = 0; size < content.size; size++) {
            (void)refused(*state, file, content.bytes, size); /* either will do */
        }
        config_folder_write(*state, config_example_names[file], content.bytes, content.size);
        buffer_deinit(&content);
    }
}

static void any_character_may_be_another(void **state)
{
    static const char others[] = "\t\n :-{}[],\"'#&*!|>%@`?;=.~0\x01\x80\xff";
    uint32_t seed = 20260101;
    unsigned refusals = 0;

    for (size_t file = 0; file < CONFIG_EXAMPLE_COUNT; file++) {
        struct buffer content;

        config_example_read(file, &content);
        for (size_t at = 0; at < content.size; at++) {
            uint8_t before = content.bytes[at];

            content.bytes[at] = (uint8_t)others[next_random(&seed) % sizeof(others)];
            refusals += refused(*state, file, content.bytes, content.size) ? 1 : 0;
            content.bytes[at] = before;
        }
        config_folder_write(*state, config_example_names[file], content.bytes, content.size);
        buffer_deinit(&content);
    }
    assert_true(refusals > 500);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(the_examples_load),
        IN_FOLDER(any_line_may_be_missing),
        IN_FOLDER(any_end_may_be_missing),
        IN_FOLDER(any_character_may_be_another),
    };

    return cmocka_run_group_tests_name("config_mutations", cases, NULL, NULL);
}
