#include "drivers/journal/journal.h"

#include "base/cleanup.h"
#include "drivers/journal/files.h"
#include "drivers/journal/library.h"
#include "drivers/journal/position.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_A_TURN = 500, UNIT_SIZE = 256 };

enum { START_NOW, START_OLDEST };

struct journal_device {
    const char *directory; /* NULL: the system's */
    const char *units;     /* separated by blanks; NULL: all */
    uint32_t priority;     /* the least grave that is taken, a syslog severity */
    uint32_t start;
    struct journal_library library; /* from here on: while it is open */
    sd_journal *journal;
    bool is_placed; /* at the entry behind the position, or before the first */
    bool is_at;     /* at an entry that is still to be handed over */
};

static const struct option_spec device_options[] = {
    {OPTION_TEXT, "directory", "", 1, 1000, offsetof(struct journal_device, directory),
     "a folder with journal files; the system's journal when absent", NULL},
    {OPTION_TEXT, "units", "", 1, 2000, offsetof(struct journal_device, units),
     "whose entries are taken: ssh.service modem.service; everybody's when absent", NULL},
    {OPTION_CHOICE, "priority", "informational", 0, 0, offsetof(struct journal_device, priority),
     "the least grave that is taken",
     "emergency|alert|critical|error|warning|notice|informational|debug"}, /* RFC 5424 */
    {OPTION_CHOICE, "start", "now", 0, 0, offsetof(struct journal_device, start),
     "where to begin when nothing was read before", "now|oldest"},
    {.type = OPTION_END},
};

static enum error_code fail(const struct journal_device *device, const char *step, int result,
                            struct error *error)
{
    enum error_code code = result == -ENOMEM                       ? ERROR_NO_MEMORY
                           : result == -EACCES || result == -EPERM ? ERROR_REFUSED
                                                                   : ERROR_UNREACHABLE;

    return error_set(error, code, "cannot %s the journal%s%s: %s%s", step,
                     device->directory == NULL ? "" : " in ",
                     device->directory == NULL ? "" : device->directory, strerrordesc_np(-result),
                     code == ERROR_REFUSED ? "; the agent's user must be in systemd-journal" : "");
}

static enum error_code journal_add_point(void *state, struct arena *arena,
                                         const struct driver_point *point, struct error *error)
{
    (void)state;
    (void)arena;
    return error_set(error, ERROR_BAD_CONFIG,
                     "points: '%s': a journal has lines and no points; remove it", point->name);
}

static enum error_code journal_prepare(void *state, struct arena *arena, struct error *error)
{
    (void)state;
    (void)arena;
    (void)error;
    return ERROR_OK;
}

/** Add FIELD=unit for each unit. */
static int match_units(struct journal_device *device, const char *field)
{
    int result = 0;

    for (const char *at = device->units; *at != '\0' && result >= 0;) {
        size_t length = strcspn(at, " ,");
        char match[UNIT_SIZE + 20];

        if (length > 0) {
            int size = snprintf(match, sizeof(match), "%s=%.*s", field,
                                (int)(length < UNIT_SIZE ? length : UNIT_SIZE), at);

            result = device->library.add_match(device->journal, match, (size_t)size);
        }
        at += length;
        at += strspn(at, " ,");
    }
    return result;
}

/** What a unit says, and what systemd says about it, as `journalctl -u` has it; and the priority.
 */
static int add_matches(struct journal_device *device)
{
    const struct journal_library *library = &device->library;
    int result = 0;

    for (uint32_t i = 0; i <= device->priority && result >= 0; i++) {
        char match[] = "PRIORITY=0";

        match[sizeof(match) - 2] = (char)('0' + i);
        result = library->add_match(device->journal, match, sizeof(match) - 1);
    }
    if (device->units == NULL || result < 0) {
        return result;
    }
    result = library->add_conjunction(device->journal);
    result = result < 0 ? result : match_units(device, "_SYSTEMD_UNIT");
    result = result < 0 ? result : library->add_disjunction(device->journal);
    result = result < 0 ? result : library->add_match(device->journal, "_PID=1", 6);
    return result < 0 ? result : match_units(device, "UNIT");
}

