#include "lake/verify.h"

#include "base/cleanup.h"
#include "lake/account.h"
#include "lake/lineage.h"

void verification_init(struct verification *verification)
{
    inventory_init(&verification->inventory);
    account_book_init(&verification->book);
    claims_init(&verification->claims);
}

void verification_deinit(struct verification *verification)
{
    inventory_deinit(&verification->inventory);
    account_book_deinit(&verification->book);
    claims_deinit(&verification->claims);
}

static enum error_code check_objects(const char *lake, struct verification *verification,
                                     struct error *error)
{
    CLEANUP(object_reader_deinit) struct object_reader reader;
    enum error_code code = ERROR_OK;

    object_reader_init(&reader);
    for (size_t i = 0; code == ERROR_OK && i < inventory_count(&verification->inventory); i++) {
        struct object_facts *facts = inventory_at(&verification->inventory, i);

        code = object_check(&reader, lake, facts, error);
        if (code == ERROR_OK && facts->sound && facts->name.stream == STREAM_EVENTS) {
            code = claims_hear(&verification->claims, &reader, &facts->name, error);
        }
    }
    return code;
}

enum error_code verification_run(const char *lake, struct verification *verification,
                                 struct error *error)
{
    CLEANUP(overlap_deinit) struct overlap overlap;
    const struct account_sources sources = {&verification->inventory, &verification->claims,
                                            &overlap};
    enum error_code code = inventory_collect(lake, &verification->inventory, error);

    overlap_init(&overlap, lake);
    if (code == ERROR_OK) {
        code = check_objects(lake, verification, error);
    }
    if (code == ERROR_OK) {
        code = account_all(&sources, &verification->book, error);
    }
    if (code == ERROR_OK) {
        code = lineage_trace(&verification->inventory, &verification->claims, &verification->book,
                             error);
    }
    return code;
}
