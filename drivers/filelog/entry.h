/* drivers/filelog/entry.h - which bytes of a file are its next record, and what text they are.
 *
 *  RE1 A record is a line. With `is_multiline` it is a line and those behind it that do not
 *      begin a record: of a named format the lines that do not have it, of text those that are
 *      empty or begin with a blank.
 *  RE2 The last record of a file ends when nothing was written for a second. A line that has no
 *      line feed yet may still become the beginning of a record, and is waited for (FL3).
 *  RE3 What is longer than ENTRY_PART_MAX is cut into parts, between two lines where that is
 *      possible. A part that is not the last is cut only where more of the same record is known
 *      to follow. Of other encodings than UTF-8 a part has fewer bytes of the file.
 *
 * Depends on: lines.  Threads: one at a time.
 */
#ifndef DRIVERS_FILELOG_ENTRY_H
#define DRIVERS_FILELOG_ENTRY_H

#include "drivers/lines/encoding.h"
#include "drivers/lines/format.h"

enum {
    ENTRY_PART_MAX = 16000,  /* bytes of UTF-8 of a part; a log record keeps some more */
    ENTRY_TEXT_SIZE = 16384, /* with room for an end that is cut */
};

/** How the records of a device's files are cut. */
struct entry_rules {
    bool is_multiline;
    struct line_format *format;      /* borrowed */
    const struct encoding *encoding; /* borrowed */
    int64_t now_ns;                  /* UTC */
    struct line_parts parts;         /* scratch */
    char line[ENTRY_TEXT_SIZE];      /* scratch */
};

/** The bytes that are there, and what is known of them. */
struct entry_bytes {
    const uint8_t *bytes;
    size_t size;
    bool is_rest;    /* also what has no line feed is taken */
    bool is_settled; /* nothing was written behind them for a second */
};

struct entry {
    size_t size;
    bool is_whole; /* no further part follows */
};

/** The record at the beginning of the bytes, or its next part. false: it is not whole yet. */
bool entry_find(struct entry_rules *rules, const struct entry_bytes *bytes, struct entry *entry);

/** Its text as UTF-8, without a byte order mark, the last line end and the CR of every other.
 *  Returns the length. */
size_t entry_text(const struct entry_rules *rules, const struct entry *entry, const uint8_t *bytes,
                  char text[ENTRY_TEXT_SIZE]);

/** Take apart the text of a record: its first line has the format, the others belong to the
 * message. false: it has not (LF1). */
bool entry_parse(struct entry_rules *rules, const char *text, size_t size);

#endif
