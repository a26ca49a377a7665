-- Each sequence number once (stg_overlap says how one gets into two objects), with the name of its severity (RFC 5424,
-- chapter 6.2.1).
with numbered as (
    select
        *,
        row_number() over (partition by site, gateway, incarnation, seq order by object) as copy_number
    from {{ ref('raw_logs') }}
)

select
    site || '/' || gateway || '/' || incarnation || '/' || cast(seq as varchar) as log_key,
    site || '/' || gateway as gateway_key,
    site,
    gateway,
    incarnation,
    seq,
    cast(ts as date) as log_date,
    ts,
    received_ts,
    source,
    severity,
    case severity
        when 0 then 'emergency'
        when 1 then 'alert'
        when 2 then 'critical'
        when 3 then 'error'
        when 4 then 'warning'
        when 5 then 'notice'
        when 6 then 'informational'
        when 7 then 'debug'
        else 'unknown'
    end as severity_name,
    message,
    fields,
    object
from numbered
where copy_number = 1
