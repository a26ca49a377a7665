/* `leat queue stat`: what is in the queue, and where its room goes. */
#include "agent/inspect/inspect.h"
#include "base/clock.h"

#include <sys/stat.h>

/** The time of receipt of one record. */
static bool take_time(void *context, uint64_t sequence, const struct sample *sample,
                      const struct store_regime *regime)
{
    (void)sequence;
    (void)regime;
    *(int64_t *)context = sample->received_ns;
    return false;
}

static void add_stamp(cJSON *row, const char *key, int64_t utc_ns)
{
    char stamp[CLOCK_STAMP_SIZE] = "";

    if (utc_ns != 0) {
        clock_format_stamp(utc_ns, stamp, sizeof(stamp));
    }
    (void)cJSON_AddStringToObject(row, key, stamp);
}

static void add_number(cJSON *row, const char *key, uint64_t number)
{
    (void)cJSON_AddNumberToObject(row, key, (double)number); /* exact up to 2^53 */
}

static enum error_code add_cut(const struct inspect_source *source, enum stream stream, cJSON *row,
                               struct error *error)
{
    struct store_cut cut;
    bool under_way = false;
    enum error_code code = store_cut_load(source->store, stream, &cut, &under_way, error);

    if (code == ERROR_OK && under_way) {
        cJSON *range = cJSON_AddObjectToObject(row, "uploading");

        add_number(range, "first", cut.first);
        add_number(range, "last", cut.last);
    }
    return code;
}

static enum error_code add_stream(const struct inspect_source *source, enum stream stream,
                                  cJSON *streams, struct error *error)
{
    struct store_stream_state state;
    int64_t newest_ns = 0;
    cJSON *row = cJSON_CreateObject();
    enum error_code code = ERROR_OK;

    (void)cJSON_AddItemToArray(streams, row);
    store_state(source->store, stream, &state);
    if ((int)stream < (int)STREAM_RING_COUNT && state.committed_sequence > 0) {
        code = store_read(source->store, stream, state.committed_sequence, take_time, &newest_ns,
                          error);
    }
    (void)cJSON_AddStringToObject(row, "name", stream_name(stream));
    add_number(row, "next_sequence", state.next_sequence);
    add_number(row, "committed", state.committed_sequence);
    add_number(row, "acknowledged", state.acknowledged);
    add_number(row, "waiting", state.waiting_count);
    add_number(row, "waiting_bytes", state.waiting_bytes);
    add_number(row, "ring_bytes", state.ring_bytes);
    add_number(row, "lost", state.lost_count);
    add_stamp(row, "oldest_waiting", state.oldest_received_ns);
    add_stamp(row, "newest", newest_ns);
    return code == ERROR_OK ? add_cut(source, stream, row, error) : code;
}

/** The file's size and what it takes on the disk. */
static void add_file(cJSON *summary, const char *key, const char *path)
{
    struct stat about;
    cJSON *row = cJSON_AddObjectToObject(summary, key);

    (void)cJSON_AddStringToObject(row, "path", path);
    if (stat(path, &about) == 0) {
        add_number(row, "bytes", (uint64_t)about.st_size);
        add_number(row, "bytes_on_disk", (uint64_t)about.st_blocks * 512); /* POSIX: of 512 bytes */
    }
}

enum error_code inspect_stat(const struct inspect_source *source, cJSON *summary,
                             struct error *error)
{
    char journal[4096];
    cJSON *streams;

    (void)snprintf(journal, sizeof(journal), "%s-wal", source->path); /* cut, it is only shown */
    (void)cJSON_AddStringToObject(summary, "incarnation", store_incarnation(source->store));
    add_file(summary, "queue", source->path);
    add_file(summary, "journal", journal);
    streams = cJSON_AddArrayToObject(summary, "streams");
    for (int i = 0; i < STREAM_COUNT; i++) {
        enum error_code code = add_stream(source, (enum stream)i, streams, error);

        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}
