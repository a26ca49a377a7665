{{ config(materialized='table') }}
{{ leat_repeated_objects(ref('raw_readings')) }}
