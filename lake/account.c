#include "lake/account.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 1024, WHERE_MAX = 256 };

/* One account under way: where its objects are and what has been covered so far. */
struct ledger {
    const struct inventory *inventory;
    const struct buffer *claims;
    struct account *account;
    struct account_book *book;
    size_t begin, end; /* objects of this account */
    char where[WHERE_MAX];
};

static void complain(const struct ledger *ledger, const char *format, ...) PRINTF_LIKE(2, 3);

static void complain(const struct ledger *ledger, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list arguments;
    int head = snprintf(sentence, sizeof(sentence), "%s: ", ledger->where);

    va_start(arguments, format);
    (void)vsnprintf(sentence + head, sizeof(sentence) - (size_t)head, format, arguments);
    va_end(arguments);
    /* A buffer that is full stays marked: account_all() looks at the end. */
    (void)buffer_append(&ledger->book->problems, sentence, strlen(sentence) + 1);
}

static const char *file_name(const struct object_name *name, char text[BATCH_NAME_MAX])
{
    if (object_name_build(name, text, NULL) != ERROR_OK) {
        return "(an object without a name)"; /* it was parsed from one: cannot be */
    }
    return text;
}

static bool same_gateway(const struct object_name *one, const struct object_name *two)
{
    return strcmp(one->site, two->site) == 0 && strcmp(one->gateway, two->gateway) == 0 &&
           strcmp(one->incarnation, two->incarnation) == 0;
}

static size_t claim_count(const struct ledger *ledger)
{
    return ledger->claims->size / sizeof(struct claim);
}

static const struct claim *claim_at(const struct ledger *ledger, size_t index)
{
    return (const struct claim *)(const void *)ledger->claims->bytes + index;
}

static bool concerns(const struct ledger *ledger, const struct claim *claim)
{
    return claim->stream == ledger->account->stream &&
           same_gateway(claim->gateway, ledger->account->name);
}

/** The gap event that covers `number`, or the first one after it. NULL: none. */
static const struct claim *next_gap(const struct ledger *ledger, uint64_t number)
{
    const struct claim *nearest = NULL;

    for (size_t i = 0; i < claim_count(ledger); i++) {
        const struct claim *claim = claim_at(ledger, i);

        if (!claim->gap || claim->last < number || !concerns(ledger, claim)) {
            continue;
        }
        if (claim->first <= number) {
            return claim;
        }
        if (nearest == NULL || claim->first < nearest->first) {
            nearest = claim;
        }
    }
    return nearest;
}

static const struct object_facts *object_or_none(const struct ledger *ledger, size_t index)
{
    return index >= ledger->begin && index < ledger->end ? inventory_at(ledger->inventory, index)
                                                         : NULL;
}

static void note_hole(const struct ledger *ledger, uint64_t first, uint64_t last, bool damaged)
{
    const struct hole hole = {ledger->account->name, ledger->account->stream, damaged, first, last};

    ledger->account->missing += last - first + 1;
    (void)buffer_append(&ledger->book->holes, &hole, sizeof(hole)); /* as above */
}

static void report_hole(const struct ledger *ledger, uint64_t first, uint64_t last, size_t next)
{
    const struct object_facts *after = object_or_none(ledger, next);
    char text[BATCH_NAME_MAX];
    char known[BATCH_NAME_MAX + 128] = "";

    if (after != NULL && after->sound && after->previous[0] != '\0' &&
        after->name.first == last + 1) {
        (void)snprintf(known, sizeof(known),
                       "; the object that held the last of them is named ...-%012" PRIu64
                       "-%s.parquet, says its successor %s",
                       last, after->previous, file_name(&after->name, text));
    }
    complain(ledger,
             "%" PRIu64 " to %" PRIu64 " are missing (%" PRIu64
             " records): no object holds them and no gap event names them%s",
             first, last, last - first + 1, known);
}

/** first..last is in no object: lost where a gap event says so, else a hole. `next` is the object
 *  after it. Returns whether there is a hole. */
static bool settle_range(const struct ledger *ledger, uint64_t first, uint64_t last, size_t next)
{
    struct account *account = ledger->account;
    bool hole = false;

    while (first <= last) {
        const struct claim *gap = next_gap(ledger, first);
        uint64_t until = gap == NULL || gap->first > last ? last : gap->first - 1;

        if (gap != NULL && gap->first <= first) {
            until = gap->last < last ? gap->last : last;
            account->lost += until - first + 1;
        } else {
            note_hole(ledger, first, until, false);
            report_hole(ledger, first, until, next);
            hole = true;
        }
        first = until + 1;
    }
    return hole;
}

/** A3. `before` is NULL for the first object; `hole`: an unexplained hole lies between. */
static void check_predecessor(const struct ledger *ledger, const struct object_facts *before,
                              const struct object_facts *object, bool hole)
{
    const char *expected = before == NULL ? "" : before->name.digest;
    char text[BATCH_NAME_MAX];

    if (!object->sound || hole || (before != NULL && !before->sound) ||
        strcmp(object->previous, expected) == 0) {
        return;
    }
    ledger->account->substituted = true;
    complain(ledger,
             "%s names %s as its predecessor, but the object before it is %s: one was put there or "
             "taken away",
             file_name(&object->name, text),
             object->previous[0] == '\0' ? "no object" : object->previous,
             expected[0] == '\0' ? "none" : expected);
}

