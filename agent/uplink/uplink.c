#include "agent/uplink/uplink.h"

#include "agent/store/store_clock.h"
#include "agent/uplink/cutter.h"
#include "agent/uplink/leftovers.h"
#include "agent/waiter.h"
#include "base/log.h"

#include <stdlib.h>

enum {
    LOOK_EVERY_S = 1,
    PUT_MAX_S = 60,
    BACKOFF_LEAST_S = 1,
    BACKOFF_MOST_S = 300,
    BACKOFF_CONFIG_S = 60,
    STACK_BYTES = 512 * 1024,
};

static const enum stream upload_order[STREAM_COUNT] = {STREAM_CATALOGUE, STREAM_READINGS,
                                                       STREAM_LOGS, STREAM_EVENTS}; /* U2 */

/** Nothing that waits in a stream was there before. (The store knows only the age of a slot.) */
struct freshness {
    bool is_known;
    int64_t boot_ns;
    int64_t day; /* the UTC day then */
};

/** The first record that waits, waits for the clock. */
struct clock_hold {
    bool on;
    uint64_t clock_version; /* of store_clock_version(), when that was found */
    int64_t until_boot_ns;
};

struct uplink {
    struct uplink_settings settings;
    const struct config_sync *sync;
    struct cutter cutter;
    struct leftovers *leftovers;
    struct waiter waiter;
    pthread_t thread;
    int64_t backoff_ns;
    int64_t retry_ns; /* monotonic; not before then unless asked */
    struct freshness fresh[STREAM_COUNT];
    struct clock_hold holds[STREAM_COUNT];
    enum error_code failing; /* ERROR_OK while all is well */
    bool is_open, said_up;
    bool flush_asked; /* guarded by waiter.lock */
};

static bool is_filling(const struct store_stream_state *state)
{
    return state->ring_bytes > 0 && state->waiting_bytes >= state->ring_bytes / 2;
}

/* Boot time, not UTC: a clock that steps makes nothing older or younger. The day is UTC's. */
static void is_fresh_since(struct uplink *uplink, enum stream stream, int64_t boot_ns)
{
    const struct clock *clock = uplink->settings.clock;

    uplink->fresh[stream] = (struct freshness){
        .is_known = true, .boot_ns = boot_ns, .day = clock_day_of(clock_utc_ns(clock))};
}

/** Is the oldest record that waits as old as a batch may get, or of a day that is over? */
static bool is_old(struct uplink *uplink, enum stream stream,
                   const struct store_stream_state *state)
{
    const struct clock *clock = uplink->settings.clock;
    const struct freshness *fresh = &uplink->fresh[stream];
    int64_t max_age_ns = uplink->sync->batch_max_age_ns;
    int64_t now_ns = clock_utc_ns(clock);

    if (!fresh->is_known) { /* it was there before we were */
        is_fresh_since(uplink, stream, clock_boot_ns(clock));
        if (now_ns - state->oldest_received_ns < max_age_ns) {
            uplink->fresh[stream].day = clock_day_of(state->oldest_received_ns);
        } else {
            uplink->fresh[stream].boot_ns -= max_age_ns;
        }
    }
    return clock_boot_ns(clock) - fresh->boot_ns >= max_age_ns ||
           clock_day_of(now_ns) != fresh->day;
}

/** Do the stream's records wait for the clock? Looked at again when more is known of it, when the
 *  first one has waited long enough, or when the ring fills up (then they wait no longer). */
static bool is_held(struct uplink *uplink, enum stream stream,
                    const struct store_stream_state *state)
{
    const struct clock_hold *hold = &uplink->holds[stream];

    return hold->on && store_clock_version(uplink->settings.store) == hold->clock_version &&
           clock_boot_ns(uplink->settings.clock) < hold->until_boot_ns && !is_filling(state);
}

static bool is_due(struct uplink *uplink, enum stream stream) /* U1 */
{
    struct store_stream_state state;

    store_state(uplink->settings.store, stream, &state);
    if (state.waiting_count == 0) {
        is_fresh_since(uplink, stream, clock_boot_ns(uplink->settings.clock));
        return false;
    }
    if (is_held(uplink, stream, &state)) {
        return false;
    }
    /* A ring's bytes become about twice as many in the lake's format. */
    return is_old(uplink, stream, &state) ||
           state.waiting_bytes >= uplink->sync->batch_max_bytes / 2 || is_filling(&state);
}

static bool anything_due(struct uplink *uplink)
{
    for (enum stream stream = 0; stream < STREAM_CATALOGUE; stream++) {
        if (is_due(uplink, stream)) {
            return true;
        }
    }
    return false;
}

