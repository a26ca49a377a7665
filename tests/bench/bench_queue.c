/* What it costs to make readings durable: docs/queue.md tells what the figures mean. */
#include "agent/store/store.h"
#include "base/clock.h"
#include "tests/bench/figure.h"
#include "tests/bench/polled_data.h"
#include "tests/bench/queue_candidates.h"
#include "tests/bench/queue_device.h"

#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    SAMPLES = 500000,
    ROUNDS = 7,
    WARM_COMMITS = 2000, /* the journal has its size */
    LAP_COMMIT = 16384,
    DEVICE_COMMITS = 5000, /* several checkpoints */
    ENCODED = SAMPLES / 5, /* the same readings for the codec and for JSON */
    BACKLOG_READINGS = 100000000,
    BACKLOG_COMMIT = 100000,
    TWO_SLOTS_READINGS = 200000,
    FOLDER_SIZE = 200,
};

static struct sample samples[SAMPLES];     /* one stamp per poll */
static struct sample fine_stamps[SAMPLES]; /* the same, told in microseconds */

/** A candidate at work: it is given the samples in order, over and over. */
struct bed {
    const struct candidate *candidate;
    void *state;
    size_t at;
};

/** The polled data set; `fine` adds to each poll's stamp a part of a millisecond of its own. */
static void fill_samples(struct sample *target, bool fine)
{
    static struct polled_data data;
    int64_t whole_ms = 0, extra_ns = 0;

    polled_data_init(&data, false);
    for (size_t i = 0; i < SAMPLES; i++) {
        target[i] = *polled_data_next(&data);
        if (fine && target[i].time_ns != whole_ms) {
            whole_ms = target[i].time_ns;
            extra_ns = (int64_t)((uint64_t)i * 7919 % 1000) * NS_PER_US;
        }
        target[i].time_ns += extra_ns;
        target[i].received_ns += extra_ns;
    }
}

static void run_commits(struct bed *bed, size_t batch, size_t commits)
{
    for (size_t i = 0; i < commits; i++) {
        if (bed->at + batch > SAMPLES) {
            bed->at = 0;
        }
        bed->candidate->commit(bed->state, samples + bed->at, batch);
        bed->at += batch;
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* what stays is only in the way */
}

static struct bed open_bed(const struct candidate *candidate, const char *folder, size_t batch)
{
    struct bed bed = {candidate, NULL, 0};

    remove_folder(folder);
    if (mkdir(folder, 0700) != 0) {
        bench_fail(folder);
    }
    bed.state = candidate->open(folder);
    run_commits(&bed, LAP_COMMIT, candidate->lap_readings / LAP_COMMIT);
    run_commits(&bed, batch, batch > 4096 ? WARM_COMMITS / 5 : WARM_COMMITS);
    return bed;
}

/** Readings a second of two candidates that take turns, as medians. */
static void measure_rates(const char *folder, const struct candidate *const pair[2], size_t batch,
                          double medians[2])
{
    char folders[2][FOLDER_SIZE];
    double rates[2][ROUNDS];
    struct bed beds[2];
    size_t commits = batch >= 5000 ? 30 : 150;

    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(folders[i], FOLDER_SIZE, "%s/%s", folder, i == 0 ? "ours" : "theirs");
        beds[i] = open_bed(pair[i], folders[i], batch);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < 2; i++) {
            int64_t begin = figure_now_ns();

            run_commits(&beds[i], batch, commits);
            rates[i][round] = (double)(batch * commits) * 1e9 / (double)(figure_now_ns() - begin);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        medians[i] = figure_median(rates[i], ROUNDS);
        beds[i].candidate->close(beds[i].state);
        remove_folder(folders[i]);
    }
}

