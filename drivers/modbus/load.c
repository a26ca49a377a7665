#include "drivers/modbus/load.h"

#include "base/clock.h"

#include <assert.h>

/* Modbus over Serial Line 1.02, 2.5.1: unit, function, four bytes, checksum; unit, function, byte
 * count, values, checksum. */
enum { REQUEST_BYTES = 8, ANSWER_AROUND_BYTES = 5 };

#define WINDOW_MOST_NS (600 * NS_PER_S)

static int64_t request_ns(const struct plan_request *request,
                          const struct serial_settings *settings)
{
    size_t bytes = table_has_bits(request->table) ? (request->count + 7U) / 8 : request->count * 2U;

    return serial_silence_ns(settings) + serial_bytes_ns(settings, REQUEST_BYTES) +
           serial_gap_ns(settings) + serial_bytes_ns(settings, ANSWER_AROUND_BYTES + bytes);
}

/** Of one turn in which these are due. */
static struct device_load turn_load(const struct plan *plan, const struct serial_settings *settings,
                                    uint32_t due)
{
    struct device_load load = {0};
    struct plan_request request;
    size_t from = 0;

    while (plan_next(plan, due, from, &request)) {
        load.share += (double)request_ns(&request, settings) / NS_PER_S;
        load.requests_per_s += 1;
        from = request.end;
    }
    return load;
}

/** When the next of them is due behind `at_ns`. */
static int64_t next_turn_ns(const int64_t *intervals_ns, uint32_t count, int64_t at_ns)
{
    int64_t next_ns = INT64_MAX;

    for (uint32_t i = 0; i < count; i++) {
        int64_t own_ns = (at_ns / intervals_ns[i] + 1) * intervals_ns[i];

        next_ns = own_ns < next_ns ? own_ns : next_ns;
    }
    return next_ns;
}

static uint32_t due_at(const int64_t *intervals_ns, uint32_t count, int64_t at_ns)
{
    uint32_t due = 0;

    for (uint32_t i = 0; i < count; i++) {
        bool is_due = intervals_ns[i] <= WINDOW_MOST_NS && at_ns % intervals_ns[i] == 0;

        due |= is_due ? UINT32_C(1) << i : 0;
    }
    return due;
}

static int64_t common_multiple(int64_t one_ns, int64_t two_ns)
{
    int64_t a = one_ns, b = two_ns;

    assert(one_ns > 0 && two_ns > 0);
    while (b != 0) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return one_ns / a > WINDOW_MOST_NS / two_ns ? WINDOW_MOST_NS : one_ns / a * two_ns;
}

struct device_load load_of(const struct plan *plan, const struct serial_settings *settings,
                           const int64_t *intervals_ns, uint32_t interval_count)
{
    struct device_load sum = {0};
    int64_t window_ns = 1;
    int64_t at_ns = 0;

    for (uint32_t i = 0; i < interval_count; i++) {
        if (intervals_ns[i] <= WINDOW_MOST_NS) {
            window_ns = common_multiple(window_ns, intervals_ns[i]);
        }
    }
    while (at_ns < window_ns) {
        struct device_load load =
            turn_load(plan, settings, due_at(intervals_ns, interval_count, at_ns));

        sum.share += load.share;
        sum.requests_per_s += load.requests_per_s;
        at_ns = next_turn_ns(intervals_ns, interval_count, at_ns);
    }
    sum.share /= (double)at_ns / NS_PER_S;
    sum.requests_per_s /= (double)at_ns / NS_PER_S;
    return sum;
}

void load_add_logs(struct device_load *load, const struct logs *logs,
                   const struct serial_settings *settings, const int64_t *intervals_ns)
{
    for (const struct log *log = logs->first; log != NULL; log = log->next) {
        struct plan_request request = log_index_request(log);
        double per_s = (double)NS_PER_S / (double)intervals_ns[log->schedule];

        load->share += (double)request_ns(&request, settings) / NS_PER_S * per_s;
        load->requests_per_s += per_s;
    }
}
