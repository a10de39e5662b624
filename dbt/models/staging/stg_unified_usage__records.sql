{# Every record of the streams that exist as tables, the newest version of each id, with its JSON in typed columns. #}
{% set tables = raw_tables() %}
{% set present = [] %}
{% for stream in chosen_streams() if stream.stream in tables %}
    {% do present.append((stream, tables[stream.stream])) %}
{% endfor %}
{% if execute and not present and flags.WHICH in ['build', 'run'] %}
    {% set why = "the seeds are not loaded: run `dbt build`, which loads them first" if load_relation(ref('unified_usage_streams')) is none
        else "no table of the source in the schema " ~ var('schema') ~ ": sync first, or name the schema with --vars 'schema: ...'" %}
    {% do exceptions.raise_compiler_error(why) %}
{% endif %}
-- depends_on: {{ ref('unified_usage_streams') }}

{% if present %}
with raw_rows as (
    {% for stream, relation in present %}
    {{ raw_records(stream, relation) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by stream, id order by _airbyte_extracted_at desc, _airbyte_raw_id desc
        ) as version
    from raw_rows
),

-- a bill that restates another stream is the bill only on days that the other does not reach
restated as (
    {% for stream, _ in present if stream.role == 'bill' and stream.restates %}
    select
        '{{ stream.stream }}' as stream,
        min({{ utc_day('start_date') }}) as since,
        max({{ utc_day('start_date') }}) as until
    from ranked
    where stream in ('{{ stream.restates.split() | join("', '") }}')
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select cast(null as text) as stream, cast(null as date) as since, cast(null as date) as until where false
    {% endfor %}
),

typed as (
    select
        id,
        vendor,
        ranked.stream,
        case when {{ utc_day('start_date') }} between restated.since and restated.until then 'restates'
            else role end as role,
        counts_tokens,
        grain,
        {{ json_text('product_json', 'id') }} as product_id,
        {{ json_text('product_json', 'name') }} as product_name,
        metric_name as metric,
        surface,
        {{ json_text('model_json', 'id') }} as model,
        {{ json_text('model_json', 'provider') }} as model_provider,
        {{ json_text('resources_json', '0.id') }} as resource_id,
        {{ json_text('resources_json', '0.name') }} as resource_name,
        -- a cost center of GitHub is a resource, and the workspace of the next one
        {% for field in ['id', 'name'] -%}
            case when {{ json_text('resources_json', '0.workspace') }} is null
                then {{ json_text('resources_json', '1.workspace.' ~ field) }}
                else {{ json_text('resources_json', '0.workspace.' ~ field) }} end as workspace_{{ field }},
        {% endfor -%}
        {{ json_text('organization_json', 'id') }} as organization_id,
        {{ json_text('organization_json', 'name') }} as organization_name,
        {{ json_text('user_json', 'id') }} as user_id,
        nullif(lower(trim({{ json_text('user_json', 'email') }})), '') as user_email,
        {{ json_text('user_json', 'name') }} as user_name,
        start_date as start_at,
        end_date as end_at,
        {{ utc_day('start_date') }} as day,
        {{ whole(json_text('usage_json', 'tokens.input')) }} as input_tokens,
        {{ whole(json_text('usage_json', 'tokens.cache_read')) }} as cache_read_tokens,
        {{ whole(json_text('usage_json', 'tokens.cache_write')) }} as cache_write_tokens,
        {{ whole(json_text('usage_json', 'tokens.output')) }} as output_tokens,
        {{ whole(json_text('usage_json', 'tokens.total')) }} as total_tokens,
        {{ whole(json_text('usage_json', 'requests.total')) }} as requests,
        {{ exact(json_text('usage_json', 'quantity')) }} as quantity,
        {{ json_text('usage_json', 'unit') }} as unit,
        cast({{ json_text('usage_json', 'activity.is_active') }} as boolean) as is_active,
        resources_json,
        charges_json,
        updated_at,
        _airbyte_extracted_at as extracted_at
    from ranked
    left join restated on restated.stream = ranked.stream
    where version = 1
)

select
    typed.*,
    {{ person('vendor', 'user_email', 'user_id', 'user_name') }} as user_key
from typed
{% else %}
{# only parsed or compiled, without a database behind it #}
select
    {% for name in ['id', 'vendor', 'stream', 'role', 'grain', 'product_id', 'product_name', 'metric', 'surface',
        'model', 'model_provider', 'resource_id', 'resource_name', 'workspace_id', 'workspace_name', 'organization_id', 'organization_name', 'user_id', 'user_email', 'user_name', 'unit',
        'user_key'] %}cast(null as text) as {{ name }}, {% endfor %}
    {% for name in ['counts_tokens', 'is_active'] %}cast(null as boolean) as {{ name }}, {% endfor %}
    {% for name in ['start_at', 'end_at', 'updated_at', 'extracted_at'] %}cast(null as timestamp) as {{ name }}, {% endfor %}
    cast(null as date) as day,
    {% for name in ['input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'output_tokens', 'total_tokens',
        'requests'] %}cast(null as bigint) as {{ name }}, {% endfor %}
    cast(null as {{ exact_type() }}) as quantity,
    cast(null as {{ json_type() }}) as resources_json,
    cast(null as {{ json_type() }}) as charges_json
where false
{% endif %}
