-- Every gateway that a list or a fact names.
with seen as (
    select site, gateway, incarnation, min(received_date) as first_date, max(received_date) as last_date
    from {{ ref('etl_object') }}
    group by site, gateway, incarnation
)

select
    site || '/' || gateway as gateway_key,
    site,
    gateway,
    count(*) as incarnations,
    min(first_date) as first_date,
    max(last_date) as last_date
from seen
group by site, gateway
