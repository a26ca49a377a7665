#include "agent/config/csv.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(const struct csv *csv, char byte)
{
    return byte == ' ' || (byte == '\t' && csv->separator != '\t');
}

static bool ends_line(char byte)
{
    return byte == '\n' || byte == '\r';
}

/** One byte on; lines end with LF, CRLF or CR. */
static void step(struct csv *csv)
{
    char byte = *csv->at++;

    if (byte == '\n' || (byte == '\r' && !(csv->at < csv->end && *csv->at == '\n'))) {
        csv->line++;
        csv->column = 1;
    } else if (((unsigned char)byte & 0xc0) != 0x80) { /* not inside a character */
        csv->column++;
    }
}

/** The candidate seen most often outside quotes in the first line; a comma when there is none. */
static char find_separator(const char *at, const char *end)
{
    static const char candidates[] = ",;\t";
    size_t counts[3] = {0};
    size_t best = 0;
    bool quoted = false;

    for (; at < end && (quoted || !ends_line(*at)); at++) {
        const char *found = memchr(candidates, *at, 3);

        quoted = *at == '"' ? !quoted : quoted;
        if (found != NULL && !quoted) {
            counts[found - candidates]++;
        }
    }
    for (size_t i = 1; i < 3; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return candidates[best];
}

void csv_init(struct csv *csv, char *bytes, size_t size_bytes)
{
    *csv = (struct csv){bytes, bytes + size_bytes, ',', 1, 1};
    if (size_bytes >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        csv->at += 3;
    }
    if (csv->end - csv->at >= 6 && memcmp(csv->at, "sep=", 4) == 0 && ends_line(csv->at[5])) {
        csv->separator =
            csv->at[4] == '|' || csv->at[4] == ';' || csv->at[4] == '\t' ? csv->at[4] : ',';
        while (csv->line == 1) {
            step(csv);
        }
        return;
    }
    csv->separator = find_separator(csv->at, csv->end);
}

/** From the opening quote to behind the closing one. NULL, or what is wrong. */
static const char *read_quoted(struct csv *csv, char **out)
{
    step(csv);
    while (csv->at < csv->end) {
        if (*csv->at != '"') {
            *(*out)++ = *csv->at;
            step(csv);
        } else if (csv->at + 1 < csv->end && csv->at[1] == '"') {
            *(*out)++ = '"';
            step(csv);
            step(csv);
        } else {
            step(csv);
            return NULL;
        }
    }
    return "a quote that was opened before is not closed";
}

/** Leaves `at` on the separator or the end of the line. NULL, or what is wrong. */
static const char *read_cell(struct csv *csv, char **cell, char *delimiter)
{
    char *out;

    while (is_blank(csv, *csv->at)) {
        step(csv);
    }
    *cell = out = csv->at;
    if (*csv->at == '"') {
        const char *problem = read_quoted(csv, &out);

        if (problem != NULL) {
            return problem;
        }
        while (csv->at < csv->end && is_blank(csv, *csv->at)) {
            step(csv);
        }
        if (csv->at == csv->end || !(*csv->at == csv->separator || ends_line(*csv->at))) {
            return "text behind a closing quote; inside a quoted cell write a quote twice";
        }
    } else {
        while (*csv->at != csv->separator && !ends_line(*csv->at)) {
            if (*csv->at == '"') {
                return "a quote inside a cell; put the cell in quotes and write this one twice";
            }
            out = is_blank(csv, *csv->at) ? out : csv->at + 1;
            step(csv);
        }
    }
    *delimiter = *csv->at;
    step(csv);
    if (*delimiter == '\r' && csv->at < csv->end && *csv->at == '\n') {
        step(csv);
    }
    *out = '\0'; /* at most the delimiter's place, which is behind us */
    return NULL;
}

enum csv_result csv_next(struct csv *csv, struct csv_row *row, const char **problem)
{
    while (csv->at < csv->end && (is_blank(csv, *csv->at) || ends_line(*csv->at))) {
        step(csv);
    }
    if (csv->at == csv->end) {
        return CSV_END;
    }
    row->line = csv->line;
    row->count = 0;
    for (;;) {
        char delimiter;

        if (row->count == CSV_COLUMNS_MAX) {
            *problem = "more than 64 cells in one row";
            return CSV_BAD;
        }
        row->lines[row->count] = csv->line;
        row->columns[row->count] = csv->column;
        *problem = read_cell(csv, &row->cells[row->count], &delimiter);
        if (*problem != NULL) {
            return CSV_BAD;
        }
        row->count++;
        if (delimiter != csv->separator) {
            return CSV_ROW;
        }
    }
}
