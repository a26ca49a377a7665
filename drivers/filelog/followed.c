#include "drivers/filelog/followed.h"

#include "base/crc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIT_AGAIN_COUNT = 1000 };

void followed_begin(struct followed *followed, const struct stat *file)
{
    uint32_t slot = followed->slot;

    *followed = (struct followed){
        .is_used = true, .fd = -1, .slot = slot, .device = file->st_dev, .inode = file->st_ino};
}

bool followed_parse(struct followed *followed, const char *position)
{
    uint64_t numbers[6] = {0};
    char *end = NULL;

    for (size_t i = 0; i < 6; i++) {
        numbers[i] = strtoull(position, &end, 16);
        if (end == position || *end != (i < 5 ? ':' : '\0')) {
            return false;
        }
        position = end + 1;
    }
    *followed = (struct followed){
        .is_used = true,
        .fd = -1,
        .slot = followed->slot,
        .device = numbers[0],
        .inode = numbers[1],
        .offset = numbers[2],
        .head_mark = (uint32_t)numbers[3],
        .tail_mark = (uint32_t)numbers[4],
        .part = (uint32_t)numbers[5],
    };
    return true;
}

void followed_print(const struct followed *followed, char position[DRIVER_POSITION_SIZE])
{
    (void)snprintf(position, DRIVER_POSITION_SIZE,
                   "%" PRIx64 ":%" PRIx64 ":%" PRIx64 ":%" PRIx32 ":%" PRIx32 ":%" PRIx32,
                   followed->device, followed->inode, followed->offset, followed->head_mark,
                   followed->tail_mark, followed->part); /* fits: 77 bytes at most */
}

/** How many bytes a mark is made of. */
static size_t mark_bytes(uint64_t offset)
{
    return offset < FOLLOWED_MARK_BYTES ? (size_t)offset : FOLLOWED_MARK_BYTES;
}

/** The checksum of `size` bytes at `offset`. */
static bool mark_of(int fd, uint64_t offset, size_t size, uint32_t *mark)
{
    uint8_t bytes[FOLLOWED_MARK_BYTES];

    if (pread(fd, bytes, size, (off_t)offset) != (ssize_t)size) {
        return false;
    }
    *mark = crc32c(0, bytes, size);
    return true;
}

bool followed_fits(const struct followed *followed, int fd)
{
    size_t size = mark_bytes(followed->offset);
    uint32_t head, tail;

    return mark_of(fd, 0, size, &head) && mark_of(fd, followed->offset - size, size, &tail) &&
           head == followed->head_mark && tail == followed->tail_mark;
}

bool followed_begins_like(const struct followed *followed, int fd, uint64_t size)
{
    size_t compared = mark_bytes(size);
    uint32_t ours, theirs;
    struct stat file;

    if (followed->fd < 0) {
        return compared == FOLLOWED_MARK_BYTES && mark_of(fd, 0, compared, &theirs) &&
               theirs == followed->head_mark;
    }
    if (fstat(followed->fd, &file) != 0) {
        return false;
    }
    compared = mark_bytes((uint64_t)file.st_size < size ? (uint64_t)file.st_size : size);
    return compared > 0 && mark_of(followed->fd, 0, compared, &ours) &&
           mark_of(fd, 0, compared, &theirs) && ours == theirs;
}

bool followed_set_offset(struct followed *followed, uint64_t offset)
{
    size_t size = mark_bytes(offset);
    uint32_t head, tail;

    if (!mark_of(followed->fd, 0, size, &head) ||
        !mark_of(followed->fd, offset - size, size, &tail)) {
        return false;
    }
    followed->offset = offset;
    followed->head_mark = head;
    followed->tail_mark = tail;
    followed->part = 0;
    return true;
}

void followed_attach(struct followed *followed, int fd, const struct stat *file, const char *path)
{
    followed_detach(followed);
    followed->fd = fd;
    followed->device = file->st_dev;
    followed->inode = file->st_ino;
    followed->lost_ns = 0;
    (void)snprintf(followed->path, sizeof(followed->path), "%s", path); /* found by that length */
}

