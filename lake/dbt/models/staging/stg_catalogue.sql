-- One row per definition. A definition belongs to its incarnation: a new queue counts revisions from 1 again.
with numbered as (
    select
        *,
        row_number() over (
            partition by site, gateway, incarnation, point_id, revision order by seq desc, object
        ) as copy_number
    from {{ ref('raw_catalogue') }}
)

select
    site || '/' || gateway || '/' || incarnation || '/' || point_id || '#' || cast(revision as varchar)
        as definition_key,
    site || '/' || gateway || '/' || point_id as point_key,
    site || '/' || gateway || '/' || device as asset_key,
    site,
    gateway,
    incarnation,
    point_id,
    revision,
    device,
    point_name,
    value_type,
    value_scale,
    value_offset,
    unit,
    point_role,
    range_low,
    range_high,
    deadband,
    deadband_percent,
    interval_us,
    heartbeat_us,
    address,
    labels,
    valid_from,
    received_ts,
    object
from numbered
where copy_number = 1
