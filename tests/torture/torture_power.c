/* Power cuts, simulated: the store works on a disk in memory (power_disk.h) whose power goes off in
 * the middle of a write or a sync, and is opened again on what is left. Everything it acknowledged
 * must be there.
 *
 * --synchronous normal and --lying-flush break the promise on purpose: the losses that they bring
 * show that this test sees losses.
 */
#include "agent/store/inside.h"
#include "base/parse.h"
#include "tests/torture/power_hooks.h"
#include "tests/torture/power_run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_SIZE = 32, ROUNDS = 10000, CUTS_PER_LIFE = 20, STEPS_MAX = 60, STEPS_MAX_RARE = 400 };

/** How a class is met: how often it is wanted once all slots are made, and how many of its writes
 *  and syncs go by at most before the cut. */
static const struct {
    const char *name;
    unsigned weight;
    uint64_t steps;
} classes[POWER_CLASS_COUNT] = {
    [POWER_MAKING] = {"making the queue", 0, 95},
    [POWER_SLOTS] = {"making slots", 0, 2400},
    [POWER_COMMIT] = {"a commit", 30, 60},
    [POWER_TURN] = {"a slot turn", 20, 60},
    [POWER_CHECKPOINT] = {"a checkpoint", 15, 300},
    [POWER_SAVING] = {"saving a cut", 8, 6},
    [POWER_FINISHING] = {"finishing a cut", 8, 12},
    [POWER_POINTS] = {"adding points", 5, 20},
    [POWER_OPENING] = {"opening again", 1, 12},
    [POWER_CLOSING] = {"closing", 5, 200},
    [POWER_AT_REST] = {"at rest", 3, 1},
};

static enum power_class class_of_commit(const struct store *store)
{
    bool finishing = false;

    for (size_t i = 0; i < STREAM_COUNT; i++) {
        if (store->rows[i].row.head_first != store->rows[i].on_disk.head_first) {
            return POWER_TURN;
        }
        finishing = finishing || store->cuts[i].changes != store->cuts[i].saved;
    }
    return finishing                                              ? POWER_FINISHING
           : store->catalogue.count != store->catalogue.committed ? POWER_POINTS
                                                                  : POWER_COMMIT;
}

static enum power_class classify(const struct power_run *run, bool database)
{
    if (run->phase == POWER_PHASE_OPEN) {
        return power_hooks()->making_slots   ? POWER_SLOTS
               : run->incarnation[0] == '\0' ? POWER_MAKING
                                             : POWER_OPENING;
    }
    if (run->phase == POWER_PHASE_CLOSE) {
        return POWER_CLOSING;
    }
    if (database) {
        return POWER_CHECKPOINT;
    }
    if (power_hooks()->making_slots) {
        return POWER_SLOTS;
    }
    return run->phase == POWER_PHASE_SAVE ? POWER_SAVING : class_of_commit(run->store);
}

/** power_watch */
static bool watch(void *context, bool database)
{
    struct power_run *run = context;
    enum power_class now = classify(run, database);

    if ((run->wanted != POWER_CLASS_COUNT && run->wanted != now) || --run->countdown > 0) {
        return false;
    }
    run->fell = now;
    return true;
}

static bool slots_are_missing(const struct power_run *run)
{
    for (size_t i = 0; i < STREAM_RING_COUNT && run->store != NULL; i++) {
        if (run->store->rings[i].state->on_disk.made < run->store->rings[i].capacity) {
            return true;
        }
    }
    return false;
}

static enum power_class choose_class(struct power_run *run)
{
    uint64_t dice, whole = 6; /* the weight of "any" */

    if (run->incarnation[0] == '\0') {
        return power_dice(run, 4) > 0 ? POWER_MAKING : POWER_SLOTS;
    }
    if (slots_are_missing(run) && power_dice(run, 2) == 0) {
        return POWER_SLOTS;
    }
    for (size_t i = 0; i < POWER_CLASS_COUNT; i++) {
        whole += classes[i].weight;
    }
    dice = power_dice(run, whole);
    for (size_t i = 0; i < POWER_CLASS_COUNT; i++) {
        if (dice < classes[i].weight) {
            return (enum power_class)i;
        }
        dice -= classes[i].weight;
    }
    return POWER_CLASS_COUNT;
}

static void open_queue(struct power_run *run)
{
    struct error error;
    enum error_code code;

    if (power_dice(run, 8) == 0) { /* the configuration was changed */
        run->settings.ring_bytes[STREAM_READINGS] = (1 + power_dice(run, 3)) << 20;
    }
    run->phase = POWER_PHASE_OPEN;
    code = store_open(&run->settings, &run->store, &error);
    run->phase = POWER_PHASE_WORK;
    if (code == ERROR_OK && !run->disk.off) {
        power_check(run);
    } else if (!run->disk.off) {
        run->not_opened++;
        run->spoiled += run->has_settled;
        run->over = true;
        power_complain(run, "it does not open: %s", error.text);
    }
}

