/* `leat queue export`: records as CSV, or as the objects that the lake would get. */
#include "agent/inspect/csv.h"
#include "agent/inspect/inspect.h"
#include "agent/stored_text.h"
#include "agent/uplink/cutter.h"
#include "sync/rows.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 32 << 10, PROGRESS_EVERY = 4096, LINE_MAX_BYTES = 512 << 10 };

struct export
{
    const struct inspect_source *source;
    const struct inspect_request *request;
    const struct answer *answer;
    struct cutter_range range;
    struct time_rules time_rules;
    struct buffer text; /* lines of CSV that were not handed on yet */
    uint64_t rows, files;
    bool gone;
};

static bool hand_on(struct export *export)
{
    const struct answer *answer = export->answer;

    export->gone = !answer->bytes(answer->context, export->text.bytes, export->text.size);
    buffer_clear(&export->text);
    return !export->gone;
}

static bool note_row(struct export *export, uint64_t sequence)
{
    const struct answer *answer = export->answer;

    export->rows++;
    if (export->text.size >= PIECE_BYTES && !hand_on(export)) {
        return false;
    }
    if (export->rows % PROGRESS_EVERY == 0) {
        export->gone = !answer->progress(answer->context, sequence - export->range.first,
                                         export->range.last - export->range.first + 1);
    }
    return !export->gone;
}

static bool write_sample(void *context, uint64_t sequence, const struct sample *sample,
                         const struct store_regime *regime)
{
    struct export *export = context;
    enum stream stream = export->request->stream;
    struct cell cells[SCHEMA_COLUMNS_MAX];
    char texts[EVENT_TEXT_MAX];
    const struct definition *definition = NULL;
    struct sample fixed = *sample;
    struct time_fix fix;
    struct log_record record;
    struct event event;

    if (sequence > export->range.last) {
        return false;
    }
    fix = time_fix_of(&export->time_rules, regime, sample);
    time_fix_apply(&fix, &fixed);
    if (stream == STREAM_READINGS) {
        definition = store_definition(export->source->store, sample->point_id);
        if (definition == NULL) {
            return note_row(export, sequence); /* `leat queue check` tells about it */
        }
        row_of_reading(sequence, sample->point_id, definition, &fixed, cells);
    } else if (stream == STREAM_LOGS) {
        stored_log(sample, &record);
        row_of_log(sequence, &fixed, &record, cells);
    } else {
        stored_event(sample, texts, &event);
        time_fix_apply_event(&fix, regime, sample->received_ns, &event);
        row_of_event(sequence, &fixed, &event, cells);
    }
    csv_row(&export->text, stream, cells, definition);
    return note_row(export, sequence);
}

static bool write_definition(void *context, uint64_t sequence, int64_t received_ns,
                             const struct definition *definition)
{
    struct export *export = context;
    struct cell cells[SCHEMA_COLUMNS_MAX];

    if (sequence > export->range.last) {
        return false;
    }
    row_of_definition(sequence, received_ns, definition, cells);
    csv_row(&export->text, STREAM_CATALOGUE, cells, NULL);
    return note_row(export, sequence);
}

static enum error_code went_away(struct error *error)
{
    return error_set(error, ERROR_UNREACHABLE, "whoever asked for the export went away");
}

static enum error_code export_csv(struct export *export, struct error *error)
{
    enum stream stream = export->request->stream;
    struct store *store = export->source->store;
    char name[64];
    enum error_code code;

    (void)snprintf(name, sizeof(name), "%s.csv", stream_name(stream)); /* fits */
    if (!export->answer->file(export->answer->context, name)) {
        return went_away(error);
    }
    export->files = 1;
    csv_header(&export->text, stream);
    code = stream == STREAM_CATALOGUE
               ? store_read_catalogue(store, export->range.first, write_definition, export, error)
               : store_read(store, stream, export->range.first, write_sample, export, error);
    if (export->text.failed) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to export %s",
                         stream_name(stream));
    }
    return code == ERROR_OK && (export->gone || !hand_on(export)) ? went_away(error) : code;
}

