-- Which days of which points the aggregates need: the dirty days and the next day on which a point has data (its first
-- interval and counter step begin on a dirty day) are made anew. Read only are the last day before with usable values
-- (they hold a day at most, counters go on from them) and the day after (where the last interval ends).
with neighbours as (
    select
        point_key,
        reading_date,
        lead(reading_date) over (partition by point_key order by reading_date) as day_after,
        max(case when has_usable then reading_date end) over (
            partition by point_key order by reading_date rows between unbounded preceding and 1 preceding
        ) as usable_before,
        min(case when has_usable then reading_date end) over (
            partition by point_key order by reading_date rows between 1 following and unbounded following
        ) as usable_after
    from {{ ref('etl_point_day') }}
),

targets as (
    select reading_date from {{ ref('etl_dirty_day') }}
    union
    select neighbours.day_after
    from neighbours
    inner join {{ ref('etl_dirty_day') }} as dirty on dirty.reading_date = neighbours.reading_date
    where neighbours.day_after is not null
    union
    select neighbours.usable_after
    from neighbours
    inner join {{ ref('etl_dirty_day') }} as dirty on dirty.reading_date = neighbours.reading_date
    where neighbours.usable_after is not null
),

made as (
    select neighbours.* from neighbours inner join targets on targets.reading_date = neighbours.reading_date
),

needed as (
    select point_key, reading_date, 1 as is_made from made
    union all
    select point_key, day_after, 0 from made where day_after is not null
    union all
    select point_key, usable_before, 0 from made where usable_before is not null
)

select
    point_key,
    reading_date,
    max(is_made) = 1 as is_target
from needed
group by point_key, reading_date
