#include "agent/uplink.h"

#include "agent/cutter.h"
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

struct uplink {
    struct uplink_settings settings;
    const struct config_sync *sync;
    struct cutter cutter;
    struct waiter waiter;
    pthread_t thread;
    int64_t backoff_ns;
    int64_t fresh_since_ns[STREAM_COUNT]; /* UTC; nothing that waits was received before. The
                                             store knows only the age of a slot. 0: not known */
    int64_t fresh_since_monotonic_ns[STREAM_COUNT]; /* when that was found out */
    enum error_code failing;                        /* ERROR_OK while all is well */
    bool is_open, said_up;
    bool flush_asked; /* guarded by waiter.lock */
};

static void is_fresh_since(struct uplink *uplink, enum stream stream, int64_t utc_ns)
{
    uplink->fresh_since_ns[stream] = utc_ns;
    uplink->fresh_since_monotonic_ns[stream] = clock_monotonic_ns(uplink->settings.clock);
}

/** Is the oldest record that waits as old as a batch may get, or of a day that is over? */
static bool is_old(const struct uplink *uplink, enum stream stream,
                   const struct store_stream_state *state)
{
    int64_t max_age_ns = uplink->sync->batch_max_age_ns;
    int64_t now_ns = clock_utc_ns(uplink->settings.clock);
    int64_t since_ns = uplink->fresh_since_ns[stream] > state->oldest_received_ns
                           ? uplink->fresh_since_ns[stream]
                           : state->oldest_received_ns;

    if (now_ns < since_ns) { /* the clock stepped back: count the time that really went by */
        return clock_monotonic_ns(uplink->settings.clock) -
                   uplink->fresh_since_monotonic_ns[stream] >=
               max_age_ns;
    }
    return now_ns - since_ns >= max_age_ns || clock_day_of(now_ns) != clock_day_of(since_ns);
}

static bool is_due(struct uplink *uplink, enum stream stream) /* U1 */
{
    struct store_stream_state state;

    store_state(uplink->settings.store, stream, &state);
    if (state.waiting_count == 0) {
        is_fresh_since(uplink, stream, clock_utc_ns(uplink->settings.clock));
        return false;
    }
    /* A ring's bytes become about twice as many in the lake's format. */
    return is_old(uplink, stream, &state) ||
           state.waiting_bytes >= uplink->sync->batch_max_bytes / 2 ||
           (state.ring_bytes > 0 && state.waiting_bytes >= state.ring_bytes / 2);
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

static enum error_code put(struct uplink *uplink, enum stream stream, const struct batch *batch,
                           struct error *error)
{
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
        code = store_cut_finish(uplink->settings.store, stream, error);
    }
    if (code == ERROR_OK) {
        is_fresh_since(uplink, stream, uplink->cutter.last_received_ns);
        status_uplink_uploaded(uplink->settings.board, batch->size_bytes, rows,
                               stream == STREAM_READINGS ? rows : 0,
                               clock_utc_ns(uplink->settings.clock));
    }
    return code;
}

/** Upload the stream up to `limit`. */
static enum error_code upload_stream(struct uplink *uplink, enum stream stream, uint64_t limit,
                                     struct error *error)
{
    while (!waiter_stopping(&uplink->waiter)) {
        struct batch batch;
        bool made;
        enum error_code code = cutter_next(&uplink->cutter, stream, limit, &batch, &made, error);

        if (code == ERROR_OK && made) {
            code = put(uplink, stream, &batch, error);
        }
        if (code != ERROR_OK || !made) {
            return code;
        }
    }
    return ERROR_OK;
}

/** Upload all that is on disk now (U1). */
static enum error_code upload_all(struct uplink *uplink, struct error *error)
{
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
    }
    return ERROR_OK;
}

static void say_up(struct uplink *uplink)
{
    uplink->backoff_ns = 0;
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

static void *uplink_run(void *argument)
{
    struct uplink *uplink = argument;
    int64_t retry_ns = 0; /* monotonic; not before then unless asked */

    while (!waiter_stopping(&uplink->waiter)) {
        int64_t now_ns = clock_monotonic_ns(uplink->settings.clock);
        bool asked = take_flush(uplink);
        struct error error = {0};

        if (asked || (now_ns >= retry_ns && anything_due(uplink))) {
            enum error_code code = upload_all(uplink, &error);

            if (code == ERROR_OK) {
                say_up(uplink);
            } else {
                say_down(uplink, code, &error);
                retry_ns = now_ns + waiter_jitter_ns(uplink->backoff_ns); /* U4 */
            }
        }
        (void)waiter_wait(&uplink->waiter, LOOK_EVERY_S * NS_PER_S);
    }
    uplink->sync->target->close(uplink->sync->target_state);
    waiter_end(&uplink->waiter);
    return NULL;
}

static void uplink_free(struct uplink *uplink)
{
    encoder_free(uplink->cutter.encoder);
    waiter_deinit(&uplink->waiter);
    free(uplink);
}

static enum error_code uplink_create(const struct uplink_settings *settings, struct uplink **uplink,
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
                                   .max_age_ns = config->sync.batch_max_age_ns};
    /* The option ends at 256 MiB. */
    code = encoder_create((size_t)config->sync.batch_max_bytes, &made->cutter.encoder, error);
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
        if (code == ERROR_OK) {
            code = store_commit(settings->store, error);
        }
        uplink->sync->target->close(uplink->sync->target_state);
        uplink_free(uplink);
    }
    return code;
}
