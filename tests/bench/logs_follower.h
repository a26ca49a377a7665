/* tests/bench/logs_follower.h - who follows a log file: the agent, `tail`, rsyslog's imfile.
 *
 *     logs_run_open -> { start -> wait* -> logs_follower_stop }* -> logs_run_close
 *
 * tail and rsyslog copy the lines as they are into a file that nobody syncs; what the agent has
 * taken is what it has committed.
 *
 * Threads: one user at a time.
 */
#ifndef TESTS_BENCH_LOGS_FOLLOWER_H
#define TESTS_BENCH_LOGS_FOLLOWER_H

#include "tests/bench/scratch.h"

#include <stdint.h>
#include <sys/types.h>

/** A file that is followed, and where what comes of it goes. */
struct logs_run {
    char folder[SCRATCH_SIZE];
    char file[SCRATCH_SIZE + 32];   /* the log; alone in its folder */
    char output[SCRATCH_SIZE + 32]; /* of tail and rsyslog */
    struct shim_state *committed;   /* by the agent */
};

struct logs_follower {
    const char *name;
    const char *format; /* of the agent; NULL: it is another program */
    pid_t (*start)(const struct logs_follower *follower, struct logs_run *run);
    /** Wait until it has taken `least` lines; how many by then, below `least`: it does not come.
     *  `line_bytes`: of a line on average. */
    double (*wait)(const struct logs_run *run, double least, double line_bytes);
};

extern const struct logs_follower logs_agent_text, logs_agent_syslog, logs_tail, logs_rsyslog;

/** false: its folder cannot be made. */
bool logs_run_open(struct logs_run *run);
void logs_run_close(struct logs_run *run);

/** End it and remove what it made. */
void logs_follower_stop(struct logs_run *run, pid_t process);

#endif
