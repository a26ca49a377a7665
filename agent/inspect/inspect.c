#include "agent/inspect/inspect.h"

enum error_code inspect_run(const struct inspect_source *source,
                            const struct inspect_request *request, const struct answer *answer,
                            cJSON **summary, struct error *error)
{
    cJSON *made = cJSON_CreateObject();
    enum error_code code = ERROR_OK;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to look into the queue");
    }
    switch (request->word) {
    case INSPECT_STAT:
        code = inspect_stat(source, made, error);
        break;
    case INSPECT_CHECK:
        code = inspect_check(source, answer, made, error);
        break;
    case INSPECT_EXPORT:
        code = inspect_export(source, request, answer, made, error);
        break;
    }
    if (code != ERROR_OK) {
        cJSON_Delete(made);
        return code;
    }
    *summary = made;
    return ERROR_OK;
}
