#include "drivers/modbus/address.h"

#include "base/parse.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESS_TEXT_SIZE = 64 };

static const char *const names[] = {
    [TABLE_COIL] = "coil",   [TABLE_DISCRETE] = "discrete", [TABLE_HOLDING] = "holding",
    [TABLE_INPUT] = "input", [TABLE_RECORD] = "record",
};

const char *table_name(enum table table)
{
    return names[table];
}

/** "40001" or "400001": a number of the old kind, which begins at 1 behind the table's digit. */
static enum error_code refuse_plain_number(const char *text, struct error *error)
{
    static const enum table tables[] = {
        [0] = TABLE_COIL, [1] = TABLE_DISCRETE, [3] = TABLE_INPUT, [4] = TABLE_HOLDING};
    size_t length = strlen(text);
    unsigned digit = (unsigned)(text[0] - '0');
    uint64_t number;

    if ((length == 5 || length == 6) && digit <= 4 && digit != 2 &&
        text[strspn(text, "0123456789")] == '\0' && parse_uint64(text + 1, &number) &&
        number >= 1 && number <= 65536) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': write %s:%u (addresses count from 0 in each table, so "
                         "%s is number %u of the %s table)",
                         text, table_name(tables[digit]), (unsigned)number - 1, text,
                         (unsigned)number - 1, table_name(tables[digit]));
    }
    return error_set(error, ERROR_BAD_CONFIG,
                     "address '%.40s': write the table and the number, as in holding:100, "
                     "input:100, coil:4, discrete:7 or holding:100.3 for a bit",
                     text);
}

static enum error_code parse_number(const char *text, const char *digits,
                                    struct point_address *address, struct error *error)
{
    char number_text[ADDRESS_TEXT_SIZE];
    size_t length = strcspn(digits, ".");
    uint64_t number;
    uint64_t bit;

    if (length >= sizeof(number_text)) {
        return refuse_plain_number(text, error);
    }
    memcpy(number_text, digits, length);
    number_text[length] = '\0';
    if (!parse_uint64(number_text, &number)) {
        return refuse_plain_number(text, error);
    }
    if (number > UINT16_MAX) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': the number goes from 0 to 65535 (holding:0 is the "
                         "register that old manuals call 40001 or 400001)",
                         text);
    }
    address->number = (uint16_t)number;
    if (digits[length] == '\0') {
        return ERROR_OK;
    }
    if (table_has_bits(address->table)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%.40s': a %s is one bit already; write "
                         "%s:%u",
                         text, table_name(address->table), table_name(address->table),
                         (unsigned)number);
    }
    if (!parse_uint64(digits + length + 1, &bit) || bit > 15) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%.40s': the bit goes from 0 (least significant) to 15, as in "
                         "%s:%u.0",
                         text, table_name(address->table), (unsigned)number);
    }
    address->has_bit = true;
    address->bit = (uint8_t)bit;
    return ERROR_OK;
}

enum error_code point_address_parse(const char *text, struct point_address *address,
                                    struct error *error)
{
    size_t length = strcspn(text, ":");
    struct point_address parsed = {0};
    enum error_code code;

    for (unsigned i = TABLE_COIL; text[length] == ':' && i <= TABLE_RECORD; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) {
            parsed.table = (enum table)i;
        }
    }
    if (parsed.table == 0) {
        return refuse_plain_number(text, error);
    }
    code = parse_number(text, text + length + 1, &parsed, error);
    if (code == ERROR_OK) {
        *address = parsed;
    }
    return code;
}

/** Find where host and port stand in `text`; *port is NULL when it gives none. */
static bool split_peer(const char *text, const char **host, size_t *host_length, const char **port)
{
    const char *end;

    if (text[0] == '[') {
        end = strchr(text, ']');
        *host = text + 1;
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        *host_length = (size_t)(end - text - 1);
        end++;
    } else {
        *host = text;
        *host_length = strcspn(text, ":");
        end = text + *host_length;
        if (*end == ':' && strchr(end + 1, ':') != NULL) {
            return false; /* an IPv6 address needs its brackets */
        }
    }
    *port = *end == ':' ? end + 1 : NULL;
    return *host_length > 0 && *host_length < PEER_HOST_SIZE &&
           strcspn(*host, " \t/@[") >= *host_length;
}

enum error_code peer_parse(const char *text, struct peer *peer, struct error *error)
{
    const char *host;
    const char *port;
    size_t host_length;
    uint64_t number = 502; /* Modbus/TCP's, by IANA */

    if (!split_peer(text, &host, &host_length, &port)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address: '%.60s' is not a device; write host:port, as in 192.0.2.10:502, "
                         "plc-3:502 or [2001:db8::5]:502",
                         text);
    }
    if (port != NULL && (!parse_uint64(port, &number) || number == 0 || number > UINT16_MAX)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address: '%.60s' has no usable port; write a number from 1 to 65535 "
                         "behind the colon (Modbus: 502)",
                         text);
    }
    memcpy(peer->host, host, host_length);
    peer->host[host_length] = '\0';
    (void)snprintf(peer->port, sizeof(peer->port), "%u", (unsigned)number);
    return ERROR_OK;
}
