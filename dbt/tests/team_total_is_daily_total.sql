-- By month, vendor and currency no money is lost or found on the way to the teams.
with daily as (
    select {{ month_of('day') }} as month, vendor, currency, sum(net) as net
    from {{ ref('unified_usage__cost_daily') }}
    group by {{ month_of('day') }}, vendor, currency
),

teams as (
    select month, vendor, currency, sum(net) as net
    from {{ ref('unified_usage__team_cost_monthly') }}
    group by month, vendor, currency
)

select *
from daily
full outer join teams
    on teams.month = daily.month and teams.vendor = daily.vendor and teams.currency = daily.currency
where coalesce(teams.net, 0) <> coalesce(daily.net, 0)
