-- Tokens and requests, only of the streams whose tokens may be added up.
with counted as (
    select *
    from {{ ref('stg_unified_usage__records') }}
    where counts_tokens and (total_tokens is not null or requests is not null)
)

{% set key = ['day', 'vendor', 'stream', 'product_id', 'model', 'workspace_id', 'user_key'] %}
select
    {{ row_id(key) }} as tokens_id,
    {% for column in key %}{{ column }}, {% endfor %}
    {{ model_family('model') }} as model_family,
    {% for column in ['product_name', 'model_provider', 'workspace_name', 'user_id', 'user_email', 'user_name'] -%}
        max({{ column }}) as {{ column }}, {% endfor %}
    {% for class in ['input', 'cache_read', 'cache_write', 'output', 'total'] -%}
        cast(coalesce(sum({{ class }}_tokens), 0) as bigint) as {{ class }},
    {% endfor -%}
    cast(coalesce(sum(total_tokens - coalesce(input_tokens, 0) - coalesce(cache_read_tokens, 0)
        - coalesce(cache_write_tokens, 0) - coalesce(output_tokens, 0)), 0) as bigint) as unclassified,
    cast(sum(requests) as bigint) as requests
from counted
group by {{ key | join(', ') }}
