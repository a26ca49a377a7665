/* tests/bench/bench_modbus.c - what polling costs: our driver beside a bare libmodbus loop.
 *
 *  rate      one connection, the registers of an Eastron SDM630 (User Manual, part 1.2): polls a
 *            second of the driver, against libmodbus with the same requests and no decoding
 *  requests  of that meter and of maps made at random, against the fewest that any cover needs
 *  agent     500 connections of 30 points at one second: memory, processor, lateness
 *
 * The slave is modbus_peer.c, a process of its own. Lateness is when a request reached it behind
 * the whole second, so the slave's own queue is in it. */
#include "drivers/modbus/device.h"
#include "drivers/modbus/modbus.h"
#include "tests/bench/figure.h"
#include "tests/bench/modbus_agent.h"

#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 61,
    ROUND_POLLS = 300,
    REQUESTS_MAX = 200,
    ITEMS_MAX = 200,
    MAPS = 2000,
    DEVICES = 500,
    POINTS = 30,
    SECONDS = 30,
};

/* Input registers, a float32 each; at most 80 registers in a request. */
static const uint16_t meter[] = {0,  2,  4,  6,  8,  10, 12,  14,  16,  30,  32,  34,  52,
                                 56, 60, 62, 70, 72, 74, 342, 346, 348, 350, 352, 354, 356};

enum { METER_POINTS = sizeof(meter) / sizeof(meter[0]), METER_BLOCK = 80 };

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_modbus: %s\n", what);
    exit(1);
}

static size_t take_requests(const struct plan *plan, struct plan_request *requests)
{
    size_t from = 0, count = 0;

    while (count < REQUESTS_MAX && plan_next(plan, 1, from, &requests[count])) {
        from = requests[count++].end;
    }
    return count;
}

/** The fewest runs of neighbours that cover all: the best of every way to begin the last run. */
static size_t fewest_requests(const struct plan *plan)
{
    size_t best[ITEMS_MAX + 1] = {0};

    for (size_t end = 1; end <= plan->item_count; end++) {
        best[end] = SIZE_MAX;
        for (size_t begin = end; begin-- > 0;) {
            const struct plan_item *items = plan->items;
            unsigned reached = items[begin].number;
            bool fits = true;

            for (size_t i = begin; i < end; i++) {
                unsigned item_end = (unsigned)items[i].number + items[i].count;

                fits = fits && items[i].number <= reached + plan->gap;
                reached = item_end > reached ? item_end : reached;
            }
            if (fits && reached - items[begin].number <= plan->block &&
                best[begin] + 1 < best[end]) {
                best[end] = best[begin] + 1;
            }
        }
    }
    return best[plan->item_count];
}

/** xorshift32: the same maps every time. */
static unsigned random_below(uint32_t *state, unsigned limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

static void put_requests(struct figure_sheet *sheet, const struct plan *meter_plan)
{
    static const uint8_t lengths[] = {1, 1, 2, 2, 4};
    struct plan_item items[ITEMS_MAX];
    struct plan_request requests[REQUESTS_MAX];
    size_t ours = 0, fewest = 0;
    uint32_t random = 4711;

    for (unsigned gap = 0; gap <= 20; gap += 20) {
        struct plan plan = *meter_plan;

        plan.gap = gap;
        (void)figure_put(
            sheet, &(struct figure){gap == 0 ? "requests-meter" : "requests-meter-gap20",
                                    (double)take_requests(&plan, requests), "requests", "fewest",
                                    (double)fewest_requests(&plan), FIGURE_AT_MOST, 1, 0});
    }
    for (unsigned map = 0; map < MAPS; map++) {
        struct plan plan = {.items = items,
                            .item_count = 1 + random_below(&random, 120),
                            .gap = random_below(&random, 8),
                            .block = 20 + random_below(&random, 106),
                            .bit_block = 2000};

        for (size_t i = 0; i < plan.item_count; i++) {
            items[i] = (struct plan_item){.sequence = (uint32_t)i,
                                          .number = (uint16_t)random_below(&random, 600),
                                          .count = lengths[random_below(&random, 5)],
                                          .table = TABLE_HOLDING};
        }
        plan_prepare(&plan);
        ours += take_requests(&plan, requests);
        fewest += fewest_requests(&plan);
    }
    (void)figure_put(sheet, &(struct figure){"requests-random-maps", (double)ours, "requests",
                                             "fewest", (double)fewest, FIGURE_AT_MOST, 1, 0});
}

static bool take(struct driver_sink *sink, const struct sample *sample)
{
    (void)sink;
    if (!status_is_good(sample->status)) {
        die("a value is bad");
    }
    return true;
}

static void configure(struct modbus_device *device, struct arena *arena,
                      const struct modbus_peer *peer)
{
    const struct driver *driver = &modbus_tcp_driver;
    struct error error = {0};
    char address[40], block[8];
    bool done;

    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)peer->port);
    (void)snprintf(block, sizeof(block), "%d", METER_BLOCK);
    done =
        option_set_fallbacks(driver->options, device, arena, &error) == ERROR_OK &&
        option_set(option_find(driver->options, "address"), address, device, arena, &error) ==
            ERROR_OK &&
        option_set(option_find(driver->options, "block"), block, device, arena, &error) == ERROR_OK;
    for (unsigned i = 0; done && i < METER_POINTS; i++) {
        struct modbus_point_options *options = arena_allocate(arena, sizeof(*options));
        const struct driver_point point = {.point_id = i, .name = "point", .options = options};
        char *register_name = arena_allocate(arena, 16);

        if (options == NULL || register_name == NULL) {
            die("no memory");
        }
        (void)snprintf(register_name, 16, "input:%u", (unsigned)meter[i]);
        *options = (struct modbus_point_options){.address = register_name, .type = VALUE_FLOAT32};
        done = driver->add_point(device, arena, &point, &error) == ERROR_OK;
    }
    if (!done || driver->prepare(device, arena, &error) != ERROR_OK) {
        die(error.text);
    }
}

