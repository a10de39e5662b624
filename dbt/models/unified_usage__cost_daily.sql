-- What the vendors bill. Only bills, so that nothing is counted twice; each currency on a line of its own.
with billed as (
    select
        records.*,
        charges.currency,
        charges.net,
        charges.total,
        charges.discount
    from {{ ref('stg_unified_usage__records') }} as records
    inner join {{ ref('stg_unified_usage__charges') }} as charges
        on charges.stream = records.stream and charges.id = records.id
    where records.role = 'bill' and charges.net is not null
)

{% set key = ['day', 'vendor', 'stream', 'grain', 'product_id', 'metric', 'model', 'organization_id', 'workspace_id',
    'resource_id', 'user_key', 'currency'] %}
select
    {{ row_id(key) }} as cost_id,
    {% for column in key %}{{ column }}, {% endfor %}
    -- names may change while the ids stay
    {% for column in ['product_name', 'model_provider', 'organization_name', 'workspace_name', 'resource_name',
        'user_id', 'user_email', 'user_name'] %}max({{ column }}) as {{ column }}, {% endfor %}
    {{ exact_sum('net') }} as net,
    {{ exact_sum('total') }} as total,
    {{ exact_sum('coalesce(discount, 0)') }} as discount,
    count(*) as records
from billed
group by {{ key | join(', ') }}
