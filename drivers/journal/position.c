#include "drivers/journal/position.h"

#include <stdlib.h>
#include <string.h>

bool position_shorten(const char *cursor, char position[DRIVER_POSITION_SIZE])
{
    size_t used = 0;

    while (*cursor != '\0') {
        size_t length = strcspn(cursor, ";");
        size_t separator = used > 0 ? 1 : 0;

        if (cursor[0] != 'b' && cursor[0] != 'm') {
            if (used + separator + length >= DRIVER_POSITION_SIZE) {
                return false;
            }
            position[used] = ';';
            memcpy(position + used + separator, cursor, length);
            used += separator + length;
        }
        cursor += length;
        cursor += *cursor == ';' ? 1 : 0;
    }
    position[used] = '\0';
    return used > 0;
}

int64_t position_time_ns(const char *position)
{
    for (const char *at = position; at != NULL; at = strchr(at, ';')) {
        at += *at == ';' ? 1 : 0;
        if (strncmp(at, "t=", 2) == 0) {
            uint64_t time_us = strtoull(at + 2, NULL, 16);

            return time_us < INT64_MAX / NS_PER_US ? (int64_t)time_us * NS_PER_US : 0;
        }
    }
    return 0;
}
