-- Each budget beside what was spent of it, and what the month will have cost if it goes on as in the days covered so far.
with held as (
    select
        vendor,
        min(first_day) as first_day,
        max(last_day) as last_day
    from (
        select
            vendor,
            day as first_day,
            -- a bill by the month is as of its newest extraction, the last day of which is not over
            case when grain = 'month' then {{ utc_day('extracted_at') }} - 1 else day end as last_day
        from {{ ref('stg_unified_usage__records') }}
        where role = 'bill'
    ) as bill_days
    group by vendor
),

-- the last day of each month that a vendor's figures cover
covered as (
    select
        costs.month,
        costs.team,
        costs.vendor,
        costs.currency,
        costs.net,
        costs.month_end,
        greatest(held.first_day, costs.month) as covered_from,
        least(greatest(held.last_day, costs.month), costs.month_end) as covered_until
    from (
        select *, {{ months_later('month', 1) }} - 1 as month_end
        from {{ ref('unified_usage__team_cost_monthly') }}
    ) as costs
    inner join held on held.vendor = costs.vendor
),

spent as (
    select
        month,
        team,
        vendor,
        currency,
        net,
        net + {{ ratio('net * (month_end - covered_until)', 'covered_until - covered_from + 1') }} as run_rate
    from covered
),

-- a budget without a month is for every month that has costs and no budget of its own
budgets as (
    select
        coalesce(budgets.month, months.month) as month,
        budgets.team,
        budgets.vendor,
        budgets.currency,
        budgets.amount,
        rank() over (
            partition by coalesce(budgets.month, months.month), budgets.team, budgets.vendor, budgets.currency
            order by case when budgets.month is null then 1 else 0 end
        ) as place
    from (
        select month, team, vendor, currency, {{ exact_sum('amount') }} as amount
        from {{ ref('stg_unified_usage__budgets') }}
        group by month, team, vendor, currency
    ) as budgets
    left join (select distinct month from spent) as months on budgets.month is null
)

{% set key = ['budgets.month', 'budgets.team', 'budgets.vendor', 'budgets.currency'] %}
select
    {{ row_id(key) }} as budget_id,
    {{ key | join(', ') }},
    budgets.amount as budget,
    cast(coalesce(sum(spent.net), 0) as {{ exact_type() }}) as spent,
    {{ ratio('coalesce(sum(spent.net), 0)', 'budgets.amount') }} as share,
    {{ exact_sum('spent.run_rate') }} as run_rate
from budgets
left join spent
    on spent.month = budgets.month
    and spent.currency = budgets.currency
    and (budgets.team is null or spent.team = budgets.team)
    and (budgets.vendor is null or spent.vendor = budgets.vendor)
where budgets.place = 1 and budgets.month is not null
group by {{ key | join(', ') }}, budgets.amount
