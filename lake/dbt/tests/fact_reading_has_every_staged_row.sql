-- As many facts as staged readings, gateway by gateway.
select coalesce(staged.site, facts.site) as site, staged.n as staged, facts.n as facts
from (select site, gateway, incarnation, count(*) as n from {{ ref('stg_readings') }}
      group by site, gateway, incarnation) as staged
full outer join (select site, gateway, incarnation, count(*) as n from {{ ref('fact_reading') }}
                 group by site, gateway, incarnation) as facts
    on facts.site = staged.site and facts.gateway = staged.gateway and facts.incarnation = staged.incarnation
where coalesce(staged.n, 0) <> coalesce(facts.n, 0)