static int open_journal(struct journal_device *device)
{
    return device->directory == NULL
               ? device->library.open(&device->journal, SD_JOURNAL_LOCAL_ONLY)
               : device->library.open_directory(&device->journal, device->directory, 0);
}

static enum error_code journal_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                    struct error *error)
{
    struct journal_device *device = state;
    enum error_code code = journal_library_load(&device->library, error);
    int result;

    (void)clock;
    (void)deadline_ns; /* files only */
    if (code != ERROR_OK) {
        return code;
    }
    result = open_journal(device);
    if (result < 0) {
        device->journal = NULL;
        return fail(device, "open", result, error);
    }
    (void)device->library.set_data_threshold(device->journal, LOG_MESSAGE_MAX + 1024);
    return ERROR_OK;
}

/** The time of the entry it is at; 0: not known. */
static int64_t entry_time_ns(const struct journal_device *device)
{
    uint64_t time_us;

    return device->library.get_realtime_usec(device->journal, &time_us) < 0
               ? 0
               : (int64_t)time_us * NS_PER_US;
}

/** J2: before the matches are added, since a changed configuration may not match it any more. */
static int look_for_position(struct journal_device *device, const char *position,
                             const struct driver_turn *turn, struct driver_sink *sink)
{
    const struct journal_library *library = &device->library;
    int result = library->seek_cursor(device->journal, position);
    struct event loss = {
        .kind = "unread",
        .subject = "journal",
        .reason = "the entry that was read last is gone from the journal: what came behind it may "
                  "be, too; reading goes on at the oldest",
        .from_ns = position_time_ns(position),
        .to_ns = clock_utc_ns(turn->clock),
    };

    result = result < 0 ? result : library->next(device->journal);
    if (result > 0 && library->test_cursor(device->journal, position) > 0) {
        return 0;
    }
    if (result > 0) {
        loss.to_ns = entry_time_ns(device);
    }
    if (result >= 0) {
        sink->tell(sink, &loss);
    }
    return result;
}

/** The position of the entry it is at, in the form that is kept. false: no memory. */
static bool take_position(struct journal_device *device, char position[DRIVER_POSITION_SIZE])
{
    CLEANUP(cleanup_free) char *cursor = NULL;

    return device->library.get_cursor(device->journal, &cursor) >= 0 &&
           position_shorten(cursor, position);
}

/** Nothing was read before. */
static int place_anew(struct journal_device *device, struct driver_sink *sink)
{
    const struct journal_library *library = &device->library;
    char position[DRIVER_POSITION_SIZE];
    int result;

    if (device->start == START_OLDEST) {
        return 0;
    }
    result = library->seek_tail(device->journal);
    result = result < 0 ? result : library->previous(device->journal);
    if (result == 0) {
        return 0; /* it is empty: from its first entry on */
    }
    return result < 0                                                        ? result
           : !take_position(device, position) || !sink->keep(sink, position) ? -ENOMEM
                                                                             : 0;
}

/** Go behind the position that is kept. */
static int place(struct journal_device *device, const struct driver_turn *turn,
                 struct driver_sink *sink)
{
    const struct journal_library *library = &device->library;
    char position[DRIVER_POSITION_SIZE];
    bool is_kept = sink->position(sink, position);
    int result;

    files_check(device->directory, clock_utc_ns(turn->clock), sink); /* J3 */
    result = is_kept ? look_for_position(device, position, turn, sink) : 0;

    if (result >= 0 && !is_kept) { /* before the matches: the last of all entries */
        result = place_anew(device, sink);
        is_kept = sink->position(sink, position);
    }
    result = result < 0 ? result : add_matches(device);
    if (result >= 0 && is_kept) {
        result = library->seek_cursor(device->journal, position);
        result = result < 0 ? result : library->next(device->journal);
        device->is_at = result > 0 && library->test_cursor(device->journal, position) == 0;
    } else if (result >= 0) {
        result = library->seek_head(device->journal);
    }
    device->is_placed = result >= 0;
    return result;
}

