#include "agent/local_api.h"
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

static char *echo(void *context, const char *request)
{
    char reply[LOCAL_REQUEST_MAX + 32];

    (void)snprintf(reply, sizeof(reply), "{\"%s\":%d}", request, *(int *)context);
    return strdup(reply);
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
        assert_int_equal(local_api_ask(path, "status", &reply, &error), ERROR_OK);
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
    assert_int_equal(local_api_ask(path, "status", &reply, &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, path));
    memset(long_path, 'x', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(local_api_ask(long_path, "status", &reply, &error), ERROR_BAD_CONFIG);
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
    assert_int_equal(local_api_ask(path, "status", &reply, &error), ERROR_BAD_DATA);
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

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_question_gets_its_answer_and_the_socket_is_gone_at_the_end),
        cmocka_unit_test(without_an_agent_the_sentence_says_so),
        cmocka_unit_test(a_socket_left_behind_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(what_is_no_socket_is_never_removed),
        cmocka_unit_test(an_answer_that_is_too_long_for_the_asker_is_refused),
        cmocka_unit_test(a_peer_that_hesitates_does_not_keep_the_agent_from_ending),
    };

    return cmocka_run_group_tests_name("local_api", cases, make_folder, remove_folder);
}
