#include "lake/book.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 2048 };

void account_book_init(struct account_book *book)
{
    buffer_init(&book->accounts, SIZE_MAX / 2);
    buffer_init(&book->holes, SIZE_MAX / 2);
    buffer_init(&book->lineages, SIZE_MAX / 2);
    buffer_init(&book->problems, SIZE_MAX / 2);
    buffer_init(&book->notes, SIZE_MAX / 2);
}

void account_book_deinit(struct account_book *book)
{
    buffer_deinit(&book->accounts);
    buffer_deinit(&book->holes);
    buffer_deinit(&book->lineages);
    buffer_deinit(&book->problems);
    buffer_deinit(&book->notes);
}

bool account_book_is_kept(const struct account_book *book)
{
    return !book->accounts.failed && !book->holes.failed && !book->lineages.failed &&
           !book->problems.failed && !book->notes.failed;
}

void account_book_write(struct buffer *sentences, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments); /* cut, if it must be */
    va_end(arguments);
    (void)buffer_append(sentences, sentence, strlen(sentence) + 1); /* as the header says */
}

size_t account_count(const struct account_book *book)
{
    return book->accounts.size / sizeof(struct account);
}

const struct account *account_at(const struct account_book *book, size_t index)
{
    return (const struct account *)(const void *)book->accounts.bytes + index;
}

size_t hole_count(const struct account_book *book)
{
    return book->holes.size / sizeof(struct hole);
}

const struct hole *hole_at(const struct account_book *book, size_t index)
{
    return (const struct hole *)(const void *)book->holes.bytes + index;
}

size_t lineage_count(const struct account_book *book)
{
    return book->lineages.size / sizeof(struct lineage);
}

struct lineage *lineage_at(const struct account_book *book, size_t index)
{
    return (struct lineage *)(void *)book->lineages.bytes + index;
}

const char *account_status(const struct account *account)
{
    if (account->forked || account->substituted) {
        return account->forked ? "forked" : "substituted";
    }
    if (account->damaged > 0) {
        return "damaged";
    }
    if (account->missing > 0) {
        return "incomplete";
    }
    return account->lost > 0 ? "gaps" : "complete";
}

const char *hole_kind_name(enum hole_kind kind)
{
    static const char *const names[] = {
        [HOLE_LOST] = "lost", [HOLE_MISSING] = "missing", [HOLE_DAMAGED] = "damaged"};

    return names[kind];
}
