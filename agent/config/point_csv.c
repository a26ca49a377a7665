#include "agent/config/csv.h"
#include "agent/config/label.h"
#include "agent/config/point.h"
#include "agent/config/tables.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"

#include <string.h>

/** The columns of a file: keys by index, NULL for one that is not usable. */
struct header {
    const char *keys[CSV_COLUMNS_MAX];
    size_t count;
    unsigned line;
};

static struct config_place place_of(const char *path, const struct csv_row *row, size_t index)
{
    return (struct config_place){path, row->lines[index], row->columns[index]};
}

static bool read_header(const struct point_source *source, const char *path,
                        const struct csv_row *row, struct header *header)
{
    char no_options[1];
    const struct settings settings = {
        .what = "a point",
        /* Only which keys exist is asked, so any target will do. */
        .parts = {{config_point_options, no_options},
                  {source->device->driver->point_options, no_options}},
        .free_prefix = LABEL_PREFIX,
    };
    bool fine = true;

    header->count = row->count;
    header->line = row->line;
    for (size_t i = 0; i < row->count; i++) {
        struct config_place place = place_of(path, row, i);

        header->keys[i] = row->cells[i];
        for (size_t k = 0; k < i; k++) {
            if (header->keys[k] != NULL && strcmp(header->keys[k], row->cells[i]) == 0) {
                return finding_add(source->loading, &place, "the column '%.40s' stands here twice",
                                   row->cells[i]);
            }
        }
        if (row->cells[i][0] == '\0' && i + 1 == row->count) {
            header->count--; /* a separator at the end of the line */
        } else if (row->cells[i][0] == '\0') {
            fine = finding_add(source->loading, &place, "a column without a name");
        } else if (!settings_knows(source->loading, &settings, &place, row->cells[i])) {
            header->keys[i] = NULL;
            fine = false;
        }
    }
    for (size_t part = 0; part < 2; part++) {
        const struct option_spec *spec = settings.parts[part].table;

        for (; spec != NULL && spec->type != OPTION_END; spec++) {
            bool there = spec->fallback != NULL;

            for (size_t i = 0; i < header->count && !there; i++) {
                there = header->keys[i] != NULL && strcmp(header->keys[i], spec->key) == 0;
            }
            if (!there) {
                struct config_place place = {path, row->line, 1};

                return finding_add(source->loading, &place,
                                   "the first line needs a column '%s' (%s)", spec->key,
                                   spec->help);
            }
        }
    }
    return fine;
}

/** One row as a record; empty cells are left out. */
static bool row_to_record(const struct point_source *source, const char *path,
                          const struct header *header, const struct csv_row *row,
                          struct record *record)
{
    record->place = (struct config_place){path, row->line, 1};
    record->count = 0;
    for (size_t i = 0; i < row->count; i++) {
        struct record_field field = {.text = row->cells[i],
                                     .place = place_of(path, row, i),
                                     .key_place = place_of(path, row, i)};

        if (row->cells[i][0] == '\0') {
            continue;
        }
        if (i >= header->count) {
            return finding_add(source->loading, &field.place,
                               "more cells than the first line has columns; a number with a comma? "
                               "write 0.1, with a point");
        }
        field.key = header->keys[i];
        if (field.key != NULL && !record_add(source->loading, record, &field)) {
            return false;
        }
    }
    return true;
}

static bool read_rows(const struct point_source *source, const char *path, struct csv *csv)
{
    struct header header = {.count = 0};
    struct csv_row row;
    struct record record;
    const char *problem = NULL;
    enum csv_result result;
    bool fine = true;

    while ((result = csv_next(csv, &row, &problem)) == CSV_ROW) {
        if (header.line == 0) {
            fine = read_header(source, path, &row, &header);
            if (!fine) {
                return false; /* every row would repeat it */
            }
            continue;
        }
        if (!row_to_record(source, path, &header, &row, &record)) {
            fine = false;
        } else if (record.count > 0) { /* a row of separators alone is a blank one */
            fine = point_read(source, &record) && fine;
        }
    }
    if (result == CSV_BAD) {
        struct config_place place = {path, csv->line, csv->column};

        return finding_add(source->loading, &place, "%s", problem);
    }
    if (header.line == 0) {
        struct config_place place = {path, 1, 1};

        return finding_add(
            source->loading, &place,
            "the file is empty; its first line names the columns: name, address ...");
    }
    return fine;
}

/** Text without zero bytes, or a finding where it is not. */
static bool check_text(const struct point_source *source, const char *path,
                       const struct buffer *content)
{
    struct config_place place = {path, 1, 1};
    size_t length;

    for (size_t i = 0; i < content->size; i += length) {
        length = utf8_sequence_size(content->bytes + i, content->size - i);
        if (length == 0) {
            return finding_add(source->loading, &place,
                               "byte 0x%02x is not UTF-8; in a spreadsheet, save as 'CSV UTF-8'",
                               content->bytes[i]);
        }
        if (content->bytes[i] == '\0') {
            return finding_add(source->loading, &place, "a zero byte; this is not a CSV file");
        }
        place.line += content->bytes[i] == '\n' ? 1 : 0;
        place.column = content->bytes[i] == '\n' ? 1 : place.column + 1;
    }
    return true;
}

bool point_read_csv(const struct point_source *source, const char *path,
                    const struct config_place *place)
{
    CLEANUP(buffer_deinit) struct buffer content;
    struct error error = {0};
    enum error_code code;
    struct csv csv;

    buffer_init(&content, POINT_CSV_MAX_BYTES);
    code = fs_read_file(path, &content, &error);
    if (code == ERROR_NO_MEMORY) {
        return loading_no_memory(source->loading);
    }
    if (code != ERROR_OK) {
        return finding_add(source->loading, place, "points_file: %s", error.text);
    }
    if (!check_text(source, path, &content)) {
        return false;
    }
    content.maximum++;
    if (!buffer_append_byte(&content, '\n')) {
        return loading_no_memory(source->loading);
    }
    csv_init(&csv, (char *)content.bytes, content.size);
    return read_rows(source, path, &csv);
}
