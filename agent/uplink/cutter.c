#include "agent/uplink/cutter.h"

#include "agent/stored_text.h"
#include "base/log.h"

#include <string.h>

/** One pass over the records of a stream. */
struct pass {
    struct cutter *cutter;
    enum stream stream;
    struct batch_header header;
    uint64_t expected; /* the sequence number that must come next; 0: none yet */
    uint64_t limit;    /* no record after this one */
    bool is_saved;     /* the range is known: `limit` and header.day end it, nothing else */
    int64_t first_received_ns;
    struct time_fix fix;               /* of all its records; saved with the cut */
    const struct store_regime *regime; /* of the record at hand */
    int64_t stamped_ns;                /* its time of receipt as it was */
    enum error_code code;
    struct error *error;
};

/** Does a record at this place end the batch before it (B1)? */
static bool ends_before(const struct pass *pass, uint64_t sequence, int64_t received_ns,
                        const struct time_fix *fix)
{
    const struct cutter *cutter = pass->cutter;
    int64_t after_first_ns = received_ns - pass->first_received_ns;

    if (sequence > pass->limit || (pass->expected != 0 && sequence != pass->expected)) {
        return true;
    }
    if (pass->is_saved) {
        return false;
    }
    if (pass->expected == 0) {
        return fix->wait_ns > 0; /* B3 */
    }
    return !time_fix_same(fix, &pass->fix) || clock_day_of(received_ns) != pass->header.day ||
           after_first_ns > cutter->max_age_ns || after_first_ns < -cutter->max_age_ns ||
           encoder_size_estimate_bytes(cutter->encoder) >= cutter->max_bytes;
}

/** Begin with the first record; false ends the pass. */
static bool admit(struct pass *pass, uint64_t sequence, int64_t received_ns,
                  const struct time_fix *fix)
{
    if (ends_before(pass, sequence, received_ns, fix)) {
        if (pass->expected == 0) {
            pass->fix.wait_ns = fix->wait_ns;
        }
        return false;
    }
    if (pass->expected == 0) {
        pass->fix = *fix;
        pass->first_received_ns = received_ns;
        if (!pass->is_saved) {
            pass->header.day = clock_day_of(received_ns);
        }
        pass->code = encoder_begin(pass->cutter->encoder, &pass->header, pass->error);
    }
    pass->expected = sequence + 1;
    return pass->code == ERROR_OK;
}

/** A row that no longer fits ends the batch; anything else ends the pass as a failure. */
static bool added(struct pass *pass, enum error_code code)
{
    if (code == ERROR_NO_SPACE && encoder_row_count(pass->cutter->encoder) > 0) {
        return false;
    }
    pass->code = code;
    return code == ERROR_OK;
}

static bool add_reading(struct pass *pass, uint64_t sequence, const struct sample *sample)
{
    const struct definition *definition = store_definition(pass->cutter->store, sample->point_id);

    if (definition == NULL) {
        return added(pass, error_set(pass->error, ERROR_BUG,
                                     "reading %llu has no definition under handle %u",
                                     (unsigned long long)sequence, sample->point_id));
    }
    return added(pass, encoder_add_reading(pass->cutter->encoder, sequence, sample->point_id,
                                           definition, sample, pass->error));
}

static bool add_event(struct pass *pass, uint64_t sequence, const struct sample *sample)
{
    char texts[EVENT_TEXT_MAX];
    struct event event;

    stored_event(sample, texts, &event);
    time_fix_apply_event(&pass->fix, pass->regime, pass->stamped_ns, &event);
    return added(pass,
                 encoder_add_event(pass->cutter->encoder, sequence, sample, &event, pass->error));
}

static bool add_log(struct pass *pass, uint64_t sequence, const struct sample *sample)
{
    struct log_record record;

    stored_log(sample, &record);
    return added(pass,
                 encoder_add_log(pass->cutter->encoder, sequence, sample, &record, pass->error));
}

static bool add_sample(void *context, uint64_t sequence, const struct sample *sample,
                       const struct store_regime *regime)
{
    static bool (*const add[STREAM_RING_COUNT])(struct pass * pass, uint64_t sequence,
                                                const struct sample *sample) = {
        [STREAM_EVENTS] = add_event, [STREAM_READINGS] = add_reading, [STREAM_LOGS] = add_log};
    struct pass *pass = context;
    struct time_fix fix =
        pass->is_saved ? pass->fix : time_fix_of(&pass->cutter->time_rules, regime, sample);
    struct sample fixed = *sample;

    pass->regime = regime;
    pass->stamped_ns = sample->received_ns;
    time_fix_apply(&fix, &fixed);
    return admit(pass, sequence, fixed.received_ns, &fix) &&
           add[pass->stream](pass, sequence, &fixed);
}

