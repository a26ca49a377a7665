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
from {{ ref('raw_events') }}
