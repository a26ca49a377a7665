#include "tests/bench/agent_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

bool agent_process_look(pid_t process, double *processor_s, double *resident_mib)
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
