/* What drivers learned, over restarts: a driver of the test's own, real files. */
#include "agent/collect/learned.h"
#include "base/cleanup.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <string.h>

/** A driver that learns a text. */
struct pupil {
    const char *news;
    char knows[32];
};

static bool learned_pupil(void *state, struct buffer *bytes)
{
    struct pupil *pupil = state;
    const char *news = pupil->news;

    pupil->news = NULL;
    return news != NULL && buffer_append(bytes, news, strlen(news) + 1);
}

static void remember_pupil(void *state, const uint8_t *bytes, size_t size_bytes)
{
    struct pupil *pupil = state;

    assert_true(size_bytes <= sizeof(pupil->knows));
    memcpy(pupil->knows, bytes, size_bytes);
}

static const struct driver driver = {
    .name = "pupil", .learned = learned_pupil, .remember = remember_pupil};

struct desk {
    struct temporary temporary;
    struct pupil pupil;
    struct config_device device;
    struct learned learned;
    struct fixed_clock clock;
    char folder[TEMPORARY_PATH_SIZE], file[TEMPORARY_PATH_SIZE + 8];
};

static int desk_make(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_non_null(desk);
    temporary_make(&desk->temporary);
    fixed_clock_init(&desk->clock, INT64_C(1760000000000000000));
    (void)snprintf(desk->folder, sizeof(desk->folder), "%s/queue.db.learned",
                   desk->temporary.folder);
    (void)snprintf(desk->file, sizeof(desk->file), "%s/line-3", desk->folder);
    desk->device =
        (struct config_device){.name = "line-3", .driver = &driver, .state = &desk->pupil};
    desk->learned.folder = desk->folder;
    *state = desk;
    return 0;
}

static int desk_remove(void **state)
{
    struct desk *desk = *state;

    temporary_remove(&desk->temporary);
    free(desk);
    return 0;
}

static void keep(struct desk *desk, const char *news, bool at_once)
{
    desk->pupil.news = news;
    learned_keep(&desk->learned, &desk->device, &desk->clock.clock, at_once);
}

static const char *load(struct desk *desk)
{
    memset(desk->pupil.knows, 0, sizeof(desk->pupil.knows));
    learned_load(&desk->learned, &desk->device);
    return desk->pupil.knows;
}

static void what_was_learned_is_there_after_a_restart(void **state)
{
    struct desk *desk = *state;

    assert_string_equal(load(desk), "");
    keep(desk, NULL, true);
    assert_int_not_equal(access(desk->folder, F_OK), 0); /* who learns nothing leaves nothing */
    keep(desk, "60 at once", false);
    assert_string_equal(load(desk), "60 at once");
}

static void it_is_written_seldom_and_at_the_end(void **state) /* LE2 */
{
    struct desk *desk = *state;

    keep(desk, "first", false);
    fixed_clock_advance(&desk->clock, (LEARNED_EVERY_S - 1) * NS_PER_S);
    keep(desk, "second", false);
    assert_string_equal(load(desk), "first");
    fixed_clock_advance(&desk->clock, NS_PER_S);
    keep(desk, "third", false);
    assert_string_equal(load(desk), "third");
    keep(desk, "last", true);
    assert_string_equal(load(desk), "last");
}

static void no_damaged_byte_is_taken_for_knowledge(void **state) /* LE1 */
{
    struct desk *desk = *state;
    char bytes[64];
    size_t size;
    FILE *file;

    keep(desk, "60 at once", false);
    file = fopen(desk->file, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    assert_int_equal(size, 8 + sizeof("60 at once"));
    for (size_t i = 0; i <= size; i++) {
        file = fopen(desk->file, "wb");
        assert_non_null(file);
        if (i == size) { /* cut off */
            size--;
        } else {
            bytes[i] ^= 4;
        }
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(load(desk), "");
        if (i < size) {
            bytes[i] ^= 4;
        }
    }
}

static void a_folder_that_cannot_be_made_costs_nothing_else(void **state) /* LE3 */
{
    struct desk *desk = *state;
    FILE *file = fopen(desk->folder, "wb"); /* a file where the folder should be */

    assert_non_null(file);
    (void)fclose(file);
    keep(desk, "60 at once", false);
    assert_true(desk->learned.failed);
    assert_string_equal(load(desk), "");
    assert_int_equal(unlink(desk->folder), 0);
    keep(desk, "60 at once", true);
    assert_false(desk->learned.failed);
    assert_string_equal(load(desk), "60 at once");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(what_was_learned_is_there_after_a_restart, desk_make,
                                        desk_remove),
        cmocka_unit_test_setup_teardown(it_is_written_seldom_and_at_the_end, desk_make,
                                        desk_remove),
        cmocka_unit_test_setup_teardown(no_damaged_byte_is_taken_for_knowledge, desk_make,
                                        desk_remove),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_costs_nothing_else, desk_make,
                                        desk_remove),
    };

    return cmocka_run_group_tests_name("learned", cases, NULL, NULL);
}
