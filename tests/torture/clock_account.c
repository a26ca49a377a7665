#include "tests/torture/clock_account.h"

#include "base/clock.h"
#include "base/status_code.h"
#include "lake/object.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_TIME_NS   (5 * NS_PER_S)
#define LEAST_WAIT_NS (600 * NS_PER_S) /* of a clock that is not synchronised, at most */

static void *grown(void *list, size_t *room, size_t count, size_t size)
{
    if (count >= *room) {
        size_t wanted = *room == 0 ? 1024 : 2 * *room;

        while (wanted <= count) {
            wanted *= 2;
        }
        list = realloc(list, wanted * size);
        if (list == NULL) {
            abort();
        }
        memset((char *)list + *room * size, 0, (wanted - *room) * size);
        *room = wanted;
    }
    return list;
}

void account_deinit(struct account *account)
{
    free(account->readings);
    free(account->boots);
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        free(account->found[i]);
    }
}

void account_reading(struct account *account, const struct truth *truth)
{
    account->readings = grown(account->readings, &account->reading_room, account->reading_count,
                              sizeof(*account->readings));
    account->readings[account->reading_count++] = *truth;
}

void account_boot(struct account *account)
{
    account->boots =
        grown(account->boots, &account->boot_room, account->boot_count, sizeof(*account->boots));
    account->boots[account->boot_count++].right_ns = INT64_MAX;
}

/** Print the first of a kind, so that it can be looked into. */
static void tell(uint64_t *count, const char *what, uint64_t number, int64_t off_ns)
{
    if ((*count)++ < 3) {
        (void)printf("  %s: reading %" PRIu64 ", off by %" PRId64 " ms\n", what, number,
                     off_ns / NS_PER_MS);
    }
}

static void check_exact(struct account *account, uint64_t number, int64_t off_ns, int64_t *worst_ns)
{
    if (llabs(off_ns) > *worst_ns) {
        *worst_ns = llabs(off_ns);
    }
    if (llabs(off_ns) > NS_PER_S) {
        tell(&account->wrong_time, "wrong time", number, off_ns);
    }
}

/** Flagged, though the right time came in time? A batch goes when its first record has waited: the
 *  last one may have waited max_age less. */
static void check_flag(struct account *account, uint64_t number, const struct truth *truth,
                       int64_t off_ns)
{
    int64_t right_ns = account->boots[truth->boot].right_ns;
    int64_t surely_ns = LEAST_WAIT_NS - (int64_t)account->max_age_ns - 120 * NS_PER_S;

    if (truth->was_known || (right_ns != INT64_MAX && right_ns - truth->true_ns < surely_ns)) {
        tell(&account->wrong_flag, "flagged for nothing", number, off_ns);
    }
}

static int64_t integer_at(const struct parquet_column *column, size_t row)
{
    return ((const union parquet_value *)(const void *)column->values.bytes)[row].integer;
}

static void check_reading(struct account *account, const struct object_reader *reader, size_t row)
{
    uint64_t number = (uint64_t)integer_at(object_column(reader, STREAM_READINGS, "seq"), row);
    int64_t received_ns =
        integer_at(object_column(reader, STREAM_READINGS, "received_ts"), row) * NS_PER_US;
    int64_t time_ns = integer_at(object_column(reader, STREAM_READINGS, "ts"), row) * NS_PER_US;
    int64_t quality = integer_at(object_column(reader, STREAM_READINGS, "quality"), row);
    int64_t value = integer_at(object_column(reader, STREAM_READINGS, "value_int"), row);
    const struct truth *truth = &account->readings[number - 1];
    int64_t off_ns = received_ns - truth->true_ns;
    int64_t time_off_ns =
        truth->own_time ? time_ns + OWN_TIME_NS - truth->true_ns : time_ns - received_ns;

    if ((uint64_t)value != number || llabs(time_off_ns) > NS_PER_MS) {
        tell(&account->wrong_row, "another row", number, time_off_ns);
    }
    if ((quality & STATUS_TIME_UNSYNCHRONISED) != 0) {
        account->flagged++;
        account->wrong_flag += (quality >> 30) != 1;
        check_flag(account, number, truth, off_ns);
    } else if ((quality & STATUS_TIME_CORRECTED) != 0) {
        account->corrected++;
        check_exact(account, number, off_ns, &account->worst_corrected_ns);
    } else {
        account->right++;
        check_exact(account, number, off_ns, &account->worst_right_ns);
    }
}

static void note_found(struct account *account, const struct object_name *name)
{
    size_t *room = &account->found_room[name->stream];

    account->found[name->stream] = grown(account->found[name->stream], room, (size_t)name->last, 1);
    for (uint64_t number = name->first; number <= name->last; number++) {
        account->double_count += account->found[name->stream][number - 1]++ > 0;
    }
}

static void check_object(struct account *account, struct object_reader *reader, const char *lake,
                         struct object_facts *facts)
{
    struct error error;
    const struct object_name *name = &facts->name;

    account->objects++;
    if (object_check(reader, lake, facts, &error) != ERROR_OK || !facts->sound) {
        (void)printf("  not sound: %s\n", facts->problem);
        account->unsound++;
        return;
    }
    if (name->stream == STREAM_CATALOGUE) {
        return;
    }
    note_found(account, name);
    for (size_t row = 0; row <= name->last - name->first; row++) {
        int64_t received_us = integer_at(object_column(reader, name->stream, "received_ts"), row);

        account->spanning += clock_day_of(received_us * NS_PER_US) != name->day;
        if (name->stream == STREAM_READINGS && name->last > account->reading_count) {
            account->wrong_row++; /* a record that was never appended, or not committed */
        } else if (name->stream == STREAM_READINGS) {
            check_reading(account, reader, row);
        }
    }
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *level)
{
    (void)status;
    (void)kind;
    return level->level == 0 ? 0 : remove(path);
}

void account_check_lake(struct account *account, const char *lake)
{
    struct object_reader *reader = calloc(1, sizeof(*reader));
    struct inventory inventory;
    struct error error;
    char raw[256];

    (void)snprintf(raw, sizeof(raw), "%s/raw", lake);
    if (access(raw, F_OK) != 0) { /* nothing was uploaded since the last time */
        free(reader);
        return;
    }
    if (reader == NULL) {
        abort();
    }
    inventory_init(&inventory);
    object_reader_init(reader);
    if (inventory_collect(lake, &inventory, &error) != ERROR_OK) {
        (void)printf("  %s\n", error.text);
        account->unsound++;
    }
    for (size_t i = 0; i < inventory_count(&inventory); i++) {
        check_object(account, reader, lake, inventory_at(&inventory, i));
    }
    object_reader_deinit(reader);
    inventory_deinit(&inventory);
    free(reader);
    (void)nftw(lake, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* what stays is found double */
}

static uint64_t missing(const struct account *account, enum stream stream, size_t count)
{
    uint64_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        lost += i >= account->found_room[stream] || account->found[stream][i] == 0;
    }
    return lost;
}

uint64_t account_lost(const struct account *account)
{
    return missing(account, STREAM_READINGS, account->committed) +
           missing(account, STREAM_EVENTS, account->event_count);
}

uint64_t account_acknowledged(const struct account *account)
{
    return account->committed + account->event_count;
}

uint64_t account_broken(const struct account *account)
{
    return account->unsound + account->spanning + account->wrong_time + account->wrong_flag +
           account->wrong_row + account->late;
}
