#include "lake/report.h"

#include <inttypes.h>
#include <string.h>

/** Walk a buffer of terminated texts. */
static const char *next_text(const struct buffer *texts, size_t *position)
{
    const char *text = (const char *)texts->bytes + *position;

    if (*position >= texts->size) {
        return NULL;
    }
    *position += strlen(text) + 1;
    return text;
}

void report_print_problems(const struct verification *verification, FILE *out)
{
    size_t position = 0;
    const char *text;

    while ((text = next_text(&verification->book.problems, &position)) != NULL) {
        (void)fprintf(out, "%s\n", text);
    }
}

static void print_account(const struct account *account, FILE *out)
{
    (void)fprintf(out,
                  "%-12s %-16s %-16s %-9s %7" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
                  " %8" PRIu64 " %8" PRIu64 " %s\n",
                  account->name->site, account->name->gateway, account->name->incarnation,
                  stream_name(account->stream), account->objects, account->rows, account->first,
                  account->last, account->lost, account->missing, account_status(account));
}

void report_print(const struct verification *verification, FILE *out)
{
    size_t count = account_count(&verification->book);
    size_t position = 0;
    const char *text;

    if (count > 0) {
        (void)fprintf(out, "%-12s %-16s %-16s %-9s %7s %10s %10s %10s %8s %8s %s\n", "site",
                      "gateway", "incarnation", "stream", "objects", "rows", "first", "last",
                      "lost", "missing", "status");
    }
    for (size_t i = 0; i < count; i++) {
        print_account(account_at(&verification->book, i), out);
    }
    report_print_problems(verification, out);
    while ((text = next_text(&verification->inventory.foreign, &position)) != NULL) {
        (void)fprintf(out, "%s is no object of ours; it was left alone\n", text);
    }
    (void)fprintf(out, "%zu objects: %s\n", inventory_count(&verification->inventory),
                  inventory_count(&verification->inventory) == 0 ? "nothing has arrived yet"
                  : verification_is_whole(verification)
                      ? "every sequence number is accounted for"
                      : "something is missing or damaged, see above");
}

static bool add_texts(cJSON *object, const char *key, const struct buffer *texts)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);
    size_t position = 0;
    const char *text;

    while (array != NULL && (text = next_text(texts, &position)) != NULL) {
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

static bool fill_account(cJSON *object, const struct account *account)
{
    return cJSON_AddStringToObject(object, "site", account->name->site) != NULL &&
           cJSON_AddStringToObject(object, "gateway", account->name->gateway) != NULL &&
           cJSON_AddStringToObject(object, "incarnation", account->name->incarnation) != NULL &&
           cJSON_AddStringToObject(object, "stream", stream_name(account->stream)) != NULL &&
           add_count(object, "objects", account->objects) &&
           add_count(object, "damaged", account->damaged) &&
           add_count(object, "rows", account->rows) && add_count(object, "first", account->first) &&
           add_count(object, "last", account->last) &&
           add_count(object, "high_water", account->high_water) &&
           add_count(object, "lost", account->lost) &&
           add_count(object, "missing", account->missing) &&
           cJSON_AddStringToObject(object, "status", account_status(account)) != NULL;
}

static bool add_accounts(cJSON *object, const struct verification *verification)
{
    cJSON *array = cJSON_AddArrayToObject(object, "accounts");

    for (size_t i = 0; array != NULL && i < account_count(&verification->book); i++) {
        cJSON *item = cJSON_CreateObject();

        if (!fill_account(item, account_at(&verification->book, i)) ||
            !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return array != NULL;
}

cJSON *report_to_json(const struct verification *verification)
{
    cJSON *object = cJSON_CreateObject();

    if (!add_count(object, "objects", inventory_count(&verification->inventory)) ||
        !add_accounts(object, verification) ||
        !add_texts(object, "problems", &verification->book.problems) ||
        !add_texts(object, "foreign", &verification->inventory.foreign) ||
        cJSON_AddBoolToObject(object, "whole", verification_is_whole(verification)) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text == NULL ? "?" : text;
}

/** Counts are far below 2^53, where a double is exact. */
static double count_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

void report_print_summary(const cJSON *summary, FILE *out)
{
    static const char *const rows[][2] = {
        {"objects", "objects in the lake"},
        {"raw_rows", "readings in sound objects"},
        {"staged", "of them staged"},
        {"duplicates", "duplicates (flagged)"},
        {"integrated", "integrated"},
        {"bad", "of them bad"},
        {"points", "points"},
        {"gaps", "ranges lost or missing"},
        {"missing", "sequence numbers missing"},
    };
    const cJSON *account;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)fprintf(out, "%-26s %12.0f\n", rows[i][1], count_of(summary, rows[i][0]));
    }
    cJSON_ArrayForEach(account, cJSON_GetObjectItemCaseSensitive(summary, "completeness"))
    {
        (void)fprintf(
            out, "%s/%s %s %s: issued %.0f, arrived %.0f, lost %.0f, missing %.0f (%s)\n",
            text_of(account, "site"), text_of(account, "gateway"), text_of(account, "incarnation"),
            text_of(account, "stream"), count_of(account, "issued"), count_of(account, "arrived"),
            count_of(account, "lost"), count_of(account, "missing"), text_of(account, "status"));
    }
}
