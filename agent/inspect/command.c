#include "agent/inspect/command.h"

#include "agent/agent.h"
#include "agent/inspect/copy.h"
#include "agent/inspect/files.h"
#include "agent/inspect/inspect.h"
#include "agent/inspect/repair.h"
#include "agent/inspect/table.h"
#include "agent/inspect/wire.h"
#include "agent/local/local_client.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { EXIT_USAGE = 2, AGENT_SILENT_MAX_S = 60 };

/** One command under way. */
struct work {
    const struct queue_arguments *arguments;
    struct inspect_request request;
    struct config *config; /* NULL: not needed, or not read */
    struct files files;
    cJSON *summary;
};

static int explain(const struct error *error)
{
    (void)fprintf(stderr, "leat: %s\n", error->text);
    return EXIT_FAILURE;
}

static bool word_of(const char *text, enum inspect_word *word)
{
    static const char *const words[] = {"stat", "check", "export"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *word = (enum inspect_word)i;
            return true;
        }
    }
    return false;
}

/** What only an export takes must not be given to another word. */
static enum error_code take_options(struct work *work, struct error *error)
{
    const struct queue_arguments *arguments = work->arguments;
    const struct {
        const char *name, *value;
    } options[] = {{"stream", arguments->stream},
                   {"format", arguments->format},
                   {"from", arguments->from},
                   {"to", arguments->to}};
    bool is_export = work->request.word == INSPECT_EXPORT;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        enum error_code code = ERROR_OK;

        if (options[i].value != NULL) {
            code =
                is_export
                    ? inspect_request_set(&work->request, options[i].name, options[i].value, error)
                    : error_set(error, ERROR_BAD_CONFIG, "--%s belongs to export", options[i].name);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    if (is_export && arguments->output == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "say where to with --output: a folder for parquet, a file or - for csv");
    }
    if (!is_export && arguments->output != NULL) {
        return error_set(error, ERROR_BAD_CONFIG, "--output belongs to export and repair");
    }
    return ERROR_OK;
}

/** The live queue. ERROR_UNREACHABLE: no agent runs there. */
static enum error_code ask_agent(struct work *work, struct error *error)
{
    const struct answer answer = files_answer(&work->files);
    CLEANUP(cleanup_close) int connection = -1;
    char line[INSPECT_LINE_MAX], request[INSPECT_LINE_MAX + 8];
    enum error_code code =
        local_connect(work->arguments->socket_path, AGENT_SILENT_MAX_S, &connection, error);
    int size;

    if (code != ERROR_OK) {
        return code;
    }
    inspect_request_format(&work->request, line);
    size = snprintf(request, sizeof(request), "queue %s\n", line); /* fits */
    if (send(connection, request, (size_t)size, MSG_NOSIGNAL) != size) {
        return error_set(error, ERROR_TIMEOUT, "the agent behind %.100s does not take a request",
                         work->arguments->socket_path);
    }
    return wire_receive(connection, &answer, &work->summary, error);
}

/** Where a copy may stand: as asked, beside the output, or where temporary files go. */
static const char *work_folder_of(const struct queue_arguments *arguments)
{
    const char *temporary = getenv("TMPDIR");

    if (arguments->work_folder != NULL) {
        return arguments->work_folder;
    }
    return temporary != NULL && temporary[0] != '\0' ? temporary : "/var/tmp";
}

static enum error_code look_into_copy(struct work *work, const struct queue_copy *copy,
                                      const char *path, struct error *error)
{
    struct store_settings settings = {.path = copy->path, .clock = &clock_system, .is_aside = true};
    const struct answer answer = files_answer(&work->files);
    struct inspect_source source = {
        .clock = &clock_system, .path = path, .site = "unknown", .gateway = "unknown"};
    enum error_code code;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        settings.ring_bytes[i] = UINT64_MAX; /* the rings stay as they are */
    }
    code = store_open(&settings, &source.store, error);
    if (work->config != NULL) {
        source.site = work->config->site;
        source.gateway = work->config->gateway;
    }
    if (code == ERROR_OK) {
        code = inspect_run(&source, &work->request, &answer, &work->summary, error);
        store_close(source.store);
    }
    return code;
}

static enum error_code look_into_file(struct work *work, const char *path, struct error *error)
{
    struct queue_copy copy;
    enum error_code code = queue_copy_make(path, work_folder_of(work->arguments), &copy, error);

