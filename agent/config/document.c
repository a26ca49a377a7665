#include "agent/config/document.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

struct config_place document_place(const struct document *document, const yaml_node_t *node)
{
    return (struct config_place){document->path, (unsigned)node->start_mark.line + 1,
                                 (unsigned)node->start_mark.column + 1};
}

static struct config_place place_of_mark(const struct document *document, const yaml_mark_t *mark)
{
    return (struct config_place){document->path, (unsigned)mark->line + 1,
                                 (unsigned)mark->column + 1};
}

/** Y1 for single bytes: valid UTF-8, no control characters. libyaml would name no line for these.
 */
static bool check_bytes(struct loading *loading, const struct document *document)
{
    struct config_place place = {document->path, 1, 1};
    const uint8_t *at = document->content.bytes;
    size_t left = document->content.size;

    while (left > 0) {
        size_t length = utf8_sequence_size(at, left);
        bool newline = *at == '\n';

        if (length == 0) {
            return finding_add(loading, &place, "byte 0x%02x is not UTF-8; save the file as UTF-8",
                               *at);
        }
        if ((*at < 0x20 && *at != '\t' && *at != '\r' && !newline) || *at == 0x7f) {
            return finding_add(loading, &place, "control character 0x%02x; remove it", *at);
        }
        at += length;
        left -= length;
        place.line += newline ? 1 : 0;
        place.column = newline ? 1 : place.column + 1;
    }
    return true;
}

/** Whether line `line` (from 0) has a tab before its first word. */
static bool tab_indents(const struct document *document, size_t line)
{
    const uint8_t *at = document->content.bytes;
    const uint8_t *end = at + document->content.size;

    for (; line > 0 && at < end; at++) {
        line -= *at == '\n' ? 1 : 0;
    }
    while (at < end && *at == ' ') {
        at++;
    }
    return at < end && *at == '\t';
}

static bool explain(struct loading *loading, const struct document *document,
                    const yaml_parser_t *parser)
{
    static const struct {
        const char *problem, *advice;
    } hints[] = {
        {"mapping values are not allowed in this context",
         "a ':' too many, or a line that is indented otherwise than its neighbours; a text that "
         "holds ': ' needs quotes"},
        {"did not find expected key", "this line is indented otherwise than its neighbours"},
        {"did not find expected '-' indicator",
         "this line is indented otherwise than the list it belongs to"},
        {"could not find expected ':'", "a key needs a ':' and a space before its value"},
        {"found character that cannot start any token", "a text that begins so needs quotes"},
        {"found unexpected end of stream", "a quote or a bracket is not closed"},
        {"did not find expected ',' or '}'", "a '{' is not closed, or a ',' is missing"},
        {"did not find expected ',' or ']'", "a '[' is not closed, or a ',' is missing"},
    };
    const char *problem = parser->problem == NULL ? "not readable" : parser->problem;
    struct config_place place = place_of_mark(document, &parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR) {
        return loading_no_memory(loading);
    }
    if (parser->error == YAML_READER_ERROR) {
        place.line = place.column = 0; /* the mark is not set; the bytes were checked before */
    } else if (tab_indents(document, parser->problem_mark.line)) {
        return finding_add(loading, &place,
                           "a tab stands before this line's text; YAML wants spaces");
    }
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (strcmp(problem, hints[i].problem) == 0) {
            return finding_add(loading, &place, "this is not YAML: %s", hints[i].advice);
        }
    }
    return finding_add(loading, &place, "this is not YAML: %s", problem);
}

static const char *scalar(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

/** Y2 for one mapping. */
static bool check_keys(struct loading *loading, struct document *document,
                       const yaml_node_t *mapping)
{
    const yaml_node_pair_t *first = mapping->data.mapping.pairs.start;
    const yaml_node_pair_t *end = mapping->data.mapping.pairs.top;
    bool fine = true;

    if (end - first > DOCUMENT_KEYS_MAX) {
        struct config_place place = document_place(document, mapping);

        return finding_add(loading, &place, "more than %d keys stand together here",
                           DOCUMENT_KEYS_MAX);
    }
    for (const yaml_node_pair_t *pair = first; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&document->tree, pair->key);
        struct config_place place = document_place(document, key);

        if (key->type != YAML_SCALAR_NODE) {
            fine = finding_add(loading, &place, "a key is a word, not a list or a mapping");
            continue;
        }
        if (strcmp(scalar(key), "<<") == 0) {
            fine = finding_add(loading, &place, "'<<' is not supported; write the keys out");
        }
        for (const yaml_node_pair_t *other = first; other < pair; other++) {
            const yaml_node_t *before = yaml_document_get_node(&document->tree, other->key);

            if (before->type == YAML_SCALAR_NODE && strcmp(scalar(before), scalar(key)) == 0) {
                fine = finding_add(loading, &place,
                                   "'%.40s' is given twice, first in line %u; keep one",
                                   scalar(key), (unsigned)before->start_mark.line + 1);
                break;
            }
        }
    }
    return fine;
}