static void report_fork(const struct ledger *ledger, const struct object_facts *before,
                        const struct object_facts *object)
{
    char one[BATCH_NAME_MAX];
    char two[BATCH_NAME_MAX];

    ledger->account->forked = true;
    complain(ledger,
             "%s and %s hold the same sequence numbers: two queues use one identity, or one of the "
             "objects was made by someone else",
             file_name(&before->name, one), file_name(&object->name, two));
}

static void count_object(const struct ledger *ledger, const struct object_facts *object)
{
    struct account *account = ledger->account;
    uint64_t rows = object->name.last - object->name.first + 1;
    char text[BATCH_NAME_MAX];

    account->objects++;
    account->first = account->first == 0 ? object->name.first : account->first;
    account->last = object->name.last > account->last ? object->name.last : account->last;
    if (object->sound) {
        account->rows += rows;
        return;
    }
    account->damaged++;
    note_hole(ledger, object->name.first, object->name.last, true);
    complain(ledger, "%s is damaged: %s", file_name(&object->name, text), object->problem);
}

static void account_objects(const struct ledger *ledger)
{
    const struct object_facts *before = NULL;
    uint64_t next = 1;

    for (size_t i = ledger->begin; i < ledger->end; i++) {
        const struct object_facts *object = inventory_at(ledger->inventory, i);
        bool hole = false;

        if (before != NULL && object->name.first < next) {
            report_fork(ledger, before, object);
        } else {
            if (object->name.first > next) {
                hole = settle_range(ledger, next, object->name.first - 1, i);
            }
            check_predecessor(ledger, before, object, hole);
        }
        count_object(ledger, object);
        if (object->name.last >= next) {
            next = object->name.last + 1;
            before = object;
        }
    }
    if (next <= ledger->account->high_water) {
        (void)settle_range(ledger, next, ledger->account->high_water, ledger->end);
    }
}

/** What is known to have been issued, from high-water marks and gaps (A1). */
static void find_high_water(const struct ledger *ledger)
{
    for (size_t i = 0; i < claim_count(ledger); i++) {
        const struct claim *claim = claim_at(ledger, i);

        if (concerns(ledger, claim) && claim->last > ledger->account->high_water) {
            ledger->account->high_water = claim->last;
        }
    }
}

static bool settle(struct ledger *ledger)
{
    (void)snprintf(ledger->where, sizeof(ledger->where), "%s/%s incarnation %s, %s",
                   ledger->account->name->site, ledger->account->name->gateway,
                   ledger->account->name->incarnation, stream_name(ledger->account->stream));
    find_high_water(ledger);
    account_objects(ledger);
    return !ledger->book->problems.failed && !ledger->book->holes.failed;
}

/** Accounts of the streams of one gateway's incarnation, whose objects are begin..end. A stream
 *  without any object has an account only if something is known to have been issued. */
static bool account_gateway(const struct inventory *inventory, const struct buffer *claims,
                            size_t begin, size_t end, struct account_book *book)
{
    for (int stream = 0; stream < STREAM_COUNT; stream++) {
        struct account account = {.name = &inventory_at(inventory, begin)->name,
                                  .stream = (enum stream)stream};
        struct ledger ledger = {
            .inventory = inventory, .claims = claims, .account = &account, .book = book};

        ledger.begin = begin;
        while (ledger.begin < end &&
               inventory_at(inventory, ledger.begin)->name.stream != account.stream) {
            ledger.begin++;
        }
        ledger.end = ledger.begin;
        while (ledger.end < end &&
               inventory_at(inventory, ledger.end)->name.stream == account.stream) {
            ledger.end++;
        }
        if (!settle(&ledger)) {
            return false;
        }
        if ((account.objects > 0 || account.high_water > 0) &&
            !buffer_append(&book->accounts, &account, sizeof(account))) {
            return false;
        }
    }
    return true;
}

bool account_all(const struct inventory *inventory, const struct buffer *claims,
                 struct account_book *book)
{
    size_t count = inventory_count(inventory);
    size_t begin = 0;

    while (begin < count) {
        size_t end = begin + 1;

        while (end < count && same_gateway(&inventory_at(inventory, begin)->name,
                                           &inventory_at(inventory, end)->name)) {
            end++;
        }
        if (!account_gateway(inventory, claims, begin, end, book)) {
            return false;
        }
        begin = end;
    }
    return true;
}

void account_book_init(struct account_book *book)
{
    buffer_init(&book->accounts, SIZE_MAX / 2);
    buffer_init(&book->holes, SIZE_MAX / 2);
    buffer_init(&book->problems, SIZE_MAX / 2);
}

void account_book_deinit(struct account_book *book)
{
    buffer_deinit(&book->accounts);
    buffer_deinit(&book->holes);
    buffer_deinit(&book->problems);
}

size_t account_count(const struct account_book *book)
{
    return book->accounts.size / sizeof(struct account);
}

const struct account *account_at(const struct account_book *book, size_t index)
{
    return (const struct account *)(const void *)book->accounts.bytes + index;
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

bool account_is_whole(const struct account *account)
{
    return !account->forked && !account->substituted && account->damaged == 0 &&
           account->missing == 0;
}