    if (code == ERROR_OK) {
        code = look_into_copy(work, &copy, path, error);
    }
    queue_copy_remove(&copy);
    return code;
}

static enum error_code find_and_look(struct work *work, struct error *error)
{
    const struct queue_arguments *arguments = work->arguments;
    enum error_code code;

    if (arguments->queue_path != NULL) {
        return look_into_file(work, arguments->queue_path, error);
    }
    code = ask_agent(work, error);
    if (code != ERROR_UNREACHABLE) {
        return code;
    }
    work->config = agent_load_config(arguments->config_path);
    if (work->config == NULL) {
        return error_set(
            error, ERROR_BAD_CONFIG,
            "no agent runs behind %.100s, and without a configuration the queue's file "
            "must be given with --queue",
            arguments->socket_path);
    }
    return look_into_file(work, work->config->queue.path, error);
}

static int print_summary(const struct work *work)
{
    CLEANUP(cleanup_free) char *json = NULL;

    if (work->arguments->json) {
        json = cJSON_PrintUnformatted(work->summary);
        (void)puts(json == NULL ? "{}" : json);
    } else if (work->request.word == INSPECT_STAT) {
        table_print_stat(work->summary, stdout);
    } else if (work->request.word == INSPECT_CHECK) {
        table_print_check(work->summary, stdout);
    } else {
        (void)fprintf(stderr, "%.0f rows of %s in %.0f files\n",
                      cJSON_GetNumberValue(cJSON_GetObjectItem(work->summary, "rows")),
                      stream_name(work->request.stream),
                      cJSON_GetNumberValue(cJSON_GetObjectItem(work->summary, "files")));
    }
    return work->request.word == INSPECT_CHECK && !table_is_whole(work->summary) ? EXIT_FAILURE
                                                                                 : EXIT_SUCCESS;
}

static int run(struct work *work)
{
    const struct queue_arguments *arguments = work->arguments;
    struct error error = {0}, files_error = {0};
    enum error_code code = ERROR_OK, written;

    code = files_init(&work->files, arguments->output == NULL ? "-" : arguments->output,
                      work->request.word == INSPECT_EXPORT && !work->request.csv, &error);
    if (code != ERROR_OK) {
        return explain(&error);
    }
    code = find_and_look(work, &error);
    written = files_finish(&work->files, code == ERROR_OK, &files_error);
    if (written != ERROR_OK) {
        return explain(&files_error);
    }
    return code != ERROR_OK ? explain(&error) : print_summary(work);
}

/** `queue repair`; it has no answer that an agent could give. */
static int run_repair(const struct queue_arguments *arguments)
{
    struct repair repair = {.queue_path = arguments->queue_path,
                            .output = arguments->output,
                            .work_folder = work_folder_of(arguments)};
    struct config *config = NULL;
    struct error error = {0};
    enum error_code code;

    if (arguments->output == NULL || strcmp(arguments->output, "-") == 0) {
        (void)fputs("leat: say where the new queue goes with --output\n", stderr);
        return EXIT_USAGE;
    }
    if (repair.queue_path == NULL) {
        config = agent_load_config(arguments->config_path);
        if (config == NULL) {
            return EXIT_FAILURE;
        }
        repair.queue_path = config->queue.path;
    }
    code = repair_queue(&repair, &error);
    config_free(config);
    return code == ERROR_OK ? EXIT_SUCCESS : explain(&error);
}

int queue_command(const struct queue_arguments *arguments)
{
    struct work work = {.arguments = arguments};
    enum inspect_word word = INSPECT_STAT;
    struct error error = {0};
    int status;

    if (arguments->word_count == 0) {
        (void)fputs("leat: say what of the queue; write stat, check, export or repair\n", stderr);
        return EXIT_USAGE;
    }
    if (arguments->word_count == 1 && strcmp(arguments->words[0], "repair") == 0) {
        return run_repair(arguments);
    }
    if (arguments->word_count > 1 || !word_of(arguments->words[0], &word)) {
        (void)fprintf(stderr,
                      "leat: 'queue %s' is not a command; write stat, check, export or repair\n",
                      arguments->words[arguments->word_count - 1]);
        return EXIT_USAGE;
    }
    inspect_request_init(&work.request, word);
    if (take_options(&work, &error) != ERROR_OK) {
        (void)explain(&error);
        return EXIT_USAGE;
    }
    status = run(&work);
    cJSON_Delete(work.summary);
    config_free(work.config);
    return status;
}
