select point_key, definition_key, valid_from, valid_to
from {{ ref('dim_point') }}
where valid_to < valid_from
