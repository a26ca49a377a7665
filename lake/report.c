#include "lake/report.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "lake/tally.h"

#include <inttypes.h>
#include <string.h>

const char *report_next_text(const struct buffer *texts, size_t *position)
{
    const char *text = (const char *)texts->bytes + *position;

    if (*position >= texts->size) {
        return NULL;
    }
    *position += strlen(text) + 1;
    return text;
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

/** An instant as a person reads it, or "?". */
static const char *stamp(int64_t us, char text[CLOCK_STAMP_SIZE])
{
    int64_t ns;

    if (us == 0 || __builtin_mul_overflow(us, INT64_C(1000), &ns)) {
        return "?";
    }
    clock_format_stamp(ns, text, CLOCK_STAMP_SIZE);
    return text;
}

static void print_lineages(const struct account_book *book, FILE *out)
{
    char began[CLOCK_STAMP_SIZE];

    for (size_t i = 0; i < lineage_count(book); i++) {
        const struct lineage *lineage = lineage_at(book, i);

        if (lineage->predecessor != NULL && lineage->predecessor[0] != '\0') {
            (void)fprintf(out, "%s/%s incarnation %s followed %s on %s%s%s\n", lineage->name->site,
                          lineage->name->gateway, lineage->name->incarnation, lineage->predecessor,
                          stamp(lineage->began_us, began), lineage->reason[0] == '\0' ? "" : ": ",
                          lineage->reason);
        }
    }
}

static void print_losses(const struct tally *tally, FILE *out)
{
    char from[CLOCK_STAMP_SIZE];
    char to[CLOCK_STAMP_SIZE];

    for (size_t i = 0; i < tally_loss_count(tally); i++) {
        const struct loss *loss = tally_loss_at(tally, i);

        (void)fprintf(out, "%s/%s incarnation %s, %s: %" PRIu64 " lost", loss->name->site,
                      loss->name->gateway, loss->name->incarnation, stream_name(loss->stream),
                      loss->count);
        if (loss->from_us != 0 || loss->to_us != 0) {
            (void)fprintf(out, ", %s to %s", stamp(loss->from_us, from), stamp(loss->to_us, to));
        }
        (void)fprintf(out, ": %s\n", loss->reason[0] == '\0' ? "no reason given" : loss->reason);
    }
}

static void print_outages(const struct tally *tally, FILE *out)
{
    static const char *const sentences[] = {
        [OUTAGE_DOWN] = "the agent was down",
        [OUTAGE_UNREAD] = "devices could not be read",
        [OUTAGE_REJECTED] = "payloads were rejected",
    };
    static const char *const counted[] = {
        [OUTAGE_DOWN] = NULL, [OUTAGE_UNREAD] = "polls missed", [OUTAGE_REJECTED] = "payloads"};
    char from[CLOCK_STAMP_SIZE];
    char to[CLOCK_STAMP_SIZE];

    for (size_t i = 0; i < tally_outage_count(tally); i++) {
        const struct outage *outage = tally_outage_at(tally, i);

        (void)fprintf(out, "%s/%s: %s %" PRIu64 " times", outage->name->site, outage->name->gateway,
                      sentences[outage->kind], outage->events);
        (void)fprintf(out, ", %" PRId64 " s in all", outage->total_us / 1000000);
        if (counted[outage->kind] != NULL) {
            (void)fprintf(out, ", %" PRIu64 " %s", outage->count, counted[outage->kind]);
        }
        (void)fprintf(out, ", between %s and %s\n", stamp(outage->least_us, from),
                      stamp(outage->most_us, to));
    }
}

static void print_texts(const struct buffer *texts, const char *end, FILE *out)
{
    size_t position = 0;
    const char *text;

    while ((text = report_next_text(texts, &position)) != NULL) {
        (void)fprintf(out, "%s%s\n", text, end);
    }
}

void report_print_problems(const struct verification *verification, FILE *out)
{
    print_texts(&verification->book.problems, "", out);
}

enum error_code report_print(const struct verification *verification, FILE *out,
                             struct error *error)
{
    CLEANUP(tally_deinit) struct tally tally;
    size_t count = account_count(&verification->book);
    enum error_code code;

    tally_init(&tally);
    code = tally_fill(verification, &tally, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (count > 0) {
        (void)fprintf(out, "%-12s %-16s %-16s %-9s %7s %10s %10s %10s %8s %8s %s\n", "site",
                      "gateway", "incarnation", "stream", "objects", "rows", "first", "last",
                      "lost", "missing", "status");
    }
    for (size_t i = 0; i < count; i++) {
        print_account(account_at(&verification->book, i), out);
    }
    print_lineages(&verification->book, out);
    print_losses(&tally, out);
    print_outages(&tally, out);
    print_texts(&verification->book.notes, "", out);
    report_print_problems(verification, out);
    print_texts(&verification->inventory.foreign, " is no object of ours; it was left alone", out);
    (void)fprintf(out, "%zu objects: %s\n", inventory_count(&verification->inventory),
                  inventory_count(&verification->inventory) == 0 ? "nothing has arrived yet"
                  : verification_is_whole(verification)
                      ? "every sequence number is accounted for"
                      : "something is missing or damaged, see above");
    return ERROR_OK;
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
        {"repeated", "of them in two objects"},
        {"duplicates", "duplicates (flagged)"},
        {"integrated", "integrated"},
        {"bad", "of them bad"},
        {"points", "points"},
        {"logs", "log records"},
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