static double poll_with_driver(struct modbus_device *device)
{
    struct driver_sink sink = {.emit = take};
    int64_t begin_ns = figure_now_ns();
    struct error error;

    for (int i = 0; i < ROUND_POLLS; i++) {
        const struct driver_turn turn = {.clock = &clock_system,
                                         .deadline_ns =
                                             clock_monotonic_ns(&clock_system) + NS_PER_S,
                                         .due = 1};

        if (modbus_tcp_driver.read(device, &turn, &sink, &error) != ERROR_OK) {
            die(error.text);
        }
    }
    return ROUND_POLLS / ((double)(figure_now_ns() - begin_ns) / 1e9);
}

static double poll_bare(modbus_t *context, const struct plan_request *requests, size_t count)
{
    int64_t begin_ns = figure_now_ns();
    uint16_t registers[VALUE_REGISTERS_MAX];

    for (int i = 0; i < ROUND_POLLS; i++) {
        for (size_t n = 0; n < count; n++) {
            if (modbus_read_input_registers(context, (int)requests[n].first, (int)requests[n].count,
                                            registers) < 0) {
                die(modbus_strerror(errno));
            }
        }
    }
    return ROUND_POLLS / ((double)(figure_now_ns() - begin_ns) / 1e9);
}

static void put_rate(struct figure_sheet *sheet, const struct modbus_peer *peer)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", peer->port);
    struct plan_request requests[REQUESTS_MAX];
    double ours[ROUNDS], bare[ROUNDS];
    struct modbus_device *device = calloc(1, sizeof(*device));
    struct error error = {0};
    struct arena arena;
    size_t count;

    arena_init(&arena, 1 << 20);
    if (device == NULL || context == NULL || modbus_connect(context) != 0) {
        die("cannot connect");
    }
    configure(device, &arena, peer);
    count = take_requests(&device->plan, requests);
    if (modbus_tcp_driver.open(device, &clock_system, clock_monotonic_ns(&clock_system) + NS_PER_S,
                               &error) != ERROR_OK) {
        die(error.text);
    }
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = poll_with_driver(device);
        bare[i] = poll_bare(context, requests, count);
    }
    (void)figure_put(sheet, &(struct figure){"polls-meter", figure_median(ours, ROUNDS), "polls/s",
                                             "bare-libmodbus", figure_median(bare, ROUNDS),
                                             FIGURE_AT_LEAST, 0.95, 0});
    put_requests(sheet, &device->plan);
    modbus_tcp_driver.close(device);
    modbus_tcp_driver.destroy(device);
    modbus_close(context);
    modbus_free(context);
    arena_deinit(&arena);
    free(device);
}

int main(void)
{
    struct modbus_agent_result result = {0};
    struct figure_sheet sheet;
    struct modbus_peer peer;
    bool ran;

    if (!figure_open(&sheet, "modbus") || !modbus_peer_start(&peer)) {
        die("cannot begin");
    }
    put_rate(&sheet, &peer);
    ran = modbus_agent_run(&peer, DEVICES, POINTS, SECONDS, &result);
    modbus_peer_stop(&peer);
    if (ran) {
        (void)figure_put(&sheet, &(struct figure){"agent-500-polls", result.polls_s, "polls/s",
                                                  NULL, 0, FIGURE_AT_LEAST, 0.99 * DEVICES, 0});
        (void)figure_put(&sheet, &(struct figure){"agent-500-resident", result.resident_mib, "MiB",
                                                  NULL, 0, FIGURE_AT_MOST, 32, 0});
        (void)figure_put(&sheet, &(struct figure){"agent-500-processor", 100 * result.processor,
                                                  "%", NULL, 0, FIGURE_AT_MOST, 10, 0});
        (void)figure_put(&sheet, &(struct figure){"agent-500-late-p50", result.late_p50_ms, "ms",
                                                  NULL, 0, FIGURE_AT_MOST, 10, 0});
        (void)figure_put(&sheet, &(struct figure){"agent-500-late-p99", result.late_p99_ms, "ms",
                                                  NULL, 0, FIGURE_AT_MOST, 10, 0});
    }
    return figure_close(&sheet) && ran ? EXIT_SUCCESS : EXIT_FAILURE;
}
