/* tests/fuzz/fuzz_object_name.c - any text as an object's name. What the parser takes, building
 * must give back byte for byte (rule N1 of sync/object_name.h). */
#include "sync/object_name.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    struct object_name name;
    struct error error = {0};
    char again[BATCH_NAME_MAX];
    char *text = malloc(size_bytes + 1); /* of just this size, so that reading on is noticed */

    if (text == NULL) {
        return 0;
    }
    memcpy(text, bytes, size_bytes);
    text[size_bytes] = '\0';
    if (object_name_parse(text, &name, &error) == ERROR_OK) {
        if (object_name_build(&name, again, &error) != ERROR_OK || strcmp(text, again) != 0) {
            abort();
        }
    } else if (error.text[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
