{# Objects of a raw table whose numbers other objects hold too: a batch was cut again after a part of it had been
   evicted, or a copied queue was drained twice. A number counts in the object that begins first; of the others the
   rows from `counts_from` on count, and `repeated_rows` do not. Of a fork (different rows under one number, which
   `leat-lake verify` reports) one side counts, too; the raw table has both. #}
{% macro leat_repeated_objects(raw) %}
with held as (
    select object, site, gateway, incarnation, min(seq) as first_seq, max(seq) as last_seq
    from {{ raw }}
    group by object, site, gateway, incarnation
),

ranked as (
    select
        object,
        first_seq,
        last_seq,
        max(last_seq) over (
            partition by site, gateway, incarnation
            order by first_seq, last_seq, object
            rows between unbounded preceding and 1 preceding
        ) as covered_to
    from held
)

select
    object,
    covered_to + 1 as counts_from,
    least(last_seq, covered_to) - first_seq + 1 as repeated_rows
from ranked
where covered_to >= first_seq
{% endmacro %}
