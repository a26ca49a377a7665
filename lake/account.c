#include "lake/account.h"

#include "base/cleanup.h"
#include "lake/ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_MAX = 256 };

/* One account under way: where its objects are and what has been covered so far. */
struct ledger {
    const struct account_sources *sources;
    struct account *account;
    struct account_book *book;
    size_t begin, end;         /* objects of this account */
    size_t gap_begin, gap_end; /* gap claims of this incarnation */
    struct buffer gaps;        /* struct range of claims, separated */
    struct buffer damaged;     /* struct range of damaged objects, separated */
    struct buffer cover;       /* struct range of sound objects, separated by making */
    struct buffer digests;     /* const struct object_facts *, sorted by digest */
    char where[WHERE_MAX];
};

static const struct object_facts *object_at(const struct ledger *ledger, size_t index)
{
    return inventory_at(ledger->sources->inventory, index);
}

static const struct gap_claim *gap_claim_at(const struct claims *claims, size_t index)
{
    return (const struct gap_claim *)(const void *)claims->gaps.bytes + index;
}

static const char *file_name(const struct object_name *name, char text[BATCH_NAME_MAX])
{
    if (object_name_build(name, text, NULL) != ERROR_OK) {
        return "(an object without a name)"; /* it was parsed from one: cannot be */
    }
    return text;
}

static void note_hole(const struct ledger *ledger, enum hole_kind kind, uint64_t first,
                      uint64_t last, const struct gap_claim *gap)
{
    struct hole hole = {.name = ledger->account->name,
                        .stream = ledger->account->stream,
                        .kind = kind,
                        .first = first,
                        .last = last,
                        .reason = ""};

    if (gap != NULL) {
        hole.from_us = gap->from_us;
        hole.to_us = gap->to_us;
        hole.reason = gap->reason;
    }
    *(kind == HOLE_LOST ? &ledger->account->lost : &ledger->account->missing) += last - first + 1;
    (void)buffer_append(&ledger->book->holes, &hole, sizeof(hole)); /* settle() asks */
}

/** `after` is the object whose first number is `last` + 1, or NULL. */
static void report_missing(const struct ledger *ledger, uint64_t first, uint64_t last,
                           const struct object_facts *after)
{
    char text[BATCH_NAME_MAX];
    char known[BATCH_NAME_MAX + 128] = "";

    if (after != NULL && after->previous[0] != '\0' && after->name.first == last + 1) {
        (void)snprintf(known, sizeof(known),
                       "; the object that held the last of them is named ...-%012" PRIu64
                       "-%s.parquet, says its successor %s",
                       last, after->previous, file_name(&after->name, text));
    }
    account_book_write(&ledger->book->problems,
                       "%s: %" PRIu64 " to %" PRIu64 " are missing (%" PRIu64
                       " records): no object holds them and no gap event names them%s",
                       ledger->where, first, last, last - first + 1, known);
}

/** first..last is in no sound object (A1); `after` is the sound object behind it, or NULL. Returns
 *  whether any of them is neither lost nor in a damaged object. */
static bool settle_range(const struct ledger *ledger, uint64_t first, uint64_t last,
                         const struct object_facts *after)
{
    bool missing = false;

    while (first <= last) {
        const struct range *damaged = ranges_next(&ledger->damaged, first);
        const struct range *gap = ranges_next(&ledger->gaps, first);
        uint64_t until = last;

        if (damaged != NULL && damaged->first <= last) {
            until = damaged->first > first ? damaged->first - 1 : damaged->last;
        }
        until = until > last ? last : until;
        if (damaged != NULL && damaged->first <= first) {
            note_hole(ledger, HOLE_DAMAGED, first, until, NULL);
        } else if (gap != NULL && gap->first <= first) {
            until = gap->last < until ? gap->last : until;
            note_hole(ledger, HOLE_LOST, first, until,
                      gap_claim_at(ledger->sources->claims, gap->source));
        } else {
            until = gap != NULL && gap->first <= until ? gap->first - 1 : until;
            note_hole(ledger, HOLE_MISSING, first, until, NULL);
            report_missing(ledger, first, until, after);
            missing = true;
        }
        first = until + 1;
    }
    return missing;
}

