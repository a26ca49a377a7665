#include "base/stream.h"

const char *stream_name(enum stream stream)
{
    static const char *const names[STREAM_COUNT] = {
        [STREAM_EVENTS] = "events",
        [STREAM_READINGS] = "readings",
        [STREAM_LOGS] = "logs",
        [STREAM_CATALOGUE] = "catalogue",
    };

    return names[stream];
}
