{# One row per record of a raw table, the JSON columns as they are. A column that the table lacks is null: the source's
   `exclude_fields` leaves some out. #}
{% macro raw_records(stream, relation) %}
    {% set columns = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}{% do columns.update({column.name | lower: column}) %}{% endfor %}
    select
        '{{ stream.stream }}' as stream,
        '{{ stream.vendor }}' as vendor,
        '{{ stream.role }}' as role,
        {{ 'true' if stream.counts_tokens else 'false' }} as counts_tokens,
        '{{ stream.grain }}' as grain,
        {% for name in ['id', 'metric_name', 'surface', '_airbyte_raw_id'] -%}
            {{ columns[name].quoted if name in columns else 'cast(null as text)' }} as {{ name }},
        {% endfor -%}
        {% for name in ['product', 'organization', 'user', 'model', 'resources', 'charges', 'usage'] -%}
            cast({{ columns[name].quoted if name in columns else 'null' }} as {{ json_type() }}) as {{ name }}_json,
        {% endfor -%}
        {% for name in ['start_date', 'end_date', 'updated_at', '_airbyte_extracted_at'] -%}
            {{ utc_timestamp(columns[name]) if name in columns else 'cast(null as timestamp)' }} as {{ name }}
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from {{ relation }}
{% endmacro %}

{% macro json_type() %}{{ return(adapter.dispatch('json_type', 'unified_usage')()) }}{% endmacro %}
{% macro default__json_type() %}json{% endmacro %}
{% macro postgres__json_type() %}jsonb{% endmacro %}

{# What a person is added up by: the e-mail in lower case, else what the vendor calls them. #}
{% macro person(vendor, email, id, name) -%}
    coalesce({{ email }}, {{ vendor }} || ':' || coalesce({{ id }}, {{ name }}))
{%- endmacro %}
