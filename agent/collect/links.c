#include "agent/collect/links.h"

#include <stdlib.h>
#include <string.h>

struct link {
    struct link *next;
    const struct device_link *kind;
    char *name;
    void *block;
    size_t users;
};

static void link_free(struct link *link)
{
    free(link->block);
    free(link->name);
    free(link);
}

static struct link *find(const struct links *links, const struct driver *driver, const char *name)
{
    struct link *at = links->first;

    while (at != NULL && (at->kind != driver->link || strcmp(at->name, name) != 0)) {
        at = at->next;
    }
    return at;
}

static enum error_code make(const struct device_link *kind, const char *name, struct link **made,
                            struct error *error)
{
    struct link *link = calloc(1, sizeof(*link));
    enum error_code code = ERROR_OK;

    if (link != NULL) {
        link->kind = kind;
        link->name = strdup(name);
        link->block = calloc(1, kind->block_size);
    }
    if (link == NULL || link->name == NULL || link->block == NULL) {
        code = error_set(error, ERROR_NO_MEMORY, "%.200s: no memory for a connection", name);
    }
    if (code == ERROR_OK) {
        code = kind->init(link->block, error);
    }
    if (code != ERROR_OK) {
        if (link != NULL) {
            link_free(link);
        }
        return code;
    }
    *made = link;
    return ERROR_OK;
}

enum error_code links_join(struct links *links, const struct driver *driver, void *state,
                           struct link **joined, struct error *error)
{
    const char *name = driver->link == NULL ? NULL : driver->link->name(state);
    struct link *link = NULL;

    *joined = NULL;
    if (name == NULL) {
        return ERROR_OK;
    }
    link = find(links, driver, name);
    if (link == NULL) {
        enum error_code code = make(driver->link, name, &link, error);

        if (code != ERROR_OK) {
            return code;
        }
        link->next = links->first;
        links->first = link;
    }
    link->users++;
    driver->link->join(state, link->block);
    *joined = link;
    return ERROR_OK;
}

void links_leave(struct links *links, struct link *joined)
{
    struct link **at = &links->first;

    if (--joined->users > 0) {
        return;
    }
    while (*at != joined) {
        at = &(*at)->next;
    }
    *at = joined->next;
    joined->kind->deinit(joined->block);
    link_free(joined);
}
