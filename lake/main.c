/* lake/main.c - leat-lake, the companion at the centre: verify, integrate. */
#include "base/cleanup.h"
#include "lake/integrate.h"
#include "lake/report.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_WHOLE = 0, EXIT_INCOMPLETE = 1, EXIT_UNABLE = 2 };

static const char usage[] =
    "leat-lake - what arrives in the lake, accounted for and made ready to query\n"
    "\n"
    "  leat-lake verify LAKE [--json]\n"
    "      open every object below LAKE/raw, check it, and account for every sequence number\n"
    "  leat-lake integrate LAKE WAREHOUSE [--dbt PATH] [--project FOLDER] [--full] [--json]\n"
    "      verify, then bring the DuckDB file WAREHOUSE up to date with what is sound\n"
    "      --dbt PATH        the dbt to run; else the one on the PATH\n"
    "      --project FOLDER  the dbt project; else the one that came with this program\n"
    "      --full            build the warehouse anew from the objects that are there\n"
    "  leat-lake version | help\n"
    "\n"
    "It ends with 0 when all is accounted for, 1 when something is missing or damaged, 2 when it\n"
    "was called wrongly or could not do its work.\n";

/** The command line, taken apart. Texts are borrowed. */
struct request {
    const char *command;
    const char *lake, *warehouse;
    const char *dbt, *project;
    bool full, json;
};

static void cleanup_json_text(char **text)
{
    cJSON_free(*text);
}

static int refuse(const char *what, const char *word)
{
    (void)fprintf(stderr, "leat-lake: %s%s%s; 'leat-lake help' tells how to call it\n", what,
                  word[0] == '\0' ? "" : " ", word);
    return EXIT_UNABLE;
}

static int fail(const struct error *error)
{
    (void)fprintf(stderr, "leat-lake: %s\n", error->text);
    return EXIT_UNABLE;
}

static bool take_word(struct request *request, const char *word)
{
    const char **places[] = {&request->command, &request->lake, &request->warehouse};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (*places[i] == NULL) {
            *places[i] = word;
            return true;
        }
    }
    return false;
}

/** 0, or the exit code of a wrong call. */
static int parse(int count, char **words, struct request *request)
{
    bool integrates = count > 1 && strcmp(words[1], "integrate") == 0;

    for (int i = 1; i < count; i++) {
        const char **value = integrates && strcmp(words[i], "--dbt") == 0       ? &request->dbt
                             : integrates && strcmp(words[i], "--project") == 0 ? &request->project
                                                                                : NULL;

        if (value != NULL) {
            if (i + 1 == count) {
                return refuse("a path must follow", words[i]);
            }
            *value = words[++i];
        } else if (strcmp(words[i], "--json") == 0) {
            request->json = true;
        } else if (integrates && strcmp(words[i], "--full") == 0) {
            request->full = true;
        } else if (i > 1 && words[i][0] == '-') {
            return refuse("there is no option", words[i]);
        } else if (!take_word(request, words[i])) {
            return refuse("there is one word too many:", words[i]);
        }
    }
    return request->command == NULL ? refuse("tell what to do", "") : 0;
}

static int print_json(const cJSON *object)
{
    CLEANUP(cleanup_json_text) char *text = object == NULL ? NULL : cJSON_Print(object);

    if (text == NULL) {
        return refuse("there is no memory for the report", "");
    }
    (void)printf("%s\n", text);
    return EXIT_WHOLE;
}

static int verify(const struct request *request)
{
    CLEANUP(verification_deinit) struct verification verification;
    struct error error = {0};
    int printed = EXIT_WHOLE;

    verification_init(&verification);
    if (request->lake == NULL || request->warehouse != NULL) {
        return refuse("verify takes one LAKE", "");
    }
    if (verification_run(request->lake, &verification, &error) != ERROR_OK) {
        return fail(&error);
    }
    if (request->json) {
        cJSON *report = report_to_json(&verification);

        printed = print_json(report);
        cJSON_Delete(report);
    } else if (report_print(&verification, stdout, &error) != ERROR_OK) {
        return fail(&error);
    }
    if (printed != EXIT_WHOLE) {
        return printed;
    }
    return verification_is_whole(&verification) ? EXIT_WHOLE : EXIT_INCOMPLETE;
}

static int run_integration(const struct request *request)
{
    CLEANUP(verification_deinit) struct verification verification;
    const struct integration integration = {.lake = request->lake,
                                            .warehouse = request->warehouse,
                                            .dbt = request->dbt,
                                            .project = request->project,
                                            .full = request->full};
    struct error error = {0};
    cJSON *summary = NULL;
    enum error_code code;
    int printed = EXIT_WHOLE;

    verification_init(&verification);
    if (request->lake == NULL || request->warehouse == NULL) {
        return refuse("integrate takes a LAKE and a WAREHOUSE", "");
    }
    code = integrate(&integration, &verification, &summary, &error);
    report_print_problems(&verification, stderr);
    if (code != ERROR_OK) {
        (void)fail(&error);
        return code == ERROR_BAD_DATA ? EXIT_INCOMPLETE : EXIT_UNABLE;
    }
    if (request->json) {
        printed = print_json(summary);
    } else {
        report_print_summary(summary, stdout);
    }
    cJSON_Delete(summary);
    if (printed != EXIT_WHOLE) {
        return printed;
    }
    return verification_is_whole(&verification) ? EXIT_WHOLE : EXIT_INCOMPLETE;
}

static int print_version(const struct request *request)
{
    (void)request;
    (void)printf("leat-lake %s\n", LEAT_VERSION);
    return EXIT_WHOLE;
}

static int print_help(const struct request *request)
{
    (void)request;
    (void)fputs(usage, stdout);
    return EXIT_WHOLE;
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        int (*run)(const struct request *request);
    } commands[] = {
        {"verify", verify},           {"integrate", run_integration}, {"version", print_version},
        {"--version", print_version}, {"help", print_help},           {"--help", print_help},
        {"-h", print_help},
    };
    struct request request = {0};
    int wrong = parse(count, words, &request);

    for (size_t i = 0; wrong == 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, request.command) == 0) {
            return commands[i].run(&request);
        }
    }
    return wrong != 0 ? wrong : refuse("there is no command", request.command);
}
