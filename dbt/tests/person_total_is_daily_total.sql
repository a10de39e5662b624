-- What people spent and what nobody has add up to the bills, by vendor and over all, by currency.
with daily as (
    select vendor, currency, sum(net) as net
    from {{ ref('unified_usage__cost_daily') }}
    group by vendor, currency
    union all
    select 'all' as vendor, currency, sum(net) as net
    from {{ ref('unified_usage__cost_daily') }}
    group by currency
),

people as (
    select vendor, currency, sum(lifetime) as net
    from {{ ref('unified_usage__user_summary') }}
    where attribution <> 'estimate'
    group by vendor, currency
)

select *
from daily
full outer join people on people.vendor = daily.vendor and people.currency = daily.currency
where coalesce(people.net, 0) <> coalesce(daily.net, 0)
