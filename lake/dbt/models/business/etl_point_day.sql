-- On which days a point has readings; small, so that neighbours in time are found without reading all facts.
select
    point_key,
    reading_date,
    max(case
        when quality <> 'bad' and abs(value) <= 1.7976931348623157e308 then 1 else 0
    end) = 1 as has_usable
from {{ ref('fact_reading') }}
where not is_duplicate
    and reading_date in (select reading_date from {{ ref('etl_dirty_day') }})
group by point_key, reading_date
