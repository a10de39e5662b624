-- What each person spent, by vendor and in all. People come from the bill, or from a stream that restates it and names
-- them; for bills without either there are the vendor's estimates, on rows of their own that are never added to bills.
with as_of as (
    select
        day as today,
        {{ month_of('day') }} as this_month,
        {{ months_later(month_of('day'), -1) }} as last_month
    from (select {{ as_of('select max(day) from ' ~ ref('unified_usage__cost_daily')) }} as day) as newest
),

billed as (
    select basis, stream, vendor, day, currency, user_key, net
    from {{ ref('int_unified_usage__spending') }}
    where basis <> 'replaced'
),

-- bills of which nobody knows who spent them
days_without_people as (
    select distinct vendor, day
    from (
        select vendor, stream, day
        from {{ ref('int_unified_usage__spending') }}
        where basis in ('billed', 'replaced')
            and stream not in (select stream from billed where basis = 'billed' and user_key is not null)
        group by vendor, stream, day
        having max(case when basis = 'replaced' then 1 else 0 end) = 0
    ) as bills
),

estimated as (
    select records.vendor, records.day, charges.currency, records.user_key, charges.usage_based as net
    from {{ ref('stg_unified_usage__records') }} as records
    inner join {{ ref('stg_unified_usage__charges') }} as charges
        on charges.stream = records.stream and charges.id = records.id
    inner join days_without_people
        on days_without_people.vendor = records.vendor and days_without_people.day = records.day
    where records.role = 'estimate' and records.grain <> 'snapshot'
        and records.user_key is not null and charges.usage_based is not null
),

spent as (
    select
        vendor,
        coalesce(user_key, 'unattributed') as user_key,
        currency,
        day,
        net,
        false as is_estimate,
        basis = 'restated' and user_key is not null as is_restated
    from billed
    union all
    select vendor, user_key, currency, day, net, true as is_estimate, false as is_restated
    from estimated
),

by_vendor as (
    select vendor, user_key, currency, day, net, is_estimate, is_restated from spent
    union all
    select 'all' as vendor, user_key, currency, day, net, is_estimate, is_restated from spent
),

sums as (
    select
        user_key,
        vendor,
        currency,
        case
            when is_estimate then 'estimate'
            when max(case when is_restated then 1 else 0 end) = 1 then 'restated'
            else 'billed'
        end as attribution,
        {{ exact_sum('case when day >= this_month and day <= today then net else 0 end') }} as month_to_date,
        {{ exact_sum('case when day >= last_month and day < this_month then net else 0 end') }} as last_month,
        {{ exact_sum('net') }} as lifetime
    from by_vendor
    cross join as_of
    group by user_key, vendor, currency, is_estimate
),

used as (
    select vendor, day, user_key, user_name
    from {{ ref('stg_unified_usage__records') }}
    where user_key is not null and grain in ('day', 'event') and coalesce(is_active, true)
),

-- a vendor may know a person by an id here and by the name there, in any case (GitHub)
active_days as (
    select vendor, user_key, day from used
    union
    select vendor, vendor || ':' || lower(user_name) as user_key, day from used where user_name is not null
    union
    select 'all' as vendor, user_key, day from used
    union
    select 'all' as vendor, vendor || ':' || lower(user_name) as user_key, day from used where user_name is not null
),

activity as (
    select
        active_days.vendor,
        active_days.user_key,
        max(active_days.day) as last_active_day,
        count(case when active_days.day > newest.day - 30 and active_days.day <= newest.day then 1 end)
            as active_days_30
    from active_days
    cross join (select {{ as_of('select max(day) from used') }} as day) as newest
    group by active_days.vendor, active_days.user_key
),

names as (
    select user_key, max(user_name) as user_name, max(user_email) as user_email
    from {{ ref('stg_unified_usage__records') }}
    where user_key is not null
    group by user_key
)

select
    {{ row_id(['sums.user_key', 'sums.vendor', 'sums.currency', 'sums.attribution']) }} as summary_id,
    sums.user_key,
    names.user_name,
    names.user_email,
    sums.vendor,
    sums.currency,
    sums.attribution,
    sums.month_to_date,
    sums.last_month,
    sums.lifetime,
    activity.last_active_day,
    cast(coalesce(activity.active_days_30, 0) as bigint) as active_days_30
from sums
left join names on names.user_key = sums.user_key
left join activity on activity.user_key = sums.user_key and activity.vendor = sums.vendor
