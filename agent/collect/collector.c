#include "agent/collect/collector.h"

#include "agent/collect/errand.h"
#include "agent/collect/intake.h"
#include "agent/collect/lateness.h"
#include "agent/collect/learned.h"
#include "agent/collect/schedule.h"
#include "agent/journal.h"
#include "agent/waiter.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OPEN_MAX_S = 5,
    POLL_MAX_S = 10,
    PUSH_TURN_MS = 500, /* how long a quiet pushing device is waited for before looking up */
    REFUSED_WAIT_MS = 200,
    BACKOFF_LEAST_S = 1,
    BACKOFF_MOST_S = 30,
    STACK_BYTES = 256 * 1024, /* Paho, OpenSSL and name look-ups are called from here */
};

/** Since when, why and how much a device could not be read. */
struct outage {
    bool on;
    int64_t from_ns; /* UTC */
    uint64_t missed;
    enum error_code code;
    char reason[256];
};

/** Since when, why and how often the store had no room for what was read of a polled device. */
struct refusal {
    bool on;
    int64_t from_ns; /* UTC */
    uint64_t missed;
    char reason[256];
};

struct collector {
    struct collector_settings settings;
    struct config_device *device;
    struct waiter waiter;
    struct errand_desk desk;
    pthread_t thread;
    struct intake intake;
    struct schedule schedule;
    struct outage outage;
    struct refusal refusal;
    struct lateness late;
    struct learned learned;
    struct link *link; /* NULL: shares none */
    int64_t backoff_ns;
    int row; /* on the status board */
    bool is_open;
    bool is_up;         /* it was read since it was last opened */
    bool commit_failed; /* the last commit of a pushing device */
};

static int64_t monotonic_ns(const struct collector *collector)
{
    return clock_monotonic_ns(collector->settings.clock);
}

static int64_t utc_ns(const struct collector *collector)
{
    return clock_utc_ns(collector->settings.clock);
}

static void report(struct collector *collector)
{
    struct status_counts counts = intake_take_counts(&collector->intake);

    status_device_count(collector->settings.board, collector->row, &counts);
}

/** Turns that come due while nothing can be read. */
static void count_missed_turns(struct collector *collector)
{
    uint64_t skipped = 0;
    uint32_t due =
        schedule_due(&collector->schedule, utc_ns(collector), monotonic_ns(collector), &skipped);
    uint64_t missed = skipped + (uint64_t)__builtin_popcount(due);

    collector->outage.missed += missed;
    collector->intake.counts.missed += missed;
}

static void tell_unread(struct collector *collector) /* K2 */
{
    const struct event event = {
        .kind = "unread",
        .subject = collector->device->name,
        .reason = collector->outage.reason,
        .count = collector->outage.missed,
        .from_ns = collector->outage.from_ns,
        .to_ns = utc_ns(collector),
    };

    if (collector->outage.on) {
        journal_append(collector->settings.store, collector->settings.clock, &event);
    }
    collector->outage = (struct outage){0};
}

static void tell_late(struct collector *collector, bool at_once) /* K8 */
{
    const struct collector_settings *settings = &collector->settings;
    struct event event = {.kind = "unread", .subject = collector->device->name};

    if (lateness_tell(&collector->late, settings->clock, at_once, &event)) {
        journal_append(settings->store, settings->clock, &event);
    }
}

/** K7. A failure is the business of the agent's main thread, which commits again. */
static void commit_what_must_not_wait(struct collector *collector)
{
    struct store *store = collector->settings.store;
    struct error error;

    if (!collector->intake.has_alarm && store_pending_bytes(store) < COLLECTOR_PENDING_BYTES) {
        return;
    }
    collector->intake.has_alarm = store_commit(store, &error) != ERROR_OK;
}

/** K1: say it once, mark every point once, close, and know when to try again. */
static void fail(struct collector *collector, enum error_code code, const struct error *error)
{
    struct outage *outage = &collector->outage;
    bool polled = !collector->device->driver->pushes;

    collector->device->driver->close(collector->device->state);
    collector->is_open = collector->is_up = false;
    if (!outage->on) {
        *outage = (struct outage){.on = true, .from_ns = utc_ns(collector)};
        outage->missed = polled ? 1 : 0;
        collector->intake.counts.missed += outage->missed;
        intake_mark_all(
            &collector->intake,
            (uint32_t)(code == ERROR_TIMEOUT ? STATUS_BAD_TIMEOUT : STATUS_BAD_NO_COMMUNICATION));
        collector->intake.refused_count = 0; /* the event tells the outage */
    }
    if (outage->code != code) {
        log_warning("device-down", "device=%s reason=\"%s\"", collector->device->name, error->text);
    }
    outage->code = code;
    (void)snprintf(outage->reason, sizeof(outage->reason), "%s", error->text);
    intake_tell_rejected(&collector->intake, true);
    commit_what_must_not_wait(collector);
    status_device_state(collector->settings.board, collector->row, STATUS_DOWN, error->text);
    report(collector);
    collector->backoff_ns = error_class(code) == ERROR_CLASS_CONFIG ? BACKOFF_MOST_S * NS_PER_S
                            : collector->backoff_ns == 0            ? BACKOFF_LEAST_S * NS_PER_S
                                                                    : collector->backoff_ns * 2;
    if (collector->backoff_ns > BACKOFF_MOST_S * NS_PER_S) {
        collector->backoff_ns = BACKOFF_MOST_S * NS_PER_S;
    }
}

