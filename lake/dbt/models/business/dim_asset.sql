-- A device, for as long as its points have been defined.
select
    asset_key,
    max(site) as site,
    max(gateway) as gateway,
    max(device) as device,
    count(distinct point_key) as points,
    min(valid_from) as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from {{ ref('stg_catalogue') }}
group by asset_key
