/* drivers/filelog/followed.h - one file that is followed: what it is, how far it was read.
 *
 *   a file -> [ FOLLOWED ] -> lines -> sink
 *
 * Life: a zeroed struct with fd -1 is unused; followed_begin() or followed_parse() make it used;
 * followed_attach() gives it a file; followed_detach() takes that away.
 *
 * Depends on: base, lines.  Threads: one at a time.
 */
#ifndef DRIVERS_FILELOG_FOLLOWED_H
#define DRIVERS_FILELOG_FOLLOWED_H

#include "drivers/driver.h"
#include "drivers/filelog/entry.h"

#include <sys/stat.h>

enum {
    FOLLOWED_MARK_BYTES = 256,
    FOLLOWED_CHUNK_BYTES = 64 << 10,
    FOLLOWED_PATH_SIZE = 512,
    FOLLOWED_FIELDS_SIZE = 2 * FOLLOWED_PATH_SIZE + MEMBERS_SIZE + 64,
};

struct followed {
    bool is_used;
    bool is_wanted; /* the pattern fits its name, as last seen */
    int fd;         /* -1: its file is not found (any more) */
    uint32_t slot;
    uint64_t device, inode, offset;
    uint32_t part;      /* how many parts of the record at `offset` were handed over */
    uint32_t head_mark; /* of the first FOLLOWED_MARK_BYTES before `offset` */
    uint32_t tail_mark; /* of the last ones before `offset` */
    int64_t lost_ns;    /* monotonic: since when its file is not found */
    char path[FOLLOWED_PATH_SIZE];
};

enum followed_result {
    FOLLOWED_END,    /* nothing more now */
    FOLLOWED_MORE,   /* records were handed over, and the file goes on */
    FOLLOWED_FULL,   /* the sink has no room */
    FOLLOWED_BROKEN, /* the file is not what it was, or cannot be read */
};

/** Records of one file that are handed over together. */
struct followed_portion {
    struct driver_line lines[DRIVER_LINES_MAX];
    size_t count, used;   /* of lines, and of texts */
    size_t bytes;         /* as DRIVER_LINES_BYTES counts them */
    const uint8_t *from;  /* the first one's in the file, */
    uint64_t from_offset; /* where that is, */
    uint32_t from_part;   /* and how many parts of it were handed over */
    char texts[DRIVER_LINES_BYTES + ENTRY_TEXT_SIZE + FOLLOWED_FIELDS_SIZE];
};

/** What is handed over of a file in one go. */
struct followed_reading {
    struct driver_sink *sink;
    struct entry_rules rules;        /* its time is that of this go */
    bool is_idle;                    /* the end of the file is taken without a line feed, too */
    bool is_settled;                 /* nothing was written for a second */
    bool is_unfit_told;              /* a record did not have the format */
    uint32_t fit_count;              /* records that had it, since then */
    uint64_t taken_bytes;            /* of the files, that the sink took; counts on */
    struct followed_portion portion; /* scratch */
    uint8_t bytes[FOLLOWED_MARK_BYTES + FOLLOWED_CHUNK_BYTES]; /* scratch */
};

/** A file that was not seen before, from its beginning. */
void followed_begin(struct followed *followed, const struct stat *file);

/** false: the text is none. */
bool followed_parse(struct followed *followed, const char *position);
void followed_print(const struct followed *followed, char position[DRIVER_POSITION_SIZE]);

/** Does the file of `fd` hold, before our offset, what ours held? */
bool followed_fits(const struct followed *followed, int fd);

/** Does the file of `fd` have the first FOLLOWED_MARK_BYTES of ours, as far as both reach? */
bool followed_begins_like(const struct followed *followed, int fd, uint64_t size);

/** Compute the marks of the file's own content before `offset`. false: it cannot be read. */
bool followed_set_offset(struct followed *followed, uint64_t offset);

/** Takes `fd`. */
void followed_attach(struct followed *followed, int fd, const struct stat *file, const char *path);
void followed_detach(struct followed *followed);

/** Hand over what is in the next chunk. */
enum followed_result followed_read(struct followed *followed, struct followed_reading *reading);

#endif
