#include "drivers/mqtt/topic.h"

#include "base/crc.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

static struct mqtt_slice level_at(const char *at, const char *end)
{
    const char *slash = memchr(at, '/', (size_t)(end - at));

    return (struct mqtt_slice){at, (size_t)((slash == NULL ? end : slash) - at)};
}

static bool is_level(struct mqtt_slice level, char wildcard)
{
    return level.size == 1 && level.bytes[0] == wildcard;
}

static bool is_part_name(struct mqtt_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!isalnum((unsigned char)name.bytes[i]) && name.bytes[i] != '-' &&
            name.bytes[i] != '_') {
            return false;
        }
    }
    return name.size > 0;
}

static bool find_part(const struct mqtt_topic *topic, struct mqtt_slice name, size_t *index)
{
    for (size_t i = 0; i < topic->part_count; i++) {
        if (topic->parts[i].size == name.size &&
            memcmp(topic->parts[i].bytes, name.bytes, name.size) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static enum error_code refuse(const char *text, const char *why, struct error *error)
{
    return error_set(error, ERROR_BAD_CONFIG, "topic: '%.100s': %s", text, why);
}

/** Take note of "{name}"; the level is one of `text`. */
static enum error_code add_part(struct mqtt_topic *topic, const char *text, struct mqtt_slice level,
                                size_t index, struct error *error)
{
    struct mqtt_slice name = {level.bytes + 1, level.size - 2};
    size_t same;

    if (level.size < 3 || level.bytes[0] != '{' || level.bytes[level.size - 1] != '}' ||
        !is_part_name(name)) {
        return refuse(text, "a part is a whole level, {name} of letters, digits, '-' and '_'",
                      error);
    }
    if (find_part(topic, name, &same)) {
        return refuse(text, "a part stands in it twice; give each a name of its own", error);
    }
    if (topic->part_count == MQTT_PARTS_MAX) {
        return refuse(text, "has more than 16 parts; write + for those that no name uses", error);
    }
    topic->parts[topic->part_count] = name;
    topic->levels[topic->part_count++] = index;
    return ERROR_OK;
}

static enum error_code check_level(struct mqtt_topic *topic, const char *text,
                                   struct mqtt_slice level, size_t index, struct error *error)
{
    bool last = level.bytes[level.size] == '\0';

    if (memchr(level.bytes, '{', level.size) != NULL ||
        memchr(level.bytes, '}', level.size) != NULL) {
        return add_part(topic, text, level, index, error);
    }
    if (memchr(level.bytes, '+', level.size) != NULL && !is_level(level, '+')) {
        return refuse(text, "'+' stands for a whole level", error);
    }
    if (memchr(level.bytes, '#', level.size) != NULL && !(is_level(level, '#') && last)) {
        return refuse(text, "'#' stands for the rest, as the last level", error);
    }
    return ERROR_OK;
}

/** Copy `text` with '+' for each part. */
static char *make_filter(const struct mqtt_topic *topic, const char *text, struct arena *arena)
{
    char *filter = arena_copy_text(arena, text, strlen(text));
    const char *from = text;
    char *to = filter;

    if (filter == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < topic->part_count; i++) {
        size_t before = (size_t)(topic->parts[i].bytes - 1 - from);

        memcpy(to, from, before);
        to += before;
        *to++ = '+';
        from = topic->parts[i].bytes + topic->parts[i].size + 1;
    }
    memcpy(to, from, strlen(from) + 1);
    return filter;
}

enum error_code mqtt_topic_compile(const char *text, struct arena *arena, struct mqtt_topic *topic,
                                   struct error *error)
{
    const char *copy;
    const char *at;
    const char *end;
    size_t index = 0;

    if (text[0] == '\0' || strlen(text) > MQTT_TOPIC_MAX || !utf8_is_valid(text, strlen(text))) {
        return refuse(text, "write 1 to 65535 bytes of UTF-8", error);
    }
    if (strncmp(text, "$share/", 7) == 0) {
        return refuse(text, "shared subscriptions lose their order; write the filter alone", error);
    }
    copy = arena_copy_text(arena, text, strlen(text));
    if (copy == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "topic: '%.100s': no memory for it", text);
    }
    *topic = (struct mqtt_topic){.text = copy};
    end = copy + strlen(copy);
    for (at = copy; at <= end; index++) {
        struct mqtt_slice level = level_at(at, end);
        enum error_code code = check_level(topic, copy, level, index, error);

        if (code != ERROR_OK) {
            return code;
        }
        at += level.size + 1;
    }
    topic->filter = make_filter(topic, copy, arena);
    return topic->filter != NULL
               ? ERROR_OK
               : error_set(error, ERROR_NO_MEMORY, "topic: '%.100s': no memory for it", text);
}

static bool is_wildcard(struct mqtt_slice level)
{
    return is_level(level, '+') || is_level(level, '#');
}

bool mqtt_topic_match(const struct mqtt_topic *topic, const char *name, size_t name_size,
                      struct mqtt_match *match)
{
    const char *filter = topic->filter;
    const char *filter_end = filter + strlen(filter);
    const char *at = name;
    const char *end = name + name_size;
    size_t part = 0;

    if (name_size > 0 && name[0] == '$' && is_wildcard(level_at(filter, filter_end))) {
        return false; /* T2 */
    }
    for (size_t index = 0; filter <= filter_end; index++) {
        struct mqtt_slice wanted = level_at(filter, filter_end);
        struct mqtt_slice level;

        if (is_level(wanted, '#')) {
            return true; /* also the parent level itself: 4.7.1.2 */
        }
        if (at > end) {
            return false;
        }
        level = level_at(at, end);
        if (!is_level(wanted, '+') &&
            (wanted.size != level.size || memcmp(wanted.bytes, level.bytes, level.size) != 0)) {
            return false;
        }
        if (part < topic->part_count && topic->levels[part] == index) {
            match->values[part++] = level;
        }
        filter += wanted.size + 1;
        at += level.size + 1;
    }
    return at > end;
}

bool mqtt_name_is_template(const char *name)
{
    return strpbrk(name, "{}") != NULL;
}

/** The next {part} of a name: the text before it, then its name. false: none, `plain` is the rest.
 *  A brace without its partner gives an empty part, which no topic has. */
static bool next_part(const char **at, struct mqtt_slice *plain, struct mqtt_slice *part)
{
    size_t before = strcspn(*at, "{}");
    size_t inside;

    *plain = (struct mqtt_slice){*at, before};
    *at += before;
    if (**at == '\0') {
        return false;
    }
    inside = **at == '{' ? strcspn(*at + 1, "{}") : 0;
    if (**at == '}' || (*at)[1 + inside] != '}') {
        *part = (struct mqtt_slice){*at, 0};
        *at += 1;
        return true;
    }
    *part = (struct mqtt_slice){*at + 1, inside};
    *at += inside + 2;
    return true;
}

enum error_code mqtt_name_check(const char *name, const struct mqtt_topic *topic,
                                struct error *error)
{
    struct mqtt_slice plain;
    struct mqtt_slice part = {0};
    const char *at = name;
    size_t index;

    while (next_part(&at, &plain, &part)) {
        if (!find_part(topic, part, &index)) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "name: '%.80s': {%.*s} is not a part of its topic; write one of the "
                             "{parts} of '%.80s'",
                             name, (int)(part.size > 40 ? 40 : part.size), part.bytes, topic->text);
        }
    }
    return ERROR_OK;
}

static bool append(char **to, const char *end, struct mqtt_slice text)
{
    if ((size_t)(end - *to) <= text.size) {
        return false; /* the terminator needs a place, too */
    }
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7F) {
            return false;
        }
    }
    memcpy(*to, text.bytes, text.size);
    *to += text.size;
    return true;
}

bool mqtt_name_expand(const char *name, const struct mqtt_topic *topic,
                      const struct mqtt_match *match, char *expanded, size_t size)
{
    struct mqtt_slice plain;
    struct mqtt_slice part = {0};
    const char *at = name;
    char *to = expanded;
    bool more;

    do {
        size_t index;

        more = next_part(&at, &plain, &part);
        if (!append(&to, expanded + size, plain) ||
            (more && (!find_part(topic, part, &index) ||
                      !append(&to, expanded + size, match->values[index])))) {
            return false;
        }
    } while (more);
    *to = '\0';
    return true;
}

uint32_t mqtt_filter_identifier(const char *filter)
{
    uint32_t identifier = crc32c(0, filter, strlen(filter)) & 0x0fffffff;

    return identifier != 0 ? identifier : 1;
}
