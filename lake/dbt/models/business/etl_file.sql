-- depends_on: {{ ref('fact_reading') }}
-- depends_on: {{ ref('fact_gap') }}
-- depends_on: {{ ref('etl_overlap') }}
-- depends_on: {{ ref('fact_log') }}
-- depends_on: {{ ref('agg_point_hour') }}
-- depends_on: {{ ref('agg_point_day') }}
-- The ledger: what has been carried through to the marts. It comes last, so a run that broke off leaves no entry.
with held as (
    select object, count(*) as rows_held from {{ ref('raw_readings') }} group by object
    union all
    select object, count(*) as rows_held from {{ ref('raw_catalogue') }} group by object
    union all
    select object, count(*) as rows_held from {{ ref('raw_events') }} group by object
    union all
    select object, count(*) as rows_held from {{ ref('raw_logs') }} group by object
)

select
    objects.*,
    coalesce(held.rows_held, 0) as rows_held,
    held.object is not null as is_integrated
from {{ ref('etl_object') }} as objects
left join held on held.object = objects.object
