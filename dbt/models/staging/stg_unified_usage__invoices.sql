-- The invoices: the seed or a table of the user's, in types of ours.
select
    {{ month_of('cast(month as date)') }} as month,
    lower(trim(cast(vendor as text))) as vendor,
    upper(trim(cast(currency as text))) as currency,
    cast(amount as {{ exact_type() }}) as amount
from {{ replaceable('invoices') }}
