-- Facts that count, hours and days have the same number of readings on every day.
select facts.reading_date, facts.n as facts, hours.n as hours, days.n as days
from (select reading_date, count(*) as n from {{ ref('fact_reading') }} where not is_duplicate
      group by reading_date) as facts
full outer join (select reading_date, sum(n) as n from {{ ref('agg_point_hour') }} group by reading_date) as hours
    on hours.reading_date = facts.reading_date
full outer join (select reading_date, sum(n) as n from {{ ref('agg_point_day') }} group by reading_date) as days
    on days.reading_date = facts.reading_date
where coalesce(facts.n, 0) <> coalesce(hours.n, 0) or coalesce(facts.n, 0) <> coalesce(days.n, 0)
