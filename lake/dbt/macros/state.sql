{# What the warehouse held before this run. A model that asks for its own later state would be a circle, so the
   relation is looked up, not referred to; none in the first run. #}
{% macro leat_before(schema, name) %}
    {{ return(adapter.get_relation(database=target.database, schema=schema, identifier=name) if execute else none) }}
{% endmacro %}

{# Objects that an earlier run has carried through to the marts. #}
{% macro leat_integrated_objects() %}
    {%- set etl_file = leat_before('business', 'etl_file') -%}
    {%- if etl_file -%}
        (select object from {{ etl_file }} where is_integrated)
    {%- else -%}
        (select cast(null as varchar) as object where 1 = 0)
    {%- endif -%}
{% endmacro %}
