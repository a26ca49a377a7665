#include "agent/inspect/table.h"

#include "agent/local/json_field.h"

#include <stdbool.h>
#include <string.h>

static const cJSON *part_of(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

void table_print_stat(const cJSON *summary, FILE *output)
{
    const cJSON *queue = part_of(summary, "queue");
    const cJSON *journal = part_of(summary, "journal");
    const cJSON *row;

    (void)fprintf(output, "queue %s, incarnation %s\n", json_text(queue, "path"),
                  json_text(summary, "incarnation"));
    (void)fprintf(output, "%llu bytes, journal %llu bytes\n\n", json_count(queue, "bytes"),
                  json_count(journal, "bytes"));
    (void)fprintf(output, "%-10s %13s %13s %12s %12s %9s  %-24s  %s\n", "stream", "stored up to",
                  "in the lake", "waiting", "ring bytes", "lost", "oldest that waits", "newest");
    cJSON_ArrayForEach(row, part_of(summary, "streams"))
    {
        const cJSON *cut = part_of(row, "uploading");

        (void)fprintf(output, "%-10s %13llu %13llu %12llu %12llu %9llu  %-24s  %s\n",
                      json_text(row, "name"), json_count(row, "committed"),
                      json_count(row, "acknowledged"), json_count(row, "waiting"),
                      json_count(row, "ring_bytes"), json_count(row, "lost"),
                      json_text(row, "oldest_waiting"), json_text(row, "newest"));
        if (cut != NULL) {
            (void)fprintf(output, "  being uploaded: %llu to %llu\n", json_count(cut, "first"),
                          json_count(cut, "last"));
        }
    }
}

static void print_finding(const cJSON *row, FILE *output)
{
    unsigned long long first = json_count(row, "first"), last = json_count(row, "last");

    (void)fprintf(output, "%s, slot %llu", json_text(row, "stream"), json_count(row, "slot"));
    if (last > 0) {
        (void)fprintf(output, ", numbers %llu to %llu", first, last);
    } else if (first > 0) {
        (void)fprintf(output, ", numbers from %llu", first);
    }
    (void)fprintf(output, ": %s%s\n", json_text(row, "what"),
                  cJSON_IsTrue(part_of(row, "told")) ? " (a gap event says so)" : "");
}

void table_print_check(const cJSON *summary, FILE *output)
{
    const cJSON *row;

    (void)fprintf(output, "%-10s %8s %10s %14s %9s\n", "stream", "slots", "batches", "records",
                  "findings");
    cJSON_ArrayForEach(row, part_of(summary, "streams"))
    {
        (void)fprintf(output, "%-10s %8llu %10llu %14llu %9llu\n", json_text(row, "name"),
                      json_count(row, "slots"), json_count(row, "batches"),
                      json_count(row, "records"), json_count(row, "findings"));
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
