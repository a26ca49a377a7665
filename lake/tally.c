#include "lake/tally.h"

#include <stdlib.h>
#include <string.h>

void tally_init(struct tally *tally)
{
    buffer_init(&tally->losses, SIZE_MAX / 2);
    buffer_init(&tally->outages, SIZE_MAX / 2);
}

void tally_deinit(struct tally *tally)
{
    buffer_deinit(&tally->losses);
    buffer_deinit(&tally->outages);
}

size_t tally_loss_count(const struct tally *tally)
{
    return tally->losses.size / sizeof(struct loss);
}

const struct loss *tally_loss_at(const struct tally *tally, size_t index)
{
    return (const struct loss *)(const void *)tally->losses.bytes + index;
}

size_t tally_outage_count(const struct tally *tally)
{
    return tally->outages.size / sizeof(struct outage);
}

const struct outage *tally_outage_at(const struct tally *tally, size_t index)
{
    return (const struct outage *)(const void *)tally->outages.bytes + index;
}

/** 0 is unknown, on either side. */
static int64_t earlier(int64_t one, int64_t two)
{
    return one == 0 || (two != 0 && two < one) ? two : one;
}

static int64_t later(int64_t one, int64_t two)
{
    return one == 0 || (two != 0 && two > one) ? two : one;
}

static int compare_names(const struct object_name *one, const struct object_name *two)
{
    int order = strcmp(one->site, two->site);

    return order != 0 ? order : strcmp(one->gateway, two->gateway);
}

static int compare_losses(const void *left, const void *right)
{
    const struct loss *one = left;
    const struct loss *two = right;
    int order = compare_names(one->name, two->name);

    if (order == 0) {
        order = strcmp(one->name->incarnation, two->name->incarnation);
    }
    if (order == 0) {
        order = (int)one->stream - (int)two->stream;
    }
    return order != 0 ? order : strcmp(one->reason, two->reason);
}

static int compare_outages(const void *left, const void *right)
{
    const struct outage *one = left;
    const struct outage *two = right;
    int order = compare_names(one->name, two->name);

    return order != 0 ? order : (int)one->kind - (int)two->kind;
}

static void merge_loss(void *into, const void *from)
{
    struct loss *sum = into;
    const struct loss *loss = from;

    sum->ranges += loss->ranges;
    sum->count += loss->count;
    sum->from_us = earlier(sum->from_us, loss->from_us);
    sum->to_us = later(sum->to_us, loss->to_us);
}

static void merge_outage(void *into, const void *from)
{
    struct outage *sum = into;
    const struct outage *outage = from;

    sum->events += outage->events;
    sum->count += outage->count;
    if (__builtin_add_overflow(sum->total_us, outage->total_us, &sum->total_us)) {
        sum->total_us = INT64_MAX;
    }
    sum->least_us = earlier(sum->least_us, outage->least_us);
    sum->most_us = later(sum->most_us, outage->most_us);
}

/** Sort the items and make one of those that compare equal. */
static void group(struct buffer *items, size_t size, int (*compare)(const void *, const void *),
                  void (*merge)(void *into, const void *from))
{
    size_t count = items->size / size;
    size_t kept = 0;

    if (count == 0) {
        return;
    }
    qsort(items->bytes, count, size, compare);
    for (size_t i = 1; i < count; i++) {
        uint8_t *last = items->bytes + kept * size;
        const uint8_t *item = items->bytes + i * size;

        if (compare(last, item) == 0) {
            merge(last, item);
        } else {
            kept++;
            memmove(items->bytes + kept * size, item, size);
        }
    }
    items->size = (kept + 1) * size;
}

enum error_code tally_fill(const struct verification *verification, struct tally *tally,
                           struct error *error)
{
    const struct account_book *book = &verification->book;
    const struct buffer *outages = &verification->claims.outages;

    for (size_t i = 0; i < hole_count(book); i++) {
        const struct hole *hole = hole_at(book, i);
        const struct loss loss = {
            hole->name,    hole->stream, hole->reason, 1, hole->last - hole->first + 1,
            hole->from_us, hole->to_us};

        if (hole->kind == HOLE_LOST) {
            (void)buffer_append(&tally->losses, &loss, sizeof(loss)); /* looked at below */
        }
    }
    if (outages->size > 0) {
        (void)buffer_append(&tally->outages, outages->bytes, outages->size); /* looked at below */
    }
    if (tally->losses.failed || tally->outages.failed) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory for the report");
    }
    group(&tally->losses, sizeof(struct loss), compare_losses, merge_loss);
    group(&tally->outages, sizeof(struct outage), compare_outages, merge_outage);
    return ERROR_OK;
}
