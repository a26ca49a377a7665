-- Every reading that arrived, once per sequence number. Of readings with the same point and time one counts: good
-- before uncertain before bad, then the highest (incarnation, sequence number); the others are flagged.
with staged as (
    select *
    from {{ ref('stg_readings') }}
    where reading_date in (select reading_date from {{ ref('etl_dirty_day') }})
),

ranked as (
    select
        *,
        row_number() over (
            partition by point_key, ts
            order by
                case quality when 'good' then 0 when 'uncertain' then 1 else 2 end,
                incarnation desc,
                seq desc
        ) as choice
    from staged
)

select
    reading_key,
    point_key,
    definition_key,
    site,
    gateway,
    incarnation,
    seq,
    reading_date,
    ts,
    received_ts,
    point_id,
    revision,
    value_int,
    value_double,
    value_text,
    value,
    status_code,
    quality_code,
    quality,
    time_quality,
    choice > 1 as is_duplicate,
    object
from ranked
