/* tests/bench/bench_logs.c - the agent beside what follows a log file today.
 *
 *  drain   a file of LINES lines that are there already: lines a second from the first tenth to the
 *          last line, and processor time of a line; the agent's are committed and synced
 *  steady  a program that writes STEADY_LINES_S a second, each with a write of its own: share of a
 *          core, and memory at the end
 *
 * against rsyslog's imfile, which takes each line as a message and copies it, and against `tail
 * -F`, which copies bytes and knows of no lines. Nobody syncs what these two write.
 *
 * Targets: no slower and no more processor than imfile, which does the like (lines, a position)
 * and which people have there now. Of tail, that copies as fast as memory does, a twentieth of the
 * speed; in the steady state, where waking costs more than the line, no more than it. */
#include "tests/bench/agent_process.h"
#include "tests/bench/figure.h"
#include "tests/bench/logs_file.h"
#include "tests/bench/logs_follower.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROUNDS = 5,
    LINES = 1000000,
    STEADY_ROUNDS = 3,
    STEADY_LINES_S = 2000,
    STEADY_S = 10,
    STEADY_BEFORE = 2000, /* lines that are there when it begins */
};

enum follower { AGENT_TEXT, AGENT_SYSLOG, RSYSLOG, TAIL, FOLLOWER_COUNT };

static const struct logs_follower *const followers[] = {
    [AGENT_TEXT] = &logs_agent_text,
    [AGENT_SYSLOG] = &logs_agent_syslog,
    [RSYSLOG] = &logs_rsyslog,
    [TAIL] = &logs_tail,
};

/** What the rounds gave, and then the median of each. */
struct outcome {
    double lines_s[ROUNDS], line_us[ROUNDS];                       /* of a drain */
    double steady_share[STEADY_ROUNDS], steady_mib[STEADY_ROUNDS]; /* in percent of a core */
};

static _Noreturn void die(const char *who, const char *what)
{
    (void)fprintf(stderr, "bench_logs: %s %s\n", who, what);
    exit(1);
}

static FILE *make_file(const struct logs_run *run, uint64_t lines, double *line_bytes)
{
    FILE *file = fopen(run->file, "w");
    struct stat status;

    if (file == NULL || !logs_file_append(file, 0, lines) || fstat(fileno(file), &status) != 0) {
        die("the log file", "cannot be written");
    }
    *line_bytes = (double)status.st_size / (double)lines;
    return file;
}

static pid_t start(const struct logs_follower *follower, struct logs_run *run)
{
    pid_t process = follower->start(follower, run);

    if (process < 0) {
        die(follower->name, "cannot be started");
    }
    return process;
}

static double processor_s(const struct logs_follower *follower, pid_t process, double *resident_mib)
{
    double used_s = 0;

    if (!agent_process_look(process, &used_s, resident_mib)) {
        die(follower->name, "is gone");
    }
    return used_s;
}

static void drain(const struct logs_follower *follower, struct logs_run *run, double line_bytes,
                  double *lines_s, double *line_us)
{
    pid_t process = start(follower, run);
    double first = follower->wait(run, LINES / 10.0, line_bytes), last, used_s, resident_mib;
    int64_t begin_ns = figure_now_ns();

    used_s = processor_s(follower, process, &resident_mib);
    last = follower->wait(run, LINES, line_bytes);
    *lines_s = (last - first) / ((double)(figure_now_ns() - begin_ns) / 1e9);
    used_s = processor_s(follower, process, &resident_mib) - used_s;
    *line_us = used_s * 1e6 / (last - first);
    logs_follower_stop(run, process);
    if (last < LINES) {
        die(follower->name, "did not take all lines");
    }
}

static void keep_pace(const struct logs_follower *follower, struct logs_run *run, double *share,
                      double *resident_mib)
{
    double line_bytes, used_s, ready, all = STEADY_BEFORE + STEADY_LINES_S * STEADY_S;
    FILE *file = make_file(run, STEADY_BEFORE, &line_bytes);
    pid_t process = start(follower, run);
    struct stat status;
    bool whole;

    ready = follower->wait(run, STEADY_BEFORE, line_bytes);
    used_s = processor_s(follower, process, resident_mib);
    if (ready < STEADY_BEFORE || !logs_file_pace(file, STEADY_BEFORE, STEADY_LINES_S, STEADY_S)) {
        die(follower->name, "did not begin");
    }
    *share = 100 * (processor_s(follower, process, resident_mib) - used_s) / STEADY_S;
    whole = fstat(fileno(file), &status) == 0 &&
            follower->wait(run, all, (double)status.st_size / all) >= all;
    logs_follower_stop(run, process);
    (void)fclose(file); /* flushed after each line */
    if (!whole) {
        die(follower->name, "did not take all lines of the steady writer");
    }
}

