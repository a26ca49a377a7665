#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

void log_line(enum log_level level, const char *id, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info"};
    static const int priorities[] = {3, 4, 6}; /* sd-daemon(3) */
    char line[LINE_MAX_BYTES];
    va_list arguments;
    int head;
    int body;
    size_t size;

    if (getenv("JOURNAL_STREAM") != NULL) {
        head = snprintf(line, sizeof(line), "<%d>%s %s ", priorities[level], names[level], id);
    } else {
        head = snprintf(line, sizeof(line), "%s %s ", names[level], id);
    }
    va_start(arguments, format);
    body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, arguments);
    va_end(arguments);
    if (body < 0) {
        return;
    }
    size = (size_t)head + (size_t)body;
    if (size > sizeof(line) - 2) {
        size = sizeof(line) - 2;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)line[i] < 0x20) {
            line[i] = ' ';
        }
    }
    line[size++] = '\n';
    if (write(STDERR_FILENO, line, size) < 0) {
        return; /* nowhere left to complain */
    }
}
