-- One row: what the warehouse holds after this run.
select
    (select count(*) from {{ ref('etl_file') }} where state <> 'gone') as objects,
    (select coalesce(sum(row_count), 0) from {{ ref('etl_file') }} where stream = 'readings' and is_integrated)
        as raw_rows,
    (select count(*) from {{ ref('raw_readings') }}) as staged,
    (select coalesce(sum(repeated_rows), 0) from {{ ref('etl_overlap') }}) as repeated,
    (select count(*) from {{ ref('fact_reading') }} where is_duplicate) as duplicates,
    (select count(*) from {{ ref('fact_reading') }} where not is_duplicate) as integrated,
    (select count(*) from {{ ref('fact_reading') }} where not is_duplicate and quality = 'bad') as bad,
    (select count(*) from {{ ref('dim_point') }} where is_current) as points,
    (select count(*) from {{ ref('fact_log') }}) as logs,
    (select count(*) from {{ ref('fact_gap') }} where stream is not null) as gaps,
    (select coalesce(sum(missing), 0) from {{ ref('agg_gateway_completeness') }}) as missing
