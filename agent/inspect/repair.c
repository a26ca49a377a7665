#include "agent/inspect/repair.h"

#include "agent/inspect/copy.h"
#include "agent/inspect/inspect.h"
#include "agent/inspect/table.h"
#include "agent/store/salvage.h"

#include <stdio.h>
#include <unistd.h>

static enum error_code refuse_existing(const char *output, struct error *error)
{
    char journal[PATH_MAX + sizeof("-wal")];

    (void)snprintf(journal, sizeof(journal), "%.4096s-wal", output); /* cut: then it is not there */
    return access(output, F_OK) != 0 && access(journal, F_OK) != 0
               ? ERROR_OK
               : error_set(error, ERROR_REFUSED,
                           "%.300s or its journal is there already and is not overwritten; name "
                           "another --output",
                           output);
}

static bool ignore_progress(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return true;
}

/** Open the new queue as an agent would, which tells its gaps, and read all of it. */
static enum error_code prove(const char *path, struct error *error)
{
    struct store_settings settings = {.path = path, .clock = &clock_system, .is_aside = true};
    const struct answer answer = {.progress = ignore_progress};
    struct inspect_source source = {.clock = &clock_system, .path = path};
    cJSON *summary = cJSON_CreateObject();
    enum error_code code;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        settings.ring_bytes[i] = UINT64_MAX; /* the rings stay as they are */
    }
    code = store_open(&settings, &source.store, error);
    if (code == ERROR_OK) {
        code = inspect_check(&source, &answer, summary, error);
        store_close(source.store);
    }
    if (code == ERROR_OK) {
        table_print_check(summary, stdout);
    }
    cJSON_Delete(summary);
    return code;
}

static void tell(const struct repair *repair, const struct salvage_report *report)
{
    (void)printf("%s: incarnation %s, %llu records in %llu slots, %llu definitions\n",
                 repair->output, report->incarnation, (unsigned long long)report->records,
                 (unsigned long long)report->slots, (unsigned long long)report->points);
    if (report->made_points > 0) {
        (void)printf("%llu definitions are lost: their readings stand under unknown/NUMBER\n",
                     (unsigned long long)report->made_points);
    }
    if (report->is_guessed) {
        (void)puts("the journal was lost or damaged, so the newest records may be missing");
    }
}

enum error_code repair_queue(const struct repair *repair, struct error *error)
{
    struct salvage_report report = {0};
    struct queue_copy copy = {0};
    enum error_code code = refuse_existing(repair->output, error);

    if (code == ERROR_OK) {
        code = queue_copy_make(repair->queue_path, repair->work_folder, &copy, error);
    }
    if (code == ERROR_OK) {
        code = salvage_queue(copy.path, repair->output, &report, error);
    }
    queue_copy_remove(&copy);
    if (code == ERROR_OK) {
        tell(repair, &report);
        code = prove(repair->output, error);
    }
    if (code == ERROR_OK) {
        (void)printf(
            "To have it uploaded, move it and %s-wal beside the agent's queue as\n"
            "QUEUE.salvaged-1 and QUEUE.salvaged-1-wal (or the next free number), with the\n"
            "owner of QUEUE; the running agent does the rest.\n",
            repair->output);
    }
    return code;
}
