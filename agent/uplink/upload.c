#include "agent/uplink/upload.h"

#include "agent/agent.h"
#include "agent/clock/clock_watch.h"
#include "agent/local/local_client.h"
#include "agent/local/status_report.h"
#include "agent/uplink/uplink.h"
#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int explain(const struct error *error)
{
    (void)fprintf(stderr, "leat: %s\n", error->text);
    return EXIT_FAILURE;
}

/** Ask the running agent. ERROR_UNREACHABLE: there is none. */
static enum error_code ask_agent(const char *socket_path, struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer reply;
    enum error_code code;

    buffer_init(&reply, 65536);
    code = local_ask(socket_path, "upload", &reply, error);
    if (code == ERROR_OK && (!buffer_append_byte(&reply, '\0') ||
                             strstr((const char *)reply.bytes, "\"asked\":true") == NULL)) {
        code = error_set(error, ERROR_BAD_CONFIG, "the agent does not upload: %.100s",
                         reply.bytes == NULL ? "" : (const char *)reply.bytes);
    }
    return code;
}

static uint64_t waiting_count(struct store *store)
{
    uint64_t count = 0;

    for (int i = 0; i < STREAM_COUNT; i++) {
        enum stream stream = (enum stream)i;
        struct store_stream_state state;

        store_state(store, stream, &state);
        count += state.waiting_count;
    }
    return count;
}

static enum error_code drain(const struct config *config, const struct clock *clock,
                             struct store *store, struct status_board *board, struct error *error)
{
    const struct uplink_settings settings = {config, store, board, clock};
    enum error_code code = uplink_drain(&settings, error);
    struct status_uplink uplink;
    uint64_t clock_waits;

    status_board_uplink(board, &uplink);
    clock_waits = status_report_clock_waits(store, &uplink);
    (void)printf("uploaded %llu rows in %llu objects, %llu bytes; %llu rows wait\n",
                 (unsigned long long)uplink.rows, (unsigned long long)uplink.objects,
                 (unsigned long long)uplink.bytes, (unsigned long long)waiting_count(store));
    if (clock_waits > 0) {
        (void)printf(
            "%llu of them wait for the clock: it is %s, and their times are corrected when it "
            "is right\n",
            (unsigned long long)clock_waits, clock_watch_state_name(clock_state(clock)));
    }
    return code;
}

static int drain_queue(const struct config *config, const char *socket_path)
{
    struct clock_watch watch;
    struct status_board *board = NULL;
    struct store *store = NULL;
    struct error error = {0};
    enum error_code code;

    if (config->sync.target == NULL) {
        (void)error_set(&error, ERROR_BAD_CONFIG,
                        "no target is configured; add one under sync: targets:");
        return explain(&error);
    }
    clock_watch_init(&watch, &clock_system, config->clock.source == CONFIG_CLOCK_TRUSTED,
                     wall_clock_build_ns());
    code = status_board_create(&board, &error);
    if (code == ERROR_OK) {
        code = agent_open_store(config, &watch.wall.clock, &store, &error);
        if (code == ERROR_BAD_CONFIG) { /* most often the agent has it, behind another socket */
            (void)error_prefix(&error, code, "no agent answers at %.80s (is that its --socket?)",
                               socket_path);
        }
    }
    if (code == ERROR_OK) {
        clock_watch_start(&watch, store);
        code = drain(config, &watch.wall.clock, store, board, &error);
    }
    store_close(store);
    status_board_free(board);
    return code == ERROR_OK ? EXIT_SUCCESS : explain(&error);
}

int upload_now(const char *config_path, const char *socket_path)
{
    struct error error = {0};
    enum error_code code = ask_agent(socket_path, &error);
    struct config *config;
    int status;

    if (code == ERROR_OK) {
        (void)puts("the running agent uploads now; `leat status` shows how far it is");
        return EXIT_SUCCESS;
    }
    if (code != ERROR_UNREACHABLE) {
        return explain(&error);
    }
    config = agent_load_config(config_path);
    if (config == NULL) {
        return EXIT_FAILURE;
    }
    status = drain_queue(config, socket_path);
    config_free(config);
    return status;
}
