#include "drivers/filelog/followed.h"

#include "base/crc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS_SIZE = 2 * FOLLOWED_PATH_SIZE + MEMBERS_SIZE + 64, FIT_AGAIN_COUNT = 1000 };

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
static void print_fields(const struct followed *followed, const struct members *members,
                         bool is_part, bool is_last, char fields[FIELDS_SIZE])
{
    size_t used = (size_t)snprintf(fields, FIELDS_SIZE, "{\"file\":\""); /* fits */

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
        (void)snprintf(fields + used, FIELDS_SIZE - used, ",\"part\":%" PRIu32 "%s}",
                       followed->part + 1, is_last ? ",\"last\":true" : ""); /* fits */
    } else {
        (void)snprintf(fields + used, FIELDS_SIZE - used, "}"); /* fits */
    }
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

/** `followed` when the `size` bytes at `bytes` are read, too. The mark's bytes stand before. */
static struct followed step(const struct followed *followed, const uint8_t *bytes, size_t size,
                            bool ends_line)
{
    struct followed next = *followed;
    size_t mark_size;

    next.offset += size;
    next.part = ends_line ? 0 : followed->part + 1;
    mark_size = mark_bytes(next.offset);
    next.tail_mark = crc32c(0, bytes + size - mark_size, mark_size);
    if (followed->offset < FOLLOWED_MARK_BYTES) { /* all before it is in `bytes` */
        next.head_mark = crc32c(0, bytes - followed->offset, mark_size);
    }
    return next;
}

/** Hand over the record at `bytes`; `followed` is then behind it. */
static bool hand_over(struct followed *followed, struct followed_reading *reading,
                      const uint8_t *bytes, const struct entry *entry)
{
    struct followed next = step(followed, bytes, entry->size, entry->is_whole);
    const char *name = strrchr(followed->path, '/');
    char fields[FIELDS_SIZE], position[DRIVER_POSITION_SIZE];
    size_t text_size = entry_text(&reading->rules, entry, bytes, reading->text);
    bool fits = parse(followed, &reading->rules, reading->text, text_size);
    const struct line_parts *parts = &reading->rules.parts;
    struct driver_line line = {.time_ns = parts->time_ns, .position = position};

    followed_print(&next, position);
    print_fields(followed, &parts->members, !entry->is_whole || followed->part > 0, entry->is_whole,
                 fields);
    line.record = (struct log_record){
        .severity = parts->severity,
        .source = parts->source.size_bytes > 0
                      ? parts->source
                      : log_text_of(name != NULL ? name + 1 : followed->path),
        .fields = log_text_of(fields),
        .message = parts->message,
    };
    reading->sink->slot = followed->slot;
    if (!reading->sink->line(reading->sink, &line)) {
        return false;
    }
    tell_unfit(followed, reading, fits);
    *followed = next;
    return true;
}

enum followed_result followed_read(struct followed *followed, struct followed_reading *reading)
{
    size_t before = mark_bytes(followed->offset);
    uint64_t from = followed->offset - before;
    ssize_t got = pread(followed->fd, reading->bytes, before + FOLLOWED_CHUNK_BYTES, (off_t)from);
    struct entry_bytes left = {.bytes = reading->bytes + before};
    enum followed_result result = FOLLOWED_END;
    struct entry entry;
    struct stat file;

    /* Looked at after reading: a truncation that came before is seen now. */
    if (got < (ssize_t)before || fstat(followed->fd, &file) != 0 ||
        (uint64_t)file.st_size < from + (uint64_t)got || !followed_fits(followed, followed->fd)) {
        return FOLLOWED_BROKEN;
    }
    left.size = (size_t)got - before;
    if ((uint64_t)file.st_size == from + (uint64_t)got) { /* else it goes on in the next chunk */
        left.is_rest = reading->is_idle;
        left.is_settled = reading->is_settled;
    }
    while (left.size > 0 && entry_find(&reading->rules, &left, &entry)) {
        if (!hand_over(followed, reading, left.bytes, &entry)) {
            return FOLLOWED_FULL;
        }
        left.bytes += entry.size;
        left.size -= entry.size;
        result = FOLLOWED_MORE;
    }
    return result;
}
