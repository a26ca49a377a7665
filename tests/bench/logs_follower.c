#include "tests/bench/logs_follower.h"

#include "base/clock.h"
#include "tests/bench/agent_process.h"
#include "tests/bench/committed.h"
#include "tests/bench/figure.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAKEN_IN_S = 120 };

static void path_of(const struct logs_run *run, const char *name, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%s", run->folder, name);
}

bool logs_run_open(struct logs_run *run)
{
    char path[PATH_MAX];

    *run = (struct logs_run){0};
    if (!scratch_make("logs", run->folder)) {
        return false;
    }
    (void)snprintf(run->file, sizeof(run->file), "%s/source/file.log", run->folder);
    (void)snprintf(run->output, sizeof(run->output), "%s/output", run->folder);
    path_of(run, "source", path);
    if (mkdir(path, 0700) != 0) {
        return false;
    }
    path_of(run, "state", path);
    run->committed = committed_open(path);
    return run->committed != NULL;
}

void logs_run_close(struct logs_run *run)
{
    committed_close(run->committed);
    scratch_remove(run->folder);
}

void logs_follower_stop(struct logs_run *run, pid_t process)
{
    char path[PATH_MAX];

    agent_process_stop(process);
    path_of(run, "work", path);
    scratch_remove(path);
    (void)unlink(run->output); /* the agent has none */
}

/** Write `name` into the folder "work", which is made. */
static bool write_config(const struct logs_run *run, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;
    bool whole;

    path_of(run, "work", path);
    (void)mkdir(path, 0700); /* a missing one is seen now */
    (void)snprintf(path, sizeof(path), "%s/work/%s", run->folder, name);
    file = fopen(path, "w");
    whole = file != NULL && fputs(text, file) >= 0;
    return file != NULL && fclose(file) == 0 && whole;
}

static pid_t start_agent(const struct logs_follower *follower, struct logs_run *run)
{
    char text[4 * PATH_MAX], library[PATH_MAX], state[PATH_MAX], work[PATH_MAX];
    const char *const variables[] = {"LD_PRELOAD", library, "LEAT_SHIM_STATE", state, NULL};

    path_of(run, "work", work);
    path_of(run, "state", state);
    agent_process_path("tests/torture/libshim.so", library, sizeof(library));
    (void)snprintf(text, sizeof(text),
                   "site: bench\ngateway: gw-1\n"
                   "queue: { path: %s/queue.db, rings: { logs: { size: 512MiB } } }\ndevices:\n"
                   "  - name: log\n    driver: file-log\n    path: %s\n    format: %s\n",
                   work, run->file, follower->format);
    memset(run->committed, 0, sizeof(*run->committed));
    return write_config(run, "leat.yaml", text) ? agent_process_start(work, variables) : -1;
}

static double wait_committed(const struct logs_run *run, double least, double line_bytes)
{
    (void)line_bytes;
    return (double)committed_wait(run->committed, STREAM_LOGS, (uint64_t)least, TAKEN_IN_S);
}

/** Fork for another program: 0 in the child. The output is there from the beginning, so that it can
 *  be watched. */
static pid_t fork_with_output(const struct logs_run *run)
{
    int output = open(run->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t process = output < 0 ? -1 : fork();

    if (process == 0) {
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a bench that is interrupted leaves nothing */
        (void)dup2(output, STDOUT_FILENO);
        if (nothing >= 0) {
            (void)dup2(nothing, STDERR_FILENO); /* rsyslog's word on its threads */
        }
    } else if (output >= 0) {
        (void)close(output); /* the child's now */
    }
    return process;
}

static pid_t start_tail(const struct logs_follower *follower, struct logs_run *run)
{
    pid_t process = fork_with_output(run);

    (void)follower;
    if (process == 0) {
        (void)execlp("tail", "tail", "-n", "+1", "-F", run->file, (char *)NULL);
        _exit(127);
    }
    return process;
}

static pid_t start_rsyslog(const struct logs_follower *follower, struct logs_run *run)
{
    char text[4 * PATH_MAX], config[PATH_MAX], pid_file[PATH_MAX];
    pid_t process;

    (void)follower;
    path_of(run, "work/rsyslog.conf", config);
    path_of(run, "work/rsyslog.pid", pid_file);
    (void)snprintf(text, sizeof(text),
                   "global(workDirectory=\"%s/work\")\n"
                   "module(load=\"imfile\" mode=\"inotify\")\n"
                   "template(name=\"raw\" type=\"string\" string=\"%%msg%%\\n\")\n"
                   "input(type=\"imfile\" File=\"%s\" Tag=\"bench\")\n"
                   "action(type=\"omfile\" file=\"%s\" template=\"raw\")\n",
                   run->folder, run->file, run->output);
    process = write_config(run, "rsyslog.conf", text) ? fork_with_output(run) : -1;
    if (process == 0) {
        (void)execl("/usr/sbin/rsyslogd", "rsyslogd", "-n", "-f", config, "-i", pid_file,
                    (char *)NULL);
        _exit(127);
    }
    return process;
}

static double wait_written(const struct logs_run *run, double least, double line_bytes)
{
    char events[4096];
    int64_t until_ns = figure_now_ns() + TAKEN_IN_S * NS_PER_S, left_ns;
    struct pollfd changes = {.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN};
    struct stat status = {0};

    (void)inotify_add_watch(changes.fd, run->output, IN_MODIFY); /* a failure: it comes too late */
    while (stat(run->output, &status) == 0 && (double)status.st_size / line_bytes < least &&
           (left_ns = until_ns - figure_now_ns()) > 0) {
        (void)poll(&changes, 1, (int)(left_ns / NS_PER_MS) + 1); /* or time is up */
        while (read(changes.fd, events, sizeof(events)) > 0) {
        }
    }
    (void)close(changes.fd); /* holds nothing */
    return (double)status.st_size / line_bytes;
}

const struct logs_follower logs_agent_text = {"agent-text", "text", start_agent, wait_committed};
const struct logs_follower logs_agent_syslog = {"agent-syslog", "syslog-3164", start_agent,
                                                wait_committed};
const struct logs_follower logs_tail = {"tail", NULL, start_tail, wait_written};
const struct logs_follower logs_rsyslog = {"rsyslog", NULL, start_rsyslog, wait_written};
