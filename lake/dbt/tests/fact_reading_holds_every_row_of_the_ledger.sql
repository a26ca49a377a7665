-- Rows of integrated objects, as their names promise them, without those that another object holds too, against facts.
-- A row here is a difference.
select ledger.rows_expected, repeats.rows_repeated, facts.rows_found
from (select coalesce(sum(row_count), 0) as rows_expected
      from {{ ref('etl_file') }} where stream = 'readings' and is_integrated) as ledger
cross join (select coalesce(sum(repeated_rows), 0) as rows_repeated from {{ ref('etl_overlap') }}) as repeats
cross join (select count(*) as rows_found from {{ ref('fact_reading') }}) as facts
where ledger.rows_expected - repeats.rows_repeated <> facts.rows_found
