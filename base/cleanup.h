/* base/cleanup.h - a local that holds a resource lets go of it by itself.
 *
 *     CLEANUP(free_text) char *text = ...;      freed on every way out
 *     return TAKE(text);                        the caller owns it now
 *
 * Depends on: nothing.  Threads: locals only.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/** Move a pointer out of a CLEANUP local. */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/** For CLEANUP on any pointer from malloc: `CLEANUP(cleanup_free) char *text`. */
static inline void cleanup_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/** For a descriptor that was only read from, or whose failure was already reported. */
static inline void cleanup_close(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor); /* nothing was written through it that is not synced yet */
    }
}

static inline void cleanup_fclose(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file); /* read only */
    }
}

#endif
