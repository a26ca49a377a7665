/* A year of clock faults in simulated time: the agent's own clock, store, uplink and directory
 * target on a machine whose clock starts in 1970, is set hours either way, flaps, sleeps, reboots.
 * A model knows what was true.
 *
 * A round is a week; 55 of them are a life: a year with a 29 February, then the weeks in which 31
 * and 32 bits of seconds run out (2038-01-19, 2106-02-07), with the machine off between. Fewer
 * rounds leave out other weeks.
 */
#include "agent/agent.h"
#include "agent/clock/clock_watch.h"
#include "agent/uplink/uplink.h"
#include "base/log.h"
#include "base/parse.h"
#include "tests/torture/clock_account.h"
#include "tests/torture/clock_world.h"

#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WEEKS = 55, YEAR_WEEKS = 53, LEAP_WEEK = 30, MAX_AGE_S = 360, STEP_MAX_S = 60 };

#define WEEK_NS (7 * NS_PER_DAY)

struct gateway {
    struct world world;
    struct account account;
    char folder[64], lake[80];
    struct config *config;
    struct status_board *board;
    struct clock_watch watch;
    struct store *store;
    struct uplink *uplink;
    uint32_t handle;
    int64_t excused_ns;     /* boot time: nothing had to go up before */
    int64_t target_back_ns; /* true time; 0: it is there */
};

static const struct definition level = {
    .point_id = "tank/level",
    .device = "tank",
    .name = "level",
    .type = "uint64",
    .unit = "m",
    .role = "sensor",
    .address = "holding:10",
    .labels = "",
    .scale = 1,
    .range_low = NAN,
    .range_high = NAN,
};

/* The agent tells each change; here they are thousands. */
void __wrap_log_line(enum log_level level_of, const char *id, const char *format, ...)
    PRINTF_LIKE(3, 4);
void __wrap_log_line(enum log_level level_of, const char *id, const char *format, ...)
{
    (void)level_of;
    (void)id;
    (void)format;
}

static void must(enum error_code code, const struct error *error)
{
    if (code != ERROR_OK) {
        (void)printf("not what was to be tried: %s\n", error->text);
        exit(EXIT_FAILURE);
    }
}

static void open_agent(struct gateway *gateway)
{
    struct error error = {0};
    const int64_t build_ns = clock_day_from_date(2026, 11, 22) * NS_PER_DAY;
    struct store_settings settings = {
        .path = gateway->config->queue.path,
        .clock = &gateway->watch.wall.clock,
        .boot_id = gateway->world.boot_id,
    };
    struct uplink_settings uplink = {gateway->config, NULL, gateway->board,
                                     &gateway->watch.wall.clock};

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        settings.ring_bytes[i] = gateway->config->queue.ring_bytes[i];
    }
    clock_watch_init(&gateway->watch, &gateway->world.machine.clock, false, build_ns);
    must(store_open(&settings, &gateway->store, &error), &error);
    clock_watch_start(&gateway->watch, gateway->store);
    must(store_define(gateway->store, &level, &gateway->handle, &error), &error);
    uplink.store = gateway->store;
    must(uplink_create(&uplink, &gateway->uplink, &error), &error);
    gateway->excused_ns = clock_boot_ns(&gateway->watch.wall.clock);
}

/** What was not committed never was; numbers go on from there. */
static void close_agent(struct gateway *gateway)
{
    uplink_free(gateway->uplink);
    store_close(gateway->store);
    gateway->account.reading_count = gateway->account.committed;
}

static void commit(struct gateway *gateway)
{
    struct account *account = &gateway->account;
    struct boot_truth *boot = &account->boots[gateway->world.boots - 1];
    struct store_stream_state state;
    struct error error = {0};

    must(store_commit(gateway->store, &error), &error);
    store_state(gateway->store, STREAM_READINGS, &state);
    account->committed = (size_t)state.committed_sequence;
    store_state(gateway->store, STREAM_EVENTS, &state);
    account->event_count = (size_t)state.committed_sequence;
    if (clock_state(&gateway->watch.wall.clock) == CLOCK_SYNCHRONISED &&
        boot->right_ns == INT64_MAX) {
        boot->right_ns = gateway->world.true_ns;
    }
}

