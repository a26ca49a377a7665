#include "drivers/modbus/identify.h"

#include "drivers/modbus/ask.h"
#include "drivers/modbus/identification.h"

/** The slave did not answer, or nonsense. ERROR_OK: with RTU framing it may be asked other things.
 */
static enum error_code note_failure(const struct modbus_device *device,
                                    struct driver_identity *told, const char *function,
                                    enum error_code code, const struct error *error)
{
    identification_note(told, "function %s: %.250s", function, error->text);
    return device->framing == EXCHANGE_RTU && (code == ERROR_TIMEOUT || code == ERROR_PROTOCOL)
               ? ERROR_OK
               : code;
}

static enum error_code ask_objects(struct modbus_device *device, struct driver_identity *told,
                                   struct error *error)
{
    struct asking asking = {.clock = told->clock, .until_ns = told->deadline_ns};
    struct identification identity;

    identification_begin(&identity, told);
    while (!identity.is_through) {
        uint8_t question[IDENTIFICATION_QUESTION_MAX];
        struct raw_call call = {.question = question,
                                .question_size = identification_question(&identity, question),
                                .measure = identification_size};
        unsigned exception = EXCEPTION_NONE;
        enum error_code code = ask_raw(device, &asking, &call, &exception, error);

        if (code == ERROR_OK && exception == EXCEPTION_NO_TIME) {
            identification_note(told, "there was no time left to ask for more");
            return ERROR_OK;
        }
        if (code == ERROR_OK && exception == EXCEPTION_NONE) {
            code = identification_take(&identity, call.answer, call.answer_size, error);
        } else if (code == ERROR_OK) {
            identification_refuse(&identity, exception, exception_name(exception));
        }
        if (code != ERROR_OK) {
            return note_failure(device, told, "43/14", code, error);
        }
    }
    return ERROR_OK;
}

static enum error_code ask_server_id(struct modbus_device *device, struct driver_identity *told,
                                     struct error *error)
{
    static const uint8_t question[] = {IDENTIFICATION_SERVER_ID};
    struct raw_call call = {
        .question = question, .question_size = sizeof(question), .measure = identification_size};
    struct asking asking = {.clock = told->clock, .until_ns = told->deadline_ns};
    unsigned exception = EXCEPTION_NONE;
    enum error_code code = ask_raw(device, &asking, &call, &exception, error);

    if (code == ERROR_OK && exception == EXCEPTION_NONE) {
        code = identification_take_server_id(told, call.answer, call.answer_size, error);
    } else if (code == ERROR_OK && exception == EXCEPTION_NO_TIME) {
        identification_note(told, "there was no time left for function 17, report server id");
    } else if (code == ERROR_OK) {
        identification_note(told, "%s function 17, report server id: exception %u, %s",
                            exception == 1 ? "the device does not know" : "the device refused",
                            exception & 0xff, exception_name(exception));
    }
    return code == ERROR_OK ? code : note_failure(device, told, "17", code, error);
}

enum error_code modbus_device_identify(void *state, struct driver_identity *identity,
                                       struct error *error)
{
    enum error_code code = ask_objects(state, identity, error);

    return code == ERROR_OK ? ask_server_id(state, identity, error) : code;
}