static void put_rates(struct figure_sheet *sheet, const char *folder)
{
    static const struct {
        const char *name;
        const struct candidate *pair[2];
        size_t batch;
        double target, stretch;
    } rows[] = {
        {"durable-rate-r200", {&candidate_store, &candidate_log}, 200, 0.6, 0.8},
        {"durable-rate-r1000", {&candidate_store, &candidate_log}, 1000, 0.6, 0.8},
        {"durable-rate-r5000", {&candidate_store, &candidate_log}, 5000, 0.6, 0.8},
        {"durable-rate-r16384", {&candidate_store, &candidate_log}, 16384, 0.6, 0.8},
        {"durable-rate-r5000-rows", {&candidate_store, &candidate_rows}, 5000, 15, 0},
        /* What this machine's flush leaves of that target at best: */
        {"log-rate-r5000-rows", {&candidate_log, &candidate_rows}, 5000, 15, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct figure figure = {.name = rows[i].name,
                                .unit = "readings/s",
                                .reference = rows[i].pair[1]->name,
                                .direction = FIGURE_AT_LEAST,
                                .target = rows[i].target,
                                .stretch = rows[i].stretch};
        double medians[2];

        measure_rates(folder, rows[i].pair, rows[i].batch, medians);
        figure.value = medians[0];
        figure.reference_value = medians[1];
        (void)figure_put(sheet, &figure); /* a missed target is a result, too */
    }
}

/** What a candidate counts itself. */
struct meter {
    double syncs; /* per commit */
    double bytes; /* per reading, handed to the file system */
};

/** Bytes that reach the device per reading; without a device, bytes that are handed down. */
static double device_bytes(const struct device *device, const char *folder,
                           const struct candidate *candidate, size_t batch, struct meter *meter)
{
    const double readings = (double)(batch * DEVICE_COMMITS);
    char own[2 * FOLDER_SIZE];
    struct bed bed;
    uint64_t begin, end, begin_syncs, begin_counted;

    (void)snprintf(own, sizeof(own), "%s/bed", device != NULL ? device->folder : folder);
    bed = open_bed(candidate, own, batch);
    begin = device != NULL ? device_written_bytes(device) : candidate->written_bytes(bed.state);
    begin_syncs = candidate->syncs(bed.state);
    begin_counted = candidate->written_bytes(bed.state);
    run_commits(&bed, batch, DEVICE_COMMITS);
    meter->syncs = (double)(candidate->syncs(bed.state) - begin_syncs) / DEVICE_COMMITS;
    meter->bytes = (double)(candidate->written_bytes(bed.state) - begin_counted) / readings;
    end = device != NULL ? device_written_bytes(device) : candidate->written_bytes(bed.state);
    candidate->close(bed.state);
    remove_folder(own);
    return (double)(end - begin) / readings;
}

static void put_device_bytes(struct figure_sheet *sheet, const struct device *device,
                             const char *folder)
{
    static const struct {
        const char *name;
        size_t batch;
    } rows[] = {
        {"device-bytes-r200", 200}, {"device-bytes-r1000", 1000}, {"device-bytes-r5000", 5000}};
    struct figure figure = {.unit = "bytes/reading", .direction = FIGURE_AT_MOST};
    struct meter meter, at_1000 = {0};
    double ours_at_1000 = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        figure.name = rows[i].name;
        figure.reference = "log";
        figure.target = 2.2;
        figure.stretch = 1.5;
        figure.value = device_bytes(device, folder, &candidate_store, rows[i].batch, &meter);
        if (rows[i].batch == 1000) {
            ours_at_1000 = figure.value;
            at_1000 = meter;
        }
        figure.reference_value =
            device_bytes(device, folder, &candidate_log, rows[i].batch, &meter);
        (void)figure_put(sheet, &figure); /* a missed target is a result, too */
    }
    figure.name = "device-bytes-r1000-rows";
    figure.value = ours_at_1000;
    figure.reference = "rows";
    figure.reference_value = device_bytes(device, folder, &candidate_rows, 1000, &meter);
    figure.target = 1.0 / 7;
    figure.stretch = 1.0 / 11;
    (void)figure_put(sheet, &figure);
    figure = (struct figure){"syncs-per-commit", at_1000.syncs, "syncs", NULL, 1,
                             FIGURE_AT_MOST,     1.05,          0};
    (void)figure_put(sheet, &figure);
    if (device != NULL) { /* `leat status` tells what is counted: is it what the device gets? */
        figure = (struct figure){"device-bytes-r1000-counted",
                                 ours_at_1000,
                                 "bytes/reading",
                                 "counted",
                                 at_1000.bytes,
                                 FIGURE_AT_MOST,
                                 1.1,
                                 0};
        (void)figure_put(sheet, &figure);
    }
}

