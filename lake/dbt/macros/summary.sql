{# At the end of a run without failures: the counts for leat-lake, as JSON beside its lists. #}
{% macro leat_write_summary() %}
    {%- set total = ref('agg_integration') -%}
    {%- set completeness = ref('agg_gateway_completeness') -%}
    {%- if execute and var('listing') != '' and flags.WHICH == 'build'
           and results | selectattr('status', 'in', ['error', 'fail', 'skipped', 'runtime error']) | list | length == 0 -%}
        {{ adapter.dispatch('leat_write_summary', 'leat')(total, completeness, var('listing') ~ '/summary.json') }}
    {%- endif -%}
{% endmacro %}

{% macro default__leat_write_summary(total, completeness, path) -%}
    copy (
        select
            total.*,
            (
                select list(struct_pack(site := site, gateway := gateway, incarnation := incarnation,
                                        stream := stream, issued := issued, arrived := arrived, lost := lost,
                                        missing := missing, status := status)
                            order by site, gateway, incarnation, stream)
                from {{ completeness }}
            ) as completeness
        from {{ total }} as total
    ) to '{{ path | replace("'", "''") }}' (format json)
{%- endmacro %}
