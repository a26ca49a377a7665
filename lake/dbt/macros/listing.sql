{# The lists that leat-lake wrote about the objects (lake/listing.h), as a relation to select from. Without the
   variable there is no list, and it is empty: `dbt parse` and `dbt docs` work anywhere. #}

{% macro leat_list_columns(name) %}
    {% set lists = {
        'objects': [('object', 'varchar'), ('path', 'varchar'), ('site', 'varchar'), ('gateway', 'varchar'),
                    ('incarnation', 'varchar'), ('stream', 'varchar'), ('received_date', 'date'),
                    ('first_seq', 'bigint'), ('last_seq', 'bigint'), ('digest', 'varchar'),
                    ('previous_digest', 'varchar'), ('size_bytes', 'bigint'), ('row_count', 'bigint'),
                    ('least_us', 'bigint'), ('most_us', 'bigint'), ('sound', 'boolean'), ('problem', 'varchar')],
        'accounts': [('site', 'varchar'), ('gateway', 'varchar'), ('incarnation', 'varchar'), ('stream', 'varchar'),
                     ('objects', 'bigint'), ('damaged', 'bigint'), ('row_count', 'bigint'), ('first_seq', 'bigint'),
                     ('last_seq', 'bigint'), ('arrived', 'bigint'), ('high_water', 'bigint'), ('lost', 'bigint'),
                     ('missing', 'bigint'), ('status', 'varchar')],
        'gaps': [('site', 'varchar'), ('gateway', 'varchar'), ('incarnation', 'varchar'), ('stream', 'varchar'),
                 ('first_seq', 'bigint'), ('last_seq', 'bigint'), ('kind', 'varchar'), ('from_us', 'bigint'),
                 ('to_us', 'bigint'), ('reason', 'varchar')]
    } %}
    {{ return(lists[name]) }}
{% endmacro %}

{% macro leat_list(name) %}
    {%- if var('listing') == '' -%}
        (select {% for column, type in leat_list_columns(name) -%}
            cast(null as {{ type }}) as {{ column }}{{ ', ' if not loop.last }}
        {%- endfor %} where 1 = 0)
    {%- else -%}
        {{ adapter.dispatch('leat_read_list', 'leat')(name, leat_list_columns(name)) }}
    {%- endif -%}
{% endmacro %}

{% macro default__leat_read_list(name, columns) -%}
    read_csv('{{ (var("listing") ~ "/" ~ name ~ ".csv") | replace("'", "''") }}', header = true, delim = ',',
             quote = '"', escape = '"', nullstr = '', columns = {
        {%- for column, type in columns -%}'{{ column }}': '{{ type }}'{{ ', ' if not loop.last }}{%- endfor -%} })
{%- endmacro %}
