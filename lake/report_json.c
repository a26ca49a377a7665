#include "base/cleanup.h"
#include "base/clock.h"
#include "lake/report.h"
#include "lake/tally.h"

struct report {
    const struct verification *verification;
    const struct tally *tally;
};

static bool add_texts(cJSON *object, const char *key, const struct buffer *texts)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);
    size_t position = 0;
    const char *text;

    while (array != NULL && (text = report_next_text(texts, &position)) != NULL) {
        cJSON *item = cJSON_CreateString(text);

        if (!cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return array != NULL;
}

static bool add_count(cJSON *object, const char *key, uint64_t count)
{
    return cJSON_AddNumberToObject(object, key, (double)count) != NULL;
}

static bool add_text(cJSON *object, const char *key, const char *text)
{
    return cJSON_AddStringToObject(object, key, text) != NULL;
}

/** An instant in ISO 8601; null for an unknown one. */
static bool add_time(cJSON *object, const char *key, int64_t us)
{
    char text[CLOCK_STAMP_SIZE];
    int64_t ns;

    if (us == 0 || __builtin_mul_overflow(us, INT64_C(1000), &ns)) {
        return cJSON_AddNullToObject(object, key) != NULL;
    }
    clock_format_stamp(ns, text, sizeof(text));
    return add_text(object, key, text);
}

static bool add_gateway(cJSON *object, const struct object_name *name)
{
    return add_text(object, "site", name->site) && add_text(object, "gateway", name->gateway);
}

static bool add_incarnation(cJSON *object, const struct object_name *name)
{
    return add_gateway(object, name) && add_text(object, "incarnation", name->incarnation);
}

static bool fill_account(cJSON *object, const struct report *report, size_t index)
{
    const struct account *account = account_at(&report->verification->book, index);

    return add_incarnation(object, account->name) &&
           add_text(object, "stream", stream_name(account->stream)) &&
           add_count(object, "objects", account->objects) &&
           add_count(object, "damaged", account->damaged) &&
           add_count(object, "rows", account->rows) &&
           add_count(object, "arrived", account->arrived) &&
           add_count(object, "first", account->first) && add_count(object, "last", account->last) &&
           add_count(object, "high_water", account->high_water) &&
           add_count(object, "lost", account->lost) &&
           add_count(object, "missing", account->missing) &&
           add_text(object, "status", account_status(account));
}

static bool fill_lineage(cJSON *object, const struct report *report, size_t index)
{
    const struct lineage *lineage = lineage_at(&report->verification->book, index);

    return add_incarnation(object, lineage->name) &&
           (lineage->predecessor == NULL ? cJSON_AddNullToObject(object, "follows") != NULL
                                         : add_text(object, "follows", lineage->predecessor)) &&
           add_time(object, "began", lineage->began_us) &&
           add_text(object, "reason", lineage->reason);
}

static bool fill_loss(cJSON *object, const struct report *report, size_t index)
{
    const struct loss *loss = tally_loss_at(report->tally, index);

    return add_incarnation(object, loss->name) &&
           add_text(object, "stream", stream_name(loss->stream)) &&
           add_text(object, "reason", loss->reason) && add_count(object, "count", loss->count) &&
           add_count(object, "ranges", loss->ranges) && add_time(object, "from", loss->from_us) &&
           add_time(object, "to", loss->to_us);
}

static bool fill_outage(cJSON *object, const struct report *report, size_t index)
{
    const struct outage *outage = tally_outage_at(report->tally, index);

    return add_gateway(object, outage->name) &&
           add_text(object, "kind", outage_kind_name(outage->kind)) &&
           add_count(object, "events", outage->events) &&
           add_count(object, "count", outage->count) &&
           cJSON_AddNumberToObject(object, "seconds", (double)outage->total_us / 1e6) != NULL &&
           add_time(object, "from", outage->least_us) && add_time(object, "to", outage->most_us);
}

/** An array of `count` objects, filled by one of these. */
static bool add_rows(cJSON *object, const char *key, const struct report *report, size_t count,
                     bool (*fill)(cJSON *row, const struct report *report, size_t index))
{
    cJSON *array = cJSON_AddArrayToObject(object, key);

    for (size_t i = 0; array != NULL && i < count; i++) {
        cJSON *row = cJSON_CreateObject();

        if (!fill(row, report, i) || !cJSON_AddItemToArray(array, row)) {
            cJSON_Delete(row);
            return false;
        }
    }
    return array != NULL;
}

cJSON *report_to_json(const struct verification *verification)
{
    CLEANUP(tally_deinit) struct tally tally;
    const struct report report = {verification, &tally};
    const struct account_book *book = &verification->book;
    cJSON *object = cJSON_CreateObject();

    tally_init(&tally);
    if (tally_fill(verification, &tally, NULL) != ERROR_OK ||
        !add_count(object, "objects", inventory_count(&verification->inventory)) ||
        !add_rows(object, "accounts", &report, account_count(book), fill_account) ||
        !add_rows(object, "incarnations", &report, lineage_count(book), fill_lineage) ||
        !add_rows(object, "lost", &report, tally_loss_count(&tally), fill_loss) ||
        !add_rows(object, "outages", &report, tally_outage_count(&tally), fill_outage) ||
        !add_texts(object, "problems", &book->problems) ||
        !add_texts(object, "notes", &book->notes) ||
        !add_texts(object, "foreign", &verification->inventory.foreign) ||
        cJSON_AddBoolToObject(object, "whole", verification_is_whole(verification)) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
