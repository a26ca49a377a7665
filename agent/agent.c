#include "agent/agent.h"

#include "agent/clock/clock_watch.h"
#include "agent/collect/fleet.h"
#include "agent/config/check.h"
#include "agent/journal.h"
#include "agent/local/requests.h"
#include "agent/machine/host.h"
#include "agent/machine/self.h"
#include "agent/store/store_aside.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

enum {
    HIGH_WATER_EVERY_S = 15 * 60,
    STOP_MAX_MS = 1500,
    LARGE_BUFFER_BYTES = 64 * 1024,
    LOOK_EVERY_MS = 1000
};

struct agent {
    struct agent_settings settings;
    bool begins_anew; /* G5 */
    struct clock_watch clock_watch;
    struct shared shared;
    struct errand_board errands;
    struct fleet fleet;
    struct self self;
    struct local_api *api;
    char learned_folder[PATH_MAX];           /* "": its name is too long */
    int64_t flush_due_ns, high_water_due_ns; /* monotonic */
    int signals;
    unsigned ended_by; /* the number of the signal */
};

enum error_code agent_open_store(const struct config *config, const struct clock *clock,
                                 struct store **store, struct error *error)
{
    struct store_settings settings = {.path = config->queue.path,
                                      .keep_free_bytes = config->queue.keep_free_bytes,
                                      .program_page_bytes = config->queue.card.program_page_bytes,
                                      .clock = clock};
    struct host host;
    const struct store_identity identity = {host.machine, host.hardware, config->site,
                                            config->gateway};
    enum error_code code = host_read("", &host, error);

    settings.identity = &identity;
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        settings.ring_bytes[i] = config->queue.ring_bytes[i];
        settings.when_full[i] = (enum store_when_full)config->queue.when_full[i];
    }
    if (code == ERROR_OK) {
        code = store_open(&settings, store, error);
    }
    if (code == ERROR_OK && store_kept_as(*store)[0] != '\0') {
        log_warning("queue-set-aside", "kept_as=%s incarnation=%s reason=\"%s\"",
                    store_kept_as(*store), store_incarnation(*store), store_kept_because(*store));
    }
    return code;
}

/** G5: the queue is damaged where it must be written, and will not mend. */
static void give_up_queue(struct agent *agent, const char *reason)
{
    struct error error = {0};

    if (!agent->begins_anew && store_condemn(agent->shared.store, reason, &error) == ERROR_OK) {
        agent->begins_anew = true;
        log_error("queue-given-up", "path=%s error=\"%s\"", agent->shared.config->queue.path,
                  reason);
    }
}

/** G3: a failure is told once, the recovery too. */
static bool commit(struct agent *agent)
{
    struct error error = {0};
    enum error_code code = store_commit(agent->shared.store, &error);
    bool failed = code != ERROR_OK;
    bool changed;

    if (code == ERROR_BAD_DATA) {
        give_up_queue(agent, error.text);
    }
    (void)pthread_mutex_lock(&agent->shared.lock);
    changed = failed != (agent->shared.queue_error[0] != '\0');
    (void)snprintf(agent->shared.queue_error, sizeof(agent->shared.queue_error), "%s",
                   failed ? error.text : "");
    upkeep_look(&agent->shared.upkeep);
    (void)pthread_mutex_unlock(&agent->shared.lock);
    if (changed && failed) {
        log_error("queue-failing", "error=\"%s\"", error.text);
    } else if (changed) {
        log_info("queue-recovered", "path=%s", agent->shared.config->queue.path);
    }
    return !failed;
}

/** Is a signal waiting that ends the agent? It stays where it is. */
static bool stop_is_asked(void)
{
    sigset_t waiting;

    (void)sigpending(&waiting); /* cannot fail */
    return sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1;
}

/** What the main thread does by the clock; fleet_tick. */
static bool tick(void *context)
{
    struct agent *agent = context;
    int64_t now_ns = clock_monotonic_ns(agent->shared.clock);

    clock_watch_look(&agent->clock_watch);
    if (now_ns >= agent->high_water_due_ns) {
        journal_high_water(agent->shared.store, agent->shared.clock);
        agent->high_water_due_ns = now_ns + HIGH_WATER_EVERY_S * NS_PER_S;
    }
    if (now_ns >= agent->flush_due_ns) {
        (void)commit(agent); /* tells by itself */
        agent->flush_due_ns =
            clock_monotonic_ns(agent->shared.clock) + agent->shared.config->queue.flush_ns;
    }
    return !stop_is_asked() && !agent->begins_anew;
}

