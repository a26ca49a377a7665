#include "agent/inspect/files.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool went_well(struct files *files, enum error_code code)
{
    if (files->code == ERROR_OK) {
        files->code = code;
    }
    return code == ERROR_OK;
}

/** F1; the name is tried again when the file is whole. */
static enum error_code refuse_existing(const char *path, struct error *error)
{
    return access(path, F_OK) != 0
               ? ERROR_OK
               : error_set(error, ERROR_REFUSED,
                           "%.300s is there already and is not overwritten; name another --output",
                           path);
}

enum error_code files_init(struct files *files, const char *output, bool is_folder,
                           struct error *error)
{
    *files = (struct files){.output = output, .is_folder = is_folder, .file = -1};
    files->shows_progress = isatty(STDERR_FILENO) == 1;
    if (strcmp(output, "-") == 0) {
        files->output = NULL;
        return ERROR_OK;
    }
    return is_folder ? fs_make_directories(output, error) : refuse_existing(output, error);
}

/** Close the file that is open under its name (F2). */
static enum error_code complete_file(struct files *files)
{
    enum error_code code = ERROR_OK;

    if (files->file < 0) {
        return ERROR_OK;
    }
    if (fsync(files->file) != 0) {
        code = fs_error(&files->error, errno, "sync", files->partial);
    }
    if (close(files->file) != 0 && code == ERROR_OK) {
        code = fs_error(&files->error, errno, "close", files->partial);
    }
    files->file = -1;
    if (code == ERROR_OK) {
        code = refuse_existing(files->path, &files->error);
    }
    if (code == ERROR_OK && rename(files->partial, files->path) != 0) {
        code = fs_error(&files->error, errno, "rename", files->partial);
    }
    return code;
}

static enum error_code open_file(struct files *files, const char *name)
{
    int length = files->is_folder
                     ? snprintf(files->path, sizeof(files->path), "%s/%s", files->output, name)
                     : snprintf(files->path, sizeof(files->path), "%s", files->output);
    enum error_code code;

    if (length < 0 || (size_t)length + sizeof(".partial") > sizeof(files->path) ||
        snprintf(files->partial, sizeof(files->partial), "%.4000s.partial", files->path) <=
            length) {
        return error_set(&files->error, ERROR_BAD_CONFIG, "the path %.100s... is too long",
                         files->output);
    }
    code = refuse_existing(files->path, &files->error);
    if (code == ERROR_OK) {
        files->file = open(files->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        code = files->file < 0 ? fs_error(&files->error, errno, "create", files->partial) : code;
    }
    return code;
}

static bool begin_file(void *context, const char *name)
{
    struct files *files = context;

    if (files->output == NULL) {
        return true;
    }
    return went_well(files, complete_file(files)) && went_well(files, open_file(files, name));
}

static bool take_bytes(void *context, const void *bytes, size_t size_bytes)
{
    struct files *files = context;
    const char *next = bytes;
    int file = files->output == NULL ? STDOUT_FILENO : files->file;

    files->bytes += size_bytes;
    while (size_bytes > 0) {
        ssize_t put = write(file, next, size_bytes);

        if (put < 0 && errno != EINTR) {
            return went_well(
                files, fs_error(&files->error, errno, "write",
                                files->output == NULL ? "to standard output" : files->partial));
        }
        next += put > 0 ? put : 0;
        size_bytes -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool show_progress(void *context, uint64_t done, uint64_t total)
{
    struct files *files = context;
    unsigned percent = total == 0 ? 0 : (unsigned)((double)done * 100 / (double)total);

    if (files->shows_progress && percent != files->percent) {
        files->percent = percent;
        (void)fprintf(stderr, "\r%3u %%", percent);
    }
    return true;
}

struct answer files_answer(struct files *files)
{
    return (struct answer){begin_file, take_bytes, show_progress, files};
}

enum error_code files_finish(struct files *files, bool complete, struct error *error)
{
    if (files->shows_progress && files->percent > 0) {
        (void)fputs("\r     \r", stderr);
    }
    if (complete && files->code == ERROR_OK) {
        (void)went_well(files, complete_file(files));
    }
    if (files->file >= 0) { /* F2; what went wrong was told */
        (void)close(files->file);
        (void)unlink(files->partial);
        files->file = -1;
    }
    if (files->code != ERROR_OK && error != NULL) {
        *error = files->error;
    }
    return files->code;
}
