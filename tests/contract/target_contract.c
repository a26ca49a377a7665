/* tests/contract/target_contract.c - the rules of sync/target.h, run against every target.
 * A new target adds one line to the table at the end and inherits all of these tests. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/fs.h"
#include "sync/batch.h"
#include "sync/target.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 65536, OBJECT_BYTES = 300000 };

/** What the suite has to know about one kind of target. */
struct fixture {
    const char *name;
    /** Make an empty place and set `state` up for it; `place` is for the others below. */
    void (*set_up)(const struct target *target, void *state, struct arena *arena, char *place);
    void (*tear_down)(const char *place);
    /** The bytes of the object under this name; false: there is none. */
    bool (*read_object)(const char *place, const char *object_name, struct buffer *content);
    /** Everything that is visible there. */
    size_t (*count_objects)(const char *place);
};

static struct fixture now;

struct world {
    const struct target *target;
    void *state;
    struct arena arena;
    char place[PATH_MAX];
    struct batch batch;
    uint8_t *bytes;
};

static int set_up(void **given)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->target = target_find(now.name);
    assert_non_null(world->target);
    arena_init(&world->arena, ARENA_BYTES);
    world->state = calloc(1, world->target->state_size);
    world->bytes = malloc(OBJECT_BYTES);
    assert_true(world->state != NULL && world->bytes != NULL);
    for (size_t i = 0; i < OBJECT_BYTES; i++) {
        world->bytes[i] = (uint8_t)(i * 7);
    }
    now.set_up(world->target, world->state, &world->arena, world->place);
    world->batch = (struct batch){
        .object_name = "raw/site=s/gateway=g/stream=readings/v=1/date=2026-03-01/"
                       "00112233445566ff-000000000001-000000000002-a1b2c3d4e5f6.parquet",
        .digest = "a1b2c3d4e5f6",
        .first_sequence = 1,
        .last_sequence = 2,
        .bytes = world->bytes,
        .size_bytes = OBJECT_BYTES,
    };
    *given = world;
    return 0;
}

static int tear_down(void **given)
{
    struct world *world = *given;

    fault_alloc_arm(0);
    world->target->close(world->state);
    now.tear_down(world->place);
    arena_deinit(&world->arena);
    free(world->state);
    free(world->bytes);
    free(world);
    return 0;
}

static void open_target(struct world *world)
{
    struct error error = {0};

    assert_int_equal(world->target->open(world->state, INT64_MAX, &error), ERROR_OK);
}

static void expect_object(struct world *world, const char *name, const void *bytes, size_t size)
{
    struct buffer content;

    buffer_init(&content, 2 * OBJECT_BYTES);
    assert_true(now.read_object(world->place, name, &content));
    assert_int_equal(content.size, size);
    assert_memory_equal(content.bytes, bytes, size);
    buffer_deinit(&content);
}

static void what_put_said_is_stored_is_there_byte_for_byte(void **given) /* T1 */
{
    struct world *world = *given;
    struct error error = {0};

    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
    expect_object(world, world->batch.object_name, world->bytes, OBJECT_BYTES);
    assert_int_equal(now.count_objects(world->place), 1);
}

static void put_again_is_success_and_still_the_one_first_object(void **given) /* T2 */
{
    struct world *world = *given;
    uint8_t *other = malloc(OBJECT_BYTES);
    struct error error = {0};

    assert_non_null(other);
    memset(other, 0x55, OBJECT_BYTES); /* the same rows, encoded by another version */
    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
    world->batch.bytes = other;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error),
                         ERROR_OK);
    }
    assert_int_equal(now.count_objects(world->place), 1);
    expect_object(world, world->batch.object_name, world->bytes, OBJECT_BYTES);
    free(other);
}

static void a_new_instance_finds_what_the_old_one_stored(void **given) /* T1, T2 */
{
    struct world *world = *given;
    struct error error = {0};

    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
    world->target->close(world->state);
    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
    assert_int_equal(now.count_objects(world->place), 1);
}

static void different_names_are_different_objects(void **given)
{
    struct world *world = *given;
    char *digit = strstr(world->batch.object_name, "a1b2");
    struct error error = {0};

    open_target(world);
    for (int i = 0; i < 10; i++) {
        *digit = (char)('0' + i);
        world->bytes[0] = (uint8_t)i;
        assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error),
                         ERROR_OK);
        expect_object(world, world->batch.object_name, world->bytes, OBJECT_BYTES);
    }
    assert_int_equal(now.count_objects(world->place), 10);
}

