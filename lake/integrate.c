#include "lake/integrate.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "lake/listing.h"
#include "lake/process.h"
#include "lake/workspace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALLED_PROJECT "/usr/share/leat/dbt"

enum { LOG_MAX_BYTES = 64 << 20, SUMMARY_MAX_BYTES = 16 << 20 };

struct run {
    const struct integration *integration;
    struct workspace workspace;
    char lake[PATH_MAX]; /* absolute */
    char dbt[PATH_MAX];
    char project[PATH_MAX];
    char log[PATH_MAX];
};

static void cleanup_json(char **text)
{
    cJSON_free(*text);
}

static void close_run(struct run *run)
{
    workspace_close(&run->workspace);
}

static enum error_code find_dbt(struct run *run, struct error *error)
{
    const char *given = run->integration->dbt;

    if (given == NULL && process_find("dbt", run->dbt)) {
        return ERROR_OK;
    }
    if (given != NULL && process_is_executable(given)) {
        /* As given: a virtual environment knows itself by the path, links not followed. */
        int length = snprintf(run->dbt, sizeof(run->dbt), "%s", given);

        if (length > 0 && (size_t)length < sizeof(run->dbt)) {
            return ERROR_OK;
        }
    }
    return error_set(error, ERROR_BAD_CONFIG,
                     "%.60s%sinstall it with  python3 -m venv VENV && VENV/bin/pip install "
                     "'dbt-core<1.12' 'dbt-duckdb<2' 'duckdb<2'  and give --dbt VENV/bin/dbt",
                     given == NULL ? "dbt" : given,
                     given == NULL ? " is not on the PATH: " : " cannot be run: ");
}

static enum error_code find_project(struct run *run, struct error *error)
{
    const char *const candidates[] = {run->integration->project, LEAT_DBT_PROJECT,
                                      INSTALLED_PROJECT};

    for (size_t i = run->integration->project == NULL ? 1 : 0; i < 3; i++) {
        char file[PATH_MAX];
        int length = snprintf(file, sizeof(file), "%s/dbt_project.yml", candidates[i]);

        if (length > 0 && (size_t)length < sizeof(file) && access(file, R_OK) == 0) {
            return realpath(candidates[i], run->project) != NULL
                       ? ERROR_OK
                       : fs_error(error, errno, "find", candidates[i]);
        }
        if (run->integration->project != NULL) {
            break;
        }
    }
    return error_set(error, ERROR_BAD_CONFIG,
                     "the models are not there: %.150s has no dbt_project.yml; give their folder "
                     "with --project",
                     run->integration->project != NULL ? run->integration->project
                                                       : INSTALLED_PROJECT);
}

/** profiles.yml for this run alone, written as JSON, which is YAML too. */
static enum error_code write_profiles(const struct run *run, struct error *error)
{
    cJSON *profiles = cJSON_CreateObject();
    cJSON *profile = cJSON_AddObjectToObject(profiles, "leat");
    cJSON *outputs = cJSON_AddObjectToObject(profile, "outputs");
    cJSON *warehouse = cJSON_AddObjectToObject(outputs, "warehouse");
    char path[PATH_MAX + sizeof("/profiles.yml")];
    enum error_code code = ERROR_NO_MEMORY;

    if (cJSON_AddStringToObject(profile, "target", "warehouse") != NULL &&
        cJSON_AddStringToObject(warehouse, "type", "duckdb") != NULL &&
        cJSON_AddStringToObject(warehouse, "path", run->workspace.copy) != NULL &&
        cJSON_AddNumberToObject(warehouse, "threads", 1) != NULL) {
        CLEANUP(cleanup_json) char *text = cJSON_Print(profiles);

        (void)snprintf(path, sizeof(path), "%s/profiles.yml", run->workspace.folder);
        code =
            text == NULL ? ERROR_NO_MEMORY : fs_replace_file(path, text, strlen(text), 0600, error);
    }
    cJSON_Delete(profiles);
    return code != ERROR_NO_MEMORY
               ? code
               : error_set(error, code, "there is no memory for the profile of dbt");
}

static char *variables(const struct run *run)
{
    cJSON *object = cJSON_CreateObject();
    char *text = NULL;

    if (cJSON_AddStringToObject(object, "listing", run->workspace.folder) != NULL) {
        text = cJSON_PrintUnformatted(object);
    }
    cJSON_Delete(object);
    return text;
}

