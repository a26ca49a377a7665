#include "tests/bench/figure.h"

#include "base/clock.h"
#include "base/fs.h"

#include <stdlib.h>
#include <time.h>

enum { PATH_SIZE = 512 };

bool figure_open(struct figure_sheet *sheet, const char *bench_name)
{
    const char *directory = getenv("LEAT_BENCH_DIR");
    char path[PATH_SIZE];
    struct error error;
    int size;

    *sheet = (struct figure_sheet){0};
    if (directory == NULL) {
        directory = "build/bench";
    }
    if (fs_make_directories(directory, &error) != ERROR_OK) {
        (void)fprintf(stderr, "%s\n", error.text); /* nowhere else to say it */
        return false;
    }
    size = snprintf(path, sizeof(path), "%s/%s.jsonl", directory, bench_name);
    if (size > 0 && (size_t)size < sizeof(path)) {
        sheet->lines = fopen(path, "w");
    }
    if (sheet->lines == NULL) {
        (void)fprintf(stderr, "cannot write %s; set LEAT_BENCH_DIR to a directory\n", path);
        return false;
    }
    return true;
}

static bool reaches(const struct figure *figure, double ratio, double limit)
{
    return figure->direction == FIGURE_AT_LEAST ? ratio >= limit : ratio <= limit;
}

/** The lines' last part, about the stretch figure. */
static bool put_stretch(struct figure_sheet *sheet, const struct figure *figure, double ratio)
{
    bool reached = reaches(figure, ratio, figure->stretch);

    if (figure->stretch == 0) {
        (void)printf("\n");
        return fprintf(sheet->lines, "}\n") > 0;
    }
    (void)printf(" stretch %s%.3g %s\n",
                 figure->direction == FIGURE_AT_LEAST ? ">=" : "<=", figure->stretch,
                 reached ? "reached" : "open");
    return fprintf(sheet->lines, ",\"stretch\":%.6g,\"reached\":%s}\n", figure->stretch,
                   reached ? "true" : "false") > 0;
}

bool figure_put(struct figure_sheet *sheet, const struct figure *figure)
{
    const char *reference = figure->reference != NULL ? figure->reference : "one";
    double reference_value = figure->reference != NULL ? figure->reference_value : 1;
    double ratio = figure->value / reference_value;
    bool at_least = figure->direction == FIGURE_AT_LEAST;
    bool met = reaches(figure, ratio, figure->target);

    sheet->missed_count += !met;
    (void)printf("figure %s %.4g %s reference %s %.4g ratio %.3g target %s%.3g %s", figure->name,
                 figure->value, figure->unit, reference, reference_value, ratio,
                 at_least ? ">=" : "<=", figure->target, met ? "met" : "missed");
    if (fprintf(sheet->lines,
                "{\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"reference\":\"%s\","
                "\"reference_value\":%.6g,\"ratio\":%.6g,\"target\":%.6g,\"direction\":\"%s\","
                "\"met\":%s",
                figure->name, figure->value, figure->unit, reference, reference_value, ratio,
                figure->target, at_least ? "at least" : "at most", met ? "true" : "false") < 0 ||
        !put_stretch(sheet, figure, ratio)) {
        sheet->failed = true;
    }
    (void)fflush(stdout); /* the file is what counts */
    return met;
}

bool figure_close(struct figure_sheet *sheet)
{
    bool whole = fclose(sheet->lines) == 0 && !sheet->failed;

    sheet->lines = NULL;
    if (!whole) {
        (void)fprintf(stderr, "the figures are not all in their file\n");
    }
    return whole;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

double figure_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int64_t figure_now_ns(void)
{
    return clock_monotonic_ns(&clock_system);
}

int64_t figure_processor_ns(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) {
        return 0; /* Linux always has this clock */
    }
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