static void a_deadline_in_the_past_is_a_timeout_and_no_half_object(void **given) /* T3 */
{
    struct world *world = *given;
    int64_t past = clock_monotonic_ns(&clock_system) - 1;
    struct error error = {0};

    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, past, &error), ERROR_TIMEOUT);
    assert_true(error.text[0] != '\0');
    assert_int_equal(now.count_objects(world->place), 0);
    assert_int_equal(world->target->open(world->state, past, &error), ERROR_TIMEOUT);
}

static void the_batch_stays_as_it_was(void **given) /* T4 */
{
    struct world *world = *given;
    struct batch before = world->batch;
    struct error error = {0};

    open_target(world);
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
    assert_memory_equal(&world->batch, &before, sizeof(before));
    for (size_t i = 0; i < OBJECT_BYTES; i++) {
        assert_int_equal(world->bytes[i], (uint8_t)(i * 7));
    }
}

static void close_works_in_every_state_and_twice(void **given) /* T5 */
{
    struct world *world = *given;
    struct error error = {0};
    void *zeroed = calloc(1, world->target->state_size);

    assert_non_null(zeroed);
    world->target->close(zeroed);
    free(zeroed);
    world->target->close(world->state);
    open_target(world);
    world->target->close(world->state);
    world->target->close(world->state);
    open_target(world); /* what was configured survives a close */
    assert_int_equal(world->target->put(world->state, &world->batch, INT64_MAX, &error), ERROR_OK);
}

static void any_failing_allocation_leaves_nothing_behind(void **given) /* T3, T5; leaks: ASan */
{
    struct world *world = *given;

    for (unsigned n = 1;; n++) {
        struct error error = {0};
        enum error_code code;
        bool fired;

        fault_alloc_arm(n);
        code = world->target->open(world->state, INT64_MAX, &error);
        if (code == ERROR_OK) {
            code = world->target->put(world->state, &world->batch, INT64_MAX, &error);
        }
        world->target->close(world->state);
        fired = fault_alloc_fired();
        fault_alloc_arm(0);
        assert_true(code == ERROR_OK || (fired && code == ERROR_NO_MEMORY));
        if (code == ERROR_OK) {
            expect_object(world, world->batch.object_name, world->bytes, OBJECT_BYTES);
        }
        assert_true(now.count_objects(world->place) <= 1);
        if (!fired) {
            return;
        }
    }
}

/* ---- the directory target ---- */

static void directory_set_up(const struct target *target, void *state, struct arena *arena,
                             char *place)
{
    struct error error = {0};

    memcpy(place, "/tmp/leat-target-XXXXXX", sizeof("/tmp/leat-target-XXXXXX"));
    assert_non_null(mkdtemp(place));
    assert_int_equal(option_set_fallbacks(target->options, state, arena, &error), ERROR_OK);
    assert_int_equal(option_set(option_find(target->options, "path"), place, state, arena, &error),
                     ERROR_OK);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *at)
{
    (void)found;
    (void)kind;
    (void)at;
    return remove(path);
}

static void directory_tear_down(const char *place)
{
    assert_int_equal(nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static bool directory_read(const char *place, const char *object_name, struct buffer *content)
{
    char path[2 * PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", place, object_name);
    return fs_read_file(path, content, NULL) == ERROR_OK;
}

static size_t file_count;

static int count_one(const char *path, const struct stat *found, int kind, struct FTW *at)
{
    (void)path;
    (void)found;
    (void)at;
    file_count += kind == FTW_F;
    return 0;
}

static size_t directory_count(const char *place)
{
    file_count = 0;
    assert_int_equal(nftw(place, count_one, 8, FTW_PHYS), 0);
    return file_count;
}

static const struct fixture fixtures[] = {
    {"directory", directory_set_up, directory_tear_down, directory_read, directory_count},
};

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(what_put_said_is_stored_is_there_byte_for_byte),
        CASE(put_again_is_success_and_still_the_one_first_object),
        CASE(a_new_instance_finds_what_the_old_one_stored),
        CASE(different_names_are_different_objects),
        CASE(a_deadline_in_the_past_is_a_timeout_and_no_half_object),
        CASE(the_batch_stays_as_it_was),
        CASE(close_works_in_every_state_and_twice),
        CASE(any_failing_allocation_leaves_nothing_behind),
    };
#undef CASE
    int failed = 0;

    for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
        now = fixtures[i];
        failed += cmocka_run_group_tests_name(now.name, cases, NULL, NULL);
    }
    for (size_t i = 0; target_registry[i] != NULL; i++) {
        failed += i >= sizeof(fixtures) / sizeof(fixtures[0]) ||
                  strcmp(target_registry[i]->name, fixtures[i].name) != 0;
    }
    return failed;
}
