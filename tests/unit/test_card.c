/* An eMMC's own words, from a sysfs of the test's making. */
#include "agent/machine/card.h"
#include "tests/support/temporary.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int set_up(void **state)
{
    struct temporary *temporary = calloc(1, sizeof(*temporary));

    assert_non_null(temporary);
    temporary_make(temporary);
    *state = temporary;
    return 0;
}

static int tear_down(void **state)
{
    temporary_remove(*state);
    free(*state);
    return 0;
}

static void put(struct temporary *temporary, const char *name, const char *text)
{
    const char *path = temporary_file(temporary, name);
    FILE *file;

    for (const char *at = path + strlen(temporary->folder) + 1; (at = strchr(at, '/')) != NULL;
         at++) {
        char folder[TEMPORARY_PATH_SIZE];

        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
        (void)mkdir(folder, 0700); /* there or not */
    }
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/** Say that the test's own file stands on `device`. */
static void stand_on(struct temporary *temporary, const char *device)
{
    char name[64], target[128];
    struct stat about;

    assert_int_equal(stat(temporary->folder, &about), 0);
    put(temporary, "dev/block/keep", "");
    (void)snprintf(name, sizeof(name), "dev/block/%u:%u", major(about.st_dev), minor(about.st_dev));
    (void)snprintf(target, sizeof(target), "../../%s", device);
    (void)unlink(temporary_file(temporary, name));
    assert_int_equal(symlink(target, temporary_file(temporary, name)), 0);
}

static void an_emmc_below_a_partition_says_how_old_it_is(void **state)
{
    struct temporary *temporary = *state;
    struct card_health health;

    put(temporary, "devices/mmc0/block/mmcblk0/device/life_time", "0x02 0x0a\n");
    put(temporary, "devices/mmc0/block/mmcblk0/device/pre_eol_info", "0x01\n");
    put(temporary, "devices/mmc0/block/mmcblk0/mmcblk0p2/partition", "2\n");
    stand_on(temporary, "devices/mmc0/block/mmcblk0/mmcblk0p2");
    assert_true(card_read(temporary->folder, temporary->folder, &health));
    assert_string_equal(health.name, "mmcblk0");
    assert_int_equal(health.used[0], 2);
    assert_int_equal(health.used[1], 10);
    assert_int_equal(health.spare, 1);
    stand_on(temporary, "devices/mmc0/block/mmcblk0"); /* without partitions */
    assert_true(card_read(temporary->folder, temporary->folder, &health));
    assert_string_equal(health.name, "mmcblk0");
}

static void a_mapping_is_followed_to_what_is_below_it(void **state)
{
    struct temporary *temporary = *state;
    struct card_health health;

    put(temporary, "devices/mmc0/block/mmcblk0/device/life_time", "0x01 0x01\n");
    put(temporary, "devices/mmc0/block/mmcblk0/mmcblk0p2/partition", "2\n");
    put(temporary, "devices/virtual/block/dm-0/slaves/keep", "");
    assert_int_equal(unlink(temporary_file(temporary, "devices/virtual/block/dm-0/slaves/keep")),
                     0);
    assert_int_equal(
        symlink("../../../../mmc0/block/mmcblk0/mmcblk0p2",
                temporary_file(temporary, "devices/virtual/block/dm-0/slaves/mmcblk0p2")),
        0);
    stand_on(temporary, "devices/virtual/block/dm-0");
    assert_true(card_read(temporary->folder, temporary->folder, &health));
    assert_string_equal(health.name, "mmcblk0");
    assert_int_equal(health.spare, 0); /* not told */
    assert_int_equal(
        symlink("../dm-0", temporary_file(temporary, "devices/virtual/block/dm-0/slaves/other")),
        0); /* two devices below: none of them is meant */
    assert_false(card_read(temporary->folder, temporary->folder, &health));
}

static void what_tells_nothing_is_no_emmc(void **state)
{
    struct temporary *temporary = *state;
    static const char *const rubbish[] = {"", "\n", "0x01\n", "0x01 what\n", "0x01 0x1000\n"};
    struct card_health health;

    assert_false(card_read(temporary->folder, temporary->folder, &health));
    put(temporary, "devices/sda/sda1/partition", "1\n");
    stand_on(temporary, "devices/sda/sda1");
    assert_false(card_read(temporary->folder, temporary->folder, &health));
    for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
        put(temporary, "devices/sda/device/life_time", rubbish[i]);
        assert_false(card_read(temporary->folder, temporary->folder, &health));
    }
    assert_false(card_read(temporary->folder, "/no/such/file", &health));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(an_emmc_below_a_partition_says_how_old_it_is),
        CASE(a_mapping_is_followed_to_what_is_below_it),
        CASE(what_tells_nothing_is_no_emmc),
    };

    return cmocka_run_group_tests_name("card", cases, NULL, NULL);
}
