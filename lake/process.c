#include "lake/process.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool process_is_executable(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

bool process_find(const char *name, char path[PATH_MAX])
{
    const char *folder = getenv("PATH");

    while (folder != NULL && *folder != '\0') {
        int size = (int)strcspn(folder, ":");
        int length = snprintf(path, PATH_MAX, "%.*s/%s", size == 0 ? 1 : size,
                              size == 0 ? "." : folder, name);

        if (length > 0 && length < PATH_MAX && process_is_executable(path)) {
            return true;
        }
        folder += size + (folder[size] == ':' ? 1 : 0);
    }
    return false;
}

static enum error_code wait_for(pid_t child, const char *program, int *status, struct error *error)
{
    int ended;

    while (waitpid(child, &ended, 0) < 0) {
        if (errno != EINTR) {
            return fs_error(error, errno, "wait for", program);
        }
    }
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    return ERROR_OK;
}

enum error_code process_run(const char *const *arguments, const char *log, int *status,
                            struct error *error)
{
    CLEANUP(cleanup_close)
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    posix_spawn_file_actions_t actions;
    pid_t child;
    int failed;

    if (output < 0) {
        return fs_error(error, errno, "write the log", log);
    }
    failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return fs_error(error, failed, "start", arguments[0]);
    }
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    }
    if (failed == 0) {
        char *const *given;

        /* posix_spawn() leaves the texts as they are; its type only lacks the const. */
        memcpy(&given, &arguments, sizeof(given));
        failed = posix_spawn(&child, arguments[0], &actions, NULL, given, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions); /* it cannot fail on an initialised one */
    return failed == 0 ? wait_for(child, arguments[0], status, error)
                       : fs_error(error, failed, "start", arguments[0]);
}
