{# The first day of the month of a day. #}
{% macro month_of(day) %}cast({{ dbt.date_trunc('month', day) }} as date){% endmacro %}

{# The first day of another month, counted from the first day of one. #}
{% macro months_later(month, count) %}cast({{ dbt.dateadd('month', count, month) }} as date){% endmacro %}

{# The day that the figures are as of: the variable `today`, or else what the query of a newest day finds. #}
{% macro as_of(newest_day) -%}
    {% if var('today') %}cast('{{ var("today") }}' as date){% else %}({{ newest_day }}){% endif %}
{%- endmacro %}