static void close_queue(struct power_run *run)
{
    if (run->store != NULL) {
        power_expect_own(run);
        store_close(run->store);
        run->store = NULL;
    }
}

static size_t lying_writes(uint64_t shape)
{
    return 1 + (size_t)(shape >> 4) % 600;
}

/** Half of the disks that lie do it from the first write on, the others once the queue was made and
 *  had the time to get there. */
static void settle(struct power_run *run)
{
    if (run->lying && run->disk.lying_writes == 0 && run->store != NULL &&
        !slots_are_missing(run)) {
        power_disk_settle(&run->disk);
        run->disk.lying_writes = lying_writes(power_mix(run->life_seed, 5));
        run->has_settled = true;
    }
}

static void begin_life(struct power_run *run)
{
    struct power_hooks *hooks = power_hooks();
    uint64_t shape;

    power_expect_free(run);
    run->life_seed = power_dice(run, UINT64_MAX);
    shape = power_mix(run->life_seed, 5);
    power_disk_create(&run->disk, run->life_seed);
    run->disk.strict_names = shape % 3 == 0;
    run->has_settled = false;
    run->disk.lying_writes = run->lying && shape % 2 == 0 ? lying_writes(shape) : 0;
    run->settings.ring_bytes[STREAM_EVENTS] = 1 << 20;
    run->settings.ring_bytes[STREAM_READINGS] = (1 + (shape >> 16) % 3) << 20;
    run->settings.ring_bytes[STREAM_LOGS] = 1 << 20;
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        run->settings.when_full[i] = i != STREAM_EVENTS && (shape >> (20 + i)) % 3 == 0
                                         ? STORE_HOLD
                                         : STORE_OVERWRITE_OLDEST;
    }
    fixed_clock_init(&run->clock, INT64_C(1795375471) * NS_PER_S);
    run->incarnation[0] = '\0';
    run->over = false;
    run->always_boots = (shape >> 30) % 2 == 0;
    hooks->disk = &run->disk;
    hooks->boot = shape;
    hooks->checkpoint_pages = (shape >> 40) % 3 == 0 ? 0 : 100 + (unsigned)((shape >> 44) % 500);
}

/** What the last cut left is looked at as well. */
static void end_life(struct power_run *run)
{
    run->disk.watch = NULL;
    if (!run->over) {
        open_queue(run);
    }
    close_queue(run);
    power_hooks()->disk = NULL;
    power_disk_free(&run->disk);
}

static void cut_power(struct power_run *run)
{
    if (!run->disk.off) { /* nothing that was wanted came along */
        run->disk.off = true;
        run->fell = POWER_AT_REST;
    }
    close_queue(run);
    run->tallies[run->fell].cuts++;
    run->settled_cuts += run->has_settled;
    run->attempt++;
    power_hooks()->boot += run->always_boots || power_dice(run, 3) == 0;
    power_disk_power_on(&run->disk, power_dice(run, UINT64_MAX));
}

/** What this round is after; what did not come along in time is given up for anything. */
static void choose(struct power_run *run, bool anything)
{
    run->wanted = anything ? POWER_CLASS_COUNT : choose_class(run);
    run->countdown =
        1 + power_dice(run, run->wanted == POWER_CLASS_COUNT ? 300 : classes[run->wanted].steps);
    run->disk.watch = watch;
}

static void run_round(struct power_run *run)
{
    unsigned most = STEPS_MAX;

    run->disk.watch = NULL;
    run->disk.context = run;
    for (unsigned step = 0; !run->disk.off && !run->over && step < most + STEPS_MAX; step++) {
        bool chosen = run->disk.watch != NULL;

        if (!chosen && (run->store != NULL || run->incarnation[0] == '\0' ||
                        power_dice(run, 20) == 0)) { /* else once it is open */
            choose(run, false);
            most = run->wanted == POWER_CHECKPOINT ? STEPS_MAX_RARE : STEPS_MAX;
        } else if (step == most && run->wanted != POWER_AT_REST) {
            choose(run, true);
        }
        if (run->store == NULL) {
            open_queue(run);
        } else {
            power_work_step(run);
        }
        settle(run);
        if (run->wanted == POWER_AT_REST && power_dice(run, 8) == 0) {
            break;
        }
    }
    cut_power(run);
}

