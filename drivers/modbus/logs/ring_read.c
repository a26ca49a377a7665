#include "drivers/modbus/logs/functions.h"
#include "drivers/modbus/logs/reading.h"
#include "drivers/modbus/logs/ring.h"

#include <stdio.h>

/** Records that lie one behind the other. */
struct run {
    uint32_t place, count;
};

/** The records that come in the next request. */
static struct run next_run(const struct logs_turn *turn, const struct log *log,
                           const struct ring_view *view)
{
    const struct log_layout *layout = &log->layout;
    uint32_t place = ring_place(layout, view->next + (view->with_last ? layout->count - 1U : 0U));
    uint64_t wanted = view->left + (view->with_last ? 1 : 0);
    uint32_t most = log_layout_most(layout, (unsigned)turn->device->block);

    most = limit_to_ask(&log->limit, most);
    most = most < layout->count - place ? most : layout->count - place;
    return (struct run){.place = place, .count = wanted < most ? (uint32_t)wanted : most};
}

/** "holding:4000 to 4011", "records 3 to 5 of file:4". */
static void name_run(const struct log_layout *layout, struct run run, char text[80])
{
    unsigned step = layout->kind == LOG_FILE && !layout->by_register ? 1 : layout->length;
    unsigned first = layout->first + run.place * step;
    unsigned last = first + run.count * step - 1;

    (void)(layout->kind == LOG_FILE
               ? snprintf(text, 80, "records %u to %u of file:%u", first, last, layout->file)
               : snprintf(text, 80, "%s:%u to %u", table_name(layout->table), first, last));
}

/** Into device->answer->registers; a file's, too. What is no answer is complained of, and an
 *  exception of its own. */
static enum error_code ask_file(const struct logs_turn *turn, struct log *log, struct run run,
                                unsigned *exception, struct error *error)
{
    const struct log_layout *layout = &log->layout;
    const struct file_part part = {
        .file = layout->file,
        .first = (uint16_t)(layout->first + run.place * (layout->by_register ? layout->length : 1)),
        .count = (uint16_t)run.count,
        .length = layout->length,
        .by_register = layout->by_register,
    };
    uint8_t question[RAW_PDU_MAX];
    struct raw_call call = {.question = question,
                            .question_size = file_question(&part, question),
                            .measure = functions_measure};
    enum error_code code = ask_raw(turn->device, turn->asking, &call, exception, error);

    if (code != ERROR_OK || *exception != EXCEPTION_NONE) {
        return code;
    }
    if (file_take(&part, call.answer, call.answer_size, turn->device->answer->registers, error) !=
        ERROR_OK) {
        log_complain(turn, log, "%s", error->text);
        *exception = EXCEPTION_NO_TIME; /* nothing to take */
    }
    return ERROR_OK;
}

static enum error_code ask_run(const struct logs_turn *turn, struct log *log, struct run run,
                               unsigned *exception, struct error *error)
{
    const struct log_layout *layout = &log->layout;
    const struct plan_request request = {.table = layout->table,
                                         .first = layout->first + run.place * layout->length,
                                         .count = run.count * layout->length};

    return layout->kind == LOG_FILE
               ? ask_file(turn, log, run, exception, error)
               : ask_request(turn->device, turn->asking, &request, exception, error);
}

/** What the view found out (R2, R3). false: it goes on in another turn. */
static bool tell_news(const struct logs_turn *turn, struct log *log, const struct ring_view *view,
                      enum ring_news news)
{
    static const char *const reasons[] = {
        [RING_LOST] = "the device overwrote records before they were read",
        [RING_RESTARTED] = "the device cleared its log, or counts its records anew; how many were "
                           "not read before is not known",
        [RING_UNKNOWN] = "the last record that was read is no longer there: the device cleared its "
                         "log, or overwrote records before they were read; how many is not known",
    };

    log->position.next = view->next;
    log->position.sum = 0;
    log->position.after_ns = news == RING_UNKNOWN ? log->position.time_ns : INT64_MIN;
    return log_tell_unread(turn, log, reasons[news], view->lost);
}

