-- What each bill says of each day as of the newest sync. The snapshot keeps what it said before.
with sync as (
    select max(extracted_at) as seen_at
    from {{ ref('stg_unified_usage__records') }}
    where role = 'bill'
),

days as (
    select
        stream,
        vendor,
        grain,
        day,
        currency,
        {{ exact_sum('net') }} as net,
        cast(sum(records) as bigint) as records
    from {{ ref('unified_usage__cost_daily') }}
    group by stream, vendor, grain, day, currency
)

select
    {{ row_id(['stream', 'day', 'currency']) }} as bill_day_id,
    days.*,
    sync.seen_at
from days
cross join sync
