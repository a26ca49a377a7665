{# Everything that one engine says otherwise than another. A port to a further engine is this file: one
   <engine>__leat_... for each macro that its SQL does not understand. #}

{# A time as the raw zone has it -> TIMESTAMP without a zone, which means UTC everywhere in these models.
   By way of the epoch: the session's time zone has no say in it. #}
{% macro leat_utc(expression) %}{{ return(adapter.dispatch('leat_utc', 'leat')(expression)) }}{% endmacro %}
{% macro default__leat_utc(expression) %}make_timestamp(epoch_us({{ expression }})){% endmacro %}

{# Microseconds since 1970 of a TIMESTAMP. #}
{% macro leat_epoch_us(expression) %}{{ return(adapter.dispatch('leat_epoch_us', 'leat')(expression)) }}{% endmacro %}
{% macro default__leat_epoch_us(expression) %}epoch_us({{ expression }}){% endmacro %}

{# And back. #}
{% macro leat_from_epoch_us(expression) %}{{ return(adapter.dispatch('leat_from_epoch_us', 'leat')(expression)) }}{% endmacro %}
{% macro default__leat_from_epoch_us(expression) %}make_timestamp({{ expression }}){% endmacro %}