/** What came for a run. false: it goes on in another turn. */
static bool take_run(const struct logs_turn *turn, struct log *log, struct ring_view *view,
                     uint32_t count)
{
    const uint16_t *record = turn->device->answer->registers;

    if (view->with_last) {
        if (log_record_sum(log, record) != log->position.sum) { /* R1 */
            enum ring_news news = ring_see_again(&log->layout, view);

            return tell_news(turn, log, view, news);
        }
        view->with_last = false;
        log->is_compared = true;
        record += log->layout.length;
        count--;
    }
    for (uint32_t i = 0; i < count; i++, record += log->layout.length) {
        if (!log_take_record(turn, log, record)) {
            (void)log_keep_position(log, turn->sink); /* else with the next one */
            return false;
        }
        view->next = ring_after(&log->layout, view->next);
        view->left--;
        log->position.next = view->next;
        log->position.after_ns = view->left == 0 ? INT64_MIN : log->position.after_ns;
    }
    return !log->is_unsaved || log_keep_position(log, turn->sink);
}

static enum error_code read_records(const struct logs_turn *turn, struct log *log,
                                    struct ring_view *view, struct error *error)
{
    bool is_first = true;
    bool goes_on = true;

    while (goes_on && (view->with_last || view->left > 0)) {
        unsigned exception = 0;
        uint64_t left = view->left;
        struct run run = next_run(turn, log, view);
        enum error_code code;

        if (!is_first && clock_monotonic_ns(turn->asking->clock) >= turn->until_ns) { /* G1 */
            break;
        }
        code = ask_run(turn, log, run, &exception, error);
        if (code != ERROR_OK) {
            return code;
        }
        if (exception_is_refusal(exception) && run.count > 1) {
            (void)limit_refused(&log->limit, run.count, true); /* its places are no guess */
            continue;
        }
        if (exception != EXCEPTION_NONE) {
            if (exception != EXCEPTION_NO_TIME) {
                char text[80];

                name_run(&log->layout, run, text);
                log_complain(turn, log, "the device refuses %s: %s", text,
                             exception_name(exception));
            }
            break;
        }
        log->is_complained = false;
        limit_answered(&log->limit, run.count);
        goes_on = take_run(turn, log, view, run.count);
        is_first = is_first && view->left >= left; /* comparing alone (R1) is not it */
    }
    log->is_behind = view->left > 0;
    return ERROR_OK;
}

enum error_code ring_read(const struct logs_turn *turn, struct log *log, struct error *error)
{
    struct plan_request request = log_index_request(log);
    const struct log_position *known = log->has_position ? &log->position : NULL;
    struct sample index = {0};
    struct ring_view view;
    enum ring_news news;
    unsigned exception = 0;
    enum error_code code = ask_request(turn->device, turn->asking, &request, &exception, error);

    if (code != ERROR_OK || exception == EXCEPTION_NO_TIME) {
        return code;
    }
    if (exception != EXCEPTION_NONE) {
        log_complain(turn, log, "the device refuses its index, %s:%u: %s",
                     table_name(request.table), request.first, exception_name(exception));
        return ERROR_OK;
    }
    value_decode(&log->layout.index_format, turn->device->answer->registers, &index, NULL);
    if (!ring_see(&log->layout, known, (uint64_t)index.value.integer, &view, &news)) {
        log_complain(turn, log, "index: it says %lld, which is no record of %u; check index_first",
                     (long long)index.value.integer, log->layout.count);
        return ERROR_OK;
    }
    if (news != RING_AS_KNOWN && !tell_news(turn, log, &view, news)) {
        return ERROR_OK;
    }
    if (known == NULL && view.left > 0) {
        log_start_position(log, view.next);
        log->is_compared = true;
    }
    view.with_last = view.with_last && (view.left > 0 || !log->is_compared);
    return read_records(turn, log, &view, error);
}