static enum error_code start_uplink(struct agent *agent, struct error *error)
{
    const struct uplink_settings settings = {agent->shared.config, agent->shared.store,
                                             agent->shared.board, agent->shared.clock};

    if (agent->shared.config->sync.target == NULL) {
        log_warning("no-target", "note=\"nothing is uploaded: the queue fills up\"");
        return ERROR_OK;
    }
    return uplink_start(&settings, &agent->shared.uplink, error);
}

static bool queue_changed(const struct config *old, const struct config *new)
{
    return strcmp(old->queue.path, new->queue.path) != 0 ||
           memcmp(old->queue.ring_bytes, new->queue.ring_bytes, sizeof(old->queue.ring_bytes)) !=
               0 ||
           memcmp(old->queue.when_full, new->queue.when_full, sizeof(old->queue.when_full)) != 0 ||
           old->queue.keep_free_bytes != new->queue.keep_free_bytes ||
           old->queue.card.program_page_bytes != new->queue.card.program_page_bytes;
}

static void set_uplink(struct agent *agent, struct uplink *uplink)
{
    (void)pthread_mutex_lock(&agent->shared.lock);
    agent->shared.uplink = uplink;
    (void)pthread_mutex_unlock(&agent->shared.lock);
}

/** The new configuration takes the old one's place; the uplink is made anew with it. false: the
 *  agent is to end (G1), and the old one stays. */
static bool switch_config(struct agent *agent, struct config *new)
{
    struct uplink *old_uplink = agent->shared.uplink;
    struct config *old = agent->shared.config;
    struct error error = {0};
    bool failed;

    uplink_ask_to_stop(old_uplink);
    set_uplink(agent, NULL); /* it is freed while the API's threads answer */
    while (!uplink_join(old_uplink, clock_monotonic_ns(agent->shared.clock) + 50 * NS_PER_MS)) {
        if (!tick(agent)) { /* an upload that is on ends by its deadline */
            set_uplink(agent, old_uplink);
            return false;
        }
    }
    (void)pthread_mutex_lock(&agent->shared.lock);
    agent->shared.config = new;
    wall_clock_trust(&agent->clock_watch.wall, new->clock.source == CONFIG_CLOCK_TRUSTED);
    agent->shared.uplink = NULL;
    failed = start_uplink(agent, &error) != ERROR_OK;
    (void)pthread_mutex_unlock(&agent->shared.lock);
    if (failed) {
        log_error("uplink-not-started", "error=\"%s\"", error.text);
    }
    config_free(old);
    return true;
}

static void reload(struct agent *agent) /* G2 */
{
    struct config_findings *findings = calloc(1, sizeof(*findings));
    struct config *config = NULL;
    struct fleet_change change;
    struct error error = {0};

    if (findings == NULL ||
        config_load(agent->settings.config_path, &config, findings, &error) != ERROR_OK) {
        for (size_t i = 0; findings != NULL && i < findings->count; i++) {
            char place[CONFIG_PLACE_SIZE];

            config_finding_place(&findings->list[i], place);
            log_error("config-finding", "place=%s text=\"%s\"", place, findings->list[i].text);
        }
        log_error("config-refused", "path=%s note=\"the old one stays\" error=\"%s\"",
                  agent->settings.config_path, error.text);
        free(findings);
        return;
    }
    free(findings);
    if (strcmp(agent->shared.config->site, config->site) != 0 ||
        strcmp(agent->shared.config->gateway, config->gateway) != 0) {
        /* Numbers and names go together: under another name another queue begins. */
        log_error(
            "config-refused",
            "path=%s note=\"the old one stays\" error=\"site and gateway stay as they are until "
            "the agent is restarted; a new queue begins then\"",
            agent->settings.config_path);
        config_free(config);
        return;
    }
    if (queue_changed(agent->shared.config, config)) {
        log_warning("config-needs-restart",
                    "section=queue note=\"path, rings and room stay as they are "
                    "until the agent is restarted\"");
    }
    change = fleet_apply(&agent->fleet, config, tick, agent);
    if (change.interrupted || !switch_config(agent, config)) {
        config_free(config);
        return;
    }
    journal_append(
        agent->shared.store, agent->shared.clock,
        &(struct event){.kind = "config", .subject = "applied", .count = change.started});
    log_info("config-applied", "kept=%zu started=%zu stopped=%zu failed=%zu", change.kept,
             change.started, change.stopped, change.failed);
}