/** Y2 for what the tree no longer shows. */
static bool check_event(struct loading *loading, const struct document *document,
                        const yaml_event_t *event)
{
    struct config_place place = place_of_mark(document, &event->start_mark);
    const yaml_char_t *tag =
        event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
        : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.tag
        : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                                                   : NULL;

    if (event->type == YAML_ALIAS_EVENT) {
        return finding_add(loading, &place,
                           "an alias ('*%.40s') is not supported; write it out, or put a text that "
                           "begins with '*' in quotes",
                           (const char *)event->data.alias.anchor);
    }
    if (tag != NULL) {
        return finding_add(loading, &place,
                           "a tag ('!...') is not supported; remove it, or put the text in quotes");
    }
    if (event->type == YAML_SCALAR_EVENT &&
        strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
        return finding_add(loading, &place, "a text holds a zero character; remove it");
    }
    return true;
}

/** Go through the file once without building anything: libyaml's tree takes time that grows with
 * the square of its depth, and hides aliases and tags. */
static bool scan(struct loading *loading, struct document *document, yaml_parser_t *parser)
{
    unsigned depth = 0;
    bool fine = true;

    for (bool more = true; more;) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event)) {
            return explain(loading, document, parser);
        }
        depth += event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT;
        depth -= event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        more = event.type != YAML_STREAM_END_EVENT;
        fine = check_event(loading, document, &event) && fine;
        if (depth > DOCUMENT_NESTING_MAX) {
            struct config_place place = place_of_mark(document, &event.start_mark);

            more = false;
            fine = finding_add(loading, &place, "nested deeper than any setting is");
        }
        yaml_event_delete(&event);
    }
    return fine;
}

/** Y2 for keys. */
static bool check_tree(struct loading *loading, struct document *document)
{
    bool fine = true;

    for (const yaml_node_t *node = document->tree.nodes.start; node < document->tree.nodes.top;
         node++) {
        if (node->type == YAML_MAPPING_NODE) {
            fine = check_keys(loading, document, node) && fine;
        }
    }
    return fine;
}

static bool parse(struct loading *loading, struct document *document, yaml_parser_t *parser)
{
    yaml_document_t second;
    struct config_place place = {document->path, 1, 1};
    bool more;

    if (!yaml_parser_load(parser, &document->tree)) {
        return explain(loading, document, parser);
    }
    document->loaded = true;
    if (yaml_document_get_root_node(&document->tree) == NULL) {
        return finding_add(loading, &place, "the file is empty");
    }
    if (!yaml_parser_load(parser, &second)) {
        return explain(loading, document, parser);
    }
    more = yaml_document_get_root_node(&second) != NULL;
    place = place_of_mark(document, &second.start_mark);
    yaml_document_delete(&second);
    if (more) {
        return finding_add(loading, &place, "a second document begins here; a file holds one");
    }
    return check_tree(loading, document);
}

/** Run `work` with a parser at the beginning of the file. */
static bool with_parser(struct loading *loading, struct document *document,
                        bool (*work)(struct loading *, struct document *, yaml_parser_t *))
{
    yaml_parser_t parser;
    bool fine;

    if (!yaml_parser_initialize(&parser)) {
        return loading_no_memory(loading);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, document->content.bytes, document->content.size);
    fine = work(loading, document, &parser);
    yaml_parser_delete(&parser);
    return fine;
}

bool document_read(struct loading *loading, const char *path, struct document *document)
{
    struct config_place nowhere = {path, 0, 0};
    struct error error = {0};
    enum error_code code;

    *document = (struct document){.path = path};
    buffer_init(&document->content, DOCUMENT_MAX_BYTES);
    code = fs_read_file(path, &document->content, &error);
    if (code == ERROR_NO_MEMORY) {
        return loading_no_memory(loading);
    }
    if (code != ERROR_OK) {
        return finding_add(loading, &nowhere, "%s%s", error.text,
                           error.system_errno == ENOENT   ? "; name another file with --config"
                           : error.system_errno == EISDIR ? "; name a file in it"
                                                          : "");
    }
    if (!check_bytes(loading, document)) {
        return false;
    }
    return with_parser(loading, document, scan) && with_parser(loading, document, parse);
}

void document_close(struct document *document)
{
    if (document->loaded) {
        yaml_document_delete(&document->tree);
        document->loaded = false;
    }
    buffer_deinit(&document->content);
}

yaml_node_t *document_root(struct loading *loading, struct document *document)
{
    yaml_node_t *root = yaml_document_get_root_node(&document->tree);
    struct config_place place = document_place(document, root);

    if (root->type == YAML_MAPPING_NODE) {
        return root;
    }
    (void)finding_add(loading, &place,
                      "a file begins with keys and values, such as 'name: boiler-1'");
    return NULL;
}
