-- Every change of an alarm point, as the gateway told it at once: the reading itself comes with its batch.
select
    event_key as alarm_key,
    site || '/' || gateway || '/' || subject as point_key,
    site,
    gateway,
    incarnation,
    seq,
    subject as point_id,
    coalesce(from_ts, ts) as ts,
    received_ts,
    detail as value_text,
    reason,
    object
from {{ ref('stg_events') }}
where kind = 'alarm'
