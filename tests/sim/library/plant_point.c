#include "tests/sim/library/plant_point.h"

#include "base/clock.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIELD_COUNT = 5, LOT_SIZE = 32 };

static const struct {
    const char *name;
    unsigned registers;
} types[] = {
    [PLANT_BOOL] = {"bool", 1},       [PLANT_INT16] = {"int16", 1},
    [PLANT_UINT16] = {"uint16", 1},   [PLANT_INT32] = {"int32", 2},
    [PLANT_UINT32] = {"uint32", 2},   [PLANT_INT64] = {"int64", 4},
    [PLANT_UINT64] = {"uint64", 4},   [PLANT_FLOAT32] = {"float32", 2},
    [PLANT_FLOAT64] = {"float64", 4}, [PLANT_STRING] = {"string", 0},
};

static const char *const orders[][2] = {
    {"ABCD", "ABCDEFGH"}, {"CDAB", "GHEFCDAB"}, {"BADC", "BADCFEHG"}, {"DCBA", "HGFEDCBA"}};

static const char *parse_type(struct plant_point *point, const char *text)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, text) == 0) {
            point->type = (enum plant_type)i;
            point->count = types[i].registers;
            return NULL;
        }
    }
    return "the type is not known";
}

static const char *parse_order(struct plant_point *point, const char *text)
{
    if (text[0] == '\0') {
        return NULL;
    }
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        if (strcmp(orders[i][0], text) == 0 || strcmp(orders[i][1], text) == 0) {
            point->low_word_first = (i & 1u) != 0;
            point->low_byte_first = (i & 2u) != 0;
            return NULL;
        }
    }
    return "the order is not known";
}

/** Cut `text` at `mark` and parse what follows. */
static bool cut_number(char *text, char mark, uint64_t *value)
{
    char *at = strchr(text, mark);

    if (at == NULL) {
        return false;
    }
    *at = '\0';
    return parse_uint64(at + 1, value);
}

static const char *parse_address(struct plant_point *point, char *text)
{
    static const char *const tables[] = {"", "coil", "discrete", "holding", "input"};
    char *number = strchr(text, ':');
    uint64_t value;

    if (number == NULL) {
        return "the address is not like holding:100";
    }
    *number++ = '\0';
    for (unsigned i = 1; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(tables[i], text) == 0) {
            point->function = i;
        }
    }
    if (point->function == 0) {
        return "the table is not one of coil, discrete, holding, input";
    }
    if (cut_number(number, '/', &value) && value >= 1 && value <= PLANT_REGISTERS_MAX &&
        point->type == PLANT_STRING) {
        point->count = (unsigned)value;
    }
    if (cut_number(number, '.', &value) && value < 16 && point->type == PLANT_BOOL) {
        point->bit = (int)value;
    }
    if (point->count == 0) {
        return "a string is written holding:50/8, with its length in registers";
    }
    if ((point->type == PLANT_BOOL) != (point->function <= 2 || point->bit >= 0)) {
        return "bool belongs to coils, discrete inputs and bits of registers, and only bool";
    }
    if (!parse_uint64(number, &value) || value + point->count > 65536) {
        return "the address is not within 0 to 65535";
    }
    point->address = (unsigned)value;
    return NULL;
}

const char *plant_point_parse(struct plant_point *point, char *line)
{
    static const char name_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    char *fields[FIELD_COUNT] = {NULL};
    uint64_t interval_ms;
    const char *problem;

    *point = (struct plant_point){.bit = -1};
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        fields[i] = strsep(&line, ",");
        if (fields[i] == NULL) {
            return "a line is name,address,type,order,interval_ms";
        }
    }
    if (line != NULL || !parse_uint64(fields[4], &interval_ms) || interval_ms > 86400000) {
        return "a line is name,address,type,order,interval_ms with at most a day";
    }
    if (fields[0][0] == '\0' || strlen(fields[0]) >= PLANT_NAME_SIZE ||
        fields[0][strspn(fields[0], name_letters)] != '\0') {
        return "a name is 1 to 63 letters, digits, '-', '_', '.' or '/'";
    }
    memcpy(point->name, fields[0], strlen(fields[0]) + 1);
    point->interval_ns = (int64_t)interval_ms * NS_PER_MS;
    problem = parse_type(point, fields[2]);
    if (problem == NULL) {
        problem = parse_order(point, fields[3]);
    }
    return problem != NULL ? problem : parse_address(point, fields[1]);
}

/** xorshift64*: small, fast, and the same everywhere. */
static uint64_t next_random(struct plant_point *point)
{
    point->random ^= point->random >> 12;
    point->random ^= point->random << 25;
    point->random ^= point->random >> 27;
    return point->random * UINT64_C(0x2545F4914F6CDD1D);
}

/** A whole number from -reach to reach. */
static int64_t random_step(struct plant_point *point, int64_t reach)
{
    return (int64_t)((next_random(point) >> 16) % (uint64_t)(2 * reach + 1)) - reach;
}

