#include "tests/bench/modbus_agent.h"

#include "tests/bench/agent_process.h"
#include "tests/bench/figure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLE_POLLS = 10, LIMIT_S = 120 };

static bool write_config(const char *folder, const struct modbus_peer *peer, unsigned devices,
                         unsigned points)
{
    char path[PATH_MAX];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder);
    file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file, "site: bench\ngateway: gw-1\nqueue: { path: %s/queue.db }\ndevices:\n",
                  folder);
    for (unsigned i = 0; i < devices; i++) {
        (void)fprintf(file,
                      "  - name: d%u\n    driver: modbus-tcp\n    address: 127.0.%u.%u:%u\n"
                      "    interval: 1s\n    points:\n",
                      i, i / 250, i % 250 + 1, (unsigned)peer->port); /* a connection each */
        for (unsigned n = 0; n < points; n++) {
            (void)fprintf(file, "      - { name: p%u, address: holding:%u, type: uint16 }\n", n,
                          MODBUS_PEER_FIRST + i + n);
        }
    }
    return fclose(file) == 0;
}

/** The least lateness that `share` of the requests do not exceed. */
static double late_ms(const struct modbus_peer_counts *counts, double share)
{
    uint64_t total = 0, so_far = 0;
    unsigned i = 0;

    for (unsigned n = 0; n < MODBUS_PEER_MS; n++) {
        total += atomic_load(&counts->late_ms[n]);
    }
    for (; i < MODBUS_PEER_MS - 1; i++) {
        so_far += atomic_load(&counts->late_ms[i]);
        if ((double)so_far >= share * (double)total) {
            break;
        }
    }
    return i + 1; /* the end of its millisecond */
}

/** That many more, each device once a second. */
static bool wait_polls(struct modbus_peer_counts *counts, uint64_t polls)
{
    return milestone_wait(&counts->requested, &counts->requests,
                          atomic_load(&counts->requests) + polls, LIMIT_S);
}

static bool measure(struct modbus_peer *peer, pid_t process, unsigned devices, unsigned seconds,
                    struct modbus_agent_result *result)
{
    double before_s = 0, after_s = 0;
    int64_t begin_ns, took_ns;
    uint64_t total = 0;
    bool counted;

    if (!wait_polls(peer->counts, (uint64_t)SETTLE_POLLS * devices)) {
        return false;
    }
    memset(peer->counts->late_ms, 0, sizeof(peer->counts->late_ms));
    if (!agent_process_look(process, &before_s, &result->resident_mib)) {
        return false;
    }
    begin_ns = figure_now_ns();
    atomic_store(&peer->counts->counting, true);
    counted = wait_polls(peer->counts, (uint64_t)seconds * devices);
    atomic_store(&peer->counts->counting, false);
    took_ns = figure_now_ns() - begin_ns;
    if (!counted || !agent_process_look(process, &after_s, &result->resident_mib)) {
        return false;
    }
    for (unsigned i = 0; i < MODBUS_PEER_MS; i++) {
        total += atomic_load(&peer->counts->late_ms[i]);
    }
    result->processor = (after_s - before_s) / ((double)took_ns / 1e9);
    result->polls_s = (double)total / ((double)took_ns / 1e9);
    result->late_p50_ms = late_ms(peer->counts, 0.5);
    result->late_p99_ms = late_ms(peer->counts, 0.99);
    return true;
}

bool modbus_agent_run(struct modbus_peer *peer, unsigned devices, unsigned points, unsigned seconds,
                      struct modbus_agent_result *result)
{
    char folder[] = "/tmp/leat-bench-XXXXXX";
    pid_t process = -1;
    bool measured = false;

    if (mkdtemp(folder) != NULL && write_config(folder, peer, devices, points)) {
        process = agent_process_start(folder, NULL);
    }
    if (process > 0) {
        measured = measure(peer, process, devices, seconds, result);
        agent_process_stop(process);
    }
    agent_process_remove(folder);
    if (!measured || result->polls_s <= 0) {
        (void)fprintf(stderr, "bench_modbus: the agent did not run\n");
        return false;
    }
    return true;
}
