#include "drivers/mqtt/properties.h"

#include <string.h>

static struct mqtt_slice slice_of(MQTTLenString text)
{
    return (struct mqtt_slice){text.data, (size_t)text.len};
}

bool mqtt_property_next(const MQTTProperties *properties, int *at, struct mqtt_slice *name,
                        struct mqtt_slice *value)
{
    while (properties != NULL && *at < properties->count) {
        const MQTTProperty *property = &properties->array[(*at)++];

        if (property->identifier == MQTTPROPERTY_CODE_USER_PROPERTY) {
            *name = slice_of(property->value.data);
            *value = slice_of(property->value.value);
            return true;
        }
    }
    return false;
}

bool mqtt_property_find(const MQTTProperties *properties, const char *name,
                        struct mqtt_slice *value)
{
    struct mqtt_slice found;
    int at = 0;

    while (mqtt_property_next(properties, &at, &found, value)) {
        if (found.size == strlen(name) && memcmp(found.bytes, name, found.size) == 0) {
            return true;
        }
    }
    return false;
}
