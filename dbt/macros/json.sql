{# Where databases differ. `column` is an SQL expression, `path` keys and positions with dots between them: `0.id`. #}

{% macro json_text(column, path) %}{{ return(adapter.dispatch('json_text', 'unified_usage')(column, path)) }}{% endmacro %}

{% macro default__json_text(column, path) -%}
    ({{ column }} ->> '$
    {%- for part in path.split('.') %}{{ '[' ~ part ~ ']' if part.isdigit() else '.' ~ part }}{% endfor %}')
{%- endmacro %}

{% macro postgres__json_text(column, path) %}({{ column }}::jsonb #>> '{{ "{" ~ path.replace(".", ",") ~ "}" }}'){% endmacro %}


{# The elements of a JSON list, to be cross joined: `cross join {{ json_rows('charges') }} as line(item)`. #}
{% macro json_rows(column) %}{{ return(adapter.dispatch('json_rows', 'unified_usage')(column)) }}{% endmacro %}

{% macro default__json_rows(column) %}unnest(cast({{ column }} as json[])){% endmacro %}

{# a JSON null is a list without elements #}
{% macro postgres__json_rows(column) -%}
    jsonb_array_elements(case when jsonb_typeof({{ column }}::jsonb) = 'array' then {{ column }}::jsonb else '[]' end)
{%- endmacro %}


{# The UTC day of a timestamp that `utc_timestamp` made. #}
{% macro utc_day(column) %}cast({{ column }} as date){% endmacro %}

{# A column of the raw tables as a UTC timestamp without a zone, whatever the session's time zone: some destinations
   write timestamps with a zone, some without (then they are UTC). #}
{% macro utc_timestamp(column) -%}
    {%- if 'with time zone' in column.data_type | lower or 'timestamptz' in column.data_type | lower -%}
        ({{ column.quoted }} at time zone 'UTC')
    {%- else -%}
        cast({{ column.quoted }} as timestamp)
    {%- endif -%}
{%- endmacro %}
