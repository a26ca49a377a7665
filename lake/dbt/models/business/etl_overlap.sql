-- depends_on: {{ ref('etl_dirty_day') }}
-- (which compares with what this table held before the run)
select * from {{ ref('stg_overlap') }}
