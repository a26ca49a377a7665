select point_key, ts
from {{ ref('fact_reading') }}
where not is_duplicate
group by point_key, ts
having count(*) > 1
