#include "lake/listing.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 2 * PATH_MAX };

/* Paths and sentences may hold commas and quotes: RFC 4180 doubles the quotes. */
static void add_text(struct buffer *csv, const char *text)
{
    (void)buffer_append_byte(csv, '"'); /* write_file() asks whether all of it fitted */
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)buffer_append_byte(csv, '"');
        }
        (void)buffer_append(csv, text, 1);
    }
    (void)buffer_append_byte(csv, '"');
}

static void add_format(struct buffer *csv, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_format(struct buffer *csv, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(line)) {
        csv->failed = true;
        return;
    }
    (void)buffer_append(csv, line, (size_t)length);
}

static enum error_code write_file(const char *folder, const char *name, const struct buffer *csv,
                                  struct error *error)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (csv->failed || length < 0 || (size_t)length >= sizeof(path)) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory for the list %s", name);
    }
    return fs_replace_file(path, csv->bytes, csv->size, 0644, error);
}

static void add_gateway(struct buffer *csv, const struct object_name *name, enum stream stream)
{
    add_format(csv, "%s,%s,%s,%s,", name->site, name->gateway, name->incarnation,
               stream_name(stream));
}

static void add_object(struct buffer *csv, const struct object_facts *facts, const char *lake)
{
    const struct object_name *name = &facts->name;
    char object[BATCH_NAME_MAX];
    char path[PATH_MAX + BATCH_NAME_MAX];
    char date[CLOCK_DATE_SIZE];

    if (object_name_build(name, object, NULL) != ERROR_OK) {
        csv->failed = true; /* it was parsed from a name: cannot be */
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", lake, object);
    clock_format_date(name->day, date, sizeof(date));
    add_format(csv, "%s,", object);
    add_text(csv, path);
    add_format(csv, ",");
    add_gateway(csv, name, name->stream);
    add_format(csv, "%s,%" PRIu64 ",%" PRIu64 ",%s,%s,%" PRIu64 ",%" PRIu64 ",", date, name->first,
               name->last, name->digest, facts->previous, facts->size_bytes,
               name->last - name->first + 1);
    if (facts->sound) {
        add_format(csv, "%" PRId64 ",%" PRId64 ",true,", facts->least_us, facts->most_us);
    } else {
        add_format(csv, ",,false,");
    }
    add_text(csv, facts->problem);
    add_format(csv, "\n");
}

static enum error_code write_objects(const struct verification *verification, const char *lake,
                                     const char *folder, struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer csv;

    buffer_init(&csv, SIZE_MAX / 2);
    add_format(&csv,
               "object,path,site,gateway,incarnation,stream,received_date,first_seq,last_seq,"
               "digest,previous_digest,size_bytes,row_count,least_us,most_us,sound,problem\n");
    for (size_t i = 0; i < inventory_count(&verification->inventory); i++) {
        add_object(&csv, inventory_at(&verification->inventory, i), lake);
    }
    return write_file(folder, "objects.csv", &csv, error);
}

static enum error_code write_accounts(const struct account_book *book, const char *folder,
                                      struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer csv;

    buffer_init(&csv, SIZE_MAX / 2);
    add_format(&csv, "site,gateway,incarnation,stream,objects,damaged,row_count,first_seq,last_seq,"
                     "arrived,high_water,lost,missing,status\n");
    for (size_t i = 0; i < account_count(book); i++) {
        const struct account *account = account_at(book, i);

        add_gateway(&csv, account->name, account->stream);
        add_format(&csv,
                   "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                   ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s\n",
                   account->objects, account->damaged, account->rows, account->first, account->last,
                   account->arrived, account->high_water, account->lost, account->missing,
                   account_status(account));
    }
    return write_file(folder, "accounts.csv", &csv, error);
}

/** Null when it is unknown. */
static void add_time(struct buffer *csv, int64_t us)
{
    if (us == 0) {
        add_format(csv, ",");
    } else {
        add_format(csv, ",%" PRId64, us);
    }
}

static enum error_code write_gaps(const struct account_book *book, const char *folder,
                                  struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer csv;

    buffer_init(&csv, SIZE_MAX / 2);
    add_format(&csv, "site,gateway,incarnation,stream,first_seq,last_seq,kind,from_us,to_us,"
                     "reason\n");
    for (size_t i = 0; i < hole_count(book); i++) {
        const struct hole *hole = hole_at(book, i);

        add_gateway(&csv, hole->name, hole->stream);
        add_format(&csv, "%" PRIu64 ",%" PRIu64 ",%s", hole->first, hole->last,
                   hole_kind_name(hole->kind));
        add_time(&csv, hole->from_us);
        add_time(&csv, hole->to_us);
        add_format(&csv, ",");
        add_text(&csv, hole->reason);
        add_format(&csv, "\n");
    }
    return write_file(folder, "gaps.csv", &csv, error);
}

enum error_code listing_write(const struct verification *verification, const char *lake,
                              const char *folder, struct error *error)
{
    enum error_code code = write_objects(verification, lake, folder, error);

    if (code == ERROR_OK) {
        code = write_accounts(&verification->book, folder, error);
    }
    if (code == ERROR_OK) {
        code = write_gaps(&verification->book, folder, error);
    }
    return code;
}
