/* Functions 20 and 24 as bytes: the examples of Modbus Application Protocol 1.1b3, 6.14 and 6.18,
 * and answers that are none. */
#include "drivers/modbus/logs/functions.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void records_are_asked_for_one_by_one(void **unused)
{
    (void)unused;
    static const uint8_t wanted[] = {0x14, 14, 6, 0, 4, 0, 1, 0, 2, 6, 0, 4, 0, 2, 0, 2};
    const struct file_part part = {.file = 4, .first = 1, .count = 2, .length = 2};
    uint8_t pdu[RAW_PDU_MAX];

    assert_int_equal(file_question(&part, pdu), sizeof(wanted));
    assert_memory_equal(pdu, wanted, sizeof(wanted));
}

static void registers_of_a_file_are_asked_for_at_once(void **unused)
{
    (void)unused;
    static const uint8_t wanted[] = {0x14, 7, 6, 0xab, 0xcd, 0x27, 0x0c, 0, 4};
    const struct file_part part = {
        .file = 0xabcd, .first = 9996, .count = 2, .length = 2, .by_register = true};
    uint8_t pdu[RAW_PDU_MAX];

    assert_int_equal(file_question(&part, pdu), sizeof(wanted));
    assert_memory_equal(pdu, wanted, sizeof(wanted));
}

static void the_most_records_fill_an_answer_and_a_question(void **unused)
{
    (void)unused;
    for (uint16_t length = 1; length <= 125; length++) {
        for (unsigned way = 0; way < 2; way++) {
            bool by_register = way == 1;
            unsigned most = file_part_most(length, by_register);
            unsigned asked = 7 * (by_register ? 1 : most);
            unsigned answered = by_register ? 2 + most * length * 2 : most * (2 + length * 2U);
            unsigned more = answered + length * 2U + (by_register ? 0 : 2);

            assert_true(asked <= 245 && answered <= 245);
            assert_true(more > 245 || asked + 7 > 245);
        }
    }
    assert_int_equal(file_part_most(122, true), 0);
    assert_int_equal(file_part_most(122, false), 0);
}

static const uint8_t records[] = {0x14, 12, 5, 6,    0x0d, 0xfe, 0x00,
                                  0x20, 5,  6, 0x33, 0xcd, 0x00, 0x40};

static void records_of_an_answer_are_taken(void **unused)
{
    (void)unused;
    static const uint16_t wanted[] = {0x0dfe, 0x0020, 0x33cd, 0x0040};
    static const uint8_t at_once[] = {0x14, 10, 9, 6, 0x0d, 0xfe, 0, 0x20, 0x33, 0xcd, 0, 0x40};
    struct file_part part = {.file = 4, .first = 1, .count = 2, .length = 2};
    uint16_t registers[4] = {0};

    assert_int_equal(file_take(&part, records, sizeof(records), registers, NULL), ERROR_OK);
    assert_memory_equal(registers, wanted, sizeof(wanted));
    part.by_register = true;
    memset(registers, 0, sizeof(registers));
    assert_int_equal(file_take(&part, at_once, sizeof(at_once), registers, NULL), ERROR_OK);
    assert_memory_equal(registers, wanted, sizeof(wanted));
}

static void answers_with_other_records_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        unsigned at;
        uint8_t byte;
    } spoilt[] = {{0, 0x15}, {1, 11}, {2, 4}, {3, 7}, {8, 7}, {9, 5}};
    const struct file_part part = {.file = 4, .first = 1, .count = 2, .length = 2};
    struct error error = {0};
    uint16_t registers[4];

    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        uint8_t pdu[sizeof(records)];

        memcpy(pdu, records, sizeof(records));
        pdu[spoilt[i].at] = spoilt[i].byte;
        assert_int_equal(file_take(&part, pdu, sizeof(pdu), registers, &error), ERROR_PROTOCOL);
        assert_non_null(strstr(error.text, "function 20"));
    }
    for (size_t size = 1; size < sizeof(records); size++) {
        assert_int_equal(file_take(&part, records, size, registers, &error), ERROR_PROTOCOL);
    }
}

static const uint8_t queued[] = {0x18, 0, 6, 0, 2, 0x01, 0xb8, 0x12, 0x84};

static void a_queue_is_asked_for_and_taken(void **unused)
{
    (void)unused;
    static const uint8_t wanted[] = {0x18, 0x04, 0xde};
    uint8_t pdu[RAW_PDU_MAX];
    uint16_t registers[QUEUE_REGISTERS_MAX];
    unsigned count = 9;

    assert_int_equal(queue_question(1246, pdu), sizeof(wanted));
    assert_memory_equal(pdu, wanted, sizeof(wanted));
    assert_int_equal(queue_take(queued, sizeof(queued), registers, &count, NULL), ERROR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(registers[0], 0x01b8);
    assert_int_equal(registers[1], 0x1284);
    assert_int_equal(queue_take((const uint8_t[]){0x18, 0, 2, 0, 0}, 5, registers, &count, NULL),
                     ERROR_OK);
    assert_int_equal(count, 0);
}

static void what_is_no_queue_is_refused(void **unused)
{
    (void)unused;
    struct error error = {0};
    uint16_t registers[QUEUE_REGISTERS_MAX];
    uint8_t pdu[RAW_PDU_MAX] = {0x18, 0, 2 + 2 * 32, 0, 32};
    unsigned count;

    assert_int_equal(queue_take(pdu, 5 + 2 * 32, registers, &count, &error), ERROR_PROTOCOL);
    for (size_t size = 1; size < sizeof(queued); size++) {
        assert_int_equal(queue_take(queued, size, registers, &count, &error), ERROR_PROTOCOL);
        assert_non_null(strstr(error.text, "function 24"));
    }
    memcpy(pdu, queued, sizeof(queued));
    pdu[2] = 8; /* what the counts say differs */
    assert_int_equal(queue_take(pdu, sizeof(queued), registers, &count, &error), ERROR_PROTOCOL);
    pdu[2] = 6;
    pdu[0] = 3;
    assert_int_equal(queue_take(pdu, sizeof(queued), registers, &count, &error), ERROR_PROTOCOL);
}

static void answers_are_measured_as_they_come(void **unused)
{
    (void)unused;
    assert_int_equal(functions_measure(records, 1), 2);
    assert_int_equal(functions_measure(records, 2), sizeof(records));
    assert_int_equal(functions_measure(records, sizeof(records)), sizeof(records));
    assert_int_equal(functions_measure(queued, 1), 3);
    assert_int_equal(functions_measure(queued, 3), sizeof(queued));
    assert_int_equal(functions_measure((const uint8_t[]){3}, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_asked_for_one_by_one),
        cmocka_unit_test(registers_of_a_file_are_asked_for_at_once),
        cmocka_unit_test(the_most_records_fill_an_answer_and_a_question),
        cmocka_unit_test(records_of_an_answer_are_taken),
        cmocka_unit_test(answers_with_other_records_are_refused),
        cmocka_unit_test(a_queue_is_asked_for_and_taken),
        cmocka_unit_test(what_is_no_queue_is_refused),
        cmocka_unit_test(answers_are_measured_as_they_come),
    };

    return cmocka_run_group_tests_name("modbus_log_functions", tests, NULL, NULL);
}