void followed_detach(struct followed *followed)
{
    if (followed->is_used && followed->fd >= 0) {
        (void)close(followed->fd); /* read only */
    }
    followed->fd = -1;
}

/** {"file":"/var/log/x.log","host":"press","part":2} */
static size_t print_fields(const struct followed *followed, const struct members *members,
                           bool is_part, bool is_last, char fields[FOLLOWED_FIELDS_SIZE])
{
    static const char opening[] = "{\"file\":\"";
    size_t used = sizeof(opening) - 1;

    memcpy(fields, opening, used);
    for (const char *at = followed->path; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            fields[used++] = '\\';
        }
        fields[used++] = (char)((unsigned char)*at < 0x20 ? ' ' : *at);
    }
    fields[used++] = '"';
    memcpy(fields + used, members->text, members->size);
    used += members->size;
    if (is_part) {
        used +=
            (size_t)snprintf(fields + used, FOLLOWED_FIELDS_SIZE - used, ",\"part\":%" PRIu32 "%s",
                             followed->part + 1, is_last ? ",\"last\":true" : ""); /* fits */
    }
    fields[used++] = '}';
    return used;
}

/** Take the text apart. The second and further parts of a record are kept as they are, and so is
 * what does not have the format (FL5). true: it has. */
static bool parse(const struct followed *followed, struct entry_rules *rules, const char *text,
                  size_t size)
{
    if (followed->part > 0) {
        line_parts_keep(&rules->parts, text, size, rules->now_ns);
        return true;
    }
    if (!entry_parse(rules, text, size)) {
        members_raw(&rules->parts.members, ",\"unparsed\":true");
        return false;
    }
    return true;
}

/** FL5: once, until the format was right for a while. */
static void tell_unfit(const struct followed *followed, struct followed_reading *reading, bool fits)
{
    const struct driver_rejection rejection = {
        .received_ns = reading->rules.now_ns,
        .source = followed->path,
        .reason = "a line does not have the configured format; such lines are kept as they are, "
                  "with \"unparsed\" in their fields: look at format, pattern and time_format",
        .payload = reading->rules.parts.message.bytes,
        .payload_bytes = reading->rules.parts.message.size_bytes,
    };

    if (fits) {
        reading->fit_count += reading->fit_count < FIT_AGAIN_COUNT;
        reading->is_unfit_told = reading->is_unfit_told && reading->fit_count < FIT_AGAIN_COUNT;
        return;
    }
    reading->fit_count = 0;
    if (!reading->is_unfit_told) {
        reading->sink->reject(reading->sink, &rejection);
    }
    reading->is_unfit_told = true;
}

/** The marks of what was read up to `end`, from `portion->from` on; before that stand as many bytes
 *  as a mark has. */
static void mark_again(struct followed *followed, const struct followed_portion *portion,
                       const uint8_t *end)
{
    size_t size = mark_bytes(followed->offset);

    followed->tail_mark = crc32c(0, end - size, size);
    if (portion->from_offset < FOLLOWED_MARK_BYTES) { /* all before it is there */
        followed->head_mark = crc32c(0, portion->from - portion->from_offset, size);
    }
}

/** Hand over what was put together, up to `end`. false: the sink has no room, `followed` is where
 * it was before all of it. */
static bool hand_over(struct followed *followed, struct followed_reading *reading,
                      const uint8_t *end)
{
    struct followed_portion *portion = &reading->portion;
    struct followed next = *followed;
    char position[DRIVER_POSITION_SIZE];

    mark_again(&next, portion, end);
    followed_print(&next, position);
    portion->lines[portion->count - 1].position = position;
    reading->sink->slot = followed->slot;
    if (!reading->sink->lines(reading->sink, portion->lines, portion->count)) {
        return false;
    }
    reading->taken_bytes += (uint64_t)(end - portion->from);
    *followed = next;
    return true;
}

static void begin_portion(struct followed_portion *portion, const struct followed *followed,
                          const uint8_t *from)
{
    portion->count = portion->used = portion->bytes = 0;
    portion->from = from;
    portion->from_offset = followed->offset;
    portion->from_part = followed->part;
}

