-- One row per record and currency: the views of one line of the bill, never to be added to each other.
select
    records.id,
    records.stream,
    {{ json_text('line.item', 'currency') }} as currency,
    {% for type in ['net', 'total', 'discount', 'usage_based', 'on_demand', 'committed', 'included', 'platform_fee',
        'credit', 'tax'] -%}
        {{ exact_sum("case when " ~ json_text('line.item', 'type') ~ " = '" ~ type ~ "' then "
            ~ exact(json_text('line.item', 'amount')) ~ " end") }} as {{ type }}
        {%- if not loop.last %},{% endif %}
    {% endfor -%}
from {{ ref('stg_unified_usage__records') }} as records
cross join {{ json_rows('records.charges_json') }} as line(item)
group by records.id, records.stream, {{ json_text('line.item', 'currency') }}
