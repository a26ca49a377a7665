#include "lake/claim.h"

#include <string.h>

/* The columns of an events object. */
struct hearing {
    struct claims *claims;
    const struct object_name *name;
    const struct parquet_column *number, *time, *kind, *subject, *reason, *detail;
    const struct parquet_column *first, *last, *count, *from, *to;
    struct high_water high_water;
    struct outage outages[OUTAGE_KIND_COUNT];
};

static bool text_is(const struct parquet_column *column, uint64_t row, const char *text)
{
    const union parquet_value *value = parquet_column_at(column, row);

    return value->text.size == strlen(text) &&
           memcmp(column->texts.bytes + value->text.offset, text, value->text.size) == 0;
}

/** Copy a text, cut between two characters. A zero byte in it ends it. */
static void copy_text(const struct parquet_column *column, uint64_t row, char *text, size_t size)
{
    const union parquet_value *value = parquet_column_at(column, row);
    const uint8_t *bytes = column->texts.bytes + value->text.offset;
    size_t length = value->text.size;

    if (length >= size) {
        length = size - 1;
        while (length > 0 && (bytes[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    if (length > 0) {
        memcpy(text, bytes, length);
    }
    text[length] = '\0';
}

/** 0 for null. */
static int64_t number_of(const struct parquet_column *column, uint64_t row)
{
    return parquet_column_is_null(column, row) ? 0 : parquet_column_at(column, row)->integer;
}

static bool find_stream(const struct hearing *hearing, uint64_t row, enum stream *stream)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (text_is(hearing->subject, row, stream_name((enum stream)i))) {
            *stream = (enum stream)i;
            return true;
        }
    }
    return false;
}

static bool hear_gap(struct hearing *hearing, uint64_t row)
{
    struct gap_claim gap = {.name = hearing->name};
    int64_t first = number_of(hearing->first, row);
    int64_t last = number_of(hearing->last, row);

    if (first < 1 || last < first || !find_stream(hearing, row, &gap.stream)) {
        return true; /* it says nothing that could be accounted for */
    }
    gap.first = (uint64_t)first;
    gap.last = (uint64_t)last;
    gap.from_us = number_of(hearing->from, row);
    gap.to_us = number_of(hearing->to, row);
    copy_text(hearing->reason, row, gap.reason, sizeof(gap.reason));
    return buffer_append(&hearing->claims->gaps, &gap, sizeof(gap));
}

static void raise_high_water(struct hearing *hearing, uint64_t row)
{
    int64_t last = number_of(hearing->last, row);
    enum stream stream;

    if (last > 0 && find_stream(hearing, row, &stream) &&
        (uint64_t)last > hearing->high_water.last[stream]) {
        hearing->high_water.last[stream] = (uint64_t)last;
    }
}

/** Only of the incarnation that the object is of: nobody else can know. */
static bool hear_identity(struct hearing *hearing, uint64_t row)
{
    struct identity identity = {.name = hearing->name};

    if (!text_is(hearing->subject, row, hearing->name->incarnation)) {
        return true;
    }
    copy_text(hearing->detail, row, identity.predecessor, sizeof(identity.predecessor));
    if (!object_hex_is_valid(identity.predecessor, OBJECT_INCARNATION_SIZE - 1)) {
        identity.predecessor[0] = '\0';
    }
    identity.began_us = number_of(hearing->time, row);
    copy_text(hearing->reason, row, identity.reason, sizeof(identity.reason));
    return buffer_append(&hearing->claims->identities, &identity, sizeof(identity));
}

/** The length of a period, as far as 64 bits tell it. */
static int64_t length_of(int64_t from_us, int64_t to_us)
{
    int64_t length;

    if (from_us == 0 || to_us <= from_us || __builtin_sub_overflow(to_us, from_us, &length)) {
        return 0;
    }
    return length;
}

static void add_outage(struct hearing *hearing, uint64_t row, enum outage_kind kind)
{
    struct outage *outage = &hearing->outages[kind];
    int64_t from_us = number_of(hearing->from, row);
    int64_t to_us = number_of(hearing->to, row);
    int64_t count = number_of(hearing->count, row);

    outage->events++;
    outage->count += count > 0 ? (uint64_t)count : 0;
    if (__builtin_add_overflow(outage->total_us, length_of(from_us, to_us), &outage->total_us)) {
        outage->total_us = INT64_MAX;
    }
    if (from_us != 0 && (outage->least_us == 0 || from_us < outage->least_us)) {
        outage->least_us = from_us;
    }
    if (to_us != 0 && (outage->most_us == 0 || to_us > outage->most_us)) {
        outage->most_us = to_us;
    }
}

static bool hear_row(struct hearing *hearing, uint64_t row)
{
    if (text_is(hearing->kind, row, "gap")) {
        return hear_gap(hearing, row);
    }
    if (text_is(hearing->kind, row, "identity")) {
        return hear_identity(hearing, row);
    }
    if (text_is(hearing->kind, row, "high-water")) {
        raise_high_water(hearing, row);
    }
    for (int kind = 0; kind < OUTAGE_KIND_COUNT; kind++) {
        if (text_is(hearing->kind, row, outage_kind_name((enum outage_kind)kind))) {
            add_outage(hearing, row, (enum outage_kind)kind);
        }
    }
    return true;
}

static bool keep_sums(const struct hearing *hearing) /* C3 */
{
    struct claims *claims = hearing->claims;
    bool kept =
        buffer_append(&claims->high_waters, &hearing->high_water, sizeof(hearing->high_water));

    for (int kind = 0; kind < OUTAGE_KIND_COUNT && kept; kind++) {
        kept = hearing->outages[kind].events == 0 ||
               buffer_append(&claims->outages, &hearing->outages[kind], sizeof(struct outage));
    }
    return kept;
}

static struct hearing begin(struct claims *claims, const struct object_reader *reader,
                            const struct object_name *name)
{
    struct hearing hearing = {.claims = claims, .name = name, .high_water = {.name = name}};

    hearing.number = object_column(reader, STREAM_EVENTS, "seq");
    hearing.time = object_column(reader, STREAM_EVENTS, "ts");
    hearing.kind = object_column(reader, STREAM_EVENTS, "kind");
    hearing.subject = object_column(reader, STREAM_EVENTS, "subject");
    hearing.reason = object_column(reader, STREAM_EVENTS, "reason");
    hearing.detail = object_column(reader, STREAM_EVENTS, "detail");
    hearing.first = object_column(reader, STREAM_EVENTS, "first_seq");
    hearing.last = object_column(reader, STREAM_EVENTS, "last_seq");
    hearing.count = object_column(reader, STREAM_EVENTS, "count");
    hearing.from = object_column(reader, STREAM_EVENTS, "from_ts");
    hearing.to = object_column(reader, STREAM_EVENTS, "to_ts");
    for (int kind = 0; kind < OUTAGE_KIND_COUNT; kind++) {
        hearing.outages[kind] = (struct outage){.name = name, .kind = (enum outage_kind)kind};
    }
    return hearing;
}

enum error_code claims_hear(struct claims *claims, const struct object_reader *reader,
                            const struct object_name *name, struct error *error)
{
    struct hearing hearing = begin(claims, reader, name);
    bool kept = true;

    if (claims->heard == NULL || !object_same_incarnation(claims->heard, name)) {
        claims->heard_to = 0;
    }
    for (uint64_t row = 0; kept && row < reader->footer.row_count; row++) {
        if ((uint64_t)parquet_column_at(hearing.number, row)->integer > claims->heard_to) { /* C2 */
            kept = hear_row(&hearing, row);
        }
    }
    claims->heard = name;
    claims->heard_to = name->last > claims->heard_to ? name->last : claims->heard_to;
    return kept && keep_sums(&hearing)
               ? ERROR_OK
               : error_set(error, ERROR_NO_MEMORY, "there is no memory for what the events say");
}

void claims_init(struct claims *claims)
{
    *claims = (struct claims){0};
    buffer_init(&claims->gaps, SIZE_MAX / 2);
    buffer_init(&claims->high_waters, SIZE_MAX / 2);
    buffer_init(&claims->identities, SIZE_MAX / 2);
    buffer_init(&claims->outages, SIZE_MAX / 2);
}

void claims_deinit(struct claims *claims)
{
    buffer_deinit(&claims->gaps);
    buffer_deinit(&claims->high_waters);
    buffer_deinit(&claims->identities);
    buffer_deinit(&claims->outages);
}

const char *outage_kind_name(enum outage_kind kind)
{
    static const char *const names[] = {
        [OUTAGE_DOWN] = "down", [OUTAGE_UNREAD] = "unread", [OUTAGE_REJECTED] = "rejected"};

    return names[kind];
}
