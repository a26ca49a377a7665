#include "drivers/modbus/logs/position.h"

#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char kind[] = "ring 1 ";

bool log_position_parse(struct log_position *position, const char *text)
{
    enum { FINGERPRINT, NEXT, TIME, AFTER, SUM, FIELDS };
    char words[DRIVER_POSITION_SIZE];
    char *rest = words;
    const char *fields[FIELDS];
    uint64_t fingerprint;
    uint64_t sum;

    if (strncmp(text, kind, strlen(kind)) != 0) {
        return false;
    }
    (void)snprintf(words, sizeof(words), "%s", text + strlen(kind)); /* shorter than a position */
    for (unsigned i = 0; i < FIELDS; i++) {
        fields[i] = strsep(&rest, " ");
        if (fields[i] == NULL) {
            return false;
        }
    }
    if (rest != NULL || !parse_uint64(fields[FINGERPRINT], &fingerprint) ||
        !parse_uint64(fields[NEXT], &position->next) ||
        !parse_int64(fields[TIME], &position->time_ns) ||
        !parse_int64(fields[AFTER], &position->after_ns) || !parse_uint64(fields[SUM], &sum) ||
        fingerprint > UINT32_MAX || sum > UINT32_MAX) {
        return false;
    }
    position->fingerprint = (uint32_t)fingerprint;
    position->sum = (uint32_t)sum;
    return true;
}

void log_position_print(const struct log_position *position, char text[DRIVER_POSITION_SIZE])
{
    (void)snprintf(text, DRIVER_POSITION_SIZE,
                   "%s0x%" PRIx32 " %" PRIu64 " %" PRId64 " %" PRId64 " 0x%" PRIx32, kind,
                   position->fingerprint, position->next, position->time_ns, position->after_ns,
                   position->sum); /* 8 + 3 * 20 + 8 digits and what is between them fit */
}
