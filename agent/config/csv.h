/* agent/config/csv.h - a table of points as spreadsheets save it.
 *
 * RFC 4180, and what is found in the field: a byte order mark, ';' or a tab between cells (found
 * from the first line, or given by Excel's own "sep=;" before it), any line ending, blanks around
 * cells.
 *
 * Life: csv_init() -> csv_next() until CSV_END or CSV_BAD. Cells are unquoted in place.
 *
 * Depends on: nothing.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_CSV_H
#define AGENT_CONFIG_CSV_H

#include <stddef.h>

enum { CSV_COLUMNS_MAX = 64 };

struct csv {
    char *at, *end;
    char separator;
    unsigned line, column; /* of `at`, from 1; a column is a character */
};

struct csv_row {
    unsigned line; /* where it begins */
    size_t count;
    char *cells[CSV_COLUMNS_MAX]; /* terminated, in the caller's bytes */
    unsigned lines[CSV_COLUMNS_MAX], columns[CSV_COLUMNS_MAX];
};

enum csv_result { CSV_ROW, CSV_END, CSV_BAD };

/** `bytes` are UTF-8 without zero bytes, end with a newline, and are written to. */
void csv_init(struct csv *csv, char *bytes, size_t size_bytes);

/** The next row that is not blank. CSV_BAD: `*problem` is a sentence about csv->line and column. */
enum csv_result csv_next(struct csv *csv, struct csv_row *row, const char **problem);

#endif
