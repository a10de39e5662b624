-- What the syncs found changed in the bills: new days, and days that the vendor restated.
with versions as (
    select
        stream,
        vendor,
        day,
        currency,
        net,
        lag(net) over (partition by bill_day_id order by dbt_valid_from, dbt_valid_to) as net_before,
        row_number() over (partition by bill_day_id order by dbt_valid_from, dbt_valid_to) as version,
        dbt_valid_from as seen_at
    from {{ ref('unified_usage__bill_days_snapshot') }}
)

select
    {{ row_id(['stream', 'day', 'currency', 'version']) }} as change_id,
    stream,
    vendor,
    day,
    currency,
    case when version = 1 then 'new' else 'restated' end as kind,
    cast(net_before as {{ exact_type() }}) as net_before,
    cast(net as {{ exact_type() }}) as net_now,
    cast(net - coalesce(net_before, 0) as {{ exact_type() }}) as difference,
    seen_at,
    seen_at = (select max(seen_at) from {{ ref('int_unified_usage__bill_days') }}) as is_of_last_sync
from versions
where version = 1 or net <> net_before
