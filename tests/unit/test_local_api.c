#include "agent/local/local_api.h"

#include "agent/local/local_client.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/leat-local-api-XXXXXX";
static char path[64];

/** "stream": give back what comes, as long as it comes. Else: one answer. */
static void echo(void *context, const char *request, struct local_peer *peer)
{
    char piece[1000];
    char reply[LOCAL_REQUEST_MAX + 32];
    size_t size;

    if (strcmp(request, "stream") != 0) {
        int length = snprintf(reply, sizeof(reply), "{\"%s\":%d}", request, *(int *)context);

        (void)local_peer_send(peer, reply, (size_t)length); /* the asker sees what is missing */
    } else if (!local_peer_become_stream(peer)) {
        (void)local_peer_send(peer, "busy", 4); /* as above */
    } else {
        while (local_peer_receive(peer, piece, sizeof(piece), &size) == LOCAL_INPUT_MORE &&
               local_peer_send(peer, piece, size)) {
        }
    }
}

static int make_folder(void **unused)
{
    (void)unused;
    assert_true(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof(path), "%s/leat.sock", folder);
    return 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    return rmdir(folder); /* fails when a socket was left behind */
}

static void a_question_gets_its_answer_and_the_socket_is_gone_at_the_end(void **unused)
{
    (void)unused;
    struct buffer reply;
    struct local_api *api = NULL;
    struct error error = {0};
    struct stat status;
    int number = 42;

    buffer_init(&reply, 65536);
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    for (int i = 0; i < 3; i++) {
        buffer_clear(&reply);
        assert_int_equal(local_ask(path, "status", &reply, &error), ERROR_OK);
        assert_int_equal(reply.size, strlen("{\"status\":42}"));
        assert_memory_equal(reply.bytes, "{\"status\":42}", reply.size);
    }
    local_api_stop(api);
    local_api_stop(NULL);
    assert_int_not_equal(access(path, F_OK), 0);
    buffer_deinit(&reply);
}

static void without_an_agent_the_sentence_says_so(void **unused)
{
    (void)unused;
    struct buffer reply;
    struct error error = {0};
    char long_path[200];

    buffer_init(&reply, 100);
    assert_int_equal(local_ask(path, "status", &reply, &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, path));
    memset(long_path, 'x', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(local_ask(long_path, "status", &reply, &error), ERROR_BAD_CONFIG);
    buffer_deinit(&reply);
}

static void a_socket_left_behind_is_replaced_and_a_live_one_is_not(void **unused) /* A1 */
{
    (void)unused;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct local_api *api = NULL;
    struct local_api *second = NULL;
    struct error error = {0};
    int number = 1;
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(dead, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(close(dead), 0); /* the file stays */
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    assert_int_equal(local_api_start(path, echo, &number, &second, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, path));
    local_api_stop(api);
}

static void what_is_no_socket_is_never_removed(void **unused) /* A1 */
{
    (void)unused;
    struct local_api *api = NULL;
    struct error error = {0};
    FILE *file = fopen(path, "w");
    int number = 1;
    char nowhere[80];

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, "is not a socket; give another path with --socket"));
    assert_int_equal(unlink(path), 0); /* it was still there */
    (void)snprintf(nowhere, sizeof(nowhere), "%s/none/leat.sock", folder);
    assert_int_equal(local_api_start(nowhere, echo, &number, &api, &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "is not there; make it"));
}

static void an_answer_that_is_too_long_for_the_asker_is_refused(void **unused)
{
    (void)unused;
    struct buffer reply;
    struct local_api *api = NULL;
    struct error error = {0};
    int number = 7;

    buffer_init(&reply, 16);
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    assert_int_equal(local_ask(path, "status", &reply, &error), ERROR_BAD_DATA);
    local_api_stop(api);
    buffer_deinit(&reply);
}

/** Says half a line, then waits for what comes of it; NULL when it could not. */
static void *hesitate(void *argument)
{
    int *ended = argument;
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = LOCAL_TIMEOUT_S - 2};
    char byte;

    memcpy(address.sun_path, path, strlen(path));
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(connection, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(connection, "sta", 3) == 3 && write(ended[1], "", 1) == 1) {
        ssize_t got = recv(connection, &byte, 1, 0);

        bool let_go = got == 0 || (got < 0 && errno == ECONNRESET);

        if (write(ended[1], let_go ? "e" : "w", 1) != 1) {
            argument = NULL;
        }
    }
    (void)close(connection);
    return argument;
}

static void a_peer_that_hesitates_does_not_keep_the_agent_from_ending(void **unused)
{
    (void)unused;
    struct local_api *api = NULL;
    struct error error = {0};
    pthread_t peer;
    int number = 7;
    int ended[2];
    char byte;

    assert_int_equal(pipe(ended), 0);
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    assert_int_equal(pthread_create(&peer, NULL, hesitate, ended), 0);
    assert_int_equal(read(ended[0], &byte, 1), 1);
    local_api_stop(api);
    assert_int_equal(read(ended[0], &byte, 1), 1);
    assert_int_equal(byte, 'e'); /* it was let go before its own patience ended */
    assert_int_equal(pthread_join(peer, NULL), 0);
    assert_int_equal(close(ended[0]), 0);
    assert_int_equal(close(ended[1]), 0);
}

