#include "agent/config/name.h"

#include <string.h>

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Between the parts of a template a '/' may stand: "{node}/{metric}". */
bool name_is_valid(const char *name, bool with_parts)
{
    bool with_slash = with_parts && strchr(name, '{') != NULL;

    if (name[0] == '\0') {
        return false;
    }
    while (*name != '\0') {
        size_t plain = strspn(name, allowed);

        name += plain;
        if (*name == '{' && with_parts) {
            size_t part = strspn(name + 1, allowed);

            if (part == 0 || name[part + 1] != '}') {
                return false;
            }
            name += part + 2;
        } else if (*name == '/' && with_slash) {
            name++;
        } else if (plain == 0) {
            return false;
        }
    }
    return true;
}
