/* drivers/mqtt/mqtt.h - the table of the MQTT driver, for drivers/registry.c. */
#ifndef DRIVERS_MQTT_MQTT_H
#define DRIVERS_MQTT_MQTT_H

#include "drivers/driver.h"

extern const struct driver mqtt_driver;

#endif
