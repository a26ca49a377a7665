-- Each sequence number once: an event may stand in two objects (stg_overlap).
with numbered as (
    select
        *,
        row_number() over (partition by site, gateway, incarnation, seq order by object) as copy_number
    from {{ ref('raw_events') }}
)

select
    site || '/' || gateway || '/' || incarnation || '/' || cast(seq as varchar) as event_key,
    site,
    gateway,
    incarnation,
    seq,
    ts,
    received_ts,
    kind,
    subject,
    reason,
    detail,
    first_seq,
    last_seq,
    event_count,
    from_ts,
    to_ts,
    object
from numbered
where copy_number = 1
