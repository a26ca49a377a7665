#include "drivers/driver.h"
#include "drivers/filelog/file_log.h"
#include "drivers/gateway/gateway.h"
#include "drivers/journal/journal.h"
#include "drivers/modbus/modbus.h"
#include "drivers/mqtt/mqtt.h"

#include <string.h>

const struct driver *const driver_registry[] = {
    &modbus_tcp_driver, &modbus_rtu_driver, &modbus_rtu_tcp_driver, &mqtt_driver,
    &gateway_driver,    &journal_driver,    &file_log_driver,       NULL,
};

const struct driver *driver_find(const char *name)
{
    for (const struct driver *const *driver = driver_registry; *driver != NULL; driver++) {
        if (strcmp((*driver)->name, name) == 0) {
            return *driver;
        }
    }
    return NULL;
}
