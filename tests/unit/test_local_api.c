#include "agent/local_api.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_question_gets_its_answer_and_the_socket_is_gone_at_the_end),
        cmocka_unit_test(without_an_agent_the_sentence_says_so),
        cmocka_unit_test(a_socket_left_behind_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(an_answer_that_is_too_long_for_the_asker_is_refused),
    };

    return cmocka_run_group_tests_name("local_api", cases, make_folder, remove_folder);
}
