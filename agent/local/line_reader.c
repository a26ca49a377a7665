#include "agent/local/line_reader.h"

#include <string.h>

bool line_reader_feed(struct line_reader *reader, const char *bytes, size_t size,
                      line_reader_take *take, void *context)
{
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end == NULL ? size : (size_t)(end - bytes);
        size_t room = sizeof(reader->line) - reader->size;
        size_t kept = part < room ? part : room; /* R2 */

        memcpy(reader->line + reader->size, bytes, kept);
        reader->size += kept;
        reader->begun = true;
        bytes += part;
        size -= part;
        if (end != NULL) {
            size_t length = reader->size;

            bytes++;
            size--;
            reader->size = 0;
            reader->begun = false;
            if (!take(context, reader->line, length)) {
                return false;
            }
        }
    }
    return true;
}
