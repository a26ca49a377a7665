/* agent/main.c - `leat`: one command per line of the table below. */
#include "agent/agent.h"
#include "agent/config/check.h"
#include "agent/config/template_list.h"
#include "agent/inspect/command.h"
#include "agent/local/local_client.h"
#include "agent/local/log_command.h"
#include "agent/local/question_command.h"
#include "agent/local/status_report.h"
#include "agent/local/write_command.h"
#include "agent/uplink/upload.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const char *command; /* by its name, or by --help or --version */
    const char *config_path;
    const char *socket_path;
    const char *source;
    const char *severity;
    const char *queue_path, *stream, *format, *from, *to, *output, *work_folder; /* of `queue` */
    char **words; /* after the command */
    size_t word_count;
    bool json, dry_run;
};

struct command {
    const char *name;
    int (*run)(const struct arguments *arguments);
    const char *summary;
    bool takes_words;
};

enum { REPLY_MAX_BYTES = 4 << 20, EXIT_USAGE = 2 };

static int command_run(const struct arguments *arguments)
{
    const struct agent_settings settings = {arguments->config_path, arguments->socket_path};

    return agent_run(&settings);
}

static int command_check(const struct arguments *arguments)
{
    struct error error = {0};
    enum error_code code = check_configuration(arguments->config_path, stdout, &error);

    if (code != ERROR_OK && code != ERROR_BAD_CONFIG) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
    }
    return code == ERROR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int command_templates(const struct arguments *arguments)
{
    const char *name = arguments->word_count > 0 ? arguments->words[0] : NULL;
    struct error error = {0};
    enum error_code code;

    if (arguments->word_count > 1) {
        (void)fprintf(stderr, "leat: '%s' is one word too many\n", arguments->words[1]);
        return EXIT_USAGE;
    }
    code = template_list(arguments->config_path, name, stdout, &error);
    if (code != ERROR_OK && code != ERROR_BAD_CONFIG) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
    }
    return code == ERROR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int command_status(const struct arguments *arguments)
{
    CLEANUP(buffer_deinit) struct buffer reply;
    struct error error = {0};
    enum error_code code;

    buffer_init(&reply, REPLY_MAX_BYTES);
    code = local_ask(arguments->socket_path, "status", &reply, &error);
    if (code == ERROR_OK && !buffer_append_byte(&reply, '\0')) {
        code = error_set(&error, ERROR_NO_MEMORY, "no memory for the agent's answer");
    }
    if (code == ERROR_OK && arguments->json) {
        (void)puts((const char *)reply.bytes);
    } else if (code == ERROR_OK) {
        code = status_report_print((const char *)reply.bytes, stdout, &error);
    }
    if (code != ERROR_OK) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int command_upload(const struct arguments *arguments)
{
    return upload_now(arguments->config_path, arguments->socket_path);
}

static int command_log(const struct arguments *arguments)
{
    const struct log_command command = {arguments->socket_path, arguments->source,
                                        arguments->severity, arguments->words,
                                        arguments->word_count};

    return log_command(&command);
}

static int command_queue(const struct arguments *arguments)
{
    const struct queue_arguments queue = {
        .words = arguments->words,
        .word_count = arguments->word_count,
        .config_path = arguments->config_path,
        .socket_path = arguments->socket_path,
        .queue_path = arguments->queue_path,
        .stream = arguments->stream,
        .format = arguments->format,
        .from = arguments->from,
        .to = arguments->to,
        .output = arguments->output,
        .work_folder = arguments->work_folder,
        .json = arguments->json,
    };

    return queue_command(&queue);
}

static int command_write(const struct arguments *arguments)
{
    const struct write_command command = {arguments->socket_path, arguments->words,
                                          arguments->word_count, arguments->dry_run,
                                          arguments->json};

    return write_command(&command);
}

static int command_ask(const struct arguments *arguments)
{
    const struct question_command command = {arguments->command,     arguments->config_path,
                                             arguments->socket_path, arguments->words,
                                             arguments->word_count,  arguments->json};

    return question_command(&command);
}

static int command_version(const struct arguments *arguments)
{
    (void)arguments;
    (void)puts("leat " LEAT_VERSION);
    return EXIT_SUCCESS;
}

static int command_help(const struct arguments *arguments);

static const struct command commands[] = {
    {"run", command_run, "collect, store and upload until SIGTERM; SIGHUP reads the configuration",
     false},
    {"check", command_check, "prove the configuration with no device present", false},
    {"templates", command_templates, "devices whose registers are known; of one its points", true},
    {"status", command_status, "what the running agent does (--json for scripts)", false},
    {"log", command_log, "keep a note, or each line of standard input, in the logs stream", true},
    {"queue", command_queue, "look into the queue: stat, check, export; repair a damaged one",
     true},
    {"write", command_write, "write one point of a device, where that is enabled", true},
    {"read", command_ask, "read a device, or one point of it, now", true},
    {"identify", command_ask, "ask a device what it is: vendor, product, revision", true},
    {"upload", command_upload, "carry everything that waits to the target, now", false},
    {"version", command_version, "print the version", false},
    {"help", command_help, "print this", false},
};

static void print_usage(FILE *output)
{
    (void)fputs("usage: leat COMMAND [--config PATH] [--socket PATH] [--json]\n"
                "       leat log [--source NAME] [--severity NAME] [MESSAGE ...]\n"
                "       leat write DEVICE/POINT VALUE [--dry-run]\n"
                "       leat read DEVICE[/POINT]\n"
                "       leat identify DEVICE\n"
                "       leat queue stat|check [--queue PATH]\n"
                "       leat queue export --output PATH [--format parquet|csv] [--stream NAME]\n"
                "                         [--from NUMBER|TIME] [--to NUMBER|TIME] [--queue PATH]\n"
                "       leat queue repair --output PATH [--queue PATH]\n"
                "       leat templates [NAME]\n\n",
                output);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        (void)fprintf(output, "  %-9s  %s\n", commands[i].name, commands[i].summary);
    }
    (void)fputs("\n  --config    default " AGENT_CONFIG_PATH
                "\n  --socket    default " AGENT_SOCKET_PATH
                "\n  --source    who says it; default: the user's name"
                "\n  --severity  emergency, alert, critical, error, warning, notice (the default),"
                "\n              informational or debug\n",
                output);
}

