{{ leat_aggregate(86400000000, 'day_start') }}