/** A reading; now and then it lies in an inbox for a moment, in which the clock may be set. */
static void append(struct gateway *gateway)
{
    struct world *world = &gateway->world;
    const struct boot_truth *boot = &gateway->account.boots[world->boots - 1];
    struct truth truth = {
        .true_ns = world->true_ns,
        .boot = (uint32_t)world->boots - 1,
        .own_time = world_dice(world, 5) == 0,
        .was_known = boot->right_ns != INT64_MAX,
    };
    struct sample sample = {
        .received_ns = clock_utc_ns(&gateway->watch.wall.clock),
        .point_id = gateway->handle,
        .type = SAMPLE_INT,
        .value.integer = (int64_t)gateway->account.reading_count + 1,
    };
    struct error error = {0};

    sample.time_ns = truth.own_time ? truth.true_ns - 5 * NS_PER_S : sample.received_ns;
    if (world_dice(world, 10) == 0) {
        world_go_on(world, (int64_t)world_dice(world, (uint64_t)NS_PER_S / 2));
    }
    must(store_append(gateway->store, STREAM_READINGS, &sample, 1, &error), &error);
    account_reading(&gateway->account, &truth);
}

/** The target comes and goes: a cut that was saved waits, while the clock changes. */
static bool target_is_there(struct gateway *gateway)
{
    struct world *world = &gateway->world;
    char away[96];

    (void)snprintf(away, sizeof(away), "%s.away", gateway->lake);
    if (gateway->target_back_ns != 0 && world->true_ns < gateway->target_back_ns) {
        return false;
    }
    if (gateway->target_back_ns != 0) {
        gateway->target_back_ns = 0;
        gateway->excused_ns = clock_boot_ns(&gateway->watch.wall.clock);
        (void)rename(away, gateway->lake); /* if not, everything is lost, and seen to be */
        uplink_flush(gateway->uplink);
    } else if (world_dice(world, 3000) == 0) {
        world->counts[WORLD_NO_TARGET]++;
        gateway->target_back_ns = world->true_ns + 1 + (int64_t)world_dice(world, NS_PER_DAY);
        (void)rename(gateway->lake, away);
        uplink_flush(gateway->uplink);
        uplink_turn(gateway->uplink); /* cuts, saves, fails */
        return false;
    }
    return true;
}

/** A committed reading that does not wait for the clock goes within max_age of boot time. */
static void check_late(struct gateway *gateway)
{
    const struct world *world = &gateway->world;
    struct store_stream_state state;
    struct status_uplink uplink;
    int64_t now_ns = clock_boot_ns(&gateway->watch.wall.clock);
    int64_t since_ns = gateway->excused_ns;

    status_board_uplink(gateway->board, &uplink);
    store_state(gateway->store, STREAM_READINGS, &state);
    if (uplink.waits_for_clock[STREAM_READINGS]) {
        gateway->excused_ns = now_ns;
    }
    if (state.waiting_count == 0 || uplink.waits_for_clock[STREAM_READINGS]) {
        return;
    }
    if (gateway->account.readings[state.acknowledged].true_ns - world->booted_ns > since_ns) {
        since_ns = gateway->account.readings[state.acknowledged].true_ns - world->booted_ns;
    }
    if (now_ns - since_ns > (MAX_AGE_S + 2 * STEP_MAX_S) * NS_PER_S &&
        gateway->account.late++ < 3) {
        (void)printf("  late: reading %" PRIu64 " after %" PRId64 " s\n", state.acknowledged + 1,
                     (now_ns - since_ns) / NS_PER_S);
    }
}

static void look(struct gateway *gateway)
{
    clock_watch_look(&gateway->watch);
    commit(gateway);
    if (target_is_there(gateway)) {
        uplink_turn(gateway->uplink);
        check_late(gateway);
    }
}

static void reboot(struct gateway *gateway, int64_t off_ns)
{
    close_agent(gateway);
    world_boot(&gateway->world, off_ns);
    account_boot(&gateway->account);
    open_agent(gateway);
}

static void maybe_end(struct gateway *gateway)
{
    struct world *world = &gateway->world;
    uint64_t dice = world_dice(world, 4000);

    if (dice < 8) {
        world->counts[dice < 4 ? WORLD_RESTART : WORLD_KILL]++;
        append(gateway);
        if (dice < 4) {
            commit(gateway);
        }
        close_agent(gateway);
        open_agent(gateway);
    } else if (dice < 14) {
        int64_t most_ns = dice < 12 ? 600 * NS_PER_S : 20 * 3600 * NS_PER_S;

        reboot(gateway, (int64_t)world_dice(world, (uint64_t)most_ns) + NS_PER_S);
    }
}

