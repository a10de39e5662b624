-- The bills' money by who spent it. A bill that names nobody is replaced, day by day, by a stream that restates it and
-- names people. What that stream has less (or more) than the bill is a line of its own, so that the sums are the bills'.
with money as (
    select
        records.stream,
        records.id,
        records.vendor,
        records.role,
        records.day,
        records.product_id || '/' || coalesce({{ metric_key('records.vendor', 'records.metric') }}, '') as kind,
        records.organization_id,
        records.user_key,
        records.user_id,
        records.user_email,
        charges.currency,
        charges.net
    from {{ ref('stg_unified_usage__records') }} as records
    inner join {{ ref('stg_unified_usage__charges') }} as charges
        on charges.stream = records.stream and charges.id = records.id
    -- a snapshot has the money of many days
    where records.role in ('bill', 'restates') and records.grain <> 'snapshot' and charges.net is not null
),

named_days as (
    select distinct stream, role, day from money where user_key is not null
),

-- of several, the one that restates the most bills, which has the others' rows in it
candidates as (
    select
        bills.stream as bill,
        bills.day,
        facts.stream as cut,
        facts.restates as bills,
        row_number() over (
            partition by bills.stream, bills.day
            order by length(facts.restates) - length(replace(facts.restates, ' ', '')) desc, facts.stream
        ) as choice,
        bills.stream in (select stream from named_days where role = 'bill') as is_named
    from (select distinct stream, day from money where role = 'bill') as bills
    inner join {{ ref('unified_usage_streams') }} as facts
        on ' ' || facts.restates || ' ' like '% ' || bills.stream || ' %'
    inner join named_days
        on named_days.stream = facts.stream and named_days.day = bills.day and named_days.role = 'restates'
),

-- the first for every bill that it restates: money is never taken from two streams
chosen as (
    select cut, bills, day
    from candidates
    group by cut, bills, day
    having max(choice) = 1 and max(case when is_named then 1 else 0 end) = 0
),

replaced as (
    select candidates.bill, candidates.day, chosen.bills
    from candidates
    inner join chosen on chosen.cut = candidates.cut and chosen.day = candidates.day
    where candidates.choice = 1
),

cut_kinds as (
    select distinct chosen.bills, chosen.day, money.kind
    from chosen
    inner join money on money.stream = chosen.cut and money.day = chosen.day and money.role = 'restates'
),

-- streams that have products or metrics of their own cannot be compared with the bill by these
incomparable as (
    select distinct cut_kinds.bills, cut_kinds.day
    from cut_kinds
    left join (
        select distinct replaced.bills, replaced.day, money.kind
        from replaced
        inner join money on money.stream = replaced.bill and money.day = replaced.day and money.role = 'bill'
    ) as bill_kinds
        on bill_kinds.bills = cut_kinds.bills and bill_kinds.day = cut_kinds.day and bill_kinds.kind = cut_kinds.kind
    where bill_kinds.kind is null
),

-- what the stream does not tell at all, such as GitHub's Actions beside its AI credits, stays with the bill
bill_lines as (
    select
        money.*,
        coalesce(replaced.bills, money.stream) as bills,
        cut_kinds.kind is not null or incomparable.bills is not null as is_replaced
    from money
    left join replaced on replaced.bill = money.stream and replaced.day = money.day
    left join cut_kinds
        on cut_kinds.bills = replaced.bills and cut_kinds.day = money.day and cut_kinds.kind = money.kind
    left join incomparable on incomparable.bills = replaced.bills and incomparable.day = money.day
    where money.role = 'bill'
),

restated_lines as (
    select money.*, chosen.bills
    from money
    inner join chosen on chosen.cut = money.stream and chosen.day = money.day
    where money.role = 'restates'
),

remainders as (
    select vendor, bills, day, currency, sum(net) as net
    from (
        select vendor, bills, day, currency, net from bill_lines where is_replaced
        union all
        select vendor, bills, day, currency, -net from restated_lines
    ) as both_views
    group by vendor, bills, day, currency
    having sum(net) <> 0
),

{% set columns = ['stream', 'id', 'vendor', 'bills', 'day', 'currency', 'organization_id', 'user_key', 'user_id',
    'user_email', 'net'] %}
lines as (
    select case when is_replaced then 'replaced' else 'billed' end as basis, {{ columns | join(', ') }}
    from bill_lines
    union all
    select 'restated' as basis, {{ columns | join(', ') }}
    from restated_lines
    union all
    select
        'remainder' as basis,
        {% for column in columns -%}
            {{ column if column in ['vendor', 'bills', 'day', 'currency', 'net'] else 'cast(null as text)' }} as {{ column }}
            {%- if not loop.last %}, {% endif %}
        {%- endfor %}
    from remainders
)

select
    {{ row_id(['basis', 'stream', 'id', 'bills', 'day', 'currency']) }} as line_id,
    basis,
    stream,
    id,
    vendor,
    bills,
    day,
    {{ month_of('day') }} as month,
    currency,
    organization_id,
    user_key,
    user_id,
    user_email,
    cast(net as {{ exact_type() }}) as net
from lines
