/* drivers/filelog/discovery.h - which files there are, and which of the followed each of them is.
 *
 * The rules FL1, FL2 and FL4 of file_log.h, once for each look at the folder.
 *
 * Depends on: followed.  Threads: one at a time.
 */
#ifndef DRIVERS_FILELOG_DISCOVERY_H
#define DRIVERS_FILELOG_DISCOVERY_H

#include "drivers/filelog/followed.h"

enum {
    FOLLOWED_MAX = DRIVER_POSITIONS,
    IDLE_S = 60,
    COPY_WAIT_S = 30,
    LOOK_EVERY_S = 2, /* where nothing tells of a change */
};

/** A file that may be a copy that is being made. */
struct maybe_copy {
    uint64_t device, inode;
    int64_t since_ns; /* monotonic; 0: the entry is free */
};

struct discovery {
    const char *pattern;
    bool from_end; /* what is there at the first look of all is not read */
    struct followed list[FOLLOWED_MAX];
    struct maybe_copy copies[FOLLOWED_MAX];
    bool is_loaded;  /* the host's positions were taken */
    bool is_first;   /* there were none */
    bool is_waiting; /* a file is there that may become a copy */
    bool told_full;  /* no room for a further file */
    bool told_unreadable;
};

/** Take the host's positions, as after open(). */
void discovery_load(struct discovery *discovery, struct driver_sink *sink);

/** Look at the folder of the pattern. */
void discovery_look(struct discovery *discovery, const struct driver_turn *turn,
                    struct driver_sink *sink);

/** The file of this one is not what it was: look for where it went. */
void discovery_lose(struct followed *followed, int64_t now_ns);

/** Let go of all files. */
void discovery_close(struct discovery *discovery);

#endif