static void set_float(struct plant_point *point, double value)
{
    float narrow = (float)value;
    uint32_t narrow_bits;

    if (point->type == PLANT_FLOAT64) {
        memcpy(&point->bits, &value, sizeof(value));
    } else {
        memcpy(&narrow_bits, &narrow, sizeof(narrow));
        point->bits = narrow_bits;
    }
}

static double get_float(const struct plant_point *point)
{
    uint32_t narrow_bits = (uint32_t)point->bits;
    double value;
    float narrow;

    if (point->type == PLANT_FLOAT64) {
        memcpy(&value, &point->bits, sizeof(value));
        return value;
    }
    memcpy(&narrow, &narrow_bits, sizeof(narrow));
    return (double)narrow;
}

void plant_point_begin(struct plant_point *point, uint64_t seed)
{
    static const int64_t starts[] = {
        [PLANT_INT16] = 200,
        [PLANT_UINT16] = 30000,
        [PLANT_INT32] = -70000,
        [PLANT_UINT32] = INT64_C(2147483000),
        [PLANT_INT64] = -(INT64_C(1) << 60),
        [PLANT_UINT64] = INT64_C(9007199254740993),
        [PLANT_STRING] = 0,
    };

    point->random = UINT64_C(0xcbf29ce484222325) ^ seed; /* FNV-1a over the name */
    for (const char *at = point->name; *at != '\0'; at++) {
        point->random = (point->random ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    point->random |= 1; /* the generator must not start at 0 */
    if (point->type == PLANT_FLOAT32 || point->type == PLANT_FLOAT64) {
        set_float(point, 20.0 + (double)random_step(point, 1000) / 128.0);
    } else if (point->type != PLANT_BOOL) {
        point->bits = (uint64_t)(starts[point->type] + (random_step(point, 50) + 50));
    }
}

/** Walk by up to `reach`, turning back at the limits. */
static void walk(struct plant_point *point, int64_t reach, int64_t least, int64_t most)
{
    int64_t step = random_step(point, reach);
    int64_t value = (int64_t)point->bits;

    if ((step > 0 && value > most - step) || (step < 0 && value < least - step)) {
        step = -step;
    }
    point->bits = (uint64_t)(value + step);
}

void plant_point_step(struct plant_point *point)
{
    point->steps++;
    switch (point->type) {
    case PLANT_BOOL:
        point->bits ^= 1;
        break;
    case PLANT_INT16:
        walk(point, 9, INT16_MIN, INT16_MAX);
        break;
    case PLANT_UINT16:
        walk(point, 50, 0, UINT16_MAX);
        break;
    case PLANT_INT32:
        walk(point, 1000, INT32_MIN, INT32_MAX);
        break;
    case PLANT_INT64:
        walk(point, 1000000007, INT64_MIN / 2, INT64_MAX / 2);
        break;
    case PLANT_UINT32:
        point->bits = (point->bits + (uint64_t)(random_step(point, 24) + 25)) & UINT32_MAX;
        break;
    case PLANT_UINT64:
        point->bits += (uint64_t)(random_step(point, 24) + 25);
        break;
    case PLANT_STRING:
        point->bits++;
        break;
    default:
        set_float(point, get_float(point) + (double)random_step(point, 1000) / 1024.0);
    }
}

static void format_lot(const struct plant_point *point, char *text, size_t text_size)
{
    (void)snprintf(text, text_size, "lot %06" PRIu64, point->bits % 1000000);
    if (strlen(text) > 2 * (size_t)point->count) {
        text[2 * (size_t)point->count] = '\0';
    }
}

void plant_point_encode(const struct plant_point *point, uint16_t *registers)
{
    char lot[LOT_SIZE];
    bool text = point->type == PLANT_STRING;
    size_t letters;

    format_lot(point, lot, sizeof(lot));
    letters = strlen(lot);
    for (size_t i = 0; i < point->count; i++) {
        size_t place = point->low_word_first && !text ? i : point->count - 1 - i;
        unsigned high = 2 * i < letters ? (unsigned char)lot[2 * i] : 0;
        unsigned low = 2 * i + 1 < letters ? (unsigned char)lot[2 * i + 1] : 0;
        unsigned value = text ? high << 8 | low : (unsigned)(point->bits >> (16 * place)) & 0xffff;

        if (point->low_byte_first && point->bit < 0) {
            value = (value << 8 | value >> 8) & 0xffff;
        }
        registers[i] = (uint16_t)value;
    }
}

void plant_point_format(const struct plant_point *point, char *text, size_t text_size)
{
    char lot[LOT_SIZE];

    if (point->type == PLANT_FLOAT32) {
        (void)snprintf(text, text_size, "\"%08" PRIx64 "\"", point->bits);
    } else if (point->type == PLANT_FLOAT64) {
        (void)snprintf(text, text_size, "\"%016" PRIx64 "\"", point->bits);
    } else if (point->type == PLANT_STRING) {
        format_lot(point, lot, sizeof(lot));
        (void)snprintf(text, text_size, "\"%s\"", lot);
    } else if (point->type == PLANT_UINT64) {
        (void)snprintf(text, text_size, "%" PRIu64, point->bits);
    } else {
        (void)snprintf(text, text_size, "%" PRId64, (int64_t)point->bits);
    }
}