static int compare_digests(const void *left, const void *right)
{
    const struct object_facts *const *one = left;
    const struct object_facts *const *two = right;

    return strcmp((*one)->name.digest, (*two)->name.digest);
}

/** NULL: there is none. The digest is over the numbers too: objects that share it hold the same. */
static const struct object_facts *find_digest(const struct ledger *ledger, const char *digest)
{
    struct object_facts key = {.name = {.first = 0}};
    const struct object_facts *sought = &key;
    const struct object_facts *const *found;

    if (ledger->digests.size == 0) { /* there was no memory for them: settle() asks */
        return NULL;
    }
    memcpy(key.name.digest, digest, strlen(digest) + 1);
    found = bsearch(&sought, ledger->digests.bytes, ledger->digests.size / sizeof(sought),
                    sizeof(sought), compare_digests);
    return found == NULL ? NULL : *found;
}

/** A3. `before` is the object with the highest number so far, or NULL; `hole`: what lies between it
 *  and `object` is missing. */
static bool predecessor_is_right(const struct ledger *ledger, const struct object_facts *before,
                                 const struct object_facts *object, bool hole)
{
    const struct object_facts *named =
        object->previous[0] == '\0' ? NULL : find_digest(ledger, object->previous);
    uint64_t after = named == NULL ? 0 : named->name.last;
    bool known = named != NULL || object->previous[0] == '\0';

    if (known && after < object->name.first &&
        ranges_cover(&ledger->gaps, after + 1, object->name.first - 1)) {
        return true;
    }
    return hole || (before != NULL && before->name.last >= object->name.first &&
                    strcmp(before->previous, object->previous) == 0);
}

static void check_predecessor(const struct ledger *ledger, const struct object_facts *before,
                              const struct object_facts *object, bool hole)
{
    char text[BATCH_NAME_MAX];

    if (predecessor_is_right(ledger, before, object, hole)) {
        return;
    }
    ledger->account->substituted = true;
    account_book_write(&ledger->book->problems,
                       "%s: %s names %s as its predecessor, but the object before it is %s: one "
                       "was put there or taken away",
                       ledger->where, file_name(&object->name, text),
                       object->previous[0] == '\0' ? "no object" : object->previous,
                       before == NULL ? "none" : before->name.digest);
}

static void report_fork(const struct ledger *ledger, const struct object_facts *before,
                        const struct object_facts *object, uint64_t number)
{
    char one[BATCH_NAME_MAX];
    char two[BATCH_NAME_MAX];

    ledger->account->forked = true;
    account_book_write(&ledger->book->problems,
                       "%s: %s and %s hold different records under the same numbers, from %" PRIu64
                       " on: a copied queue went on under one identity (a cloned card, a restored "
                       "image). Keep both objects, find the second machine, and let it begin with "
                       "an empty queue and a gateway name of its own",
                       ledger->where, file_name(&before->name, one), file_name(&object->name, two),
                       number);
}

/** A2: `object` begins below `next`, up to which everything before it has come. */
static enum error_code check_overlap(const struct ledger *ledger, const struct object_facts *object,
                                     uint64_t next, struct error *error)
{
    uint64_t last = object->name.last < next ? object->name.last : next - 1;
    enum error_code code = ERROR_OK;
    uint64_t differs = 0;

    for (uint64_t number = object->name.first; number <= last && code == ERROR_OK;) {
        const struct range *range = ranges_next(&ledger->cover, number);
        const struct object_facts *holder;
        struct range both = {0};

        if (range == NULL || range->first > last) {
            break;
        }
        both.first = range->first > number ? range->first : number;
        both.last = range->last < last ? range->last : last;
        holder = object_at(ledger, range->source);
        code = overlap_compare(ledger->sources->overlap, holder, object, &both, &differs, error);
        if (code == ERROR_OK && differs != 0) {
            report_fork(ledger, holder, object, differs);
            break;
        }
        number = both.last + 1;
    }
    return code;
}

