#include "agent/local/log_intake.h"

#include "agent/local/local_client.h"
#include "base/log_record.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <string.h>

static const int64_t noon_ns = INT64_C(1790000000) * NS_PER_S;

struct room {
    struct temporary temporary;
    struct fixed_clock clock;
    struct store *store;
    struct local_api *api;
    char socket_path[TEMPORARY_PATH_SIZE];
    struct buffer reply;
};

static void serve(void *context, const char *request, struct local_peer *peer)
{
    struct room *room = context;

    log_intake_serve(room->store, &room->clock.clock, request, peer);
}

static int set_up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct error error = {0};
    struct store_settings settings = {
        .ring_bytes = {1 << 20, 1 << 20, 1 << 20},
        .when_full = {STORE_HOLD, STORE_HOLD, STORE_HOLD},
    };

    assert_true(room != NULL);
    temporary_make(&room->temporary);
    fixed_clock_init(&room->clock, noon_ns);
    settings.clock = &room->clock.clock;
    settings.path = temporary_file(&room->temporary, "queue.db");
    assert_int_equal(store_open(&settings, &room->store, &error), ERROR_OK);
    (void)snprintf(room->socket_path, sizeof(room->socket_path), "%s",
                   temporary_file(&room->temporary, "leat.sock"));
    assert_int_equal(local_api_start(room->socket_path, serve, room, &room->api, &error), ERROR_OK);
    buffer_init(&room->reply, 1 << 20);
    *state = room;
    return 0;
}

static int tear_down(void **state)
{
    struct room *room = *state;

    local_api_stop(room->api);
    store_close(room->store);
    buffer_deinit(&room->reply);
    temporary_remove(&room->temporary);
    free(room);
    return 0;
}

/** The whole answer to `input` after `request`, terminated. */
static const char *answer_to(struct room *room, const char *request, const void *input, size_t size)
{
    const struct local_question question = {room->socket_path, request, input, size, 30};
    struct error error = {0};

    buffer_clear(&room->reply);
    assert_int_equal(local_ask_with_input(&question, &room->reply, &error), ERROR_OK);
    assert_true(buffer_append_byte(&room->reply, '\0'));
    return (const char *)room->reply.bytes;
}

static uint64_t on_disk(struct room *room)
{
    struct store_stream_state state;

    store_state(room->store, STREAM_LOGS, &state);
    return state.committed_sequence;
}

struct visit {
    struct log_record record;
    char message[LOG_MESSAGE_MAX + 1];
    int64_t time_ns;
};

static bool keep(void *context, uint64_t sequence, const struct sample *sample,
                 const struct store_regime *regime)
{
    struct visit *visit = context;
    struct error error;

    (void)sequence;
    (void)regime;
    assert_int_equal(log_record_decode(sample->value.text.bytes, sample->value.text.size_bytes,
                                       &visit->record, &error),
                     ERROR_OK);
    assert_true(visit->record.source.size_bytes == 5);
    assert_memory_equal(visit->record.source.bytes, "maria", 5);
    memcpy(visit->message, visit->record.message.bytes, visit->record.message.size_bytes);
    visit->message[visit->record.message.size_bytes] = '\0';
    visit->time_ns = sample->time_ns;
    return false;
}

static struct visit record_at(struct room *room, uint64_t sequence)
{
    struct visit visit = {.time_ns = 0};
    struct error error;

    assert_int_equal(store_read(room->store, STREAM_LOGS, sequence, keep, &visit, &error),
                     ERROR_OK);
    return visit;
}

static void what_is_answered_is_committed(void **state) /* N1 */
{
    struct room *room = *state;
    struct visit second;

    assert_non_null(strstr(answer_to(room, "4 maria", "one\ntwo\n", 8), "{\"stored\":2}"));
    assert_int_equal(on_disk(room), 2);
    second = record_at(room, 2);
    assert_string_equal(second.message, "two");
    assert_int_equal(second.record.severity, LOG_SEVERITY_WARNING);
    assert_true(second.time_ns == noon_ns);
}

static void a_line_that_does_not_end_is_not_stored(void **state) /* N3 */
{
    struct room *room = *state;
    const char *answer = answer_to(room, "4 maria", "one\ntw", 6);

    assert_non_null(strstr(answer, "{\"stored\":1,\"error\":\"the last line does not end"));
    assert_int_equal(on_disk(room), 1);
    assert_non_null(strstr(answer_to(room, "4 maria", "", 0), "{\"stored\":0}"));
}

static void a_line_of_a_mebibyte_is_cut_and_the_next_one_is_whole(void **state)
{
    struct room *room = *state;
    enum { SIZE = 1 << 20 };
    char *line = malloc(SIZE + 6);
    struct visit first;

    assert_true(line != NULL);
    memset(line, 'x', SIZE);
    memcpy(line + SIZE, "\nnext\n", 6);
    assert_non_null(strstr(answer_to(room, "4 maria", line, SIZE + 6), "{\"stored\":2}"));
    first = record_at(room, 1);
    assert_int_equal(strlen(first.message), LOG_MESSAGE_MAX);
    assert_non_null(strstr(first.message, "xxx" LOG_CUT_MARK));
    assert_string_equal(record_at(room, 2).message, "next");
    free(line);
}

static void a_request_that_makes_no_sense_stores_nothing(void **state)
{
    static const char *const requests[] = {"", "x maria", "8 maria", "4", "4 ", "44 maria", "-1 m"};
    struct room *room = *state;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        assert_non_null(
            strstr(answer_to(room, requests[i], "one\n", 4),
                   "{\"stored\":0,\"error\":\"log takes a severity from 0 to 7 and a source\"}"));
    }
    assert_int_equal(on_disk(room), 0);
}

static void a_full_ring_that_holds_refuses_and_says_how_far_it_came(void **state) /* N1, N2 */
{
    struct room *room = *state;
    enum { LINES = 400, LINE_BYTES = 8000 };
    char *input = malloc((size_t)LINES * LINE_BYTES);
    uint32_t random = 1;
    uint64_t stored;
    const char *last;

    assert_true(input != NULL);
    for (size_t i = 0; i < (size_t)LINES * LINE_BYTES; i++) {
        random = random * 1664525 + 1013904223;
        input[i] = (char)(' ' + (random >> 24) % 94); /* what does not compress much */
        if (i % LINE_BYTES == LINE_BYTES - 1) {
            input[i] = '\n';
        }
    }
    last = strstr(answer_to(room, "5 maria", input, (size_t)LINES * LINE_BYTES), ",\"error\":");
    assert_non_null(last);
    while (*last != '{') {
        last--;
    }
    stored = strtoull(last + strlen("{\"stored\":"), NULL, 10);
    assert_in_range(stored, 1, LINES - 1);
    assert_int_equal(on_disk(room), stored);
    assert_int_equal(strlen(record_at(room, stored).message), LINE_BYTES - 1);
    free(input);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(what_is_answered_is_committed),
        CASE(a_line_that_does_not_end_is_not_stored),
        CASE(a_line_of_a_mebibyte_is_cut_and_the_next_one_is_whole),
        CASE(a_request_that_makes_no_sense_stores_nothing),
        CASE(a_full_ring_that_holds_refuses_and_says_how_far_it_came),
    };

    return cmocka_run_group_tests_name("log_intake", cases, NULL, NULL);
}
