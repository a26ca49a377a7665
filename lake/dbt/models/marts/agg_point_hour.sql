{{ leat_aggregate(3600000000, 'hour_start') }}
