-- Per day, vendor and currency FOCUS bills what cost_daily has; so do, in their own currency, its effective costs.
with focus as (
    select
        records.day,
        records.vendor,
        focus."BillingCurrency" as billing_currency,
        focus."PricingCurrency" as pricing_currency,
        focus."BilledCost" as billed_cost,
        focus."PricingCurrencyEffectiveCost" as pricing_cost
    from {{ ref('unified_usage__focus_1_2') }} as focus
    inner join {{ ref('stg_unified_usage__records') }} as records
        on records.stream = focus."x_Stream" and records.id = focus."x_RecordId"
),

said as (
    select day, vendor, billing_currency as currency, sum(billed_cost) as amount
    from focus
    group by day, vendor, billing_currency
    union all
    select day, vendor, pricing_currency, sum(pricing_cost)
    from focus
    where not {{ is_money('pricing_currency') }} and pricing_currency <> 'Credits'
    group by day, vendor, pricing_currency
),

expected as (
    select day, vendor, currency, sum(net) as amount
    from {{ ref('unified_usage__cost_daily') }}
    group by day, vendor, currency
)

select *
from said
full outer join expected
    on expected.day = said.day and expected.vendor = said.vendor and expected.currency = said.currency
where coalesce(said.amount, 0) <> coalesce(expected.amount, 0)