/** What the store has no room for is lost to a polled device. While the queue is full, so is that
 *  of the events: it is said when there is room again (K6). */
static void note_refused(struct collector *collector)
{
    struct refusal *refusal = &collector->refusal;

    if (!refusal->on) {
        *refusal = (struct refusal){.on = true, .from_ns = utc_ns(collector)};
        (void)snprintf(refusal->reason, sizeof(refusal->reason), "%s",
                       collector->intake.refused_why.text);
        log_warning("readings-refused", "device=%s reason=\"%s\"", collector->device->name,
                    refusal->reason);
    }
    refusal->missed++;
    collector->intake.counts.missed++;
}

static void tell_refused(struct collector *collector)
{
    const struct event event = {
        .kind = "unread",
        .subject = collector->device->name,
        .reason = collector->refusal.reason,
        .count = collector->refusal.missed,
        .from_ns = collector->refusal.from_ns,
        .to_ns = utc_ns(collector),
    };

    if (collector->refusal.on) {
        collector->refusal.on = false;
        log_info("readings-missed", "device=%s missed=%llu", collector->device->name,
                 (unsigned long long)event.count);
        journal_append(collector->settings.store, collector->settings.clock, &event);
    }
}

/** Of what was just read of a polled device. */
static void take_account(struct collector *collector, enum error_code code)
{
    struct intake *intake = &collector->intake;

    intake_tell_rejected(intake, false);
    if (intake->refused_count > 0) {
        note_refused(collector);
    } else if (code == ERROR_OK) {
        tell_refused(collector);
    }
    intake->refused_count = 0;
}

static void run_errand(struct collector *collector) /* K10 */
{
    struct errand *errand = errand_take(&collector->desk);
    struct error error = {0};
    enum error_code code;

    if (errand == NULL) {
        return;
    }
    errand->intake = &collector->intake;
    errand->host = collector->settings.host;
    code = errand->run(errand, collector->device,
                       collector->is_open     ? NULL
                       : collector->outage.on ? collector->outage.reason
                                              : "it is being connected",
                       &error);
    if (!collector->device->driver->pushes) {
        take_account(collector, code); /* it may have read */
    }
    if (code != ERROR_OK && collector->is_open) {
        fail(collector, code, &error);
    }
    commit_what_must_not_wait(collector);
    errand_done(&collector->desk); /* the errand is its owner's again */
}

/** While nothing can be read. `until_ns` is monotonic. */
static void wait_closed(struct collector *collector, int64_t until_ns)
{
    while (!waiter_stopping(&collector->waiter)) {
        int64_t left_ns = until_ns - monotonic_ns(collector);

        if (left_ns <= 0) {
            return;
        }
        (void)waiter_wait(&collector->waiter, left_ns < NS_PER_S ? left_ns : NS_PER_S);
        run_errand(collector);
        count_missed_turns(collector);
        report(collector);
    }
}

static void wait_for_retry(struct collector *collector)
{
    wait_closed(collector, monotonic_ns(collector) + waiter_jitter_ns(collector->backoff_ns));
}

static void connect_device(struct collector *collector)
{
    const struct driver *driver = collector->device->driver;
    void *state = collector->device->state;
    int64_t from_ns =
        collector->link == NULL ? 0 : driver->link->not_before(state, collector->settings.clock);
    struct error error = {0};
    enum error_code code;

    if (from_ns != 0) { /* K11 */
        wait_closed(collector, from_ns);
        return;
    }
    code = driver->open(state, collector->settings.clock,
                        monotonic_ns(collector) + OPEN_MAX_S * NS_PER_S, &error);
    if (code != ERROR_OK) {
        fail(collector, code, &error);
        wait_for_retry(collector);
        return;
    }
    collector->is_open = true;
}

/** A read went through: the device is up, whatever was before. */
static void succeed(struct collector *collector)
{
    collector->backoff_ns = 0;
    collector->intake.counts.polls++;
    if (!collector->is_up) {
        collector->is_up = true;
        status_device_state(collector->settings.board, collector->row, STATUS_UP, "");
        log_info("device-up", "device=%s missed=%llu", collector->device->name,
                 (unsigned long long)collector->outage.missed);
        tell_unread(collector);
    }
}

/** A commit that fails is the business of the agent's main thread, which tells it; here it only
 *  means that nothing is acknowledged. */
static void commit_and_acknowledge(struct collector *collector) /* K4 */
{
    struct error error;

    collector->commit_failed = store_commit(collector->settings.store, &error) != ERROR_OK;
    collector->intake.has_alarm = collector->intake.has_alarm && collector->commit_failed;
    if (!collector->commit_failed) {
        collector->device->driver->committed(collector->device->state);
    }
}

