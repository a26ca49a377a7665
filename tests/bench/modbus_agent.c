#include "tests/bench/modbus_agent.h"

#include "tests/bench/figure.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_S = 10 };

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

static pid_t start_agent(const char *folder)
{
    char self[PATH_MAX], program[PATH_MAX + 16], config[PATH_MAX], socket_path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    pid_t process;

    self[size > 0 ? size : 0] = '\0';
    for (int i = 0; i < 3 && strrchr(self, '/') != NULL; i++) { /* build/release/tests/bench/x */
        *strrchr(self, '/') = '\0';
    }
    (void)snprintf(program, sizeof(program), "%s/agent/leat", self);
    (void)snprintf(config, sizeof(config), "%s/leat.yaml", folder);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    process = fork();
    if (process == 0) {
        int nothing = open("/dev/null", O_WRONLY); /* its log has a line for each device */

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a bench that is interrupted leaves nothing */
        if (nothing >= 0) {
            (void)dup2(nothing, STDERR_FILENO);
        }
        (void)execl(program, "leat", "run", "--config", config, "--socket", socket_path,
                    (char *)NULL);
        _exit(127);
    }
    return process;
}

/** Processor time so far in seconds, memory in MiB. */
static bool look_at(pid_t process, double *processor_s, double *resident_mib)
{
    char path[64], line[1024];
    unsigned long user = 0, kernel = 0, pages = 0;
    const char *at;
    FILE *file;
    bool found;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
    file = fopen(path, "r");
    found = file != NULL && fgets(line, sizeof(line), file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    at = found ? strrchr(line, ')') : NULL;
    /* proc(5): utime and stime are fields 14 and 15, rss 24; the name is 2. */
    if (at == NULL ||
        sscanf(at + 2, /* NOLINT(cert-err34-c) */
               "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
               "%*u %lu",
               &user, &kernel, &pages) != 3) {
        return false;
    }
    *processor_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    *resident_mib = (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
    return true;
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

static bool measure(struct modbus_peer *peer, pid_t process, unsigned seconds,
                    struct modbus_agent_result *result)
{
    const struct timespec settle = {.tv_sec = SETTLE_S}, window = {.tv_sec = seconds};
    double before_s = 0, after_s = 0;
    int64_t begin_ns, took_ns;
    uint64_t total = 0;

    (void)nanosleep(&settle, NULL);
    memset(peer->counts->late_ms, 0, sizeof(peer->counts->late_ms));
    if (!look_at(process, &before_s, &result->resident_mib)) {
        return false;
    }
    begin_ns = figure_now_ns();
    atomic_store(&peer->counts->counting, true);
    (void)nanosleep(&window, NULL);
    atomic_store(&peer->counts->counting, false);
    took_ns = figure_now_ns() - begin_ns;
    if (!look_at(process, &after_s, &result->resident_mib)) {
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

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"leat.yaml",    "queue.db",      "queue.db-wal",
                                        "queue.db-shm", "queue.db.lock", "socket"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

bool modbus_agent_run(struct modbus_peer *peer, unsigned devices, unsigned points, unsigned seconds,
                      struct modbus_agent_result *result)
{
    char folder[] = "/tmp/leat-bench-XXXXXX";
    pid_t process = -1;
    bool measured = false;

    if (mkdtemp(folder) != NULL && write_config(folder, peer, devices, points)) {
        process = start_agent(folder);
    }
    if (process > 0) {
        measured = measure(peer, process, seconds, result);
        (void)kill(process, SIGTERM);
        (void)waitpid(process, NULL, 0);
    }
    remove_folder(folder);
    if (!measured || result->polls_s <= 0) {
        (void)fprintf(stderr, "bench_modbus: the agent did not run\n");
        return false;
    }
    return true;
}
