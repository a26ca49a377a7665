#include "base/arena.h"
#include "base/clock.h"
#include "sync/batch.h"
#include "sync/target.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLD_S = 7200, LARGE_BYTES = 2 << 20 };

static const char object_folder[] = "raw/site=s/gateway=g/stream=readings/v=1/date=2026-03-01";
static const char object_file[] = "00112233445566ff-000000000001-000000000002-a1b2c3d4e5f6.parquet";

static struct arena arena;
static char root[64];
static void *state;
static uint8_t large[LARGE_BYTES];

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(root, sizeof(root), "/tmp/leat-directory-XXXXXX");
    arena_init(&arena, 65536);
    state = calloc(1, target_find("directory")->state_size);
    return state == NULL || mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *at)
{
    (void)found;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **unused)
{
    (void)unused;
    arena_deinit(&arena);
    free(state);
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_root(const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static const struct target *configured(const char *path, const char *mounted)
{
    const struct target *target = target_find("directory");
    struct error error;

    assert_int_equal(option_set_fallbacks(target->options, state, &arena, &error), ERROR_OK);
    assert_int_equal(option_set(option_find(target->options, "path"), path, state, &arena, &error),
                     ERROR_OK);
    assert_int_equal(
        option_set(option_find(target->options, "mounted"), mounted, state, &arena, &error),
        ERROR_OK);
    return target;
}

static enum error_code put(const struct target *target, const void *bytes, size_t size,
                           struct error *error)
{
    struct batch batch = {.bytes = bytes, .size_bytes = size};

    (void)snprintf(batch.object_name, sizeof(batch.object_name), "%s/%s", object_folder,
                   object_file);
    return target->put(state, &batch, INT64_MAX, error);
}

static void the_root_is_never_made(void **unused) /* Y2 */
{
    (void)unused;
    const struct target *target = configured(in_root("stick"), "false");
    struct error error = {0};

    assert_int_equal(target->open(state, INT64_MAX, &error), ERROR_BAD_CONFIG);
    assert_true(strstr(error.text, "stick is not there") != NULL);
    assert_int_equal(put(target, "x", 1, &error), ERROR_BAD_CONFIG); /* pulled out since open */
    assert_int_equal(access(in_root("stick"), F_OK), -1);
}

static void a_file_is_no_folder(void **unused)
{
    (void)unused;
    struct error error = {0};
    int file = open(in_root("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(file >= 0);
    (void)close(file); /* empty */
    assert_int_equal(configured(in_root("file"), "false")->open(state, INT64_MAX, &error),
                     ERROR_BAD_CONFIG);
    assert_true(strstr(error.text, "is not a folder") != NULL);
    assert_int_equal(configured(in_root("file/below"), "false")->open(state, INT64_MAX, &error),
                     ERROR_BAD_CONFIG);
}

/** qemu-user answers for one of the two from its sysroot. */
static bool root_is_its_own_parent(void)
{
    struct stat top;
    struct stat above;

    return stat("/", &top) == 0 && stat("//..", &above) == 0 && top.st_ino == above.st_ino;
}

static void mounted_asks_for_a_mount_at_the_path(void **unused) /* Y2 */
{
    (void)unused;
    struct error error = {0};

    assert_int_equal(configured(root, "true")->open(state, INT64_MAX, &error), ERROR_BAD_CONFIG);
    assert_true(strstr(error.text, "nothing is mounted") != NULL);
    assert_int_equal(configured(root, "false")->open(state, INT64_MAX, &error), ERROR_OK);
    assert_int_equal(configured("/dev/shm", "true")->open(state, INT64_MAX, &error), ERROR_OK);
    if (geteuid() == 0 &&
        root_is_its_own_parent()) { /* who may write there; it has nothing above it */
        assert_int_equal(configured("/", "true")->open(state, INT64_MAX, &error), ERROR_OK);
    }
}

static void leave_behind(const char *name, int64_t age_s)
{
    char path[PATH_MAX];
    struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
    int file;

    (void)snprintf(path, sizeof(path), "%s/%s/%s", root, object_folder, name);
    file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(futimens(file, times), 0);
    (void)close(file); /* empty */
}

static bool is_there(const char *name)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s/%s", root, object_folder, name);
    return access(path, F_OK) == 0;
}

static void old_leftovers_of_a_crash_are_removed_and_nothing_else(void **unused) /* Y3 */
{
    (void)unused;
    static const char *const kept[] = {"other.parquet", ".hidden", ".a.parquet.1234567",
                                       "a.parquet.123456"};
    const struct target *target = configured(root, "false");
    struct error error = {0};

    assert_int_equal(put(target, "x", 1, &error), ERROR_OK);
    leave_behind(".a.parquet.Ab12Cd", OLD_S);
    leave_behind(".b.parquet.Ab12Cd", 60); /* may belong to one who still writes */
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        leave_behind(kept[i], OLD_S);
    }
    assert_int_equal(put(target, "x", 1, &error), ERROR_OK);
    assert_false(is_there(".a.parquet.Ab12Cd"));
    assert_true(is_there(".b.parquet.Ab12Cd"));
    assert_true(is_there(object_file));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        assert_true(is_there(kept[i]));
    }
}

/** A small file system of its own over `root`; false, with the reason said: there can be none. */
static bool mount_small(unsigned long flags)
{
    if (geteuid() != 0 || mount("tmpfs", root, "tmpfs", flags, "size=1m") != 0) {
        print_message("skipped: mounting a tmpfs takes root and CAP_SYS_ADMIN\n");
        return false;
    }
    return true;
}

static void a_full_file_system_is_no_space_and_leaves_no_part(void **unused)
{
    (void)unused;
    struct error error = {0};

    if (!mount_small(0)) {
        skip();
    }
    const struct target *target = configured(root, "true");

    assert_int_equal(target->open(state, INT64_MAX, &error), ERROR_OK);
    assert_int_equal(put(target, large, LARGE_BYTES, &error), ERROR_NO_SPACE);
    assert_true(strstr(error.text, "free some space") != NULL);
    assert_false(is_there(object_file));
    assert_int_equal(put(target, large, 1000, &error), ERROR_OK); /* its room is free again */
    assert_int_equal(umount(root), 0);
}

static void a_read_only_mount_is_refused_with_a_sentence(void **unused)
{
    (void)unused;
    struct error error = {0};

    if (!mount_small(0)) {
        skip();
    }
    const struct target *target = configured(root, "true");

    assert_int_equal(put(target, "x", 1, &error), ERROR_OK);
    assert_int_equal(mount(NULL, root, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(target->open(state, INT64_MAX, &error), ERROR_REFUSED);
    assert_true(strstr(error.text, "read-only") != NULL);
    assert_int_equal(put(target, "x", 1, &error), ERROR_REFUSED);
    assert_int_equal(umount(root), 0);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(the_root_is_never_made),
        CASE(a_file_is_no_folder),
        CASE(mounted_asks_for_a_mount_at_the_path),
        CASE(old_leftovers_of_a_crash_are_removed_and_nothing_else),
        CASE(a_full_file_system_is_no_space_and_leaves_no_part),
        CASE(a_read_only_mount_is_refused_with_a_sentence),
    };
#undef CASE

    return cmocka_run_group_tests_name("directory", cases, NULL, NULL);
}
