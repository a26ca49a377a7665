-- How long each reading holds, and what a counter has counted since the reading before: for the days that the
-- aggregates need. A value holds until the next reading of its point, at most one heartbeat (a day when the point has
-- none), never across a gap, nor while the agent was down. A counter that goes down has begun again from zero.
with readings as (
    select
        facts.*,
        {{ leat_epoch_us('facts.ts') }} as ts_us,
        days.is_target,
        points.value_scale,
        points.point_role,
        coalesce(points.interval_us, 0) as interval_us,
        coalesce(points.heartbeat_us, 0) as heartbeat_us,
        coalesce(points.deadband, 0) as deadband,
        coalesce(points.deadband_percent, 0) as deadband_percent,
        facts.quality <> 'bad' and coalesce(abs(facts.value) <= 1.7976931348623157e308, false) as is_usable
    from {{ ref('fact_reading') }} as facts
    inner join {{ ref('etl_affected_day') }} as days
        on days.point_key = facts.point_key and days.reading_date = facts.reading_date
    left join {{ ref('dim_point') }} as points on points.definition_key = facts.definition_key
    where not facts.is_duplicate
),

neighboured as (
    select
        *,
        lead(ts_us) over (partition by point_key order by ts_us) as next_ts_us,
        lead(incarnation) over (partition by point_key order by ts_us) as next_incarnation,
        lead(seq) over (partition by point_key order by ts_us) as next_seq,
        lag(definition_key) over (partition by point_key, is_usable order by ts_us) as usable_definition_before,
        lag(value_int) over (partition by point_key, is_usable order by ts_us) as usable_int_before,
        lag(value) over (partition by point_key, is_usable order by ts_us) as usable_value_before
    from readings
),

bounded as (
    select
        *,
        least(
            coalesce(next_ts_us, ts_us + 86400000000),
            ts_us + case when heartbeat_us > 0 then least(heartbeat_us, 86400000000) else 86400000000 end
        ) as held_at_most_us
    from neighboured
),

held as (
    select
        bounded.*,
        exists (
            select 1
            from {{ ref('fact_gap') }} as gaps
            where gaps.stream = 'readings'
                and gaps.site = bounded.site
                and gaps.gateway = bounded.gateway
                and gaps.incarnation = bounded.incarnation
                and gaps.first_seq > bounded.seq
                and (
                    bounded.next_seq is null
                    or bounded.next_incarnation <> bounded.incarnation
                    or gaps.first_seq < bounded.next_seq
                )
        ) or exists (
            -- What was received before the agent went down; a source may have kept the rest for it.
            select 1
            from {{ ref('fact_gap') }} as downs
            where downs.kind = 'down'
                and downs.site = bounded.site
                and downs.gateway = bounded.gateway
                and downs.to_ts > bounded.received_ts
                and downs.to_ts > bounded.ts
                and {{ leat_epoch_us('downs.from_ts') }} < bounded.held_at_most_us
        ) as is_before_gap
    from bounded
)

select
    reading_key,
    point_key,
    site,
    gateway,
    point_id,
    reading_date,
    is_target,
    ts_us,
    case when is_before_gap then ts_us else held_at_most_us end as held_until_us,
    value,
    quality,
    is_usable,
    interval_us,
    heartbeat_us,
    deadband,
    deadband_percent,
    case
        when point_role = 'counter' and is_usable and usable_value_before is not null then
            case
                when value < usable_value_before then value
                when definition_key = usable_definition_before and value_int is not null
                    and usable_int_before is not null then
                    -- as decimals: the step of a broken counter may be larger than any 64-bit number
                    cast(cast(value_int as decimal(20, 0)) - cast(usable_int_before as decimal(20, 0)) as double)
                    * value_scale
                else value - usable_value_before
            end
    end as counter_delta,
    coalesce(point_role = 'counter' and is_usable and value < usable_value_before, false) as is_reset
from held