static int command_help(const struct arguments *arguments)
{
    (void)arguments;
    print_usage(stdout);
    return EXIT_SUCCESS;
}

/** Options that take a text, and where it goes. */
static const struct {
    const char *name;
    size_t place; /* of a const char * in struct arguments */
} text_options[] = {
    {"config", offsetof(struct arguments, config_path)},
    {"socket", offsetof(struct arguments, socket_path)},
    {"source", offsetof(struct arguments, source)},
    {"severity", offsetof(struct arguments, severity)},
    {"queue", offsetof(struct arguments, queue_path)},
    {"stream", offsetof(struct arguments, stream)},
    {"format", offsetof(struct arguments, format)},
    {"from", offsetof(struct arguments, from)},
    {"to", offsetof(struct arguments, to)},
    {"output", offsetof(struct arguments, output)},
    {"work-folder", offsetof(struct arguments, work_folder)},
};

enum {
    TEXT_OPTION_COUNT = sizeof(text_options) / sizeof(text_options[0]),
    TEXT_OPTION = 0x100,
    FLAG_COUNT = 4
};

/** Options may stand before or after the command. false: one is unknown; getopt has said which. */
static bool parse_options(int count, char **texts, struct arguments *arguments)
{
    struct option options[TEXT_OPTION_COUNT + FLAG_COUNT + 1] = {
        {"json", no_argument, NULL, 'j'},
        {"dry-run", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
    };
    int option;

    for (int i = 0; i < TEXT_OPTION_COUNT; i++) {
        options[FLAG_COUNT + i] =
            (struct option){text_options[i].name, required_argument, NULL, TEXT_OPTION + i};
    }
    while ((option = getopt_long(count, texts, "c:s:jh", options, NULL)) != -1) {
        if (option >= TEXT_OPTION) {
            const char **place = (const char **)(void *)((char *)arguments +
                                                         text_options[option - TEXT_OPTION].place);

            *place = optarg;
        } else if (option == 'c') {
            arguments->config_path = optarg;
        } else if (option == 's') {
            arguments->socket_path = optarg;
        } else if (option == 'j') {
            arguments->json = true;
        } else if (option == 'n') {
            arguments->dry_run = true;
        } else if (option == 'h' || option == 'V') {
            arguments->command = option == 'h' ? "help" : "version";
        } else {
            return false;
        }
    }
    return true;
}

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    (void)fprintf(stderr, "leat: '%s' is not a command\n", name);
    return NULL;
}

/** getopt takes "-5" for an option; no option here is a digit, so the first such word goes to the
 *  end. How many words are left for getopt. */
static int spare_number(int count, char **texts)
{
    for (int i = 1; i < count && strcmp(texts[i], "--") != 0; i++) {
        char *word = texts[i];

        if (word[0] == '-' && (isdigit((unsigned char)word[1]) || word[1] == '.')) {
            memmove(texts + i, texts + i + 1, (size_t)(count - i - 1) * sizeof(texts[0]));
            texts[count - 1] = word;
            return count - 1;
        }
    }
    return count;
}

/** The command in what getopt left over; its words into `arguments`. NULL: there is none, or words
 *  too many; it is said. */
static const struct command *command_of(int count, char **texts, struct arguments *arguments)
{
    const struct command *command;

    if (arguments->command != NULL) {
        return command_named(arguments->command);
    }
    if (optind == count) {
        (void)fputs("leat: say what to do\n", stderr);
        return NULL;
    }
    command = command_named(texts[optind]);
    arguments->words = texts + optind + 1;
    arguments->word_count = (size_t)(count - optind - 1);
    if (command != NULL) {
        arguments->command = command->name;
    }
    if (command != NULL && !command->takes_words && arguments->word_count > 0) {
        (void)fprintf(stderr, "leat: '%s' is one word too many\n", arguments->words[0]);
        return NULL;
    }
    return command;
}

int main(int argument_count, char **arguments_text)
{
    struct arguments arguments = {.config_path = AGENT_CONFIG_PATH,
                                  .socket_path = AGENT_SOCKET_PATH};
    const struct command *command =
        parse_options(spare_number(argument_count, arguments_text), arguments_text, &arguments)
            ? command_of(argument_count, arguments_text, &arguments)
            : NULL;

    if (command != NULL) {
        return command->run(&arguments);
    }
    print_usage(stderr);
    return EXIT_USAGE;
}
