#include "agent/inspect/request.h"

#include "base/clock.h"
#include "base/parse.h"
#include "drivers/mqtt/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 32, DATE_LENGTH = sizeof("2026-11-22") - 1 };

static const char *const words[] = {"stat", "check", "export"};

void inspect_request_init(struct inspect_request *request, enum inspect_word word)
{
    *request = (struct inspect_request){
        .word = word,
        .stream = STREAM_READINGS,
        .from = {.sequence = 1},
        .to = {.sequence = UINT64_MAX},
    };
}

static void format_bound(const struct inspect_bound *bound, char text[WORD_MAX])
{
    if (bound->is_time) {
        (void)snprintf(text, WORD_MAX, "t%" PRId64, bound->received_ns); /* fits, as the next */
    } else {
        (void)snprintf(text, WORD_MAX, "n%" PRIu64, bound->sequence);
    }
}

void inspect_request_format(const struct inspect_request *request, char line[INSPECT_LINE_MAX])
{
    char from[WORD_MAX], to[WORD_MAX];

    if (request->word != INSPECT_EXPORT) {
        (void)snprintf(line, INSPECT_LINE_MAX, "%s", words[request->word]); /* fits */
        return;
    }
    format_bound(&request->from, from);
    format_bound(&request->to, to);
    (void)snprintf(line, INSPECT_LINE_MAX, "export %s %s %s %s", stream_name(request->stream),
                   request->csv ? "csv" : "parquet", from, to); /* fits: two bounds are 42 */
}

static bool stream_of(const char *name, enum stream *stream)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (strcmp(name, stream_name((enum stream)i)) == 0) {
            *stream = (enum stream)i;
            return true;
        }
    }
    return false;
}

static bool format_of(const char *name, bool *csv)
{
    *csv = strcmp(name, "csv") == 0;
    return *csv || strcmp(name, "parquet") == 0;
}

static bool parse_bound(const char *text, struct inspect_bound *bound)
{
    *bound = (struct inspect_bound){.is_time = text[0] == 't'};
    return bound->is_time ? parse_int64(text + 1, &bound->received_ns)
                          : text[0] == 'n' && parse_uint64(text + 1, &bound->sequence);
}

/** The words of a line, each terminated in `copy`; how many. */
static size_t split(const char *line, char copy[INSPECT_LINE_MAX], const char *list[], size_t most)
{
    size_t count = 0;
    char *rest = copy;

    if (strlen(line) >= INSPECT_LINE_MAX) {
        return 0;
    }
    memcpy(copy, line, strlen(line) + 1);
    while (rest != NULL && count < most) {
        list[count++] = strsep(&rest, " ");
    }
    return rest == NULL ? count : 0;
}

enum error_code inspect_request_parse(const char *line, struct inspect_request *request,
                                      struct error *error)
{
    const char *list[5];
    char copy[INSPECT_LINE_MAX];
    size_t count = split(line, copy, list, sizeof(list) / sizeof(list[0]));

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && count > 0; i++) {
        if (strcmp(list[0], words[i]) != 0) {
            continue;
        }
        inspect_request_init(request, (enum inspect_word)i);
        if (count == 1 && request->word != INSPECT_EXPORT) {
            return ERROR_OK;
        }
        if (count == 5 && request->word == INSPECT_EXPORT && stream_of(list[1], &request->stream) &&
            format_of(list[2], &request->csv) && parse_bound(list[3], &request->from) &&
            parse_bound(list[4], &request->to)) {
            return ERROR_OK;
        }
    }
    return error_set(error, ERROR_BAD_DATA, "this agent does not know the request 'queue %.60s'",
                     line);
}

/** A date alone means all of its day. */
static bool read_time(const char *value, bool is_end, int64_t *utc_ns)
{
    char whole[WORD_MAX];
    bool is_date = strlen(value) == DATE_LENGTH;

    if (snprintf(whole, sizeof(whole), "%s%s", value, is_date ? "T00:00:00Z" : "") >=
            (int)sizeof(whole) ||
        !mqtt_stamp_parse(MQTT_STAMP_ISO8601, whole, strlen(whole), utc_ns)) {
        return false;
    }
    *utc_ns += is_date && is_end ? NS_PER_DAY - 1 : 0;
    return true;
}

static enum error_code set_bound(struct inspect_bound *bound, bool is_end, const char *value,
                                 struct error *error)
{
    *bound = (struct inspect_bound){0};
    if (parse_uint64(value, &bound->sequence)) {
        return ERROR_OK;
    }
    bound->is_time = true;
    return read_time(value, is_end, &bound->received_ns)
               ? ERROR_OK
               : error_set(error, ERROR_BAD_CONFIG,
                           "--%s %.40s is neither a number nor a time; write 12345, 2026-11-22 or "
                           "2026-11-22T10:00:00Z",
                           is_end ? "to" : "from", value);
}

enum error_code inspect_request_set(struct inspect_request *request, const char *option,
                                    const char *value, struct error *error)
{
    if (strcmp(option, "stream") == 0) {
        return stream_of(value, &request->stream)
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "there is no stream '%.40s'; write readings, events, logs or "
                               "catalogue",
                               value);
    }
    if (strcmp(option, "format") == 0) {
        return format_of(value, &request->csv)
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "there is no format '%.40s'; write csv or parquet", value);
    }
    return strcmp(option, "to") == 0 ? set_bound(&request->to, true, value, error)
                                     : set_bound(&request->from, false, value, error);
}