static void input_after_the_request_arrives_whole(void **unused)
{
    (void)unused;
    enum { SIZE = 60000 }; /* what the echo sends fits in the socket until it is read */
    static char input[SIZE];
    struct local_question question = {path, "stream", input, SIZE, LOCAL_TIMEOUT_S};
    struct local_api *api = NULL;
    struct buffer reply;
    struct error error = {0};
    int number = 7;

    buffer_init(&reply, 2 * SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        input[i] = (char)(i % 251);
    }
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    question.input_bytes = 100; /* comes together with the request */
    assert_int_equal(local_ask_with_input(&question, &reply, &error), ERROR_OK);
    assert_int_equal(reply.size, 100);
    assert_memory_equal(reply.bytes, input, reply.size);
    buffer_clear(&reply);
    question.input_bytes = SIZE;
    assert_int_equal(local_ask_with_input(&question, &reply, &error), ERROR_OK);
    assert_int_equal(reply.size, question.input_bytes);
    assert_memory_equal(reply.bytes, input, reply.size);
    local_api_stop(api);
    buffer_deinit(&reply);
}

static void a_request_without_an_end_gets_no_answer(void **unused)
{
    (void)unused;
    char request[LOCAL_REQUEST_MAX + 1];
    struct local_api *api = NULL;
    struct buffer reply;
    struct error error = {0};
    int number = 7;

    buffer_init(&reply, 65536);
    memset(request, 'r', LOCAL_REQUEST_MAX);
    request[LOCAL_REQUEST_MAX] = '\0';
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    assert_int_equal(local_ask(path, request, &reply, &error), ERROR_TIMEOUT);
    assert_int_equal(reply.size, 0);
    request[LOCAL_REQUEST_MAX - 1] = '\0'; /* with its newline it just fits */
    assert_int_equal(local_ask(path, request, &reply, &error), ERROR_OK);
    assert_int_equal(reply.size, LOCAL_REQUEST_MAX - 1 + strlen("{\"\":7}"));
    local_api_stop(api);
    buffer_deinit(&reply);
}

/** A connection that is a stream: it has been answered once. */
static int open_stream(void)
{
    struct error error = {0};
    char byte;
    int connection;

    assert_int_equal(local_connect(path, LOCAL_TIMEOUT_S, &connection, &error), ERROR_OK);
    assert_int_equal(write(connection, "stream\nx", 8), 8);
    assert_int_equal(read(connection, &byte, 1), 1);
    return connection;
}

static void streams_that_hesitate_do_not_keep_others_from_an_answer(void **unused) /* A3 */
{
    (void)unused;
    int streams[LOCAL_STREAMS_MAX];
    struct local_api *api = NULL;
    struct buffer reply;
    struct error error = {0};
    int number = 7;

    buffer_init(&reply, 65536);
    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    for (size_t i = 0; i < LOCAL_STREAMS_MAX; i++) {
        streams[i] = open_stream();
    }
    assert_int_equal(local_ask(path, "status", &reply, &error), ERROR_OK);
    assert_int_equal(reply.size, strlen("{\"status\":7}"));
    buffer_clear(&reply);
    assert_int_equal(local_ask(path, "stream", &reply, &error), ERROR_OK);
    assert_int_equal(reply.size, 4);
    assert_memory_equal(reply.bytes, "busy", 4);
    assert_int_equal(write(streams[0], "y", 1), 1); /* it still is one */
    assert_int_equal(read(streams[0], &number, 1), 1);
    for (size_t i = 0; i < LOCAL_STREAMS_MAX; i++) {
        assert_int_equal(shutdown(streams[i], SHUT_WR), 0);
        assert_int_equal(read(streams[i], &number, 1), 0); /* its place is free before long */
        assert_int_equal(close(streams[i]), 0);
    }
    local_api_stop(api);
    buffer_deinit(&reply);
}

static void more_peers_than_places_are_served_one_after_the_other(void **unused) /* A2 */
{
    (void)unused;
    enum { PEERS = 3 * LOCAL_CONNECTIONS_MAX - 10 };
    int peers[PEERS];
    struct local_api *api = NULL;
    struct error error = {0};
    int number = 7;
    char reply[32];

    assert_int_equal(local_api_start(path, echo, &number, &api, &error), ERROR_OK);
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(local_connect(path, LOCAL_TIMEOUT_S, &peers[i], &error), ERROR_OK);
    }
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(write(peers[i], "status\n", 7), 7);
        assert_int_equal(recv(peers[i], reply, sizeof(reply), MSG_WAITALL), 12);
        assert_int_equal(close(peers[i]), 0);
    }
    local_api_stop(api);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_question_gets_its_answer_and_the_socket_is_gone_at_the_end),
        cmocka_unit_test(without_an_agent_the_sentence_says_so),
        cmocka_unit_test(a_socket_left_behind_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(what_is_no_socket_is_never_removed),
        cmocka_unit_test(an_answer_that_is_too_long_for_the_asker_is_refused),
        cmocka_unit_test(a_peer_that_hesitates_does_not_keep_the_agent_from_ending),
        cmocka_unit_test(input_after_the_request_arrives_whole),
        cmocka_unit_test(a_request_without_an_end_gets_no_answer),
        cmocka_unit_test(streams_that_hesitate_do_not_keep_others_from_an_answer),
        cmocka_unit_test(more_peers_than_places_are_served_one_after_the_other),
    };

    return cmocka_run_group_tests_name("local_api", cases, make_folder, remove_folder);
}