/** What dbt says of its failures stands at the end of its output, after one of these lines. */
static void print_failures(const char *log)
{
    static const char *const heads[] = {"Completed with", "Encountered an error"};
    CLEANUP(buffer_deinit) struct buffer content;
    const char *from = NULL;

    buffer_init(&content, LOG_MAX_BYTES);
    if (fs_read_file(log, &content, NULL) != ERROR_OK || !buffer_append_byte(&content, '\0')) {
        return; /* the caller's sentence names the log */
    }
    for (size_t i = 0; from == NULL && i < sizeof(heads) / sizeof(heads[0]); i++) {
        from = strstr((const char *)content.bytes, heads[i]);
    }
    (void)fprintf(stderr, "%s\n", from == NULL ? (const char *)content.bytes : from);
}

static enum error_code run_dbt(const struct run *run, struct error *error)
{
    CLEANUP(cleanup_json) char *given = variables(run);
    char target[PATH_MAX + sizeof("/target")];
    char logs[PATH_MAX + sizeof("/logs")];
    int status;
    enum error_code code;

    (void)snprintf(target, sizeof(target), "%s/target", run->workspace.folder);
    (void)snprintf(logs, sizeof(logs), "%s/logs", run->workspace.folder);
    const char *const arguments[] = {run->dbt,
                                     "--no-send-anonymous-usage-stats",
                                     "--no-use-colors",
                                     "--no-partial-parse",
                                     "build",
                                     "--project-dir",
                                     run->project,
                                     "--profiles-dir",
                                     run->workspace.folder,
                                     "--target-path",
                                     target,
                                     "--log-path",
                                     logs,
                                     "--vars",
                                     given,
                                     NULL};

    if (given == NULL || setenv("DO_NOT_TRACK", "1", 1) != 0) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory to start dbt");
    }
    code = process_run(arguments, run->log, &status, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (status != 0) {
        print_failures(run->log);
        return error_set(error, ERROR_BAD_DATA,
                         "dbt ended with %d; the warehouse was left as it was, %.150s has all that "
                         "dbt said",
                         status, run->log);
    }
    return ERROR_OK;
}

/** The models write their counts at the end of the run (macros/summary.sql). */
static enum error_code read_summary(const struct run *run, cJSON **summary, struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer content;
    char path[PATH_MAX + sizeof("/summary.json")];
    enum error_code code;

    buffer_init(&content, SUMMARY_MAX_BYTES);
    (void)snprintf(path, sizeof(path), "%s/summary.json", run->workspace.folder);
    code = fs_read_file(path, &content, error);
    if (code != ERROR_OK) {
        return code;
    }
    *summary = cJSON_ParseWithLength((const char *)content.bytes, content.size);
    return *summary != NULL
               ? ERROR_OK
               : error_set(error, ERROR_BAD_DATA,
                           "the models wrote a summary that is not JSON: %.150s", path);
}

static enum error_code prepare(struct run *run, struct error *error)
{
    const struct integration *integration = run->integration;
    enum error_code code = find_dbt(run, error);
    int length;

    if (code == ERROR_OK) {
        code = find_project(run, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (realpath(integration->lake, run->lake) == NULL) {
        return fs_error(error, errno, "open the lake", integration->lake);
    }
    code = workspace_open(integration->warehouse, &run->workspace, error);
    if (code != ERROR_OK) {
        return code;
    }
    length = snprintf(run->log, sizeof(run->log), "%s.log", run->workspace.warehouse);
    if (length < 0 || (size_t)length >= sizeof(run->log)) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long",
                         integration->warehouse);
    }
    if (unlink(run->log) != 0 && errno != ENOENT) { /* the log is of the last run */
        return fs_error(error, errno, "remove the old log", run->log);
    }
    return integration->full ? ERROR_OK : workspace_copy_in(&run->workspace, error);
}

enum error_code integrate(const struct integration *integration, struct verification *verification,
                          cJSON **summary, struct error *error)
{
    CLEANUP(close_run) struct run run = {.integration = integration};
    cJSON *counts = NULL;
    enum error_code code = prepare(&run, error);

    if (code == ERROR_OK) {
        code = verification_run(run.lake, verification, error);
    }
    if (code == ERROR_OK) {
        code = listing_write(verification, run.lake, run.workspace.folder, error);
    }
    if (code == ERROR_OK) {
        code = write_profiles(&run, error);
    }
    if (code == ERROR_OK) {
        code = run_dbt(&run, error);
    }
    if (code == ERROR_OK) {
        code = read_summary(&run, &counts, error);
    }
    if (code == ERROR_OK) {
        code = workspace_publish(&run.workspace, error);
    }
    if (code != ERROR_OK) {
        cJSON_Delete(counts);
        return code;
    }
    *summary = counts;
    return ERROR_OK;
}
