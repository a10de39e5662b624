-- The budgets: the seed or a table of the user's, in types of ours. A column that is empty may have any type there.
select
    {{ month_of('cast(cast(month as text) as date)') }} as month,
    nullif(trim(cast(team as text)), '') as team,
    nullif(lower(trim(cast(vendor as text))), '') as vendor,
    upper(trim(cast(currency as text))) as currency,
    cast(amount as {{ exact_type() }}) as amount
from {{ replaceable('budgets') }}
