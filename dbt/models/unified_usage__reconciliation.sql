-- The bills of a month beside the vendor's invoice. A month that only one of them has is a row too.
with billed as (
    select {{ month_of('day') }} as month, vendor, currency, {{ exact_sum('net') }} as net
    from {{ ref('unified_usage__cost_daily') }}
    group by {{ month_of('day') }}, vendor, currency
),

invoiced as (
    select month, vendor, currency, {{ exact_sum('amount') }} as invoice
    from {{ ref('stg_unified_usage__invoices') }}
    group by month, vendor, currency
),

months as (
    select
        coalesce(billed.month, invoiced.month) as month,
        coalesce(billed.vendor, invoiced.vendor) as vendor,
        coalesce(billed.currency, invoiced.currency) as currency,
        billed.net,
        invoiced.invoice
    from billed
    full outer join invoiced
        on invoiced.month = billed.month and invoiced.vendor = billed.vendor and invoiced.currency = billed.currency
)

{% set key = ['month', 'vendor', 'currency'] %}
select
    {{ row_id(key) }} as reconciliation_id,
    {{ key | join(', ') }},
    net,
    invoice,
    case when net is null then 'no rows' when invoice is null then 'no invoice' else 'compared' end as status,
    case when invoice is not null then cast(coalesce(net, 0) - invoice as {{ exact_type() }}) end as difference,
    {{ ratio('coalesce(net, 0) - invoice', 'invoice') }} as share
from months
