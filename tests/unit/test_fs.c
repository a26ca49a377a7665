#include "base/cleanup.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"
#include "tests/support/fault_link.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int start(void **state)
{
    static char folder[64];

    (void)snprintf(folder, sizeof(folder), "/tmp/leat-fs-XXXXXX");
    *state = mkdtemp(folder);
    return *state == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

static int end(void **state)
{
    return nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in(void **state, const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", (const char *)*state, name);
    return path;
}

static size_t entries_of(void **state)
{
    DIR *folder = opendir(*state);
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder); /* only read */
    return count - 2;
}

static void assert_content(const char *path, const char *expected)
{
    struct buffer content;

    buffer_init(&content, 4096);
    assert_int_equal(fs_read_file(path, &content, NULL), ERROR_OK);
    assert_int_equal(content.size, strlen(expected));
    assert_memory_equal(content.bytes, expected, content.size);
    buffer_deinit(&content);
}

static void f1_replace_makes_and_replaces_a_whole_file(void **state)
{
    struct stat found;
    struct error error = {0};

    assert_int_equal(fs_replace_file(in(state, "a"), "one", 3, 0600, &error), ERROR_OK);
    assert_content(in(state, "a"), "one");
    assert_int_equal(fs_replace_file(in(state, "a"), "two!", 4, 0640, &error), ERROR_OK);
    assert_content(in(state, "a"), "two!");
    assert_int_equal(stat(in(state, "a"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
    assert_int_equal(entries_of(state), 1);
}

static void f1_create_never_overwrites(void **state)
{
    bool existed = true;
    struct error error = {0};

    assert_int_equal(fs_create_file(in(state, "a"), "one", 3, &existed, &error), ERROR_OK);
    assert_false(existed);
    assert_int_equal(fs_create_file(in(state, "a"), "two", 3, &existed, &error), ERROR_OK);
    assert_true(existed);
    assert_content(in(state, "a"), "one");
    assert_int_equal(entries_of(state), 1);
}

static void f1_create_never_overwrites_without_hard_links_either(void **state)
{
    static const struct {
        int link_errno, rename_errno;
    } file_systems[] = {{EPERM, 0}, {EOPNOTSUPP, 0}, {EPERM, EINVAL}, {ENOSYS, ENOSYS}};
    char name[] = "a0";

    for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
        struct error error = {0};
        bool existed = true;

        name[1] = (char)('0' + i);
        fault_link_arm(file_systems[i].link_errno, file_systems[i].rename_errno);
        assert_int_equal(fs_create_file(in(state, name), "one", 3, &existed, &error), ERROR_OK);
        assert_false(existed);
        assert_int_equal(fs_create_file(in(state, name), "two", 3, &existed, &error), ERROR_OK);
        assert_true(existed);
        assert_content(in(state, name), "one");
        assert_int_equal(entries_of(state), i + 1); /* no temporary name stays */
    }
    fault_link_arm(EPERM, EROFS);
    assert_int_equal(fs_create_file(in(state, "b"), "one", 3, &(bool){false}, NULL), ERROR_REFUSED);
    assert_int_equal(entries_of(state), 4);
    fault_link_arm(EIO, 0);
    assert_int_equal(fs_create_file(in(state, "b"), "one", 3, &(bool){false}, NULL), ERROR_IO);
    assert_int_equal(entries_of(state), 4);
    fault_link_arm(0, 0);
}

static void f1_a_failed_write_leaves_the_old_file_and_no_other(void **state)
{
    static char large[100000];
    struct rlimit before;
    struct rlimit small;
    struct error error = {0};
    bool existed = true;

    assert_int_equal(fs_replace_file(in(state, "a"), "old", 3, 0600, &error), ERROR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN); /* write() then says EFBIG */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum error_code replaced = fs_replace_file(in(state, "a"), large, sizeof(large), 0600, &error);
    enum error_code created = fs_create_file(in(state, "b"), large, sizeof(large), &existed, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

    assert_int_equal(replaced, ERROR_IO);
    assert_int_equal(created, ERROR_IO);
    assert_true(existed); /* an output is written on success only */
    assert_int_equal(error.system_errno, EFBIG);
    assert_non_null(strstr(error.text, "cannot write "));
    assert_content(in(state, "a"), "old");
    assert_int_equal(entries_of(state), 1);
}

static void f2_a_missing_folder_or_file_is_unreachable(void **state)
{
    struct buffer content;
    struct error error = {0};
    bool existed;

    buffer_init(&content, 10);
    assert_int_equal(fs_read_file(in(state, "none"), &content, &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "/none: No such file or directory"));
    assert_int_equal(error.system_errno, ENOENT);
    assert_int_equal(fs_replace_file(in(state, "no/a"), "", 0, 0600, &error), ERROR_UNREACHABLE);
    assert_int_equal(fs_create_file(in(state, "no/a"), "", 0, &existed, &error), ERROR_UNREACHABLE);
    buffer_deinit(&content);
}

static void f2_each_errno_has_its_class_and_its_advice(void **unused)
{
    (void)unused;
    const struct {
        int system_errno;
        enum error_code code;
        const char *advice;
    } rows[] = {
        {ENOSPC, ERROR_NO_SPACE, "; free some space there"},
        {EDQUOT, ERROR_NO_SPACE, "; free some space there"},
        {EROFS, ERROR_REFUSED, "; it is mounted read-only"},
        {EACCES, ERROR_REFUSED, "; give the user that runs this program the right to it"},
        {EPERM, ERROR_REFUSED, "; give the user that runs this program the right to it"},
        {ENOENT, ERROR_UNREACHABLE, "directory"},
        {ENOTDIR, ERROR_UNREACHABLE, "directory"},
        {ENOMEM, ERROR_NO_MEMORY, "memory"},
        {EIO, ERROR_IO, "cannot sync /x: Input/output error"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {0};

        assert_int_equal(fs_error(&error, rows[i].system_errno, "sync", "/x"), rows[i].code);
        assert_int_equal(error.system_errno, rows[i].system_errno);
        assert_non_null(strstr(error.text, rows[i].advice));
        assert_int_equal(fs_error(NULL, rows[i].system_errno, "sync", "/x"), rows[i].code);
    }
}

static void a_file_is_read_up_to_the_maximum_and_no_byte_more(void **state)
{
    static char text[1000];
    const size_t sizes[] = {0, 1, 100, 256, 1000};

    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer content;
        struct error error = {0};

        assert_int_equal(fs_replace_file(in(state, "a"), text, sizes[i], 0600, NULL), ERROR_OK);
        buffer_init(&content, sizes[i]);
        assert_int_equal(fs_read_file(in(state, "a"), &content, &error), ERROR_OK);
        assert_int_equal(content.size, sizes[i]);
        buffer_deinit(&content);
        if (sizes[i] > 0) {
            buffer_init(&content, sizes[i] - 1);
            assert_int_equal(fs_read_file(in(state, "a"), &content, &error), ERROR_BAD_DATA);
            assert_non_null(strstr(error.text, "is larger than"));
            assert_true(content.size <= sizes[i] - 1);
            buffer_deinit(&content);
        }
    }
}

static void reading_appends_and_says_when_memory_runs_out(void **state)
{
    struct buffer content;
    struct error error = {0};

    assert_int_equal(fs_replace_file(in(state, "a"), "two", 3, 0600, NULL), ERROR_OK);
    buffer_init(&content, 6);
    assert_true(buffer_append(&content, "one", 3));
    assert_int_equal(fs_read_file(in(state, "a"), &content, &error), ERROR_OK);
    assert_memory_equal(content.bytes, "onetwo", 6);
    buffer_deinit(&content);
    buffer_init(&content, 6);
    fault_alloc_arm(1);
    assert_int_equal(fs_read_file(in(state, "a"), &content, &error), ERROR_NO_MEMORY);
    fault_alloc_arm(0);
    buffer_deinit(&content);
}

static void reading_a_folder_is_an_error_of_its_own(void **state)
{
    struct buffer content;
    struct error error = {0};

    buffer_init(&content, 10);
    assert_int_equal(fs_read_file(*state, &content, &error), ERROR_IO);
    assert_int_equal(error.system_errno, EISDIR);
    buffer_deinit(&content);
}

static void folders_are_made_down_to_the_last(void **state)
{
    struct error error = {0};

    assert_int_equal(fs_make_directories(in(state, "a/b//c"), &error), ERROR_OK);
    assert_int_equal(fs_make_directories(in(state, "a/b/c/"), &error), ERROR_OK); /* again */
    assert_int_equal(access(in(state, "a/b/c"), X_OK), 0);
    assert_int_equal(fs_make_directories("/", &error), ERROR_OK);
}

static void a_file_in_the_way_of_a_folder_is_said(void **state)
{
    struct error error = {0};

    assert_int_equal(fs_replace_file(in(state, "a"), "", 0, 0600, NULL), ERROR_OK);
    assert_int_equal(fs_make_directories(in(state, "a"), &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "/a: Not a directory"));
    assert_int_equal(fs_make_directories(in(state, "a/b"), &error), ERROR_UNREACHABLE);
}

static void paths_that_are_too_long_are_refused(void **unused)
{
    (void)unused;
    static char path[PATH_MAX + 10];
    struct error error = {0};
    bool existed;

    memset(path, 'x', sizeof(path) - 1);
    assert_int_equal(fs_make_directories(path, &error), ERROR_BAD_CONFIG);
    assert_int_equal(fs_replace_file(path, "", 0, 0600, &error), ERROR_BAD_CONFIG);
    assert_int_equal(fs_create_file(path, "", 0, &existed, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, "is too long"));
}

static void a_name_without_a_folder_means_this_one(void **state)
{
    char before[PATH_MAX];

    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(fs_replace_file("a", "x", 1, 0600, NULL), ERROR_OK);
    assert_int_equal(chdir(before), 0);
    assert_content(in(state, "a"), "x");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

static void a_copy_holds_the_same_and_overwrites_nothing(void **state)
{
    char from[PATH_MAX];
    struct error error;

    (void)snprintf(from, sizeof(from), "%s", in(state, "from"));
    assert_int_equal(fs_replace_file(from, "water", 5, 0600, &error), ERROR_OK);
    assert_int_equal(fs_copy_file(from, in(state, "to"), &error), ERROR_OK);
    assert_content(in(state, "to"), "water");
    assert_int_equal(fs_replace_file(from, "wine", 4, 0600, &error), ERROR_OK);
    assert_int_equal(fs_copy_file(from, in(state, "to"), &error), ERROR_REFUSED);
    assert_non_null(strstr(error.text, "there already"));
    assert_content(in(state, "to"), "water");
    assert_int_equal(fs_copy_file(in(state, "missing"), from, &error), ERROR_UNREACHABLE);
    assert_content(from, "wine");
}

static void a_copy_that_failed_leaves_nothing_behind(void **state)
{
    struct rlimit before, least;
    char from[PATH_MAX];
    char bytes[4096] = "water";
    struct error error;

    (void)snprintf(from, sizeof(from), "%s", in(state, "from"));
    assert_int_equal(fs_replace_file(from, bytes, sizeof(bytes), 0600, &error), ERROR_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    least = before;
    least.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &least), 0);
    assert_int_not_equal(fs_copy_file(from, in(state, "to"), &error), ERROR_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(entries_of(state), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(f1_replace_makes_and_replaces_a_whole_file),
        IN_FOLDER(f1_create_never_overwrites),
        IN_FOLDER(f1_create_never_overwrites_without_hard_links_either),
        IN_FOLDER(f1_a_failed_write_leaves_the_old_file_and_no_other),
        IN_FOLDER(f2_a_missing_folder_or_file_is_unreachable),
        cmocka_unit_test(f2_each_errno_has_its_class_and_its_advice),
        IN_FOLDER(a_file_is_read_up_to_the_maximum_and_no_byte_more),
        IN_FOLDER(reading_appends_and_says_when_memory_runs_out),
        IN_FOLDER(reading_a_folder_is_an_error_of_its_own),
        IN_FOLDER(folders_are_made_down_to_the_last),
        IN_FOLDER(a_file_in_the_way_of_a_folder_is_said),
        cmocka_unit_test(paths_that_are_too_long_are_refused),
        IN_FOLDER(a_name_without_a_folder_means_this_one),
        cmocka_unit_test_setup_teardown(a_copy_holds_the_same_and_overwrites_nothing, start, end),
        cmocka_unit_test_setup_teardown(a_copy_that_failed_leaves_nothing_behind, start, end),
    };

    return cmocka_run_group_tests_name("fs", cases, NULL, NULL);
}
