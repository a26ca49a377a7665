-- Sequence numbers issued, arrived, lost and missing, per stream of each incarnation of a gateway; and what became of
-- its readings.
with counted as (
    select
        site,
        gateway,
        incarnation,
        count(*) as facts,
        sum(case when is_duplicate then 1 else 0 end) as duplicates,
        sum(case when quality = 'bad' then 1 else 0 end) as bad,
        sum(case when definition_key is null then 1 else 0 end) as undefined
    from {{ ref('fact_reading') }}
    group by site, gateway, incarnation
)

select
    accounts.site || '/' || accounts.gateway || '/' || accounts.incarnation || '/' || accounts.stream as account_key,
    accounts.site || '/' || accounts.gateway as gateway_key,
    accounts.site,
    accounts.gateway,
    accounts.incarnation,
    accounts.stream,
    accounts.objects,
    accounts.damaged,
    greatest(accounts.last_seq, accounts.high_water) as issued,
    accounts.arrived,
    accounts.lost,
    accounts.missing,
    accounts.status,
    cast(coalesce(counted.facts, 0) as bigint) as facts,
    cast(coalesce(counted.duplicates, 0) as bigint) as duplicates,
    cast(coalesce(counted.bad, 0) as bigint) as bad,
    cast(coalesce(counted.undefined, 0) as bigint) as undefined
from {{ leat_list('accounts') }} as accounts
left join counted
    on counted.site = accounts.site
    and counted.gateway = accounts.gateway
    and counted.incarnation = accounts.incarnation
    and accounts.stream = 'readings'