/** leftovers_put, for the live queue too: it acknowledges in `store`. */
static enum error_code put(void *context, struct store *store, enum stream stream,
                           const struct batch *batch, struct error *error)
{
    struct uplink *uplink = context;
    const struct target *target = uplink->sync->target;
    int64_t deadline_ns = clock_monotonic_ns(uplink->settings.clock) + PUT_MAX_S * NS_PER_S;
    uint64_t rows = batch->last_sequence - batch->first_sequence + 1;
    enum error_code code = ERROR_OK;

    if (!uplink->is_open) {
        code = target->open(uplink->sync->target_state, deadline_ns, error);
        uplink->is_open = code == ERROR_OK;
    }
    if (code == ERROR_OK) {
        code = target->put(uplink->sync->target_state, batch, deadline_ns, error);
    }
    if (code == ERROR_OK) { /* U3 */
        code = store_cut_finish(store, stream, error);
    }
    if (code == ERROR_OK) {
        status_uplink_uploaded(uplink->settings.board, batch->size_bytes, rows,
                               stream == STREAM_READINGS ? rows : 0,
                               clock_utc_ns(uplink->settings.clock));
    }
    return code;
}

/** What the cutter said about waiting for the clock. */
static void note_hold(struct uplink *uplink, enum stream stream, uint64_t clock_version)
{
    const struct cutter *cutter = &uplink->cutter;

    uplink->holds[stream] = (struct clock_hold){
        .on = cutter->clock_wait_ns > 0,
        .clock_version = clock_version,
        .until_boot_ns = clock_boot_ns(uplink->settings.clock) + cutter->clock_wait_ns,
    };
    status_uplink_waits_for_clock(uplink->settings.board, stream, cutter->clock_wait_ns > 0);
}

/** Upload the stream up to `limit`. */
static enum error_code upload_stream(struct uplink *uplink, enum stream stream, uint64_t limit,
                                     struct error *error)
{
    struct store *store = uplink->settings.store;

    while (!waiter_stopping(&uplink->waiter)) {
        uint64_t clock_version = store_clock_version(store);
        struct store_stream_state state;
        struct batch batch;
        bool made;
        enum error_code code;

        store_state(store, stream, &state);
        uplink->cutter.time_rules.may_wait = !is_filling(&state);
        code = cutter_next(&uplink->cutter, stream, limit, &batch, &made, error);
        if (code == ERROR_OK && made) {
            code = put(uplink, store, stream, &batch, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
        if (!made) {
            note_hold(uplink, stream, clock_version);
            return ERROR_OK;
        }
    }
    return ERROR_OK;
}

/** Upload all that is on disk now (U1). */
static enum error_code upload_all(struct uplink *uplink, struct error *error)
{
    int64_t now_ns = clock_boot_ns(uplink->settings.clock);
    uint64_t limits[STREAM_COUNT];

    /* The other way round than uploading: what a record refers to is within its own limit. */
    for (size_t i = STREAM_COUNT; i-- > 0;) {
        struct store_stream_state state;

        store_state(uplink->settings.store, upload_order[i], &state);
        limits[i] = state.committed_sequence;
    }
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        enum error_code code = upload_stream(uplink, upload_order[i], limits[i], error);

        if (code != ERROR_OK) {
            return code;
        }
        if (!uplink->holds[upload_order[i]].on) { /* what waits now came after the limit */
            is_fresh_since(uplink, upload_order[i], now_ns);
        }
    }
    return ERROR_OK;
}

static void say_up(struct uplink *uplink)
{
    uplink->backoff_ns = 0;
    uplink->retry_ns = 0;
    uplink->failing = ERROR_OK;
    if (!uplink->said_up) {
        uplink->said_up = true;
        status_uplink_state(uplink->settings.board, STATUS_UP, "");
        log_info("uplink-up", "target=%s", uplink->sync->target_name);
    }
}

static void say_down(struct uplink *uplink, enum error_code code, const struct error *error)
{
    int64_t least_ns =
        (error_class(code) == ERROR_CLASS_CONFIG ? BACKOFF_CONFIG_S : BACKOFF_LEAST_S) * NS_PER_S;

    uplink->sync->target->close(uplink->sync->target_state);
    uplink->is_open = uplink->said_up = false;
    if (uplink->failing != code) {
        log_warning("uplink-down", "target=%s reason=\"%s\"", uplink->sync->target_name,
                    error->text);
    }
    uplink->failing = code;
    status_uplink_state(uplink->settings.board, STATUS_DOWN, error->text);
    uplink->backoff_ns = uplink->backoff_ns == 0 ? least_ns : uplink->backoff_ns * 2;
    if (uplink->backoff_ns > BACKOFF_MOST_S * NS_PER_S) {
        uplink->backoff_ns = BACKOFF_MOST_S * NS_PER_S;
    }
}

static bool take_flush(struct uplink *uplink)
{
    bool asked;

    (void)pthread_mutex_lock(&uplink->waiter.lock);
    asked = uplink->flush_asked;
    uplink->flush_asked = false;
    (void)pthread_mutex_unlock(&uplink->waiter.lock);
    return asked;
}

static bool flush_is_asked(struct uplink *uplink)
{
    bool asked;

    (void)pthread_mutex_lock(&uplink->waiter.lock);
    asked = uplink->flush_asked;
    (void)pthread_mutex_unlock(&uplink->waiter.lock);
    return asked;
}

/** What was set aside, until the live queue wants something (U5). */
static enum error_code upload_leftovers(struct uplink *uplink, struct error *error)
{
    enum error_code code = ERROR_OK;
    bool more = true;

