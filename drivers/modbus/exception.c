#include "drivers/modbus/exception.h"

#include "base/status_code.h"

#include <modbus/modbus.h>

bool exception_is_refusal(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS ||
           exception == MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
}

bool exception_is_busy(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ACKNOWLEDGE ||
           exception == MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY;
}

uint32_t exception_status(unsigned exception)
{
    static const uint32_t statuses[] = {
        [EXCEPTION_NONE] = STATUS_GOOD,
        [MODBUS_EXCEPTION_ILLEGAL_FUNCTION] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_ACKNOWLEDGE] = (uint32_t)STATUS_BAD_TIMEOUT,
        [MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY] = (uint32_t)STATUS_BAD_TIMEOUT,
        [MODBUS_EXCEPTION_NEGATIVE_ACKNOWLEDGE] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_MEMORY_PARITY] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_NOT_DEFINED] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_GATEWAY_PATH] = (uint32_t)STATUS_BAD_NO_COMMUNICATION,
        [MODBUS_EXCEPTION_GATEWAY_TARGET] = (uint32_t)STATUS_BAD_TIMEOUT,
    };

    if (exception == EXCEPTION_NO_TIME) {
        return (uint32_t)STATUS_BAD_TIMEOUT;
    }
    return exception < sizeof(statuses) / sizeof(statuses[0]) ? statuses[exception]
                                                              : (uint32_t)STATUS_BAD_DEVICE_FAILURE;
}

const char *exception_name(unsigned exception)
{
    return exception > 0 && exception < MODBUS_EXCEPTION_MAX
               ? modbus_strerror(MODBUS_ENOBASE + (int)exception)
               : "one that the standard does not know";
}