/** Add the record at `bytes`; `followed` is then behind it, but for the marks. */
static void add(struct followed *followed, struct followed_reading *reading, const uint8_t *bytes,
                const struct entry *entry)
{
    struct followed_portion *portion = &reading->portion;
    struct driver_line *line = &portion->lines[portion->count++];
    const struct line_parts *parts = &reading->rules.parts;
    const char *name = strrchr(followed->path, '/');
    char *text = portion->texts + portion->used, *fields;
    size_t text_size = entry_text(&reading->rules, entry, bytes, text), fields_size;

    tell_unfit(followed, reading, parse(followed, &reading->rules, text, text_size));
    fields = text + text_size;
    fields_size = print_fields(followed, &parts->members, !entry->is_whole || followed->part > 0,
                               entry->is_whole, fields);
    *line = (struct driver_line){
        .time_ns = parts->time_ns,
        .record = {.severity = parts->severity,
                   .source = parts->source.size_bytes > 0
                                 ? parts->source
                                 : log_text_of(name != NULL ? name + 1 : followed->path),
                   .fields = {fields, (uint32_t)fields_size},
                   .message = parts->message},
    };
    portion->used += text_size + fields_size;
    portion->bytes += driver_line_bytes(line);
    followed->offset += entry->size;
    followed->part = entry->is_whole ? 0 : followed->part + 1;
}

/** The sink had no room: all of the portion stands before us again. */
static void take_back(struct followed *followed, const struct followed_portion *portion,
                      struct entry_bytes *left)
{
    left->size += (size_t)(left->bytes - portion->from);
    left->bytes = portion->from;
    followed->offset = portion->from_offset;
    followed->part = portion->from_part;
}

static bool is_full(const struct followed_portion *portion, size_t most)
{
    return portion->count >= most || portion->bytes > DRIVER_LINES_BYTES ||
           portion->used > DRIVER_LINES_BYTES;
}

/** Hand over the records of `left`, in portions. false: the sink has no room. */
static bool hand_over_all(struct followed *followed, struct followed_reading *reading,
                          struct entry_bytes *left)
{
    struct followed_portion *portion = &reading->portion;
    size_t most = DRIVER_LINES_MAX;
    struct entry entry;

    for (;;) {
        begin_portion(portion, followed, left->bytes);
        while (!is_full(portion, most) && left->size > 0 &&
               entry_find(&reading->rules, left, &entry)) {
            add(followed, reading, left->bytes, &entry);
            left->bytes += entry.size;
            left->size -= entry.size;
        }
        if (portion->count == 0) {
            return true;
        }
        if (!hand_over(followed, reading, left->bytes)) {
            take_back(followed, portion, left);
            if (portion->count == 1) {
                return false;
            }
            most = 1; /* there may be room for less */
        }
    }
}

enum followed_result followed_read(struct followed *followed, struct followed_reading *reading)
{
    size_t before = mark_bytes(followed->offset);
    uint64_t from = followed->offset - before, was_taken = reading->taken_bytes;
    ssize_t got = pread(followed->fd, reading->bytes, before + FOLLOWED_CHUNK_BYTES, (off_t)from);
    struct entry_bytes left = {.bytes = reading->bytes + before};
    bool is_all;
    struct stat file;

    /* Looked at after reading: a truncation that came before is seen now. */
    if (got < (ssize_t)before || fstat(followed->fd, &file) != 0 ||
        (uint64_t)file.st_size < from + (uint64_t)got || !followed_fits(followed, followed->fd)) {
        return FOLLOWED_BROKEN;
    }
    left.size = (size_t)got - before;
    is_all = (uint64_t)file.st_size == from + (uint64_t)got;
    if (is_all) { /* else it goes on in the next chunk */
        left.is_rest = reading->is_idle;
        left.is_settled = reading->is_settled;
    }
    if (!hand_over_all(followed, reading, &left)) {
        return FOLLOWED_FULL;
    }
    return reading->taken_bytes > was_taken && !is_all ? FOLLOWED_MORE : FOLLOWED_END;
}
