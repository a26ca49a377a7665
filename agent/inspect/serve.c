#include "agent/inspect/serve.h"

#include "agent/inspect/wire.h"

static enum error_code run(const struct inspect_source *source,
                           const struct inspect_request *request, atomic_flag *exporting,
                           struct local_peer *peer, cJSON **summary, struct error *error)
{
    const struct answer answer = wire_answer(peer);
    enum error_code code;

    if (!local_peer_become_stream(peer)) {
        return error_set(error, ERROR_REFUSED, "too many commands look into the agent; ask again");
    }
    if (request->word != INSPECT_EXPORT) {
        return inspect_run(source, request, &answer, summary, error);
    }
    if (atomic_flag_test_and_set(exporting)) {
        return error_set(error, ERROR_REFUSED,
                         "another export is under way; ask again when it is done");
    }
    code = inspect_run(source, request, &answer, summary, error);
    atomic_flag_clear(exporting);
    return code;
}

void inspect_serve(const struct inspect_source *source, const char *arguments,
                   atomic_flag *exporting, struct local_peer *peer)
{
    struct inspect_request request;
    struct error error = {0};
    cJSON *summary = NULL;
    enum error_code code = inspect_request_parse(arguments, &request, &error);

    if (code == ERROR_OK) {
        code = run(source, &request, exporting, peer, &summary, &error);
    }
    if (code != ERROR_UNREACHABLE) { /* then nobody is there to be told */
        wire_end(peer, summary, &error);
    }
    cJSON_Delete(summary);
}
