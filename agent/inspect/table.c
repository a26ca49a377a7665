#include "agent/inspect/table.h"

#include <stdbool.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text == NULL ? "" : text;
}

static unsigned long long count_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) && item->valuedouble >= 0 ? (unsigned long long)item->valuedouble
                                                          : 0;
}

static const cJSON *part_of(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

void table_print_stat(const cJSON *summary, FILE *output)
{
    const cJSON *queue = part_of(summary, "queue");
    const cJSON *journal = part_of(summary, "journal");
    const cJSON *row;

    (void)fprintf(output, "queue %s, incarnation %s\n", text_of(queue, "path"),
                  text_of(summary, "incarnation"));
    (void)fprintf(output, "%llu bytes, journal %llu bytes\n\n", count_of(queue, "bytes"),
                  count_of(journal, "bytes"));
    (void)fprintf(output, "%-10s %13s %13s %12s %12s %9s  %-24s  %s\n", "stream", "stored up to",
                  "in the lake", "waiting", "ring bytes", "lost", "oldest that waits", "newest");
    cJSON_ArrayForEach(row, part_of(summary, "streams"))
    {
        const cJSON *cut = part_of(row, "uploading");

        (void)fprintf(output, "%-10s %13llu %13llu %12llu %12llu %9llu  %-24s  %s\n",
                      text_of(row, "name"), count_of(row, "committed"),
                      count_of(row, "acknowledged"), count_of(row, "waiting"),
                      count_of(row, "ring_bytes"), count_of(row, "lost"),
                      text_of(row, "oldest_waiting"), text_of(row, "newest"));
        if (cut != NULL) {
            (void)fprintf(output, "  being uploaded: %llu to %llu\n", count_of(cut, "first"),
                          count_of(cut, "last"));
        }
    }
}

static void print_finding(const cJSON *row, FILE *output)
{
    unsigned long long first = count_of(row, "first"), last = count_of(row, "last");

    (void)fprintf(output, "%s, slot %llu", text_of(row, "stream"), count_of(row, "slot"));
    if (last > 0) {
        (void)fprintf(output, ", numbers %llu to %llu", first, last);
    } else if (first > 0) {
        (void)fprintf(output, ", numbers from %llu", first);
    }
    (void)fprintf(output, ": %s%s\n", text_of(row, "what"),
                  cJSON_IsTrue(part_of(row, "told")) ? " (a gap event says so)" : "");
}

void table_print_check(const cJSON *summary, FILE *output)
{
    const cJSON *row;

    (void)fprintf(output, "%-10s %8s %10s %14s %9s\n", "stream", "slots", "batches", "records",
                  "findings");
    cJSON_ArrayForEach(row, part_of(summary, "streams"))
    {
        (void)fprintf(output, "%-10s %8llu %10llu %14llu %9llu\n", text_of(row, "name"),
                      count_of(row, "slots"), count_of(row, "batches"), count_of(row, "records"),
                      count_of(row, "findings"));
    }
    cJSON_ArrayForEach(row, part_of(summary, "findings"))
    {
        print_finding(row, output);
    }
    (void)fputs(table_is_whole(summary)
                    ? "whole: every record can be read, or a gap event tells of it\n"
                    : "damaged: what is whole is still uploaded, what is not becomes a gap\n",
                output);
}

bool table_is_whole(const cJSON *summary)
{
    return cJSON_IsTrue(part_of(summary, "whole"));
}