/** G5: as if it was started again, with the same process id; what is left in memory goes with it.
 */
static void start_again(const struct agent_settings *settings)
{
    (void)execl("/proc/self/exe", "leat", "run", "--config", settings->config_path, "--socket",
                settings->socket_path, (char *)NULL);
    log_error("agent-not-started", "error=\"%s\"", strerrordesc_np(errno)); /* whoever started it,
                                                                               does it again */
}

/** Until a signal ends it, or the queue (G5). */
static void run_until_stopped(struct agent *agent)
{
    for (;;) {
        int64_t left_ns = agent->flush_due_ns - clock_monotonic_ns(agent->shared.clock);
        struct pollfd ready = {.fd = agent->signals, .events = POLLIN};
        struct signalfd_siginfo signal_info;
        int64_t left_ms = left_ns <= 0 ? 0 : left_ns / NS_PER_MS + 1;
        int waited = poll(&ready, 1, (int)(left_ms < LOOK_EVERY_MS ? left_ms : LOOK_EVERY_MS));

        (void)tick(agent); /* the signal is read here */
        if (agent->begins_anew) {
            return;
        }
        if (waited > 0 &&
            read(agent->signals, &signal_info, sizeof(signal_info)) == sizeof(signal_info)) {
            if (signal_info.ssi_signo != SIGHUP) {
                agent->ended_by = signal_info.ssi_signo;
                log_info("agent-stopping", "signal=%u", agent->ended_by);
                return;
            }
            reload(agent);
        }
    }
}

static enum error_code take_signals(struct agent *agent, struct error *error)
{
    sigset_t wanted;

    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigaddset(&wanted, SIGINT);
    (void)sigaddset(&wanted, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &wanted, NULL); /* before any thread starts */
    (void)signal(SIGPIPE, SIG_IGN);
    agent->signals = signalfd(-1, &wanted, SFD_CLOEXEC);
    return agent->signals >= 0 ? ERROR_OK
                               : error_set(error, ERROR_NO_MEMORY, "cannot wait for signals: %s",
                                           strerrordesc_np(errno));
}

static enum error_code start(struct agent *agent, struct error *error)
{
    const struct clock *clock = agent->shared.clock;
    struct fleet_change change;
    enum error_code code = take_signals(agent, error);

