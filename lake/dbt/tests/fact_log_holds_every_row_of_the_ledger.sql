-- Log records of integrated objects, as their names promise them, against the raw table, and its numbers against facts:
-- a number that stands in two objects counts once. A row here is a difference.
select ledger.rows_expected, held.row_count, held.numbers, facts.row_count as facts
from (select coalesce(sum(row_count), 0) as rows_expected
      from {{ ref('etl_file') }} where stream = 'logs' and is_integrated) as ledger
cross join (select coalesce(sum(copies), 0) as row_count, count(*) as numbers
            from (select count(*) as copies from {{ ref('raw_logs') }}
                  group by site, gateway, incarnation, seq) as counted) as held
cross join (select count(*) as row_count from {{ ref('fact_log') }}) as facts
where ledger.rows_expected <> held.row_count or held.numbers <> facts.row_count
