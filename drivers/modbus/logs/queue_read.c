#include "drivers/modbus/logs/functions.h"
#include "drivers/modbus/logs/reading.h"

/** F1: how many of the records were taken already; *is_gone: the last one is not among them. */
static unsigned count_known(const struct log *log, const uint16_t *registers, unsigned records,
                            bool *is_gone)
{
    unsigned known = records;

    while (known > 0 && log_record_sum(log, registers + (size_t)(known - 1) * log->layout.length) !=
                            log->position.sum) {
        known--;
    }
    *is_gone = known == 0 && log->position.sum != 0;
    return known;
}

/** What is in the queue. */
static void take_all(const struct logs_turn *turn, struct log *log, const uint16_t *registers,
                     unsigned count)
{
    size_t length = log->layout.length;
    unsigned records = count / log->layout.length;
    bool is_full = count + length > QUEUE_REGISTERS_MAX;
    bool is_gone = false;
    size_t at = 0;

    if (!log->has_position) {
        log_start_position(log, 0);
    } else {
        at = count_known(log, registers, records, &is_gone);
    }
    if (is_gone) {
        log->position.sum = 0;
        if (is_full && !log_tell_unread(turn, log, /* F2 */
                                        "the queue is full, and the last record that was read is "
                                        "no longer in it; how many were dropped is not known",
                                        0)) {
            return;
        }
    }
    for (; at < records && log_take_record(turn, log, registers + at * length); at++) {
    }
    log->is_behind = at < records;
    if (log->is_unsaved) {
        (void)log_keep_position(log, turn->sink); /* else with the next one */
    }
}

enum error_code queue_read(const struct logs_turn *turn, struct log *log, struct error *error)
{
    uint16_t registers[QUEUE_REGISTERS_MAX];
    uint8_t question[RAW_PDU_MAX];
    struct raw_call call = {.question = question,
                            .question_size = queue_question(log->layout.first, question),
                            .measure = functions_measure};
    unsigned exception = EXCEPTION_NONE;
    unsigned count = 0;
    enum error_code code = ask_raw(turn->device, turn->asking, &call, &exception, error);

    if (code != ERROR_OK || exception == EXCEPTION_NO_TIME) {
        return code;
    }
    if (exception != EXCEPTION_NONE) {
        log_complain(turn, log, "the device refuses %s: %s", log->layout.records,
                     exception_name(exception));
        return ERROR_OK;
    }
    if (queue_take(call.answer, call.answer_size, registers, &count, error) != ERROR_OK) {
        log_complain(turn, log, "%s", error->text);
        return ERROR_OK;
    }
    if (count % log->layout.length != 0) {
        log_complain(turn, log,
                     "the queue holds %u registers, which is no whole number of records "
                     "of %u; check length",
                     count, log->layout.length);
    } else {
        log->is_complained = false;
    }
    take_all(turn, log, registers, count);
    return ERROR_OK;
}