    if (code == ERROR_OK) {
        code = status_board_create(&agent->shared.board, error);
    }
    if (code == ERROR_OK) {
        code = agent_open_store(agent->shared.config, clock, &agent->shared.store, error);
    }
    if (code == ERROR_OK) {
        upkeep_start(&agent->shared.upkeep, agent->shared.store, clock);
        code = local_api_start(agent->settings.socket_path, requests_serve, &agent->shared,
                               &agent->api, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    journal_append(agent->shared.store, clock,
                   &(struct event){.kind = "agent", .subject = "started", .detail = LEAT_VERSION});
    clock_watch_start(&agent->clock_watch, agent->shared.store);
    upkeep_begin(&agent->shared.upkeep);
    code = start_uplink(agent, error);
    if (code != ERROR_OK) {
        return code;
    }
    agent->fleet.settings =
        (struct collector_settings){agent->shared.store,
                                    agent->shared.board,
                                    clock,
                                    &agent->self.source,
                                    agent->learned_folder[0] != '\0' ? agent->learned_folder : NULL,
                                    &agent->errands,
                                    NULL};
    self_init(&agent->self, agent->shared.config->queue.path, agent->shared.store,
              agent->shared.board, clock);
    change = fleet_apply(&agent->fleet, agent->shared.config, tick, agent);
    log_info("agent-started", "version=%s site=%s gateway=%s incarnation=%s devices=%zu socket=%s",
             LEAT_VERSION, agent->shared.config->site, agent->shared.config->gateway,
             store_incarnation(agent->shared.store), change.started, agent->settings.socket_path);
    return ERROR_OK;
}

/** Last words, last commit (G1, G4). false: what was pending is not on disk. */
static bool finish(struct agent *agent)
{
    struct status_counts totals;
    struct status_uplink uplink;
    bool saved;

    journal_append(agent->shared.store, agent->shared.clock,
                   &(struct event){.kind = "agent", .subject = "stopped", .detail = LEAT_VERSION});
    journal_high_water(agent->shared.store, agent->shared.clock);
    upkeep_finish(&agent->shared.upkeep, agent->ended_by);
    saved = commit(agent);
    status_board_totals(agent->shared.board, &totals);
    status_board_uplink(agent->shared.board, &uplink);
    log_info("agent-stopped",
             "uptime_s=%lld queued=%llu lines=%llu suppressed=%llu rejected=%llu uploaded=%llu",
             (long long)((clock_monotonic_ns(agent->shared.clock) - agent->shared.started_ns) /
                         NS_PER_S),
             (unsigned long long)totals.queued, (unsigned long long)totals.lines,
             (unsigned long long)totals.suppressed, (unsigned long long)totals.rejected,
             (unsigned long long)uplink.reading_rows);
    return saved;
}

/** Stop the threads; true when all of them ended, so that what they use can be freed. */
static bool stop_threads(struct agent *agent)
{
    int64_t deadline_ns = clock_monotonic_ns(agent->shared.clock) + STOP_MAX_MS * NS_PER_MS;
    bool uplink_ended;
    size_t left;

    uplink_ask_to_stop(agent->shared.uplink);
    left = fleet_stop(&agent->fleet, deadline_ns);
    uplink_ended = uplink_join(agent->shared.uplink, deadline_ns);
    local_api_stop(agent->api);
    return left == 0 && uplink_ended;
}

static void agent_deinit(struct agent *agent)
{
    fleet_deinit(&agent->fleet);
    store_close(agent->shared.store);
    status_board_free(agent->shared.board);
    config_free(agent->shared.config);
    errand_board_deinit(&agent->errands);
    (void)pthread_mutex_destroy(&agent->shared.lock);
}

struct config *agent_load_config(const char *path)
{
    struct config_findings *findings = calloc(1, sizeof(*findings));
    struct config *config = NULL;
    struct error error = {0};

    if (findings == NULL) {
        (void)error_set(&error, ERROR_NO_MEMORY, "no memory to read %s", path);
    } else if (config_load(path, &config, findings, &error) != ERROR_OK) {
        check_print_findings(stderr, findings);
        config = NULL;
    }
    if (config == NULL && (findings == NULL || findings->count == 0)) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
    }
    free(findings);
    (void)malloc_trim(0); /* the tree of the file was many times what is kept of it */
    return config;
}

int agent_run(const struct agent_settings *settings)
{
    struct agent agent = {
        .settings = *settings, .signals = -1, .shared = {.exporting = ATOMIC_FLAG_INIT}};
    struct error error = {0};
    bool ended;
    bool saved;

    /* A heap per thread costs more memory than it saves time here; and large buffers go back to the
     * system when they are freed, or each batch would leave holes behind. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BUFFER_BYTES);
    agent.shared.config = agent_load_config(settings->config_path);
    if (agent.shared.config == NULL) {
        return EXIT_FAILURE;
    }
    (void)pthread_mutex_init(&agent.shared.lock, NULL);
    clock_watch_init(&agent.clock_watch, &clock_system,
                     agent.shared.config->clock.source == CONFIG_CLOCK_TRUSTED,
                     wall_clock_build_ns());
    if (snprintf(agent.learned_folder, sizeof(agent.learned_folder), "%s.learned",
                 agent.shared.config->queue.path) >= (int)sizeof(agent.learned_folder)) {
        agent.learned_folder[0] = '\0';
    }
    errand_board_init(&agent.errands);
    agent.shared.errands = &agent.errands;
    agent.shared.clock_watch = &agent.clock_watch;
    agent.shared.clock = &agent.clock_watch.wall.clock;
    agent.shared.started_ns = clock_monotonic_ns(agent.shared.clock);
    agent.flush_due_ns = agent.shared.started_ns + agent.shared.config->queue.flush_ns;
    agent.high_water_due_ns = agent.shared.started_ns + HIGH_WATER_EVERY_S * NS_PER_S;
    if (start(&agent, &error) != ERROR_OK) {
        log_error("agent-not-started", "error=\"%s\"", error.text);
        uplink_ask_to_stop(agent.shared.uplink);
        if (stop_threads(&agent)) {
            agent_deinit(&agent);
        }
        return EXIT_FAILURE;
    }
    run_until_stopped(&agent);
    ended = stop_threads(&agent);
    saved = finish(&agent);
    if (agent.begins_anew && !stop_is_asked()) {
        if (ended) {
            store_close(agent.shared.store);
            agent.shared.store = NULL;
        }
        start_again(settings);
    }
    if (!ended) {
        _exit(saved ? EXIT_SUCCESS : EXIT_FAILURE); /* a driver still holds its memory */
    }
    agent_deinit(&agent);
    return saved ? EXIT_SUCCESS : EXIT_FAILURE;
}
