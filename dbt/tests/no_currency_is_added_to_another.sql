-- What each model has of a currency is what the bills have of it.
with bills as (
    select charges.currency, sum(charges.net) as net
    from {{ ref('stg_unified_usage__charges') }} as charges
    inner join {{ ref('stg_unified_usage__records') }} as records
        on records.stream = charges.stream and records.id = charges.id
    where records.role = 'bill' and charges.net is not null
    group by charges.currency
),

models as (
    select 'cost_daily' as model, currency, sum(net) as net
    from {{ ref('unified_usage__cost_daily') }}
    group by currency
    union all
    select 'team_cost_monthly' as model, currency, sum(net) as net
    from {{ ref('unified_usage__team_cost_monthly') }}
    group by currency
    union all
    select 'user_summary' as model, currency, sum(lifetime) as net
    from {{ ref('unified_usage__user_summary') }}
    where vendor = 'all' and attribution <> 'estimate'
    group by currency
    union all
    select 'reconciliation' as model, currency, sum(net) as net
    from {{ ref('unified_usage__reconciliation') }}
    where net is not null
    group by currency
    union all
    select 'bill_days' as model, currency, sum(net) as net
    from {{ ref('int_unified_usage__bill_days') }}
    group by currency
)

select models.*, bills.net as of_the_bills
from models
left join bills on bills.currency = models.currency
where bills.net is null or models.net <> bills.net