    while (code == ERROR_OK && more && !waiter_stopping(&uplink->waiter) &&
           !flush_is_asked(uplink) && !anything_due(uplink)) {
        code = leftovers_turn(uplink->leftovers, &more, error);
    }
    return code;
}

void uplink_turn(struct uplink *uplink)
{
    int64_t now_ns = clock_monotonic_ns(uplink->settings.clock);
    bool asked = take_flush(uplink);
    struct error error = {0};

    enum error_code code = ERROR_OK;

    if (!asked && now_ns < uplink->retry_ns) {
        return;
    }
    if (asked || anything_due(uplink)) {
        code = upload_all(uplink, &error);
        if (code == ERROR_OK) {
            say_up(uplink);
        }
    }
    if (code == ERROR_OK) {
        code = upload_leftovers(uplink, &error);
    }
    if (code != ERROR_OK) {
        say_down(uplink, code, &error);
        uplink->retry_ns = now_ns + waiter_jitter_ns(uplink->backoff_ns); /* U4 */
    }
}

static void *uplink_run(void *argument)
{
    struct uplink *uplink = argument;

    while (!waiter_stopping(&uplink->waiter)) {
        uplink_turn(uplink);
        (void)waiter_wait(&uplink->waiter, LOOK_EVERY_S * NS_PER_S);
    }
    uplink->sync->target->close(uplink->sync->target_state); /* here: it may take its time */
    uplink->is_open = false;
    waiter_end(&uplink->waiter);
    return NULL;
}

void uplink_free(struct uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    if (uplink->is_open) {
        uplink->sync->target->close(uplink->sync->target_state);
    }
    leftovers_free(uplink->leftovers);
    encoder_free(uplink->cutter.encoder);
    waiter_deinit(&uplink->waiter);
    free(uplink);
}

enum error_code uplink_create(const struct uplink_settings *settings, struct uplink **uplink,
                              struct error *error)
{
    const struct config *config = settings->config;
    struct uplink *made = calloc(1, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the uplink");
    }
    made->settings = *settings;
    made->sync = &config->sync;
    waiter_init(&made->waiter);
    made->cutter = (struct cutter){.store = settings->store,
                                   .site = config->site,
                                   .gateway = config->gateway,
                                   .max_bytes = config->sync.batch_max_bytes,
                                   .max_age_ns = config->sync.batch_max_age_ns,
                                   .time_rules = {.clock = settings->clock,
                                                  .wait_ns = config->clock.wait_ns,
                                                  .may_wait = true}};
    /* The option ends at 256 MiB. */
    code = encoder_create((size_t)config->sync.batch_max_bytes, &made->cutter.encoder, error);
    if (code == ERROR_OK) {
        made->leftovers = leftovers_create(&(struct leftovers_settings){
            config, settings->store, settings->clock, made->cutter.encoder, put, made});
        code = made->leftovers != NULL
                   ? ERROR_OK
                   : error_set(error, ERROR_NO_MEMORY, "no memory for the uplink");
    }
    if (code != ERROR_OK) {
        uplink_free(made);
        return code;
    }
    status_uplink_target(settings->board, config->sync.target_name);
    *uplink = made;
    return ERROR_OK;
}

enum error_code uplink_start(const struct uplink_settings *settings, struct uplink **uplink,
                             struct error *error)
{
    struct uplink *made = NULL;
    enum error_code code = uplink_create(settings, &made, error);

    if (code != ERROR_OK) {
        return code;
    }
    code = waiter_start_thread(&made->thread, STACK_BYTES, uplink_run, made, error);
    if (code != ERROR_OK) {
        uplink_free(made);
        return code;
    }
    *uplink = made;
    return ERROR_OK;
}

void uplink_flush(struct uplink *uplink)
{
    (void)pthread_mutex_lock(&uplink->waiter.lock);
    uplink->flush_asked = true;
    (void)pthread_mutex_unlock(&uplink->waiter.lock);
    waiter_poke(&uplink->waiter);
}

void uplink_ask_to_stop(struct uplink *uplink)
{
    if (uplink != NULL) {
        waiter_stop(&uplink->waiter);
    }
}

bool uplink_join(struct uplink *uplink, int64_t deadline_ns)
{
    if (uplink == NULL) {
        return true;
    }
    if (!waiter_join(&uplink->waiter, uplink->thread, deadline_ns)) {
        return false;
    }
    uplink_free(uplink);
    return true;
}

enum error_code uplink_drain(const struct uplink_settings *settings, struct error *error)
{
    struct uplink *uplink = NULL;
    enum error_code code = uplink_create(settings, &uplink, error);

    if (code == ERROR_OK) {
        code = upload_all(uplink, error);
        for (bool more = true; code == ERROR_OK && more;) {
            code = leftovers_turn(uplink->leftovers, &more, error);
        }
        if (code == ERROR_OK) {
            code = store_commit(settings->store, error);
        }
        uplink_free(uplink);
    }
    return code;
}
