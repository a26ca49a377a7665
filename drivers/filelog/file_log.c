#include "drivers/filelog/file_log.h"

#include "drivers/filelog/discovery.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    TURN_BYTES = 16 * FOLLOWED_CHUNK_BYTES, /* of all files; then they are committed */
    WAIT_MS = 250,
    REST_MS = 50,
    SETTLED_MS = 1000,
};

enum { START_BEGINNING, START_END };

struct file_log_device {
    const char *path;
    uint32_t start;
    struct line_format_options format_options;
    struct line_format format;
    bool is_multiline;
    const char *encoding_name;
    struct encoding encoding;    /* while it is open */
    struct discovery *discovery; /* made by the first open(), freed by destroy() */
    struct followed_reading *reading;
    bool is_open;
    int watch;       /* inotify; -1: none */
    int64_t look_ns; /* monotonic: when to look at the folder again */
    size_t next;     /* whose turn it is */
};

static const struct option_spec device_options[] = {
    {OPTION_TEXT, "path", NULL, 2, FOLLOWED_PATH_SIZE - 1, offsetof(struct file_log_device, path),
     "the files, with * and ? in the name: /var/log/press/*.log*", NULL},
    {OPTION_CHOICE, "start", "beginning", 0, 0, offsetof(struct file_log_device, start),
     "where to begin with files that are there when the device is new", "beginning|end"},
    {OPTION_CHOICE, "format", "text", 0, 0, offsetof(struct file_log_device, format_options.kind),
     "how a line states time, severity and source; text: not at all", LINE_FORMAT_CHOICES},
    {OPTION_TEXT, "pattern", "", 1, PATTERN_MAX_BYTES,
     offsetof(struct file_log_device, format_options.pattern),
     "of a custom format: %{time} [%{severity}] %{source}: %{message}", NULL},
    {OPTION_TEXT, "time_format", "", 1, 100,
     offsetof(struct file_log_device, format_options.time_format),
     "of a custom format's time: %d.%m.%Y %H:%M:%S,%f; ISO 8601 when absent", NULL},
    {OPTION_TEXT, "zone", "local", 1, 64, offsetof(struct file_log_device, format_options.zone),
     "where times without a zone are from: local, utc, +01:00, Europe/Berlin", NULL},
    {OPTION_BOOL, "multiline", "false", 0, 0, offsetof(struct file_log_device, is_multiline),
     "lines without the format, of text indented ones, belong to the record before", NULL},
    {OPTION_TEXT, "encoding", "utf-8", 1, ENCODING_NAME_MAX,
     offsetof(struct file_log_device, encoding_name),
     "what the files are written in: utf-8, latin-1, windows-1252, utf-16le, ...", NULL},
    {.type = OPTION_END},
};

static enum error_code file_log_add_point(void *state, struct arena *arena,
                                          const struct driver_point *point, struct error *error)
{
    (void)state;
    (void)arena;
    return error_set(error, ERROR_BAD_CONFIG,
                     "points: '%s': log files have lines and no points; remove it", point->name);
}

static enum error_code file_log_prepare(void *state, struct arena *arena, struct error *error)
{
    struct file_log_device *device = state;
    const char *name = strrchr(device->path, '/');

    if (device->path[0] != '/') {
        return error_set(error, ERROR_BAD_CONFIG,
                         "path: '%s' does not begin with a '/'; write it whole: /var/log/x.log",
                         device->path);
    }
    if (name[1] == '\0') {
        return error_set(error, ERROR_BAD_CONFIG,
                         "path: '%s' names a folder; write which of its files: %s*.log",
                         device->path, device->path);
    }
    if (encoding_open(&device->encoding, device->encoding_name, error) != ERROR_OK) {
        return ERROR_BAD_CONFIG;
    }
    encoding_close(&device->encoding); /* it is known: that was the question */
    return line_format_set(&device->format, &device->format_options, arena, error);
}

/** Watch the folders of the pattern. How many there are. */
static size_t watch_folders(struct file_log_device *device)
{
    char folder[FOLLOWED_PATH_SIZE + 2];
    const char *name = strrchr(device->path, '/');
    glob_t found = {0};
    size_t count = 0;

    (void)snprintf(folder, sizeof(folder), "%.*s/", (int)(name - device->path),
                   device->path); /* fits */
    if (glob(folder, GLOB_NOSORT | GLOB_ONLYDIR, NULL, &found) == 0) {
        count = found.gl_pathc;
        for (size_t i = 0; i < found.gl_pathc && device->watch >= 0; i++) {
            (void)inotify_add_watch(device->watch, found.gl_pathv[i],
                                    IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                                        IN_DELETE | IN_ONLYDIR); /* the slow look finds it, too */
        }
    }
    globfree(&found);
    return count;
}

static enum error_code file_log_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                     struct error *error)
{
    struct file_log_device *device = state;

    (void)clock;
    (void)deadline_ns; /* files only */
    if (device->discovery == NULL) {
        device->discovery = calloc(1, sizeof(*device->discovery));
    }
    if (device->reading == NULL) {
        device->reading = calloc(1, sizeof(*device->reading));
    }
    if (device->discovery == NULL || device->reading == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to follow %s", device->path);
    }
    encoding_close(&device->encoding);
    if (encoding_open(&device->encoding, device->encoding_name, error) != ERROR_OK) {
        return ERROR_BAD_CONFIG;
    }
    device->discovery->pattern = device->path;
    device->discovery->from_end = device->start == START_END;
    device->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    device->is_open = true;
    device->look_ns = 0;
    return watch_folders(device) > 0
               ? ERROR_OK
               : error_set(error, ERROR_UNREACHABLE,
                           "the folder of %s is not there, or the agent's user may not look into "
                           "it",
                           device->path);
}