static void count_object(const struct ledger *ledger, const struct object_facts *object)
{
    struct account *account = ledger->account;
    char text[BATCH_NAME_MAX];

    account->objects++;
    account->first = account->first == 0 ? object->name.first : account->first;
    account->last = object->name.last > account->last ? object->name.last : account->last;
    if (object->sound) {
        account->rows += object->name.last - object->name.first + 1;
        return;
    }
    account->damaged++;
    account_book_write(&ledger->book->problems, "%s: %s is damaged: %s", ledger->where,
                       file_name(&object->name, text), object->problem);
}

static enum error_code account_objects(struct ledger *ledger, struct error *error)
{
    const struct object_facts *before = NULL;
    enum error_code code = ERROR_OK;
    uint64_t next = 1;

    for (size_t i = ledger->begin; i < ledger->end && code == ERROR_OK; i++) {
        const struct object_facts *object = object_at(ledger, i);
        struct range covered = {object->name.first, object->name.last, i};
        bool hole = false;

        count_object(ledger, object);
        if (!object->sound) {
            continue;
        }
        if (covered.first < next) {
            code = check_overlap(ledger, object, next, error);
            covered.first = next;
        } else if (covered.first > next) {
            hole = settle_range(ledger, next, covered.first - 1, object);
        }
        check_predecessor(ledger, before, object, hole);
        if (covered.last >= next) {
            (void)buffer_append(&ledger->cover, &covered, sizeof(covered)); /* settle() asks */
            ledger->account->arrived += covered.last - covered.first + 1;
            next = covered.last + 1;
            before = object;
        }
    }
    if (code == ERROR_OK && next <= ledger->account->high_water) {
        (void)settle_range(ledger, next, ledger->account->high_water, NULL);
    }
    return code;
}

/** Gap claims of the stream, damaged objects, the digests of all objects; and what is known to have
 *  been issued (A1). */
static void prepare(struct ledger *ledger)
{
    struct account *account = ledger->account;

    for (size_t i = ledger->gap_begin; i < ledger->gap_end; i++) {
        const struct gap_claim *claim = gap_claim_at(ledger->sources->claims, i);
        const struct range range = {claim->first, claim->last, i};

        if (claim->stream == account->stream) {
            (void)buffer_append(&ledger->gaps, &range, sizeof(range)); /* settle() asks */
            account->high_water =
                claim->last > account->high_water ? claim->last : account->high_water;
        }
    }
    for (size_t i = ledger->begin; i < ledger->end; i++) {
        const struct object_facts *object = object_at(ledger, i);
        const struct range range = {object->name.first, object->name.last, i};

        (void)buffer_append(&ledger->digests, &object, sizeof(object)); /* settle() asks */
        if (!object->sound) {
            (void)buffer_append(&ledger->damaged, &range, sizeof(range)); /* settle() asks */
        }
        account->high_water = range.last > account->high_water ? range.last : account->high_water;
    }
    ranges_separate(&ledger->gaps);
    ranges_separate(&ledger->damaged);
    if (ledger->digests.size > 0) {
        qsort(ledger->digests.bytes, ledger->digests.size / sizeof(struct object_facts *),
              sizeof(struct object_facts *), compare_digests);
    }
}

static void ledger_deinit(struct ledger *ledger)
{
    buffer_deinit(&ledger->gaps);
    buffer_deinit(&ledger->damaged);
    buffer_deinit(&ledger->cover);
    buffer_deinit(&ledger->digests);
}

static void ledger_clear(struct ledger *ledger)
{
    buffer_clear(&ledger->gaps);
    buffer_clear(&ledger->damaged);
    buffer_clear(&ledger->cover);
    buffer_clear(&ledger->digests);
}

static enum error_code settle(struct ledger *ledger, struct error *error)
{
    enum error_code code;

