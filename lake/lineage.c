#include "lake/lineage.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Two clocks that are right agree this well, and one machine takes so long to hand over. */
static const int64_t tolerance_us = INT64_C(60) * 1000000;

/* All lineages, ordered for the questions that are asked of them. */
struct family {
    struct account_book *book;
    struct buffer by_name;        /* const struct lineage *: by incarnation */
    struct buffer by_predecessor; /* const struct lineage *: those that name one, L2's order */
};

static const struct lineage *member(const struct buffer *members, size_t index)
{
    return ((const struct lineage *const *)(const void *)members->bytes)[index];
}

static size_t member_count(const struct buffer *members)
{
    return members->size / sizeof(const struct lineage *);
}

static int compare_names(const void *left, const void *right)
{
    const struct lineage *const *one = left;
    const struct lineage *const *two = right;

    return strcmp((*one)->name->incarnation, (*two)->name->incarnation);
}

/** Siblings stand together, those of one gateway in the order in which they began to receive. */
static int compare_predecessors(const void *left, const void *right)
{
    const struct lineage *one = *(const struct lineage *const *)left;
    const struct lineage *two = *(const struct lineage *const *)right;
    int order = strcmp(one->predecessor, two->predecessor);

    if (order == 0) {
        order = strcmp(one->name->site, two->name->site);
    }
    if (order == 0) {
        order = strcmp(one->name->gateway, two->name->gateway);
    }
    if (order == 0) {
        order = (one->least_received_us > two->least_received_us) -
                (one->least_received_us < two->least_received_us);
    }
    return order != 0 ? order : strcmp(one->name->incarnation, two->name->incarnation);
}

static bool same_gateway(const struct lineage *one, const struct lineage *two)
{
    return strcmp(one->name->site, two->name->site) == 0 &&
           strcmp(one->name->gateway, two->name->gateway) == 0;
}

static bool has_readings(const struct lineage *lineage)
{
    return lineage->least_received_us <= lineage->most_received_us;
}

/** L2: did `earlier` receive readings after `later` had begun to? */
static bool went_on(const struct lineage *earlier, const struct lineage *later)
{
    return same_gateway(earlier, later) && has_readings(earlier) && has_readings(later) &&
           earlier->most_received_us - tolerance_us > later->least_received_us;
}

static void stamp(int64_t us, char text[CLOCK_STAMP_SIZE])
{
    int64_t ns;

    if (__builtin_mul_overflow(us, INT64_C(1000), &ns)) {
        ns = us < 0 ? INT64_MIN : INT64_MAX;
    }
    clock_format_stamp(ns, text, CLOCK_STAMP_SIZE);
}

static void report_fork(struct family *family, const struct lineage *earlier,
                        const struct lineage *later)
{
    char until[CLOCK_STAMP_SIZE];
    char since[CLOCK_STAMP_SIZE];

    stamp(earlier->most_received_us, until);
    stamp(later->least_received_us, since);
    account_book_write(&family->book->problems,
                       "%s/%s: incarnations %s and %s come from one queue and both went on: the "
                       "first received readings until %s, the second since %s. Two machines send "
                       "as this gateway (a cloned card): give one of them a name of its own",
                       earlier->name->site, earlier->name->gateway, earlier->name->incarnation,
                       later->name->incarnation, until, since);
}

