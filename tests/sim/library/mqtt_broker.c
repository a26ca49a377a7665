#include "tests/sim/library/mqtt_broker.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

uint16_t broker_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    CLEANUP(cleanup_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return ntohs(address.sin_port);
}

static bool write_config(const struct mqtt_broker *broker, const char *lines)
{
    char path[128];
    FILE *file;
    bool good;

    (void)snprintf(path, sizeof(path), "%s/mosquitto.conf", broker->folder);
    file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    good = fprintf(file,
                   "listener %u 127.0.0.1\nuser root\nlog_dest stderr\nlog_type information\n"
                   "connection_messages false\npersistence true\npersistence_location %s/\n"
                   "max_queued_messages 0\n",
                   (unsigned)broker->port, broker->folder) > 0;
    if (lines == NULL) {
        lines = "allow_anonymous true\n";
    }
    for (const char *at = lines; good && *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 's') {
            good = fputs(broker->folder, file) >= 0;
            at++;
        } else {
            good = fputc(*at, file) != EOF;
        }
    }
    return fclose(file) == 0 && good;
}

/** Read what it says until it runs. */
static bool wait_until_running(int fd)
{
    char said[4096];
    size_t size = 0;

    while (size < sizeof(said) - 1) {
        ssize_t got = read(fd, said + size, sizeof(said) - 1 - size);

        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        said[size] = '\0';
        if (strstr(said, " running") != NULL) {
            return true;
        }
    }
    return false;
}

/** Say something that is not MQTT and wait until it hangs up. It then is in its main loop, where a
 *  signal counts: one that comes before, or just before it waits for events, is overlooked. */
static void nudge(const struct mqtt_broker *broker)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(broker->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CLEANUP(cleanup_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte = 0;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(fd, "nonsense, for a packet", 22, MSG_NOSIGNAL) > 0) {
        (void)!recv(fd, &byte, 1, 0);
    }
}

bool broker_start(struct mqtt_broker *broker)
{
    char config[128];
    char *const arguments[] = {(char[]){"/usr/sbin/mosquitto"}, (char[]){"-c"}, config, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    bool running;

    (void)snprintf(config, sizeof(config), "%s/mosquitto.conf", broker->folder);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    running = posix_spawn(&broker->pid, arguments[0], &actions, NULL, arguments, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    if (!running) {
        broker->pid = 0;
    }
    running = running && wait_until_running(ends[0]);
    if (running) {
        nudge(broker);
    }
    (void)close(ends[0]); /* it says nothing more that matters, and outlives a closed pipe */
    return running;
}

enum { END_AGAIN_MS = 500 };

/** mosquitto 2.0 overlooks a SIGTERM that comes just after it began to run: it is told again. */
static void end(struct mqtt_broker *broker, int signal_number)
{
    CLEANUP(cleanup_close)
    int fd = broker->pid > 0 ? (int)syscall(SYS_pidfd_open, broker->pid, 0) : -1;
    struct pollfd ended = {.fd = fd, .events = POLLIN};

    if (fd < 0) {
        return;
    }
    do {
        (void)kill(broker->pid, signal_number);
        nudge(broker);
    } while (poll(&ended, 1, END_AGAIN_MS) == 0);
    (void)waitpid(broker->pid, NULL, 0);
    broker->pid = 0;
}

void broker_stop(struct mqtt_broker *broker)
{
    end(broker, SIGTERM);
}

void broker_kill(struct mqtt_broker *broker)
{
    end(broker, SIGKILL);
}

bool broker_folder(struct mqtt_broker *broker)
{
    *broker = (struct mqtt_broker){.port = broker_free_port()};
    (void)snprintf(broker->folder, sizeof(broker->folder), "/tmp/leat-broker-XXXXXX");
    return broker->port != 0 && mkdtemp(broker->folder) != NULL;
}

bool broker_open_in_folder(struct mqtt_broker *broker, const char *lines)
{
    return write_config(broker, lines) && broker_start(broker);
}

bool broker_open(struct mqtt_broker *broker, const char *lines)
{
    return broker_folder(broker) && broker_open_in_folder(broker, lines);
}

void broker_close(struct mqtt_broker *broker)
{
    DIR *folder;
    struct dirent *entry;

    end(broker, SIGTERM);
    if (broker->folder[0] == '\0') {
        return;
    }
    folder = opendir(broker->folder);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." refuse */
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(broker->folder); /* a temporary folder; what stays is no failure of the test */
    broker->folder[0] = '\0';
}

bool broker_run(const char *const *arguments, const char *folder)
{
    char *words[40];
    size_t count = 0;
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;
    bool started;

    for (; count < 39 && arguments[count] != NULL; count++) {
        words[count] = strdup(arguments[count]);
    }
    words[count] = NULL;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addchdir_np(&actions, folder);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    started = words[0] != NULL && posix_spawnp(&pid, words[0], &actions, NULL, words, environ) == 0;
    if (started) {
        (void)waitpid(pid, &status, 0);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < count; i++) {
        free(words[i]);
    }
    return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
