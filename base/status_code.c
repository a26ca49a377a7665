#include "base/status_code.h"

#include <stdio.h>

void status_describe(uint32_t status, char text[STATUS_TEXT_SIZE])
{
    static const struct {
        uint32_t code;
        const char *meaning;
    } known[] = {
#define X(name, code, meaning) {code, meaning},
        STATUS_TABLE(X)
#undef X
    };
    const char *meaning = "the source says so";

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        meaning = known[i].code == status ? known[i].meaning : meaning;
    }
    text[0] = '\0';
    if (!status_is_good(status)) {
        (void)snprintf(text, STATUS_TEXT_SIZE, "%s: %s", status >> 30 == 1 ? "uncertain" : "bad",
                       meaning); /* fits: the table's meanings are short */
    }
}