/** The agent looks at least once a second: so before and after whatever happens to the clock. */
static void step(struct gateway *gateway)
{
    struct world *world = &gateway->world;
    int64_t left_ns = (int64_t)world_dice(world, 3) == 0
                          ? (int64_t)world_dice(world, (uint64_t)NS_PER_S)
                          : (int64_t)world_dice(world, STEP_MAX_S * (uint64_t)NS_PER_S);
    int64_t until_ntp_ns = world->ntp_at_ns - world->true_ns;

    if (until_ntp_ns > NS_PER_S && until_ntp_ns < left_ns) {
        left_ns = until_ntp_ns - (int64_t)world_dice(world, (uint64_t)NS_PER_S);
    }
    world_go_on(world, left_ns);
    look(gateway);
    append(gateway);
    world_go_on(world, (int64_t)world_dice(world, (uint64_t)NS_PER_S / 2));
    append(gateway);
    world_trouble(world);
    world_go_on(world, (int64_t)world_dice(world, (uint64_t)NS_PER_S / 2));
    append(gateway);
    look(gateway);
    maybe_end(gateway);
}

static int64_t week_start_ns(unsigned week)
{
    int64_t day = week < YEAR_WEEKS    ? clock_day_from_date(2027, 8, 1) + 7 * (int64_t)week
                  : week == YEAR_WEEKS ? clock_day_from_date(2038, 1, 16)
                                       : clock_day_from_date(2106, 2, 4);

    return day * NS_PER_DAY;
}

static void run_week(struct gateway *gateway, unsigned week)
{
    struct world *world = &gateway->world;
    int64_t start_ns = week_start_ns(week);

    if (start_ns - world->true_ns > NS_PER_DAY) {
        reboot(gateway, start_ns - world->true_ns);
    }
    while (world->true_ns < start_ns + WEEK_NS) {
        step(gateway);
    }
    if (gateway->target_back_ns != 0) {
        gateway->target_back_ns = world->true_ns;
        (void)target_is_there(gateway);
    }
    uplink_flush(gateway->uplink); /* what a kill made the store forget goes up again now */
    uplink_turn(gateway->uplink);
    commit(gateway); /* and not later: the lake is emptied here */
    account_check_lake(&gateway->account, gateway->lake);
}

/** The clock is set, everything goes up. */
static void finish(struct gateway *gateway)
{
    world_ntp(&gateway->world);
    clock_watch_look(&gateway->watch);
    commit(gateway);
    uplink_flush(gateway->uplink);
    uplink_turn(gateway->uplink);
    account_check_lake(&gateway->account, gateway->lake);
}

static void write_config(const struct gateway *gateway, const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL ||
        fprintf(file,
                "site: works\ngateway: gw-1\n"
                "queue: { path: '%s/queue.db', rings: { events: { size: 32MiB }, readings: { size: "
                "32MiB } } }\n"
                "sync: { batch: { max_age: %ds }, targets: [{ name: lake, type: directory, path: "
                "'%s' }] }\n",
                gateway->folder, MAX_AGE_S, gateway->lake) < 0 ||
        fclose(file) != 0) {
        exit(EXIT_FAILURE);
    }
}

static void set_up(struct gateway *gateway, uint64_t seed, unsigned first_week)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* much is synced */
    struct error error = {0};
    char path[96];

    *gateway = (struct gateway){.account.max_age_ns = MAX_AGE_S * (uint64_t)NS_PER_S};
    (void)snprintf(gateway->folder, sizeof(gateway->folder), "%s/leat-clock-XXXXXX", base);
    if (mkdtemp(gateway->folder) == NULL) {
        exit(EXIT_FAILURE);
    }
    (void)snprintf(gateway->lake, sizeof(gateway->lake), "%s/lake", gateway->folder);
    (void)snprintf(path, sizeof(path), "%s/leat.yaml", gateway->folder);
    if (mkdir(gateway->lake, 0700) != 0) {
        exit(EXIT_FAILURE);
    }
    write_config(gateway, path);
    gateway->config = agent_load_config(path);
    if (gateway->config == NULL) {
        exit(EXIT_FAILURE);
    }
    must(status_board_create(&gateway->board, &error), &error);
    world_init(&gateway->world, seed, week_start_ns(first_week));
    account_boot(&gateway->account);
    open_agent(gateway);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void tear_down(struct gateway *gateway)
{
    close_agent(gateway);
    status_board_free(gateway->board);
    config_free(gateway->config);
    account_deinit(&gateway->account);
    (void)nftw(gateway->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* only takes room */
}

/** Of a short life: the first week, 29 February and the ends of time first, then others evenly. */
static void choose_weeks(uint64_t rounds, bool chosen[WEEKS])
{
    static const unsigned wanted[] = {0, LEAP_WEEK, YEAR_WEEKS, YEAR_WEEKS + 1};
    uint64_t count = 0;

    memset(chosen, 0, WEEKS * sizeof(*chosen));
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && count < rounds; i++, count++) {
        chosen[wanted[i]] = true;
    }
    for (unsigned week = 0; count < rounds && count < WEEKS; week = (week + 13) % WEEKS) {
        count += !chosen[week];
        chosen[week] = true;
    }
}

