-- Slowly changing: a row holds from valid_from until valid_to; the current one has no end.
with ordered as (
    select
        *,
        lead(valid_from) over (partition by point_key order by valid_from, received_ts, revision) as next_valid_from
    from {{ ref('stg_catalogue') }}
)

select
    definition_key,
    point_key,
    asset_key,
    site,
    gateway,
    incarnation,
    point_id,
    revision,
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
    next_valid_from as valid_to,
    next_valid_from is null as is_current
from ordered
