#include "drivers/journal/files.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The head of a journal file (systemd's JOURNAL_FILE_FORMAT): how long the file says it is. */
enum { HEADER_SIZE_AT = 88, ARENA_SIZE_AT = 96, HEAD_SIZE = 104, MACHINE_ID_SIZE = 33 };

static uint64_t number_at(const uint8_t *head, size_t at)
{
    uint64_t number;

    memcpy(&number, head + at, sizeof(number));
    return le64toh(number);
}

/** What is wrong with the file; NULL: nothing that can be seen at once. */
static const char *problem_of(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t head[HEAD_SIZE];
    struct stat about;
    uint64_t header, arena;

    if (fd < 0 || fstat(fd, &about) != 0 || about.st_size == 0) {
        return NULL; /* not ours to read, gone again, or just being made */
    }
    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
        memcmp(head, "LPKSHHRH", 8) != 0) {
        return "this is no journal file: it is left alone";
    }
    header = number_at(head, HEADER_SIZE_AT);
    arena = number_at(head, ARENA_SIZE_AT);
    return header > (uint64_t)about.st_size || arena > (uint64_t)about.st_size - header
               ? "the file is shorter than it says, its end is lost: it is left alone"
               : NULL;
}

static bool is_journal_name(const char *name)
{
    const char *end = strstr(name, ".journal");

    return end != NULL && (strcmp(end, ".journal") == 0 || strcmp(end, ".journal~") == 0);
}

static void check_folder(const char *path, int64_t now_ns, struct driver_sink *sink)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char file[PATH_MAX];
        const char *problem;

        if (!is_journal_name(entry->d_name) ||
            snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >= (int)sizeof(file)) {
            continue;
        }
        problem = problem_of(file);
        if (problem != NULL) {
            sink->reject(
                sink, &(struct driver_rejection){
                          .received_ns = now_ns, .source = file, .reason = problem, .payload = ""});
        }
    }
    if (folder != NULL) {
        (void)closedir(folder); /* was only read */
    }
}

void files_check(const char *directory, int64_t now_ns, struct driver_sink *sink)
{
    static const char *const roots[] = {"/var/log/journal", "/run/log/journal"};
    char machine[MACHINE_ID_SIZE] = "";
    FILE *file;

    if (directory != NULL) {
        check_folder(directory, now_ns, sink);
        return;
    }
    file = fopen("/etc/machine-id", "re");
    if (file == NULL) {
        return;
    }
    if (fgets(machine, sizeof(machine), file) != NULL) {
        for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
            char path[PATH_MAX];

            (void)snprintf(path, sizeof(path), "%s/%s", roots[i], machine); /* fits */
            check_folder(path, now_ns, sink);
        }
    }
    (void)fclose(file); /* was only read */
}
