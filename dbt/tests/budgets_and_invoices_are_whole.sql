-- No budget and no invoice of the seeds is lost or counted twice, and a vendor's budget has all that it billed.
select 'budget' as what, budgets.month, budgets.team, budgets.vendor, budgets.currency
from (
    select month, team, vendor, currency, sum(amount) as amount
    from {{ ref('stg_unified_usage__budgets') }}
    group by month, team, vendor, currency
) as budgets
left join {{ ref('unified_usage__budget_variance') }} as variance
    on variance.month = budgets.month
    and variance.currency = budgets.currency
    and coalesce(variance.team, '') = coalesce(budgets.team, '')
    and coalesce(variance.vendor, '') = coalesce(budgets.vendor, '')
    and variance.budget = budgets.amount
where budgets.month is not null and variance.month is null

union all

select 'spent' as what, variance.month, variance.team, variance.vendor, variance.currency
from {{ ref('unified_usage__budget_variance') }} as variance
left join {{ ref('unified_usage__cost_daily') }} as costs
    on {{ month_of('costs.day') }} = variance.month
    and costs.currency = variance.currency
    and (variance.vendor is null or costs.vendor = variance.vendor)
where variance.team is null
group by variance.budget_id, variance.month, variance.team, variance.vendor, variance.currency, variance.spent
having coalesce(sum(costs.net), 0) <> variance.spent

union all

select 'invoice' as what, seeds.month, cast(null as text) as team, seeds.vendor, seeds.currency
from (
    select month, vendor, currency, sum(amount) as amount
    from {{ ref('stg_unified_usage__invoices') }}
    group by month, vendor, currency
) as seeds
left join {{ ref('unified_usage__reconciliation') }} as reconciliation
    on reconciliation.month = seeds.month
    and reconciliation.vendor = seeds.vendor
    and reconciliation.currency = seeds.currency
where reconciliation.invoice is null or reconciliation.invoice <> seeds.amount
