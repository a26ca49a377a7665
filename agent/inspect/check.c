/* `leat queue check`: every slot in use, batch by batch, and every finding as a sentence. */
#include "agent/store/check.h"
#include "agent/inspect/inspect.h"

enum { FINDINGS_TOLD = 1000 };

struct telling {
    const struct answer *answer;
    cJSON *findings;
    uint64_t listed;
    uint64_t news; /* damage that no gap event tells yet */
    bool gone;     /* nobody listens any more */
};

static void found(void *context, const struct store_finding *finding)
{
    struct telling *telling = context;
    cJSON *row;

    telling->news += !finding->told;
    if (telling->listed++ >= FINDINGS_TOLD) {
        return; /* the count goes on */
    }
    row = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(row, "stream", stream_name(finding->stream));
    (void)cJSON_AddNumberToObject(row, "slot", finding->slot);
    (void)cJSON_AddNumberToObject(row, "first", (double)finding->first);
    (void)cJSON_AddNumberToObject(row, "last", (double)finding->last);
    (void)cJSON_AddStringToObject(row, "what", finding->what);
    (void)cJSON_AddBoolToObject(row, "told", finding->told);
    (void)cJSON_AddItemToArray(telling->findings, row); /* short of memory it is only counted */
}

static bool progress(void *context, uint32_t done, uint32_t total)
{
    struct telling *telling = context;

    telling->gone = !telling->answer->progress(telling->answer->context, done, total);
    return !telling->gone;
}

enum error_code inspect_check(const struct inspect_source *source, const struct answer *answer,
                              cJSON *summary, struct error *error)
{
    struct telling telling = {.answer = answer};
    cJSON *streams = cJSON_AddArrayToObject(summary, "streams");

    telling.findings = cJSON_AddArrayToObject(summary, "findings");
    for (int i = 0; i < STREAM_RING_COUNT; i++) {
        struct store_check check = {.found = found, .progress = progress, .context = &telling};
        enum error_code code = store_check_ring(source->store, (enum stream)i, &check, error);
        cJSON *row = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(row, "name", stream_name((enum stream)i));
        (void)cJSON_AddNumberToObject(row, "slots", (double)check.slots);
        (void)cJSON_AddNumberToObject(row, "batches", (double)check.batches);
        (void)cJSON_AddNumberToObject(row, "records", (double)check.records);
        (void)cJSON_AddNumberToObject(row, "findings", (double)check.findings);
        (void)cJSON_AddItemToArray(streams, row);
        if (code != ERROR_OK) {
            return code;
        }
        if (telling.gone) {
            return error_set(error, ERROR_UNREACHABLE, "whoever asked for the check went away");
        }
    }
    (void)cJSON_AddBoolToObject(summary, "whole", telling.news == 0);
    return ERROR_OK;
}
