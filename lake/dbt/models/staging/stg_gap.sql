-- Ranges of sequence numbers that no sound object holds: what the gateway says it lost, what is missing, what is
-- damaged.
with ranges as (
    select
        site,
        gateway,
        incarnation,
        subject as stream,
        first_seq,
        last_seq,
        'lost' as kind,
        min(reason) as reason,
        min(from_ts) as from_ts,
        max(to_ts) as to_ts
    from {{ ref('stg_events') }}
    where kind = 'gap' and first_seq >= 1 and last_seq >= first_seq
    group by site, gateway, incarnation, subject, first_seq, last_seq

    union all

    select
        site,
        gateway,
        incarnation,
        stream,
        first_seq,
        last_seq,
        kind,
        case
            when kind = 'missing' then 'no object holds these and no event names them'
            else 'the object that holds these is damaged'
        end as reason,
        cast(null as timestamp) as from_ts,
        cast(null as timestamp) as to_ts
    from {{ leat_list('gaps') }} as gaps
)

select
    site || '/' || gateway || '/' || incarnation || '/' || stream || '/' || cast(first_seq as varchar) || '-'
        || cast(last_seq as varchar) || '/' || kind as gap_key,
    site,
    gateway,
    incarnation,
    stream,
    first_seq,
    last_seq,
    last_seq - first_seq + 1 as lost_count,
    kind,
    reason,
    from_ts,
    to_ts
from ranges
