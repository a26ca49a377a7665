#include "drivers/modbus/sunspec/chain.h"

enum { BASES = 3, MARK_HIGH = 0x5375, MARK_LOW = 0x6e53, CHAIN_END = 0xffff, TABLE_SIZE = 65536 };

static const uint16_t bases[BASES] = {40000, 50000, 0};

/** S1 */
static enum error_code find_mark(struct sunspec_chain *chain, struct sunspec_reader *reader,
                                 struct error *error)
{
    for (unsigned i = 0; i < BASES; i++) {
        unsigned base = bases[chain->base_choice];
        uint16_t mark[SUNSPEC_HEADER] = {0};
        bool refused = false;
        enum error_code code = reader->read(reader, base, SUNSPEC_HEADER, mark, &refused, error);

        if (code == ERROR_OK && !refused && mark[0] == MARK_HIGH && mark[1] == MARK_LOW) {
            chain->next = base + SUNSPEC_HEADER;
            return ERROR_OK;
        }
        chain->base_choice = (chain->base_choice + 1) % BASES;
        if (code != ERROR_OK) {
            return error_prefix(error, code, "looking for SunSpec at holding:%u", base);
        }
    }
    return error_set(error, ERROR_PROTOCOL,
                     "this is no SunSpec device: neither holding:40000 nor holding:50000 nor "
                     "holding:0 begins with 'SunS'. Check the unit id, and whether SunSpec is "
                     "switched on in the device");
}

/** The id and length at chain->next. Some devices have nothing behind the end's id. */
static enum error_code read_header(const struct sunspec_chain *chain, struct sunspec_reader *reader,
                                   uint16_t header[SUNSPEC_HEADER], struct error *error)
{
    unsigned most = chain->next + 1 < TABLE_SIZE ? SUNSPEC_HEADER : 1;
    bool refused = true;
    enum error_code code = ERROR_OK;

    for (unsigned count = most; code == ERROR_OK && refused && count > 0; count--) {
        header[1] = 0;
        code = reader->read(reader, chain->next, count, header, &refused, error);
        refused = refused || (count == 1 && header[0] != CHAIN_END);
    }
    if (code != ERROR_OK) {
        return error_prefix(error, code, "reading the SunSpec models at holding:%u",
                            (unsigned)chain->next);
    }
    return refused ? error_set(error, ERROR_PROTOCOL,
                               "the SunSpec device refuses holding:%u, where after %u models the "
                               "next one or the end must stand",
                               (unsigned)chain->next, chain->count)
                   : ERROR_OK;
}

/** S2 */
static enum error_code add(struct sunspec_chain *chain, const uint16_t header[SUNSPEC_HEADER],
                           struct error *error)
{
    unsigned id = header[0];
    unsigned length = header[1];

    if (id == 0 || length == 0) {
        return error_set(error, ERROR_PROTOCOL,
                         "the SunSpec device has at holding:%u, where its next model should begin, "
                         "id %u and length %u; the length of the model before is wrong, or its map",
                         (unsigned)chain->next, id, length);
    }
    if (chain->next + SUNSPEC_HEADER + length > TABLE_SIZE) {
        return error_set(error, ERROR_PROTOCOL,
                         "the SunSpec device says that model %u at holding:%u has %u registers; "
                         "that is beyond 65535, the last there is",
                         id, (unsigned)chain->next, length);
    }
    if (chain->count == SUNSPEC_LINKS_MAX) {
        return error_set(error, ERROR_PROTOCOL,
                         "the SunSpec device has more than %d models and no end up to holding:%u",
                         SUNSPEC_LINKS_MAX, (unsigned)chain->next);
    }
    chain->links[chain->count++] =
        (struct sunspec_link){(uint16_t)id, (uint16_t)length, (uint16_t)chain->next};
    chain->next += SUNSPEC_HEADER + length;
    return ERROR_OK;
}

static enum error_code walk(struct sunspec_chain *chain, struct sunspec_reader *reader,
                            struct error *error)
{
    while (!chain->is_whole) {
        uint16_t header[SUNSPEC_HEADER] = {0};
        enum error_code code;

        if (chain->next >= TABLE_SIZE) {
            return error_set(error, ERROR_PROTOCOL,
                             "the SunSpec device's models fill all registers up to 65535 and do "
                             "not end");
        }
        code = read_header(chain, reader, header, error);
        if (code == ERROR_OK && header[0] == CHAIN_END) {
            chain->is_whole = true;
        } else if (code == ERROR_OK) {
            code = add(chain, header, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}

enum error_code sunspec_chain_read(struct sunspec_chain *chain, struct sunspec_reader *reader,
                                   struct error *error)
{
    enum error_code code = chain->next == 0 ? find_mark(chain, reader, error) : ERROR_OK;

    if (code == ERROR_OK) {
        code = walk(chain, reader, error);
    }
    if (code != ERROR_OK && code != ERROR_TIMEOUT) { /* S3 */
        *chain = (struct sunspec_chain){.base_choice = chain->base_choice};
    }
    return code;
}

const struct sunspec_link *sunspec_chain_find(const struct sunspec_chain *chain, unsigned id,
                                              unsigned instance)
{
    for (unsigned i = 0; i < chain->count; i++) {
        if (chain->links[i].id == id && --instance == 0) {
            return &chain->links[i];
        }
    }
    return NULL;
}