static bool add_definition(void *context, uint64_t sequence, int64_t received_ns,
                           const struct definition *definition)
{
    struct pass *pass = context;
    const struct time_fix none = {0};

    return admit(pass, sequence, received_ns, &none) &&
           added(pass, encoder_add_definition(pass->cutter->encoder, sequence, received_ns,
                                              definition, pass->error));
}

static enum error_code read_stream(struct pass *pass, uint64_t first)
{
    struct store *store = pass->cutter->store;
    enum error_code code =
        pass->stream == STREAM_CATALOGUE
            ? store_read_catalogue(store, first, add_definition, pass, pass->error)
            : store_read(store, pass->stream, first, add_sample, pass, pass->error);

    return code == ERROR_OK ? pass->code : code;
}

/** Encode from `first` on; *made says whether there was anything. */
static enum error_code encode(struct pass *pass, uint64_t first, struct batch *batch, bool *made)
{
    enum error_code code = read_stream(pass, first);

    *made = false;
    if (code == ERROR_OK && pass->expected != 0) {
        code = encoder_finish(pass->cutter->encoder, batch, pass->error);
        *made = code == ERROR_OK;
    }
    return code;
}

static struct pass pass_of(struct cutter *cutter, enum stream stream, const struct store_cut *cut,
                           struct error *error)
{
    return (struct pass){
        .cutter = cutter,
        .stream = stream,
        .error = error,
        .header = {.stream = stream,
                   .site = cutter->site,
                   .gateway = cutter->gateway,
                   .incarnation = store_incarnation(cutter->store),
                   .previous_digest = cut->previous_digest},
    };
}

/** Make a saved cut again; *made false: part of it is gone, or it is not the same any more. */
static enum error_code encode_saved(struct cutter *cutter, enum stream stream,
                                    const struct store_cut *cut, struct batch *batch, bool *made,
                                    struct error *error)
{
    struct pass pass = pass_of(cutter, stream, cut, error);
    enum error_code code;

    pass.limit = cut->last;
    pass.is_saved = true;
    pass.header.day = cut->day;
    pass.fix = (struct time_fix){.correction_ns = cut->correction_ns, .quality = cut->time_quality};
    code = encode(&pass, cut->first, batch, made);
    if (code != ERROR_OK || !*made) {
        return code;
    }
    *made = batch->first_sequence == cut->first && batch->last_sequence == cut->last &&
            strcmp(batch->digest, cut->digest) == 0;
    if (!*made) {
        log_warning("cut-again", "stream=%s first=%llu last=%llu found_first=%llu found_last=%llu",
                    stream_name(stream), (unsigned long long)cut->first,
                    (unsigned long long)cut->last, (unsigned long long)batch->first_sequence,
                    (unsigned long long)batch->last_sequence);
    }
    return ERROR_OK;
}

/** Choose a range, encode it, save it in `cut`. */
static enum error_code encode_new(struct pass *pass, struct store_cut *cut, struct batch *batch,
                                  bool *made)
{
    struct store *store = pass->cutter->store;
    struct store_stream_state state;
    enum error_code code;

    store_state(store, pass->stream, &state);
    code = encode(pass, state.acknowledged + 1, batch, made);
    if (code != ERROR_OK || !*made) {
        return code;
    }
    cut->first = batch->first_sequence;
    cut->last = batch->last_sequence;
    cut->day = pass->header.day;
    cut->correction_ns = pass->fix.correction_ns;
    cut->time_quality = pass->fix.quality;
    cut->encoder_version = ENCODER_VERSION;
    memcpy(cut->digest, batch->digest, sizeof(cut->digest));
    return store_cut_save(store, pass->stream, cut, pass->error); /* B2 */
}

enum error_code cutter_next(struct cutter *cutter, enum stream stream, uint64_t limit,
                            struct batch *batch, bool *made, struct error *error)
{
    struct store_cut cut = {0};
    bool saved = false;
    enum error_code code = store_cut_load(cutter->store, stream, &cut, &saved, error);

    *made = false;
    cutter->clock_wait_ns = 0;
    if (code == ERROR_OK && saved) {
        code = encode_saved(cutter, stream, &cut, batch, made, error);
    }
    if (code == ERROR_OK && !*made) {
        struct pass pass = pass_of(cutter, stream, &cut, error);

        pass.limit = limit;
        code = encode_new(&pass, &cut, batch, made);
        cutter->clock_wait_ns = pass.expected == 0 ? pass.fix.wait_ns : 0;
    }
    if (code != ERROR_OK) {
        *made = false;
    }
    return code;
}

enum error_code cutter_look(struct cutter *cutter, enum stream stream, struct cutter_range range,
                            struct batch *batch, bool *made, struct error *error)
{
    const struct store_cut nothing_before = {0};
    struct pass pass = pass_of(cutter, stream, &nothing_before, error);

    pass.limit = range.last;
    return encode(&pass, range.first, batch, made);
}
