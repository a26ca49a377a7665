/* drivers/journal/library.h - the functions of sd-journal(3) that we use, from libsystemd.so.0.
 *
 * Loaded when it is needed: machines without a journal have no such library, and the others need
 * its memory only with this driver. Its interface is stable since systemd 209.
 *
 * Depends on: base.  Threads: the table is the caller's.
 */
#ifndef DRIVERS_JOURNAL_LIBRARY_H
#define DRIVERS_JOURNAL_LIBRARY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SD_JOURNAL_LOCAL_ONLY = 1 }; /* of sd-journal.h */

typedef struct sd_journal sd_journal; /* the library's name for it */

/** As sd-journal(3) has them: negative errno on failure. */
struct journal_library {
    void *handle;
    int (*open)(sd_journal **journal, int flags);
    int (*open_directory)(sd_journal **journal, const char *path, int flags);
    void (*close)(sd_journal *journal);
    int (*add_match)(sd_journal *journal, const void *data, size_t size);
    int (*add_conjunction)(sd_journal *journal);
    int (*add_disjunction)(sd_journal *journal);
    int (*seek_head)(sd_journal *journal);
    int (*seek_tail)(sd_journal *journal);
    int (*seek_cursor)(sd_journal *journal, const char *cursor);
    int (*test_cursor)(sd_journal *journal, const char *cursor);
    int (*get_cursor)(sd_journal *journal, char **cursor);
    int (*next)(sd_journal *journal);
    int (*previous)(sd_journal *journal);
    int (*get_realtime_usec)(sd_journal *journal, uint64_t *time_us);
    int (*get_data)(sd_journal *journal, const char *field, const void **data, size_t *size);
    int (*set_data_threshold)(sd_journal *journal, size_t size);
    int (*wait)(sd_journal *journal, uint64_t timeout_us);
};

/** Fill a zeroed or closed table. Errors: ERROR_REFUSED: there is no such library. */
MUST_CHECK enum error_code journal_library_load(struct journal_library *library,
                                                struct error *error);

/** Accepts a zeroed table. */
void journal_library_unload(struct journal_library *library);

#endif