/** The value of a field of this entry; empty when it has none. */
static struct log_text field_of(const struct journal_device *device, const char *field)
{
    size_t name = strlen(field) + 1; /* with '=' */
    const void *data;
    size_t size;

    if (device->library.get_data(device->journal, field, &data, &size) < 0 || size <= name) {
        return (struct log_text){"", 0};
    }
    return (struct log_text){(const char *)data + name, (uint32_t)(size - name)};
}

static struct log_text source_of(const struct journal_device *device, char copy[UNIT_SIZE])
{
    static const char *const fields[] = {"UNIT", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER",
                                         "_TRANSPORT"};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct log_text text = field_of(device, fields[i]);

        if (text.size_bytes > 0) { /* the next get_data() may move it */
            text.size_bytes = text.size_bytes < UNIT_SIZE ? text.size_bytes : UNIT_SIZE;
            memcpy(copy, text.bytes, text.size_bytes);
            return (struct log_text){copy, text.size_bytes};
        }
    }
    return log_text_of("journal");
}

static enum log_severity severity_of(const struct journal_device *device)
{
    struct log_text text = field_of(device, "PRIORITY");

    return text.size_bytes == 1 && text.bytes[0] >= '0' && text.bytes[0] <= '7'
               ? (enum log_severity)(text.bytes[0] - '0')
               : LOG_SEVERITY_UNKNOWN;
}

/** Hand over the entry it is at. false: no room now. */
static bool hand_over(struct journal_device *device, struct driver_sink *sink)
{
    char source[UNIT_SIZE], position[DRIVER_POSITION_SIZE];
    struct driver_line line = {.time_ns = entry_time_ns(device), .position = position};

    if (!take_position(device, position)) {
        return false;
    }
    line.record.severity = severity_of(device);
    line.record.source = source_of(device, source);
    line.record.fields = log_text_of("");
    line.record.message = field_of(device, "MESSAGE"); /* the last: it is not copied */
    return sink->line(sink, &line);
}

static enum error_code journal_read(void *state, const struct driver_turn *turn,
                                    struct driver_sink *sink, struct error *error)
{
    struct journal_device *device = state;
    int result = device->is_placed ? 1 : place(device, turn, sink);

    for (unsigned i = 0; i < LINES_A_TURN && result >= 0; i++) {
        int64_t left_ns = turn->deadline_ns - clock_monotonic_ns(turn->clock);

        if (!device->is_at) {
            result = device->library.next(device->journal);
            device->is_at = result > 0;
        }
        if (device->is_at && !hand_over(device, sink)) {
            return ERROR_OK; /* D8 */
        }
        if (result == 0 && !device->is_at && (i > 0 || left_ns <= 0)) {
            return ERROR_OK; /* all is read: let it be committed */
        }
        if (result == 0 && !device->is_at) {
            result = device->library.wait(device->journal, (uint64_t)(left_ns / NS_PER_US));
        }
        device->is_at = false;
    }
    return result < 0 ? fail(device, "read", result, error) : ERROR_OK;
}

static void journal_committed(void *state)
{
    (void)state; /* the position went with the lines */
}

static void journal_close(void *state)
{
    struct journal_device *device = state;

    if (device->journal != NULL) {
        device->library.close(device->journal);
    }
    device->journal = NULL;
    device->is_placed = device->is_at = false;
    journal_library_unload(&device->library);
}

const struct driver journal_driver = {
    .name = "journal",
    .summary = "reads the systemd journal into the logs",
    .options = device_options,
    .state_size = sizeof(struct journal_device),
    .pushes = true,
    .add_point = journal_add_point,
    .prepare = journal_prepare,
    .open = journal_open,
    .read = journal_read,
    .committed = journal_committed,
    .close = journal_close,
    .destroy = journal_close,
};
