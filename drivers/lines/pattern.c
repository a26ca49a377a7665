#include "drivers/lines/pattern.h"

#include <stdio.h>
#include <string.h>

static enum pattern_role role_of(const char *name)
{
    static const struct {
        const char *name;
        enum pattern_role role;
    } roles[] = {
        {"time", PATTERN_TIME},     {"severity", PATTERN_SEVERITY},
        {"source", PATTERN_SOURCE}, {"message", PATTERN_MESSAGE},
        {"_", PATTERN_SKIP},
    };

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(roles[i].name, name) == 0) {
            return roles[i].role;
        }
    }
    return PATTERN_MEMBER;
}

/** The next piece. NULL: there are too many. */
static struct pattern_piece *add_piece(struct pattern *pattern)
{
    return pattern->count < PATTERN_PIECES ? &pattern->pieces[pattern->count++] : NULL;
}

/** Behind "%{": a name and "}". */
static const char *add_name(struct pattern *pattern, const char *at)
{
    struct pattern_piece *piece = add_piece(pattern);
    size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    if (piece == NULL || size == 0 || size >= sizeof(piece->name) || at[size] != '}') {
        return NULL;
    }
    memcpy(piece->name, at, size);
    piece->name[size] = '\0';
    piece->role = role_of(piece->name);
    return at + size + 1;
}

static const char *add_literal(struct pattern *pattern, const char *at, size_t *used)
{
    struct pattern_piece *piece = add_piece(pattern);

    if (piece == NULL) {
        return NULL;
    }
    piece->role = PATTERN_LITERAL;
    piece->from = (uint16_t)*used;
    while (*at != '\0' && strncmp(at, "%{", 2) != 0) {
        at += strncmp(at, "%%", 2) == 0 ? 1 : 0;
        if (*at != ' ' || *used == piece->from || pattern->literals[*used - 1] != ' ') {
            pattern->literals[(*used)++] = *at; /* of several spaces one */
        }
        at++;
    }
    piece->size = (uint16_t)(*used - piece->from);
    return at;
}

static bool is_plain(const struct pattern_piece *piece)
{
    return piece->role != PATTERN_LITERAL && piece->role != PATTERN_TIME;
}

/** What is wrong with the pieces together, or NULL. */
static const char *find_fault(const struct pattern *pattern)
{
    size_t times = 0, messages = 0;

    for (size_t i = 0; i < pattern->count; i++) {
        times += pattern->pieces[i].role == PATTERN_TIME;
        messages += pattern->pieces[i].role == PATTERN_MESSAGE;
        if (i > 0 && is_plain(&pattern->pieces[i - 1]) &&
            pattern->pieces[i].role != PATTERN_LITERAL) {
            return "two names stand side by side, and nothing tells where the first ends; write "
                   "what is between them";
        }
    }
    if (times != 1 || messages != 1) {
        return "%{time} and %{message} must be there once each";
    }
    return NULL;
}

enum error_code pattern_set(struct pattern *pattern, const char *text, struct error *error)
{
    const char *at = text, *fault;
    size_t used = 0;

    *pattern = (struct pattern){0};
    if (strlen(text) > PATTERN_MAX_BYTES) {
        return error_set(error, ERROR_BAD_CONFIG, "pattern: it is longer than %d bytes",
                         PATTERN_MAX_BYTES);
    }
    while (*at != '\0') {
        const char *from = at;

        at =
            strncmp(at, "%{", 2) == 0 ? add_name(pattern, at + 2) : add_literal(pattern, at, &used);
        if (at == NULL) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "pattern: at '%s': write a name as %%{name}, of up to %d letters, "
                             "digits and _; of names and texts between them there are up to %d",
                             from, PATTERN_NAME_SIZE - 1, PATTERN_PIECES);
        }
    }
    fault = find_fault(pattern);
    return fault == NULL ? ERROR_OK
                         : error_set(error, ERROR_BAD_CONFIG, "pattern: '%s': %s", text, fault);
}

bool pattern_take_literal(const struct pattern *pattern, const struct pattern_piece *piece,
                          struct cursor *cursor)
{
    const char *literal = pattern->literals + piece->from;

    for (size_t i = 0; i < piece->size; i++) {
        if (literal[i] == ' ' ? !cursor_take_blanks(cursor) : !cursor_take(cursor, literal[i])) {
            return false;
        }
    }
    return true;
}

static struct log_text without_blanks(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t')) {
        from++;
    }
    while (from < end && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct log_text){from, (uint32_t)(end - from)};
}

bool pattern_take_value(const struct pattern *pattern, size_t index, struct cursor *cursor,
                        struct log_text *value)
{
    const struct pattern_piece *next = &pattern->pieces[index + 1]; /* a literal, or none */
    const char *from = cursor->at;

    if (index + 1 == pattern->count) {
        *value = (struct log_text){from, (uint32_t)(cursor->end - from)};
        cursor->at = cursor->end;
        return true;
    }
    while (cursor_is_blank(cursor)) { /* padding before the value */
        cursor->at++;
    }
    for (; cursor->at < cursor->end; cursor->at++) {
        struct cursor found = *cursor;

        if (pattern_take_literal(pattern, next, &found)) {
            *value = without_blanks(from, cursor->at);
            return true; /* the caller takes the literal */
        }
        while (cursor_is_blank(cursor) && cursor->end - cursor->at > 1 &&
               (cursor->at[1] == ' ' || cursor->at[1] == '\t')) { /* LF2: a run is tried once */
            cursor->at++;
        }
    }
    return false;
}
