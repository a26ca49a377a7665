#include "agent/config/loading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool finding_add(struct loading *loading, const struct config_place *place, const char *format, ...)
{
    struct config_findings *findings = loading->findings;
    struct config_finding *finding;
    size_t length = strlen(place->file);
    va_list arguments;

    if (findings->count == CONFIG_FINDINGS_MAX) {
        return false;
    }
    finding = &findings->list[findings->count++];
    finding->line = place->line;
    finding->column = place->column;
    /* The end of a long path says more than its beginning. */
    (void)snprintf(finding->file, sizeof(finding->file), "%s",
                   length < sizeof(finding->file)
                       ? place->file
                       : place->file + length + 1 - sizeof(finding->file));
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    return false;
}

bool loading_no_memory(struct loading *loading)
{
    loading->no_memory = true;
    return false;
}

const char *loading_path_beside(struct loading *loading, const char *beside, const char *file)
{
    const char *slash = strrchr(beside, '/');
    int folder = slash == NULL || file[0] == '/' ? 0 : (int)(slash - beside) + 1;
    size_t size = (size_t)folder + strlen(file) + 1;
    char *path = arena_allocate(&loading->scratch, size);

    if (path == NULL) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    (void)snprintf(path, size, "%.*s%s", folder, beside, file); /* sized for it */
    return path;
}
