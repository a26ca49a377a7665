#include "drivers/gateway/text_file.h"

#include "base/cleanup.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int text_file_read(const char *root, const char *path, char *text, size_t size)
{
    char whole[PATH_MAX];
    size_t used = 0;

    if (snprintf(whole, sizeof(whole), "%s/%s", root, path) >= (int)sizeof(whole)) {
        return ENAMETOOLONG;
    }
    CLEANUP(cleanup_close) int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return errno;
    }
    while (used + 1 < size) {
        ssize_t got = read(fd, text + used, size - 1 - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    text[used] = '\0';
    return 0;
}

int text_file_read_word(const char *root, const char *path, char *text, size_t size)
{
    int problem = text_file_read(root, path, text, size);

    if (problem == 0) {
        size_t length = strlen(text);

        while (length > 0 && text[length - 1] <= ' ') {
            text[--length] = '\0';
        }
    }
    return problem;
}

int text_file_read_number(const char *root, const char *path, int64_t *number)
{
    char text[32];
    int problem = text_file_read_word(root, path, text, sizeof(text));

    return problem != 0 ? problem : parse_int64(text, number) ? 0 : EBADMSG;
}

bool text_file_field(const char *text, const char *name, uint64_t *number)
{
    size_t length = strlen(name);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            char *end;

            errno = 0;
            *number = strtoull(line + length + 1, &end, 10);
            return errno == 0 && end != line + length + 1;
        }
    }
    return false;
}