/** Forget what inotify tells. true: files came or went. */
static bool take_events(const struct file_log_device *device)
{
    _Alignas(struct inotify_event) char events[4096];
    bool changed = false;
    ssize_t got;

    while (device->watch >= 0 && (got = read(device->watch, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(events + at);

            changed = changed || (event->mask & ~(uint32_t)IN_MODIFY) != 0;
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    return changed;
}

static void look(struct file_log_device *device, const struct driver_turn *turn,
                 struct driver_sink *sink)
{
    int64_t now_ns = clock_monotonic_ns(turn->clock);

    if (!device->discovery->is_loaded) {
        discovery_load(device->discovery, sink);
    }
    if (take_events(device) || now_ns >= device->look_ns) {
        discovery_look(device->discovery, turn, sink);
        device->look_ns = now_ns + (device->discovery->is_waiting ? WAIT_MS * NS_PER_MS
                                                                  : LOOK_EVERY_S * NS_PER_S);
    }
}

/** What ends because nothing came for a while (FL3, RE2). */
static void look_at_age(struct followed_reading *reading, const struct followed *followed)
{
    int64_t now_ns = reading->rules.now_ns, now_s = now_ns / NS_PER_S;
    struct stat file;
    bool known = fstat(followed->fd, &file) == 0;

    reading->is_idle = known && file.st_mtim.tv_sec < now_s - IDLE_S;
    reading->is_settled =
        reading->is_idle ||
        (known && file.st_mtim.tv_sec >= now_s - IDLE_S && file.st_mtim.tv_sec <= now_s &&
         now_ns - file.st_mtim.tv_sec * NS_PER_S - file.st_mtim.tv_nsec > SETTLED_MS * NS_PER_MS);
}

/** One chunk of each file. */
static enum followed_result read_round(struct file_log_device *device,
                                       const struct driver_turn *turn, struct driver_sink *sink)
{
    enum followed_result all = FOLLOWED_END;

    device->reading->sink = sink;
    device->reading->rules.format = &device->format;
    device->reading->rules.is_multiline = device->is_multiline;
    device->reading->rules.encoding = &device->encoding;
    device->reading->rules.now_ns = clock_utc_ns(turn->clock);
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &device->discovery->list[(device->next + i) % FOLLOWED_MAX];
        enum followed_result result;

        if (!followed->is_used || followed->fd < 0) {
            continue;
        }
        look_at_age(device->reading, followed);
        result = followed_read(followed, device->reading);
        if (result == FOLLOWED_BROKEN) { /* FL1 */
            discovery_lose(followed, clock_monotonic_ns(turn->clock));
            device->look_ns = 0;
        } else if (result == FOLLOWED_FULL) {
            device->next = (device->next + i) % FOLLOWED_MAX;
            return result;
        } else if (result == FOLLOWED_MORE) {
            all = result;
        }
    }
    return all;
}

/** Until the folder tells of a change, or `most_ms`. A file that lines came from is left alone for
 *  REST_MS: one that is written to all the time would wake us for each line. */
static void wait_for_more(const struct file_log_device *device, bool was_taken, int64_t most_ms)
{
    struct pollfd events = {.fd = device->watch, .events = POLLIN};
    int64_t ms = was_taken ? REST_MS : WAIT_MS;

    (void)poll(&events, was_taken ? 0 : 1, (int)(most_ms < ms ? most_ms : ms)); /* or time is up */
}

static enum error_code file_log_read(void *state, const struct driver_turn *turn,
                                     struct driver_sink *sink, struct error *error)
{
    struct file_log_device *device = state;
    uint64_t begin = device->reading->taken_bytes;

    (void)error; /* a file that cannot be read is looked for again */
    while (device->reading->taken_bytes - begin < TURN_BYTES) {
        uint64_t before = device->reading->taken_bytes;
        int64_t left_ms;
        enum followed_result result;

        look(device, turn, sink);
        result = read_round(device, turn, sink);
        if (result == FOLLOWED_FULL) {
            return ERROR_OK; /* D8 */
        }
        left_ms = (turn->deadline_ns - clock_monotonic_ns(turn->clock)) / NS_PER_MS;
        if (left_ms <= 0) {
            return ERROR_OK;
        }
        if (result == FOLLOWED_END) {
            wait_for_more(device, device->reading->taken_bytes > before, left_ms);
        }
    }
    return ERROR_OK;
}

static void file_log_committed(void *state)
{
    (void)state; /* the positions went with the lines */
}

static void file_log_close(void *state)
{
    struct file_log_device *device = state;

    if (device->is_open && device->watch >= 0) {
        (void)close(device->watch); /* nothing was written */
    }
    if (device->discovery != NULL) {
        discovery_close(device->discovery);
    }
    encoding_close(&device->encoding);
    device->watch = -1;
    device->is_open = false;
}

static void file_log_destroy(void *state)
{
    struct file_log_device *device = state;

    file_log_close(device);
    free(device->discovery);
    free(device->reading);
    device->discovery = NULL;
    device->reading = NULL;
}

const struct driver file_log_driver = {
    .name = "file-log",
    .summary = "reads log files as they are written, over rotations and restarts",
    .options = device_options,
    .state_size = sizeof(struct file_log_device),
    .pushes = true,
    .add_point = file_log_add_point,
    .prepare = file_log_prepare,
    .open = file_log_open,
    .read = file_log_read,
    .committed = file_log_committed,
    .close = file_log_close,
    .destroy = file_log_destroy,
};
