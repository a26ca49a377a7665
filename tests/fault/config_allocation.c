#include "agent/config/check.h"
#include "tests/support/config_examples.h"
#include "tests/support/fault_alloc.h"

/* Each allocation of ours fails once; the sanitizer sees what is not freed. */

static int start(void **state)
{
    static struct config_folder folder;

    config_folder_make(&folder);
    *state = &folder;
    return 0;
}

static int end(void **state)
{
    fault_alloc_arm(0);
    config_folder_remove(*state);
    return 0;
}

/** Load with the n-th allocation failing, for each n. Returns how many there were. */
static unsigned sweep(struct config_folder *folder, enum error_code otherwise)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder->path);
    for (unsigned n = 1;; n++) {
        struct config *config = NULL;
        enum error_code code;
        bool fired;

        fault_alloc_arm(n);
        code = config_load(path, &config, &folder->findings, &folder->error);
        fired = fault_alloc_fired();
        fault_alloc_arm(0);
        if (!fired) {
            assert_int_equal(code, otherwise);
            config_free(config);
            return n - 1;
        }
        assert_null(config);
        if (code == ERROR_NO_MEMORY) {
            assert_non_null(strstr(folder->error.text, "not enough memory"));
        } else if (code != ERROR_BAD_CONFIG || otherwise != ERROR_BAD_CONFIG) {
            /* A refused device needs no fingerprint: its memory may fail unseen. */
            fail_msg("allocation %u: %s", n, folder->error.text);
        }
    }
}

static void every_allocation_of_a_good_load_may_fail(void **state)
{
    struct config_folder *folder = *state;

    config_examples_copy(folder);
    assert_true(sweep(folder, ERROR_OK) > 10);
}

static void every_allocation_of_a_template_may_fail(void **state)
{
    struct config_folder *folder = *state;
    static const char main_file[] = "site: s\ngateway: g\ndevices:\n"
                                    "  - { name: m, driver: modbus-tcp, address: h, template: t, "
                                    "only: [g, h], points: [{ name: p, scale: 2 }] }\n";
    static const char template[] =
        "vendor: V\nmodels: M\nprotocol: modbus\ndevice: { block: 10 }\ndocuments: { d: t }\n"
        "points:\n  - { name: p, group: g, address: input:0, type: int16, source: d }\n"
        "  - { name: q, group: h, address: input:1, type: int16, source: d }\n";

    config_folder_write(folder, "leat.yaml", main_file, sizeof(main_file) - 1);
    config_folder_write(folder, "templates/t.yaml", template, sizeof(template) - 1);
    assert_true(sweep(folder, ERROR_OK) > 10);
}

static void every_allocation_of_a_load_with_findings_may_fail(void **state)
{
    struct config_folder *folder = *state;
    static const char bad[] =
        "name: meter-3\ndriver: modbus-tcp\naddress: h:502\n"
        "points:\n  - { name: p, address: holding:1, type: int16, labels: { a: "
        "b } }\n  - { name: p, address: holding:2, type: int17 }\n";

    config_examples_copy(folder);
    config_folder_write(folder, "devices/zz.yaml", bad, sizeof(bad) - 1);
    assert_true(sweep(folder, ERROR_BAD_CONFIG) > 10);
}

static void checking_says_that_memory_ran_out(void **state)
{
    struct config_folder *folder = *state;
    char path[128];

    config_examples_copy(folder);
    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder->path);
    fault_alloc_arm(1);
    assert_int_equal(check_configuration(path, stdout, &folder->error), ERROR_NO_MEMORY);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(every_allocation_of_a_good_load_may_fail),
        IN_FOLDER(every_allocation_of_a_template_may_fail),
        IN_FOLDER(every_allocation_of_a_load_with_findings_may_fail),
        IN_FOLDER(checking_says_that_memory_ran_out),
    };

    return cmocka_run_group_tests_name("config_allocation", cases, NULL, NULL);
}
