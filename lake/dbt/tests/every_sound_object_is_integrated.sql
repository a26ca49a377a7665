select object from {{ ref('etl_file') }} where state = 'sound' and not is_integrated
