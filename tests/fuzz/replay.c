/* tests/fuzz/replay.c - every file of the folders given, once, through the fuzzer's entry. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

enum { INPUT_MAX_BYTES = 16 << 20 };

static int replay(const char *path)
{
    CLEANUP(buffer_deinit) struct buffer content;
    struct error error;

    buffer_init(&content, INPUT_MAX_BYTES);
    if (fs_read_file(path, &content, &error) != ERROR_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return LLVMFuzzerTestOneInput(content.bytes, content.size);
}

/** How many files there were; -1: one could not be read. */
static int replay_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int count = 0;

    while (directory != NULL && count >= 0 && (entry = readdir(directory)) != NULL) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof(path)) {
            count = replay(path) == 0 ? count + 1 : -1;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory); /* it was only read */
    }
    return count;
}

int main(int count, char **folders)
{
    int total = 0;

    for (int i = 1; i < count; i++) {
        int replayed = replay_folder(folders[i]);

        if (replayed <= 0) {
            (void)fprintf(stderr, "%s: no inputs could be read\n", folders[i]);
            return 1;
        }
        total += replayed;
    }
    (void)printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
