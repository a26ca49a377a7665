-- Every object that ever was: those in the lake now, and those that earlier runs integrated and that are gone since.
{%- set etl_file = leat_before('business', 'etl_file') %}
select
    object,
    site,
    gateway,
    incarnation,
    stream,
    received_date,
    first_seq,
    last_seq,
    digest,
    coalesce(previous_digest, '') as previous_digest,
    size_bytes,
    row_count,
    {{ leat_from_epoch_us('least_us') }} as least_ts,
    {{ leat_from_epoch_us('most_us') }} as most_ts,
    case when sound then 'sound' else 'damaged' end as state,
    coalesce(problem, '') as problem
from {{ leat_list('objects') }} as objects
{% if etl_file %}
union all

select
    object,
    site,
    gateway,
    incarnation,
    stream,
    received_date,
    first_seq,
    last_seq,
    digest,
    previous_digest,
    size_bytes,
    row_count,
    least_ts,
    most_ts,
    'gone' as state,
    'no longer in the lake' as problem
from {{ etl_file }} as earlier
where is_integrated
    and not exists (select 1 from {{ leat_list('objects') }} as objects where objects.object = earlier.object)
{% endif %}