static void measure(struct logs_run *run, struct outcome outcomes[FOLLOWER_COUNT])
{
    double line_bytes;

    (void)fclose(make_file(run, LINES, &line_bytes)); /* flushed, and its size was looked at */
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < FOLLOWER_COUNT; i++) {
            drain(followers[i], run, line_bytes, &outcomes[i].lines_s[round],
                  &outcomes[i].line_us[round]);
        }
    }
    for (int round = 0; round < STEADY_ROUNDS; round++) {
        for (size_t i = 0; i < FOLLOWER_COUNT; i++) {
            keep_pace(followers[i], run, &outcomes[i].steady_share[round],
                      &outcomes[i].steady_mib[round]);
        }
    }
    for (size_t i = 0; i < FOLLOWER_COUNT; i++) {
        outcomes[i].lines_s[0] = figure_median(outcomes[i].lines_s, ROUNDS);
        outcomes[i].line_us[0] = figure_median(outcomes[i].line_us, ROUNDS);
        outcomes[i].steady_share[0] = figure_median(outcomes[i].steady_share, STEADY_ROUNDS);
        outcomes[i].steady_mib[0] = figure_median(outcomes[i].steady_mib, STEADY_ROUNDS);
    }
}

static void report(struct figure_sheet *sheet, const struct outcome outcomes[FOLLOWER_COUNT])
{
    const struct outcome *text = &outcomes[AGENT_TEXT], *syslog = &outcomes[AGENT_SYSLOG],
                         *rsyslog = &outcomes[RSYSLOG], *tail = &outcomes[TAIL];
    const struct figure figures[] = {
        {"drain-text", text->lines_s[0], "lines/s", "rsyslog-imfile", rsyslog->lines_s[0],
         FIGURE_AT_LEAST, 1, 0},
        {"drain-syslog", syslog->lines_s[0], "lines/s", "rsyslog-imfile", rsyslog->lines_s[0],
         FIGURE_AT_LEAST, 1, 0},
        {"drain-beside-tail", text->lines_s[0], "lines/s", "tail", tail->lines_s[0],
         FIGURE_AT_LEAST, 0.05, 0},
        {"line-text", text->line_us[0], "us", "rsyslog-imfile", rsyslog->line_us[0], FIGURE_AT_MOST,
         1, 0},
        {"line-syslog", syslog->line_us[0], "us", "rsyslog-imfile", rsyslog->line_us[0],
         FIGURE_AT_MOST, 1, 0},
        {"line-beside-tail", text->line_us[0], "us", "tail", tail->line_us[0], FIGURE_AT_MOST, 20,
         0},
        {"steady-text", text->steady_share[0], "%", "rsyslog-imfile", rsyslog->steady_share[0],
         FIGURE_AT_MOST, 1, 0},
        {"steady-syslog", syslog->steady_share[0], "%", "rsyslog-imfile", rsyslog->steady_share[0],
         FIGURE_AT_MOST, 1, 0},
        {"steady-beside-tail", syslog->steady_share[0], "%", "tail", tail->steady_share[0],
         FIGURE_AT_MOST, 1, 0},
        {"memory", syslog->steady_mib[0], "MiB", "rsyslog-imfile", rsyslog->steady_mib[0],
         FIGURE_AT_MOST, 1, 0},
    };

    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        (void)figure_put(sheet, &figures[i]);
    }
}

int main(void)
{
    struct outcome outcomes[FOLLOWER_COUNT] = {0};
    struct figure_sheet sheet;
    struct logs_run run;

    if (!figure_open(&sheet, "logs")) {
        return EXIT_FAILURE;
    }
    if (!logs_run_open(&run)) {
        die("the folder", "cannot be made in LEAT_BENCH_DIR");
    }
    measure(&run, outcomes);
    report(&sheet, outcomes);
    logs_run_close(&run);
    return figure_close(&sheet) ? EXIT_SUCCESS : EXIT_FAILURE;
}
