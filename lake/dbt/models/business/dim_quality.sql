-- The status codes that Leat uses (OPC UA part 4, section 7.39), and those that came beside them; all without the low
-- 16 bits, in which fact_reading.status_code says how good the time is.
with known as (
    {%- set codes = [
        (0, 'Good', 'the source gave this value'),
        (1073741824, 'Uncertain', 'the source gave this value and marked it doubtful'),
        (1083179008, 'UncertainLastUsableValue', 'an old value, repeated'),
        (1083375616, 'UncertainSensorNotAccurate', 'the sensor is at one of its limits'),
        (1083441152, 'UncertainEngineeringUnitsExceeded', 'outside the range given for the point'),
        (2147483648, 'Bad', 'no usable value'),
        (2148139008, 'BadTimeout', 'the device did not answer in time'),
        (2150694912, 'BadNoCommunication', 'there is no connection to the device'),
        (2150891520, 'BadNodeIdUnknown', 'the device knows no such address'),
        (2151415808, 'BadOutOfRange', "the value does not fit the type of the point"),
        (2155085824, 'BadTypeMismatch', 'the value is of another type than the point'),
        (2156593152, 'BadDeviceFailure', 'the device reports a failure of its own'),
        (2156658688, 'BadSensorFailure', 'the device reports that the sensor failed'),
        (2159083520, 'BadNoDataAvailable', 'the device says that it has no value here')
    ] %}
    {%- for code, name, meaning in codes %}
    select cast({{ code }} as bigint) as quality_code, '{{ name }}' as quality_name, '{{ meaning }}' as meaning
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select distinct quality_code, 'Other' as quality_name, 'a status code that Leat does not name' as meaning
    from {{ ref('fact_reading') }}
    where quality_code not in (select quality_code from known)
),

codes as (
    select * from known
    union all
    select * from others
)

select
    quality_code,
    quality_name,
    case
        when quality_code >= 2147483648 then 'bad'
        when quality_code >= 1073741824 then 'uncertain'
        else 'good'
    end as quality,
    meaning
from codes
