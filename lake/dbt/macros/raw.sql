{# Rows of version 1 (docs/lake-format.md): column, type, and the name it gets here when that is another. #}
{% macro leat_raw_columns(stream) %}
    {% set streams = {
        'readings': [('seq', 'bigint'), ('ts', 'timestamp'), ('received_ts', 'timestamp'), ('point_id', 'varchar'),
                     ('definition', 'integer', 'revision'), ('value_int', 'bigint'), ('value_double', 'double'),
                     ('value_text', 'varchar'), ('quality', 'bigint', 'quality_code')],
        'catalogue': [('seq', 'bigint'), ('received_ts', 'timestamp'), ('point_id', 'varchar'),
                      ('revision', 'integer'), ('device', 'varchar'), ('name', 'varchar', 'point_name'),
                      ('type', 'varchar', 'value_type'), ('scale', 'double', 'value_scale'),
                      ('offset', 'double', 'value_offset'), ('unit', 'varchar'), ('role', 'varchar', 'point_role'),
                      ('range_low', 'double'), ('range_high', 'double'), ('deadband', 'double'),
                      ('deadband_percent', 'double'), ('interval_us', 'bigint'), ('heartbeat_us', 'bigint'),
                      ('address', 'varchar'), ('labels', 'varchar'), ('valid_from', 'timestamp')],
        'events': [('seq', 'bigint'), ('ts', 'timestamp'), ('received_ts', 'timestamp'), ('kind', 'varchar'),
                   ('subject', 'varchar'), ('reason', 'varchar'), ('detail', 'varchar'), ('first_seq', 'bigint'),
                   ('last_seq', 'bigint'), ('count', 'bigint', 'event_count'), ('from_ts', 'timestamp'),
                   ('to_ts', 'timestamp')],
        'logs': [('seq', 'bigint'), ('ts', 'timestamp'), ('received_ts', 'timestamp'), ('source', 'varchar'),
                 ('severity', 'integer'), ('message', 'varchar'), ('fields', 'varchar')]
    } %}
    {{ return(streams[stream]) }}
{% endmacro %}

{# The rows of sound objects that the model which asks does not hold yet. #}
{% macro leat_new_rows(stream) %}
    {%- set columns = leat_raw_columns(stream) -%}
    {%- set paths = leat_new_paths(stream) -%}
    {%- if paths | length == 0 -%}
    select
        cast(null as varchar) as object,
        cast(null as varchar) as site,
        cast(null as varchar) as gateway,
        cast(null as varchar) as incarnation
        {%- for column in columns %},
        cast(null as {{ column[1] }}) as {{ column[2] or column[0] }}
        {%- endfor %}
    where 1 = 0
    {%- else -%}
    select
        objects.object,
        objects.site,
        objects.gateway,
        objects.incarnation
        {%- for column in columns %}
        {%- set source = 'contents.' ~ adapter.quote(column[0]) %},
        {{ leat_utc(source) if column[1] == 'timestamp' else source }} as {{ column[2] or column[0] }}
        {%- endfor %}
    from {{ leat_read_objects(paths) }} as contents
    inner join {{ leat_list('objects') }} as objects on objects.path = contents.path
    {%- endif -%}
{% endmacro %}

{% macro leat_new_paths(stream) %}
    {% if not execute or var('listing') == '' %}{{ return([]) }}{% endif %}
    {% set question %}
        select objects.path
        from {{ leat_list('objects') }} as objects
        where objects.stream = '{{ stream }}' and objects.sound
        {% if is_incremental() %}
            and not exists (select 1 from {{ this }} as held where held.object = objects.object)
        {% endif %}
        order by objects.path
    {% endset %}
    {{ return(run_query(question).columns[0].values()) }}
{% endmacro %}

{# The objects at `paths`, each row with its `path`. An explicit list: a glob over a Hive tree is slow. #}
{% macro leat_read_objects(paths) %}{{ return(adapter.dispatch('leat_read_objects', 'leat')(paths)) }}{% endmacro %}
{% macro default__leat_read_objects(paths) -%}
    (
        select *, filename as path
        from read_parquet([
            {%- for path in paths %}'{{ path | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
        ], filename = true, hive_partitioning = false, union_by_name = true)
    )
{%- endmacro %}