static void read_once(struct collector *collector, const struct driver_turn *turn)
{
    const struct driver *driver = collector->device->driver;
    struct intake *intake = &collector->intake;
    struct error error = {0};
    enum error_code code = driver->read(collector->device->state, turn, &intake->sink, &error);
    bool refused = intake->refused_count > 0;

    if (driver->pushes) {
        intake_tell_rejected(intake, false);
        intake->refused_count = 0;
        commit_and_acknowledge(collector);
    } else {
        take_account(collector, code);
    }
    if (code != ERROR_OK) {
        fail(collector, code, &error);
        wait_for_retry(collector);
        return;
    }
    succeed(collector);
    commit_what_must_not_wait(collector);
    if (driver->pushes && (refused || collector->commit_failed)) {
        (void)waiter_wait(&collector->waiter, REFUSED_WAIT_MS * NS_PER_MS);
    }
}

/** One round of the loop on an open device: wait until something is due, read it. */
static void take_turn(struct collector *collector)
{
    struct driver_turn turn = {.clock = collector->settings.clock,
                               .host = collector->settings.host};

    if (collector->device->driver->pushes) {
        turn.deadline_ns = monotonic_ns(collector) + PUSH_TURN_MS * NS_PER_MS;
    } else {
        uint64_t missed = 0;
        int64_t wait_ns = schedule_wait_ns(&collector->schedule, utc_ns(collector));

        if (wait_ns > 0) {
            (void)waiter_wait(&collector->waiter, wait_ns < NS_PER_S ? wait_ns : NS_PER_S);
        }
        turn.due =
            schedule_due(&collector->schedule, utc_ns(collector), monotonic_ns(collector), &missed);
        collector->intake.counts.missed += missed;
        lateness_note(&collector->late, collector->settings.clock, missed);
        tell_late(collector, false);
        turn.deadline_ns = monotonic_ns(collector) + POLL_MAX_S * NS_PER_S;
        if (turn.due == 0 || waiter_stopping(&collector->waiter)) {
            return;
        }
    }
    read_once(collector, &turn);
    learned_keep(&collector->learned, collector->device, collector->settings.clock, false); /* K9 */
    report(collector);
}

static void *collector_run(void *argument)
{
    struct collector *collector = argument;

    while (!waiter_stopping(&collector->waiter)) {
        if (collector->is_open) {
            run_errand(collector);
        }
        if (collector->is_open) {
            take_turn(collector);
        } else {
            connect_device(collector);
        }
    }
    errand_leave(&collector->desk);
    collector->device->driver->close(collector->device->state);
    intake_tell_rejected(&collector->intake, true);
    tell_unread(collector);
    tell_refused(collector);
    tell_late(collector, true);
    learned_keep(&collector->learned, collector->device, collector->settings.clock, true);
    report(collector);
    waiter_end(&collector->waiter);
    return NULL;
}

static void collector_free(struct collector *collector)
{
    errand_leave(&collector->desk);
    intake_deinit(&collector->intake);
    waiter_deinit(&collector->waiter);
    if (collector->row >= 0) {
        status_device_leave(collector->settings.board, collector->row);
    }
    config_device_free(collector->device);
    if (collector->link != NULL) {
        links_leave(collector->settings.links, collector->link);
    }
    free(collector);
}

enum error_code collector_start(const struct collector_settings *settings,
                                struct config_device *device, uint32_t rank,
                                struct collector **collector, struct error *error)
{
    struct collector *made = calloc(1, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%s: no memory to collect from it", device->name);
    }
    made->settings = *settings;
    made->device = device;
    waiter_init(&made->waiter);
    made->learned.folder = settings->learned_folder;
    learned_load(&made->learned, device);
    schedule_init(&made->schedule, device->intervals_ns, device->interval_count, rank);
    made->row = status_device_join(settings->board, device->name, device->driver->name);
    code = made->row < 0
               ? error_set(error, ERROR_NO_MEMORY, "%s: no room on the status board", device->name)
               : intake_init(&made->intake, device, settings->store, settings->clock, error);
    if (code == ERROR_OK && settings->links != NULL) {
        code = links_join(settings->links, device->driver, device->state, &made->link, error);
    }
    if (code == ERROR_OK) {
        errand_join(settings->errands, &made->desk, device->name, &made->waiter);
        code = waiter_start_thread(&made->thread, STACK_BYTES, collector_run, made, error);
    }
    if (code != ERROR_OK) {
        if (made->link != NULL) {
            device->driver->link->join(device->state, NULL);
        }
        made->device = NULL; /* still the caller's */
        collector_free(made);
        return code;
    }
    *collector = made;
    return ERROR_OK;
}

void collector_ask_to_stop(struct collector *collector)
{
    waiter_stop(&collector->waiter);
}

bool collector_join(struct collector *collector, int64_t deadline_ns)
{
    if (!waiter_join(&collector->waiter, collector->thread, deadline_ns)) {
        return false;
    }
    collector_free(collector);
    return true;
}

const struct config_device *collector_device(const struct collector *collector)
{
    return collector->device;
}
