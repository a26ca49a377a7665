#include "agent/config/csv.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

/** The rows of `text` with '|' between cells and '/' behind rows; a problem as "!line:column: ...".
 */
static const char *read_all(const char *text)
{
    static char result[4096];
    size_t size = strlen(text);
    char *bytes = malloc(size + 1); /* exactly, for the sanitizer */
    const char *problem = NULL;
    struct csv_row row;
    struct csv csv;
    enum csv_result found;
    size_t at = 0;

    assert_non_null(bytes);
    memcpy(bytes, text, size);
    bytes[size] = '\n';
    csv_init(&csv, bytes, size + 1);
    result[0] = '\0';
    while ((found = csv_next(&csv, &row, &problem)) == CSV_ROW) {
        for (size_t i = 0; i < row.count; i++) {
            at += (size_t)snprintf(result + at, sizeof(result) - at, "%s%s", i == 0 ? "" : "|",
                                   row.cells[i]);
        }
        at += (size_t)snprintf(result + at, sizeof(result) - at, "/");
    }
    if (found == CSV_BAD) {
        (void)snprintf(result + at, sizeof(result) - at, "!%u:%u: %s", csv.line, csv.column,
                       problem);
    }
    free(bytes);
    return result;
}

static void cells_are_split_as_rfc_4180_has_it(void **unused)
{
    (void)unused;
    assert_string_equal(read_all("a,b\r\nc,d\r\n"), "a|b/c|d/");
    assert_string_equal(read_all("a,\"b,\"\"c\"\"\",d"), "a|b,\"c\"|d/");
    assert_string_equal(read_all("a,\"two\nlines\"\nb,c"), "a|two\nlines/b|c/");
    assert_string_equal(read_all("a,,\n,b,"), "a||/|b|/");
    assert_string_equal(read_all("\"\",x"), "|x/");
}

static void what_spreadsheets_do_is_understood(void **unused)
{
    (void)unused;
    assert_string_equal(read_all("\xef\xbb\xbf"
                                 "a;b;c\nd;\"e;f\";1,5"),
                        "a|b|c/d|e;f|1,5/");
    assert_string_equal(read_all("a\tb\n\tc"), "a|b/|c/");
    assert_string_equal(read_all("sep=;\r\na;b,c\r\n"), "a|b,c/");
    assert_string_equal(read_all("sep=,\na,b;c;d"), "a|b;c;d/");
    assert_string_equal(read_all("a,b\rc,d\r"), "a|b/c|d/");
    assert_string_equal(read_all("\n\r\n  \na , b b ,\"c\" \n\n"), "a|b b|c/");
    assert_string_equal(read_all("\"x;y;z\",b\n1,2"), "x;y;z|b/1|2/");
    assert_string_equal(read_all(""), "");
    assert_string_equal(read_all("\xef\xbb\xbf"), "");
}

static void a_strange_separator_line_cannot_lead_out_of_the_bytes(void **unused)
{
    (void)unused;
    assert_string_equal(read_all("sep=\r\na,b"), "a|b/");
    assert_string_equal(read_all("sep=\"\na,b"), "a|b/");
    assert_string_equal(read_all("sep=;"), "");
    assert_string_equal(read_all("sep="), "sep=/");
}

static void what_is_wrong_is_said_with_its_place(void **unused)
{
    (void)unused;
    assert_string_equal(read_all("a,b\nc,\"d"),
                        "a|b/!3:1: a quote that was opened before is not closed");
    assert_string_equal(read_all("a,b\n\xc3\xa4,\"c\"d"),
                        "a|b/!2:6: text behind a closing quote; inside a quoted cell write a quote "
                        "twice");
    assert_string_equal(
        read_all("a,b\"c"),
        "!1:4: a quote inside a cell; put the cell in quotes and write this one twice");
}

static void places_count_characters_and_lines_within_quotes(void **unused)
{
    (void)unused;
    char bytes[] = "\xc3\xa4,\"x\ny\", z\nlast\n";
    const char *problem;
    struct csv_row row;
    struct csv csv;

    csv_init(&csv, bytes, sizeof(bytes) - 1);
    assert_int_equal(csv_next(&csv, &row, &problem), CSV_ROW);
    assert_int_equal(row.line, 1);
    assert_int_equal(row.columns[1], 3);
    assert_int_equal(row.lines[2], 2);
    assert_int_equal(row.columns[2], 4);
    assert_int_equal(csv_next(&csv, &row, &problem), CSV_ROW);
    assert_int_equal(row.line, 3);
}

static void a_row_has_a_limit_of_cells(void **unused)
{
    (void)unused;
    char text[200];

    memset(text, ',', sizeof(text));
    text[CSV_COLUMNS_MAX - 1] = '\0';
    assert_int_equal(strlen(read_all(text)), CSV_COLUMNS_MAX);
    text[CSV_COLUMNS_MAX - 1] = ',';
    text[CSV_COLUMNS_MAX] = '\0';
    assert_string_equal(read_all(text), "!1:65: more than 64 cells in one row");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(cells_are_split_as_rfc_4180_has_it),
        cmocka_unit_test(what_spreadsheets_do_is_understood),
        cmocka_unit_test(a_strange_separator_line_cannot_lead_out_of_the_bytes),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(places_count_characters_and_lines_within_quotes),
        cmocka_unit_test(a_row_has_a_limit_of_cells),
    };

    return cmocka_run_group_tests_name("csv", cases, NULL, NULL);
}
