/* tests/fuzz/fuzz_log_record.c - any bytes as the text of a log record, and as the name of a
 * severity. What is read and written again must be readable, and writing that once more must change
 * nothing.
 *
 * Parser: base/log_record.c
 */
#include "base/log_record.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/** Read `size` bytes and write them again; 0: they are no log record. */
static size_t rewrite(const char *bytes, size_t size, char text[LOG_RECORD_MAX])
{
    char *exact = malloc(size > 0 ? size : 1); /* reading on is noticed */
    struct log_record record;
    struct error error = {0};
    size_t written = 0;

    if (exact == NULL) {
        abort();
    }
    memcpy(exact, bytes, size);
    if (log_record_decode(exact, size, &record, &error) == ERROR_OK) {
        written = log_record_encode(&record, text);
        if (written == 0 || written > LOG_RECORD_MAX) {
            abort();
        }
    } else if (error.text[0] == '\0') {
        abort();
    }
    free(exact);
    return written;
}

static void parse_severity(const uint8_t *bytes, size_t size_bytes)
{
    enum log_severity severity = LOG_SEVERITY_UNKNOWN;
    char name[16] = "";

    memcpy(name, bytes, size_bytes < sizeof(name) ? size_bytes : sizeof(name) - 1);
    if (log_severity_parse(name, &severity) !=
        (severity >= LOG_SEVERITY_EMERGENCY && severity <= LOG_SEVERITY_DEBUG)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static char first[LOG_RECORD_MAX], second[LOG_RECORD_MAX];
    size_t size = size_bytes == 0 ? 0 : rewrite((const char *)bytes, size_bytes, first);

    if (size_bytes > 0) {
        parse_severity(bytes, size_bytes);
    }
    if (size > 0 && (rewrite(first, size, second) != size || memcmp(first, second, size) != 0)) {
        abort();
    }
    return 0;
}
