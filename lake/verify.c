#include "lake/verify.h"

#include "base/cleanup.h"

void verification_init(struct verification *verification)
{
    inventory_init(&verification->inventory);
    account_book_init(&verification->book);
    buffer_init(&verification->claims, SIZE_MAX / 2);
}

void verification_deinit(struct verification *verification)
{
    inventory_deinit(&verification->inventory);
    account_book_deinit(&verification->book);
    buffer_deinit(&verification->claims);
}

enum error_code verification_run(const char *lake, struct verification *verification,
                                 struct error *error)
{
    CLEANUP(object_reader_deinit) struct object_reader reader;
    enum error_code code;

    object_reader_init(&reader);
    code = inventory_collect(lake, &verification->inventory, error);
    for (size_t i = 0; code == ERROR_OK && i < inventory_count(&verification->inventory); i++) {
        code = object_check(&reader, lake, inventory_at(&verification->inventory, i),
                            &verification->claims, error);
    }
    if (code == ERROR_OK &&
        !account_all(&verification->inventory, &verification->claims, &verification->book)) {
        code = error_set(error, ERROR_NO_MEMORY, "there is no memory for the accounts of %.100s",
                         lake);
    }
    return code;
}
