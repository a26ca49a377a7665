/* tests/bench/figure.h - how a benchmark reports: one line per figure, against a reference.
 *
 *     figure NAME VALUE UNIT reference NAME VALUE ratio R target >=T met|missed
 *     ... met|missed stretch >=S reached|open           where there is a stretch figure
 *
 * goes to standard output; the same as one JSON object per line goes to <bench>.jsonl in the
 * directory LEAT_BENCH_DIR (build/bench when it is not set). Life: figure_open() -> figure_put()*
 * -> figure_close().
 *
 *  1. A reference is measured in the same run, on the same disk. Machines differ; ratios hold.
 *  2. A value is the median of several rounds in which the candidates take turns.
 *
 * Depends on: base.  Threads: one user at a time.
 */
#ifndef TESTS_BENCH_FIGURE_H
#define TESTS_BENCH_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum figure_direction { FIGURE_AT_LEAST, FIGURE_AT_MOST };

struct figure {
    const char *name; /* one word: "durable-rate-r1000" */
    double value;
    const char *unit;      /* one word: "readings/s" */
    const char *reference; /* one word; NULL: the target is of the value itself */
    double reference_value;
    enum figure_direction direction;
    double target;  /* of value / reference_value */
    double stretch; /* the aim beyond the target; 0: none */
};

struct figure_sheet {
    FILE *lines;
    unsigned missed_count; /* figures that missed their target so far */
    bool failed;           /* a line could not be written */
};

/** false, with a line on standard error: the file cannot be made. */
bool figure_open(struct figure_sheet *sheet, const char *bench_name);

/** Returns whether the target is met. */
bool figure_put(struct figure_sheet *sheet, const struct figure *figure);

/** false, with a line on standard error: not every line is in the file. */
bool figure_close(struct figure_sheet *sheet);

/** The middle of `count` values (at least 1), which it sorts. */
double figure_median(double *values, size_t count);

/** Monotonic time and processor time of this process, in nanoseconds. */
int64_t figure_now_ns(void);
int64_t figure_processor_ns(void);

#endif
