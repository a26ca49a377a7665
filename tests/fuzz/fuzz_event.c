/* tests/fuzz/fuzz_event.c - any bytes as the text of an event. What is read and written again must
 * be readable, and writing that once more must change nothing.
 *
 * Parser: base/event.c
 */
#include "base/event.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/** Read `size` bytes and write them again; 0: they are no event. */
static size_t rewrite(const char *bytes, size_t size, char text[EVENT_TEXT_MAX])
{
    char *exact = malloc(size > 0 ? size : 1); /* reading on is noticed */
    char copy[EVENT_TEXT_MAX];
    struct event event;
    struct error error = {0};
    size_t written = 0;

    if (exact == NULL) {
        abort();
    }
    memcpy(exact, bytes, size);
    if (event_decode(exact, size, copy, &event, &error) == ERROR_OK) {
        written = event_encode(&event, text);
        if (written == 0 || written >= EVENT_TEXT_MAX || text[written] != '\0') {
            abort();
        }
    } else if (error.text[0] == '\0') {
        abort();
    }
    free(exact);
    return written;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    char first[EVENT_TEXT_MAX], second[EVENT_TEXT_MAX];
    size_t size = size_bytes == 0 ? 0 : rewrite((const char *)bytes, size_bytes, first);

    if (size > 0 && (rewrite(first, size, second) != size || memcmp(first, second, size) != 0)) {
        abort();
    }
    return 0;
}
