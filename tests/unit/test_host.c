#include "agent/machine/host.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct root {
    char folder[64]; /* in the build folder: not in memory, as /tmp may be */
};

static int set_up(void **state)
{
    struct root *root = calloc(1, sizeof(*root));

    assert_non_null(root);
    (void)snprintf(root->folder, sizeof(root->folder), "leat-host-XXXXXX");
    assert_non_null(mkdtemp(root->folder));
    *state = root;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    struct root *root = *state;

    assert_int_equal(nftw(root->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(root);
    return 0;
}

static void put(const struct root *root, const char *path, const char *text, size_t size)
{
    char full[256], *last;

    (void)snprintf(full, sizeof(full), "%s%s", root->folder, path);
    last = strrchr(full, '/');
    *last = '\0';
    assert_int_equal(fs_make_directories(full, NULL), ERROR_OK);
    *last = '/';
    assert_int_equal(fs_replace_file(full, text, size, 0600, NULL), ERROR_OK);
}

static void put_text(const struct root *root, const char *path, const char *text)
{
    put(root, path, text, strlen(text));
}

static struct host read_host(const struct root *root)
{
    struct host host;
    struct error error;

    assert_int_equal(host_read(root->folder, &host, &error), ERROR_OK);
    return host;
}

static void a_machine_that_tells_nothing_is_not_known(void **state)
{
    struct host host = read_host(*state);

    assert_string_equal(host.machine, "");
    assert_string_equal(host.hardware, "");
}

static void the_same_texts_are_the_same_machine_and_do_not_show(void **state)
{
    static const char id[] = "3d1219c7c4c5404aaa1f6d2a48adfda4";
    struct host first, second;

    put_text(*state, "/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n");
    put(*state, "/proc/device-tree/serial-number", "10000000abcd1234", 17);
    first = read_host(*state);
    second = read_host(*state);
    assert_int_equal(strlen(first.machine), 16);
    assert_string_equal(first.machine, second.machine);
    assert_string_equal(first.hardware, second.hardware);
    assert_int_equal(strncmp(first.hardware, "tree:", 5), 0);
    assert_null(strstr(id, first.machine));
    assert_null(strstr(first.hardware, "abcd1234"));
    put_text(*state, "/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda5\n");
    second = read_host(*state);
    assert_string_not_equal(first.machine, second.machine);
    assert_string_equal(first.hardware, second.hardware);
}

static void what_every_board_says_is_no_serial_number(void **state)
{
    static const char *const nothing[] = {"",
                                          "\n",
                                          "0000000000000000",
                                          "None",
                                          "Default string\n",
                                          "ffffffff-ffff-ffff",
                                          "To Be Filled By O.E.M."};
    struct host host;

    put_text(*state, "/etc/machine-id", "uninitialized\n");
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        put_text(*state, "/sys/devices/soc0/serial_number", nothing[i]);
        host = read_host(*state);
        assert_string_equal(host.machine, "");
        assert_string_equal(host.hardware, "");
    }
    put_text(*state, "/sys/class/dmi/id/product_uuid", "4c4c4544-0042-3510-8052-b4c04f503232\n");
    host = read_host(*state);
    assert_int_equal(strncmp(host.hardware, "product:", 8), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(a_machine_that_tells_nothing_is_not_known),
        CASE(the_same_texts_are_the_same_machine_and_do_not_show),
        CASE(what_every_board_says_is_no_serial_number),
    };

    return cmocka_run_group_tests_name("host", cases, NULL, NULL);
}