struct totals {
    uint64_t acknowledged, lost, double_count, broken;
};

static void print_life(const struct gateway *gateway, uint64_t rounds)
{
    const struct account *account = &gateway->account;

    (void)printf("%-46s %8s\n", "what happened to the clock", "times");
    for (size_t i = 0; i < WORLD_FAULT_COUNT; i++) {
        (void)printf("%-46s %8" PRIu64 "\n", world_fault_names[i], gateway->world.counts[i]);
    }
    (void)printf(
        "weeks %" PRIu64 ", boots %" PRIu64 ", readings %zu, events %zu, objects %" PRIu64 "\n",
        rounds, gateway->world.boots, account->committed, account->event_count, account->objects);
    (void)printf("readings: right as they were %" PRIu64
                 " (off by %.3f s at most), corrected %" PRIu64 " (%.3f s), flagged %" PRIu64 "\n",
                 account->right, (double)account->worst_right_ns / 1e9, account->corrected,
                 (double)account->worst_corrected_ns / 1e9, account->flagged);
    (void)printf("broken promises: time wrong by more than 1 s %" PRIu64
                 ", flagged for nothing %" PRIu64 ", late %" PRIu64 ", rows of another day %" PRIu64
                 ", other rows %" PRIu64 ", objects not sound %" PRIu64 "\n",
                 account->wrong_time, account->wrong_flag, account->late, account->spanning,
                 account->wrong_row, account->unsound);
}

static void run_life(uint64_t seed, uint64_t rounds, struct totals *totals)
{
    static struct gateway gateway; /* too large for a stack */
    bool chosen[WEEKS];
    bool begun = false;

    choose_weeks(rounds, chosen);
    for (unsigned week = 0; week < WEEKS; week++) {
        if (chosen[week]) {
            if (!begun) {
                set_up(&gateway, seed, week);
                begun = true;
            }
            run_week(&gateway, week);
        }
    }
    finish(&gateway);
    print_life(&gateway, rounds);
    totals->acknowledged += account_acknowledged(&gateway.account);
    totals->lost += account_lost(&gateway.account);
    totals->double_count += gateway.account.double_count;
    totals->broken += account_broken(&gateway.account);
    tear_down(&gateway);
}

static uint64_t number_of(const char *text)
{
    uint64_t number;

    if (!parse_uint64(text, &number) || number == 0) {
        (void)printf("'%s' is no number above 0\n", text);
        exit(2);
    }
    return number;
}

int main(int count, char **arguments)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'}, {"rounds", required_argument, NULL, 'r'}, {0}};
    uint64_t seed = 1, rounds = WEEKS, left;
    struct totals totals = {0};
    int option;

    while ((option = getopt_long(count, arguments, "", options, NULL)) >= 0) {
        if (option == 's') {
            seed = number_of(optarg);
        } else if (option == 'r') {
            rounds = number_of(optarg);
        } else {
            return 2;
        }
    }
    for (left = rounds; left > 0; left -= left < WEEKS ? left : WEEKS) {
        run_life(seed + left, left < WEEKS ? left : WEEKS, &totals);
    }
    (void)printf("total: rounds %" PRIu64 " acknowledged %" PRIu64 " found %" PRIu64
                 " lost %" PRIu64 " double %" PRIu64 "\n",
                 rounds, totals.acknowledged, totals.acknowledged - totals.lost, totals.lost,
                 totals.double_count);
    return totals.lost == 0 && totals.double_count == 0 && totals.broken == 0 ? EXIT_SUCCESS
                                                                              : EXIT_FAILURE;
}
