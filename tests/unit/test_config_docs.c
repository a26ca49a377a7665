#include "agent/config/tables.h"
#include "drivers/driver.h"
#include "sync/target.h"
#include "tests/support/config_examples.h"

/* docs/configuration.md shows every option table between two marks. This test compares; run with
 * --write it puts the tables there, new ones at the end. */

static const char document_name[] = "docs/configuration.md";

struct section {
    char name[80];
    const struct option_spec *table;
};

enum { SECTIONS_MAX = 64 };

static size_t add(struct section *sections, size_t count, const char *name, const char *part,
                  const struct option_spec *table)
{
    if (table == NULL || table->type == OPTION_END) {
        return count;
    }
    assert_true(count < SECTIONS_MAX);
    (void)snprintf(sections[count].name, sizeof(sections[count].name), "%s%s%s", name,
                   part[0] == '\0' ? "" : " ", part);
    sections[count].table = table;
    return count + 1;
}

static size_t list_sections(struct section *sections)
{
    size_t count = 0;

    count = add(sections, count, "leat.yaml", "", config_options);
    count = add(sections, count, "target", "", config_target_options);
    count = add(sections, count, "device", "", config_device_options);
    count = add(sections, count, "point", "", config_point_options);
    for (size_t i = 0; target_registry[i] != NULL; i++) {
        count =
            add(sections, count, target_registry[i]->name, "target", target_registry[i]->options);
    }
    for (size_t i = 0; driver_registry[i] != NULL; i++) {
        const struct driver *driver = driver_registry[i];

        count = add(sections, count, driver->name, "device", driver->options);
        if (driver->group_key != NULL) {
            count = add(sections, count, driver->name, driver->group_key, driver->group_options);
        }
        if (driver->point_options != NULL) {
            count = add(sections, count, driver->name, "point", driver->point_options);
        }
    }
    return count;
}

static void append(struct buffer *text, const char *words)
{
    assert_true(buffer_append(text, words, strlen(words)));
}

/** The section as the document has it, with its marks. */
static void write_section(const struct section *section, struct buffer *text)
{
    char line[600];

    (void)snprintf(line, sizeof(line), "<!-- options: %.79s -->\n", section->name);
    append(text, line);
    append(text, "| key | written as | default | meaning |\n| --- | --- | --- | --- |\n");
    for (const struct option_spec *row = section->table; row->type != OPTION_END; row++) {
        char form[OPTION_FORM_SIZE];

        option_form(row, form);
        if (row->fallback == NULL || row->fallback[0] == '\0') {
            (void)snprintf(line, sizeof(line), "| `%s` | %s | %s | %s |\n", row->key, form,
                           row->fallback == NULL ? "**required**" : "none", row->help);
        } else {
            (void)snprintf(line, sizeof(line), "| `%s` | %s | `%s` | %s |\n", row->key, form,
                           row->fallback, row->help);
        }
        append(text, line);
    }
    append(text, "<!-- end -->\n");
}

/** Replace the section in `document` by `text`, or put it at the end. */
static void put_section(struct buffer *document, const struct section *section,
                        const struct buffer *text)
{
    struct buffer result;
    char mark[100];
    const char *begin;
    const char *end;
    size_t head;

    (void)snprintf(mark, sizeof(mark), "<!-- options: %.79s -->\n", section->name);
    append(document, ""); /* never NULL */
    assert_true(buffer_append_byte(document, '\0'));
    document->size--;
    begin = strstr((const char *)document->bytes, mark);
    buffer_init(&result, 1 << 20);
    if (begin == NULL) {
        assert_true(buffer_append(&result, document->bytes, document->size));
        (void)snprintf(mark, sizeof(mark), "\n### %.79s\n\n", section->name);
        append(&result, mark);
        assert_true(buffer_append(&result, text->bytes, text->size));
    } else {
        end = strstr(begin, "<!-- end -->\n");
        assert_non_null(end);
        head = (size_t)(begin - (const char *)document->bytes);
        assert_true(buffer_append(&result, document->bytes, head));
        assert_true(buffer_append(&result, text->bytes, text->size));
        append(&result, end + strlen("<!-- end -->\n"));
    }
    buffer_deinit(document);
    *document = result;
}

static void read_document(struct buffer *document)
{
    buffer_init(document, 1 << 20);
    assert_int_equal(fs_read_file(config_source_path(document_name), document, NULL), ERROR_OK);
    assert_true(buffer_append_byte(document, '\0'));
    document->size--;
}

static void the_reference_shows_every_option_as_it_is(void **unused)
{
    (void)unused;
    struct section sections[SECTIONS_MAX];
    size_t count = list_sections(sections);
    struct buffer document;

    read_document(&document);
    for (size_t i = 0; i < count; i++) {
        struct buffer text;

        buffer_init(&text, 1 << 16);
        write_section(&sections[i], &text);
        assert_true(buffer_append_byte(&text, '\0'));
        if (strstr((const char *)document.bytes, (const char *)text.bytes) == NULL) {
            fail_msg("%s: the table '%s' is not as the code has it; run "
                     "build/dev/tests/unit_test_config_docs --write",
                     document_name, sections[i].name);
        }
        buffer_deinit(&text);
    }
    buffer_deinit(&document);
}

static void rewrite(void **unused)
{
    (void)unused;
    struct section sections[SECTIONS_MAX];
    size_t count = list_sections(sections);
    struct buffer document;

    read_document(&document);
    for (size_t i = 0; i < count; i++) {
        struct buffer text;

        buffer_init(&text, 1 << 16);
        write_section(&sections[i], &text);
        put_section(&document, &sections[i], &text);
        buffer_deinit(&text);
    }
    assert_int_equal(fs_replace_file(config_source_path(document_name), document.bytes,
                                     document.size, 0644, NULL),
                     ERROR_OK);
    buffer_deinit(&document);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest compare[] = {
        cmocka_unit_test(the_reference_shows_every_option_as_it_is),
    };
    const struct CMUnitTest write[] = {
        cmocka_unit_test(rewrite),
    };

    if (argument_count == 2 && strcmp(arguments[1], "--write") == 0) {
        return cmocka_run_group_tests_name("config_docs", write, NULL, NULL);
    }
    return cmocka_run_group_tests_name("config_docs", compare, NULL, NULL);
}
