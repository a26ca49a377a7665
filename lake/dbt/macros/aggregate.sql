{# Readings of the days to be made anew, summed up by periods of `period_us` microseconds.

   The mean is weighted with time: a value counts for as long as it holds (reading_span), in each period it reaches
   into. A period without a reading has no row. Means, extremes, first and last are of usable values: finite, good or
   uncertain, of no duplicate. #}
{% macro leat_aggregate(period_us, start_name) %}
with spans as (
    select * from {{ ref('reading_span') }}
),

steps as (
    {%- for step in range(25) %}
    select {{ step }} as step{{ ' union all' if not loop.last }}
    {%- endfor %}
),

touched as (
    select
        spans.point_key,
        spans.value,
        spans.ts_us,
        spans.held_until_us,
        {{ leat_period('spans.ts_us', period_us) }} + steps.step as period
    from spans
    inner join steps
        on steps.step <= {{ leat_period('spans.held_until_us - 1', period_us) }}
            - {{ leat_period('spans.ts_us', period_us) }}
    where spans.is_usable and spans.held_until_us > spans.ts_us
),

weights as (
    select
        point_key,
        period,
        sum(least(held_until_us, (period + 1) * {{ period_us }}) - greatest(ts_us, period * {{ period_us }}))
            as covered_us,
        sum(value * (
            least(held_until_us, (period + 1) * {{ period_us }}) - greatest(ts_us, period * {{ period_us }})
        )) as weighted
    from touched
    group by point_key, period
),

placed as (
    select
        spans.*,
        {{ leat_period('ts_us', period_us) }} as period,
        row_number() over (
            partition by point_key, {{ leat_period('ts_us', period_us) }}, is_usable order by ts_us
        ) as place,
        row_number() over (
            partition by point_key, {{ leat_period('ts_us', period_us) }}, is_usable order by ts_us desc
        ) as place_from_end
    from spans
    where is_target
),

counted as (
    select
        point_key,
        period,
        max(reading_date) as reading_date,
        max(site) as site,
        max(gateway) as gateway,
        max(point_id) as point_id,
        count(*) as readings,
        cast(round({{ period_us }} / max(case
            when interval_us > 0 and deadband = 0 and deadband_percent = 0 then interval_us
            when heartbeat_us > 0 then heartbeat_us
        end)) as bigint) as expected,
        sum(case when quality = 'good' then 1 else 0 end) as good,
        sum(case when quality = 'uncertain' then 1 else 0 end) as uncertain,
        sum(case when quality = 'bad' then 1 else 0 end) as bad,
        avg(case when is_usable then value end) as plain_mean,
        min(case when is_usable then value end) as value_min,
        max(case when is_usable then value end) as value_max,
        max(case when is_usable and place = 1 then value end) as value_first,
        max(case when is_usable and place_from_end = 1 then value end) as value_last,
        sum(counter_delta) as counter_delta,
        sum(case when is_reset then 1 else 0 end) as counter_resets
    from placed
    group by point_key, period
),

downs as (
    select site, gateway, {{ leat_epoch_us('from_ts') }} as from_us, {{ leat_epoch_us('to_ts') }} as to_us
    from {{ ref('fact_gap') }}
    where kind = 'down' and to_ts > from_ts
),

down_times as (
    select
        counted.point_key,
        counted.period,
        sum(least(downs.to_us, (counted.period + 1) * {{ period_us }})
            - greatest(downs.from_us, counted.period * {{ period_us }})) as down_us
    from counted
    inner join downs
        on downs.site = counted.site
        and downs.gateway = counted.gateway
        and downs.from_us < (counted.period + 1) * {{ period_us }}
        and downs.to_us > counted.period * {{ period_us }}
    group by counted.point_key, counted.period
)

select
    counted.point_key,
    counted.site,
    counted.gateway,
    counted.point_id,
    counted.reading_date,
    {{ leat_from_epoch_us('counted.period * ' ~ period_us) }} as {{ start_name }},
    cast(counted.readings as bigint) as n,
    counted.expected,
    cast(counted.good as bigint) as good,
    cast(counted.uncertain as bigint) as uncertain,
    cast(counted.bad as bigint) as bad,
    case
        when weights.covered_us > 0 then weights.weighted / weights.covered_us
        else counted.plain_mean
    end as mean,
    counted.value_min as min,
    counted.value_max as max,
    counted.value_first as first,
    counted.value_last as last,
    cast(coalesce(weights.covered_us, 0) as double) / 1000000 as covered_seconds,
    cast(coalesce(down_times.down_us, 0) as double) / 1000000 as down_seconds,
    counted.counter_delta,
    cast(counted.counter_resets as bigint) as counter_resets
from counted
left join weights on weights.point_key = counted.point_key and weights.period = counted.period
left join down_times on down_times.point_key = counted.point_key and down_times.period = counted.period
{% endmacro %}

{# The number of the period that a time lies in. Doubles hold microseconds until the year 2255 exactly. #}
{% macro leat_period(us, period_us) -%}
    cast(floor(cast({{ us }} as double) / {{ period_us }}) as bigint)
{%- endmacro %}