static void put_encoding(struct figure_sheet *sheet)
{
    double bytes[2][ROUNDS], times[2][ROUNDS];
    struct figure figure = {.name = "payload-r1000",
                            .unit = "bytes/reading",
                            .reference = "ndjson-zstd3-16384",
                            .direction = FIGURE_AT_MOST,
                            .target = 0.12};

    for (size_t round = 0; round < ROUNDS; round++) {
        measure_codec(fine_stamps, ENCODED, 1000, &bytes[0][round], &times[0][round]);
        measure_json(fine_stamps, ENCODED, 16384, &bytes[1][round], &times[1][round]);
    }
    figure.value = figure_median(bytes[0], ROUNDS);
    figure.reference_value = figure_median(bytes[1], ROUNDS);
    (void)figure_put(sheet, &figure); /* a missed target is a result, too */
    figure.name = "encode-cpu-r1000";
    figure.unit = "ns/reading";
    figure.value = figure_median(times[0], ROUNDS);
    figure.reference_value = figure_median(times[1], ROUNDS);
    figure.target = 1.0 / 15;
    (void)figure_put(sheet, &figure);
}

/** Private memory of this process in KiB. */
static long private_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtol(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file); /* read only */
    }
    return kib;
}

/** What `measure` says in a process of its own, which has no memory left over from others. */
static double in_child(double (*measure)(const void *context), const void *context)
{
    double kib = 0;
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0) {
        bench_fail("pipe");
    }
    child = fork();
    if (child == 0) {
        (void)malloc_trim(0); /* what earlier parts freed would serve the measured one */
        kib = measure(context);
        _exit(write(ends[1], &kib, sizeof(kib)) == (ssize_t)sizeof(kib) ? 0 : 1);
    }
    if (child < 0 || read(ends[0], &kib, sizeof(kib)) != (ssize_t)sizeof(kib) ||
        waitpid(child, NULL, 0) != child) {
        bench_fail("measuring memory");
    }
    (void)close(ends[0]); /* only read from */
    (void)close(ends[1]);
    return kib;
}

struct memory_subject {
    const struct candidate *candidate;
    const char *folder;
    uint64_t ring_bytes;
};

static double while_working_kib(const void *context)
{
    const struct memory_subject *subject = context;
    double before = (double)private_kib();
    struct bed bed = open_bed(subject->candidate, subject->folder, 1000);
    double kib = (double)private_kib() - before;

    subject->candidate->close(bed.state);
    return kib;
}

static double when_open_kib(const void *context)
{
    const struct memory_subject *subject = context;
    double before = (double)private_kib();
    struct store *store = candidate_store_open(subject->folder, subject->ring_bytes);
    double kib = (double)private_kib() - before;

    store_close(store);
    return kib;
}

/** How much memory a candidate takes while it works. */
static double memory_of(const struct candidate *candidate, const char *folder)
{
    char own[FOLDER_SIZE];
    const struct memory_subject subject = {candidate, own, 0};
    double kib;

    (void)snprintf(own, sizeof(own), "%s/memory", folder);
    kib = in_child(while_working_kib, &subject);
    remove_folder(own);
    return kib;
}

static void drop_from_cache(const char *folder)
{
    static const char *const names[] = {"queue.db", "queue.db-wal"};

    for (size_t i = 0; i < 2; i++) {
        char path[FOLDER_SIZE + 16];
        int descriptor;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]); /* fits */
        descriptor = open(path, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0 || fsync(descriptor) != 0 ||
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) != 0) {
            bench_fail(path);
        }
        (void)close(descriptor); /* only synced through it */
    }
}

/** Milliseconds to open the queue in `folder` with nothing of it in memory. */
static double open_time_ms(const char *folder, uint64_t ring_bytes)
{
    double times[ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++) {
        int64_t begin;
        struct store *store;

        drop_from_cache(folder);
        begin = figure_now_ns();
        store = candidate_store_open(folder, ring_bytes);
        times[round] = (double)(figure_now_ns() - begin) / 1e6;
        store_close(store);
    }
    return figure_median(times, ROUNDS);
}

