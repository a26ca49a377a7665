/* tests/fuzz/fuzz_modbus_identification.c - any bytes as answers to "what are you?".
 *
 * The input is a row of answers: a byte of choices (RTU framing or TCP; a good frame is put around,
 * or the bytes are the frame; function 17 or 43/14), one with a size, that many bytes. Each comes
 * over a socket. Asking must end; what is told must be clean UTF-8, what fails a sentence.
 *
 * Parser: drivers/modbus/identification.c drivers/modbus/raw.c
 */
#include "base/utf8.h"
#include "drivers/modbus/identification.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/raw_answer.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 600 };

struct choices {
    struct raw_answer_frame frame;
    bool is_server_id;
};

static void check_told(const struct driver_identity *told)
{
    if (told->row_count > IDENTITY_ROWS_MAX || told->note_count > IDENTITY_NOTES_MAX) {
        abort();
    }
    for (size_t i = 0; i < told->row_count; i++) {
        const char *text = told->rows[i].text;

        if (!utf8_is_valid(text, strlen(text))) {
            abort();
        }
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text < 0x20) {
                abort();
            }
        }
    }
}

static void take(struct identification *identification, struct raw_call *call,
                 struct choices choices)
{
    uint8_t *exact = malloc(call->answer_size); /* reading on is noticed */
    struct error error = {0};
    enum error_code code;

    if (exact == NULL) {
        return;
    }
    memcpy(exact, call->answer, call->answer_size);
    code =
        choices.is_server_id
            ? identification_take_server_id(identification->told, exact, call->answer_size, &error)
            : identification_take(identification, exact, call->answer_size, &error);
    if (code != ERROR_OK && error.text[0] == '\0') {
        abort();
    }
    free(exact);
}

static void converse(struct identification *identification, struct choices choices,
                     const uint8_t *bytes, uint8_t size)
{
    uint8_t question[IDENTIFICATION_QUESTION_MAX];
    struct exchange exchange = {0};
    struct raw_call call = {
        .exchange = &exchange, .question = question, .measure = identification_size};

    call.question_size = identification_question(identification, question);
    if (choices.is_server_id) {
        question[0] = IDENTIFICATION_SERVER_ID;
    }
    if (raw_answer(choices.frame, bytes, size, &exchange, &call) == 0) {
        take(identification, &call, choices);
    } else if (errno > MODBUS_ENOBASE && errno < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX) {
        identification_refuse(identification, (unsigned)(errno - MODBUS_ENOBASE), "a name");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct driver_identity told;
    struct identification identification;

    told.row_count = told.note_count = 0;
    identification_begin(&identification, &told);
    for (int i = 0; i < ANSWERS_MAX && size_bytes >= 2 && !identification.is_through; i++) {
        const struct choices choices = {{(bytes[0] & 1) != 0, (bytes[0] & 2) != 0},
                                        (bytes[0] & 4) != 0};
        uint8_t size = bytes[1] < size_bytes - 2 ? bytes[1] : (uint8_t)(size_bytes - 2);

        converse(&identification, choices, bytes + 2, size);
        bytes += 2 + size;
        size_bytes -= 2 + size;
    }
    check_told(&told);
    return 0;
}
