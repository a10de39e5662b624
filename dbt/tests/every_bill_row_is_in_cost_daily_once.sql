-- By stream and currency: as many rows and the same money as in staging.
with staged as (
    select records.stream, charges.currency, count(*) as records, sum(charges.net) as net
    from {{ ref('stg_unified_usage__records') }} as records
    inner join {{ ref('stg_unified_usage__charges') }} as charges
        on charges.stream = records.stream and charges.id = records.id
    where records.role = 'bill' and charges.net is not null
    group by records.stream, charges.currency
),

daily as (
    select stream, currency, sum(records) as records, sum(net) as net
    from {{ ref('unified_usage__cost_daily') }}
    group by stream, currency
)

select *
from staged
full outer join daily on daily.stream = staged.stream and daily.currency = staged.currency
where staged.stream is null
    or daily.stream is null
    or staged.records <> daily.records
    or staged.net <> daily.net