/** The last part of an object's name, after its stream: they may stand in one folder. */
static bool hand_on_batch(struct export *export, const struct batch *batch)
{
    const struct answer *answer = export->answer;
    const char *slash = strrchr(batch->object_name, '/');
    char name[BATCH_NAME_MAX];

    (void)snprintf(name, sizeof(name), "%s-%.400s", stream_name(export->request->stream),
                   slash == NULL ? batch->object_name : slash + 1); /* a name is far shorter */
    export->files++;
    export->rows += batch->last_sequence - batch->first_sequence + 1;
    return answer->file(answer->context, name) &&
           answer->bytes(answer->context, batch->bytes, batch->size_bytes) &&
           answer->progress(answer->context, batch->last_sequence - export->range.first + 1,
                            export->range.last - export->range.first + 1);
}

static enum error_code export_parquet(struct export *export, struct error *error)
{
    struct cutter cutter = {.store = export->source->store,
                            .site = export->source->site,
                            .gateway = export->source->gateway,
                            .max_bytes = INSPECT_BATCH_BYTES,
                            .max_age_ns = INT64_MAX,
                            .time_rules = export->time_rules};
    uint64_t first = export->range.first;
    bool made = true;
    enum error_code code = encoder_create(INSPECT_BATCH_BYTES, &cutter.encoder, error);

    while (code == ERROR_OK && made && first <= export->range.last) {
        struct cutter_range range = {first, export->range.last};
        struct batch batch;

        code = cutter_look(&cutter, export->request->stream, range, &batch, &made, error);
        if (code == ERROR_OK && made) {
            first = batch.last_sequence + 1;
            code = hand_on_batch(export, &batch) ? ERROR_OK : went_away(error);
        }
    }
    encoder_free(cutter.encoder);
    return code;
}

/** From times of receipt to numbers. */
struct search {
    const struct inspect_request *request;
    struct cutter_range found;
};

static bool is_in(const struct inspect_request *request, uint64_t sequence, int64_t received_ns)
{
    return (request->from.is_time ? received_ns >= request->from.received_ns
                                  : sequence >= request->from.sequence) &&
           (request->to.is_time ? received_ns <= request->to.received_ns
                                : sequence <= request->to.sequence);
}

static bool search_sample(void *context, uint64_t sequence, const struct sample *sample,
                          const struct store_regime *regime)
{
    struct search *search = context;

    (void)regime;
    if (is_in(search->request, sequence, sample->received_ns)) {
        search->found.first = search->found.first == 0 ? sequence : search->found.first;
        search->found.last = sequence;
    }
    return true;
}

static bool search_definition(void *context, uint64_t sequence, int64_t received_ns,
                              const struct definition *definition)
{
    const struct sample sample = {.received_ns = received_ns};

    (void)definition;
    return search_sample(context, sequence, &sample, NULL);
}

/** The range of numbers: as asked, or from the first to the last record within the times. */
static enum error_code find_range(struct export *export, struct error *error)
{
    const struct inspect_request *request = export->request;
    struct store *store = export->source->store;
    struct search search = {.request = request};
    struct store_stream_state state;
    enum error_code code = ERROR_OK;

    store_state(store, request->stream, &state);
    export->range = (struct cutter_range){request->from.sequence, request->to.sequence};
    if (request->from.is_time || request->to.is_time) {
        code = request->stream == STREAM_CATALOGUE
                   ? store_read_catalogue(store, 1, search_definition, &search, error)
                   : store_read(store, request->stream, 1, search_sample, &search, error);
        export->range = search.found;
    }
    if (export->range.first == 0) {
        export->range.first = 1;
    }
    if (export->range.last > state.committed_sequence) {
        export->range.last = state.committed_sequence;
    }
    return code;
}

enum error_code inspect_export(const struct inspect_source *source,
                               const struct inspect_request *request, const struct answer *answer,
                               cJSON *summary, struct error *error)
{
    struct export export = {
        .source = source,
        .request = request,
        .answer = answer,
        .time_rules = {.clock = source->clock}, /* what waits for the clock is told as it is */
    };
    enum error_code code;

    buffer_init(&export.text, LINE_MAX_BYTES);
    code = find_range(&export, error);
    if (code == ERROR_OK && request->csv) { /* with no row, still its header */
        code = export_csv(&export, error);
    } else if (code == ERROR_OK) {
        code = export_parquet(&export, error);
    }
    buffer_deinit(&export.text);
    (void)cJSON_AddNumberToObject(summary, "rows", (double)export.rows);
    (void)cJSON_AddNumberToObject(summary, "files", (double)export.files);
    return code;
}