    ledger_clear(ledger);
    (void)snprintf(ledger->where, sizeof(ledger->where), "%s/%s incarnation %s, %s",
                   ledger->account->name->site, ledger->account->name->gateway,
                   ledger->account->name->incarnation, stream_name(ledger->account->stream));
    prepare(ledger);
    code = account_objects(ledger, error);
    if (code == ERROR_OK &&
        (ledger->gaps.failed || ledger->damaged.failed || ledger->cover.failed ||
         ledger->digests.failed || !account_book_is_kept(ledger->book))) {
        code = error_set(error, ERROR_NO_MEMORY, "there is no memory for the accounts");
    }
    return code;
}

/** Accounts of the streams of one incarnation, whose objects are `begin` to `end`. A stream
 *  without any object has an account only if something is known to have been issued. */
static enum error_code account_incarnation(struct ledger *ledger, size_t begin, size_t end,
                                           const struct high_water *known, struct error *error)
{
    enum error_code code = ERROR_OK;
    size_t next = begin;

    for (int stream = 0; stream < STREAM_COUNT && code == ERROR_OK; stream++) {
        struct account account = {.name = &object_at(ledger, begin)->name,
                                  .stream = (enum stream)stream,
                                  .high_water = known->last[stream]};

        ledger->account = &account;
        ledger->begin = next;
        while (next < end && object_at(ledger, next)->name.stream == account.stream) {
            next++;
        }
        ledger->end = next;
        code = settle(ledger, error);
        ledger->account = NULL; /* it ends with this turn */
        if (code == ERROR_OK && (account.objects > 0 || account.high_water > 0)) {
            (void)buffer_append(&ledger->book->accounts, &account, sizeof(account));
        }
    }
    return code; /* account_all() asks whether the last ones fitted */
}

/** The high-water marks of the incarnation `name`, from `*index` on, which is moved past them. */
static struct high_water take_high_waters(const struct claims *claims, size_t *index,
                                          const struct object_name *name)
{
    const struct high_water *all =
        (const struct high_water *)(const void *)claims->high_waters.bytes;
    size_t count = claims->high_waters.size / sizeof(*all);
    struct high_water known = {.name = name};

    for (; *index < count && object_same_incarnation(all[*index].name, name); (*index)++) {
        for (int i = 0; i < STREAM_COUNT; i++) {
            known.last[i] =
                all[*index].last[i] > known.last[i] ? all[*index].last[i] : known.last[i];
        }
    }
    return known;
}

enum error_code account_all(const struct account_sources *sources, struct account_book *book,
                            struct error *error)
{
    CLEANUP(ledger_deinit) struct ledger ledger = {.sources = sources, .book = book};
    size_t count = inventory_count(sources->inventory);
    size_t gap_count = sources->claims->gaps.size / sizeof(struct gap_claim);
    enum error_code code = ERROR_OK;
    size_t high_water = 0;
    size_t end;

    buffer_init(&ledger.gaps, SIZE_MAX / 2);
    buffer_init(&ledger.damaged, SIZE_MAX / 2);
    buffer_init(&ledger.cover, SIZE_MAX / 2);
    buffer_init(&ledger.digests, SIZE_MAX / 2);
    for (size_t begin = 0; begin < count && code == ERROR_OK; begin = end) {
        const struct object_name *name = &object_at(&ledger, begin)->name;
        struct high_water known = take_high_waters(sources->claims, &high_water, name);

        end = begin + 1;
        while (end < count && object_same_incarnation(name, &object_at(&ledger, end)->name)) {
            end++;
        }
        ledger.gap_begin = ledger.gap_end;
        while (ledger.gap_end < gap_count &&
               object_same_incarnation(gap_claim_at(sources->claims, ledger.gap_end)->name, name)) {
            ledger.gap_end++;
        }
        code = account_incarnation(&ledger, begin, end, &known, error);
    }
    if (code == ERROR_OK && !account_book_is_kept(book)) {
        code = error_set(error, ERROR_NO_MEMORY, "there is no memory for the accounts");
    }
    return code;
}
