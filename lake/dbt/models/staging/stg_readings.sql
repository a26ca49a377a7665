-- Each sequence number once (stg_overlap). Raw is what the source said; here it becomes the value in the point's unit. A reading whose definition has not
-- arrived has none, until it arrives (etl_dirty_day).
select
    readings.site || '/' || readings.gateway || '/' || readings.incarnation || '/' || cast(readings.seq as varchar)
        as reading_key,
    readings.site || '/' || readings.gateway || '/' || readings.point_id as point_key,
    definitions.definition_key,
    readings.site,
    readings.gateway,
    readings.incarnation,
    readings.seq,
    cast(readings.ts as date) as reading_date,
    readings.ts,
    readings.received_ts,
    readings.point_id,
    readings.revision,
    readings.value_int,
    readings.value_double,
    readings.value_text,
    coalesce(cast(readings.value_int as double), readings.value_double) * definitions.value_scale
        + definitions.value_offset as value,
    readings.quality_code as status_code,
    readings.quality_code - mod(readings.quality_code, 65536) as quality_code,
    case
        when readings.quality_code >= 2147483648 then 'bad'
        when readings.quality_code >= 1073741824 then 'uncertain'
        else 'good'
    end as quality,
    case mod(readings.quality_code, 4)
        when 0 then 'synchronised'
        when 1 then 'corrected'
        else 'unsynchronised'
    end as time_quality,
    readings.object
from {{ ref('raw_readings') }} as readings
left join {{ ref('stg_overlap') }} as repeats on repeats.object = readings.object
left join {{ ref('stg_catalogue') }} as definitions
    on definitions.site = readings.site
    and definitions.gateway = readings.gateway
    and definitions.incarnation = readings.incarnation
    and definitions.point_id = readings.point_id
    and definitions.revision = readings.revision
where repeats.object is null or readings.seq >= repeats.counts_from
