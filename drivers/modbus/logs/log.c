#include "drivers/modbus/logs/log.h"

#include "drivers/modbus/logs/functions.h"

struct plan_request log_index_request(const struct log *log)
{
    if (log->layout.kind == LOG_QUEUE) {
        return (struct plan_request){.table = TABLE_HOLDING, .count = QUEUE_REGISTERS_MAX};
    }
    return (struct plan_request){.table = log->layout.index.table,
                                 .first = log->layout.index.number,
                                 .count = log->layout.index_format.registers};
}
