#include "sync/object_name.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { SEQUENCE_DIGITS = 12, LAST_YEAR = 9999 };

bool object_label_is_valid(const char *label) /* N2 */
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t size = strspn(label, allowed);

    return size >= 1 && size <= OBJECT_LABEL_MAX && label[size] == '\0' && label[0] != '.';
}

bool object_hex_is_valid(const char *text, size_t count)
{
    return strnlen(text, count + 1) == count && strspn(text, "0123456789abcdef") == count;
}

static const char *wrong_field_of(const struct object_name *name)
{
    if (!object_label_is_valid(name->site)) {
        return "site";
    }
    if (!object_label_is_valid(name->gateway)) {
        return "gateway";
    }
    if ((unsigned)name->stream >= STREAM_COUNT) {
        return "stream";
    }
    if (name->day < clock_day_from_date(1, 1, 1) ||
        name->day > clock_day_from_date(LAST_YEAR, 12, 31)) {
        return "date";
    }
    if (!object_hex_is_valid(name->incarnation, OBJECT_INCARNATION_SIZE - 1)) {
        return "incarnation";
    }
    if (name->first < 1 || name->last < name->first) {
        return "range of sequence numbers";
    }
    return object_hex_is_valid(name->digest, BATCH_DIGEST_SIZE - 1) ? NULL : "digest";
}

enum error_code object_name_build(const struct object_name *name, char text[BATCH_NAME_MAX],
                                  struct error *error)
{
    const char *wrong = wrong_field_of(name);
    char date[CLOCK_DATE_SIZE];
    int length;

    if (wrong != NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "the %s cannot stand in an object's name; names of sites and gateways are "
                         "1 to %d letters, digits, '-', '_' or '.'",
                         wrong, OBJECT_LABEL_MAX);
    }
    clock_format_date(name->day, date, sizeof(date));
    length = snprintf(text, BATCH_NAME_MAX,
                      "raw/site=%s/gateway=%s/stream=%s/v=1/date=%s/%s-%0*llu-%0*llu-%s.parquet",
                      name->site, name->gateway, stream_name(name->stream), date, name->incarnation,
                      SEQUENCE_DIGITS, (unsigned long long)name->first, SEQUENCE_DIGITS,
                      (unsigned long long)name->last, name->digest);
    if (length < 0 || length >= BATCH_NAME_MAX) {
        return error_set(error, ERROR_BUG, "an object's name needs %d bytes", length);
    }
    return ERROR_OK;
}

/** Copy the text up to `stop` and move behind it. false: `stop` does not come, or it is too long.
 */
static bool take_text(const char **at, const char *stop, char *text, size_t text_size)
{
    const char *end = strstr(*at, stop);
    size_t size = end == NULL ? 0 : (size_t)(end - *at);

    if (end == NULL || size >= text_size) {
        return false;
    }
    memcpy(text, *at, size);
    text[size] = '\0';
    *at = end + strlen(stop);
    return true;
}

static bool take_literal(const char **at, const char *literal)
{
    size_t size = strlen(literal);

    if (strncmp(*at, literal, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/** Decimal digits up to `stop`. */
static bool take_number(const char **at, char stop, uint64_t *number)
{
    uint64_t value = 0;
    const char *digit = *at;

    for (; *digit >= '0' && *digit <= '9'; digit++) {
        unsigned units = (unsigned)(*digit - '0');

        if (value > (UINT64_MAX - units) / 10) {
            return false;
        }
        value = value * 10 + units;
    }
    if (digit == *at || *digit != stop) {
        return false;
    }
    *at = digit + 1;
    *number = value;
    return true;
}

static bool take_stream(const char **at, enum stream *stream)
{
    char text[16];

    if (!take_text(at, "/", text, sizeof(text))) {
        return false;
    }
    for (unsigned i = 0; i < STREAM_COUNT; i++) {
        if (strcmp(text, stream_name((enum stream)i)) == 0) {
            *stream = (enum stream)i;
            return true;
        }
    }
    return false;
}

static bool take_day(const char **at, int64_t *day)
{
    uint64_t year, month, of_month;

    if (!take_number(at, '-', &year) || !take_number(at, '-', &month) ||
        !take_number(at, '/', &of_month) || year < 1 || year > LAST_YEAR || month < 1 ||
        month > 12 || of_month < 1 || of_month > 31) {
        return false;
    }
    *day = clock_day_from_date((int64_t)year, (unsigned)month, (unsigned)of_month);
    return true;
}

/** The part that is wrong, or NULL. What it lets pass is compared with the built name after. */
static const char *read_parts(const char *at, struct object_name *name)
{
    if (!take_literal(&at, "raw/site=") || !take_text(&at, "/", name->site, sizeof(name->site))) {
        return "raw/site=...";
    }
    if (!take_literal(&at, "gateway=") ||
        !take_text(&at, "/", name->gateway, sizeof(name->gateway))) {
        return "gateway=...";
    }
    if (!take_literal(&at, "stream=") || !take_stream(&at, &name->stream)) {
        return "stream=readings, catalogue, events or logs";
    }
    if (!take_literal(&at, "v=1/")) {
        return "v=1, the only version this program knows";
    }
    if (!take_literal(&at, "date=") || !take_day(&at, &name->day)) {
        return "date=YYYY-MM-DD";
    }
    if (!take_text(&at, "-", name->incarnation, sizeof(name->incarnation))) {
        return "an incarnation of 16 hexadecimal digits";
    }
    if (!take_number(&at, '-', &name->first) || !take_number(&at, '-', &name->last)) {
        return "first and last sequence number";
    }
    if (!take_text(&at, ".parquet", name->digest, sizeof(name->digest)) || *at != '\0') {
        return "a digest of 12 hexadecimal digits and .parquet";
    }
    return NULL;
}

enum error_code object_name_parse(const char *text, struct object_name *name, struct error *error)
{
    struct object_name found;
    char again[BATCH_NAME_MAX];
    const char *wrong = read_parts(text, &found);

    if (wrong != NULL) {
        return error_set(error, ERROR_BAD_DATA, "not an object's name: no %s in %.120s", wrong,
                         text);
    }
    if (object_name_build(&found, again, NULL) != ERROR_OK || strcmp(text, again) != 0) { /* N1 */
        return error_set(error, ERROR_BAD_DATA, "not an object's name as it is written: %.160s",
                         text);
    }
    *name = found;
    return ERROR_OK;
}