static void print_table(const struct power_run *run, struct power_tally *all)
{
    (void)printf("%-18s %6s %13s %11s %11s %9s %6s %6s\n", "the cut fell into", "cuts",
                 "acknowledged", "found", "overwritten", "uploaded", "lost", "double");
    for (size_t i = 0; i < POWER_CLASS_COUNT; i++) {
        const struct power_tally *tally = &run->tallies[i];

        (void)printf("%-18s %6llu %13llu %11llu %11llu %9llu %6llu %6llu\n", classes[i].name,
                     (unsigned long long)tally->cuts, (unsigned long long)tally->acknowledged,
                     (unsigned long long)tally->found, (unsigned long long)tally->overwritten,
                     (unsigned long long)tally->uploaded, (unsigned long long)tally->lost,
                     (unsigned long long)tally->twice);
        all->cuts += tally->cuts;
        all->acknowledged += tally->acknowledged;
        all->found += tally->found;
        all->lost += tally->lost;
        all->twice += tally->twice;
    }
    (void)printf(
        "not opened %llu, set aside %llu, stopped at work %llu, other broken promises "
        "%llu\n",
        (unsigned long long)run->not_opened, (unsigned long long)run->set_aside,
        (unsigned long long)run->stopped,
        (unsigned long long)(run->wrong - run->not_opened - run->set_aside - run->stopped));
    if (run->lying) {
        (void)printf("queues that were made before the disk began to lie: cuts %llu, set aside "
                     "%llu\n",
                     (unsigned long long)run->settled_cuts, (unsigned long long)run->spoiled);
    }
}

static bool read_options(struct power_run *run, int count, char **words)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"synchronous", required_argument, NULL, 'y'},
                                            {"lying-flush", no_argument, NULL, 'l'},
                                            {NULL, 0, NULL, 0}};
    int letter;

    while ((letter = getopt_long(count, words, "", options, NULL)) >= 0) {
        bool understood = letter == 'l';

        if (letter == 's' || letter == 'r') {
            understood = parse_uint64(optarg, letter == 's' ? &run->seed : &run->rounds);
        } else if (letter == 'y') {
            run->normal = strcmp(optarg, "normal") == 0;
            understood = run->normal || strcmp(optarg, "full") == 0;
        } else if (letter == 'l') {
            run->lying = true;
        }
        if (!understood) {
            return false;
        }
    }
    return optind == count;
}

static bool prepare(struct power_run *run, char folder[FOLDER_SIZE])
{
    (void)snprintf(folder, FOLDER_SIZE, "/tmp/leat-power-XXXXXX"); /* fits */
    if (mkdtemp(folder) == NULL) { /* stays empty: only its name, and syncing it, is needed */
        perror("cannot make a folder in /tmp");
        return false;
    }
    (void)snprintf(run->path, sizeof(run->path), "%s/queue.db", folder); /* fits */
    (void)snprintf(power_hooks()->folder, POWER_NAME_SIZE, "%s/", folder);
    power_hooks()->normal = run->normal;
    run->settings.path = run->path;
    run->settings.clock = &run->clock.clock;
    run->samples = power_reallocate(NULL, STORE_APPEND_MAX * sizeof(*run->samples));
    run->texts = power_reallocate(NULL, (size_t)STORE_APPEND_MAX * POWER_TEXT_MAX);
    run->dice = power_mix(run->seed, 0);
    run->attempt = 1;
    return true;
}

/** Returns the exit code. */
static int report(const struct power_run *run)
{
    struct power_tally all = {0};

    print_table(run, &all);
    if (run->normal && power_hooks()->rewritten == 0) {
        (void)printf("the store's synchronous pragma was not found\n");
        return 2;
    }
    (void)printf("total: rounds %llu acknowledged %llu found %llu lost %llu double %llu\n",
                 (unsigned long long)all.cuts, (unsigned long long)all.acknowledged,
                 (unsigned long long)all.found, (unsigned long long)all.lost,
                 (unsigned long long)all.twice);
    return all.lost > 0 || all.twice > 0 || run->wrong > 0 ? 1 : 0;
}

int main(int count, char **words)
{
    struct power_run *run = power_reallocate(NULL, sizeof(*run));
    char folder[FOLDER_SIZE];
    int code;

    memset(run, 0, sizeof(*run));
    run->seed = 1;
    run->rounds = ROUNDS;
    if (!read_options(run, count, words)) {
        (void)fputs("torture_power [--seed N] [--rounds N] [--synchronous "
                    "full|normal] [--lying-flush]\n",
                    stderr);
        return 2;
    }
    if (!prepare(run, folder)) {
        return 2;
    }
    for (run->round = 1; run->round <= run->rounds; run->round++) {
        if (run->round % CUTS_PER_LIFE == 1 || run->over) {
            if (run->round > 1) {
                end_life(run);
            }
            begin_life(run);
        }
        run_round(run);
    }
    end_life(run);
    code = report(run);
    power_expect_free(run);
    free(run->samples);
    free(run->texts);
    free(run);
    (void)rmdir(folder); /* is empty */
    return code;
}
