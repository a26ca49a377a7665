#include "tests/bench/agent_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void agent_process_path(const char *program, char *path, size_t size)
{
    char self[PATH_MAX - 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[length > 0 ? length : 0] = '\0';
    for (int i = 0; i < 3 && strrchr(self, '/') != NULL; i++) { /* build/release/tests/bench/x */
        *strrchr(self, '/') = '\0';
    }
    (void)snprintf(path, size, "%s/%s", self, program); /* cut: exec fails, and says so */
}

pid_t agent_process_start(const char *folder, const char *const *variables)
{
    char program[PATH_MAX], config[PATH_MAX], socket_path[PATH_MAX];
    pid_t process;

    agent_process_path("agent/leat", program, sizeof(program));
    (void)snprintf(config, sizeof(config), "%s/leat.yaml", folder);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    process = fork();
    if (process == 0) {
        int nothing = open("/dev/null", O_WRONLY); /* its log has a line for each device */

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a bench that is interrupted leaves nothing */
        if (nothing >= 0) {
            (void)dup2(nothing, STDERR_FILENO);
        }
        for (; variables != NULL && *variables != NULL; variables += 2) {
            (void)setenv(variables[0], variables[1], 1);
        }
        (void)execl(program, "leat", "run", "--config", config, "--socket", socket_path,
                    (char *)NULL);
        _exit(127);
    }
    return process;
}

/** Of the process, by its own clock: /proc has hundredths of a second. */
static bool look_at_clock(pid_t process, double *processor_s)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return false;
    }
    *processor_s = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
    return true;
}

bool agent_process_look(pid_t process, double *processor_s, double *resident_mib)
{
    char path[64];
    unsigned long pages = 0;
    FILE *file;
    bool found;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)process);
    file = fopen(path, "r");
    found = file != NULL && fscanf(file, "%*u %lu", &pages) == 1; /* NOLINT(cert-err34-c) */
    if (file != NULL) {
        (void)fclose(file); /* read only */
    }
    *resident_mib = (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
    return found && look_at_clock(process, processor_s);
}

void agent_process_stop(pid_t process)
{
    if (process > 0) {
        (void)kill(process, SIGTERM);
        (void)waitpid(process, NULL, 0);
    }
}

void agent_process_remove(const char *folder)
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
