/* tests/fuzz/fuzz_modbus_functions.c - any bytes as records of a file, or as a queue.
 *
 * The input: a byte of choices (RTU framing or TCP; a good frame is put around, or the bytes are
 * the frame; a queue, or a file, whose numbers count registers or records), the length of a record,
 * how many were asked for, and the answer. What is taken fits what was asked for; what is not has a
 * sentence.
 *
 * Parser: drivers/modbus/logs/functions.c drivers/modbus/raw.c
 */
#include "drivers/modbus/logs/functions.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/raw_answer.h"

#include <stdlib.h>
#include <string.h>

enum { CHOICES_BYTES = 3 };

/** Both outputs are as small as they may be: writing on is noticed. */
static void take(const struct raw_call *call, const struct file_part *part)
{
    uint8_t *answer = malloc(call->answer_size);
    size_t most = part == NULL ? QUEUE_REGISTERS_MAX : (size_t)part->count * part->length;
    uint16_t *registers = calloc(most, sizeof(*registers));
    struct error error = {0};
    unsigned count = 0;
    enum error_code code;

    if (answer != NULL && registers != NULL) {
        memcpy(answer, call->answer, call->answer_size);
        code = part == NULL ? queue_take(answer, call->answer_size, registers, &count, &error)
                            : file_take(part, answer, call->answer_size, registers, &error);
        if (code != ERROR_OK && error.text[0] == '\0') {
            abort();
        }
    }
    free(registers);
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    const struct file_part *asked = NULL;
    struct file_part part = {.file = 4, .first = 1};
    uint8_t question[RAW_PDU_MAX];
    struct exchange exchange = {0};
    struct raw_call call = {
        .exchange = &exchange, .question = question, .measure = functions_measure};
    size_t choices_size = size_bytes < CHOICES_BYTES ? size_bytes : CHOICES_BYTES;
    uint8_t choices[CHOICES_BYTES] = {0};
    struct raw_answer_frame frame;
    unsigned most;

    for (size_t i = 0; i < choices_size; i++) {
        choices[i] = bytes[i];
    }
    frame = (struct raw_answer_frame){(choices[0] & 1) != 0, (choices[0] & 2) != 0};
    part.by_register = (choices[0] & 8) != 0;
    part.length = (uint16_t)(1 + choices[1] % 121);
    most = file_part_most(part.length, part.by_register);
    part.count = (uint16_t)(1 + choices[2] % most);
    if ((choices[0] & 4) != 0) {
        call.question_size = queue_question(1246, question);
    } else {
        asked = &part;
        call.question_size = file_question(asked, question);
    }
    size_bytes -= choices_size;
    if (raw_answer(frame, size_bytes > 0 ? bytes + choices_size : choices,
                   (uint8_t)(size_bytes < UINT8_MAX ? size_bytes : UINT8_MAX), &exchange,
                   &call) == 0) {
        take(&call, asked);
    }
    return 0;
}