static void put_opening(struct figure_sheet *sheet, const char *folder)
{
    const uint64_t ring_bytes = 256 << 20;
    char own[FOLDER_SIZE];
    struct figure figure = {.name = "cold-open-100m",
                            .unit = "ms",
                            .reference = "empty-queue",
                            .direction = FIGURE_AT_MOST,
                            .target = 10};
    struct figure memory = {.name = "private-memory-100m",
                            .unit = "KiB",
                            .reference = "two-slots", /* the newest slot is in memory */
                            .direction = FIGURE_AT_MOST,
                            .target = 1.1};
    const struct memory_subject subject = {NULL, own, ring_bytes};
    struct store *store;
    struct store_stream_state now;

    (void)snprintf(own, sizeof(own), "%s/open", folder);
    remove_folder(own);
    if (mkdir(own, 0700) != 0) {
        bench_fail(own);
    }
    store = candidate_store_open(own, ring_bytes);
    candidate_store_commit(store, samples, 1);
    store_close(store);
    figure.reference_value = open_time_ms(own, ring_bytes);
    store = candidate_store_open(own, ring_bytes);
    for (size_t done = 0; done < TWO_SLOTS_READINGS; done += BACKLOG_COMMIT) {
        candidate_store_commit(store, samples + done % SAMPLES, BACKLOG_COMMIT);
    }
    store_close(store);
    memory.reference_value = in_child(when_open_kib, &subject);
    store = candidate_store_open(own, ring_bytes);
    for (size_t done = 0; done < BACKLOG_READINGS; done += BACKLOG_COMMIT) {
        candidate_store_commit(store, samples + done % SAMPLES, BACKLOG_COMMIT);
    }
    store_state(store, STREAM_READINGS, &now);
    store_close(store);
    if (now.waiting_count < BACKLOG_READINGS) {
        bench_fail("keeping the backlog");
    }
    figure.value = open_time_ms(own, ring_bytes);
    (void)figure_put(sheet, &figure); /* a missed target is a result, too */
    figure = (struct figure){"cold-open-100m-at-all", figure.value, "ms", NULL, 1,
                             FIGURE_AT_MOST,          50,           0};
    (void)figure_put(sheet, &figure);
    memory.value = in_child(when_open_kib, &subject);
    (void)figure_put(sheet, &memory);
    remove_folder(own);
}

static void put_memory(struct figure_sheet *sheet, const char *folder)
{
    struct figure figure = {.name = "private-memory",
                            .unit = "KiB",
                            .reference = "rows",
                            .direction = FIGURE_AT_MOST,
                            .target = 1.4};

    figure.value = memory_of(&candidate_store, folder);
    figure.reference_value = memory_of(&candidate_rows, folder);
    (void)figure_put(sheet, &figure); /* a missed target is a result, too */
}

int main(void)
{
    const char *base = getenv("LEAT_BENCH_DIR");
    char folder[FOLDER_SIZE / 2];
    struct figure_sheet sheet;
    struct device device;
    bool counted;

    if (!figure_open(&sheet, "queue")) {
        return 1;
    }
    if (snprintf(folder, sizeof(folder), "%s/queue-XXXXXX", base != NULL ? base : "build/bench") >=
            (int)sizeof(folder) ||
        mkdtemp(folder) == NULL) {
        bench_fail("making a folder");
    }
    fill_samples(samples, false);
    fill_samples(fine_stamps, true);
    put_memory(&sheet, folder);
    put_encoding(&sheet);
    put_rates(&sheet, folder);
    counted = device_open(&device, folder);
    if (!counted) {
        (void)fprintf(stderr,
                      "no loop device (that takes root): bytes are counted as handed to the "
                      "file system, without its journal\n");
    }
    put_device_bytes(&sheet, counted ? &device : NULL, folder);
    if (counted) {
        device_close(&device);
    }
    put_opening(&sheet, folder);
    remove_folder(folder);
    return figure_close(&sheet) ? 0 : 1;
}
