-- What is not there and why. Sequence numbers that no sound object holds, by the account of leat-lake: each number once,
-- and none that has arrived though a gap event names it. And time without readings though no number is missing, by
-- the events: the agent was down, a device could not be read, payloads were rejected.
select
    site || '/' || gateway || '/' || incarnation || '/' || stream || '/' || cast(first_seq as varchar) || '-'
        || cast(last_seq as varchar) || '/' || kind as gap_key,
    site,
    gateway,
    incarnation,
    kind,
    stream,
    stream as subject,
    first_seq,
    last_seq,
    last_seq - first_seq + 1 as lost_count,
    case kind
        when 'missing' then 'no object holds these and no event names them'
        when 'damaged' then 'the object that holds these is damaged'
        else coalesce(reason, '')
    end as reason,
    {{ leat_from_epoch_us('from_us') }} as from_ts,
    {{ leat_from_epoch_us('to_us') }} as to_ts
from {{ leat_list('gaps') }} as gaps

union all

select
    event_key || '/' || kind as gap_key,
    site,
    gateway,
    incarnation,
    kind,
    cast(null as varchar) as stream,
    subject,
    cast(null as bigint) as first_seq,
    cast(null as bigint) as last_seq,
    event_count as lost_count,
    reason,
    from_ts,
    to_ts
from {{ ref('stg_events') }}
where kind in ('down', 'unread', 'rejected')
