#include "tests/torture/power_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POWER_ZEROS SIZE_MAX

enum { LEAST_BYTES = 1 << 16 };

uint64_t power_mix(uint64_t seed, uint64_t place)
{
    uint64_t mixed = seed + (place + 1) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

void *power_reallocate(void *memory, size_t size_bytes)
{
    void *larger = realloc(memory, size_bytes);

    if (larger == NULL) {
        (void)fputs("not enough memory for this test\n", stderr);
        exit(2);
    }
    return larger;
}

struct power_file *power_file_create(void)
{
    struct power_file *file = power_reallocate(NULL, sizeof(*file));

    *file = (struct power_file){0};
    return file;
}

void power_file_free(struct power_file *file)
{
    if (file != NULL) {
        free(file->now);
        free(file->durable);
        free(file->writes);
        free(file->log);
        free(file);
    }
}

static void make_room(struct power_file *file, size_t size_bytes)
{
    size_t capacity = file->capacity > 0 ? file->capacity : LEAST_BYTES;

    while (capacity < size_bytes) {
        capacity *= 2;
    }
    if (capacity > file->capacity) {
        file->now = power_reallocate(file->now, capacity);
        file->durable = power_reallocate(file->durable, capacity);
        memset(file->now + file->capacity, 0, capacity - file->capacity);
        memset(file->durable + file->capacity, 0, capacity - file->capacity);
        file->capacity = capacity;
    }
}

/** Note a write; where its bytes go in the log. */
static uint8_t *note_write(struct power_file *file, struct power_write write, bool zeros)
{
    if (file->write_count == file->write_capacity) {
        file->write_capacity = file->write_capacity > 0 ? 2 * file->write_capacity : 64;
        file->writes = power_reallocate(file->writes, file->write_capacity * sizeof(*file->writes));
    }
    write.log_at = zeros ? POWER_ZEROS : file->log_bytes;
    file->writes[file->write_count++] = write;
    if (zeros) {
        return NULL;
    }
    if (file->log_bytes + write.size_bytes > file->log_capacity) {
        file->log_capacity = 2 * (file->log_bytes + write.size_bytes);
        file->log = power_reallocate(file->log, file->log_capacity);
    }
    file->log_bytes += write.size_bytes;
    return file->log + write.log_at;
}

void power_file_write(struct power_file *file, const void *bytes, size_t size_bytes, size_t offset)
{
    struct power_write write = {.offset = offset, .size_bytes = size_bytes};
    uint8_t *copy;

    make_room(file, offset + size_bytes);
    if (offset + size_bytes > file->now_bytes) {
        file->now_bytes = offset + size_bytes;
    }
    write.file_bytes = file->now_bytes;
    copy = note_write(file, write, bytes == NULL);
    if (bytes == NULL) {
        memset(file->now + offset, 0, size_bytes);
    } else {
        memcpy(file->now + offset, bytes, size_bytes);
        memcpy(copy, bytes, size_bytes);
    }
}

void power_file_resize(struct power_file *file, size_t size_bytes)
{
    struct power_write write = {.offset = size_bytes, .file_bytes = size_bytes};

    make_room(file, size_bytes);
    if (size_bytes < file->now_bytes) {
        write.size_bytes = file->now_bytes - size_bytes;
        memset(file->now + size_bytes, 0, write.size_bytes);
    }
    file->now_bytes = size_bytes;
    (void)note_write(file, write, true); /* it has no bytes */
}

/** Make bytes from .. to of a write durable. */
static void apply_part(struct power_file *file, const struct power_write *write, size_t from,
                       size_t to)
{
    if (write->log_at == POWER_ZEROS) {
        memset(file->durable + from, 0, to - from);
    } else {
        memcpy(file->durable + from, file->log + write->log_at + (from - write->offset), to - from);
    }
}

static void set_durable_size(struct power_file *file, size_t size_bytes)
{
    if (size_bytes < file->durable_bytes) {
        memset(file->durable + size_bytes, 0, file->durable_bytes - size_bytes);
    }
    file->durable_bytes = size_bytes;
}

void power_file_sync(struct power_file *file, size_t keep_back)
{
    size_t count = file->write_count > keep_back ? file->write_count - keep_back : 0;

    for (size_t i = 0; i < count; i++) {
        const struct power_write *write = &file->writes[i];

        set_durable_size(file, write->file_bytes);
        apply_part(file, write, write->offset, write->offset + write->size_bytes);
    }
    file->write_count -= count;
    if (file->write_count == 0) {
        file->log_bytes = 0;
    } else { /* the log of a device that lies is let grow: it ends with the next power cut */
        memmove(file->writes, file->writes + count, file->write_count * sizeof(*file->writes));
    }
}

/** What becomes of the part of a write that lies in one sector. */
static void cut_sector(struct power_file *file, size_t nth, size_t from, size_t to,
                       enum power_fate fate, uint64_t seed)
{
    const struct power_write *write = &file->writes[nth];
    uint64_t dice = power_mix(seed, from / POWER_SECTOR_BYTES);
    size_t middle = (size_t)(dice >> 8) % (file->write_count + 1);
    size_t tear = from - from % POWER_SECTOR_BYTES + (size_t)(dice >> 40) % POWER_SECTOR_BYTES;

    switch (dice % (fate == POWER_EACH_OR_GARBAGE ? 8 : 7)) {
    case 0:
    case 1:
        apply_part(file, write, from, to);
        break;
    case 2:
        break;
    case 3: /* the later ones are lost */
        if (nth < middle) {
            apply_part(file, write, from, to);
        }
        break;
    case 4: /* the earlier ones are lost */
        if (nth >= middle) {
            apply_part(file, write, from, to);
        }
        break;
    case 5: /* torn: the beginning is new */
        if (from < tear) {
            apply_part(file, write, from, to < tear ? to : tear);
        }
        break;
    case 6: /* torn: the end is new */
        if (to > tear) {
            apply_part(file, write, from > tear ? from : tear, to);
        }
        break;
    default:
        for (size_t i = from; i < to; i++) {
            file->durable[i] = (uint8_t)power_mix(seed, UINT64_C(1) << 40 | i);
        }
    }
}

static void cut_write(struct power_file *file, size_t nth, enum power_fate fate, uint64_t seed)
{
    const struct power_write *write = &file->writes[nth];
    size_t threshold = (size_t)(seed >> 16) % (file->write_count + 1);
    size_t end = write->offset + write->size_bytes;
    bool torn = fate == POWER_KEEP_EARLIER && nth == threshold;

    if (fate == POWER_EACH || fate == POWER_EACH_OR_GARBAGE || torn) {
        for (size_t from = write->offset; from < end;) {
            size_t to = from - from % POWER_SECTOR_BYTES + POWER_SECTOR_BYTES;

            to = to < end ? to : end;
            cut_sector(file, nth, from, to, fate, seed);
            from = to;
        }
    } else if (fate == POWER_KEEP_ALL || (fate == POWER_KEEP_EARLIER && nth < threshold) ||
               (fate == POWER_KEEP_LATER && nth >= threshold)) {
        apply_part(file, write, write->offset, end);
    }
}

/** Of a file that grew or shrank without a sync. */
static size_t cut_size(const struct power_file *file, enum power_fate fate, uint64_t seed)
{
    uint64_t dice = power_mix(seed, 7);
    size_t nth = (size_t)(seed >> 16) % (file->write_count + 1);

    switch (fate) {
    case POWER_KEEP_ALL:
        return file->now_bytes;
    case POWER_DROP_ALL:
        return file->durable_bytes;
    case POWER_KEEP_EARLIER:
        return nth > 0 ? file->writes[nth - 1].file_bytes : file->durable_bytes;
    default:
        break;
    }
    if (dice % 4 == 0 && file->now_bytes > file->durable_bytes) { /* anywhere between */
        return file->durable_bytes +
               (size_t)(dice >> 8) % (file->now_bytes - file->durable_bytes + 1);
    }
    nth = (size_t)(dice >> 8) % (file->write_count + 1);
    return nth > 0 ? file->writes[nth - 1].file_bytes : file->durable_bytes;
}

void power_file_cut(struct power_file *file, enum power_fate fate, uint64_t seed)
{
    size_t size_bytes = cut_size(file, fate, seed);
    size_t extent = file->durable_bytes > size_bytes ? file->durable_bytes : size_bytes;

    if (file->write_count == 0) {
        return;
    }
    for (size_t i = 0; i < file->write_count; i++) {
        size_t end = file->writes[i].offset + file->writes[i].size_bytes;

        cut_write(file, i, fate, seed);
        extent = end > extent ? end : extent;
    }
    memset(file->durable + size_bytes, 0, extent - size_bytes);
    file->durable_bytes = size_bytes;
    for (size_t i = 0; i < file->write_count; i++) {
        const struct power_write *write = &file->writes[i];

        memcpy(file->now + write->offset, file->durable + write->offset, write->size_bytes);
    }
    if (size_bytes < file->now_bytes) {
        memset(file->now + size_bytes, 0, file->now_bytes - size_bytes);
    }
    file->now_bytes = size_bytes;
    file->write_count = file->log_bytes = 0;
}
