-- Days whose facts this run makes anew: a day has readings from an object, or readings with a definition, that no
-- earlier run carried to the end; or it has the reading beside a gap that was not known, or is no longer one; or another
-- object holds some of its readings too, and which of the two counts has changed.
-- It looks at what the warehouse held before this run, so a run that broke off is made good by the next.
with new_readings as (
    select distinct cast(readings.ts as date) as reading_date
    from {{ ref('raw_readings') }} as readings
    where not exists (
        select 1 from {{ leat_integrated_objects() }} as known where known.object = readings.object
    )
),

new_definitions as (
    select site, gateway, incarnation, point_id, revision
    from {{ ref('stg_catalogue') }} as definitions
    where not exists (
        select 1 from {{ leat_integrated_objects() }} as known where known.object = definitions.object
    )
),

defined_late as (
    select distinct cast(readings.ts as date) as reading_date
    from {{ ref('raw_readings') }} as readings
    inner join new_definitions
        on new_definitions.site = readings.site
        and new_definitions.gateway = readings.gateway
        and new_definitions.incarnation = readings.incarnation
        and new_definitions.point_id = readings.point_id
        and new_definitions.revision = readings.revision
),

{%- set fact_gap = leat_before('business', 'fact_gap') %}

changed_gaps as (
    {% if fact_gap %}
    select now.site, now.gateway, now.incarnation, now.kind, now.stream, now.first_seq, now.last_seq,
        now.from_ts, now.to_ts
    from {{ ref('stg_gap') }} as now
    where not exists (select 1 from {{ fact_gap }} as earlier where earlier.gap_key = now.gap_key)
    union all
    select earlier.site, earlier.gateway, earlier.incarnation, earlier.kind, earlier.stream, earlier.first_seq,
        earlier.last_seq, earlier.from_ts, earlier.to_ts
    from {{ fact_gap }} as earlier
    where not exists (select 1 from {{ ref('stg_gap') }} as now where now.gap_key = earlier.gap_key)
    {% else %}
    select site, gateway, incarnation, kind, stream, first_seq, last_seq, from_ts, to_ts from {{ ref('stg_gap') }}
    {% endif %}
),

{#- The last reading of every point before the gap holds no longer across it. They lie on the days up to a day
    before it: no value holds longer (reading_span). #}
gap_edges as (
    select
        changed_gaps.site,
        changed_gaps.gateway,
        min(readings.ts) as earliest,
        max(readings.ts) as latest
    from changed_gaps
    inner join {{ ref('raw_readings') }} as readings
        on readings.site = changed_gaps.site
        and readings.gateway = changed_gaps.gateway
        and readings.incarnation = changed_gaps.incarnation
        and (readings.seq + 1 = changed_gaps.first_seq or readings.seq - 1 = changed_gaps.last_seq)
    where changed_gaps.stream = 'readings'
    group by changed_gaps.site, changed_gaps.gateway, changed_gaps.incarnation, changed_gaps.first_seq
    union all
    -- Nor does it hold while the agent was down; and the aggregates tell for how long that was.
    select site, gateway, from_ts as earliest, to_ts + interval '1' day as latest
    from changed_gaps
    where kind = 'down'
),

beside_gaps as (
    select distinct cast(readings.ts as date) as reading_date
    from gap_edges
    inner join {{ ref('raw_readings') }} as readings
        on readings.site = gap_edges.site
        and readings.gateway = gap_edges.gateway
        and readings.ts >= gap_edges.earliest - interval '1' day
        and readings.ts <= gap_edges.latest
),

{%- set etl_overlap = leat_before('business', 'etl_overlap') %}

changed_overlaps as (
    {% if etl_overlap %}
    select now.object
    from {{ ref('stg_overlap') }} as now
    where not exists (
        select 1 from {{ etl_overlap }} as earlier
        where earlier.object = now.object and earlier.counts_from = now.counts_from
    )
    union all
    select earlier.object
    from {{ etl_overlap }} as earlier
    where not exists (
        select 1 from {{ ref('stg_overlap') }} as now
        where now.object = earlier.object and now.counts_from = earlier.counts_from
    )
    {% else %}
    select object from {{ ref('stg_overlap') }}
    {% endif %}
),

counted_elsewhere as (
    select distinct cast(readings.ts as date) as reading_date
    from {{ ref('raw_readings') }} as readings
    inner join changed_overlaps on changed_overlaps.object = readings.object
)

select reading_date from new_readings
union
select reading_date from defined_late
union
select reading_date from beside_gaps
union
select reading_date from counted_elsewhere