/** The first with this incarnation's name; its namesakes follow. member_count(): there is none. */
static size_t find_first(const struct buffer *by_name, const char *incarnation)
{
    size_t low = 0;
    size_t high = member_count(by_name);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(member(by_name, middle)->name->incarnation, incarnation) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void check_predecessor(struct family *family, const struct lineage *lineage)
{
    size_t count = member_count(&family->by_name);
    size_t at = find_first(&family->by_name, lineage->predecessor);
    bool known = false;

    for (; at < count; at++) {
        const struct lineage *before = member(&family->by_name, at);

        if (strcmp(before->name->incarnation, lineage->predecessor) != 0) {
            break;
        }
        known = true;
        if (went_on(before, lineage)) {
            report_fork(family, before, lineage);
        } else if (!same_gateway(before, lineage)) {
            account_book_write(&family->book->notes,
                               "%s/%s incarnation %s began with a copy of the queue of %s/%s "
                               "incarnation %s",
                               lineage->name->site, lineage->name->gateway,
                               lineage->name->incarnation, before->name->site,
                               before->name->gateway, before->name->incarnation);
        }
    }
    if (!known) { /* L1 */
        account_book_write(&family->book->problems,
                           "%s/%s incarnation %s: it followed incarnation %s, of which nothing has "
                           "arrived. Look for the queue that was set aside on the gateway (beside "
                           "its queue file)%s%s",
                           lineage->name->site, lineage->name->gateway, lineage->name->incarnation,
                           lineage->predecessor,
                           lineage->reason[0] == '\0' ? "" : "; it said: ", lineage->reason);
    }
}

/** Those that name one predecessor, each against the one before it that received the longest. */
static void check_siblings(struct family *family)
{
    const struct lineage *longest = NULL;

    for (size_t i = 0; i < member_count(&family->by_predecessor); i++) {
        const struct lineage *lineage = member(&family->by_predecessor, i);

        if (longest != NULL && strcmp(longest->predecessor, lineage->predecessor) == 0 &&
            same_gateway(longest, lineage)) {
            if (went_on(longest, lineage)) {
                report_fork(family, longest, lineage);
            } else {
                account_book_write(&family->book->notes,
                                   "%s/%s: incarnations %s and %s both followed %s, one after the "
                                   "other: its queue was copied or restored",
                                   lineage->name->site, lineage->name->gateway,
                                   longest->name->incarnation, lineage->name->incarnation,
                                   lineage->predecessor);
            }
            if (lineage->most_received_us < longest->most_received_us) {
                continue;
            }
        }
        longest = lineage;
    }
}

static void add_object(struct lineage *lineage, const struct object_facts *facts)
{
    if (facts->sound && facts->name.stream == STREAM_READINGS) {
        lineage->least_received_us = facts->least_received_us < lineage->least_received_us
                                         ? facts->least_received_us
                                         : lineage->least_received_us;
        lineage->most_received_us = facts->most_received_us > lineage->most_received_us
                                        ? facts->most_received_us
                                        : lineage->most_received_us;
    }
}

/** One for each incarnation of the inventory, with what its first event says. */
static void collect(const struct inventory *inventory, const struct claims *claims,
                    struct account_book *book)
{
    const struct identity *identities =
        (const struct identity *)(const void *)claims->identities.bytes;
    size_t count = claims->identities.size / sizeof(*identities);
    size_t next = 0;

    for (size_t i = 0; i < inventory_count(inventory);) {
        struct lineage lineage = {.name = &inventory_at(inventory, i)->name,
                                  .reason = "",
                                  .least_received_us = INT64_MAX,
                                  .most_received_us = INT64_MIN};

        while (next < count && object_same_incarnation(identities[next].name, lineage.name)) {
            if (lineage.predecessor == NULL) {
                lineage.predecessor = identities[next].predecessor;
                lineage.reason = identities[next].reason;
                lineage.began_us = identities[next].began_us;
            }
            next++;
        }
        while (i < inventory_count(inventory) &&
               object_same_incarnation(&inventory_at(inventory, i)->name, lineage.name)) {
            add_object(&lineage, inventory_at(inventory, i++));
        }
        (void)buffer_append(&book->lineages, &lineage, sizeof(lineage)); /* lineage_trace() asks */
    }
}

static void arrange(struct family *family)
{
    for (size_t i = 0; i < lineage_count(family->book); i++) {
        const struct lineage *lineage = lineage_at(family->book, i);

        (void)buffer_append(&family->by_name, &lineage, sizeof(lineage)); /* as above */
        if (lineage->predecessor != NULL && lineage->predecessor[0] != '\0' &&
            strcmp(lineage->predecessor, lineage->name->incarnation) != 0) {
            (void)buffer_append(&family->by_predecessor, &lineage, sizeof(lineage)); /* as above */
        }
    }
    if (family->by_name.size > 0) {
        qsort(family->by_name.bytes, member_count(&family->by_name), sizeof(struct lineage *),
              compare_names);
    }
    if (family->by_predecessor.size > 0) {
        qsort(family->by_predecessor.bytes, member_count(&family->by_predecessor),
              sizeof(struct lineage *), compare_predecessors);
    }
}

static void family_deinit(struct family *family)
{
    buffer_deinit(&family->by_name);
    buffer_deinit(&family->by_predecessor);
}

enum error_code lineage_trace(const struct inventory *inventory, const struct claims *claims,
                              struct account_book *book, struct error *error)
{
    CLEANUP(family_deinit) struct family family = {.book = book};

    buffer_init(&family.by_name, SIZE_MAX / 2);
    buffer_init(&family.by_predecessor, SIZE_MAX / 2);
    collect(inventory, claims, book);
    arrange(&family);
    for (size_t i = 0; i < member_count(&family.by_predecessor); i++) {
        check_predecessor(&family, member(&family.by_predecessor, i));
    }
    check_siblings(&family);
    if (family.by_name.failed || family.by_predecessor.failed || !account_book_is_kept(book)) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory for the incarnations");
    }
    return ERROR_OK;
}
