#include "drivers/journal/library.h"

#include <dlfcn.h>
#include <string.h>

static const char library_name[] = "libsystemd.so.0";

enum error_code journal_library_load(struct journal_library *library, struct error *error)
{
    const struct {
        const char *name;
        void *place; /* a pointer to a function */
    } functions[] = {
        {"sd_journal_open", &library->open},
        {"sd_journal_open_directory", &library->open_directory},
        {"sd_journal_close", &library->close},
        {"sd_journal_add_match", &library->add_match},
        {"sd_journal_add_conjunction", &library->add_conjunction},
        {"sd_journal_add_disjunction", &library->add_disjunction},
        {"sd_journal_seek_head", &library->seek_head},
        {"sd_journal_seek_tail", &library->seek_tail},
        {"sd_journal_seek_cursor", &library->seek_cursor},
        {"sd_journal_test_cursor", &library->test_cursor},
        {"sd_journal_get_cursor", &library->get_cursor},
        {"sd_journal_next", &library->next},
        {"sd_journal_previous", &library->previous},
        {"sd_journal_get_realtime_usec", &library->get_realtime_usec},
        {"sd_journal_get_data", &library->get_data},
        {"sd_journal_set_data_threshold", &library->set_data_threshold},
        {"sd_journal_wait", &library->wait},
    };
    void *handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        return error_set(error, ERROR_REFUSED,
                         "the journal cannot be read without %s: install libsystemd0",
                         library_name);
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *found = dlsym(handle, functions[i].name);

        if (found == NULL) {
            (void)dlclose(handle);
            return error_set(error, ERROR_REFUSED, "%s has no %s: it is too old", library_name,
                             functions[i].name);
        }
        memcpy(functions[i].place, &found, sizeof(found));
    }
    library->handle = handle;
    return ERROR_OK;
}

void journal_library_unload(struct journal_library *library)
{
    if (library->handle != NULL) {
        (void)dlclose(library->handle);
    }
    *library = (struct journal_library){0};
}
